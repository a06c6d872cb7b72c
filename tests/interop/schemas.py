"""Compares the library's check of JSON Schemas with Python's jsonschema, for
the suite `stock`: schemas.py LIBRARY [SEED]

Run by the Python of an environment that holds jsonschema.  The schemas and the
values are random; the same seed gives the same.  mcp_tool_check_arguments()
says what the library makes of them.  The last line has the counts; a
difference is printed and ends the program with 1.

schemas.py serve FILE is the server that lists the tools.
"""

import ctypes
import json
import os
import random
import sys
import tempfile

SCHEMAS, VALUES = 1500, 8
OK, MISMATCH = 0, 67
DRAFTS = {
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
NAMES = ["a", "b", "c", "ab", "x-1", "", "\u00e9", "~/", "$ref"]
TEXTS = ["", "a", "ab", "abc", "x-1", "\u00e9", "\u65e5\u672c", "\U0001f600", "10", "A B",
         "a\nb", "a\0b", "\"\\"]
NUMBERS = [0, 1, 2, 3, -1, 5, 10, 1.0, 1.5, -0.0, 2.5, 0.5, 1e3, 100, 12345678901234567890, 1e30,
           0.1, 0.3, -7]
# Of the patterns that Python and ECMA-262 read alike.
PATTERNS = ["^a", "b$", "^[a-z]+$", "^x-", ".", "^$", "a|b", "^(ab)*$", r"^\d+$", "[^a]", "^.{2}$",
            r"\-", "^a{1,2}$"]
TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"]


def value_of(rand, depth=0):
    kind = rand.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return rand.choice([None, True, False])
    if kind < 4:
        return rand.choice(NUMBERS)
    if kind < 6:
        return rand.choice(TEXTS)
    if kind == 6:
        return [value_of(rand, depth + 1) for _ in range(rand.randrange(4))]
    return {rand.choice(NAMES): value_of(rand, depth + 1) for _ in range(rand.randrange(4))}


def schema_of(rand, draft, depth=0):
    if rand.random() < 0.12 or depth > 4:
        return rand.choice([True, True, False, {}])

    def sub():
        return schema_of(rand, draft, depth + 1)

    def subs():
        return [sub() for _ in range(rand.randrange(1, 4))]

    def named():
        return {rand.choice(NAMES[:-1]): sub() for _ in range(rand.randrange(3))}

    def names():
        return rand.sample(NAMES, 2)

    def number():
        return rand.choice(NUMBERS)

    def count():
        return rand.randrange(4)

    known = {
        "type": lambda: rand.choice([rand.choice(TYPES), rand.sample(TYPES, 2)]),
        "enum": lambda: [value_of(rand, 1) for _ in range(rand.randrange(1, 4))],
        "const": lambda: value_of(rand, 1),
        "minimum": number, "maximum": number,
        "exclusiveMinimum": number, "exclusiveMaximum": number,
        "multipleOf": lambda: rand.choice([1, 2, 0.5, 3, 2.5, 1.0]),
        "minLength": count, "maxLength": count, "minItems": count, "maxItems": count,
        "minProperties": count, "maxProperties": count,
        "pattern": lambda: rand.choice(PATTERNS),
        "uniqueItems": lambda: rand.choice([True, True, False]),
        "required": lambda: rand.sample(NAMES, rand.randrange(3)),
        "properties": named, "additionalProperties": sub, "propertyNames": sub,
        "patternProperties": lambda: {rand.choice(PATTERNS): sub()},
        "contains": sub, "items": sub,
        "allOf": subs, "anyOf": subs, "oneOf": subs, "not": sub,
        "$ref": lambda: rand.choice(["#/$defs/p", "#/$defs/q"]),
        "title": lambda: "t", "default": lambda: value_of(rand), "format": lambda: "email",
    }
    if draft != 6:
        known.update({"if": sub, "then": sub, "else": sub})
    if draft < 2019:
        known["dependencies"] = lambda: {rand.choice(NAMES): rand.choice([sub, names])()}
    else:
        known.update({"minContains": count, "maxContains": count, "dependentSchemas": named,
                      "dependentRequired": lambda: {rand.choice(NAMES): names()}})
    if draft < 2020:
        known["items"] = rand.choice([sub, subs])
    else:
        # For draft 2019-09, jsonschema takes what "contains" found as evaluated.
        known.update({"prefixItems": subs, "unevaluatedItems": sub,
                      "unevaluatedProperties": sub})
    schema = {}
    for name in rand.sample(sorted(known), rand.choice([1, 1, 2, 2, 3, 4])):
        schema[name] = known[name]()
    if "if" in schema:
        schema.update({"then": sub(), "else": sub()})
    if isinstance(schema.get("items"), list) and draft < 2020:
        schema["additionalItems"] = sub()
    return schema


def without_references(schema):
    if isinstance(schema, dict):
        return {name: without_references(its) for name, its in schema.items() if name != "$ref"}
    if isinstance(schema, list):
        return [without_references(its) for its in schema]
    return schema


def serve(path):
    with open(path, encoding="utf-8") as file:
        tools = file.read()
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        answer = "\"error\":{\"code\":-32601,\"message\":\"no such method\"}"
        if request["method"] == "initialize":
            answer = "\"result\":" + json.dumps(
                {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                 "serverInfo": {"name": "schemas", "version": "1"}})
        elif request["method"] == "tools/list":
            answer = "\"result\":" + tools
        print("{\"jsonrpc\":\"2.0\",\"id\":%s,%s}" % (json.dumps(request["id"]), answer),
              flush=True)


def compare(library, seed):
    import jsonschema

    lib = ctypes.CDLL(library)
    lib.mcp_client_new_stdio.restype = ctypes.c_void_p
    lib.mcp_result_tool.restype = ctypes.c_void_p
    lib.mcp_error_message.restype = ctypes.c_char_p
    rand = random.Random(seed)
    roots = []
    for _ in range(SCHEMAS):
        draft = rand.choice(list(DRAFTS))
        roots.append({
            "$schema": DRAFTS[draft],
            "properties": {"v": schema_of(rand, draft)},
            "$defs": {name: without_references(schema_of(rand, draft, 2)) for name in "pq"}})
        if draft == 2020 and rand.random() < 0.5:
            del roots[-1]["$schema"]
    tools = [{"name": "t%d" % at, "inputSchema": root} for at, root in enumerate(roots)]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"tools": tools}, file)
        file.flush()
        command = [sys.executable, os.path.abspath(__file__), "serve", file.name]
        argv = (ctypes.c_char_p * 5)(*[os.fsencode(part) for part in command], None)
        client, listed = ctypes.c_void_p(lib.mcp_client_new_stdio(argv)), ctypes.c_void_p()
        status = lib.mcp_list_tools(client, ctypes.byref(listed))
        assert status == OK, lib.mcp_error_message(None)
    counts = {OK: 0, MISMATCH: 0}
    for at, root in enumerate(roots):
        tool = ctypes.c_void_p(lib.mcp_result_tool(listed, ctypes.c_size_t(at)))
        kind = jsonschema.validators.validator_for(root, default=jsonschema.Draft202012Validator)
        validator = kind(root)
        for _ in range(VALUES):
            value = {"v": value_of(rand)}
            text = json.dumps(value, ensure_ascii=rand.random() < 0.5)
            found = lib.mcp_tool_check_arguments(tool, text.encode())
            wanted = OK if validator.is_valid(value) else MISMATCH
            if found != wanted:
                sys.exit("seed %d: status %d (%s), not %d:\n%s\n%s" % (
                    seed, found, (lib.mcp_error_message(None) or b"").decode() if found else "",
                    wanted, json.dumps(root), text))
            counts[found] += 1
    lib.mcp_result_free(listed)
    lib.mcp_client_free(client)
    print("%d match, %d do not" % (counts[OK], counts[MISMATCH]))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        compare(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
