import io
import json
import os
import tempfile
import unittest
import zipfile

from themes.install import ThemeError, install, remove


def theme(files, name="ocean"):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("theme.json", json.dumps({"name": name, "version": "1.2", "files": sorted(files)}))
        for path, text in files.items():
            archive.writestr(path, text)
    return data


class InstallTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def read(self, *path):
        with open(os.path.join(self.folder, *path)) as file:
            return file.read()

    def test_files_land_in_the_folder_of_the_theme(self):
        manifest = install(theme({"style.css": "body {}", "img/deep/a.svg": "<svg/>"}), self.folder)
        self.assertEqual((manifest.name, manifest.version), ("ocean", "1.2"))
        self.assertEqual(self.read("ocean", "style.css"), "body {}")
        self.assertEqual(self.read("ocean", "img", "deep", "a.svg"), "<svg/>")

    def test_a_folder_alone_is_made(self):
        install(theme({"empty/": ""}), self.folder)
        self.assertTrue(os.path.isdir(os.path.join(self.folder, "ocean", "empty")))

    def test_an_update_replaces_files(self):
        install(theme({"style.css": "old"}), self.folder)
        install(theme({"style.css": "new"}), self.folder)
        self.assertEqual(self.read("ocean", "style.css"), "new")

    def test_what_is_no_theme(self):
        with self.assertRaises(ThemeError):
            install(io.BytesIO(b"no"), self.folder)
        with self.assertRaises(ThemeError):
            install(theme({}, name="../up"), self.folder)

    def test_removed(self):
        install(theme({"style.css": "a"}), self.folder)
        remove("ocean", self.folder)
        self.assertEqual(os.listdir(self.folder), [])
