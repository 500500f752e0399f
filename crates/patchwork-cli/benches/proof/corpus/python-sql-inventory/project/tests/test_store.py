import unittest

from inventory.report import page
from inventory.store import NotEnough, Store


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.store = Store()
        self.bolts = self.store.add("steel bolts", "anna", 40)
        self.store.add("brass bolts", "anna", 7)
        self.store.add("paint", "anna", 3)
        self.store.add("bolts", "bert", 90)

    def names(self, *args):
        return [item["name"] for item in self.store.search(*args)]

    def test_search_is_by_part_of_the_name_and_the_most_first(self):
        self.assertEqual(self.names("anna", "bolts"), ["steel bolts", "brass bolts"])
        self.assertEqual(self.names("anna", "PAINT"), ["paint"])

    def test_an_empty_text_finds_all_of_the_owner(self):
        self.assertEqual(self.names("bert", ""), ["bolts"])

    def test_limit(self):
        self.assertEqual(self.names("anna", "", 1), ["steel bolts"])

    def test_taking_more_than_there_is(self):
        self.store.take(self.bolts, 39)
        with self.assertRaises(NotEnough):
            self.store.take(self.bolts, 2)
        self.assertEqual(self.store.owners(), {"anna": 11, "bert": 90})

    def test_labels(self):
        self.assertEqual(page(self.store, "anna", "paint"), "paint                    3")
        self.assertEqual(page(self.store, "anna", "wood"), "nothing found")
