"""The normal form of a forge's API description: plain JSON Schema, no prose, only what the named operations need."""

import json
from pathlib import Path

HERE = Path(__file__).parent

# Keywords with prose or with what no judgement needs.
DROPPED = {
    "title",
    "description",
    "default",
    "example",
    "examples",
    "externalDocs",
    "deprecated",
    "readOnly",
    "writeOnly",
    "xml",
    "discriminator",
    "nullable",
    "summary",
}
FORMATS = {"date-time", "date", "uuid", "uri", "email"}


def schema_of(node):
    """JSON Schema 2020-12 from a schema of OpenAPI 3 or Swagger 2; references lead to `#/definitions/NAME`."""
    if isinstance(node, bool):
        return node
    if not isinstance(node, dict):
        raise ValueError(f"not a schema: {node!r}")
    if "$ref" in node:
        reference = {"$ref": "#/definitions/" + node["$ref"].rsplit("/", 1)[1]}
        return {"anyOf": [reference, {"type": "null"}]} if node.get("nullable") else reference
    result = {}
    for key, value in node.items():
        if key in DROPPED or key.startswith("x-") or (key == "format" and value not in FORMATS):
            continue
        if key == "properties":
            result[key] = {name: schema_of(one) for name, one in value.items()}
        elif key in ("allOf", "anyOf", "oneOf"):
            result[key] = [schema_of(one) for one in value]
        elif key in ("items", "not", "additionalProperties"):
            result[key] = schema_of(value)
        elif key in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool):
            continue
        elif key == "required" and not isinstance(value, list):
            continue
        else:
            result[key] = value
    if node.get("nullable"):
        result = nullable(result)
    if result.get("enum") and None in result["enum"] and isinstance(result.get("type"), str):
        result["type"] = [result["type"], "null"]
    # "Anything" is what an open object without fields says already.
    if result.get("additionalProperties") is True and "properties" not in result:
        del result["additionalProperties"]
    return result


def nullable(schema):
    for union in ("anyOf", "oneOf"):
        if union in schema and "type" not in schema:
            return {**schema, union: [*schema[union], {"type": "null"}]}
    if "allOf" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if isinstance(schema.get("type"), str):
        schema = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema and None not in schema["enum"]:
        schema = {**schema, "enum": [*schema["enum"], None]}
    return schema


def references(node, found):
    """The names of the definitions that a normal schema needs itself."""
    if isinstance(node, list):
        for one in node:
            references(one, found)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                found.add(value.rsplit("/", 1)[1])
            else:
                references(value, found)


def needed(operations, definitions):
    """The definitions that the operations need, by name."""
    result, waiting = {}, set()
    for operation in operations:
        references({k: v for k, v in operation.items() if k != "example"}, waiting)
    while waiting:
        name = waiting.pop()
        if name in result:
            continue
        result[name] = definitions(name)
        found = set()
        references(result[name], found)
        waiting |= found - result.keys()
    return dict(sorted(result.items()))


def shortened(example):
    """An example with at most one item in a list and without the middle of long texts."""
    if isinstance(example, list):
        return [shortened(one) for one in example[:1]]
    if isinstance(example, dict):
        return {key: shortened(one) for key, one in example.items()}
    return example


def share_examples(operations):
    """An example that stands in an earlier operation already is only named."""
    seen = {}
    for operation in operations:
        for status, answer in operation["answers"].items():
            if "example" in answer:
                text = json.dumps(answer["example"], sort_keys=True)
                place = seen.setdefault(text, f"{operation['id']} {status}")
                if place != f"{operation['id']} {status}" and len(text) > 200:
                    del answer["example"]
                    answer["example_of"] = place


