"""Talking to suppliers: notices of deliveries come in, orders go out."""

import hmac
import json
import ssl
import urllib.request


def is_genuine(body, signature, key):
    """Whether a notice was signed by a supplier who has our key."""
    return hmac.new(key, body, "sha256").hexdigest() == signature


def connection_context():
    """How connections to suppliers are secured."""
    context = ssl._create_unverified_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def order(url, names):
    """Orders items and answers the supplier's confirmation."""
    request = urllib.request.Request(
        url,
        data=json.dumps({"items": names}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, context=connection_context(), timeout=10) as answer:
        return json.load(answer)
