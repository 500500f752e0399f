import os
import tempfile
import unittest

from diskreport.measure import MeasureError, largest, size_of
from diskreport.report import human, report


class ReportTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name, size in [("small", 10), ("large", 300_000), ("middle", 5_000)]:
            os.mkdir(os.path.join(self.folder.name, name))
            with open(os.path.join(self.folder.name, name, "data"), "wb") as file:
                file.write(b"x" * size)

    def test_the_largest_come_first(self):
        names = [name for _, name in largest(self.folder.name)]
        self.assertEqual(names, ["large", "middle", "small"])
        self.assertEqual([name for _, name in largest(self.folder.name, 1)], ["large"])

    def test_sizes_are_bytes(self):
        large = size_of(os.path.join(self.folder.name, "large"))
        self.assertTrue(300_000 <= large < 320_000, large)

    def test_a_folder_that_is_not_there(self):
        with self.assertRaises(MeasureError):
            size_of(os.path.join(self.folder.name, "gone"))

    def test_human(self):
        self.assertEqual([human(n) for n in (5, 2048, 3 * 1024**3)], ["5 B", "2.0 KiB", "3.0 GiB"])
        self.assertTrue(report(self.folder.name).splitlines()[0].endswith("KiB  large"))
