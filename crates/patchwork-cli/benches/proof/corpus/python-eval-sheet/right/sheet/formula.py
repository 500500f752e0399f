"""Formulas: `=A1 + 2 * B2`, with the functions SUM, MIN, MAX and ROUND."""

import ast
import operator
import re

CELL = re.compile(r"\b([A-Z]{1,2}[0-9]{1,3})\b")
FUNCTIONS = {"SUM": lambda *values: sum(values), "MIN": min, "MAX": max, "ROUND": round}
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


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
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name) if name in names and name not in FUNCTIONS:
            return names[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](value_of(left, names), value_of(right, names))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](value_of(operand, names))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(value_of(arg, names) for arg in args))
    raise FormulaError("#VALUE!")
