#!/usr/bin/env python3
"""Pings stock MCP servers through libmcpclient's C interface.

    run.py [--list] [--jobs N] [PART-OF-A-NAME ...]

Installs pinned servers (environments.py), starts each once (servers.py and
loopback.cjs), and drives probe.c.  The servers count the requests that they
get, each check under a user agent of its own.  Library: target/release, or
the folder in MCPCLIENT_LIBDIR.
"""

import argparse
import concurrent.futures
import http.client
import itertools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import environments
from environments import Unavailable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support import free_port

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Of this run alone, as two may run side by side; kept when a check fails.
OUT = HERE.parent / ".out" / ("interop-%d" % os.getpid())
LIBDIR = Path(os.environ.get("MCPCLIENT_LIBDIR", ROOT / "target" / "release"))

DEADLINE = 120
START_LIMIT = 90
MODERN = "2026-07-28"
HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
FORMS = ("sse-stateful", "json-stateful", "sse-stateless", "json-stateless")
TOKEN = "test-token"
KEY = "test-key"
CONNECT = ["initialize", "notifications/initialized"]


class Failure(Exception):
    """A check that did not hold; the text says what was seen."""


def expect(seen, wanted, what):
    if seen != wanted:
        raise Failure("%s: %r, not %r" % (what, seen, wanted))


# Servers


class Server:
    """A process with one or more listening variants, and its log."""

    def __init__(self, name, command, environment=None):
        OUT.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = OUT / (name + ".requests")
        self.log.write_text("")
        self.errors = open(OUT / (name + ".stderr"), "wb")
        self.command = [str(part) for part in command]
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.ports = {}

    def launch(self, stdout):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=stdout,
            stderr=self.errors, env=self.environment, start_new_session=True)

    def wait(self):
        """Waits until every variant answers HTTP."""
        for variant in self.ports:
            self.wait_for(variant)

    def wait_for(self, variant):
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                wire(self.ports[variant], "GET", "/not-there", timeout=5)
                return
            except (OSError, http.client.HTTPException) as error:
                if self.process.poll() is not None or (
                        time.monotonic() > end):
                    raise Failure("%s %s does not start: %s" % (
                        self.name, variant, error)) from error
                time.sleep(0.05)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            # The session that this process began, so nobody else's.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def requests(self, agent):
        """What the server saw of one check, in order."""
        # What follows the last line end is being written just now.
        lines = self.log.read_text().rpartition("\n")[0].split("\n")
        return [seen for seen in map(json.loads, filter(None, lines))
                if seen["agent"].split("/")[0] == agent]


