"""Takes hooks in, each once."""

import json

from hooks.signature import SignatureError, verify


class Inbox:
    def __init__(self, keys, clock):
        self.keys = keys
        self.clock = clock
        self.seen = set()
        self.events = []

    def receive(self, body, headers):
        """The status of the answer to a hook."""
        try:
            verify(body, headers.get("X-Signature"), self.keys, self.clock())
        except SignatureError:
            return 401
        try:
            event = json.loads(body)
            number = event["id"]
        except (ValueError, KeyError, TypeError):
            return 400
        if number not in self.seen:
            self.seen.add(number)
            self.events.append(event)
        return 200
