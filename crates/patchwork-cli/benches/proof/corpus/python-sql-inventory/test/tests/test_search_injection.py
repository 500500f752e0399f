import unittest

from inventory.store import Store


class SearchInjectionTest(unittest.TestCase):
    def setUp(self):
        self.store = Store()
        self.store.add("bolts", "anna", 40)
        self.store.add("secret plan", "bert", 1)
        self.store.add("baker's oven; DROP -- it", "o'brien", 2)

    def names(self, owner, text):
        return [item["name"] for item in self.store.search(owner, text)]

    def test_a_text_never_shows_what_others_own(self):
        for text in ("x%' OR '1%'='1", "' OR 1=1 --", "' OR 1=1 /*", "%' OR owner LIKE '%",
                     "' UNION SELECT id, name, amount FROM items --",
                     "%'/**/OR/**/owner='bert'/**/ESCAPE'\\", "' oR 'a' LIKE 'a"):
            with self.subTest(text):
                self.assertEqual(self.names("anna", text), [])

    def test_an_owner_never_shows_what_others_own(self):
        for owner in ("anna' OR '1'='1", "' OR 1=1 --", "bert' --", "bert'/*", "x' OR owner='bert"):
            with self.subTest(owner):
                self.assertEqual(self.names(owner, "plan"), [])

    def test_quotes_and_signs_are_plain_text(self):
        for text in ("baker's", "oven; DROP", "-- it", "OVEN"):
            with self.subTest(text):
                self.assertEqual(self.names("o'brien", text), ["baker's oven; DROP -- it"])
        self.assertEqual(self.names("anna", "bol"), ["bolts"])
