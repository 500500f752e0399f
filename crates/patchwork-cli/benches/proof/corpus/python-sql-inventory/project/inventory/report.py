"""What is printed on the shelf labels."""


def label(item):
    return f"{item['name']:<20.20} {item['amount']:>5}"


def page(store, owner, text=""):
    lines = [label(item) for item in store.search(owner, text)]
    return "\n".join(lines) if lines else "nothing found"
