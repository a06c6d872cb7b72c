"""The command line with servers that lose a session, or have no notification
stream. The server loses the first session of each address after the handshake."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler

from common import call, check, suite
from scripted import Listener, reply

ANONYMOUS = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Invalid Request"}}
EVENT = b"data: " + json.dumps(ANONYMOUS).encode() + b"\n\n"
# By the first part of the path: status, type, body, and words that the error has.
REFUSALS = {
    "text": (400, "text/plain; charset=utf-8", b"Bad Request: No valid session ID provided",
             ["400", "No valid session ID provided"]),
    "bearer": (401, None, b"", ["401", "invalid_token", "session may be lost"]),
    "anonymous": (200, "application/json", json.dumps(ANONYMOUS).encode(),
                  ["-32600", "Invalid Request"]),
    "event": (200, "text/event-stream", EVENT, ["-32600", "Invalid Request"]),
    "conflict": (409, "text/html", b"<h1>Conflict</h1>", ["409", "Conflict"]),
    "gone": (410, None, b"", ["410"]),
    "found": (404, "text/plain", b"Not Found", []),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def send(self, status, body=b"", kind=None, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if kind:
            self.send_header("Content-Type", kind)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer error="invalid_token"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, method):
        way, session = self.path.split("/")[1], self.headers.get("Mcp-Session-Id")
        seen = self.server.seen.setdefault(way, [])
        seen.append((method, session))
        return way, session, [one for one, _ in seen]

    def do_GET(self):
        self.note("GET")
        self.send(404, b"<h1>Not Found</h1>", "text/html")

    def do_DELETE(self):
        self.send(200)

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method = message.get("method")
        way, session, seen = self.note(method)
        kind, headers = "application/json", ()
        if "id" not in message:
            self.send(202)
        elif session == "fs-1" and way in REFUSALS:
            status, kind, body, _ = REFUSALS[way]
            self.send(status, body, kind)
        else:
            if method == "initialize":
                headers = [("Mcp-Session-Id", "fs-%d" % seen.count("initialize"))]
            status = 400 if method == "server/discover" else 200
            self.send(status, json.dumps(reply({}, message)).encode(), kind, headers)


def run_all():
    server = Listener(("127.0.0.1", 0), Handler)
    server.seen = {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = "http://127.0.0.1:%d/" % server.server_address[1]
    for way, (status, _, _, words) in REFUSALS.items():
        start = time.monotonic()
        done = call("ping", "-c", "3", root + way, token=None)
        took = time.monotonic() - start
        starts = [session for method, session in server.seen[way] if method == "initialize"]
        answered = int(re.search(r"(\d) answered", done.stdout).group(1))
        suite.check("a session that is lost with %s costs one ping" % way,
                    answered == (3 if status == 404 else 2) and took < 25
                    and all(word in done.stderr for word in words), (done, took))
        suite.check("and one new session", starts == [None, None], server.seen[way])
    start = time.monotonic()
    done = call("listen", root + "deaf", token=None)
    check("a server without a notification stream is named as such", done, 1,
          "no notification stream", "404", where="stderr")
    suite.check("at once, in one session", time.monotonic() - start < 25
                and [one for one, _ in server.seen["deaf"]].count("initialize") == 1,
                server.seen["deaf"])
    server.shutdown()
    server.server_close()
