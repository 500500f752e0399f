import hashlib
import hmac
import json
import unittest

from hooks.inbox import Inbox

NOW = 1_700_000_000


def sign(body, key=b"new", time=NOW):
    return f"t={time},v1={hmac.new(key, f'{time}.'.encode() + body, hashlib.sha256).hexdigest()}"


class InboxTest(unittest.TestCase):
    def setUp(self):
        self.inbox = Inbox([b"new", b"old"], lambda: NOW)
        self.body = json.dumps({"id": 7, "kind": "paid"}).encode()

    def receive(self, header, body=None):
        return self.inbox.receive(body or self.body, {"X-Signature": header} if header is not None else {})

    def test_signed_hooks_are_taken_once(self):
        self.assertEqual([self.receive(sign(self.body)), self.receive(sign(self.body))], [200, 200])
        self.assertEqual(self.inbox.events, [{"id": 7, "kind": "paid"}])

    def test_the_old_key_still_holds_and_one_of_two_signatures_is_enough(self):
        self.assertEqual(self.receive(sign(self.body, b"old")), 200)
        self.assertEqual(self.receive(sign(self.body) + ",v1=" + "0" * 64), 200)
        self.assertEqual(self.receive(f"t={NOW},v1={'0' * 64}," + sign(self.body).split(",")[1]), 200)

    def test_others_are_refused(self):
        self.assertEqual(self.receive(sign(self.body, b"other")), 401)
        self.assertEqual(self.receive(sign(self.body), b'{"id": 8}'), 401)
        self.assertEqual(self.receive(sign(self.body, time=NOW - 301)), 401)
        self.assertEqual(self.receive(None), 401)
        self.assertEqual(self.receive("t=now"), 401)
        self.assertEqual(self.inbox.events, [])

    def test_what_is_no_event(self):
        self.assertEqual(self.receive(sign(b"[]"), b"[]"), 400)
