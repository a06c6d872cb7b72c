"""How tools and descriptions are shown."""

import fcntl
import json
import struct
import termios
import time

from common import Terminal, call, check, suite
from scripted import ScriptedServer

LONG = "word " * 40 + "end"
# An argument's schema, and how the list shows it if it is optional.
ARGUMENTS = [
    ({"type": "string"}, "string"),
    ({"type": "integer", "default": 10}, "integer, 10"),
    ({"type": "string", "enum": ["open", "closed"]}, "open|closed"),
    ({"enum": ["open", "closed"], "default": "open"}, "open|closed, open"),
    ({"enum": [1, 2.5, True, None, "x"]}, "1|2.5|true|null|x"),
    ({"enum": ["two words", "", "a|b"]}, '"two words"|""|"a|b"'),
    ({"const": "fixed"}, "fixed"),
    ({"type": "string", "const": 5}, "5"),
    ({"type": ["string", "null"]}, "string|null"),
    ({"type": ["string", "null"], "default": None}, "string|null"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}, "integer|null"),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 7}, "integer|null, 7"),
    ({"anyOf": [{"type": "string"}, {"type": "string", "format": "uri"}]}, "string"),
    ({"oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]}, "s|l"),
    ({"anyOf": [{"enum": ["a", "b"]}, {"type": "integer"}]}, "a|b|integer"),
    ({"allOf": [{"description": "d"}, {"type": "boolean"}]}, "boolean"),
    ({"type": "array"}, "array"),
    ({"type": "array", "items": {"type": "string"}}, "string[]"),
    ({"type": "array", "items": {"type": "string"}, "default": ["a"]}, 'string[], ["a"]'),
    ({"items": {"type": "array", "items": {"type": "number"}}}, "number[][]"),
    ({"type": "array", "items": {"type": ["string", "null"]}}, "(string|null)[]"),
    ({"type": "array", "items": {"enum": ["a", "b"]}}, "(a|b)[]"),
    ({"type": "array", "items": {"$ref": "#/$defs/state"}}, "(on|off)[]"),
    ({"$ref": "#/$defs/state"}, "on|off"),
    ({"$ref": "#/$defs/state", "default": "on"}, "on|off, on"),
    ({"$ref": "#/$defs/limit"}, "integer, 3"),
    ({"$ref": "#/$defs/none"}, "value"),
    ({"$ref": "https://example.com/"}, "value"),
    ({"$ref": "#/$defs/circle"}, "value"),
    ({"$ref": "#/$defs/tree"}, "{[children=object[]]}"),
    ({"type": "object"}, "object"),
    ({"type": "object", "default": {}}, "object, {}"),
    ({"type": "object", "required": ["x"], "properties": {
        "x": {"type": "number"}, "y": {"type": "number"}}}, "{x=number [y=number]}"),
    ({"properties": {"x": {"type": "number"}}}, "{[x=number]}"),
    ({"type": "object", "properties": {"a_long_name_%d" % i: {} for i in range(9)}}, "object"),
    ({"type": "string", "default": ""}, 'string, ""'),
    ({"type": "string", "default": "two words"}, 'string, "two words"'),
    ({"type": "boolean", "default": False}, "boolean, false"),
    ({"default": 5}, "value, 5"),
    ({}, "value"), (True, "value"), (None, "value"), (7, "value"), ([], "value"),
    ({"type": 5, "enum": 7, "anyOf": {}, "items": "x"}, "array"),
    ({"enum": []}, "value"),
    ({"type": "string", "enum": ["value%d" % i for i in range(100)]},
     "|".join("value%d" % i for i in range(13)) + "|..."),
    ({"enum": ["one", "x" * 120, "three"]}, "one|..."),
    ({"enum": ["x" * 49, "y" * 50]}, "x" * 49 + "|" + "y" * 50),
    ({"anyOf": [{"enum": ["value%d" % i for i in range(100)]}, {"type": "integer"}]},
     "|".join("value%d" % i for i in range(13)) + "|..."),
    ({"type": "array", "items": {"enum": ["value%d" % i for i in range(100)]}}, "array"),
    ({"const": "x" * 120}, "x" * 104 + "..."),
    ({"type": "\u001b[31mred"}, " [31mred"),
]
DEFINITIONS = {"state": {"enum": ["on", "off"]}, "limit": {"type": "integer", "default": 3},
               "circle": {"$ref": "#/$defs/circle"},
               "tree": {"type": "object", "properties": {"children": {
                   "type": "array", "items": {"$ref": "#/$defs/tree"}}}}}
# A description, and its lines as the list shows them where there is no terminal.
DESCRIPTIONS = [
    ("One line.", ["One line."]),
    ("\n    Indented, as Python has it.\n\n    Args:\n        a: the first\n    ",
     ["Indented, as Python has it.", "", "Args:", "    a: the first"]),
    ("\r\n\r\nFirst.\r\nSecond.\r\n\r\n\r\n\r\nThird.  \r\n", ["First.", "Second.", "", "Third."]),
    ("First.\n    Second.\n    Third.", ["First.", "Second.", "Third."]),
    ("\tTab.\n\t\tMore.", ["Tab.", "More."]),
    ("\n\tTab.\n\t\tMore.", ["Tab.", "        More."]),
    ("a\rb", ["a", "b"]), (LONG, [LONG]), ("\n \n\t\n", []), ("", []),
    ("\x1b[31mred\x07\u202e", [" [31mred  "]),
]


def tool(**members):
    return dict({"name": "show", "inputSchema": {"type": "object"}}, **members)


def listed(server, *made):
    return server.url({"results": {"tools/list": {"tools": list(made)}}})


def arguments(server):
    for number, (schema, shown) in enumerate(ARGUMENTS):
        for must_be in (False, True):
            url = listed(server, tool(inputSchema={
                "type": "object", "properties": {"a": schema, "z": {"type": "null"}},
                "required": ["a"] if must_be else [], "$defs": DEFINITIONS}))
            done = call("tools", url)
            kind = shown.split(", ")[0] if must_be else shown
            wanted = "show a=%s [z=null]\n" % kind if must_be else "show [a=%s] [z=null]\n" % kind
            suite.check("an argument is shown as %s, %s" % (shown, must_be), done.returncode == 0
                        and done.stdout == wanted, (json.dumps(schema), done))
        done = call("tools", url, "show")
        suite.check("and in full, %d" % number, done.returncode == 0 and "\n    a=" in done.stdout
                    and "required" in done.stdout, done)


def descriptions(server):
    for text, lines in DESCRIPTIONS:
        wanted = "".join("    %s\n" % line if line else "\n" for line in lines)
        url = listed(server, tool(description=text), tool(name="next"))
        done = call("tools", url)
        suite.check("the description %s" % ascii(text[:40]),
                    done.stdout == "show\n%snext\n" % wanted, ascii(done.stdout))
        done = call("tools", url, "show")
        suite.check("and in full", done.stdout.startswith("show\n" + wanted), ascii(done.stdout))
    item = {"uri": "a://", "name": "p", "description": "\nFirst.\nSecond."}
    for command, method, member in [("resources", "resources/list", "resources"),
                                    ("prompts", "prompts/list", "prompts")]:
        url = server.url({"results": {method: {member: [item]}}})
        check("%s shows whole descriptions" % command, call(command, url), 0,
              "\n    First.\n    Second.\n")


def on_terminal(width, *words):
    """What the client shows on a terminal of that width."""
    one = Sized(width, *words)
    return one.end(), one.text.replace("\r\n", "\n")


class Sized(Terminal):
    """A terminal that has a width before the client starts."""

    def __init__(self, width, *words, **variables):
        self.width = width
        super().__init__(*words, **variables)

    def prepare(self):
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, self.width, 0, 0))


