"""Forms of the server (elicitation) at a terminal: defaults, bounds, formats,
and what was typed before."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from common import Terminal, call, suite


def program(fields, required=(), **others):
    script = {"echoes": True, "question": {
        "message": "Please", "requestedSchema": dict(
            {"type": "object", "properties": fields, "required": list(required)}, **others)}}
    return ["--stdio", "--", sys.executable, "-S", "-E", os.path.join(HERE, "scripted.py"),
            json.dumps(script)]


def fill(name, fields, dialogue, wanted, required=(), words=(), absent=()):
    """Types the answers of a dialogue, each after its question. `wanted` is
    the content that the server gets, or "decline" or "cancel"."""
    one = Terminal("call", "x", *program(fields, required))
    asked = one.answer("Answer?", "\n")
    for question, typed in dialogue:
        one.text, shown = "", one.text
        asked = asked and one.answer(question, typed)
        one.text = shown + one.text
    code = one.end()
    text = {"action": wanted} if isinstance(wanted, str) else {"action": "accept",
                                                               "content": wanted}
    answer = json.dumps(text, separators=(",", ":"))
    lacking = [word for word in (answer, *words) if word not in one.text]
    suite.check("form: " + name, asked and code == 0 and not lacking
                and not [word for word in absent if word in one.text],
                "exit %s, lacks %s\n%s" % (code, lacking, one.text))


STRING, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
YES = {"type": "boolean"}


def values():
    fill("a text, a number, a whole number and a boolean",
         {"a": STRING, "b": NUMBER, "c": WHOLE, "d": YES},
         [("a (", "hi there\n"), ("b (", "1.5\n"), ("c (", "7\n"), ("d (y or n)", "n\n")],
         {"a": "hi there", "b": 1.5, "c": 7, "d": False})
    for typed, value in [("y", True), ("Yes", True), ("TRUE", True), ("n", False), ("No", False),
                         ("false", False)]:
        fill("a boolean is " + typed, {"d": YES}, [("d (", typed + "\n")], {"d": value})
    fill("Enter leaves an optional field out", {"a": STRING, "b": WHOLE, "c": WHOLE},
         [("a (", "\n"), ("b (", "\n"), ("c (", "1\n")], {"c": 1})
    fill("a required field is asked for again", {"a": STRING},
         [("required)", "\n"), ("is required", "x\n")], {"a": "x"}, ["a"])
    fill('"" is an empty text', {"a": STRING}, [("required)", '""\n')], {"a": ""}, ["a"])
    fill("a type may be null as well", {"a": {"type": ["null", "integer"]},
                                        "b": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
         [("a (integer", "3\n"), ("b (y or n", "y\n")], {"a": 3, "b": True})


def defaults():
    for kind, default, shown in [
            (STRING, "Ada", "Ada"), (WHOLE, 42, "42"), (NUMBER, 0.5, "0.5"), (YES, True, "y"),
            (YES, False, "n"), ({"type": "string", "enum": ["a", "b"]}, "b", "b"),
            ({"type": "array", "items": {"enum": ["a", "b", "c"]}}, ["a", "c"], "a, c")]:
        fill("Enter takes the default %s" % json.dumps(default), {"f": dict(kind, default=default)},
             [("[%s] > " % shown, "\n")], {"f": default}, ["f"])
    fill("another value replaces a default", {"f": dict(WHOLE, default=42)}, [("[42] >", "43\n")],
         {"f": 43})
    fill("a default that does not fit is not offered", {"f": dict(WHOLE, default=42, maximum=10)},
         [("f (", "\n"), ("is required", "3\n")], {"f": 3}, absent=["[42]"])


def bounds():
    for field, wrong, words, right, value in [
            (dict(WHOLE, maximum=10), "11", "must be at most 10", "10", 10),
            (dict(WHOLE, minimum=18), "17", "must be at least 18", "18", 18),
            (dict(NUMBER, minimum=0.5), "0.25", "must be at least 0.5", "0.5", 0.5),
            (dict(NUMBER, exclusiveMinimum=0), "0", "must be more than 0", "0.5", 0.5),
            (dict(NUMBER, exclusiveMaximum=1), "1", "must be less than 1", "0.5", 0.5),
            (WHOLE, "1.5", "must be a whole number", "2", 2),
            (WHOLE, "two", "must be a whole number", "2", 2),
            (NUMBER, "two", "must be a number", "2", 2),
            (YES, "maybe", "must be y or n", "y", True),
            (dict(STRING, minLength=3), "\u00e9\u00e9", "must have at least 3 characters",
             "\u00e9\u00e9\u00e9", "\u00e9\u00e9\u00e9"),
            (dict(STRING, maxLength=3), "abcd", "must have at most 3 characters", "abc", "abc"),
            (dict(STRING, format="email"), "ann", "must be an email address", "a@b.org", "a@b.org"),
            (dict(STRING, format="uri"), "example", "must be an address", "a:b", "a:b"),
            (dict(STRING, format="date"), "2025-02-30", "must be a date", "2024-02-29",
             "2024-02-29"),
            (dict(STRING, format="date-time"), "2025-11-25", "must be a date and time",
             "2025-11-25T10:00:00.5+01:00", "2025-11-25T10:00:00.5+01:00"),
            (dict(STRING, enum=["red", "green"]), "blue", "must be one of those", "green", "green"),
            ({"type": "array", "items": {"enum": ["a", "b", "c"]}, "maxItems": 2}, "1,2,3",
             "must have at most 2 values", "1,b", ["a", "b"]),
            ({"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2}, "a,a",
             "must have at least 2 values", "c, a", ["c", "a"])]:
        fill("%s is refused by %s" % (wrong, json.dumps(field)), {"f": field},
             [("f (", wrong + "\n"), (words, right + "\n")],
             {"f": value})


def choices():
    titled = {"type": "string", "oneOf": [{"const": "s", "title": "Small"},
                                          {"const": "l", "title": "Large"}]}
    for typed in ["2", "l", "L", "Large", "large"]:
        fill("a choice is named as " + typed, {"f": titled}, [("2) l - Large", typed + "\n")],
             {"f": "l"})
    fill("names in enumNames", {"f": {"type": "string", "enum": ["x", "y"],
                                      "enumNames": ["Ex", "Why"]}},
         [("2) y - Why", "why\n")], {"f": "y"})
    fill("choices that are numbers", {"f": {"enum": [10, 20]}}, [("2) 20", "20\n")], {"f": 20})
    fill("a value counts before a number", {"f": {"type": "string", "enum": ["2", "1"]}},
         [("2) 1", "1\n")], {"f": "1"})


def kept():
    fields = {"a": STRING, "b": dict(WHOLE, maximum=10), "c": YES}
    fill("what was typed is kept when a field fails and when the person goes back", fields,
         [("a (", "first\n"), ("b (", "11\n"), ("at most 10", "<\n"), ("[first] >", "\n"),
          ("b (", "9\n"), ("c (", "<\n"), ("[9] >", "<\n"), ("[first] >", "second\n"),
          ("[9] >", "\n"), ("c (", "y\n")], {"a": "second", "b": 9, "c": True})
    fill("- forgets it", {"a": STRING, "b": YES},
         [("a (", "x\n"), ("b (", "<\n"), ("[x] >", "-\n"), ("b (", "y\n")], {"b": True})
    fill("back from the first field is the question, which can be declined", {"a": STRING},
         [("a (", "<\n"), ("Answer?", "n\n")], "decline")
    fill("Ctrl-D cancels in the middle", {"a": STRING, "b": STRING},
         [("a (", "x\n"), ("b (", "\x04")], "cancel", words=["Ctrl-D cancels", "n declines"])


CAPABILITIES = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    params = message.get("params", {})
    if message["method"] == "server/discover":
        answer = {"error": {"code": -32601, "message": "no"}}
    elif message["method"] == "initialize":
        with open(sys.argv[1], "a") as log:
            log.write(json.dumps(params["capabilities"], sort_keys=True) + "\\n")
        answer = {"result": {"protocolVersion": "2025-11-25", "serverInfo": {"name": "s"},
                             "capabilities": {"tools": {"listChanged": True}, "prompts": {},
                                              "resources": {}, "completions": {}}}}
    else:
        answer = {"result": {"tools": [], "contents": [], "messages": [], "content": [],
                             "completion": {"values": []}, "prompts": [], "resources": []}}
    if "id" in message:
        print(json.dumps(dict(answer, jsonrpc="2.0", id=message["id"])), flush=True)
"""

COMMANDS = [["ping"], ["info"], ["tools"], ["call", "x", "a=1"], ["resources"], ["read", "a:b"],
            ["prompts"], ["prompt", "x"], ["complete", "prompt", "p", "a", "v"],
            ["request", "tools/list"]]


def capabilities(folder):
    """Every command declares the same, and elicitation only at a terminal."""
    for is_terminal in (False, True):
        path = os.path.join(folder, "declared-%d" % is_terminal)
        end = ["--stdio", "--", sys.executable, "-c", CAPABILITIES, path]
        for words in COMMANDS:
            if is_terminal:
                Terminal(*words, *end).end()
            else:
                call(*words, *end)
        with open(path, encoding="utf-8") as file:
            declared = file.read().splitlines()
        suite.check("every command declares the same, terminal %d" % is_terminal,
                    len(declared) == len(COMMANDS) and len(set(declared)) == 1, declared)
        suite.check("elicitation is declared only at a terminal, %d" % is_terminal,
                    ("elicitation" in declared[0]) == is_terminal, declared[:1])


def run_all(folder):
    values()
    defaults()
    bounds()
    choices()
    kept()
    capabilities(folder)
