#!/usr/bin/env python3
"""Talks to popular MCP servers as they come from PyPI and npm.

    real.py [--all] [--list] [--jobs N] [PART-OF-A-NAME ...]

real_servers.py is the table of them.  Without --all only the short part of the
table runs, which is a part of the usual tests.  Each server is asked by the
command-line client and through the library (calls.c) for a sign of life, for its
tools and for one call, and each answer is checked.  Library and client: those of
PROFILE, as everywhere.
"""

import argparse
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import environments
from environments import Unavailable
from real_servers import SERVERS
from support import BUILD, INCLUDE, RELEASE, ROOT, Suite, free_port, run

HERE = Path(__file__).resolve().parent
# Of this run alone, as two may run side by side; kept when a check fails.
OUT = Path(ROOT) / "tests" / ".out" / ("real-%d" % os.getpid())
CALLS = OUT / "calls"
CLIENT = os.path.join(BUILD, "mcpclient")
TRANSPORTS = {"http": 1, "sse": 2, "stdio": 3}
# Seconds: one command of the client, and the start of a server that listens.
LIMIT, START = 90, 60
suite = Suite("real")
MAKING, MADE = threading.Lock(), {}


def environment(make, which):
    """An environment; made once, also if several servers wait for it."""
    with MAKING:
        lock, result = MADE.setdefault((make, which), (threading.Lock(), []))
    with lock:
        if not result:
            try:
                result.append(make(which))
            except Unavailable as error:
                result.append(error)
    if isinstance(result[0], Unavailable):
        raise result[0]
    return result[0]


