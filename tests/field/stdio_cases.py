"""The cases over stdio, and those of configuration files. stdio_peer.py has the
servers."""

import json
import os
import sys
import tempfile

from http_peer import Peer

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = {}


def program(name, *more):
    return [sys.executable, os.path.join(HERE, "stdio_peer.py"), name, *more]


# Longer than a busy machine needs: what succeeds, or fails for another reason than
# its time-out, has not waited.
LONG = "60"
# For servers whose answer never comes: the client says what came instead.
SHORT = "20"


def run(check, name, *words, timeout=LONG, log=None):
    more = [log] if log else []
    return check.run("--timeout", timeout, *words, "--stdio", "--", *program(name, *more))


def case(name, words, expect, timeout=LONG):
    """A case of one command: `expect` judges how it ended."""
    CASES[name] = lambda check: expect(check, run(check, name, *words, timeout=timeout))


def succeeds(*texts):
    def expect(check, done):
        check.succeeds(done)
        for text in texts:
            check.that("shows " + text, text in done.output, done.output)
    return expect


def fails(*texts):
    return lambda check, done: check.fails(done, *texts)


LIST, CALL = ["tools"], ["call", "echo", "text=hi"]

case("list-with-null-and-other-items", LIST, succeeds("echo"))
case("prompt-argument-null", ["prompts"], succeeds("p", "q", "r"))
case("nan-infinity", CALL, fails("malformed", "byte"))
case("latin-1-bytes", CALL, fails("malformed", "UTF-8"))
case("batch-2025-11-25", CALL, fails("malformed", "batch"))
case("log-before-json-on-the-line", LIST, fails("1 line", "not a message", "INFO listing"), SHORT)
case("pretty-printed", LIST, fails("lines", "not a message"), SHORT)
case("content-length-framing", LIST, fails("not a message", "Content-Length"), SHORT)
case("response-to-another", CALL, fails("1 line", "not a message", "of another"), SHORT)
case("no-line-break", LIST, fails("1 line", "not a message", "echo"), SHORT)
case("read-with-null-and-other-items", ["read", "x:1"], succeeds("Oslo"))
case("id-as-text", LIST, succeeds("echo"))
case("error-and-result-null", CALL, fails("disk is full", "-32000"))
case("error-code-float", CALL, fails("disk is full", "-32000"))
case("content-a-text", CALL, succeeds("Oslo"))
case("result-a-bare-object", CALL, succeeds("configs"))
case("json-log-with-our-id", LIST, succeeds("echo"))
case("server-version-number", LIST, succeeds("echo"))


def is_error_as_text(check, done):
    check.that("exit status 1", done.code == 1, done)
    check.that("shows the text", "it failed" in done.output + done.error, done)


case("is-error-as-text", CALL, is_error_as_text)


def named(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


@named
def cursor_number(check):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        done = run(check, "cursor-number", *LIST, log=log)
        succeeds("first", "second")(check, done)
        lists = [json.loads(text) for text in open(log) if "tools/list" in text]
        check.that("the cursor as it came",
                   [one.get("params", {}).get("cursor") for one in lists] == [None, 2], lists)


@named
def cursor_empty_forever(check):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        done = run(check, "cursor-empty-forever", *LIST, log=log)
        succeeds("echo")(check, done)
        check.that("echo once", done.output.count("echo") == 1, done.output)
        lists = [text for text in open(log) if "tools/list" in text]
        check.that("at most two requests", len(lists) <= 2, lists)


@named
def probe_unanswered_within_8s(check):
    done = run(check, "probe-unanswered-within-8s", *LIST)
    check.succeeds(done)
    check.that("shows echo", "echo" in done.output, done.output)


@named
def old_file_after_a_blob_that_is_none(check):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "w") as file:
            file.write("precious")
        done = run(check, "old-file-after-a-blob-that-is-none", "read", "x:1", "-o", path)
        check.fails(done, "base64")
        check.that("the old content", open(path).read() == "precious")
        check.that("no other file", os.listdir(folder) == ["file"], os.listdir(folder))


@named
def blob_url_safe(check):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        check.succeeds(run(check, "blob-url-safe", "read", "x:1", "-o", path))
        with open(path, "rb") as file:
            check.that("the bytes", file.read() == bytes(range(256)))


# Configuration files.

def stdio_entry(**more):
    command, *arguments = program("correct")
    return dict(more, command=command, args=arguments)


class Config:
    """A configuration file in a folder that the block removes."""

    def __init__(self, **entries):
        self.text = json.dumps({"mcpServers": entries})

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "mcp.json")
        with open(self.path, "w") as file:
            file.write(self.text)
        return self.path

    def __exit__(self, *_):
        self.folder.cleanup()


@named
def config_one_bad_entry_among_good(check):
    with Config(good=stdio_entry(), bad={"args": ["no-command.py"]}) as path:
        done = check.run("--config", path, "--server", "good", "tools")
        check.that("exit status 0", done.code == 0 and "echo" in done.output, done)
        check.fails(check.run("--config", path, "--server", "bad", "tools"),
                    "bad", "command", "url", code=None)


@named
def config_cherry_studio_empty_command(check):
    with Peer() as peer, Config(web={
            "name": "web", "description": "", "isActive": True, "type": "streamableHttp",
            "url": peer.url, "command": "", "args": [], "env": {}, "headers": {}}) as path:
        done = check.run("--config", path, "--server", "web", "tools")
        check.that("exit status 0", done.code == 0 and "add" in done.output, done)


@named
def config_cline_timeout_in_seconds(check):
    entry = stdio_entry(autoApprove=[], alwaysAllow=["echo"], disabled=False, timeout=60,
                        type="stdio")
    with Config(a=entry) as path:
        done = check.run("--config", path, "--server", "a", "tools")
        check.that("exit status 0", done.code == 0 and "echo" in done.output, done)


@named
def config_timeout_of_60_milliseconds(check):
    with Config(a=stdio_entry(timeout=60), b=stdio_entry(timeout=50)) as path:
        done = check.run("--config", path, "--server", "a", "--timeout", LONG, "tools")
        check.that("exit status 0", done.code == 0 and "echo" in done.output, done)
        check.says(done, "mcpServers.a.timeout", "60 milliseconds", "60000")
        check.that("no warning about another server", "50" not in done.error, done)


@named
def config_enabled_false(check):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        entry = stdio_entry(enabled=False)
        entry["args"] = [*entry["args"], log]
        with Config(off=entry) as path:
            check.fails(check.run("--config", path, "--server", "off", "tools"), "enabled",
                        code=None)
            check.that("no process", not os.path.exists(log))
