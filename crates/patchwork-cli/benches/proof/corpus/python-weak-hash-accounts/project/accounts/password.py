"""Records of passwords: `scheme$salt$digest`, at most 200 characters."""

import hashlib
import hmac
import secrets

SCHEME = "v1"


def make(password):
    """The record of a new password."""
    salt = secrets.token_hex(8)
    return f"{SCHEME}${salt}${digest(password, salt)}"


def check(password, record):
    """Whether a password is the one of a record."""
    scheme, _, rest = record.partition("$")
    salt, _, known = rest.partition("$")
    if scheme != SCHEME or not known:
        return False
    return hmac.compare_digest(digest(password, salt), known)


def digest(password, salt):
    return hashlib.sha1((salt + password).encode("utf-8")).hexdigest()
