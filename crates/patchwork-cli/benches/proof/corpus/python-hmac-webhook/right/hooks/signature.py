"""Signatures of web hooks: `t=1700000000,v1=<hex of HMAC-SHA256 over time and body>`."""

import hashlib
import hmac

TOLERANCE = 300


class SignatureError(Exception):
    """A hook that was not sent by who knows the key, or long ago."""


def parse(header):
    """The time and the signatures of a header; there are two while a key is replaced."""
    pairs = [part.strip().partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in pairs if name == "t" and value.isdigit()]
    if not times:
        raise SignatureError("no time")
    return int(times[0]), [value for name, _, value in pairs if name == "v1"]


def verify(body, header, keys, now):
    """Checks the header of a hook against the keys in use."""
    time, signatures = parse(header)
    if abs(now - time) > TOLERANCE:
        raise SignatureError("too old")
    message = f"{time}.".encode() + body
    for key in keys:
        for signature in signatures:
            digest = hmac.new(key, message, hashlib.sha256).hexdigest()
            if hmac.compare_digest(digest.encode(), signature.encode()):
                return
    raise SignatureError("wrong signature")
