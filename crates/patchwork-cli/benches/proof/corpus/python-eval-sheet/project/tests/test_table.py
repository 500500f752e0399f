import unittest

from sheet.table import Table


class TableTest(unittest.TestCase):
    def table(self, text):
        return Table.read(text.splitlines())

    def test_numbers_and_text(self):
        table = self.table("1,2.5,apples")
        self.assertEqual([table.get(cell) for cell in ("A1", "B1", "C1")], [1, 2.5, "apples"])

    def test_arithmetic(self):
        table = self.table("2,3,=A1 + B1 * 4,=(A1 + B1) * 4,=-A1 / 4")
        self.assertEqual([table.get(cell) for cell in ("C1", "D1", "E1")], [14, 20, -0.5])

    def test_functions(self):
        table = self.table('2,3,"=SUM(A1, B1, 10)","=MAX(A1, MIN(B1, 9))"')
        self.assertEqual([table.get(cell) for cell in ("C1", "D1")], [15, 3])

    def test_formulas_read_formulas(self):
        self.assertEqual(self.table("=B1 * 2,=C1 + 1,4").get("A1"), 10)

    def test_faults_are_shown_in_the_cell(self):
        table = self.table("=1 / 0,=B1,=1 +,=UNKNOWN(1)")
        self.assertEqual([table.show(cell) for cell in ("A1", "B1", "C1", "D1")],
                         ["#DIV/0!", "#CYCLE!", "#VALUE!", "#VALUE!"])
