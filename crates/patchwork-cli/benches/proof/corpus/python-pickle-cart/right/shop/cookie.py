"""The cart travels in a cookie, so that visitors need no account."""

import base64
import binascii
import datetime
import json
import zlib
from decimal import Decimal, InvalidOperation

from shop.cart import Cart

LIMIT = 4000


class CookieTooLarge(Exception):
    """Browsers keep no cookie of this size."""


def write(cart):
    lines = [[article, size, amount, str(price)] for (article, size), (amount, price) in cart.lines.items()]
    state = {"lines": lines, "coupon": cart.coupon, "seen": cart.seen.isoformat()}
    text = base64.urlsafe_b64encode(zlib.compress(json.dumps(state).encode())).decode("ascii")
    if len(text) > LIMIT:
        raise CookieTooLarge(len(text))
    return text


def read(text):
    """The cart of a cookie; an empty one when the cookie is damaged."""
    if not text:
        return Cart()
    try:
        data = zlib.decompress(base64.urlsafe_b64decode(text))
        state = json.loads(data)
        lines = {(article, size): (amount, Decimal(price)) for article, size, amount, price in state["lines"]}
        coupon, seen = state["coupon"], datetime.date.fromisoformat(state["seen"])
    except (binascii.Error, zlib.error, ValueError, TypeError, KeyError, InvalidOperation):
        return Cart()
    return Cart(lines, coupon, seen)
