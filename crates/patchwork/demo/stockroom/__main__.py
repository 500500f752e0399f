"""Command line of the stockroom."""

import sys

from stockroom.reports import summary
from stockroom.store import Store


def main(arguments):
    if len(arguments) < 2:
        print("usage: python3 -m stockroom DATABASE add NAME COUNT | find NAME | summary")
        return 2
    store = Store(arguments[0])
    command, rest = arguments[1], arguments[2:]
    if command == "add" and len(rest) == 2:
        store.add(rest[0], int(rest[1]))
    elif command == "find" and len(rest) == 1:
        for name, count in store.find(rest[0]):
            print(f"{name}: {count}")
    elif command == "summary":
        print(summary(store))
    else:
        print(f"unknown command: {command}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
