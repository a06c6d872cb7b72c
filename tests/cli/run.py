#!/usr/bin/env python3
"""The command-line client and the example programs.

    python3 tests/cli/run.py [PART ...]

The parts run in processes of their own, some at a time: they wait more than they
compute.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import agent
import calling
import careless
import device
import dead_credentials
import events
import forms
import lacking
import messages
import oauth
import payloads
import proxy
import proxy_bounds
import saving
import servers
import sessions
import showing
import stock
import strays
import completing
import tasks
import usage
import ways_out
from common import CLIENT, call, check, one_line, suite
from support import ROOT, TestServer, TOKEN


def pings(url):
    done = call("ping", url + "/mcp")
    check("ping names server, version and protocol", done, 0,
          "pong from test server 1.2.3 (protocol 2026-07-28) in ", " ms")
    suite.check("it prints one line and nothing else", one_line(done.stdout) and not done.stderr)
    check("ping in the session era", call("ping", url + "/handshake/mcp"), 0, "2025-11-25")
    check("--protocol pins", call("ping", "--protocol", "2025-03-26", url + "/mcp"), 0,
          "protocol 2025-03-26")
    check("--protocol=VERSION as well", call("--protocol=2024-11-05", "ping", url + "/mcp"), 0,
          "protocol 2024-11-05")
    done = call("-c", "2", "ping", url + "/mcp")
    check("-c pings that often, with a summary", done, 0, "2 pings sent, 2 answered, 0% lost",
          "min/avg/max/mdev = ")
    suite.check("with a line for each", done.stdout.count("pong from") == 2, done.stdout)
    process = subprocess.Popen([CLIENT, "-c", "1000", "ping", url + "/mcp"],
                               stdout=subprocess.PIPE, text=True,
                               env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN))
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=30)[0]
    suite.check("Ctrl-C ends with the summary",
                "1 pings sent, 1 answered" in rest and process.returncode == 0, rest)


def infos(url):
    check("info tells who it is", call("info", url + "/mcp"), 0, "server       test server",
          "version      1.2.3", "protocol     2026-07-28", "instructions Be kind.")
    document = json.loads(call("info", "--json", url + "/mcp").stdout)
    suite.check("info --json is a document", document == {
        "ok": True, "name": "test server", "title": "A test server", "version": "1.2.3",
        "protocol": "2026-07-28", "transport": "streamable-http",
        "capabilities": {"tools": {"listChanged": False}},
        "instructions": "Be kind."}, document)
    document = json.loads(call("ping", url + "/mcp", "--json").stdout)
    suite.check("ping --json is a document",
                document["ok"] and document["answered"] == 1 and document["avgMs"] > 0, document)
    done = call("ping", "--json", url + "/status/429")
    document = json.loads(done.stdout)
    suite.check("a failure with --json is a document as well",
                done.returncode == 1 and document["status"] == "MCP_E_RATE_LIMITED"
                and document["httpStatus"] == 429 and document["retryAfterMs"] == 7000
                and document["ok"] is False, document)


def tokens(url):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "token")
        for text in [TOKEN, TOKEN + "\n", TOKEN + "\r\nmore\n"]:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            check("--token-file takes the first line of %r" % text,
                  call("--token-file", path, "ping", url + "/mcp", token=None), 0)
        with open(path, "w", encoding="utf-8") as file:
            file.write("")
        check("an empty token file is bad usage",
              call("--token-file", path, "ping", url, token=None), 2, "empty", where="stderr")
        with open(path, "w", encoding="utf-8") as file:
            file.write("x" * 100000)
        check("one that is too long as well",
              call("--token-file", path, "ping", url, token=None), 2, "too long", where="stderr")
    check("a missing token file is bad usage",
          call("--token-file", "/nonexistent", "ping", url, token=None), 2, where="stderr")
    check("--token", call("ping", url + "/mcp", "--token", TOKEN, token="wrong"), 0)
    check("--token=T", call("ping", url + "/mcp", "--token=" + TOKEN, token=None), 0)
    check("--token-env", call("--token-env", "OTHER", "ping", url + "/mcp", token=None,
                              OTHER=TOKEN), 0)
    check("a variable that is not there is bad usage",
          call("--token-env", "NOT_THERE", "ping", url, token=None), 2, "NOT_THERE",
          where="stderr")
    done = call("ping", url + "/mcp", token="wrong-t0ken")
    check("a wrong token fails", done, 1, "mcpclient: ping:", "401", where="stderr")
    suite.check("in one line that does not show it",
                one_line(done.stderr) and "wrong-t0ken" not in done.stderr, done.stderr)
    check("a missing token fails", call("ping", url + "/mcp", token=None), 1, "401",
          where="stderr")
    check("-H sends a header",
          call("-H", "X-API-Key: test-key", "ping", url + "/apikey/mcp", token=None), 0)
    check("a header that is refused fails",
          call("-H", "Host: x", "ping", url + "/mcp"), 2, "Host", where="stderr")
    # Where the system shows arguments, the token is soon not among them.
    process = subprocess.Popen([CLIENT, "--token", "s3cret-token", "--timeout", "60", "ping",
                                url + "/hang"], stderr=subprocess.DEVNULL)
    shown = "s3cret"
    for _ in range(1500):
        with open("/proc/%d/cmdline" % process.pid, encoding="utf-8") as file:
            shown = file.read()
        if "s3cret" not in shown and shown:
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    suite.check("the token leaves the process list", "s3cret" not in shown, shown)


def failures(url):
    done = call("ping", url + "/reflect", "--token", "s3cret-token")
    suite.check("what the server reflects is masked",
                done.returncode == 1 and "s3cret" not in done.stderr and "[masked]" in done.stderr,
                done.stderr)
    done = call("-v", "ping", url + "/handshake/mcp")
    check("-v shows the traffic", done, 0, "> POST /handshake/mcp", "Authorization: [masked]",
          "\"method\":\"ping\"", "< HTTP/1.1 200 OK", "< content-type: application/json", where="stderr")
    suite.check("without secrets", TOKEN not in done.stderr and "session-" not in done.stderr)
    check("--timeout", call("--timeout", "0.05", "ping", url + "/hang"), 1, "0.05 s; see --timeout",
          where="stderr")
    check("no server", call("ping", "http://127.0.0.1:1/mcp"), 1, "refused", where="stderr")
    check("a token over plain http", call("ping", "http://192.0.2.1/mcp"), 1, "https",
          where="stderr")
    check("a file of certificates that is none", call("--cacert", "/dev/null", "ping", url), 1,
          "certificate", where="stderr")
    check("a proxy that is none", call("--proxy", "x://y", "ping", url), 2, "proxy",
          where="stderr")


def against_the_test_server():
    with TestServer() as server:
        pings(server.url)
        infos(server.url)
        tokens(server.url)
        failures(server.url)
        usage.run_all()
        events.run_all(server.url)
        tasks.run_all(server.url)
        calling.run_all(server.url)


def programs():
    with TestServer() as server:
        servers.run_all(server.url)


def asking():
    with tempfile.TemporaryDirectory() as space:
        forms.run_all(space)


# Those that take longest come first.
PARTS = {
    "stock": [stock.run_all],
    "careless": [careless.run_all],
    "credentials": [dead_credentials.run_all, strays.run_all, device.run_all],
    "oauth": [oauth.run_all, ways_out.run_all],
    "proxy": [proxy.run_all, agent.run_all],
    "proxy-bounds": [proxy_bounds.run_all],
    "servers": [programs],
    "completing": [completing.run_all],
    "showing": [saving.run_all, sessions.run_all, showing.run_all, messages.run_all],
    "forms": [asking, lacking.run_all, payloads.run_all],
    "basics": [against_the_test_server],
}
SUMMARY = re.compile(r"^[\w-]+: (\d+) passed, (\d+) failed, (\d+) skipped$")


def play(part):
    """Runs a part in a process, and counts its checks as those of the suite."""
    began, counts = time.monotonic(), None
    with subprocess.Popen([sys.executable, __file__, part], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as process:
        for line in process.stdout:
            counts = SUMMARY.match(line)
            if not counts:
                print(line, end="", flush=True)
    with suite.lock:
        for kind, number in zip(suite.counts, counts.groups() if counts else (0, 0, 0)):
            suite.counts[kind] += int(number)
    suite.check("the part %s ends" % part, counts is not None, process.returncode)
    print("part %s: %.0f s" % (part, time.monotonic() - began), flush=True)


def main():
    names = sys.argv[1:]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit("no such part: %s; there are %s" % (unknown[0], ", ".join(PARTS)))
    if len(names) == 1:
        for function in PARTS[names[0]]:
            function()
    else:
        with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
            list(pool.map(play, names or PARTS))
    suite.end()


main()
