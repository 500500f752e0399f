"""Writes the JSON Schemas of this folder from the vendors' own packages. How to run it: README.md."""

import json
import re
from pathlib import Path

import googleapiclient
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from google.ai.generativelanguage_v1beta import types as google_types
from google.protobuf.descriptor import FieldDescriptor
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import TypeAdapter

HERE = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Members of unions that Patchwork never sends (tools that run at the vendor, audio, what a model's answer holds beside
# texts and calls): a request with one of them is refused, and the files stay small.
OPENAI_CHAT_LEFT_OUT = {
    "ChatCompletionContentPartInputAudioParam",
    "ChatCompletionFunctionMessageParam",
    "ChatCompletionCustomToolParam",
    "ChatCompletionMessageCustomToolCallParam",
    "ChatCompletionNamedToolChoiceCustomParam",
}
OPENAI_RESPONSES_KEPT = {
    "input": {
        "EasyInputMessageParam",
        "Message",
        "ResponseOutputMessageParam",
        "ResponseFunctionToolCallParam",
        "FunctionCallOutput",
        "ResponseReasoningItemParam",
    },
    "tools": {"FunctionToolParam"},
    "tool_choice": {"ToolChoiceFunctionParam", "ToolChoiceAllowedParam"},
}
ANTHROPIC_KEPT = {
    "tools": {"ToolParam"},
    "content": {
        "TextBlockParam",
        "ImageBlockParam",
        "DocumentBlockParam",
        "ThinkingBlockParam",
        "RedactedThinkingBlockParam",
        "ToolUseBlockParam",
        "ToolResultBlockParam",
    },
}

# What the vendors' references say of numbers and names, and the types cannot.
NAME = {"pattern": "^[a-zA-Z0-9_-]{1,64}$"}
OPENAI_BOUNDS = {
    "temperature": {"minimum": 0, "maximum": 2},
    "top_p": {"minimum": 0, "maximum": 1},
    "top_logprobs": {"minimum": 0, "maximum": 20},
    "frequency_penalty": {"minimum": -2, "maximum": 2},
    "presence_penalty": {"minimum": -2, "maximum": 2},
    "n": {"minimum": 1, "maximum": 128},
    "messages": {"minItems": 1},
    "max_output_tokens": {"minimum": 16},
    "max_completion_tokens": {"minimum": 1},
    "max_tokens": {"minimum": 1},
}
# Taken out of the SDK with 1.0, as newer models refuse them; older models take them still (types of 0.125.0).
ANTHROPIC_SAMPLING = {"temperature": {"type": "number"}, "top_p": {"type": "number"}, "top_k": {"type": "integer"}}
ANTHROPIC_BOUNDS = {
    "temperature": {"minimum": 0, "maximum": 1},
    "top_p": {"minimum": 0, "maximum": 1},
    "max_tokens": {"minimum": 1},
    "messages": {"minItems": 1},
}


def main():
    chat = of_typed_dict(CompletionCreateParamsStreaming, OPENAI_BOUNDS)
    chat["properties"]["stop"] = {"anyOf": [{"type": ["string", "null"]}, array_of_texts(4)]}
    for name in ("FunctionDefinition", "Function", "ChatCompletionFunctionCallOptionParam", "JSONSchema"):
        bound(chat["$defs"].get(name), "name", NAME)
    drop(chat, lambda name, _: name not in OPENAI_CHAT_LEFT_OUT)
    write("openai-chat.json", chat)

    responses = of_typed_dict(ResponseCreateParamsStreaming, OPENAI_BOUNDS)
    for name in ("FunctionToolParam", "ResponseFormatTextJSONSchemaConfigParam"):
        bound(responses["$defs"][name], "name", NAME)
    for name in ("ResponseFunctionToolCallParam", "FunctionCallOutput"):
        bound(responses["$defs"][name], "call_id", {"minLength": 1, "maxLength": 64})
    drop(responses, keeper(OPENAI_RESPONSES_KEPT))
    # Only a stored prompt goes without them.
    responses["required"] = ["model", "input"]
    write("openai-responses.json", responses)

    anthropic = of_typed_dict(MessageCreateParamsStreaming, ANTHROPIC_BOUNDS, ANTHROPIC_SAMPLING)
    bound(anthropic["$defs"]["ToolParam"], "name", {"pattern": "^[a-zA-Z0-9_-]{1,128}$"})
    for name, key in (("ToolUseBlockParam", "id"), ("ToolResultBlockParam", "tool_use_id")):
        bound(anthropic["$defs"][name], key, {"pattern": "^[a-zA-Z0-9_-]+$"})
    bound(anthropic["$defs"]["TextBlockParam"], "text", {"minLength": 1})
    drop(anthropic, keeper(ANTHROPIC_KEPT))
    write("anthropic.json", anthropic)

    vertex = of_discovery("aiplatform.v1.json", "GoogleCloudAiplatformV1GenerateContentRequest")
    gemini = of_message(google_types.GenerateContentRequest.pb().DESCRIPTOR)
    # Newer than the package; the same type has it in the description of Vertex AI.
    thinking = next(name for name in vertex["$defs"] if name.endswith("GenerationConfigThinkingConfig"))
    levels = vertex["$defs"][thinking]["properties"]["thinkingLevel"]
    gemini["$defs"]["ThinkingConfig"]["properties"].setdefault("thinkingLevel", levels)
    # Google's own examples write the types of schemas in small letters too.
    for kind in (gemini["$defs"]["Schema"], vertex["$defs"]["GoogleCloudAiplatformV1Schema"]):
        names = kind["properties"]["type"]
        names["enum"] = [*names["enum"], *(name.lower() for name in names["enum"][1:])]
    write("gemini.json", gemini)
    write("vertex.json", vertex)


def of_typed_dict(typed_dict, bounds, more=None):
    """The schema of a request type of OpenAI's or Anthropic's SDK, with fields that it lacks."""
    schema = closed(TypeAdapter(typed_dict).json_schema())
    schema["properties"] |= more or {}
    # A whole answer may be asked for as well.
    schema["properties"]["stream"] = {"type": ["boolean", "null"]}
    schema["required"].remove("stream")
    for key, limits in bounds.items():
        bound(schema, key, limits)
    return schema


def closed(schema, named=False):
    """Without prose, and with no room for fields that are not listed. `named`: the keys are names, not keywords."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if named:
        return {name: closed(one) for name, one in schema.items()}
    result = {}
    for key, value in schema.items():
        if key in ("title", "description", "default", "examples"):
            continue
        if key in ("enum", "const", "required"):
            result[key] = value
        else:
            result[key] = closed(value, named=key in ("properties", "$defs"))
    if "properties" in result:
        result.setdefault("additionalProperties", False)
    if result.get("additionalProperties") is True:
        del result["additionalProperties"]
    return simple(result)


def simple(schema):
    """Unions of plain types in one line; a list of known values beside any text says nothing."""
    members = schema.get("anyOf")
    if not members:
        return schema
    if {"type": "string"} in members:
        members = [m for m in members if m == {"type": "string"} or "enum" not in m and "const" not in m]
    if len(members) == 2 and members[1] == {"type": "null"} and isinstance(members[0].get("type"), str):
        nullable = {**members[0], "type": [members[0]["type"], "null"]}
        if "enum" in nullable:
            nullable["enum"] = [*nullable["enum"], None]
        if "const" not in nullable:
            return nullable
    if all(set(m) == {"type"} and isinstance(m["type"], str) for m in members):
        types = [m["type"] for m in members]
        return {"type": types[0] if len(types) == 1 else types}
    return {**schema, "anyOf": members}


def bound(schema, key, limits):
    if schema and key in schema["properties"]:
        schema["properties"][key] |= limits


def array_of_texts(most):
    return {"type": "array", "items": {"type": "string"}, "maxItems": most}


def keeper(kept):
    """Keeps of the unions under the named properties what is listed for them, of others everything."""
    return lambda name, key: key not in kept or name in kept[key]


def drop(schema, keep):
    """Takes members that are not kept out of unions of objects."""

    def walk(node, key):
        if isinstance(node, list):
            for one in node:
                walk(one, key)
        elif isinstance(node, dict):
            if "anyOf" in node:
                node["anyOf"] = [
                    m for m in node["anyOf"] if "$ref" not in m or keep(m["$ref"].rsplit("/", 1)[1], key)
                ]
            for name, one in node.items():
                if name == "properties":
                    for property_name, property_schema in one.items():
                        walk(property_schema, property_name)
                elif name != "$defs":
                    walk(one, key)

    walk(schema, None)
    for name, one in schema["$defs"].items():
        walk(one, None)


INTEGER_TYPES = {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32}
LONG_TYPES = {FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64}
NUMBER_TYPES = {FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE}
LONG = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^-?[0-9]+$"}]}
WELL_KNOWN = {
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.Duration": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?s$"},
    "google.protobuf.Timestamp": {"type": "string"},
    "google.protobuf.FieldMask": {"type": "string"},
}


def of_message(descriptor):
    """The schema of a protocol buffer's JSON form, with names as Google's references write them (lowerCamelCase)."""
    definitions = {}

    def of_field(field):
        if field.message_type and field.message_type.GetOptions().map_entry:
            return {"type": "object", "additionalProperties": of_value(field.message_type.fields_by_name["value"])}
        repeated = getattr(field, "is_repeated", None)
        if repeated is None:
            repeated = field.label == FieldDescriptor.LABEL_REPEATED
        value = of_value(field)
        return {"type": "array", "items": value} if repeated else value

    def of_value(field):
        if field.enum_type:
            return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
        if field.message_type:
            known = WELL_KNOWN.get(field.message_type.full_name)
            return dict(known) if known is not None else reference(field.message_type)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "pattern": "^[A-Za-z0-9+/_-]*={0,2}$"}
        if field.type == FieldDescriptor.TYPE_BOOL:
            return {"type": "boolean"}
        if field.type in LONG_TYPES:
            return LONG
        if field.type in INTEGER_TYPES:
            return {"type": "integer"}
        return {"type": "number" if field.type in NUMBER_TYPES else "string"}

    def reference(message):
        name = message.full_name.removeprefix("google.ai.generativelanguage.v1beta.")
        if name not in definitions:
            definitions[name] = {}
            definitions[name] |= of_object(message)
        return {"$ref": f"#/$defs/{name}"}

    def of_object(message):
        schema = {
            "type": "object",
            "properties": {field.json_name: of_field(field) for field in message.fields},
            "additionalProperties": False,
        }
        required = [f.json_name for f in message.fields if f.name in required_fields(message)]
        if required:
            schema["required"] = required
        # At most one of a choice.
        for choice in message.oneofs:
            names = [field.json_name for field in choice.fields]
            if len(names) > 1:
                pairs = [{"required": [a, b]} for at, a in enumerate(names) for b in names[at + 1 :]]
                schema.setdefault("not", {"anyOf": []})["anyOf"].extend(pairs)
        return schema

    root = of_object(descriptor)
    # The path has it.
    root["required"].remove("model")
    return {**root, "$defs": definitions}


def required_fields(message):
    """The package's descriptors hold no annotations; the documentation of its classes does."""
    _, of_package, name = message.full_name.partition("generativelanguage.v1beta.")
    if not of_package:
        return set()
    python_class = google_types
    for part in name.split("."):
        python_class = getattr(python_class, part)
    return set(re.findall(r"^ +(\w+) \([^\n]*\):\n +Required\.", python_class.__doc__ or "", re.MULTILINE))


def of_discovery(document, name):
    """The schema of a type in one of Google's discovery documents."""
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    types = json.loads((folder / document).read_text())["schemas"]
    definitions = {}

    def convert(node):
        if "$ref" in node:
            return reference(node["$ref"])
        kind = node["type"]
        if kind == "any":
            return {}
        if kind == "array":
            return {"type": "array", "items": convert(node["items"])}
        if kind == "object":
            return of_object(node)
        if node.get("format") in ("int64", "uint64"):
            return LONG
        schema = {"type": kind}
        if "enum" in node:
            schema["enum"] = node["enum"]
        if node.get("format") == "byte":
            schema["pattern"] = "^[A-Za-z0-9+/_-]*={0,2}$"
        if node.get("format") == "google-duration":
            schema["pattern"] = WELL_KNOWN["google.protobuf.Duration"]["pattern"]
        return schema

    def of_object(node):
        schema = {"type": "object"}
        if "properties" in node:
            schema["properties"] = {key: convert(value) for key, value in node["properties"].items()}
            required = [k for k, v in node["properties"].items() if v.get("description", "").startswith("Required.")]
            if required:
                schema["required"] = required
            schema["additionalProperties"] = False
        elif node.get("additionalProperties", {}).get("type", "any") != "any":
            schema["additionalProperties"] = convert(node["additionalProperties"])
        return schema

    def reference(name):
        if name not in definitions:
            definitions[name] = {}
            definitions[name] |= convert(types[name])
        return {"$ref": f"#/$defs/{name}"}

    return {**of_object(types[name]), "$defs": definitions}


def write(name, schema):
    """Only what is reachable, in a stable order, on one line."""
    needed, todo = set(), [{key: value for key, value in schema.items() if key != "$defs"}]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, dict):
            todo.extend(node.values())
            target = node.get("$ref")
            if isinstance(target, str) and (definition := target.rsplit("/", 1)[1]) not in needed:
                needed.add(definition)
                todo.append(schema["$defs"][definition])
    definitions = {key: schema["$defs"][key] for key in sorted(needed)}
    whole = {"$schema": DIALECT, **{k: v for k, v in schema.items() if k != "$defs"}, "$defs": definitions}
    (HERE / name).write_text(json.dumps(whole, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
