"""An invoice and its sum."""

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class Line:
    name: str
    price: Decimal
    amount: int


@dataclass
class Invoice:
    number: str = ""
    supplier: str = ""
    lines: list = field(default_factory=list)

    def total(self):
        return sum((line.price * line.amount for line in self.lines), Decimal(0))

    def summary(self):
        return f"{self.number} {self.supplier}: {self.total()} ({len(self.lines)} lines)"
