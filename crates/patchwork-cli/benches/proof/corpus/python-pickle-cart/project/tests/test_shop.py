import datetime
import unittest
from decimal import Decimal

from shop.cart import Cart
from shop.cookie import CookieTooLarge, read, write


class ShopTest(unittest.TestCase):
    def cart(self):
        cart = Cart(coupon="TEN", seen=datetime.date(2024, 5, 1))
        cart.add(17, "M", "19.90", 2)
        cart.add(4, "XL", "5.05")
        return cart

    def test_a_cart_comes_back_as_it_was(self):
        cart = read(write(self.cart()))
        self.assertEqual(cart.total(), Decimal("40.37"))
        cart.add(17, "M", "19.90")
        self.assertEqual(cart.lines[(17, "M")], (3, Decimal("19.90")))
        cart.remove(4, "XL")
        self.assertEqual(list(cart.lines), [(17, "M")])

    def test_days_come_back(self):
        cart = read(write(self.cart()))
        self.assertTrue(cart.is_old(datetime.date(2024, 6, 30)))
        self.assertFalse(cart.is_old(datetime.date(2024, 5, 3)))

    def test_no_cookie_or_a_damaged_one_is_an_empty_cart(self):
        for text in ("", None, "no", write(self.cart())[:-9]):
            self.assertEqual(read(text).lines, {})

    def test_too_large(self):
        cart = Cart()
        for article in range(3000):
            cart.add(article * 7919, "M", f"{article}.{article % 100:02}")
        with self.assertRaises(CookieTooLarge):
            write(cart)
