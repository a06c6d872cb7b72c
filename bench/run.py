#!/usr/bin/env python3
"""Compares clients in one interleaved run, as ratios to a raw socket.

Server and client share one processor: with two, the wake-ups of a virtual
machine would hide the differences. No time is asserted.

    run.py [--instructions] [--json FILE] [--only WORKLOAD,...] [--smoke]
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(HERE, "build")
sys.path.insert(0, os.path.join(HERE, "..", "tests"))
from support import RELEASE

LIBRARY = os.path.join(RELEASE, "libmcpclient.so")
CLIENTS = ["floor", "mcpclient", "libcurl", "rmcp"]
# Built by `make` if its crates can be fetched, and not by the quick check.
OPTIONAL = ["rmcp"]
ERAS = [("session era", "/session"), ("stateless era", "/stateless")]
GOALS = {"ping": "1.2", "cold": "2", "memory": "3.5 MB", "instructions": "10,000",
         "size": "2,000,000"}
# In addition to ping and cold, which run in both eras: the path, the repetitions,
# those of the quick check, the goal, and what libcurl and rmcp took when the goal
# was set.
WORKLOADS = {
    "call1k": ("/session", 5000, 20, 1.25, 2.0, 9.8),
    "call10m": ("/session", 6, 2, 1.5, 2.8, 8.4),
    "call10mplain": ("/session", 8, 2, 1.3, 3.2, 1.9),
    "list10k": ("/session", 8, 2, 2.5, 9.5, 27),
    "progress": ("/session", 20000, 100, 3, 7, 40),
    "par8": ("/session", 8000, 16, 1.25, 2.0, 8.8),
    "call2026": ("/stateless", 5000, 20, 1.25, 1.9, 10),
}
# Of call10m, in MB.
PEAK = (25, 29, 70)


def pin():
    """Puts this process, and all that it starts, on one processor."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


class Server:
    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        port = os.path.join(self.folder, "port")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "server"), port, os.path.join(BUILD, "replies")])
        for _ in range(500):
            if os.path.exists(port) and os.path.getsize(port):
                break
            time.sleep(0.01)
        with open(port, encoding="utf-8") as file:
            self.url = "http://127.0.0.1:%d" % int(file.read())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


def run(client, url, workload, count):
    """Nanoseconds of an operation by the client's clock, seconds in total, KB."""
    command = [os.path.join(BUILD, client), url, "test-token", workload, str(count)]
    path = os.path.join(BUILD, "memory")
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                               env=dict(os.environ, BENCH_USAGE=path))
    line = process.communicate(timeout=60)[0]
    elapsed, status = time.monotonic() - start, process.returncode
    found = re.match(r"(\w+) (\d+) (\d+)\n$", line)
    if status != 0 or not found or found.group(1) != workload or int(found.group(2)) != count:
        raise RuntimeError("%s %s failed: %r" % (client, workload, line))
    with open(path, encoding="utf-8") as file:
        return int(found.group(3)) / count, elapsed, int(re.search(r"peak (\d+)", file.read()).group(1))


def instructions(client, url, few, many):
    """User-space instructions of one ping, without those of the start."""
    totals = []
    for count in (few, many):
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             os.path.join(BUILD, client), url, "test-token", "ping", str(count)],
            capture_output=True, text=True, timeout=300, check=True)
        totals.append(int(re.search(r"refs:\s*([\d,]+)", done.stderr).group(1).replace(",", "")))
    return (totals[1] - totals[0]) / (many - few)


def medians(samples):
    return {client: {name: statistics.median(values) for name, values in sample.items()}
            for client, sample in samples.items()}


def measure_eras(server, clients, rounds, pings, colds, with_instructions):
    found = {}
    for era, path in ERAS:
        url = server.url + path
        samples = {client: {"ping": [], "cold": [], "start": [], "memory": []}
                   for client in clients}
        for _ in range(rounds):
            for client in clients:
                sample = samples[client]
                sample["ping"].append(run(client, url, "ping", pings)[0])
                sample["cold"].append(run(client, url, "cold", colds)[0])
                _, elapsed, memory = run(client, url, "cold", 1)
                sample["start"].append(elapsed * 1e9)
                sample["memory"].append(memory)
        found[era] = medians(samples)
        if with_instructions:
            for client in clients:
                found[era][client]["instructions"] = instructions(client, url, 200, 1200)
    return found


def measure_workloads(server, clients, names, rounds, is_smoke):
    found = {}
    for name in names:
        path, many, few = WORKLOADS[name][:3]
        count = few if is_smoke else many
        samples = {client: {"time": [], "memory": []} for client in clients}
        # In the first round, which is not counted, the server prepares its replies.
        for turn in range(rounds if is_smoke else rounds + 1):
            for client in clients:
                taken, _, memory = run(client, server.url + path, name, count)
                if is_smoke or turn > 0:
                    samples[client]["time"].append(taken)
                    samples[client]["memory"].append(memory)
        found[name] = medians(samples)
    return found