WRAPPED = [
    ("word " * 60, 1),
    ("- " + "item " * 40 + "\n- second", 1),
    ("\n    Indented.\n\n        " + "deep " * 40, 1),
    ("\u4e2d\u6587\uff0c" * 60, 2), ("e\u0301a\u0308 " * 80, 1), ("\U0001f680 go " * 30, 2),
]


def columns(line):
    """The columns of a line, for the characters of the texts above."""
    return sum(0 if char in "\u0301\u0308" else 2 if char > "\u2fff" else 1 for char in line)


def wrapping(server):
    for text, _ in WRAPPED:
        for width in (20, 40, 80, 133):
            url = listed(server, tool(description=text))
            code, shown = on_terminal(width, "tools", url)
            lines = shown.splitlines()
            suite.check("%s on %d columns" % (ascii(text[:12]), width), code == 0
                        and max(columns(line) for line in lines) <= width
                        and all(line.startswith("    ") or not line for line in lines[1:])
                        and "".join(shown.split())[4:] == "".join(text.split())
                        and len(lines) < 8000 / width, ascii(shown))
    code, shown = on_terminal(40, "tools", listed(server, tool(description="- one " + "two " * 20)))
    suite.check("an item of a list hangs", "\n      two" in shown, shown)
    address = "https://example.com/" + "x" * 60
    code, shown = on_terminal(40, "tools", listed(server, tool(description="See " + address + " .")))
    suite.check("an address is not broken", address in shown, shown)
    many = {"argument%d" % number: {"type": "string"} for number in range(12)}
    text = "A sentence that was broken for another\nwidth goes on here.\n" \
        "It ends.\nAnd\nothers stay."
    code, shown = on_terminal(34, "tools", listed(server, tool(description=text)))
    suite.check("a sentence that is broken goes on", shown.splitlines()[1:] == [
        "    A sentence that was broken for", "    another width goes on here.",
        "    It ends.", "    And", "    others stay."], shown)
    text = "Args for a function that has many:\n    first: is a long description of it\n" \
        "    second: is another\n    - third\n      x\n" \
        "```\ncommand with many words on its line\nnext\n```"
    code, shown = on_terminal(36, "tools", listed(server, tool(description=text)))
    suite.check("but not what is another item", "\n        second: is another\n        - third\n"
                "          x\n" in shown and "\n    next\n" in shown, shown)
    code, shown = on_terminal(60, "tools", listed(server, tool(
        inputSchema={"type": "object", "properties": many})))
    lines = shown.splitlines()
    suite.check("arguments are not broken", len(lines) > 3 and max(map(len, lines)) <= 60
                and lines[1].startswith(" " * 8 + "[argument") and shown.count("=string]") == 12, shown)
    one = Sized(100, "tools", listed(server, tool(description=LONG)), COLUMNS="50")
    code, shown = one.end(), one.text
    suite.check("COLUMNS counts more than the terminal",
                40 < max(map(len, shown.split("\r\n"))) <= 50, shown)
    code, shown = on_terminal(0, "tools", listed(server, tool(description=LONG)))
    suite.check("a terminal without a width has 80 columns",
                70 < max(map(len, shown.splitlines())) <= 80, shown)


