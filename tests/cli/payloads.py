"""Payloads of another type than the specification's, over HTTP and stdio: they
are shown as what they plainly mean, or the command fails."""

import base64
import subprocess

from careless import program
from common import CLIENT, call, environment, suite
from scripted import ScriptedServer

ECHO = {"name": "echo", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}
FIRST, SECOND = dict(ECHO, name="first"), dict(ECHO, name="second")
EVERY_BYTE = bytes(range(256))
URL_SAFE = base64.urlsafe_b64encode(EVERY_BYTE).decode()
CALL = ["call", "echo", "text=hi"]
TOOLS = {"tools/list": {"tools": [ECHO]}}


def results(command, **more):
    """A script in which the request of a command has this result."""
    method = {"call": "tools/call", "read": "resources/read", "prompt": "prompts/get",
              "complete": "completion/complete", "tools": "tools/list",
              "prompts": "prompts/list"}[command]
    return {"results": {**TOOLS, method: more}}


# A name, the command, the script, the exit status, and words that are shown.
CASES = [
    ("content a text", CALL, results("call", content="Oslo"), 0, ["Oslo"]),
    ("content an object", CALL, results("call", content={"type": "text", "text": "Oslo"}), 0, ["Oslo"]),
    ("content an array of texts", CALL, results("call", content=["Oslo", "Bergen"]), 0,
     ["Oslo", "Bergen"]),
    ("a text that is an object", CALL,
     results("call", content=[{"type": "text", "text": {"city": "Oslo"}}]), 0, ['"city"', "Oslo"]),
    ("content a number", CALL, results("call", content=7), 1, ["content", "a number"]),
    ("a result without content", CALL, results("call", success=True, configs=[1]), 0, ["configs"]),
    ("isError as a text", CALL,
     results("call", content=[{"type": "text", "text": "it failed"}], isError="true"), 1, ["it failed"]),
    ("isError 1", CALL,
     results("call", content=[{"type": "text", "text": "it failed"}], isError=1), 1, ["it failed"]),
    ("isError as the text false", CALL,
     results("call", content=[{"type": "text", "text": "well"}], isError="false"), 0, ["well"]),
    ("isError an array", CALL, results("call", content=[], isError=[]), 1, ["isError", "an array"]),
    ("contents a text", ["read", "x:1"], results("read", contents="Oslo"), 0, ["Oslo"]),
    ("contents a number", ["read", "x:1"], results("read", contents=7), 1, ["contents", "a number"]),
    ("messages a text", ["prompt", "p"], results("prompt", messages="Oslo"), 0, ["Oslo"]),
    ("a message's content a text", ["prompt", "p"],
     results("prompt", messages=[{"role": "user", "content": "Oslo"}]), 0, ["Oslo"]),
    ("messages a boolean", ["prompt", "p"], results("prompt", messages=True), 1, ["messages"]),
    ("values with wrong items", ["complete", "prompt", "p", "a", "v"],
     results("complete", completion={"values": ["Oslo", None, 7]}), 0, ["Oslo", "7"]),
    ("values a number", ["complete", "prompt", "p", "a", "v"],
     results("complete", completion={"values": 7}), 1, ["values"]),
    ("tools with wrong items", ["tools"],
     results("tools", tools=[None, ECHO, 7, "x", [], {}, {"name": None}, {"name": 5}]), 0, ["echo"]),
    ("tools an object", ["tools"], results("tools", tools={"echo": {}}), 1, ["tools", "an object"]),
    ("tools a text", ["tools"], results("tools", tools="echo"), 1, ["tools", "a string"]),
    ("prompts with odd arguments", ["prompts"], results("prompts", prompts=[
        {"name": "p"}, {"name": "q", "arguments": None, "description": None},
        {"name": "r", "arguments": [{"name": "a", "required": None}, {"name": "b", "required": "yes"},
                                    None]}]), 0, ["p", "q", "r"]),
    ("a cursor that is a number", ["tools"], {"pages": {"tools/list": {
        "null": {"tools": [FIRST], "nextCursor": 2}, "2": {"tools": [SECOND]}}}}, 0,
     ["first", "second"]),
    ("a cursor that is an object", ["tools"], {"pages": {"tools/list": {
        "null": {"tools": [FIRST], "nextCursor": {"p": [1]}}, '{"p": [1]}': {"tools": [SECOND]}}}}, 0,
     ["first", "second"]),
    ("an empty cursor for ever", ["tools"], {"pages": {"tools/list": {
        "null": {"tools": [ECHO], "nextCursor": ""}, '""': {"tools": [ECHO], "nextCursor": ""}}}}, 0,
     ["echo"]),
    ("an empty cursor that the server refuses", ["tools"], {"pages": {"tools/list": {
        "null": {"tools": [ECHO], "nextCursor": ""}}}}, 0, ["echo"]),
    ("another cursor for ever", ["tools"], {"pages": {"tools/list": {
        "null": {"tools": [ECHO], "nextCursor": "a"}, '"a"': {"tools": [ECHO], "nextCursor": "a"}}}},
     1, ["circle"]),
]
# What the server says of itself, in place of its serverInfo.
INTRODUCTIONS = [{"name": "f", "version": 1.2}, {"name": 7}, {"name": ["f"], "title": {}}, None, "f",
                 [], 7]


def run_all():
    with ScriptedServer() as server:
        for name, words, script, status, shown in CASES:
            for over, target in [("HTTP", [server.url(script)]), ("stdio", program(script))]:
                words_first = [words[0], *target, *words[1:]] if over == "HTTP" else [*words, *target]
                done = call(*words_first)
                text = done.stdout + done.stderr
                suite.check("%s over %s" % (name, over), done.returncode == status
                            and all(word in text for word in shown), done)
                if "for ever" in name and status == 0:
                    suite.check("%s: each item once, over %s" % (name, over),
                                done.stdout.count("echo") == 1, done)
        for info in INTRODUCTIONS:
            script = {"server": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                                 "serverInfo": info, "instructions": [info]}, "results": TOOLS}
            for over, target in [("HTTP", [server.url(script)]), ("stdio", program(script))]:
                for command in ["tools", "info"]:
                    done = call(command, *target)
                    suite.check("%s of a server that is %r, over %s" % (command, info, over),
                                done.returncode == 0 and (command != "tools" or "echo" in done.stdout),
                                done)
        for blob in [URL_SAFE, URL_SAFE.rstrip("="), "\n".join(URL_SAFE[at:at + 76]
                                                                for at in range(0, len(URL_SAFE), 76))]:
            script = {"results": {"resources/read": {"contents": [{"uri": "x:1", "blob": blob}]}}}
            for target in [[server.url(script), "x:1"], ["x:1", *program(script)]]:
                done = subprocess.run([CLIENT, "read", *target], capture_output=True, timeout=30,
                                      env=environment(), stdin=subprocess.DEVNULL, check=False)
                suite.check("read writes the bytes of base64 in the URL-safe alphabet",
                            done.returncode == 0 and done.stdout == EVERY_BYTE, done)