def stripped_size():
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "stripped")
        subprocess.run(["strip", "-o", out, LIBRARY], check=True)
        return os.path.getsize(out)


def show_eras(found):
    for era, clients in found.items():
        floor = clients["floor"]
        print("%s%s" % (era, " " * (16 - len(era)) +
                        "ping    ratio   cold    ratio   process ratio   memory   instructions"))
        for name, one in clients.items():
            print("  %-12s %6.2f us %5.2f %6.1f us %5.2f %6.2f ms %5.2f %7.2f MB %10s" % (
                name, one["ping"] / 1e3, one["ping"] / floor["ping"],
                one["cold"] / 1e3, one["cold"] / floor["cold"],
                one["start"] / 1e6, one["start"] / floor["start"], one["memory"] / 1024,
                "%.0f" % one["instructions"] if "instructions" in one else "-"))
        print("  goals               %s              %s               %s %10s %12s" % (
            GOALS["ping"], GOALS["cold"], GOALS["cold"], GOALS["memory"],
            GOALS["instructions"]))
    print("ping: on an open connection. cold: from a new client to its first ping, in a running "
          "process; with\nsessions the library also finds out the revision and ends the session, "
          "which the floor does not.\nprocess: the same with the start of the program. "
          "Medians of interleaved runs, ratios to the floor.")


def duration(nanoseconds):
    for unit, size in [("ms", 1e6), ("us", 1e3)]:
        if nanoseconds >= size:
            return "%.2f %s" % (nanoseconds / size, unit)
    return "%.0f ns" % nanoseconds


def show_workloads(found):
    others = CLIENTS[1:]
    print("%-16s %10s" % ("workload", "floor") + "".join("%11s" % name for name in others) +
          "%8s  (then: libcurl, rmcp)" % "goal")
    for name, clients in found.items():
        floor = clients["floor"]["time"]
        print("  %-14s %10s" % (name, duration(floor)) +
              "".join("%11s" % ("%.2f" % (clients[other]["time"] / floor)
                                if other in clients else "-") for other in others) +
              "%8s  (%s, %s)" % WORKLOADS[name][3:])
    if "call10m" in found:
        print("  %-14s" % "call10m, peak" +
              "".join("%11s" % ("%.1f MB" % (found["call10m"][client]["memory"] / 1024)
                                if client in found["call10m"] else "-") for client in CLIENTS) +
              "%8s  (%s, %s)" % tuple("%d MB" % one for one in PEAK))
    print("The floor's time of an operation, and ratios to it: a call with 1,024 bytes of text; with "
          "ten megabytes of\ntext, with and without escapes; a list of 10,000 tools, all names read; "
          "one progress notification; a call on\none of eight threads of one client; a call without "
          "a session. Medians of interleaved runs.")


def smoke(clients):
    """Checks that the clients run and print their line; asserts no time."""
    try:
        with Server() as server:
            eras = measure_eras(server, clients, 1, 20, 2, False)
            workloads = measure_workloads(server, clients, WORKLOADS, 1, True)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(error)
        print("bench: 0 passed, 1 failed, 0 skipped")
        return 1
    missing = [name for name in CLIENTS if name not in clients + OPTIONAL]
    for name in missing:
        print("SKIP %s: libcurl and cJSON are not installed" % name)
    failed = len(missing) if os.environ.get("CI") == "true" else 0
    passed = sum(len(one) for one in eras.values()) + sum(len(one) for one in workloads.values())
    print("bench: %d passed, %d failed, %d skipped" % (
        passed, failed, 0 if failed else len(missing)))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--only", metavar="WORKLOAD,...",
                        type=lambda text: text.split(","),
                        help="of %s" % ", ".join(WORKLOADS))
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    unknown = [name for name in options.only or [] if name not in WORKLOADS]
    if unknown:
        parser.error("no such workload: %s" % unknown[0])
    if options.smoke:
        subprocess.run(["make", "-s", "-C", HERE, "build"], check=True)
    pin()
    clients = [name for name in CLIENTS if os.path.exists(os.path.join(BUILD, name))]
    if options.smoke:
        return smoke([name for name in clients if name not in OPTIONAL])
    found = {}
    with Server() as server:
        if not options.only:
            found["eras"] = measure_eras(server, clients, 9, 10000, 300, options.instructions)
            found["stripped"] = stripped_size()
            show_eras(found["eras"])
            print("stripped library: {:,} bytes (goal: {})".format(
                found["stripped"], GOALS["size"]))
            sys.stdout.flush()
        found["workloads"] = measure_workloads(
            server, clients, options.only or WORKLOADS, 9, False)
    show_workloads(found["workloads"])
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
