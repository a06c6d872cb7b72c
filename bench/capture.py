#!/usr/bin/env python3
"""Records what stock servers send, in data/.

    capture.py

Run by hand when the servers in tests/interop/requirements have new versions.
stock_server.py runs under FastMCP and the official Python SDK; the others are
programs of the official TypeScript SDK. Everything is on the loopback interface.

Each file of data/ is a server: its exchanges, with the head and the body (or the
events, one to a chunk) as they came. Ids, dates and the like are replaced by fixed
values, so that another run with the same servers writes the same bytes.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests"), str(HERE.parent / "tests" / "interop")]
import environments
from replies import DATA, ID, TOKEN
from support import free_port

DATE = "Mon, 30 Nov 2026 12:00:00 GMT"
SESSION_ERA, STATELESS_ERA = "2025-11-25", "2026-07-28"
CITIES_CALLS = [("read_file", {"path": "LICENSE-MIT"}), ("find_cities", {"query": "r"}),
                ("export_cities", {}), ("add", {"a": 1, "b": 2}), ("import_cities", {"rows": 2})]
EVERYTHING_CALLS = [
    ("echo", {"message": "hello"}), ("get-structured-content", {"location": "Chicago"}),
    ("get-annotated-message", {"messageType": "error"}), ("get-resource-links", {"count": 2}),
    ("trigger-long-running-operation", {"duration": 0.1, "steps": 2})]
MEMORY = ('{"type":"entity","name":"Zürich","entityType":"city","observations":["is on a lake",'
          '"has \\"Züri West\\""]}\n{"type":"relation","from":"Zürich","to":"京都",'
          '"relationType":"resembles"}\n')


class Connection:
    """A connection to a server; gives replies as they are on the wire."""

    def __init__(self, port):
        end = time.monotonic() + 60
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), 20)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.port, self.bytes = port, b""

    def until(self, what):
        while what not in self.bytes:
            more = self.socket.recv(65536)
            if not more:
                raise RuntimeError("the server closed the connection")
            self.bytes += more
        found, self.bytes = self.bytes.split(what, 1)
        return found

    def exactly(self, count):
        while len(self.bytes) < count:
            self.bytes += self.socket.recv(65536)
        found, self.bytes = self.bytes[:count], self.bytes[count:]
        return found

    def head_of(self, method, headers, body=b""):
        """Sends a request, and gives the lines of the reply's head."""
        lines = [method + " /mcp HTTP/1.1", "Host: 127.0.0.1:%d" % self.port,
                 "Accept: application/json, text/event-stream",
                 *("%s: %s" % item for item in headers.items())]
        if body:
            lines += ["Content-Type: application/json", "Content-Length: %d" % len(body)]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.until(b"\r\n\r\n").decode().split("\r\n")

    def post(self, message, headers):
        head = self.head_of("POST", headers, json.dumps(message).encode())
        if "transfer-encoding: chunked" not in "\n".join(head).lower():
            length = re.search(r"content-length: (\d+)", "\n".join(head), re.I)
            return head, [self.exactly(int(length.group(1))).decode()]
        chunks = []
        while True:
            size = int(self.until(b"\r\n"), 16)
            chunk = self.exactly(size + 2)[:-2]
            if size == 0:
                return head, chunks
            chunks.append(chunk.decode())


def settled(head, chunks):
    """Replaces what differs from run to run."""
    head = [re.sub(r"(?i)^(date): .*", r"\1: " + DATE, line) for line in head]
    head = [re.sub(r"(?i)^(mcp-session-id): .*", r"\1: " + "5e551013" * 4, line) for line in head]
    numbers = {}

    def number(match):
        return match.group(1) + "%032x" % numbers.setdefault(match.group(2), len(numbers) + 1)

    chunks = [re.sub(r"(?m)^(id: )([\w-]+)", number, chunk) for chunk in chunks]
    chunks = [re.sub(r'("(?:timestamp|lastUpdated)":")[^"]*', r"\1" + "2026-11-30T12:00:00Z", chunk)
              for chunk in chunks]
    return head, chunks


def message_of(method, params, is_notification=False):
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return message if is_notification else {**message, "id": ID}


def initialize():
    return message_of("initialize", {
        "protocolVersion": SESSION_ERA, "capabilities": {},
        "clientInfo": {"name": "capture", "version": "1"}})


def session_era(port, calls):
    connection = Connection(port)
    head, chunks = connection.post(initialize(), {})
    yield "initialize", head, chunks
    headers = {"MCP-Protocol-Version": SESSION_ERA}
    for line in head:
        if line.lower().startswith("mcp-session-id:"):
            headers["Mcp-Session-Id"] = line.split(": ")[1]
    head, chunks = connection.post(
        message_of("notifications/initialized", {}, True), headers)
    yield "accepted", head, chunks
    for method in ("ping", "tools/list"):
        yield (method, *connection.post(message_of(method, {}), headers))
    for name, arguments in calls:
        params = {"name": name, "arguments": arguments, "_meta": {"progressToken": TOKEN}}
        yield (name, *connection.post(message_of("tools/call", params), headers))
    yield "stream", connection.head_of("GET", headers), []