FULL = tool(
    title="Shows\nall", description="\nWhat it does.\n\nAnd more.",
    annotations={"readOnlyHint": True, "title": "t\u202e"}, execution={"taskSupport": "optional"},
    outputSchema={"type": "object", "required": ["sum"], "properties": {
        "sum": {"type": "number", "description": "The sum."}}},
    inputSchema={
        "type": "object", "required": ["owner", "filter"], "$defs": {
            "filter": {"type": "object", "required": ["state"], "properties": {
                "state": {"enum": ["open", "closed"], "description": "Which."},
                "more": {"$ref": "#/$defs/filter"}}},
            "item": {"type": "object", "properties": {"id": {"type": "integer", "minimum": 1}}}},
        "properties": {
            "owner": {"type": "string", "description": "Who owns it.\nA name.", "minLength": 1,
                      "title": "Owner"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
            "ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1,
                      "multipleOf": 0.25},
            "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 5,
                     "title": "The code"},
            "when": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
                     "default": None, "title": "When"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3,
                     "uniqueItems": True, "deprecated": True},
            "pair": {"type": "array", "minItems": 2, "maxItems": 2},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "maxItems": 1},
            "filter": {"$ref": "#/$defs/filter"}}})
SHOWN = """show
    Shows
    all

    What it does.

    And more.

Arguments:
    owner=string, at least 1 character, required
        Who owns it.
        A name.
    limit=integer, 1 to 100, default 10
    ratio=number, more than 0, less than 1, a multiple of 0.25
    code=string, 2 to 5 characters, pattern ^[a-z]+$
        The code
    when=string|null, format date-time, default null
    tags=string[], 1 to 3 items, each only once, deprecated
    pair=array, 2 items
    items=object[], at most 1 item
        id=integer, at least 1
    filter=object, required
        state=open|closed, required
            Which.
        more=object

Output:
    sum=number, required
        The sum.

Annotations:
    readOnlyHint: true
    title: "t\\u202e"

Task: optional
"""


