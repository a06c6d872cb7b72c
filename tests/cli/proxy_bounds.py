"""`mcpclient proxy` with large messages, floods and hosts that go away."""

import array
import collections
import fcntl
import json
import socket
import subprocess
import termios
import time

from common import CLIENT, LIMIT, environment, suite
from proxy import code_of, ends_well, right, text_of
from proxy_sides import Host, Remote

# Bytes of a pipe into which nothing more goes, whatever the size of the pieces.
FULL = 40000


def memory_of(host):
    with open("/proc/%d/status" % host.process.pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) >> 10
    return 0


def unread(pipe):
    """How many bytes wait in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def until(is_so):
    """Waits until something is so; whether it is in time."""
    end = time.monotonic() + LIMIT
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    return is_so()


def amounts():
    with Remote() as remote, Host(remote.url) as host:
        host.initialize()
        text = text_of(host.call("big", size=10 << 20))
        suite.check("an answer of 10 MiB passes", len(text) == 10 << 20, len(text))
        text = text_of(host.call("echo", text="y" * (10 << 20)))
        suite.check("so does a request of 10 MiB", len(text) > 10 << 20, len(text))
        ends_well("the proxy ends well after large messages", host)
    with Remote() as remote, Host(remote.url, reads=False) as host:
        host.send({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}})
        ids = [host.begin("tools/call", {"name": "big", "arguments": {"size": 1 << 20}})
               for _ in range(20)]
        host.notify("notifications/initialized")
        event = {"method": "notifications/message", "params": {
            "level": "info", "data": "z" * 100000}}
        remote.push(*[event] * 400)
        is_sent = until(lambda: not remote.server.streams[-1].qsize()
                        and unread(host.process.stdout) > FULL)
        most = memory_of(host)
        suite.check("a host that does not read costs no more memory", is_sent
                    and 0 < most < 100, most)
        host.may_read.set()
        right("and gets everything when it reads", [len(text_of(host.response(id)))
                                                    for id in ids], [1 << 20] * 20)
        ends_well("the proxy ends well after that", host)


def floods():
    """What a host sends costs no more and more memory."""
    with Remote() as remote, Host(remote.url) as host:
        host.initialize()
        host.write(b"[" + b"1," * 1000000 + b"1]\n")
        right("a batch of a million messages is refused",
              code_of(host.next(lambda one: "error" in one)), -32600)
        id = host.stateless("subscriptions/listen", {"notifications": {
            "resourceSubscriptions": ["a://%d" % number for number in range(100000)]}})
        right("so is a subscription to 100,000 resources", code_of(host.response(id)), -32000)
        most = memory_of(host)
        suite.check("they cost no memory", 0 < most < 60, most)
        ids = [host.begin("tools/call", {"name": "big", "arguments": {"size": 1}})]
        right("and requests work", len(text_of(host.response(ids[0]))), 1)
        ends_well("the proxy ends well after them", host)
    with Remote() as remote, Host(remote.url) as host:
        host.initialize("2025-03-26")
        host.send([{"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
            "name": "big", "arguments": {"size": 12 << 20}}} for number in range(7)])
        codes = collections.Counter(code_of(one) for one in host.next())
        right("a batch of responses has a bound", codes, {None: 5, -32603: 2})
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        with Host("http://127.0.0.1:%d/mcp" % silent.getsockname()[1]) as host:
            host.begin("initialize", {"protocolVersion": "2025-11-25"})
            one = json.dumps({"jsonrpc": "2.0", "method": "notifications/x",
                              "params": {"a": "x" * 1000}}).encode() + b"\n"
            for _ in range(30):
                host.write(one * 1000)
            ids = [host.begin("tools/call", {"name": "a"}) for _ in range(2)]
            right("a silent server gets 1000 messages at most", [
                code_of(host.response(id)) for id in ids], [-32000] * 2)
            most = memory_of(host)
            suite.check("30,000 notifications for it cost no memory", 0 < most < 100, most)
        with Host("http://127.0.0.1:%d/mcp" % silent.getsockname()[1]) as host:
            host.begin("initialize", {"protocolVersion": "2025-11-25"})
            ids = [host.begin("tools/call", {"name": "a" * (20 << 20)}) for _ in range(5)]
            right("64 MiB of requests are in flight at most", [
                code_of(host.response(id)) for id in ids[3:]], [-32000] * 2)


def leaves():
    """Every end of a host ends the proxy."""
    hello = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}}}) + "\n"
    with Remote() as remote:
        with subprocess.Popen([CLIENT, "proxy", remote.url], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=environment(None)) as process:
            process.stdin.write((hello + "".join(json.dumps({
                "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
                    "name": "big", "arguments": {"size": 6 << 20}}}) + "\n"
                    for id in (1, 2, 3))).encode())
            process.stdin.flush()
            is_full = until(lambda: unread(process.stdout) > FULL)
            process.stdin.close()
            try:
                status = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                status = None
            right("a host that neither reads nor writes any more ends it", (is_full, status),
                  (True, 0))
        for closed in ("<&-", ">&- </dev/null", "<&- >&- 2>&-"):
            done = subprocess.run(["sh", "-c", 'exec "$0" proxy "$1" ' + closed, CLIENT,
                                   remote.url], capture_output=True, timeout=LIMIT, check=False,
                                  env=environment(None))
            right("the proxy ends with the descriptors " + closed, done.returncode, 0)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([CLIENT, "proxy", remote.url], input=hello, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False,
                                  env=environment(None))
        right("a host that cannot be written to is an error", (done.returncode, done.stderr), (
            1, "mcpclient: standard output cannot be written: No space left on device\n"))


def run_all():
    for part in (amounts, floods, leaves):
        part()
