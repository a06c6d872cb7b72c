#!/usr/bin/env python3
"""`mcpclient proxy` between hosts of other projects and stock servers: FastMCP's
client of three majors, and the official clients in Python and TypeScript, each
with a stock FastMCP server over HTTP.

The hosts are proxy_fastmcp.py, proxy_sdk.py and proxy_sdk.mjs. Each makes its
calls and prints the results; this file has the expected ones.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import environments
from environments import Unavailable
from support import BUILD, Suite
from talk import HERE, TOKEN, Server

CLIENT = os.path.join(BUILD, "mcpclient")
FORM = "sse-stateful"
LIMIT = 200
suite = Suite("proxy")

ALWAYS = {
    "server": "whole", "add": "5", "read": "some text", "count": "counted to 3",
    "progress": [[1, 3, "step 1"], [2, 3, "step 2"], [3, 3, "step 3"]],
    "many": ["counted to 2"] * 8, "talk": "talked", "grow": "grew", "ended": True,
}
# What a server asks by requests, up to revision 2025-11-25.
BY_REQUEST = {"ask": "Ada 36 blue True", "think": "thought: an idea", "roots": "file:///work"}
# What a server asks by results, from revision 2026-07-28 on.
BY_RESULT = {"guarded": "asked: Ada, an idea, file:///work"}
FASTMCP = {
    "prompt": "Hello, Bo!", "cancelled": "2", "read": ["some text", "item 7"],
    "fail": "ToolError: Error calling tool 'fail': probe failure",
}
SDK = {"fail": "error: Error calling tool 'fail': probe failure"}


def python_of(major):
    return environments.fastmcp(major)


def talk(name, command, url, wanted, has_logs, has_changes, **variables):
    """Runs a host and compares what it found."""
    try:
        done = subprocess.run([str(word) for word in command] + [CLIENT, "proxy", url],
                              capture_output=True, text=True, timeout=LIMIT, check=False,
                              env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN, **variables,
                                       LOGS="2" if has_logs else "0",
                                       CHANGES="1" if has_changes else "0"))
        found = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired) as error:
        suite.check(name, False, "%s: %s" % (error, getattr(error, "stderr", None)
                                             or done.stderr[-1500:]))
        return
    for key, value in wanted.items():
        suite.check("%s: %s" % (name, key), found.get(key) == value,
                    "%r, not %r: %s" % (found.get(key), value, done.stderr[-500:]))
    if has_logs:
        suite.check(name + ": log messages", found["logs"] == ["a detail", "a warning"],
                    found["logs"])
    suite.check(name + ": an unknown name is the server's error",
                "none" in found["unknown"] and "Error" in found["unknown"], found["unknown"])
    suite.check(name + ": the list has changed", any(
        "tools/list_changed" in one or "ToolListChanged" in one for one in found["events"])
        or not has_changes, found["events"])


def run_fastmcp(server, host, mode=""):
    is_modern = server > 3
    wanted = dict(ALWAYS, **FASTMCP, **(BY_RESULT if is_modern else BY_REQUEST))
    if mode != "legacy" and host > 3:
        del wanted["server"]  # That client has it elsewhere.
    with Server([python_of(server), HERE / "stock_fastmcp.py", FORM]) as running:
        talk("FastMCP %d%s with a server of FastMCP %d" % (
            host, " (%s)" % mode if mode else "", server),
             [python_of(host), HERE / "proxy_fastmcp.py"], running.url(FORM), wanted,
             not is_modern, not is_modern and host < 4, MODE=mode)


def run_sdk(server, host):
    is_modern = server > 3
    with Server([python_of(server), HERE / "stock_fastmcp.py", FORM]) as running:
        talk("Python SDK of FastMCP %d with a server of FastMCP %d" % (host, server),
             [python_of(host), HERE / "proxy_sdk.py"], running.url(FORM),
             dict(ALWAYS, **SDK, **(BY_RESULT if is_modern else BY_REQUEST)),
             not is_modern, not is_modern)


def run_typescript(server):
    program, folder = environments.everything()
    with Server([python_of(server), HERE / "stock_fastmcp.py", FORM]) as running:
        talk("TypeScript SDK with a server of FastMCP %d" % server,
             [program, HERE / "proxy_sdk.mjs", folder], running.url(FORM),
             dict(ALWAYS, **SDK, cancelled="2", **BY_REQUEST), True, True)


RUNS = [
    (run_fastmcp, 3, 3), (run_fastmcp, 4, 4), (run_fastmcp, 4, 4, "legacy"),
    (run_fastmcp, 3, 4), (run_fastmcp, 2, 2),
    (run_sdk, 3, 3), (run_sdk, 4, 4), (run_typescript, 3),
]


def play(row):
    try:
        row[0](*row[1:])
    except Unavailable as error:
        suite.skip("the proxy with %s" % (row[1:],), str(error))


def main():
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        list(pool.map(play, RUNS))
    suite.end()


main()
