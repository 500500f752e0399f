import hashlib
import hmac
import ssl
import unittest

from stockroom.suppliers import connection_context, is_genuine


class SuppliersTest(unittest.TestCase):
    def test_signatures(self):
        key, body = b"shared", b'{"items": ["bolt"]}'
        signature = hmac.new(key, body, hashlib.sha256).hexdigest()
        self.assertTrue(is_genuine(body, signature, key))
        self.assertFalse(is_genuine(body + b" ", signature, key))
        self.assertFalse(is_genuine(body, "", key))

    def test_old_protocols_are_refused(self):
        self.assertEqual(connection_context().minimum_version, ssl.TLSVersion.TLSv1_2)


if __name__ == "__main__":
    unittest.main()
