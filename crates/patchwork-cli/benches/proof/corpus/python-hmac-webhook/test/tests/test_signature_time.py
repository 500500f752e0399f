import hashlib
import hmac
import unittest
from unittest import mock

from hooks import signature
from hooks.signature import SignatureError, verify

NOW = 1_700_000_000
BODY = b'{"id": 1}'


def digest(key):
    return hmac.new(key, f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()


class Watched(str):
    """A text that tells when it is compared letter by letter."""

    compared = False
    __hash__ = str.__hash__

    def __eq__(self, other):
        Watched.compared = True
        return str(self) == str(other)

    def __ne__(self, other):
        return not self == other

    def encode(self, *args):
        return WatchedBytes(str(self).encode(*args))

    def __getitem__(self, index):
        return Watched(str(self)[index])

    def startswith(self, *args):
        Watched.compared = True
        return str(self).startswith(*args)


class WatchedBytes(bytes):
    __hash__ = bytes.__hash__

    def __eq__(self, other):
        Watched.compared = True
        return bytes(self) == bytes(other)

    def __ne__(self, other):
        return not self == other


class SignatureTimeTest(unittest.TestCase):
    def verify(self, *signatures):
        header = f"t={NOW}," + ",".join(f"v1={value}" for value in signatures)
        verify(BODY, header, [b"new", b"old"], NOW)

    def test_signatures_are_compared_in_constant_time(self):
        right = digest(b"old")
        for given in (right, right[:-1] + "x", "x" + right[1:]):
            Watched.compared = False
            with mock.patch.object(signature, "parse", lambda header: (NOW, [Watched(given)])):
                with mock.patch("hmac.compare_digest", wraps=hmac.compare_digest) as compare:
                    try:
                        verify(BODY, "", [b"new", b"old"], NOW)
                        accepted = True
                    except SignatureError:
                        accepted = False
            self.assertEqual(accepted, given == right)
            self.assertFalse(Watched.compared, given)
            self.assertTrue(compare.called)

    def test_strange_signatures_are_wrong_ones(self):
        for value in ("", "ä" * 32, "\N{SNOWMAN}", "0" * 63, digest(b"other"), digest(b"new").upper(), digest(b"new")[:10]):
            with self.subTest(value), self.assertRaises(SignatureError):
                self.verify(value)
        with self.assertRaises(SignatureError):
            verify(BODY, f"t={NOW}", [b"new"], NOW)

    def test_right_signatures_stay(self):
        self.verify(digest(b"new"))
        self.verify(digest(b"old"))
        self.verify("ä", digest(b"old"))
