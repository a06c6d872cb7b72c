"""The workloads, their goals, and the programs that run them."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(HERE, "build")
CLIENTS = ["floor", "mcpclient", "libcurl", "rmcp"]
# Built by `make` if its crates can be fetched, and not by the quick check.
OPTIONAL = ["rmcp"]
# What libcurl does not do.
STDIO = "stdio"


@dataclass
class Workload:
    title: str
    name: str           # as the clients know it
    path: str           # of the server, or STDIO
    count: int          # repetitions of a timed run
    few: int            # of the quick check, and of the first run of two that are counted
    many: int           # of the second run; 0: instructions cannot be counted
    time: float = None          # goal: time, as a ratio to the floor
    instructions: int = None    # goal
    is_process: bool = False    # the start and the end of the process count as well


# By the names that `--only` takes.
WORKLOADS = {
    "ping": Workload("ping", "ping", "/session", 10000, 100, 600, 1.15, 9000),
    "ping2026": Workload("ping, 2026-07-28", "ping", "/stateless", 10000, 100, 600),
    "call1k": Workload("call, 1 KiB", "call1k", "/session", 5000, 100, 600, 1.2, 14000),
    "call2026": Workload("call, 1 KiB, 2026-07-28", "call2026", "/stateless", 5000, 100, 600,
                         1.2, 16000),
    "structured": Workload("structured result", "structured", "/session", 5000, 100, 600),
    "events": Workload("structured result, as an event stream", "events", "/session/events",
                       5000, 100, 600),
    "typescript": Workload("structured result, of the TypeScript SDK", "events",
                           "/session/typescript", 5000, 100, 600),
    "call10m": Workload("call, 10 MB, an escape in 75 bytes", "call10m", "/session", 6, 1, 3, 1.4,
                        30000000),
    "call10mplain": Workload("call, 10 MB, no escape", "call10mplain", "/session", 8, 1, 3, 1.15,
                             8000000),
    "annotated": Workload("list of 10,000 tools with annotations", "list10k", "/session/annotated",
                          8, 1, 2, 2.5, 40000000),
    "list10k": Workload("list of 10,000 tools with output schemas", "list10k", "/session", 8, 1,
                        2, 2.5),
    "progress": Workload("one progress notification", "progress", "/session", 20000, 1000, 6000,
                         2.5, 900),
    "par8": Workload("eight threads, one client, ping", "par8", "/session", 8000, 80, 480, 1.2,
                     9000),
    "started": Workload("one of 1,000 calls started at once", "started", "/session", 3000, 1000,
                        3000),
    "large": Workload("arguments of 20 MiB, after a list", "large", "/session", 3, 1, 2),
    "cold": Workload("cold start to the first ping", "cold", "/session", 300, 5, 25, 1.5),
    "cold2026": Workload("cold start to the first ping, 2026-07-28", "cold", "/stateless", 300, 5,
                         25),
    "start": Workload("start of a program to its first ping", "cold", "/session", 1, 1, 0,
                      is_process=True),
    "idle": Workload("idle client with a notification stream", "idle", "/session", 200, 20, 0),
    "stdioping": Workload("ping over stdio", "stdioping", STDIO, 10000, 100, 600),
    "stdiocall": Workload("call over stdio, 1 KiB", "stdiocall", STDIO, 5000, 100, 600),
}


def pin():
    """Puts this process, and all that it starts, on one processor, and lets it open
    as many files as it may."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def built(names=CLIENTS):
    return [name for name in names if os.path.exists(os.path.join(BUILD, name))]


class Server:
    """The server over HTTP, on a port of its own, ended with the block."""

    def __enter__(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "port")
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "server"), path, os.path.join(BUILD, "replies")])
            self.url = "http://127.0.0.1:%d" % self.port(path)
        return self

    def port(self, path):
        """The port that the server writes into a file."""
        text, end = "", time.monotonic() + 60
        while not text.endswith("\n"):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                self.process.wait()
                raise RuntimeError("the bench's server does not start")
            time.sleep(0.01)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
        return int(text)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def command(self, client, workload, count):
        """What runs a workload."""
        where = (os.path.join(BUILD, "stdio_server") if workload.path == STDIO
                 else self.url + workload.path)
        return [os.path.join(BUILD, client), where, "test-token", workload.name, str(count)]


def can_run(client, workload):
    return workload.path != STDIO or client != "libcurl"


def run(server, client, workload, count):
    """Runs a workload: nanoseconds of an operation, and what the process used."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "usage")
        start = time.monotonic()
        done = subprocess.run(server.command(client, workload, count), capture_output=True,
                              text=True, timeout=120, env=dict(os.environ, BENCH_USAGE=path))
        elapsed = time.monotonic() - start
        found = re.fullmatch(r"(\w+) (\d+) (\d+)\n", done.stdout)
        if done.returncode != 0 or not found or found.groups()[:2] != (workload.name, str(count)):
            raise RuntimeError("%s %s failed: %r %s" % (client, workload.name, done.stdout,
                                                        done.stderr))
        with open(path, encoding="utf-8") as file:
            usage = {name: int(value) for name, value in (line.split() for line in file)}
    usage.update(time=int(found.group(3)) / count, cpu=usage["cpu"] / count)
    if workload.is_process:
        usage["time"] = elapsed * 1e9
    return usage


class Counted:
    """Instructions, and calls of malloc and its like, of a run under callgrind."""

    def __init__(self, command):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out")
            done = subprocess.run(
                ["valgrind", "--tool=callgrind", "--compress-strings=no",
                 "--callgrind-out-file=" + path, *command],
                capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                raise RuntimeError("%s: %s" % (" ".join(command[3:]), done.stderr[-2000:]))
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        # The process that ends last is the client; a server of it is not followed.
        self.instructions = int(re.findall(r"refs:\s*([\d,]+)", done.stderr)[-1].replace(",", ""))
        self.allocations = sum(int(calls) for calls in re.findall(
            r"^cfn=(?:malloc|calloc|realloc)\ncalls=(\d+) ", text, re.M))


def counted(server, client, workload):
    """Instructions and allocations of an operation in a running client: the
    difference of two runs."""
    few, many = (Counted(server.command(client, workload, count))
                 for count in (workload.few, workload.many))
    operations = workload.many - workload.few
    return ((many.instructions - few.instructions) / operations,
            (many.allocations - few.allocations) / operations)


def has_valgrind():
    return shutil.which("valgrind") is not None
