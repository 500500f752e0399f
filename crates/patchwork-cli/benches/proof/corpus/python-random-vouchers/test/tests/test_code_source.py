import collections
import contextlib
import random
import time
import unittest
from unittest import mock

from vouchers.codes import ALPHABET, new_token, tidy
from vouchers.ledger import Ledger


class CodeSourceTest(unittest.TestCase):
    def tearDown(self):
        random.seed()

    def test_a_known_state_foretells_no_code(self):
        codes = set()
        for _ in range(5):
            random.seed(1)
            codes.add(new_token())
        self.assertEqual(len(codes), 5)

    def test_no_generator_that_can_be_predicted_is_asked(self):
        def refuse(*_):
            raise AssertionError("a predictable generator was asked")

        with contextlib.ExitStack() as stack:
            for name in ("getrandbits", "random", "seed"):
                stack.enter_context(mock.patch.object(random.Random, name, refuse))
            new_token()
            Ledger().sell(5)

    def test_the_clock_foretells_no_code(self):
        with mock.patch.multiple(time, time=lambda: 1.0, time_ns=lambda: 1, monotonic=lambda: 1.0, perf_counter=lambda: 1.0):
            codes = set()
            for _ in range(5):
                random.seed(1)
                codes.add(new_token())
        self.assertEqual(len(codes), 5)

    def test_every_letter_comes_at_every_place(self):
        places = collections.defaultdict(set)
        for _ in range(1500):
            code = new_token()
            self.assertEqual(tidy(code), code)
            for place, letter in enumerate(code.replace("-", "")[:-1]):
                places[place].add(letter)
        self.assertEqual(set(map(frozenset, places.values())), {frozenset(ALPHABET)})