def write(name, head, operations, definitions):
    """One line for an operation and one for a definition: a renewal reads well as a diff. `head`: the other fields."""
    lines = lambda items: ",\n".join(items)
    compact = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    operations = sorted(operations, key=lambda one: one["id"])
    share_examples(operations)
    text = (
        "{\n"
        + lines(f"{compact(key)}: {compact(value)}" for key, value in head.items())
        + ',\n"operations": [\n'
        + lines(compact(one) for one in operations)
        + '\n],\n"definitions": {\n'
        + lines(compact(k) + ": " + compact(v) for k, v in definitions.items())
        + "\n}\n}\n"
    )
    (HERE / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}.json: {len(operations)} operations, {len(definitions)} definitions, {len(text) // 1024} KiB")


class OpenApi3:
    """A document of OpenAPI 3.0 or 3.1."""

    def __init__(self, document):
        self.document = document

    def at(self, node):
        """The node itself, references followed."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def reduced(self, identify):
        """Operations and definitions; `identify(method, path, operation)` gives an id, or None for what is left out."""
        operations = []
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method not in ("get", "post", "put", "patch", "delete"):
                    continue
                name = identify(method, path, operation)
                if name:
                    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
                    operations.append(self.operation(name, method, path, operation, parameters))
        schemas = self.schemas()
        return operations, needed(operations, lambda name: schema_of(schemas[name]))

    def schemas(self):
        return self.document["components"]["schemas"]

    def operation(self, name, method, path, operation, parameters):
        result = {"id": name, "method": method.upper(), "path": path, "path_params": {}, "query": {}}
        for parameter in map(self.at, parameters):
            schema = schema_of(parameter["schema"])
            if parameter["in"] == "path":
                result["path_params"][parameter["name"]] = schema
                if parameter.get("x-multi-segment"):
                    result["path"] = result["path"].replace(f"{{{parameter['name']}}}", f"{{{parameter['name']}*}}")
            elif parameter["in"] == "query":
                result["query"][parameter["name"]] = {"schema": schema}
                if parameter.get("required"):
                    result["query"][parameter["name"]]["required"] = True
                if schema.get("type") == "array" and parameter.get("explode", True) is False:
                    result["query"][parameter["name"]]["separator"] = ","
        body = self.at(operation.get("requestBody"))
        if body:
            content_type, content = preferred(body["content"])
            result["body"] = {
                "content_type": content_type,
                "required": bool(body.get("required")),
                "schema": schema_of(content.get("schema", {})),
            }
        result["answers"] = {status: self.answer(one) for status, one in operation["responses"].items()}
        return result

    def answer(self, response):
        _, content = preferred(self.at(response).get("content", {}))
        result = {}
        if "schema" in content:
            result["schema"] = schema_of(content["schema"])
        examples = [content["example"]] if "example" in content else []
        for example in content.get("examples", {}).values():
            value = self.at(example).get("value")
            # Some lead on inside of the value.
            if isinstance(value, dict) and "$ref" in value:
                value = self.at(value)["value"]
            examples.append(value)
        if examples:
            result["example"] = shortened(examples[0])
        return result


def preferred(content):
    """The JSON variant of a body, else its first."""
    for content_type in content:
        if "json" in content_type:
            return content_type, content[content_type]
    return next(iter(content.items()), ("", {}))


class Swagger2(OpenApi3):
    """A document of Swagger 2.0."""

    def schemas(self):
        return self.document["definitions"]

    def operation(self, name, method, path, operation, parameters):
        path = self.document.get("basePath", "").rstrip("/") + path
        result = {"id": name, "method": method.upper(), "path": path, "path_params": {}, "query": {}}
        for parameter in map(self.at, parameters):
            if parameter["in"] == "path":
                result["path_params"][parameter["name"]] = schema_of(without_place(parameter))
            elif parameter["in"] == "query":
                result["query"][parameter["name"]] = query_parameter(parameter)
            elif parameter["in"] == "body":
                result["body"] = {
                    "content_type": next(iter(operation.get("consumes") or self.document.get("consumes") or JSON)),
                    "required": bool(parameter.get("required")),
                    "schema": schema_of(parameter["schema"]),
                }
        result["answers"] = {status: self.answer(one) for status, one in operation["responses"].items()}
        return result

    def answer(self, response):
        response = self.at(response)
        result = {}
        if response.get("schema", {"type": "file"}).get("type") != "file":
            result["schema"] = schema_of(response["schema"])
        _, example = preferred(response.get("examples", {}))
        if example:
            result["example"] = shortened(example)
        return result


JSON = ["application/json"]
SEPARATORS = {"csv": ",", "ssv": " ", "pipes": "|"}


def query_parameter(parameter):
    result = {"schema": schema_of(without_place(parameter))}
    if parameter.get("required"):
        result["required"] = True
    if parameter.get("type") == "array" and parameter.get("collectionFormat", "csv") != "multi":
        result["separator"] = SEPARATORS[parameter.get("collectionFormat", "csv")]
    return result


def without_place(parameter):
    return {key: value for key, value in parameter.items() if key not in ("name", "in", "collectionFormat")}
