import os
import stat
import tempfile
import unittest

from export.salaries import export
from export.writer import write_csv

PEOPLE = [
    {"name": "Zoe", "account": "DE2", "wage": "20.00", "hours": {"05": 10}},
    {"name": "Ada, Countess", "account": "DE1", "wage": "33.33", "hours": {"05": "7.5", "06": -1}},
]


class ExportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "salaries.csv")

    def read(self):
        with open(self.path, newline="", encoding="utf-8") as file:
            return file.read()

    def test_the_file_of_a_month(self):
        self.assertEqual(export(PEOPLE, "05", self.path), self.path)
        self.assertEqual(self.read(), 'name,account,amount\r\n"Ada, Countess",DE1,249.98\r\nZoe,DE2,200.00\r\n')

    def test_the_group_may_read_it(self):
        export(PEOPLE, "05", self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)

    def test_a_fault_leaves_the_old_file(self):
        write_csv(self.path, ["old"], [])
        with self.assertRaises(ValueError):
            export(PEOPLE, "06", self.path)
        self.assertEqual(self.read(), "old\r\n")
        self.assertEqual(os.listdir(self.folder), ["salaries.csv"])

    def test_letters(self):
        write_csv(self.path, ["größe"], [["ß\n2"]])
        self.assertEqual(self.read(), 'größe\r\n"ß\n2"\r\n')
