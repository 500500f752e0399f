"""The table: cells are computed when they are asked for, each once."""

import csv

from sheet.formula import FormulaError, evaluate, references


class Table:
    def __init__(self):
        self.source = {}
        self.values = {}

    @classmethod
    def read(cls, lines):
        table = cls()
        for row, line in enumerate(csv.reader(lines), start=1):
            for column, text in enumerate(line):
                if text.strip():
                    table.set(f"{chr(ord('A') + column)}{row}", text.strip())
        return table

    def set(self, name, text):
        self.source[name] = text
        self.values.clear()

    def get(self, name, above=()):
        if name in above:
            raise FormulaError("#CYCLE!")
        if name not in self.values:
            self.values[name] = self.compute(name, (*above, name))
        return self.values[name]

    def compute(self, name, above):
        text = self.source.get(name, "0")
        if not text.startswith("="):
            try:
                return float(text) if "." in text else int(text)
            except ValueError:
                return text
        formula = text[1:].strip()
        return evaluate(formula, {cell: self.get(cell, above) for cell in references(formula)})

    def show(self, name):
        try:
            return str(self.get(name))
        except FormulaError as error:
            return str(error)
