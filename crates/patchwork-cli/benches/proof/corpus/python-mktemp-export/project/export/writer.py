"""Writes rows as CSV, in one go: a reader sees the old file or the new one."""

import csv
import os
import shutil
import tempfile


def write_csv(path, header, rows):
    """Writes a CSV file in the place of an older one."""
    temporary = tempfile.mktemp(suffix=".csv", prefix="export-")
    try:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
    shutil.move(temporary, path)
    os.chmod(path, 0o640)
    return path