class PythonServer(Server):
    def __init__(self, name, python, kind):
        log = OUT / (name + ".requests")
        super().__init__(name, [python, HERE / "servers.py", kind, log, free_port()])

    def start(self):
        self.launch(subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise Failure("%s does not start, see %s" % (
                self.name, self.errors.name))
        self.ports = json.loads(line)
        self.wait()

    def command_line(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        expect(self.process.stdout.readline().strip(), b"done", text)

    def stop_one(self):
        self.command_line("stop")

    def start_one(self):
        self.command_line("start")


class NodeServer(Server):
    """The everything server; a second process is the one that restarts."""

    def __init__(self, name, program, folder, variant):
        port = free_port()
        package = (folder / "node_modules" / "@modelcontextprotocol" /
                   "server-everything" / "dist" / "index.js")
        super().__init__(
            name,
            [program, "--require", HERE / "loopback.cjs", package,
             "streamableHttp"],
            {"PORT": str(port),
             "INTEROP_LOG": str(OUT / (name + ".requests"))})
        self.ports = {variant: port}

    def start(self):
        self.launch(self.errors)
        self.wait()

    def stop_one(self):
        self.kill()

    def start_one(self):
        self.start()


def connections(port, peer=None):
    """How many connections to a port are open at both ends, as Linux tells.
    peer is the client's port, if it is to be one connection."""
    try:
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
    except OSError:
        time.sleep(1 if peer is None else 15)
        return 0
    local = ":%04X" % peer if peer else ""
    remote = ":%04X" % port
    return len([row for row in rows if row[1].endswith(local)
                and row[2].endswith(remote) and row[3] == "01"])


def until_closed(port, what, peer=None):
    """Waits until the clients' system knows that a server has closed its
    connections.  On a busy machine it may be told a while after the server did
    so: a request that is sent before that may have run, as far as anybody
    knows."""
    end = time.monotonic() + START_LIMIT
    while connections(port, peer):
        if time.monotonic() > end:
            raise Failure(what)
        time.sleep(0.05)
    # The client looks at what was idle for 5 ms; before that, it sends.
    time.sleep(0.05)


def until_gone(port):
    until_closed(port, "connections to a server that is gone")


def wire(port, method, path, body=None, headers=None, timeout=30):
    """One exchange without the library: status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        return reply.status, dict(
            (name.lower(), value) for name, value in reply.getheaders()
        ), reply.read()
    finally:
        connection.close()


# The client


class Probe:
    """One run of probe.c, fed line by line."""

    numbers = itertools.count(1)

    def __init__(self, server, variant, token=None, key=None, protocol=None,
                 path="/mcp", host="127.0.0.1"):
        self.server = server
        self.agent = "interop-%d" % next(self.numbers)
        self.process = subprocess.Popen(
            [str(OUT / "probe")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.timer = threading.Timer(DEADLINE, self.process.kill)
        self.timer.start()
        self.seen = 0
        url = "http://%s:%d%s" % (host, server.ports[variant], path)
        self.ok("new %s %s" % (url, token or ""))
        self.ok("info %s 1" % self.agent)
        if key is not None:
            self.ok("key " + key)
        if protocol is not None:
            self.ok("protocol " + protocol)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
            self.process.stdout.read()
            self.process.wait()
        except OSError:
            pass
        finally:
            self.timer.cancel()
            self.process.kill()
            self.process.wait()

    def do(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            code = self.process.wait()
            said = self.process.stderr.read().decode(errors="replace").strip()
            if code == -signal.SIGKILL:
                said = "over its time"
            raise Failure("%s: the probe ended with %d: %s" % (
                line.split()[0], code, said))
        return json.loads(answer)

    def ok(self, line):
        answer = self.do(line)
        if answer["status"] != 0:
            raise Failure("%s: %s, HTTP %d: %s" % (
                line.split()[0], answer["name"], answer["http"],
                answer["message"]))
        return answer

    def refused(self, line, name, status):
        answer = self.do(line)
        expect((answer["name"], answer.get("http")), (name, status), line)
        return answer

    def new_requests(self):
        """What the server saw since the last look."""
        everything = self.server.requests(self.agent)
        fresh = everything[self.seen:]
        self.seen = len(everything)
        return fresh

    def saw(self, *wanted):
        """Asserts on the JSON-RPC methods that the server saw."""
        expect([seen["rpc"] for seen in self.new_requests()], list(wanted),
               "requests")

    def finish(self, deletes):
        """Frees the client; a session must be given back, once."""
        self.ok("free")
        seen = [(one["method"], one["status"]) for one in self.new_requests()]
        expect(seen, deletes, "requests of free")


# Checks


class Target:
    """A kind of server: how it is made and what is expected of it."""

    def __init__(self, name, make, auto, identity, forms, guards, versions):
        self.name = name
        self.make = make
        self.auto = auto
        self.identity = identity
        self.forms = forms
        self.guards = guards
        self.versions = versions
        self.servers = None
        self.problem = None


def negotiation(target, protocol):
    """The requests of a first ping."""
    if (protocol or target.auto) == MODERN:
        return ["server/discover"]
    probe = [] if protocol else ["server/discover"]
    return probe + CONNECT + ["ping"]


def credentials(guard):
    return {"token": {"token": TOKEN}, "key": {"key": KEY},
            "remote": {"token": TOKEN}}.get(guard, {})


def check_wire(target, form, guard):
    """The stock server behaves as the other checks suppose."""
    server = target.servers[0]
    port = server.ports[form + "-" + guard]
    body = json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {},
                   "clientInfo": {"name": "wire", "version": "0"}}})
    headers = {"Accept": "application/json, text/event-stream",
               "Content-Type": "application/json", "User-Agent": "wire"}
    if guard in ("token", "key", "remote"):
        expect(wire(port, "POST", "/mcp", body, headers)[0], 401,
               "status without credentials")
    if guard in ("token", "remote"):
        headers["Authorization"] = "Bearer " + TOKEN
    elif guard == "key":
        headers["X-API-Key"] = KEY
    status, answer, text = wire(port, "POST", "/mcp", body, headers)
    expect(status, 200, "status of initialize")
    kind = "application/json" if form.startswith("json") else (
        "text/event-stream")
    expect(answer["content-type"].split(";")[0], kind, "reply form")
    expect("mcp-session-id" in answer, "stateful" in form, "session header")
    expect(b'"2025-11-25"' in text, True, "version in the reply")
    discover = json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "server/discover",
        "params": {"_meta": {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {}}}})
    headers.update({"MCP-Protocol-Version": MODERN,
                    "Mcp-Method": "server/discover"})
    expect(wire(port, "POST", "/mcp", discover, headers)[0],
           200 if target.auto == MODERN else 400, "status of discover")


def check_ping(target, form, guard, protocol=None):
    server = target.servers[0]
    with Probe(server, form + "-" + guard, protocol=protocol,
               **credentials(guard)) as probe:
        probe.ok("ping")
        first = probe.new_requests()
        expect([seen["rpc"] for seen in first],
               negotiation(target, protocol), "requests of the first ping")
        expect({(seen["bearer"], seen["key"]) for seen in first},
               {(guard in ("token", "remote"), guard == "key")},
               "credentials of the first ping")
        version = protocol or target.auto
        modern = version == MODERN
        second = "server/discover" if modern else "ping"
        peers = [first[-1]["peer"]]

        def later_ping():
            probe.ok("ping")
            fresh = probe.new_requests()
            expect([seen["rpc"] for seen in fresh], [second],
                   "requests of a later ping")
            expect(fresh[0]["status"], 200, "status of a later ping")
            expect(fresh[0]["session"], "stateful" in form and not modern,
                   "session id sent")
            peers.append(fresh[0]["peer"])
            return peers[-1] == peers[-2]

        again = [later_ping() for _ in range(3)]
        # A busy server may end an event stream later than the library waits for
        # its end. The next request then opens another connection.
        is_used = all(again)
        if form.startswith("sse"):
            is_used = any(again) or any(later_ping() for _ in range(100))
        expect(is_used, True, "connection used again, of %s" % peers)
        answer = probe.ok("connect")
        expect((answer["protocol"], answer["server"]),
               (version, target.identity), "introduction")
        probe.new_requests()
        probe.finish([("DELETE", 200)]
                     if "stateful" in form and not modern else [])


def check_refused(target, form, guard, wrong):
    """Typed at once, after one request, by ping and by connect."""
    given = {guard: wrong} if wrong else {}
    for protocol in (None, "2025-11-25"):
        for step in ("ping", "connect"):
            with Probe(target.servers[0], form + "-" + guard,
                       protocol=protocol, **given) as probe:
                answer = probe.refused(step, "MCP_E_UNAUTHORIZED", 401)
                for secret in (wrong, TOKEN, KEY):
                    if secret and secret in answer["message"]:
                        raise Failure("the message shows the credential")
                seen = probe.new_requests()
                expect([one["status"] for one in seen], [401], "requests")
                expect((seen[0]["bearer"], seen[0]["key"]),
                       (bool(wrong) and guard == "token",
                        bool(wrong) and guard == "key"), "credentials sent")
                # The client is not spoilt: the right credential repairs it.
                if guard == "token":
                    probe.ok("token " + TOKEN)
                else:
                    probe.ok("key " + KEY)
                probe.ok("ping")


def check_lost_right(target, form):
    """A token that is withdrawn and given back on a connected client."""
    with Probe(target.servers[0], form + "-token", token=TOKEN) as probe:
        probe.ok("ping")
        probe.new_requests()
        probe.ok("token wrong-token")
        probe.refused("ping", "MCP_E_UNAUTHORIZED", 401)
        expect([one["status"] for one in probe.new_requests()], [401],
               "requests")
        probe.ok("token " + TOKEN)
        probe.ok("ping")
        # A session that was refused is verified by a ping first.
        has_session = "stateful" in form and target.auto != MODERN
        expect(len(probe.new_requests()), 2 if has_session else 1,
               "requests after the repair")


def check_swap(target, form, protocol=None):
    """Sessions belong to the client behind the token, not to the token."""
    with Probe(target.servers[0], form + "-token", token=TOKEN,
               protocol=protocol) as probe:
        probe.ok("ping")
        probe.new_requests()
        probe.ok("token second-token")
        probe.ok("ping")
        expect(len(probe.new_requests()), 1, "requests with the same client")
        probe.ok("token other-token")
        probe.ok("ping")
        seen = [(one["rpc"], one["status"]) for one in probe.new_requests()]
        expect(seen[0], ("ping", 404), "request with another client")
        expect([rpc for rpc, _ in seen[-3:]], CONNECT + ["ping"],
               "a new session")


def check_challenge(target, wrong, wanted):
    """The parameters of WWW-Authenticate can be read."""
    with Probe(target.servers[0], "sse-stateful-remote",
               token=wrong) as probe:
        status = 403 if wrong == "read-token" else 401
        name = "MCP_E_FORBIDDEN" if status == 403 else "MCP_E_UNAUTHORIZED"
        probe.refused("ping", name, status)
        expect([one["status"] for one in probe.new_requests()], [status],
               "requests")
        port = target.servers[0].ports["sse-stateful-remote"]
        for parameter, value in wanted.items():
            if value is not None:
                value = value.replace("PORT", str(port))
            seen = probe.do("challenge " + parameter)["value"]
            expect(seen, value, parameter)


def check_idle(target, form, guard, protocol=None):
    """The server closes an idle connection after 5 s; nobody notices."""
    server, variant = target.servers[0], form + "-" + guard
    with Probe(server, variant, protocol=protocol, **credentials(guard)) as probe:
        probe.ok("ping")
        peer = probe.new_requests()[-1]["peer"]
        until_closed(server.ports[variant], "the server did not close the connection", peer)
        probe.ok("ping")
        fresh = probe.new_requests()
        expect([seen["status"] for seen in fresh], [200], "requests")
        expect(fresh[0]["peer"] != peer, True, "another connection")


def check_restart(target, protocol=None):
    """A restarted server has forgotten the session; nobody notices."""
    server = target.servers[-1]
    token = TOKEN if "token" in target.guards else None
    with server.lock, Probe(server, "restart", token=token,
                            protocol=protocol) as probe:
        probe.ok("ping")
        probe.new_requests()
        server.stop_one()
        until_gone(server.ports["restart"])
        server.start_one()
        server.wait_for("restart")
        probe.ok("ping")
        seen = probe.new_requests()
        last = (seen[-1]["rpc"], seen[-1]["status"])
        if (protocol or target.auto) == MODERN:
            expect(last, ("server/discover", 200), "last request")
            expect(len(seen), 1, "number of requests")
        else:
            expect(last, ("ping", 200), "last request")
            # The everything server says 400 where the others say 404.
            expect((seen[0]["session"], seen[0]["status"] in (400, 404)),
                   (True, True), "first request, of the lost session")
            expect([one["rpc"] for one in seen[1:]], CONNECT + ["ping"],
                   "requests of the new session")
        # While it is down, a typed error; afterwards all is well again.
        server.stop_one()
        until_gone(server.ports["restart"])
        down = probe.do("ping")
        server.start_one()
        expect((down["name"], down.get("may_have_run")),
               ("MCP_E_CONNECT", 0), "error while it is down")
        server.wait_for("restart")
        probe.ok("ping")


def check_slash(target, form, guard, redirected, protocol=None):
    """"/mcp/" is redirected on the same origin by Python's servers."""
    with Probe(target.servers[0], form + "-" + guard, protocol=protocol,
               path="/mcp/", **credentials(guard)) as probe:
        probe.ok("ping")
        probe.ok("ping")
        seen = probe.new_requests()
        expect(307 in [one["status"] for one in seen], redirected,
               "a redirect was seen")
        expect(seen[-1]["status"], 200, "status of the last request")
        probe.ok("free")
        ended = [(one["method"], one["status"])
                 for one in probe.new_requests()][-1:]
        session = "stateful" in form and (protocol or target.auto) != MODERN
        expect(ended, [("DELETE", 200)] if session else [],
               "end of the session")


def check_localhost(target, form, guard):
    """A name with two addresses, of which one may refuse."""
    with Probe(target.servers[0], form + "-" + guard, host="localhost",
               **credentials(guard)) as probe:
        probe.ok("ping")


def check_events(target, protocol):
    """Streams that begin with an event that has an id and no data."""
    with Probe(target.servers[0], "sse-stateful-events",
               protocol=protocol) as probe:
        for _ in range(3):
            probe.ok("ping")
        expect(probe.new_requests()[-1]["status"], 200, "last request")


def check_legacy(target, variant, protocol=None):
    """HTTP with SSE: one GET for the whole client, the rest by POSTs that
    name no session in a header."""
    elsewhere = variant == "legacy-elsewhere"
    token = None if variant == "legacy" else TOKEN
    with Probe(target.servers[0], variant, token=token, protocol=protocol,
               path="/mcp" if elsewhere else "/sse") as probe:
        probe.ok("ping")
        first = probe.new_requests()
        gets = [(one["method"], one["status"]) for one in first
                if one["method"] == "GET"]
        expect(gets, [("GET", 200)], "streams")
        accepted = [one["rpc"] for one in first if one["status"] == 202]
        expect(accepted, CONNECT + ["ping"], "messages")
        others = [one["status"] for one in first
                  if one["status"] not in (200, 202)]
        expect(others, [405, 405] if elsewhere else [], "tries")
        expect({(one["bearer"], one["session"]) for one in first},
               {(token is not None, False)}, "credentials")
        for _ in range(3):
            probe.ok("ping")
            expect([(one["rpc"], one["status"])
                    for one in probe.new_requests()], [("ping", 202)],
                   "requests of a later ping")
        answer = probe.ok("connect")
        expect((answer["protocol"], answer["server"]),
               (protocol or HANDSHAKE[-1], target.identity), "introduction")
        probe.ok("free")
        # The servers answer the GET once more when it has ended.
        expect([one["method"] for one in probe.new_requests()
                if one["method"] != "GET"], [], "requests of free")


def check_legacy_refused(target, variant, wrong):
    """A token that is refused is not tried again with the other transport."""
    path = "/mcp" if variant == "legacy-elsewhere" else "/sse"
    with Probe(target.servers[0], variant, token=wrong, path=path) as probe:
        for step in ("ping", "connect"):
            answer = probe.refused(step, "MCP_E_UNAUTHORIZED", 401)
            if wrong and wrong in answer["message"]:
                raise Failure("the message shows the credential")
            refused = [one for one in probe.new_requests()
                       if one["status"] == 401]
            expect([one["bearer"] for one in refused], [bool(wrong)],
                   "requests that were refused")
        probe.ok("token " + TOKEN)
        probe.ok("ping")


def check_wrong_path(target, form, guard):
    with Probe(target.servers[0], form + "-" + guard, path="/nowhere",
               **credentials(guard)) as probe:
        probe.refused("ping", "MCP_E_ENDPOINT", 404)


def check_version_refused(target, form, guard):
    """The newest revision pinned: nothing older is tried behind one's back."""
    with Probe(target.servers[0], form + "-" + guard, protocol=MODERN,
               **credentials(guard)) as probe:
        answer = probe.do("ping")
        expect(answer["name"], "MCP_E_VERSION", "status")
        probe.saw("server/discover")


def checks_of(target):
    """Gives (name, function) of every check of one target, slow ones first."""
    name = target.name
    stateless = "sse-stateless" in target.forms
    main = target.guards[0]
    modern = target.auto == MODERN
    found = []

    def add(text, check, *arguments, **options):
        found.append(("%s: %s" % (name, text),
                      lambda: check(target, *arguments, **options)))

    for form in target.forms:
        add("%s: idle connection closed by the server" % form,
            check_idle, form, main)
    add("restart between two pings", check_restart)
    if modern:
        add("restart between two pings, 2025-11-25", check_restart,
            "2025-11-25")
        add("sse-stateful: idle connection, 2025-11-25", check_idle,
            "sse-stateful", main, "2025-11-25")
    for form in target.forms:
        for guard in target.guards:
            add("%s, %s: wire" % (form, guard), check_wire, form, guard)
            add("%s, %s: ping" % (form, guard), check_ping, form, guard)
            for version in target.versions:
                add("%s, %s: ping, pinned %s" % (form, guard, version),
                    check_ping, form, guard, version)
            if guard == "open":
                continue
            add("%s, %s: wrong" % (form, guard), check_refused, form, guard,
                "wrong-" + guard)
            add("%s, %s: missing" % (form, guard), check_refused, form,
                guard, None)
        if "token" in target.guards:
            add("%s: token withdrawn and given back" % form,
                check_lost_right, form)
        add("%s: trailing slash" % form, check_slash, form, main, stateless)
        if not modern:
            add("%s: only %s asked for" % (form, MODERN),
                check_version_refused, form, main)
    add("localhost", check_localhost, "sse-stateful", main)
    if name.startswith("fastmcp"):
        add("streams with ids to resume at", check_events, None)
        add("streams with ids to resume at, 2025-11-25", check_events,
            "2025-11-25")
    if name != "everything":
        for variant in ("legacy", "legacy-token", "legacy-elsewhere"):
            add("%s: ping" % variant, check_legacy, variant)
            if variant == "legacy":
                continue
            for wrong in ("wrong-token", None):
                add("%s: token %s" % (variant, wrong), check_legacy_refused,
                    variant, wrong)
        for version in HANDSHAKE:
            add("legacy: ping, pinned %s" % version, check_legacy, "legacy",
                version)
    add("wrong path", check_wrong_path, "sse-stateful", main)
    if stateless:
        add("no guard: ping", check_ping, "sse-stateful", "open")
        add("trailing slash, 2025-11-25", check_slash, "sse-stateful", main,
            True, "2025-11-25")
        add("token of another client on a session", check_swap,
            "sse-stateful", "2025-11-25")
        add("protected resource: ping", check_ping, "sse-stateful", "remote")
        metadata = ("http://127.0.0.1:PORT"
                    "/.well-known/oauth-protected-resource/mcp")
        add("protected resource: challenge to a wrong token",
            check_challenge, "wrong-token",
            {"error": "invalid_token", "resource_metadata": metadata,
             "nothing": None})
        add("protected resource: challenge to no token",
            check_challenge, None, {"resource_metadata": metadata})
        add("protected resource: scope missing", check_challenge,
            "read-token", {"error": "insufficient_scope",
                           "resource_metadata": metadata})
    return found


def python_target(name, major, kind, auto):
    def make():
        server = PythonServer(name, environments.fastmcp(major), kind)
        return [server]
    return Target(name, make, auto, "probe", FORMS, ("token", "key"),
                  HANDSHAKE + ((MODERN,) if auto == MODERN else ()))


def everything_target():
    def make():
        program, folder = environments.everything()
        return [NodeServer("everything", program, folder, "sse-stateful-open"),
                NodeServer("everything-restart", program, folder, "restart")]
    return Target("everything", make, "2025-11-25",
                  "mcp-servers/everything", ("sse-stateful",), ("open",),
                  HANDSHAKE)


TARGETS = (
    python_target("fastmcp-2.14.7", 2, "fastmcp", "2025-11-25"),
    python_target("fastmcp-3.4.10", 3, "fastmcp", "2025-11-25"),
    python_target("fastmcp-4.1.2", 4, "fastmcp", MODERN),
    python_target("sdk-1.30.0", 3, "sdk", "2025-11-25"),
    python_target("sdk-2.3.0", 4, "sdk", MODERN),
    everything_target(),
)


# Running


def compile_probe():
    OUT.mkdir(parents=True, exist_ok=True)
    # The link that an installation has: cargo does not make it.
    for name in ("libmcpclient.so", "libmcpclient.so.0"):
        (OUT / name).unlink(missing_ok=True)
        (OUT / name).symlink_to(LIBDIR / "libmcpclient.so")
    command = shlex.split(os.environ.get("CC", "cc")) + [
        "-std=c89", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-g",
        "-I", str(ROOT / "include"), str(HERE / "probe.c"),
        "-o", str(OUT / "probe"), "-L", str(OUT), "-lmcpclient",
        "-Wl,-rpath," + str(OUT)]
    subprocess.run(command, check=True, timeout=120)


def set_up(target):
    """Installs and starts one target; returns the seconds of both."""
    began = time.monotonic()
    try:
        servers = target.make()
    except Unavailable as error:
        target.problem = str(error)
        return 0.0, 0.0
    installed = time.monotonic()
    target.servers = servers
    try:
        for server in servers:
            server.lock = threading.Lock()
            server.start()
    except Failure as error:
        target.problem = error
    return installed - began, time.monotonic() - installed


def perform(check):
    try:
        check()
        return None
    except Failure as failure:
        return str(failure)
    except Exception as error:  # A broken check is a failed one.
        return "%s: %s" % (type(error).__name__, error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true",
                        help="only print the names of the checks")
    parser.add_argument("--jobs", type=int, default=4,
                        help="checks at a time, waiting ones apart")
    parser.add_argument("part", nargs="*",
                        help="run the checks whose name has all of these")
    options = parser.parse_args()

    chosen = {}
    for target in TARGETS:
        checks = [(name, check) for name, check in checks_of(target)
                  if all(part in name for part in options.part)]
        if checks:
            chosen[target] = checks
    if options.list:
        for checks in chosen.values():
            for name, _ in checks:
                print(name)
        return 0

    passed = failed = skipped = 0
    strict = os.environ.get("CI") == "true"
    began = time.monotonic()
    compile_probe()
    try:
        with concurrent.futures.ThreadPoolExecutor(len(chosen) or 1) as pool:
            for target, times in zip(chosen, pool.map(set_up, chosen)):
                if target.problem is None:
                    print("%s: installed in %.1f s, started in %.1f s" % (
                        (target.name,) + times))
        work = []
        for target, checks in chosen.items():
            if target.problem is None:
                work += checks
            elif isinstance(target.problem, Failure) or strict:
                failed += len(checks)
                print("FAILED %s: %s" % (target.name, target.problem))
            else:
                skipped += len(checks)
                print("SKIP %s: %s" % (target.name, target.problem))
        # Those that wait have threads of their own and cost no time.
        waiting = [one for one in work if "idle" in one[0]]
        others = [one for one in work if "idle" not in one[0]]
        with concurrent.futures.ThreadPoolExecutor(
                len(waiting) or 1) as slow, (
                concurrent.futures.ThreadPoolExecutor(options.jobs)) as fast:
            futures = {}
            for pool, some in ((slow, waiting), (fast, others)):
                for name, check in some:
                    futures[pool.submit(perform, check)] = name
            for future in concurrent.futures.as_completed(futures):
                problem = future.result()
                if problem is None:
                    passed += 1
                    print("ok     %s" % futures[future], flush=True)
                else:
                    failed += 1
                    print("FAILED %s: %s" % (futures[future], problem),
                          flush=True)
    finally:
        for target in chosen:
            for server in target.servers or []:
                server.kill()
    if failed:
        print("what the servers saw: %s" % os.path.relpath(OUT))
    else:
        shutil.rmtree(OUT, ignore_errors=True)
    print("took %.1f s" % (time.monotonic() - began))
    print("interop: %d passed, %d failed, %d skipped" % (
        passed, failed, skipped))
    return 1 if failed or passed + skipped == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
