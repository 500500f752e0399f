"""Formulas: `=A1 + 2 * B2`, with the functions SUM, MIN, MAX and ROUND."""

import ast
import operator
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
        return value_of(ast.parse(formula, mode="eval").body, names)
    except ZeroDivisionError:
        raise FormulaError("#DIV/0!") from None
    except (SyntaxError, NameError, TypeError):
        raise FormulaError("#VALUE!") from None


def value_of(node, names):
    operators = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.Name) and node.id in names and node.id not in FUNCTIONS:
        return names[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in operators:
        return operators[type(node.op)](value_of(node.left, names), value_of(node.right, names))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -value_of(node.operand, names)
    raise FormulaError("#VALUE!")
