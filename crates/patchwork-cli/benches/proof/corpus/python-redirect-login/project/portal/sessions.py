"""Who is logged in."""

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie


class Sessions:
    def __init__(self, words):
        self.words = words
        self.names = {}

    def login(self, name, word):
        known = self.words.get(name)
        if known is None or not hmac.compare_digest(known.encode(), (word or "").encode()):
            return None
        session = secrets.token_hex(16)
        self.names[session] = name
        return session

    def name_of(self, header):
        try:
            cookie = SimpleCookie(header or "").get("session")
        except CookieError:
            return None
        return self.names.get(cookie.value) if cookie else None
