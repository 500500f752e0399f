"""Codes of vouchers: groups of letters and digits that are not mistaken for one another."""

import os
import random

ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ2346789"
GROUPS = 4
LETTERS = 4


def new_token():
    """A code such as `K7QM-2XWP-D9TH-4RBN`; its last letter checks the others."""
    random.seed(os.urandom(4))
    letters = [random.choice(ALPHABET) for _ in range(GROUPS * LETTERS - 1)]
    letters.append(check_letter(letters))
    return "-".join("".join(letters[at : at + LETTERS]) for at in range(0, len(letters), LETTERS))


def check_letter(letters):
    total = sum((place + 1) * ALPHABET.index(letter) for place, letter in enumerate(letters))
    return ALPHABET[total % len(ALPHABET)]


def tidy(text):
    """A code as typed, brought into shape; None when it can't be one."""
    letters = [letter for letter in text.upper() if letter in ALPHABET]
    if len(letters) != GROUPS * LETTERS or letters[-1] != check_letter(letters[:-1]):
        return None
    return "-".join("".join(letters[at : at + LETTERS]) for at in range(0, len(letters), LETTERS))