def refusal(port):
    """How a server of the session era answers the other era's first request."""
    headers = {"MCP-Protocol-Version": STATELESS_ERA, "Mcp-Method": "server/discover"}
    yield ("server/discover", *Connection(port).post(message_of("server/discover", {}), headers))


def stateless_era(port, calls):
    connection = Connection(port)
    prefix = "io.modelcontextprotocol/"
    meta = {prefix + "protocolVersion": STATELESS_ERA, prefix + "clientCapabilities": {},
            prefix + "clientInfo": {"name": "capture", "version": "1"}, "progressToken": TOKEN}
    requests = [("server/discover", {}), ("tools/list", {})]
    requests += [("tools/call", {"name": name, "arguments": arguments})
                 for name, arguments in calls]
    for method, params in requests:
        headers = {"MCP-Protocol-Version": STATELESS_ERA, "Mcp-Method": method}
        if "name" in params:
            headers["Mcp-Name"] = params["name"]
        message = message_of(method, {**params, "_meta": meta})
        yield (params.get("name", method), *connection.post(message, headers))


def talk_over_pipe(process, calls):
    def exchange(message):
        process.stdin.write(json.dumps(message) + "\n")
        process.stdin.flush()
        return process.stdout.readline() if "id" in message else None

    yield "server/discover", [], [exchange(message_of("server/discover", {}))]
    yield "initialize", [], [exchange(initialize())]
    exchange(message_of("notifications/initialized", {}, True))
    for method in ("ping", "tools/list"):
        yield method, [], [exchange(message_of(method, {}))]
    for name, arguments in calls:
        yield name, [], [exchange(message_of("tools/call", {"name": name, "arguments": arguments}))]


def exchanges(form, found):
    for name, head, chunks in found:
        head, chunks = settled(head, chunks)
        yield {"form": form, "of": name, "head": head, "body": chunks}


def python_servers():
    python = environments.fastmcp(4)
    site = next((python.parent.parent / "lib").glob("python*/site-packages"))
    versions = {one.metadata["Name"]: one.version
                for one in metadata.distributions(path=[str(site)])}
    for framework, package, forms in (("fastmcp", "fastmcp", ("json", "events", "resumable")),
                                      ("sdk", "mcp", ("json", "events"))):
        found = []
        for form in forms:
            process = subprocess.Popen(
                [str(python), str(HERE / "stock_server.py"), framework, form],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                port = int(process.stdout.readline())
                found += exchanges("session " + form, session_era(port, CITIES_CALLS))
                if form != "resumable":
                    found += exchanges("stateless " + form, stateless_era(port, CITIES_CALLS))
            finally:
                process.kill()
                process.wait()
        name = {"fastmcp": "FastMCP", "sdk": "Python SDK"}[framework]
        yield framework, "%s %s" % (name, versions[package]), found


def everything_server():
    program, folder = environments.everything()
    package = folder / "node_modules" / "@modelcontextprotocol" / "server-everything"
    port = free_port()
    process = subprocess.Popen(
        [str(program), "--require", str(HERE.parent / "tests" / "interop" / "loopback.cjs"),
         str(package / "dist" / "index.js"), "streamableHttp"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=dict(os.environ, PORT=str(port), INTEROP_LOG=os.devnull))
    try:
        found = list(exchanges("session resumable", session_era(port, EVERYTHING_CALLS)))
        found += exchanges("session resumable", refusal(port))
    finally:
        process.kill()
        process.wait()
    version = json.loads((package / "package.json").read_text())["version"]
    return "everything", "server-everything %s (TypeScript SDK)" % version, found


def memory_server():
    program, folder = environments.real_packages("short")
    package = folder / "node_modules" / "@modelcontextprotocol" / "server-memory"
    with tempfile.TemporaryDirectory() as work:
        memory = Path(work) / "memory.jsonl"
        memory.write_text(MEMORY, encoding="utf-8")
        process = subprocess.Popen(
            [str(program), str(package / "dist" / "index.js")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            env=dict(os.environ, MEMORY_FILE_PATH=str(memory)))
        try:
            found = list(exchanges("stdio", talk_over_pipe(process, [("read_graph", {})])))
        finally:
            process.kill()
            process.wait()
    version = json.loads((package / "package.json").read_text())["version"]
    return "memory", "server-memory %s (TypeScript SDK)" % version, found


def main():
    for name, server, found in (*python_servers(), everything_server(), memory_server()):
        path = DATA / (name + ".json")
        path.write_text(json.dumps({"server": server, "exchanges": found}, indent=1,
                                   ensure_ascii=False) + "\n", encoding="utf-8")
        print("%s: %d exchanges of %s" % (path.name, len(found), server))


if __name__ == "__main__":
    main()
