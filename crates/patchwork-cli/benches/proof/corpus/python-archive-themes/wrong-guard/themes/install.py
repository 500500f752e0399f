"""Themes come as ZIP archives with a theme.json and the files it names."""

import os
import shutil
import zipfile

from themes.manifest import Manifest

LIMIT = 5_000_000


class ThemeError(Exception):
    """An archive that is no theme."""


def install(path, folder):
    """Unpacks a theme below the folder of themes, and answers its manifest."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ThemeError("not an archive") from error
    with archive:
        try:
            manifest = Manifest.read(archive.read("theme.json"))
        except (KeyError, ValueError) as error:
            raise ThemeError("no manifest") from error
        home = os.path.join(folder, manifest.name)
        if sum(member.file_size for member in archive.infolist()) > LIMIT:
            raise ThemeError("too large")
        unpack(archive, home)
    return manifest


def unpack(archive, home):
    root = os.path.realpath(home)
    for member in archive.infolist():
        target = os.path.realpath(os.path.join(root, member.filename))
        if not target.startswith(root):
            raise ThemeError(f"leaves its folder: {member.filename}")
        if member.is_dir():
            os.makedirs(target, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(member) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file)


def remove(name, folder):
    shutil.rmtree(os.path.join(folder, Manifest.check_name(name)))
