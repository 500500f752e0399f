"""The salaries of a month, for the bank."""

from decimal import Decimal

from export.writer import write_csv

HEADER = ["name", "account", "amount"]


def rows(people, month):
    for person in sorted(people, key=lambda person: person["name"]):
        hours = Decimal(person["hours"].get(month, 0))
        if hours < 0:
            raise ValueError(f"{person['name']} worked {hours} hours")
        if hours:
            yield [person["name"], person["account"], str((hours * Decimal(person["wage"])).quantize(Decimal("0.01")))]


def export(people, month, path):
    return write_csv(path, HEADER, rows(people, month))
