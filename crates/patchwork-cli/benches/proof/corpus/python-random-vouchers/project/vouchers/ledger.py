"""Vouchers that were sold, and what is left on them."""

from decimal import Decimal

from vouchers.codes import new_token, tidy


class VoucherError(Exception):
    """A code that is not known, or not enough on it."""


class Ledger:
    def __init__(self):
        self.left = {}

    def sell(self, amount):
        code = new_token()
        while code in self.left:
            code = new_token()
        self.left[code] = Decimal(amount)
        return code

    def pay(self, typed, amount):
        code = tidy(typed)
        if code not in self.left or self.left[code] < Decimal(amount):
            raise VoucherError(typed)
        self.left[code] -= Decimal(amount)
        return self.left[code]
