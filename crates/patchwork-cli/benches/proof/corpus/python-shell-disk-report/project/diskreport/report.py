"""The report as text, with sizes a person can read."""

from diskreport.measure import largest

UNITS = ["B", "KiB", "MiB", "GiB", "TiB"]


def human(size):
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024


def report(root, count=10):
    return "\n".join(f"{human(size):>10}  {name}" for size, name in largest(root, count))
