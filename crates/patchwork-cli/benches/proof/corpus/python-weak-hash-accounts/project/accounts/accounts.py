"""Accounts, and who is logged in."""

import secrets
from dataclasses import dataclass

from accounts import password as passwords


class Refused(Exception):
    """Wrong name, wrong password, or too many tries."""


@dataclass
class Account:
    name: str
    record: str
    failures: int = 0


class Accounts:
    TRIES = 5

    def __init__(self):
        self.accounts = {}
        self.sessions = {}

    def create(self, name, password):
        if name in self.accounts or len(password) < 8:
            raise Refused(name)
        self.accounts[name] = Account(name, passwords.make(password))

    def login(self, name, password):
        account = self.accounts.get(name)
        if account is None or account.failures >= self.TRIES:
            raise Refused(name)
        if not passwords.check(password, account.record):
            account.failures += 1
            raise Refused(name)
        account.failures = 0
        session = secrets.token_urlsafe(24)
        self.sessions[session] = name
        return session

    def change(self, session, old, new):
        account = self.accounts[self.sessions[session]]
        if not passwords.check(old, account.record) or len(new) < 8:
            raise Refused(account.name)
        account.record = passwords.make(new)
