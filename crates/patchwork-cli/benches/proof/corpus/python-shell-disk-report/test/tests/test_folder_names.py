import os
import tempfile
import unittest

from diskreport.measure import MeasureError, largest, size_of


class FolderNamesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.here = os.getcwd()
        os.chdir(self.folder.name)
        self.addCleanup(os.chdir, self.here)

    def make(self, name):
        os.mkdir(name)
        with open(os.path.join(name, "data"), "wb") as file:
            file.write(b"x" * 20_000)

    def test_a_name_runs_nothing_and_is_measured(self):
        names = ["a; touch owned", "b $(touch owned)", "c `touch owned`", "d && touch owned", "e | touch owned",
                 "f\ntouch owned", "g & touch owned", "h' ; touch owned ; '", 'i" ; touch owned ; "',
                 "with space", "$HOME", "*", "-h", "--files0-from=x"]
        for name in names:
            with self.subTest(name):
                self.make(name)
                self.assertGreaterEqual(size_of(name), 20_000)
                self.assertFalse(os.path.exists("owned"))

    def test_a_name_of_a_folder_that_is_not_there_runs_nothing(self):
        for name in ("x; touch owned", "$(touch owned)", "x\ntouch owned", "x' $(touch owned) '"):
            with self.subTest(name), self.assertRaises(MeasureError):
                size_of(name)
            self.assertFalse(os.path.exists("owned"))

    def test_the_list_holds_every_name(self):
        self.make("one two")
        self.make("x;y")
        self.assertEqual(sorted(name for _, name in largest(".")), ["one two", "x;y"])
