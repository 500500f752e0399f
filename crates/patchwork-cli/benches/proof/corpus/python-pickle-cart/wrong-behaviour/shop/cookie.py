"""The cart travels in a cookie, so that visitors need no account."""

import base64
import binascii
import json
import zlib

from shop.cart import Cart

LIMIT = 4000


class CookieTooLarge(Exception):
    """Browsers keep no cookie of this size."""


def write(cart):
    state = {"lines": cart.lines, "coupon": cart.coupon, "seen": cart.seen}
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
    except (binascii.Error, zlib.error, EOFError, ValueError):
        return Cart()
    return Cart(state["lines"], state["coupon"], state["seen"])
