import io
import json
import os
import tempfile
import unittest
import zipfile

from themes.install import ThemeError, install


class InstallOutsideTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.themes = os.path.join(self.root, "site", "themes")
        os.makedirs(self.themes)

    def theme(self, *names):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("theme.json", json.dumps({"name": "ocean"}))
            for name in names:
                archive.writestr(name, "written")
        return data

    def outside(self):
        home = os.path.join(self.themes, "ocean")
        found = [os.path.join(at, file) for at, _, files in os.walk(self.root) for file in files]
        return [path for path in found if not path.startswith(home + os.sep)]

    def test_nothing_is_written_outside(self):
        attacks = ["../evil", "../../evil", "a/../../evil", "../ocean-2/evil", "....//....//evil", "../oceanevil",
                   os.path.join(self.root, "evil"), "a/b/../../../../evil", "./../evil", "..././evil"]
        for attack in attacks:
            with self.subTest(attack):
                try:
                    install(self.theme("style.css", attack), self.themes)
                except ThemeError:
                    pass
                self.assertEqual(self.outside(), [])

    def test_an_archive_that_leaves_its_folder_is_no_theme(self):
        for attack in ("../evil", "/evil", "a/../../evil"):
            with self.subTest(attack), self.assertRaises(ThemeError):
                install(self.theme(attack), self.themes)

    def test_names_that_stay_inside_are_written(self):
        install(self.theme("..style.css", "a..b/c", "img/./x.svg", "fonts/../style.css"), self.themes)
        for name in ("..style.css", "a..b/c", "img/x.svg", "style.css"):
            self.assertTrue(os.path.isfile(os.path.join(self.themes, "ocean", name)), name)

    def test_the_folder_of_themes_may_be_a_link_or_relative(self):
        link = os.path.join(self.root, "link")
        os.symlink(self.themes, link)
        install(self.theme("img/a.svg"), link)
        self.assertTrue(os.path.isfile(os.path.join(self.themes, "ocean", "img", "a.svg")))
