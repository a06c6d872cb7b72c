#!/usr/bin/env python3
"""Makes every call that stock servers offer, from C: FastMCP of three majors
and the official TypeScript everything server.

calls.c makes the calls that it is told and prints what came of each; here is
told what to make, and what has to come of it.
"""

import json
import os
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
from support import INCLUDE, RELEASE, ROOT, Suite, run

HERE = Path(__file__).resolve().parent
OUT = Path(ROOT) / "tests" / ".out" / "stock"
CALLS = OUT / "calls"
BYTES = bytes(range(256))
MODERN = "2026-07-28"
FORM, URL, SAMPLING = 1, 2, 4
TOOLS, UPDATED, LOG = 1, 8, 16
TEXT, IMAGE, AUDIO, LINK, RESOURCE = 1, 2, 3, 4, 5
suite = Suite("stock")


def sum_of(data):
    """As calls.c sums bytes."""
    total = 0
    for byte in data:
        total = (total * 31 + byte) % 1000003
    return total


class Process:
    """A server that runs for the length of a block."""

    def __init__(self, command, port=None, environment=None):
        self.command, self.port = [str(part) for part in command], port
        self.environment = dict(os.environ, **(environment or {}))

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=self.environment)
        if self.port is None:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("%s does not start" % self.command[1])
            self.port = int(line)
        else:
            # What it prints is of no interest, but has to go somewhere.
            threading.Thread(target=self.process.stdout.read, daemon=True).start()
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError("%s does not listen" % self.command[0])
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Talk:
    """The lines that calls.c printed for a script."""

    def __init__(self, port, token, version, script, form=None):
        environment = dict(os.environ)
        if form is not None:
            environment["FORM"] = form
        done = subprocess.run(
            [CALLS, "http://127.0.0.1:%d/mcp" % port, token, version],
            input="\n".join(script) + "\n", capture_output=True, text=True,
            timeout=120, env=environment)
        self.lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.ends_well = done.returncode == 0
        self.errors = done.stderr

    def done(self, line):
        found = [one for one in self.lines if one["do"] == "done" and one["line"] == line]
        return found[0] if found else {"status": "not made"}

    def of(self, what):
        return [one for one in self.lines if one["do"] == what]


def right(name, talk, line, test):
    """A line that has to have come out well."""
    found = talk.done(line)
    try:
        is_right = found["status"] == "MCP_OK" and test(found)
    except (KeyError, IndexError, TypeError) as error:
        is_right = False
        found = dict(found, problem=repr(error))
    suite.check("%s: %s" % (name, line), is_right, json.dumps(found)[:1500])


