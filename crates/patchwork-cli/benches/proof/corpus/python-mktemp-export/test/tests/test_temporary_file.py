import os
import stat
import sys
import tempfile
import unittest
from unittest import mock

from export.writer import write_csv

opened = []
watching = []


def watch(event, args):
    if watching and event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
        opened.append((os.fspath(args[0]), args[2]))


sys.addaudithook(watch)


class TemporaryFileTest(unittest.TestCase):
    def setUp(self):
        for name in ("shared", "out"):
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            setattr(self, name, folder.name)
        patch = mock.patch.object(tempfile, "tempdir", self.shared)
        patch.start()
        self.addCleanup(patch.stop)
        self.path = os.path.join(self.out, "a.csv")

    def rows(self):
        for folder in (self.shared, self.out):
            for name in os.listdir(folder):
                self.modes.append(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode))
        yield ["secret"]

    def write(self):
        self.modes = []
        opened.clear()
        watching.append(True)
        try:
            write_csv(self.path, ["head"], self.rows())
        finally:
            watching.clear()

    def test_files_are_made_by_nobody_else_first(self):
        self.write()
        made = [(path, flags) for path, flags in opened if flags & os.O_CREAT]
        self.assertTrue(made)
        for path, flags in made:
            self.assertTrue(flags & os.O_EXCL, f"{path} may be another user's file or link")

    def test_names_can_not_be_foretold(self):
        names = set()
        for _ in range(3):
            self.write()
            names |= {path for path, flags in opened if flags & os.O_CREAT}
        self.assertGreaterEqual(len(names), 3)

    def test_nobody_else_reads_the_file_while_it_is_written(self):
        before = os.umask(0o022)
        try:
            self.write()
        finally:
            os.umask(before)
        self.assertTrue(self.modes)
        for mode in self.modes:
            self.assertEqual(mode & 0o077, 0, oct(mode))

    def test_the_export_stays(self):
        self.write()
        with open(self.path, newline="") as file:
            self.assertEqual(file.read(), "head\r\nsecret\r\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)
        self.assertEqual((os.listdir(self.shared), os.listdir(self.out)), ([], ["a.csv"]))

        def broken():
            yield ["half"]
            raise KeyError("half-way")

        with self.assertRaises(KeyError):
            write_csv(self.path, ["head"], broken())
        self.assertEqual((os.listdir(self.shared), os.listdir(self.out)), ([], ["a.csv"]))
