#!/usr/bin/env python3
"""Programs against the header, as a user writes them.

    python3 tests/programs/run.py

The same tour of a server in C++, Python, Go, Lua and C#, each in the way of its
language, and a game that calls a tool between its frames.
"""

import json
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import BUILD, INCLUDE, RELEASE, ROOT, TOKEN, Suite, TestServer, run

suite = Suite("programs")
LANGUAGES = os.path.join(ROOT, "examples-c", "languages")
# A first build in Go compiles its runtime.
LIMIT = 240
WANTED = """\
server: test server, revision 2026-07-28
tools: echo
echo: {"text":"hello"}
slow: 3 reports
no such tool: MCP_E_RPC
"""


class Tour:
    """The program of one language: the tool that it needs, how it is built, and
    how it is run."""

    def __init__(self, name, tool, package, build, command):
        self.name, self.tool, self.package = name, tool, package
        self.build, self.command = build, command


def tours(folder):
    def made(name):
        return os.path.join(folder, name)

    def source(name):
        return os.path.join(LANGUAGES, name)

    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-I", INCLUDE]
    return [
        Tour("C++17", "c++", "g++", ["c++", "-std=c++17", *flags, source("tour.cpp"), "-o",
                                     made("cpp"), "-L", RELEASE, "-lmcpclient"], [made("cpp")]),
        Tour("Python", sys.executable, "python3", None, [sys.executable, source("tour.py")]),
        Tour("Go", "go", "golang-go", ["go", "build", "-o", made("go"), "."], [made("go")]),
        Tour("Lua", "luajit", "luajit", None, ["luajit", source("tour.lua")]),
        Tour("C#", "mcs", "mono-mcs and mono-runtime",
             ["mcs", "-out:" + made("tour.exe"), source("Tour.cs")], ["mono", made("tour.exe")]),
    ]


def check_tour(tour, folder, url):
    if shutil.which(tour.tool) is None:
        suite.skip(tour.name, "%s is not installed" % tour.package)
        return
    environment = dict(
        os.environ, MCPCLIENT_TOKEN=TOKEN, LD_LIBRARY_PATH=RELEASE,
        MCPCLIENT_LIBRARY=os.path.join(RELEASE, "libmcpclient.so"),
        MCPCLIENT_HEADER=os.path.join(INCLUDE, "mcpclient.h"),
        CGO_CFLAGS="-I" + INCLUDE, CGO_LDFLAGS="-L" + RELEASE,
        GOFLAGS="-mod=mod", GOPROXY="off", GOCACHE=os.path.join(folder, "go-cache"))
    if tour.build:
        done = run(tour.build, LIMIT, env=environment, cwd=os.path.join(LANGUAGES, "go"))
        if not suite.check("%s: it compiles" % tour.name, done.returncode == 0,
                           done.stdout + done.stderr):
            return
    done = run([*tour.command, url + "/full/mcp"], env=environment)
    suite.check("%s: the tour" % tour.name, done.returncode == 0 and done.stdout == WANTED,
                done.stdout + done.stderr)
    wrong = run([*tour.command, url + "/full/mcp"], env=dict(environment, MCPCLIENT_TOKEN="wrong"))
    suite.check("%s: a wrong token is an error in words" % tour.name,
                wrong.returncode == 1 and "401" in wrong.stderr and "wrong" not in wrong.stderr,
                wrong.stdout + wrong.stderr)
    bad = run([*tour.command, "no-url"], env=environment)
    suite.check("%s: a wrong URL is an error in words" % tour.name,
                bad.returncode == 1 and "url has no scheme" in bad.stderr, bad.stdout + bad.stderr)


MEGABYTES = 4
# Ten seconds, in which also a busy machine answers some of forty calls.
FRAMES = 600
# A function that waited for responses would do so for each of the forty calls. A
# lock, of the allocator for example, is waited for when a busy machine stops the
# thread that has it.
MOST_WAITS = 4
# Seconds. A function that waited for a silent server would need its time-out of 30 s.
LONGEST = 25


class Large(BaseHTTPRequestHandler):
    """A server with a tool whose text has some megabytes."""

    protocol_version = "HTTP/1.1"
    text = json.dumps(("A line of the answer, with \"quotes\".\n" * 30000)[:MEGABYTES * 1000000])

    def log_message(self, *_):
        pass

    def do_DELETE(self):
        self.respond(204, b"")

    def do_GET(self):
        self.respond(405, b"")

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        method, number = message["method"], message.get("id")
        if number is None:
            self.respond(202, b"")
        elif method == "initialize":
            self.result(number, json.dumps({
                "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "large", "version": "1"}}))
        elif method == "tools/call":
            self.result(number, '{"content":[{"type":"text","text":%s}]}' % self.text)
        else:
            self.respond(200, json.dumps({"jsonrpc": "2.0", "id": number, "error": {
                "code": -32601, "message": "not found"}}).encode())

    def result(self, number, result):
        self.respond(200, ('{"jsonrpc":"2.0","id":%s,"result":%s}' % (
            json.dumps(number), result)).encode())

    def respond(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def check_game(name, url, tool, arguments, answers):
    done = run([os.path.join(BUILD, "game"), url, tool, arguments, str(FRAMES)],
               env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN))
    found = re.search(r"%d frames, (\d+) answers .*, 0 failures\n"
                      r".*waited (\d+) times, ([\d.]+) ms in" % FRAMES, done.stdout)
    # Calls that are open at the end fail then.
    status = 0 if answers else 1
    suite.check("game, %s: it plays its frames" % name, done.returncode == status and found,
                done.stdout + done.stderr)
    if found:
        suite.check("game, %s: answers arrive between the frames" % name,
                    int(found.group(1)) >= answers, done.stdout)
        suite.check("game, %s: no function of the library waits" % name,
                    int(found.group(2)) <= MOST_WAITS
                    and float(found.group(3)) < LONGEST * 1000, done.stdout)


def game(url):
    check_game("short answers", url + "/full/mcp", "echo", '{"text":"hello"}', 3)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Large)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    check_game("answers of %d MB" % MEGABYTES,
               "http://127.0.0.1:%d/mcp" % server.server_address[1], "large", "{}", 1)
    server.shutdown()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check_game("a silent server", "http://127.0.0.1:%d/mcp" % silent.getsockname()[1], "none",
                   "{}", 0)


def main():
    folder = tempfile.mkdtemp()
    with TestServer() as server, ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(check_tour, tour, folder, server.url) for tour in tours(folder)]
        jobs.append(pool.submit(game, server.url))
        for job in jobs:
            job.result()
    shutil.rmtree(folder, ignore_errors=True)
    suite.end()


if __name__ == "__main__":
    main()