def python_whole(name, major, form, version, port):
    """All that a FastMCP server offers."""
    is_modern = version == MODERN or version == "-" and major == 4
    # A server that answers in JSON drops what it has to say in between.
    is_stream = form.startswith("sse")
    # A session that is none has no way back to the client.
    talks_back = form == "sse stateful" and not is_modern
    script = [
        "tools", 'call add {"a":2,"b":3}', "call fail {}", "call media {}",
        'call count {"to":3,"pause":0.15}', "resources", "templates",
        "read data://text", "read data://blob", "read data://item/7", "prompts",
        'prompt greet {"name":"Ann"}', "read data://none"]
    if major > 2:
        script += ["level 3", "call talk {}"]
    if talks_back:
        script += ["call ask {}", "call think {}", "call roots {}", "call grow {}", "wait 100",
                   "tools again"]
    talk = Talk(port, "test-token", version, script, '{"name":"Ann","age":41}')
    suite.check("%s: ends well" % name, talk.ends_well, talk.errors[-500:])
    right(name, talk, "tools", lambda it: "add" in it["names"] and "count" in it["names"])
    right(name, talk, 'call add {"a":2,"b":3}',
          lambda it: it["text"] == "5" and it["structured"] == {"result": 5})
    right(name, talk, "call fail {}",
          lambda it: it["failed"] and "probe failure" in it["text"])
    right(name, talk, "call media {}", lambda it: [
        (one["kind"], one["bytes"], one["sum"]) for one in it["contents"][:3]] == [
            (TEXT, -1, 0), (IMAGE, 256, sum_of(BYTES)), (AUDIO, 256, sum_of(BYTES))]
        and it["contents"][3]["kind"] == RESOURCE
        and it["contents"][3]["sum"] == sum_of(BYTES))
    count = 'call count {"to":3,"pause":0.15}'
    right(name, talk, count, lambda it: it["text"] == "counted to 3")
    if is_stream:
        told = talk.of("progress")
        end = talk.done(count).get("ms", 0)
        suite.check("%s: progress as it is made" % name,
                    [(one["progress"], one["total"], one["message"]) for one in told]
                    == [(n, 3, "step %d" % n) for n in (1, 2, 3)]
                    and end - told[0]["ms"] >= 250, json.dumps(told))
    right(name, talk, "resources", lambda it: it["names"] == ["data://text", "data://blob"])
    right(name, talk, "templates", lambda it: it["names"] == ["data://item/{number}"])
    right(name, talk, "read data://text", lambda it: it["text"] == "some text")
    right(name, talk, "read data://blob",
          lambda it: it["contents"][0]["sum"] == sum_of(BYTES)
          and it["contents"][0]["mime"] == "application/octet-stream")
    right(name, talk, "read data://item/7", lambda it: it["text"] == "item 7")
    right(name, talk, "prompts", lambda it: it["names"] == ["greet"])
    right(name, talk, 'prompt greet {"name":"Ann"}',
          lambda it: it["contents"][0]["role"] == "user" and it["text"] == "Hello, Ann!")
    suite.check("%s: an unknown resource is an error" % name,
                talk.done("read data://none")["status"] == "MCP_E_RPC",
                json.dumps(talk.done("read data://none")))
    if major > 2:
        right(name, talk, "level 3", lambda it: True)
        right(name, talk, "call talk {}", lambda it: it["text"] == "talked")
        if is_stream and "stateful" in form:
            levels = [one["level"] for one in talk.of("event") if one["kind"] == LOG]
            suite.check("%s: messages of the level and above" % name, levels == [3],
                        json.dumps(talk.of("event")))
    if not talks_back:
        return
    right(name, talk, "call ask {}", lambda it: it["text"] == "Ann 41 red True")
    inputs = talk.of("input")
    suite.check("%s: questions" % name,
                FORM in [one["kind"] for one in inputs]
                and all(one["status"] == "MCP_OK" for one in inputs), json.dumps(inputs))
    if major < 4:
        right(name, talk, "call think {}", lambda it: it["text"] == "thought: a canned answer")
        right(name, talk, "call roots {}", lambda it: it["text"] == "file:///project")
    right(name, talk, "call grow {}", lambda it: it["text"] == "grew")
    suite.check("%s: a changed list is told" % name,
                TOOLS in [one["kind"] for one in talk.of("event")],
                json.dumps(talk.of("event")))
    for answer, said in (("decline", "decline"), ("dismiss", "cancel")):
        other = Talk(port, "test-token", version, ["call ask {}"], answer)
        right("%s: %s" % (name, answer), other, "call ask {}",
              lambda it, said=said: it["text"] == said)


def python_target(major):
    name = "fastmcp %d" % major
    try:
        python = environments.fastmcp(major)
    except Unavailable as error:
        suite.skip(name, str(error))
        return
    for form in ("sse stateful", "json stateful", "sse stateless", "json stateless"):
        with Process([python, HERE / "whole_app.py", *form.split()]) as server:
            versions = ["-"]
            if form == "sse stateful":
                versions += ["2025-06-18"] + (["2025-11-25"] if major == 4 else [])
            for version in versions:
                python_whole("%s, %s, %s" % (name, form, version), major, form, version,
                             server.port)


def everything():
    name = "everything"
    try:
        program, folder = environments.everything()
    except Unavailable as error:
        suite.skip(name, str(error))
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    package = (folder / "node_modules" / "@modelcontextprotocol" / "server-everything" /
               "dist" / "index.js")
    command = [program, "--require", HERE / "loopback.cjs", package, "streamableHttp"]
    environment = {"PORT": str(port), "INTEROP_LOG": str(OUT / "everything.requests")}
    with Process(command, port, environment) as server:
        for version in ("-", "2025-06-18"):
            everything_whole("%s, %s" % (name, version), version, server.port)


