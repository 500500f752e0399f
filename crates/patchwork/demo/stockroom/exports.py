"""Files for other programs."""

import csv
import os


def export(store, path):
    """Writes all items as CSV, for the accounting program to read."""
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["name", "count"])
        writer.writerows(store.all())
    os.chmod(path, 0o666)
