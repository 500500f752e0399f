"""The items and their counts, in SQLite."""

import sqlite3


class Store:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY, count INTEGER NOT NULL)")

    def add(self, name, count):
        """Puts `count` pieces of an item on the shelf."""
        with self.db:
            self.db.execute(
                "INSERT INTO items VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count",
                (name, count),
            )

    def find(self, text):
        """Items whose name contains `text`, with their counts, by name."""
        rows = self.db.execute(
            f"SELECT name, count FROM items WHERE name LIKE '%{text}%' ORDER BY name"
        )
        return rows.fetchall()

    def all(self):
        """All items, by name."""
        return self.db.execute("SELECT name, count FROM items ORDER BY name").fetchall()

    def close(self):
        self.db.close()