def everything_whole(name, version, port):
    blob, text = ("demo://resource/dynamic/%s/2" % kind for kind in ("blob", "text"))
    long = 'call trigger-long-running-operation {"duration":1,"steps":4}'
    complete = '{"type":"ref/prompt","name":"completable-prompt"}'
    template = '{"type":"ref/resource","uri":"demo://resource/dynamic/text/{resourceId}"}'
    script = [
        "tools", 'call echo {"message":"hi"}', 'call get-sum {"a":2,"b":3}', long,
        "call get-tiny-image {}", 'call get-annotated-message {"messageType":"error",'
        '"includeImage":true}', 'call get-structured-content {"location":"New York"}',
        'call get-resource-links {"count":3}',
        'call get-resource-reference {"resourceType":"Text","resourceId":1}',
        "call trigger-elicitation-request {}",
        'call trigger-sampling-request {"prompt":"Why?","maxTokens":20}',
        "call get-roots-list {}", "resources", "templates", "read " + text, "read " + blob,
        "prompts", "prompt simple-prompt {}", 'prompt args-prompt {"city":"Bern"}',
        "complete %s department E" % complete, "complete %s resourceId 1" % template,
        "subscribe " + text, "call toggle-subscriber-updates {}", "wait 5800",
        "call toggle-subscriber-updates {}", "unsubscribe " + text, "level 3",
        "call toggle-simulated-logging {}", "wait 200", "call toggle-simulated-logging {}",
        'call none {}']
    talk = Talk(port, "-", version, script, '{"name":"Ann"}')
    suite.check("%s: ends well" % name, talk.ends_well, talk.errors[-500:])
    right(name, talk, "tools", lambda it: {"echo", "get-sum", "trigger-sampling-request",
                                           "get-roots-list"} <= set(it["names"]))
    right(name, talk, script[1], lambda it: it["text"] == "Echo: hi")
    right(name, talk, script[2], lambda it: "5" in it["text"])
    right(name, talk, long, lambda it: "completed" in it["text"])
    told = talk.of("progress")
    suite.check("%s: progress as it is made" % name,
                [one["progress"] for one in told] == [1, 2, 3, 4]
                and talk.done(long)["ms"] - told[0]["ms"] >= 600, json.dumps(told))
    right(name, talk, script[4], lambda it: any(
        one["kind"] == IMAGE and one["bytes"] > 100 and one["mime"] == "image/png"
        for one in it["contents"]))
    right(name, talk, script[5], lambda it: [one["kind"] for one in it["contents"]]
          == [TEXT, IMAGE])
    right(name, talk, script[6], lambda it: it["structured"]["humidity"] > 0)
    right(name, talk, script[7], lambda it: [one["kind"] for one in it["contents"]]
          == [TEXT, LINK, LINK, LINK] and it["contents"][1]["uri"].startswith("demo://"))
    right(name, talk, script[8], lambda it: RESOURCE in [one["kind"] for one in it["contents"]])
    right(name, talk, script[9], lambda it: "accept" in json.dumps(it["json"]).lower())
    right(name, talk, script[10], lambda it: "a canned answer" in it["text"])
    right(name, talk, script[11], lambda it: "file:///project" in it["text"])
    kinds = [one["kind"] for one in talk.of("input")]
    suite.check("%s: questions" % name, FORM in kinds and SAMPLING in kinds
                and all(one["status"] == "MCP_OK" for one in talk.of("input")),
                json.dumps(talk.of("input"))[:1500])
    right(name, talk, "resources", lambda it: len(it["names"]) > 3)
    right(name, talk, "templates", lambda it: len(it["names"]) >= 2)
    right(name, talk, "read " + text, lambda it: "Resource 2" in it["text"])
    right(name, talk, "read " + blob, lambda it: it["contents"][0]["bytes"] > 0)
    right(name, talk, "prompts", lambda it: "simple-prompt" in it["names"])
    right(name, talk, "prompt simple-prompt {}", lambda it: it["contents"][0]["role"] == "user")
    right(name, talk, 'prompt args-prompt {"city":"Bern"}', lambda it: "Bern" in it["text"])
    right(name, talk, "complete %s department E" % complete,
          lambda it: it["names"] == ["Engineering"])
    right(name, talk, "complete %s resourceId 1" % template, lambda it: it["names"] == ["1"])
    right(name, talk, "subscribe " + text, lambda it: True)
    right(name, talk, "unsubscribe " + text, lambda it: True)
    updated = [one["uri"] for one in talk.of("event") if one["kind"] == UPDATED]
    suite.check("%s: an update of a resource is told" % name, text in updated,
                json.dumps(talk.of("event"))[:1500])
    right(name, talk, "level 3", lambda it: True)
    suite.check("%s: no message below the level" % name, all(
        one["level"] >= 3 for one in talk.of("event")
        if one["kind"] == LOG and one["ms"] > talk.done("level 3")["ms"]),
        json.dumps(talk.of("event"))[:1500])
    suite.check("%s: an unknown tool is no result" % name,
                talk.done("call none {}")["status"] == "MCP_E_RPC"
                or talk.done("call none {}")["failed"], json.dumps(talk.done("call none {}")))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    done = run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-g",
                "-I", INCLUDE, "-o", str(CALLS), str(HERE / "calls.c"), "-L", RELEASE,
                "-lmcpclient", "-Wl,-rpath," + RELEASE])
    if suite.check("calls.c compiles without a warning", done.returncode == 0, done.stderr):
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(everything)]
            jobs += [pool.submit(python_target, major) for major in (2, 3, 4)]
            for job in jobs:
                try:
                    job.result()
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    suite.check("a stock server runs", False, str(error))
    suite.end()


main()
