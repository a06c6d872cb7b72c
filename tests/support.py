"""What the suites share: counting checks, the test server, skips."""

import os
import random
import socket
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Where the library is; the Makefile knows what cargo's variables make of it.
RELEASE = os.environ.get("MCPCLIENT_LIBDIR") or subprocess.run(
    ["make", "-s", "--no-print-directory", "-C", os.path.join(ROOT, "examples-c"), "where"],
    check=True, capture_output=True, text=True).stdout.strip()
RELEASE = os.path.normpath(os.path.join(ROOT, "examples-c", RELEASE))
INCLUDE = os.path.join(ROOT, "include")
BUILD = os.path.join(ROOT, "examples-c", "build")
SERVER = os.path.join(ROOT, "tests", "server", "target", "debug", "mcp-test-server")
TOKEN = "test-token"


# Ports for servers that are told theirs. Systems choose from a higher range, so no
# other server gets one of these meanwhile.
PORTS = iter(random.sample(range(20000, 30000), 10000))
# Sockets for datagrams at the ports that were given. Suites run side by side, and by
# these they see which ports are given but not used yet.
GIVEN = []


def free_port():
    """Gives each port once."""
    for port in PORTS:
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                GIVEN.append(mark)
                return port
        except OSError:
            mark.close()
    raise OSError("no port is free")


class Suite:
    """Counts checks and prints the line that tests/run.py reads."""

    def __init__(self, name):
        self.name = name
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.lock = threading.Lock()

    def check(self, name, is_right, detail=""):
        with self.lock:
            self.counts["passed" if is_right else "failed"] += 1
            if is_right:
                print("ok      %s" % name, flush=True)
            else:
                print("FAILED  %s: %s" % (name, detail), flush=True)
        return is_right

    def skip(self, name, reason):
        """What cannot run here: seen, and a failure where CI runs."""
        if os.environ.get("CI") == "true":
            return self.check(name, False, "cannot run: " + reason)
        with self.lock:
            self.counts["skipped"] += 1
            print("SKIP %s: %s" % (name, reason), flush=True)
        return False

    def end(self):
        print("%s: %d passed, %d failed, %d skipped" % (
            self.name, self.counts["passed"], self.counts["failed"],
            self.counts["skipped"]), flush=True)
        sys.exit(1 if self.counts["failed"] else 0)


class TestServer:
    """The test server on a free port, ended with the block."""

    def __init__(self, *arguments, token=TOKEN):
        self.command = [SERVER, "--until-stdin-closes", *arguments]
        if token:
            self.command += ["--token", token]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.address("http://")
        if "--tls" in self.command:
            self.tls_url = self.address("https://")
        return self

    def address(self, start):
        line = self.process.stdout.readline()
        url = line.strip().replace("listening on ", "")
        assert url.startswith(start), line
        return url

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def run(command, limit=60, **options):
    """A finished process; one that does not end is a failure of its own."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=limit,
                              stdin=subprocess.DEVNULL, **options)
    except subprocess.TimeoutExpired as error:
        text = "no end within %d s" % limit
        return subprocess.CompletedProcess(command, -99, str(error.stdout or ""), text)
