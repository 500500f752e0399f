"""A shopping cart."""

import datetime
from decimal import Decimal


class Cart:
    def __init__(self, lines=None, coupon=None, seen=None):
        #: number of an article and size -> (amount, price of one)
        self.lines = dict(lines or {})
        self.coupon = coupon
        self.seen = seen or datetime.date.today()

    def add(self, article, size, price, amount=1):
        before = self.lines.get((article, size), (0, price))[0]
        self.lines[(article, size)] = (before + amount, Decimal(price))

    def remove(self, article, size):
        self.lines.pop((article, size), None)

    def total(self):
        total = sum((amount * price for amount, price in self.lines.values()), Decimal(0))
        if self.coupon == "TEN":
            total -= (total / 10).quantize(Decimal("0.01"))
        return total

    def is_old(self, today):
        return (today - self.seen).days > 30
