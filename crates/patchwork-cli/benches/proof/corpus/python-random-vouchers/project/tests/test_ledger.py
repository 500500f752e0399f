import re
import unittest
from decimal import Decimal

from vouchers.codes import new_token, tidy
from vouchers.ledger import Ledger, VoucherError


class LedgerTest(unittest.TestCase):
    def test_codes_are_easy_to_read_and_differ(self):
        codes = {new_token() for _ in range(200)}
        self.assertEqual(len(codes), 200)
        for code in codes:
            self.assertRegex(code, re.compile("[A-HJ-NP-RT-Z2-46-9]{4}(-[A-HJ-NP-RT-Z2-46-9]{4}){3}"))
            self.assertEqual(tidy(code), code)

    def test_typed_codes(self):
        code = new_token()
        self.assertEqual(tidy(f" {code.lower().replace('-', ' ')} "), code)
        other = "B" if code[0] == "A" else "A"
        self.assertIsNone(tidy(other + code[1:]))
        self.assertIsNone(tidy(code[:-1]))

    def test_paying(self):
        ledger = Ledger()
        code = ledger.sell("25.00")
        self.assertEqual(ledger.pay(code.lower(), "10.50"), Decimal("14.50"))
        with self.assertRaises(VoucherError):
            ledger.pay(code, "20")
        with self.assertRaises(VoucherError):
            ledger.pay("AAAA-AAAA-AAAA-AAAB", "1")
