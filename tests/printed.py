"""Printed text whose numbers are compared as numbers.

Two texts agree when everything but the numbers is the same, and each pair of numbers agrees: integers
exactly; floats (those with digits behind a point, or an exponent) when they differ by at most one unit in the
last digit of the more finely printed one, or by 1e-4 of the larger one. nbval compares to the letter, which
no two processors pass: they add in different orders, and the last digit of a float falls either way.
"""

import itertools
import re

RELATIVE = 1e-4
NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
ADDRESS = re.compile(r"0x[0-9a-f]{6,16}")


class Printed(str):
    """A text that equals another one when words are the same and numbers agree."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        """Say whether both texts agree."""
        return first_difference(self, other) is None

    def __ne__(self, other):
        """Say whether the texts differ."""
        return not self == other


def first_difference(one, two):
    """Return the first pair of words or numbers that do not agree, or None.

    >>> first_difference("loss 0.1234 after 3", "loss 0.1235 after 3")
    >>> first_difference("loss 0.1234 after 3", "loss 0.1234 after 4")
    ('3', '4')
    """
    for a, b in itertools.zip_longest(_pieces(one), _pieces(two), fillvalue="nothing"):
        if not (_agree(a, b) if NUMBER.fullmatch(a) and NUMBER.fullmatch(b) else a == b):
            return a, b
    return None


def _pieces(text):
    """Split a text into words, number, words, number …; the blanks that align a number do not count."""
    text, found, end = ADDRESS.sub("ADDRESS", text), [], 0
    for match in NUMBER.finditer(text):
        found += [text[end:match.start()].strip(" "), match[0]]
        end = match.end()
    return [*found, text[end:].strip(" ")]


def _agree(one, two):
    """Compare two printed numbers."""
    if _unit(one) is None or _unit(two) is None:
        return one.lstrip("+") == two.lstrip("+")
    a, b = float(one), float(two)
    allowed = max(min(_unit(one), _unit(two)), RELATIVE * max(abs(a), abs(b)))
    return abs(a - b) <= allowed * (1 + 1e-9)


def _unit(number):
    """Return what one unit in the last printed digit is worth; None for an integer."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals) if decimals or exponent else None
