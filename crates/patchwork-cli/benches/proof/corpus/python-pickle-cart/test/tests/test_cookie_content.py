import base64
import datetime
import os
import pickle
import tempfile
import unittest
import zlib
from decimal import Decimal

from shop.cart import Cart
from shop.cookie import read, write


class Call:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def cookie(data):
    return base64.urlsafe_b64encode(zlib.compress(data)).decode("ascii")


class CookieContentTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.target = os.path.join(folder.name, "written")

    def attacks(self):
        run = f"__import__('os').mkdir({self.target!r})"
        calls = [(os.mkdir, self.target), (os.system, f"mkdir {self.target}"), (eval, run), (exec, run),
                 (open, self.target, "w"), (os.makedirs, self.target)]
        for protocol in (0, 2, 4):
            for call in calls:
                yield pickle.dumps({"lines": {}, "coupon": Call(*call), "seen": None}, protocol)
                yield pickle.dumps(Call(*call), protocol)
        yield b"cos\nmkdir\n(S'" + self.target.encode() + b"'\ntR."
        yield b"cshutil\nos.mkdir\n(S'" + self.target.encode() + b"'\ntR."
        yield b"\x80\x04cshop.cookie\nbase64.os.mkdir\n(S'" + self.target.encode() + b"'\ntR."

    def test_a_cookie_runs_nothing(self):
        for data in self.attacks():
            for text in (cookie(data), base64.urlsafe_b64encode(data).decode("ascii")):
                with self.subTest(data):
                    try:
                        read(text)
                    except Exception as error:
                        self.fail(f"a strange cookie is an empty cart, not {error!r}")
                    self.assertFalse(os.path.exists(self.target))

    def test_what_is_written_is_no_pickle(self):
        data = zlib.decompress(base64.urlsafe_b64decode(write(Cart())))
        with self.assertRaises(Exception):
            pickle.loads(data)

    def test_carts_stay(self):
        cart = Cart(coupon=None, seen=datetime.date(2024, 2, 29))
        cart.add(17, "M", "19.90", 2)
        cart.add("gift-1", "", "0.10")
        after = read(write(cart))
        self.assertEqual((after.lines, after.coupon, after.seen), (cart.lines, None, cart.seen))
        self.assertIsInstance(after.lines[(17, "M")][1], Decimal)