def reading(server):
    """A text without a line end leaves the prompt of a terminal on its own line."""
    for text, ends in [("no end", "\n"), ("an end\n", ""), ("", "")]:
        url = server.url({"results": {"resources/read": {"contents": [{"uri": "a:b", "text": text}]}}})
        code, shown = on_terminal(80, "read", url, "a:b")
        suite.check("read %s on a terminal" % ascii(text), (code, shown) == (0, text + ends),
                    ascii(shown))
        done = call("read", url, "a:b")
        suite.check("and into a pipe", (done.returncode, done.stdout) == (0, text), done)


def one_tool(server):
    url = listed(server, tool(name="other"), None, FULL)
    done = call("tools", url, "show")
    suite.check("tools URL NAME shows all of a tool", done.stdout == SHOWN and not done.stderr, done)
    done = call("--json", "tools", url, "show")
    suite.check("with --json what the server sent", json.loads(done.stdout) == FULL, done)
    done = call("tools", url, "other")
    suite.check("a tool with nothing", done.stdout == "other\n\nArguments: none\n", done)
    for schema in [{"type": "object", "required": ["b", "a", "b", 5]},
                   {"required": ["b", "a"], "properties": {"c": {}}, "type": "object"}]:
        other = listed(server, tool(inputSchema=schema, outputSchema={"type": "object"}))
        check("a required argument that is not described", call("tools", other), 0, " a=value b=value\n")
        check("and in full", call("tools", other, "show"), 0,
              "\n    a=value, required\n    b=value, required\n\nOutput: any object\n")
    check("a tool that is not there", call("tools", url, "nobody"), 1, 'no tool "nobody"',
          where="stderr")
    done = call("--json", "tools", url, "nobody")
    suite.check("with --json as well", done.returncode == 1
                and json.loads(done.stdout)["status"] == "MCP_E_NOT_FOUND", done)


def large(server):
    """Schemas that are large or refer to themselves take no time."""
    names = ["field%d" % number for number in range(40000)]
    last = "#/properties/" + names[-1]
    for name, properties in [
            ("references to the last", {one: {"$ref": last} for one in names[:-1]}),
            ("references in a row", {one: {"$ref": "#/properties/" + other}
                                     for one, other in zip(names, names[1:])}),
            ("references to all of it", {one: {"$ref": "#"} for one in names[:200]}),
            ("objects in objects", {one: {"$ref": "#"} for one in names[:30]}),
            ("parts with parts", {"a": {"anyOf": [{"anyOf": [{"anyOf": [{}] * 200}] * 200}] * 20}}),
            ("a long list", {"a": {"enum": list(range(400000))}}),
            ("a long list of the same", {"a": {"enum": ["x"] * 400000}}),
            ("many references to a large schema",
             {**{"p%d" % number: {"anyOf": [{"$ref": "#/properties/x"}] * 200}
                 for number in range(500)}, "x": dict.fromkeys(names, 0)}),
            ("long references", {
                "x": {"anyOf": [{"$ref": "#/properties/y"}, {"$ref": "#/properties/z"}] * 100},
                "y": {"$ref": "#/properties/" + "x" * 1000000},
                "z": {"$ref": "#/properties/" + "x" * 1000001}, "x" * 1000000: {},
                **{"p%d" % number: {"$ref": "#/properties/x"} for number in range(200)}})]:
        url = listed(server, tool(inputSchema={"type": "object", "properties": properties}))
        for words in [[], ["show"]]:
            begin = time.monotonic()
            done = call("tools", url, *words)
            took = time.monotonic() - begin
            suite.check("tools %s with %s" % (" ".join(words), name),
                        done.returncode == 0 and took < 25, (took, done.stderr[-300:]))
    parts = {"a": {"anyOf": [{"$ref": "#/$defs/b"}] * 200},
             "b": {"anyOf": [{"$ref": "#/$defs/c"}] * 200}, "c": {}}
    schema = {"type": "object", "$defs": parts,
              "properties": {"p%d" % number: {"$ref": "#/$defs/a"} for number in range(20)}}
    url = listed(server, *[tool(name="t%d" % number, inputSchema=schema) for number in range(200)])
    begin = time.monotonic()
    done = call("tools", url)
    took = time.monotonic() - begin
    suite.check("and many such tools take no time", done.returncode == 0 and took < 25
                and "t199 [p0=value]" in done.stdout, (took, done.stdout[-300:]))


def run_all():
    with ScriptedServer() as server:
        arguments(server)
        descriptions(server)
        wrapping(server)
        reading(server)
        one_tool(server)
        large(server)
