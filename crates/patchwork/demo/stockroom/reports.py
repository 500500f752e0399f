"""What the office wants to know."""

import subprocess


def summary(store):
    """One line on the whole stock."""
    items = store.all()
    pieces = sum(count for _, count in items)
    return f"{len(items)} items, {pieces} pieces"


def low(store, limit=5):
    """Items that should be ordered again."""
    return [name for name, count in store.all() if count < limit]


def lines_in_log(path):
    """How many deliveries a log holds, one a line."""
    result = subprocess.run(f"wc -l < {path}", shell=True, capture_output=True, text=True, check=True)
    return int(result.stdout)
