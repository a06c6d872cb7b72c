#!/usr/bin/env python3
"""Runs the tests of libmcpclient: all suites, or those that are named.

    python3 tests/run.py [--list] [SUITE ...]

Each suite is a command whose last line is "NAME: N passed, N failed, N
skipped". Its output is kept in tests/.out; that of a failed one is shown.
"""

import os
import re
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "tests", ".out")
SUMMARY = re.compile(r"^([\w-]+): (\d+) passed, (\d+) failed, (\d+) skipped$")
CARGO = re.compile(r"^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored")
CRATES = ["Cargo.toml", "tests/server/Cargo.toml", "tests/behaviour/Cargo.toml"]

# Name, command, seconds it may take. Suites of one group run one after the
# other; the groups run beside each other.
GROUPS = [
    [
        ("unit", ["cargo", "test", "--locked"], 600),
        ("server", ["cargo", "test", "--locked", "--manifest-path",
                    "tests/server/Cargo.toml", "--features", "tls"], 600),
        ("behaviour", ["cargo", "test", "--locked", "--manifest-path",
                       "tests/behaviour/Cargo.toml"], 900),
        ("fuzz", ["cargo", "test", "--locked", "--manifest-path", "fuzz/Cargo.toml"], 900),
        ("style", [sys.executable, "tests/source/style.py"], 600),
    ],
    [
        ("interop", [sys.executable, "tests/interop/run.py"], 900),
        ("stock", [sys.executable, "tests/interop/stock.py"], 300),
        ("oauth", [sys.executable, "tests/interop/oauth.py"], 400),
        ("conformance", [sys.executable, "tests/conformance/run.py"], 600),
        ("cli", [sys.executable, "tests/cli/run.py"], 300),
        ("consumer", [sys.executable, "tests/consumer/run.py"], 600),
        ("bench", [sys.executable, "bench/run.py", "--smoke"], 300),
        ("c", [sys.executable, "tests/c/run.py"], 600),
        ("source", [sys.executable, "tests/source/run.py"], 300),
        ("model", ["cargo", "run", "--locked", "--quiet", "--manifest-path",
                   "tests/model/Cargo.toml"], 300),
    ],
]


def count(output):
    """The counts of a suite: its own line, or the sum of cargo's."""
    for line in reversed(output.splitlines()):
        found = SUMMARY.match(line)
        if found:
            return [int(number) for number in found.groups()[1:]]
    results = [CARGO.match(line) for line in output.splitlines()]
    results = [[int(number) for number in one.groups()] for one in results if one]
    return [sum(column) for column in zip(*results)] if results else None


def run(name, command, limit, totals, lock):
    path = os.path.join(OUT, name + ".log")
    start = time.monotonic()
    with open(path, "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            code = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            code = "no end within %d s" % limit
    with open(path, encoding="utf-8", errors="replace") as log:
        output = log.read()
    counts = count(output)
    failed = code != 0 or counts is None
    if counts is None:
        counts = [0, 1, 0]
    elif failed and counts[1] == 0:
        counts[1] = 1
    with lock:
        for skip in [line for line in output.splitlines() if line.startswith("SKIP ")]:
            print(skip)
        print("%-11s %4d passed, %d failed, %d skipped in %.0f s%s" % (
            name, *counts, time.monotonic() - start,
            "  (%s)" % code if failed else ""), flush=True)
        if failed or counts[1]:
            print("---- the end of %s" % os.path.relpath(path, ROOT))
            print("\n".join(output.splitlines()[-60:]))
            print("----", flush=True)
        for place, number in enumerate(counts):
            totals[place] += number


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    known = [suite[0] for group in GROUPS for suite in group]
    if "--list" in sys.argv:
        print("\n".join(known))
        return 0
    unknown = [name for name in names if name not in known]
    if unknown:
        print("no such suite: %s; there are %s" % (unknown[0], ", ".join(known)))
        return 2
    os.makedirs(OUT, exist_ok=True)
    # All suites use these; built once, before they would wait for each other.
    subprocess.run(["make", "-C", "examples-c", "all", "server",
                    "SERVER_FEATURES=--features tls",
                    "build/conformance-client"], cwd=ROOT, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    totals, lock, threads = [0, 0, 0], threading.Lock(), []
    for group in GROUPS:
        chosen = [suite for suite in group if not names or suite[0] in names]
        thread = threading.Thread(
            target=lambda suites=chosen: [run(*suite, totals, lock) for suite in suites])
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    print("%d passed, %d failed, %d skipped" % tuple(totals))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
