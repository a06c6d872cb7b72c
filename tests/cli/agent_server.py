"""A server over stdio for the tests of agent.c, which can die."""

import json
import os
import sys

tools = ["echo", "die", "grow", "ask"]
waiting = {}


def say(**message):
    sys.stdout.write(json.dumps(dict(message, jsonrpc="2.0")) + "\n")
    sys.stdout.flush()


def text(id, words):
    say(id=id, result={"content": [{"type": "text", "text": words}]})


def call(id, name, arguments):
    if name == "die":
        os._exit(3)
    if name == "grow":
        tools.append("grown")
        say(method="notifications/tools/list_changed")
    if name == "ask":
        waiting["q"] = id
        say(id="q", method="elicitation/create", params={
            "message": "Who are you?", "requestedSchema": {"type": "object", "properties": {
                "name": {"type": "string"}, "age": {"type": "integer"}}}})
        return
    text(id, "%s %s" % (name, json.dumps(arguments)))


for line in sys.stdin:
    message = json.loads(line)
    id, method = message.get("id"), message.get("method")
    if method is None and id in waiting:
        text(waiting.pop(id), json.dumps(message.get("result")))
    elif id is None:
        pass
    elif method == "initialize":
        say(id=id, result={"protocolVersion": "2025-11-25", "serverInfo": {
            "name": "local", "version": "1"}, "capabilities": {"tools": {"listChanged": True}}})
    elif method == "tools/list":
        say(id=id, result={"tools": [{"name": name, "inputSchema": {"type": "object"}}
                                     for name in tools]})
    elif method == "tools/call":
        call(id, message["params"]["name"], message["params"].get("arguments"))
    else:
        say(id=id, error={"code": -32601, "message": "Method not found"})