class Places:
    """What the table's placeholders stand for, of one server."""

    def __init__(self, server):
        self.work = OUT / re.sub(r"\W+", "-", server.name)
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.values = {"work": self.work, "programs": HERE / "real",
                       "python": sys.executable}
        for name in server.environments:
            self.add(name)
        for number in (1, 2):
            self.values["port%d" % number] = free_port()
        program = self.fill(server.command[0])
        if os.path.isabs(program) and not os.path.exists(program):
            raise Unavailable("%s has no program for this system" % server.package)
        for name, text in server.files.items():
            (self.work / name).write_text(self.fill(text))
        for command in server.prepare:
            subprocess.run(self.command(server, command), cwd=self.work, check=True,
                           timeout=LIMIT, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def add(self, name):
        kind, _, which = name.partition(":")
        if kind == "program":
            self.values[which] = shutil.which(which)
            if self.values[which] is None:
                raise Unavailable("%s is not installed" % which)
        elif kind == "npm":
            program, folder = environment(environments.real_packages, which)
            self.values["node"] = program
            self.values["npm"] = folder / "node_modules"
            self.values["programs"] = folder / "programs"
        else:
            python = environment(environments.real_python, which)
            self.values[which.replace("-", "_").replace(".", "_")] = python.parent

    def fill(self, text):
        return re.sub(r"\{(\w+)\}", lambda found: str(self.values[found.group(1)]), text)

    def command(self, server, words):
        """The program with its environment: the library gives a program few
        of the application's variables, so `env` sets them."""
        settings = {
            "HOME": "{work}",
            # Nothing listens there: a server that calls its makers fails.
            "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
            "DO_NOT_TRACK": "1", "OTEL_SDK_DISABLED": "true",
        }
        if "node" in self.values:
            settings["PATH"] = "%s:%s" % (self.values["node"].parent, os.environ["PATH"])
            settings["NODE_OPTIONS"] = "--require %s" % (HERE / "real" / "loopback.cjs")
        settings.update(server.settings)
        return ["env", *(self.fill("%s=%s" % item) for item in settings.items()),
                *(self.fill(word) for word in words)]


class Listening:
    """A server that listens while the block lasts."""

    def __init__(self, places, server, words, port):
        self.command = places.command(server, words)
        self.port, self.work = port, places.work
        self.log = open(places.work / ("server-%d.log" % port), "wb")

    def __enter__(self):
        # The pipe stays open: some of them end with their standard input.
        self.process = subprocess.Popen(self.command, cwd=self.work, stdin=subprocess.PIPE,
                                        stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        end = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.__exit__()
                    raise RuntimeError("does not listen on %d: %s" % (
                        self.port, self.said())) from None
                time.sleep(0.05)

    def __exit__(self, *_):
        # The session that it began, so nobody else's.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            pass
        self.process.wait()
        self.process.stdin.close()
        self.log.close()

    def said(self):
        return Path(self.log.name).read_text(errors="replace").strip()[-800:]


def client(server, places, where, verb, arguments, test, status=0):
    """One command of the command-line client, which says nothing on standard
    error unless the call fails."""
    options = where if isinstance(where, list) else []
    place = [] if options else [where]
    done = run([CLIENT, verb, *place, *arguments, *options], limit=LIMIT, cwd=places.work)
    is_right = done.returncode == status and test(done.stdout + (done.stderr if status else ""))
    may_say = "-32601" if verb == "ping" and not server.knows_ping else None
    if is_right and done.stderr and not status and (may_say is None or may_say not in done.stderr):
        is_right, done.stderr = False, "standard error: " + done.stderr
    suite.check("%s: mcpclient %s" % (server.name, verb), is_right, "exit status %d; %s; %s" % (
        done.returncode, done.stderr.strip()[-1500:], done.stdout.strip()[-1500:]))


def library(server, places, where, arguments):
    """The same through calls.c, in one client."""
    call = "call %s %s" % (server.tool, arguments)
    place = [where, "-", "-"] if isinstance(where, str) else ["-", "-", "-", *where]
    try:
        done = subprocess.run(
            [str(CALLS), *place], input="\n".join(["info", "ping", "tools", call, ""]),
            capture_output=True, text=True, timeout=2 * LIMIT, cwd=places.work)
        output, problem = done.stdout, "exit status %d: %s" % (done.returncode, done.stderr)
    except subprocess.TimeoutExpired as error:
        said = error.stdout or ""
        output = said.decode(errors="replace") if isinstance(said, bytes) else said
        output, problem = output[:output.rfind("\n") + 1], "no end"
    found = {}
    for line in output.splitlines():
        one = json.loads(line)
        if one["do"] == "done":
            found[one["line"].split(" ")[0]] = one
    wanted = {
        "info": lambda it: (it["protocol"], it["transport"])
        == (server.revision, TRANSPORTS[server.carrier]),
        "ping": lambda it: True,
        "tools": lambda it: server.tool in it["names"],
        "call": lambda it: bool(it["failed"]) == (server.fails == "tool")
        and server.expected in it["text"],
    }
    statuses = {"ping": "MCP_OK" if server.knows_ping else "MCP_E_RPC",
                "call": "MCP_E_RPC" if server.fails == "rpc" else "MCP_OK"}
    for verb, test in wanted.items():
        one = found.get(verb, {"status": "not made", "why": problem})
        try:
            is_right = one["status"] == statuses.get(verb, "MCP_OK") and (
                test(one) if one["status"] == "MCP_OK" else verb == "ping"
                or server.expected in one["why"])
        except (KeyError, TypeError) as error:
            is_right, one = False, dict(one, problem=repr(error))
        suite.check("%s: library %s" % (server.name, verb), is_right, json.dumps(one)[:1500])


def talk(server, places, where):
    """All that is asked of a server; of a slow one at the same time."""
    arguments = places.fill(json.dumps(server.arguments, separators=(",", ":")))
    place = where if isinstance(where, str) else ["--stdio", "--", *where]
    tool = re.compile("^%s\\b" % re.escape(server.tool), re.M)
    pong = "(protocol %s)" % server.revision
    jobs = [
        ("ping", [], lambda said: pong in said),
        ("tools", [], tool.search),
        ("call", [server.tool, arguments], lambda said: server.expected in said,
         int(server.fails != "")),
    ]
    jobs = [functools.partial(client, server, places, place, *job) for job in jobs]
    jobs.append(functools.partial(library, server, places, where, arguments))
    if not server.slow:
        for job in jobs:
            job()
        return
    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()


def perform(server):
    try:
        places = Places(server)
    except subprocess.SubprocessError as error:
        suite.check("%s: is prepared" % server.name, False, str(error))
        return
    except Unavailable as error:
        if server.short:
            suite.skip(server.name, str(error))
        else:
            with suite.lock:
                suite.counts["skipped"] += 1
                print("SKIP %s: %s" % (server.name, error), flush=True)
        return
    began = time.monotonic()
    try:
        if server.backend:
            with Listening(places, server, server.backend, places.values["port2"]):
                meet(server, places)
        else:
            meet(server, places)
    except (RuntimeError, OSError, ValueError) as error:
        suite.check("%s: runs" % server.name, False, str(error))
    print("%s took %.1f s" % (server.name, time.monotonic() - began), flush=True)


def meet(server, places):
    if server.carrier == "stdio":
        words = server.command
        if server.slow:
            # Several run at a time: each in a folder of its own.
            words = ["sh", "-c", "sleep %d; cd \"$(mktemp -d run-XXXXXX)\"; exec \"$@\"" %
                     server.slow, "sh", *words]
        talk(server, places, places.command(server, words))
        return
    with Listening(places, server, server.command, places.values["port1"]):
        talk(server, places, "http://%s:%d%s" % (server.host, places.values["port1"],
                                              server.path))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the whole table")
    parser.add_argument("--list", action="store_true", help="only print the table")
    parser.add_argument("--jobs", type=int, default=3, help="servers at a time")
    parser.add_argument("part", nargs="*", help="servers whose name has all of these")
    options = parser.parse_args()
    chosen = [server for server in SERVERS if (options.all or options.part or server.short)
              and all(part in server.name for part in options.part)]
    if options.list:
        for server in chosen:
            print("%-34s %-38s %-26s %-6s %s" % (
                server.name, server.package, server.framework, server.carrier,
                server.revision))
        return
    OUT.mkdir(parents=True, exist_ok=True)
    done = run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-g",
                "-I", INCLUDE, "-o", str(CALLS), str(HERE / "calls.c"), "-L", RELEASE,
                "-lmcpclient", "-Wl,-rpath," + RELEASE])
    if suite.check("calls.c compiles without a warning", done.returncode == 0, done.stderr):
        # Slow ones wait and cost no time: they have threads of their own.
        slow = [server for server in chosen if server.slow]
        with ThreadPoolExecutor(len(slow) or 1) as waiting, (
                ThreadPoolExecutor(options.jobs)) as working:
            jobs = [waiting.submit(perform, server) for server in slow]
            jobs += [working.submit(perform, server) for server in chosen if not server.slow]
            for job in jobs:
                job.result()
    if not suite.counts["failed"]:
        shutil.rmtree(OUT, ignore_errors=True)
    suite.end()


main()
