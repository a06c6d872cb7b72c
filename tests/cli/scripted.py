#!/usr/bin/env python3
"""A server that answers with what a script says, right or wrong, over stdio
(`scripted.py SCRIPT`) and over Streamable HTTP (`ScriptedServer`).

A script is a JSON object:

    results         by method, what is sent as its result
    as_task         the same, for requests that ask for a task
    errors          by method, the error that is sent in place of a result
    pages           by method, the results by the JSON of the cursor
    during          by method, notifications before the response
    silent          methods that are not answered
    notifications   sent when the client listens
    question        params of elicitation/create, asked before a tool answers
    server          the result of initialize
    echoes          a tool's text is the answer to the question, as JSON
"""

import collections
import json
import queue
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EVERYTHING = {"tools": {"listChanged": True}, "prompts": {"listChanged": True}, "logging": {},
              "resources": {"listChanged": True, "subscribe": True}, "completions": {},
              "tasks": {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}},
              "extensions": {"io.modelcontextprotocol/skills": {}}}
GREETING = {"protocolVersion": "2025-11-25", "capabilities": EVERYTHING,
            "serverInfo": {"name": "scripted", "version": "1"}}
ASKED = "asked"


def reply(script, message):
    """The response to a request; the result of an unknown method is {}."""
    method = message.get("method")
    head = {"jsonrpc": "2.0", "id": message["id"]}
    if method == "server/discover":
        return dict(head, error={"code": -32601, "message": "Method not found"})
    if method == "initialize":
        return dict(head, result=script.get("server", GREETING))
    if method in script.get("as_task", {}) and "task" in (message.get("params") or {}):
        return dict(head, result=script["as_task"][method])
    if method in script.get("errors", {}):
        return dict(head, error=script["errors"][method])
    if method in script.get("pages", {}):
        cursor = json.dumps((message.get("params") or {}).get("cursor"))
        pages = script["pages"][method]
        if cursor not in pages:
            return dict(head, error={"code": -32602, "message": "no page %s" % cursor})
        return dict(head, result=pages[cursor])
    return dict(head, result=script.get("results", {}).get(method, {}))


def question(script):
    return {"jsonrpc": "2.0", "id": ASKED, "method": "elicitation/create",
            "params": script["question"]}


def talk(script):
    """Speaks over standard input and output until the input ends."""
    def say(message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    held = None
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("id") == ASKED and "method" not in message:
            if "echoes" in script:
                text = json.dumps(message.get("result"), separators=(",", ":"))
                held["result"] = {"content": [{"type": "text", "text": text}]}
            say(held)
        elif "method" not in message or "id" not in message:
            if message.get("method") == "notifications/initialized":
                for one in script.get("notifications", []):
                    say(one)
        elif message["method"] == "tools/call" and "question" in script:
            held = reply(script, message)
            say(question(script))
        elif message["method"] not in script.get("silent", []):
            for one in script.get("during", {}).get(message["method"], []):
                say(one)
            say(reply(script, message))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # Head and body in one write: no waiting for an ACK.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def script(self):
        return self.server.scripts[int(self.path.split("/")[1])]

    def send(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True

    def event(self, message):
        self.wfile.write(b"data: " + json.dumps(message).encode() + b"\n\n")
        self.wfile.flush()

    def do_GET(self):
        self.begin_stream()
        for one in self.script().get("notifications", []):
            self.event(one)
        # The stream is open until the client goes away.
        try:
            while not self.server.is_over.wait(0.2):
                self.wfile.write(b":\n\n")
                self.wfile.flush()
        except OSError:
            pass

    def do_POST(self):
        script = self.script()
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "method" not in message:
            self.server.answers.put(message)
            self.send(202)
        elif "id" not in message:
            # The client may have ended, so that it gets no response.
            self.server.told[self.path].put(message["method"])
            self.send(202)
        elif message["method"] == "tools/call" and "question" in script:
            self.begin_stream()
            self.event(question(script))
            try:
                self.server.answers.get(timeout=60)
            except queue.Empty:
                return
            self.event(reply(script, message))
        elif message["method"] in script.get("silent", []):
            self.server.unanswered[self.path].set()
            self.server.is_over.wait(60)
        elif message["method"] in script.get("during", {}):
            self.begin_stream()
            for one in script["during"][message["method"]]:
                self.event(one)
            self.event(reply(script, message))
        else:
            self.send(200, json.dumps(reply(script, message)).encode())

    def do_DELETE(self):
        self.send(200)


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that goes away is none."""


class ScriptedServer:
    """Streamable HTTP on a free port; each script has an address of its own."""

    def __enter__(self):
        self.server = Listener(("127.0.0.1", 0), Handler)
        self.server.scripts, self.server.answers = [], queue.Queue()
        self.server.is_over = threading.Event()
        # By path: whether a request arrived that gets no answer.
        self.server.unanswered = collections.defaultdict(threading.Event)
        # By path: the methods of the notifications that arrived.
        self.server.told = collections.defaultdict(queue.Queue)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def url(self, script):
        self.server.scripts.append(script)
        return "http://127.0.0.1:%d/%d/mcp" % (self.server.server_address[1],
                                               len(self.server.scripts) - 1)

    def is_asked(self, url):
        """Waits for a request to this address that gets no answer."""
        return self.server.unanswered[urllib.parse.urlsplit(url).path].wait(30)

    def is_told(self, url, method):
        """Waits for a notification to this address."""
        told = self.server.told[urllib.parse.urlsplit(url).path]
        try:
            while told.get(timeout=60) != method:
                pass
        except queue.Empty:
            return False
        return True

    def __exit__(self, *_):
        self.server.is_over.set()
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    talk(json.loads(sys.argv[1]))
