"""An MCP server over HTTP that is correct, except for what a case changes.

It speaks 2025-11-25, refuses `server/discover` with HTTP 400, gives each session
an id, and has one tool, `add`. A case is a function that gets each request first.
"""

import json
import socket
import threading


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        try:
            self.message = json.loads(body) if body else {}
        except ValueError:
            self.message = {}
        self.rpc = self.message.get("method", "") if isinstance(self.message, dict) else ""
        self.id = self.message.get("id") if isinstance(self.message, dict) else None
        self.session = headers.get("mcp-session-id")


def response(status=200, media="application/json", body=b"", headers=(), length=True):
    """The bytes of an HTTP response."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "Status"))]
    if media:
        lines.append("Content-Type: " + media)
    lines += ["%s: %s" % field for field in headers]
    if length:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           409: "Conflict", 502: "Bad Gateway"}


def chunk(data):
    data = data if isinstance(data, bytes) else data.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(data, kind=None):
    """One event, as a chunk."""
    if isinstance(data, (dict, list)):
        data = json.dumps(data)
    return chunk(("event: %s\n" % kind if kind else "") + "data: %s\n\n" % data)


STREAM = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
          b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n")
LAST = b"0\r\n\r\n"
# Ends the connection; keeps it open without a word until the peer stops.
CLOSE, HANG = object(), object()


def result(request, value, **fields):
    return response(body={"jsonrpc": "2.0", "id": request.id, "result": value}, **fields)


def error(request, code, message, status=200, identity=True, **fields):
    named = request.id if identity is True else identity
    return response(status, body={"jsonrpc": "2.0", "id": named,
                                  "error": {"code": code, "message": message}}, **fields)


TOOL = {"name": "add", "description": "Adds.", "inputSchema": {
    "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}}


class Peer:
    """Listens on a free port until the block ends. `change` gets the peer and a
    request, and gives a reply, a list of parts of one, or None for the default
    reply."""

    version = "2025-11-25"

    def __init__(self, change=None, tls=None):
        self.change, self.tls = change, tls
        self.lock = threading.Lock()
        self.requests = []
        self.sessions = 0
        self.streams = []  # open event streams of HTTP with SSE
        self.stopped = threading.Event()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.origin = "%s://127.0.0.1:%d" % ("https" if self.tls else "http", self.port)
        self.url = self.origin + "/mcp"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        try:
            # A close alone does not end accept().
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def count(self, rpc, session=None):
        with self.lock:
            return sum(one.rpc == rpc and session in (None, one.session)
                       for one in self.requests)

    def of(self, rpc=None, method="POST"):
        with self.lock:
            return [one for one in self.requests
                    if one.method == method and rpc in (None, one.rpc)]

    def accept(self):
        while not self.stopped.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, connection.makefile("rb") as stream:
                while self.answer(connection, stream):
                    pass
        except OSError:
            pass

    def answer(self, connection, stream):
        line = stream.readline().split()
        if len(line) < 3:
            return False
        headers = {}
        for field in iter(stream.readline, b"\r\n"):
            if not field:
                return False
            name, _, value = field.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        request = Request(line[0].decode(), line[1].decode(), headers, body)
        with self.lock:
            self.requests.append(request)
        reply = self.change(self, request) if self.change else None
        if reply is None:
            reply = self.default(request)
        for part in reply if isinstance(reply, list) else [reply]:
            if part is CLOSE:
                return False
            if part is HANG:
                self.stopped.wait(60)
                return False
            if callable(part):
                part(connection)
            elif isinstance(part, (int, float)):
                self.stopped.wait(part)
            else:
                connection.sendall(part)
        return True

    def default(self, request):
        if request.method == "GET":
            return response(405, "text/plain", "no stream")
        if request.method == "DELETE":
            return response(200, None)
        if request.id is None:
            return response(202, None)
        if request.rpc == "server/discover":
            return error(request, -32601, "Method not found", 400)
        if request.rpc == "initialize":
            with self.lock:
                self.sessions += 1
                name = "fs-%d" % self.sessions
            return result(request, self.introduction(), headers=[("Mcp-Session-Id", name)])
        return result(request, self.value(request))

    def introduction(self):
        return {"protocolVersion": self.version, "capabilities": {"tools": {}},
                "serverInfo": {"name": "field", "version": "1"}}

    def value(self, request):
        if request.rpc == "tools/list":
            return {"tools": [TOOL]}
        if request.rpc == "tools/call":
            arguments = request.message.get("params", {}).get("arguments", {})
            total = sum(value for value in arguments.values() if isinstance(value, int))
            return {"content": [{"type": "text", "text": str(total)}]}
        return {}

    # HTTP with SSE.

    def open_stream(self, endpoint, before=b""):
        """The reply to a GET: an event stream that names the endpoint. `before`:
        events that come earlier."""
        def stay(connection):
            with self.lock:
                self.streams.append(connection)
            connection.sendall(STREAM + before + event(endpoint, "endpoint"))
            self.stopped.wait(60)
        return [stay, CLOSE]

    def send(self, message):
        """Sends a message on the last event stream."""
        with self.lock:
            stream = self.streams[-1]
        stream.sendall(event(message, "message"))

    def answer_of(self, request):
        value = {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}},
                 "serverInfo": {"name": "field", "version": "1"}}
        if request.rpc == "server/discover":
            return {"jsonrpc": "2.0", "id": request.id,
                    "error": {"code": -32601, "message": "Method not found"}}
        if request.rpc != "initialize":
            value = self.value(request)
        return {"jsonrpc": "2.0", "id": request.id, "result": value}
