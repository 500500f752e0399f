import os
import stat
import tempfile
import unittest

from stockroom.exports import export
from stockroom.reports import lines_in_log, low, summary
from stockroom.store import Store


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.store = Store(":memory:")
        self.addCleanup(self.store.close)
        self.store.add("bolt", 40)
        self.store.add("nut", 3)
        self.store.add("bolt", 2)

    def test_find_by_a_part_of_the_name(self):
        self.assertEqual(self.store.find("ol"), [("bolt", 42)])
        self.assertEqual(self.store.find("screw"), [])

    def test_summary_and_what_is_low(self):
        self.assertEqual(summary(self.store), "2 items, 45 pieces")
        self.assertEqual(low(self.store), ["nut"])

    def test_export_can_be_read_by_others(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "stock.csv")
            export(self.store, path)
            with open(path, encoding="utf-8") as exported:
                self.assertEqual(exported.read().splitlines(), ["name,count", "bolt,42", "nut,3"])
            self.assertTrue(os.stat(path).st_mode & stat.S_IROTH)


class LogTest(unittest.TestCase):
    def test_lines_are_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "deliveries.log")
            with open(path, "w", encoding="utf-8") as log:
                log.write("bolt 40\nnut 3\n")
            self.assertEqual(lines_in_log(path), 2)


if __name__ == "__main__":
    unittest.main()
