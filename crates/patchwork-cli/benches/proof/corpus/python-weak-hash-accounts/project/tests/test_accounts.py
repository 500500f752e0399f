import unittest

from accounts import password
from accounts.accounts import Accounts, Refused


class AccountsTest(unittest.TestCase):
    def setUp(self):
        self.accounts = Accounts()
        self.accounts.create("anna", "correct horse")

    def test_login(self):
        session = self.accounts.login("anna", "correct horse")
        self.assertEqual(self.accounts.sessions[session], "anna")
        for name, word in [("anna", "wrong horse"), ("bert", "correct horse"), ("anna", "")]:
            with self.assertRaises(Refused):
                self.accounts.login(name, word)

    def test_too_many_tries(self):
        for _ in range(5):
            with self.assertRaises(Refused):
                self.accounts.login("anna", "guess guess")
        with self.assertRaises(Refused):
            self.accounts.login("anna", "correct horse")

    def test_change(self):
        session = self.accounts.login("anna", "correct horse")
        self.accounts.change(session, "correct horse", "battery staple")
        self.accounts.login("anna", "battery staple")
        with self.assertRaises(Refused):
            self.accounts.login("anna", "correct horse")

    def test_records(self):
        record = password.make("pässwörter sind länger als man denkt " * 4)
        self.assertLessEqual(len(record), 200)
        self.assertEqual(record.count("$"), 2)
        self.assertTrue(password.check("pässwörter sind länger als man denkt " * 4, record))
        self.assertFalse(password.check("pässwörter sind länger als man denkt " * 3, record))
        for broken in ("", "v1", "v1$salt", "v0$salt$abc"):
            self.assertFalse(password.check("anything", broken))
