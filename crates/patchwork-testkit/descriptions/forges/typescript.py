"""JSON Schemas from the type declarations of a TypeScript package: interfaces, type aliases, literals, enums."""

import re

TOKEN = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|[A-Za-z_$][\w$]*|-?\d+|[{}()\[\]<>;:,?&|=.]")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
PLAIN = {
    "string": {"type": "string"},
    # The types know no other; all numbers of the described operations are whole.
    "number": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "Date": {"type": "string", "format": "date-time"},
    "null": {"type": "null"},
    "object": {"type": "object"},
    "any": {},
    "unknown": {},
}


class Declarations:
    """What one file declares, by name. `named(reference)` gives the name of the definition that a type name means."""

    def __init__(self, text, named=lambda name: name):
        self.named = named
        self.tokens = TOKEN.findall(COMMENT.sub("", text))
        self.at = 0
        self.types = {}
        # Of generic types; what stands for them is not looked into.
        self.parameters = set()
        while self.at < len(self.tokens):
            word = self.take()
            if word == "interface" and re.match(r"\w", self.peek()):
                self.interface()
            elif word == "type" and re.match(r"\w", self.peek()) and self.peek(1) == "=":
                name = self.take()
                self.take()
                self.types[name] = self.union()

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *tokens):
        if self.peek() in tokens:
            self.at += 1
            return True
        return False

    def interface(self):
        name = self.take()
        if self.accept("<"):
            while not self.accept(">"):
                self.parameters.add(self.take())
        parents = []
        if self.accept("extends"):
            parents.append(self.postfix())
            while self.accept(","):
                parents.append(self.postfix())
        own = self.members()
        self.types[name] = {"allOf": [*parents, own]} if parents else own

    def members(self):
        self.take()
        result, properties, required = {"type": "object"}, {}, []
        while not self.accept("}"):
            if self.accept("["):
                while not self.accept("]"):
                    self.take()
                self.take()
                result["additionalProperties"] = self.union()
            else:
                self.accept("readonly")
                name = self.take().strip("'\"")
                optional = self.accept("?")
                self.take()
                properties[name] = self.union()
                if not optional:
                    required.append(name)
            self.accept(";", ",")
        if properties:
            result["properties"] = properties
            if required:
                result["required"] = required
        return result

    def union(self):
        self.accept("|")
        members = [self.intersection()]
        while self.accept("|"):
            members.append(self.intersection())
        literals = [value for one in members for value in one.get("enum", [])]
        if len(members) > 1 and all("enum" in one for one in members):
            return {"type": members[0]["type"], "enum": literals}
        return members[0] if len(members) == 1 else {"anyOf": members}

    def intersection(self):
        members = [self.postfix()]
        while self.accept("&"):
            members.append(self.postfix())
        return members[0] if len(members) == 1 else {"allOf": members}

    def postfix(self):
        schema = self.primary()
        while self.peek() == "[" and self.peek(1) == "]":
            self.at += 2
            schema = {"type": "array", "items": schema}
        return schema

    def primary(self):
        word = self.peek()
        if word == "{":
            return self.members()
        self.take()
        if word == "(":
            schema = self.union()
            self.accept(")")
            return schema
        if word == "[":
            items = []
            while not self.accept("]"):
                items.append(self.union())
                self.accept(",")
            return {"type": "array"}
        if word[0] in "'\"":
            return {"type": "string", "enum": [word[1:-1]]}
        if word.lstrip("-").isdigit():
            return {"type": "number", "enum": [int(word)]}
        if word in ("true", "false"):
            return {"type": "boolean", "enum": [word == "true"]}
        while self.accept("."):
            word += "." + self.take()
        arguments = []
        if self.accept("<"):
            arguments.append(self.union())
            while self.accept(","):
                arguments.append(self.union())
            self.accept(">")
        if word == "Array":
            return {"type": "array", "items": arguments[0]}
        if word in self.parameters:
            return {}
        if word in PLAIN:
            return dict(PLAIN[word])
        return {"$ref": "#/definitions/" + self.named(word)}


def flat(schema, definition):
    """The schema with every `allOf` of objects made one object. `definition(name)` looks another one up."""
    if isinstance(schema, list):
        return [flat(one, definition) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" not in schema:
        return {key: flat(value, definition) for key, value in schema.items()}
    result = {"type": "object", "properties": {}, "required": []}
    for member in schema["allOf"]:
        if "$ref" in member:
            member = definition(member["$ref"].rsplit("/", 1)[1])
        member = flat(member, definition)
        result["properties"] |= member.get("properties", {})
        result["required"] += [name for name in member.get("required", []) if name not in result["required"]]
        if "additionalProperties" in member:
            result["additionalProperties"] = member["additionalProperties"]
    if not result["required"]:
        del result["required"]
    return result
