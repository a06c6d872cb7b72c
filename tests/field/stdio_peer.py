"""An MCP server over stdio that is correct, except for what a case changes.

    python3 stdio_peer.py CASE

It speaks 2025-11-25, refuses `server/discover` with -32601, and has one tool,
`echo`.
"""

import base64
import json
import sys

OUT = sys.stdout.buffer
ECHO = {"name": "echo", "inputSchema": {
    "type": "object", "properties": {"text": {"type": "string"}}}}


def write(data):
    OUT.write(data if isinstance(data, bytes) else data.encode())
    OUT.flush()


def line(data):
    write((data if isinstance(data, bytes) else data.encode()) + b"\n")


def value(message):
    method = message["method"]
    if method == "initialize":
        return {"protocolVersion": "2025-11-25", "serverInfo": {"name": "f", "version": "1"},
                "capabilities": {"tools": {}, "prompts": {}, "resources": {}}}
    if method == "tools/list":
        return {"tools": [ECHO]}
    if method == "tools/call":
        text = message["params"].get("arguments", {}).get("text", "")
        return {"content": [{"type": "text", "text": text}]}
    return {} if method == "ping" else None


def correct(message):
    found = value(message)
    answer = {"jsonrpc": "2.0", "id": message["id"]}
    if found is None:
        answer["error"] = {"code": -32601, "message": "Method not found"}
    else:
        answer["result"] = found
    return answer


def instead(method, text):
    """Sends a text in place of the response to a method. `N` is the id."""
    def change(message):
        if message["method"] != method:
            return False
        line(text.replace(b"N", str(message["id"]).encode(), 1))
        return True
    return change


def results(**changed):
    """Changes results by method; the names have _ in place of /."""
    def change(message):
        found = changed.get(message["method"].replace("/", "_"))
        if found is None:
            return False
        if callable(found):
            found = found(message)
        line(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": found}))
        return True
    return change


def log_before_json(message):
    if message["method"] != "tools/list":
        return False
    line("INFO listing " + json.dumps(correct(message)))
    return True


def pretty(message):
    if message["method"] != "tools/list":
        return False
    line(json.dumps(correct(message), indent=2))
    return True


def framed(message):
    text = json.dumps(correct(message))
    write("Content-Length: %d\r\n\r\n%s" % (len(text), text))
    return True


def id_as_text(message):
    if message["method"] == "server/discover":
        return False
    line(json.dumps(dict(correct(message), id=str(message["id"]))))
    return True


def silent_probe(message):
    return message["method"] == "server/discover"


def logged(message):
    if message["method"] == "tools/list":
        line(json.dumps({"level": "info", "id": message["id"], "msg": "handling"}))
    return False


def batch(message):
    if message["method"] != "tools/call":
        return False
    told = {"jsonrpc": "2.0", "method": "notifications/message",
            "params": {"level": "info", "data": "x"}}
    line(json.dumps([told, correct(message)]))
    return True


def pages(message):
    if message.get("params", {}).get("cursor") == 2:
        return {"tools": [dict(ECHO, name="second")]}
    return {"tools": [dict(ECHO, name="first")], "nextCursor": 2}


CASES = {
    "correct": lambda message: False,
    "list-with-null-and-other-items": results(tools_list={"tools": [
        None, ECHO, 7, "x", [], {}, {"name": None}, {"name": 5}]}),
    "prompt-argument-null": results(prompts_list={"prompts": [
        {"name": "p"}, {"name": "q", "arguments": None, "description": None},
        {"name": "r", "arguments": [{"name": "a", "required": None},
                                    {"name": "b", "required": "yes"}, None]}]}),
    "nan-infinity": instead("tools/call", b'{"jsonrpc":"2.0","id":N,"result":{"content":'
                            b'[{"type":"text","text":"mean"}],"structuredContent":'
                            b'{"mean":NaN,"top":Infinity}}}'),
    "latin-1-bytes": instead("tools/call", b'{"jsonrpc":"2.0","id":N,"result":{"content":'
                             b'[{"type":"text","text":"caf\xe9 \x97"}]}}'),
    "batch-2025-11-25": batch,
    "log-before-json-on-the-line": log_before_json,
    "pretty-printed": pretty,
    "content-length-framing": framed,
    "id-as-text": id_as_text,
    "error-and-result-null": instead(
        "tools/call", b'{"jsonrpc":"2.0","id":N,"result":null,'
        b'"error":{"code":-32000,"message":"disk is full"}}'),
    "error-code-float": instead(
        "tools/call", b'{"jsonrpc":"2.0","id":N,'
        b'"error":{"code":-32000.0,"message":"disk is full"}}'),
    "read-with-null-and-other-items": results(resources_read={"contents": [
        None, 7, [], {}, {"uri": "x:1", "blob": None}, {"uri": "x:1", "text": "Oslo"}]}),
    "response-to-another": lambda message: message["method"] == "tools/call" and (
        line(json.dumps(dict(correct(message), id="of another"))) or True),
    "no-line-break": lambda message: message["method"] == "tools/list" and (
        write(json.dumps(correct(message))) or True),
    "content-a-text": results(tools_call={"content": "Oslo"}),
    "result-a-bare-object": results(tools_call={"success": True, "configs": [1]}),
    "cursor-number": results(tools_list=pages),
    "is-error-as-text": results(tools_call={
        "content": [{"type": "text", "text": "it failed"}], "isError": "true"}),
    "probe-unanswered-within-8s": silent_probe,
    "old-file-after-a-blob-that-is-none": results(resources_read={
        "contents": [{"uri": "x:1", "blob": "data:image/png;base64,AA=="}]}),
    "blob-url-safe": results(resources_read={"contents": [
        {"uri": "x:1", "blob": base64.urlsafe_b64encode(bytes(range(256))).decode()}]}),
    "cursor-empty-forever": results(tools_list={"tools": [ECHO], "nextCursor": ""}),
    "server-version-number": results(initialize={
        "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
        "serverInfo": {"name": "f", "version": 1.2}}),
    "json-log-with-our-id": logged,
}


def main():
    change = CASES[sys.argv[1]]
    log = open(sys.argv[2], "a") if len(sys.argv) > 2 else None
    for text in sys.stdin:
        message = json.loads(text)
        if log:
            print(text, end="", file=log, flush=True)
        if "id" in message and "method" in message and not change(message):
            line(json.dumps(correct(message)))


if __name__ == "__main__":
    main()
