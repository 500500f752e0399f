import base64
import hashlib
import hmac
import itertools
import unittest

from accounts import password

WORD = "correct horse battery"


def quick_digests(word, salt):
    """What a guesser computes in no time, in the usual spellings."""
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"):
        for parts in itertools.permutations((word, salt, ":", "$"), 2):
            for data in ("".join(parts).encode(), word.encode()):
                yield hashlib.new(name, data).digest()
        yield hashlib.new(name, bytes.fromhex(salt) + word.encode()).digest() if is_hex(salt) else b""
        if not name.startswith("blake"):
            yield hmac.new(salt.encode(), word.encode(), name).digest()
            yield hmac.new(word.encode(), salt.encode(), name).digest()
            for inner in (name, "md5", "sha1", "sha256"):
                yield hashlib.new(name, hashlib.new(inner, (salt + word).encode()).hexdigest().encode()).digest()


def is_hex(text):
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False


class PasswordRecordTest(unittest.TestCase):
    def parts(self, record):
        self.assertEqual(record.count("$"), 2)
        return record.split("$")

    def test_no_quick_digest_is_in_the_record(self):
        _, salt, known = self.parts(password.make(WORD))
        for quick in quick_digests(WORD, salt):
            for text in (quick.hex(), base64.b64encode(quick).decode(), base64.urlsafe_b64encode(quick).decode()):
                if len(text) > 8:
                    self.assertNotEqual(known.rstrip("=").lower(), text.rstrip("=").lower())
                    self.assertFalse(text.lower().startswith(known.rstrip("=").lower()))

    def test_equal_passwords_have_different_records(self):
        records = {password.make(WORD) for _ in range(3)}
        self.assertEqual(len(records), 3)
        self.assertEqual(len({self.parts(record)[1] for record in records}), 3)

    def test_the_whole_password_counts(self):
        for word in (WORD, "x" * 100, "ä\0b", "\N{SNOWMAN} snow snow"):
            record = password.make(word)
            self.assertLessEqual(len(record), 200)
            self.assertTrue(password.check(word, record))
            for other in (word + "x", word[:-1], word.upper(), ""):
                self.assertEqual(password.check(other, record), other == word)

    def test_broken_records_are_refused(self):
        for broken in ("", "v1$", "v1$$", "v1$salt$", "v9$00$00", password.make(WORD)[:-1]):
            self.assertFalse(password.check(WORD, broken))
