"""The two sides of `mcpclient proxy` in the tests: a host, and a server over
Streamable HTTP that does what its tools are named for."""

import collections
import json
import queue
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from common import CLIENT, environment

# Seconds that whatever has to come may take.
LIMIT = 60
META = "io.modelcontextprotocol/"
STATELESS = "2026-07-28"
SESSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]


class Host:
    """Starts `mcpclient proxy` and talks to it.  Every line that it writes has
    to be a JSON-RPC message."""

    def __init__(self, *arguments, token=None, reads=True, **variables):
        self.process = subprocess.Popen(
            [CLIENT, "proxy", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(token, **variables),
            start_new_session=True)
        self.messages, self.others, self.wrong = queue.Queue(), [], []
        self.errors, self.status = "", None
        self.may_read = threading.Event()
        if reads:
            self.may_read.set()
        self.last_id = 0
        self.threads = [threading.Thread(target=target, daemon=True)
                        for target in (self.read_messages, self.read_errors)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def read_messages(self):
        self.may_read.wait()
        for line in self.process.stdout:
            try:
                message = json.loads(line)
                for one in message if isinstance(message, list) else [message]:
                    if one["jsonrpc"] != "2.0":
                        raise ValueError("no JSON-RPC")
                self.messages.put(message)
            except (ValueError, KeyError, TypeError):
                self.wrong.append(line)
        self.messages.put(None)

    def read_errors(self):
        for line in self.process.stderr:
            self.errors += line.decode("utf-8", "replace")

    def says(self, words, limit=LIMIT):
        """Whether standard error has these words in time. It is read apart from
        the messages, so that a response says nothing of what was written before."""
        end = time.monotonic() + limit
        while words not in self.errors and time.monotonic() < end:
            time.sleep(0.02)
        return words in self.errors

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        self.write(json.dumps(message).encode() + b"\n")

    def next(self, fits=lambda message: True, limit=LIMIT):
        """The next message that fits; {} if there is none in time."""
        for place, message in enumerate(self.others):
            if fits(message):
                return self.others.pop(place)
        end = time.monotonic() + limit
        while True:
            try:
                message = self.messages.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return {}
            if message is None:
                self.messages.put(None)
                return {}
            if fits(message):
                return message
            self.others.append(message)

    def response(self, id, limit=LIMIT):
        return self.next(lambda message: isinstance(message, dict) and "method" not in message
                         and message.get("id") == id, limit)

    def notification(self, method, limit=LIMIT):
        return self.next(lambda message: isinstance(message, dict)
                         and message.get("method") == method, limit)

    def begin(self, method, params=None, **members):
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method, **members}
        if params is not None:
            message["params"] = params
        self.send(message)
        return self.last_id

    def request(self, method, params=None, limit=LIMIT):
        return self.response(self.begin(method, params), limit)

    def notify(self, method, params=None):
        self.send({"jsonrpc": "2.0", "method": method, "params": params or {}})

    def initialize(self, version="2025-11-25", capabilities=None):
        done = self.request("initialize", {
            "protocolVersion": version, "capabilities": capabilities or {},
            "clientInfo": {"name": "the host", "version": "7"}})
        self.notify("notifications/initialized")
        return done

    def stateless(self, method, params=None, capabilities=None, **meta):
        """Begins a request of revision 2026-07-28."""
        return self.begin(method, dict(params or {}, _meta={
            META + "protocolVersion": STATELESS,
            META + "clientInfo": {"name": "the host", "version": "7"},
            META + "clientCapabilities": capabilities or {}, **meta}))

    def call(self, tool, **arguments):
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def end(self, limit=30):
        """Closes the input; gives the exit status."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        for thread in self.threads:
            thread.join(LIMIT)
        return self.process.returncode


# Its results do not match: that is for the host to check.
ECHO = {"name": "echo", "inputSchema": {"type": "object"},
        "outputSchema": {"type": "object", "required": ["never"]}}
CAPABILITIES = {"tools": {"listChanged": True}, "resources": {"subscribe": True},
                "prompts": {}, "logging": {}, "completions": {}}


class Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, status, document=None, **headers):
        body = b"" if document is None else (
            document if isinstance(document, bytes) else json.dumps(document).encode())
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
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
        self.wfile.write(b"data: " + json.dumps(dict({"jsonrpc": "2.0"}, **message)).encode()
                         + b"\n\n")
        self.wfile.flush()

    def is_known(self):
        session = self.headers["Mcp-Session-Id"]
        if session in self.server.sessions:
            return True
        self.reply(404)
        return False

    def do_GET(self):
        if not self.is_known():
            return
        events = queue.Queue()
        self.begin_stream()
        self.server.streams.append(events)
        try:
            while not self.server.is_over.is_set():
                try:
                    message = events.get(timeout=0.2)
                except queue.Empty:
                    message = None
                if message == "end":
                    return
                if message is not None:
                    self.event(message)
        except OSError:
            pass

    def do_DELETE(self):
        self.server.got.append({"method": "DELETE"})
        self.reply(200)

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append(message)
        self.server.headers.append(dict(self.headers))
        method = message.get("method")
        if method == "server/discover":
            return self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "error": {
                "code": -32601, "message": "Method not found"}})
        if method == "initialize":
            session = uuid.uuid4().hex
            self.server.sessions.add(session)
            return self.result(message, {
                "protocolVersion": "2025-11-25", "capabilities": CAPABILITIES,
                "serverInfo": {"name": "far", "version": "1", "title": "Far"},
                "instructions": "Be kind."}, Mcp_Session_Id=session)
        if not self.is_known():
            return None
        if "method" not in message:
            self.server.answers[message["id"]].put(message)
            return self.reply(202)
        if "id" not in message:
            if method == "notifications/cancelled":
                self.server.cancelled.set()
            return self.reply(202)
        if method == "tools/call":
            tool = getattr(self, "tool_" + message["params"]["name"], None)
            if tool is not None:
                return tool(message, message["params"].get("arguments", {}))
        if method == "tools/list":
            return self.result(message, {"tools": [ECHO]})
        if method in ("resources/subscribe", "resources/unsubscribe", "logging/setLevel",
                      "ping"):
            return self.result(message, {})
        return self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "error": {
            "code": -32601, "message": "no %s\n\"here\"" % method, "data": {"why": [1, None]}}})

    def result(self, message, result, **headers):
        self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "result": result}, **headers)

    def text(self, message, text):
        self.event({"id": message["id"], "result": {
            "content": [{"type": "text", "text": text}]}})

    def tool_echo(self, message, arguments):
        if "after" in arguments:
            self.server.gates[arguments["after"]].wait(LIMIT)
        self.result(message, {"content": [{"type": "text", "text": json.dumps(arguments)}]})

    def tool_meta(self, message, arguments):
        self.result(message, {"content": [], "structuredContent": message["params"]})

    def tool_pretty(self, message, arguments):
        self.reply(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {
            "content": [], "\r\n": "\n"}}, indent=4).replace("\n", "\r\n").encode())

    def tool_big(self, message, arguments):
        self.result(message, {"content": [{"type": "text", "text": "x" * arguments["size"]}]})

    def tool_slow(self, message, arguments):
        self.begin_stream()
        token = message["params"]["_meta"]["progressToken"]
        for number in range(arguments.get("steps", 3)):
            self.event({"method": "notifications/progress", "params": {
                "progressToken": token, "progress": number + 0.5, "total": 9,
                "message": "st\"ep\n%d" % number}})
        if arguments.get("waits"):
            self.server.cancelled.wait(LIMIT)
            return
        self.text(message, "done")

    def tool_ask(self, message, arguments):
        """Sends a request of the server, and tells what was answered."""
        self.begin_stream()
        id = "q-%s" % message["id"]
        self.event({"id": id, "method": arguments["method"],
                    "params": arguments.get("params", {})})
        if arguments.get("withdraws"):
            self.server.may_withdraw.wait(LIMIT)
            self.event({"method": "notifications/cancelled", "params": {"requestId": id}})
            self.server.may_end.wait(LIMIT)
            return self.text(message, "withdrawn")
        try:
            answer = self.server.answers[id].get(timeout=LIMIT)
        except queue.Empty:
            return None
        return self.text(message, json.dumps({name: answer[name] for name in
                                              ("result", "error") if name in answer}))


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, *_):
        """A client that goes away is none."""


class Remote:
    """The server, on a free port; `got` is what it was sent."""

    def __enter__(self):
        self.server = Listener(("127.0.0.1", 0), Visit)
        server = self.server
        server.got, server.headers, server.sessions = [], [], set()
        server.streams, server.answers = [], collections.defaultdict(queue.Queue)
        server.is_over, server.cancelled = threading.Event(), threading.Event()
        server.may_withdraw, server.may_end = threading.Event(), threading.Event()
        # By name: the calls of `echo` that wait for it go on.
        server.gates = collections.defaultdict(threading.Event)
        self.url = "http://127.0.0.1:%d/mcp" % server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.is_over.set()
        self.server.cancelled.set()
        self.server.shutdown()
        self.server.server_close()

    def got(self, method, limit=LIMIT):
        """The last message of a method that arrived; None if none does."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            for message in reversed(self.server.got):
                if message.get("method") == method:
                    return message
            time.sleep(0.02)
        return None

    def push(self, *messages, limit=LIMIT):
        """Sends messages on the notification stream."""
        end = time.monotonic() + limit
        while not self.server.streams and time.monotonic() < end:
            time.sleep(0.02)
        for message in messages:
            self.server.streams[-1].put(message)

    def forget(self):
        """The server restarts: it knows no session any more."""
        self.server.sessions.clear()
        streams, self.server.streams = self.server.streams, []
        for stream in streams:
            stream.put("end")
