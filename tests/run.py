#!/usr/bin/env python3
"""Runs the tests of libmcpclient: all suites, or those that are named.

    python3 tests/run.py [--list] [--quick] [SUITE ...]

JOBS is how many run at a time. --quick runs what finds most in 90 seconds, with a
library that is built quickly, and says what it left out.
Each suite is a command whose last line is "NAME: N passed, N failed, N
skipped". Its output is kept in tests/.out; of a failed one the lines are shown
that say what failed.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

IS_QUICK = "--quick" in sys.argv
if IS_QUICK:
    # The Makefiles and support.py find the library by this.
    os.environ["PROFILE"] = "quick"
    os.environ.pop("MCPCLIENT_LIBDIR", None)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import RELEASE, ROOT

OUT = os.path.join(ROOT, "tests", ".out")
SUMMARY = re.compile(r"^([\w-]+): (\d+) passed, (\d+) failed, (\d+) skipped$")
CARGO = re.compile(r"^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored")
# What says that something went wrong: our suites, cargo and rustc, compilers,
# Python, the sanitizers, valgrind, make.
FAILING = re.compile(r"^FAILED |^test .* FAILED$|panicked at|^error(\[E\d+\])?:|: (fatal )?error: |"
                     r"^Traceback |^[\w.]*(Error|Exception)\b|AddressSanitizer|LeakSanitizer|"
                     r"ThreadSanitizer|runtime error:|^==\d+== (Invalid|Conditional|Use of|Process "
                     r"terminating|[\d,]+ .*lost)|not so: |Segmentation fault|^make.*\*\*\*")
BEFORE, AFTER, MOST = 2, 12, 300
# The lines that are shown once more at the end, where a log that is cut still has
# them, and the length of each.
AT_END, WIDTH = 20, 300

# Name, command, seconds it may take. Those that take longest come first, so that
# the last ones are short; unit, fuzz and style wait for each other's build.
SUITES = [
    ("behaviour", [sys.executable, "tests/behaviour/run.py"], 900),
    ("interop", [sys.executable, "tests/interop/run.py"], 900),
    # In the folder of the suite unit, which compiles most of the same dependencies.
    ("fuzz", ["cargo", "test", "--locked", "--manifest-path", "fuzz/Cargo.toml",
              "--target-dir", "target"], 900),
    ("real", [sys.executable, "tests/interop/real.py"], 600),
    ("conformance", [sys.executable, "tests/conformance/run.py"], 600),
    ("unit", ["cargo", "test", "--locked"], 600),
    ("stock", [sys.executable, "tests/interop/stock.py"], 600),
    ("oauth", [sys.executable, "tests/interop/oauth.py"], 400),
    ("proxy", [sys.executable, "tests/interop/proxy.py"], 400),
    ("c", [sys.executable, "tests/c/run.py"], 600),
    ("cli", [sys.executable, "tests/cli/run.py"], 600),
    ("field", [sys.executable, "tests/field/run.py"], 400),
    ("sign-in", [sys.executable, "tests/sign_in/run.py"], 400),
    ("consumer", [sys.executable, "tests/consumer/run.py"], 600),
    ("programs", [sys.executable, "tests/programs/run.py"], 400),
    ("model", ["cargo", "run", "--locked", "--quiet", "--manifest-path",
               "tests/model/Cargo.toml"], 300),
    ("style", [sys.executable, "tests/source/style.py"], 600),
    ("server", ["cargo", "test", "--locked", "--manifest-path",
                "tests/server/Cargo.toml", "--features", "tls"], 600),
    ("bench", [sys.executable, "bench/test.py"], 300),
    ("source", [sys.executable, "tests/source/run.py"], 300),
    ("docs", [sys.executable, "tests/docs/run.py"], 300),
]
# What --quick runs of a suite, beside the suite's own command, and leaves out of
# it. The suites without a line here are left out.
QUICK = {
    "behaviour": (["--quick"], "chaos, endurance"),
    "unit": ([], None),
    "c": (["--quick"], "valgrind, the sanitizers, the static library, hostile, scale"),
    "style": (["--quick"], "clippy of the fuzz targets and the model, cargo deny"),
    "source": (["--quick"], "the size of the library"),
    "docs": (["--quick"], "the table of transports, which needs the command line"),
}


def count(output):
    """The counts of a suite: its own line, or the sum of cargo's."""
    for line in reversed(output.splitlines()):
        found = SUMMARY.match(line)
        if found:
            return [int(number) for number in found.groups()[1:]]
    results = [CARGO.match(line) for line in output.splitlines()]
    results = [[int(number) for number in one.groups()] for one in results if one]
    return [sum(column) for column in zip(*results)] if results else None


def failing(output, is_hung=False):
    """The lines that say what failed, with some around them; the last ones
    where none says so, and of a suite that did not end."""
    lines = output.splitlines()
    shown = set()
    for number, line in enumerate(lines):
        if not line.startswith("ok ") and FAILING.search(line):
            shown.update(range(max(0, number - BEFORE), min(len(lines), number + AFTER + 1)))
    if is_hung or not shown:
        shown.update(range(max(0, len(lines) - 60), len(lines)))
    text, last = [], -1
    for number in sorted(shown):
        if number != last + 1:
            text.append("...")
        text.append(lines[number])
        last = number
    if len(text) > MOST:
        text[MOST:] = ["... and %d lines more" % (len(text) - MOST)]
    return "\n".join(text)


def failing_again(failures):
    """The first lines of what failing() says of each failed suite."""
    room, text = max(4, AT_END // max(1, len(failures))), []
    for name, code, lines in failures:
        text.append("failed: %s (%s)" % (name, code))
        text += ["    " + line[:WIDTH] for line in lines.splitlines()[:room]]
    return "\n".join(text)


def run(name, command, limit, totals, lock, failures):
    path = os.path.join(OUT, name + ".log")
    start = time.monotonic()
    with open(path, "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        expired = threading.Event()

        def end():
            expired.set()
            os.killpg(process.pid, 9)

        timer = threading.Timer(limit, end)
        timer.start()
        # Unlike Popen.wait() this gives what the suite and its children used.
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        code = process.returncode
        if expired.is_set():
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
        print("%-11s %4d passed, %d failed, %d skipped in %.0f s, CPU %.0f s%s" % (
            name, *counts, time.monotonic() - start, used.ru_utime + used.ru_stime,
            "  (%s)" % code if failed else ""), flush=True)
        if failed or counts[1]:
            print("---- of %s" % os.path.relpath(path, ROOT))
            lines = failing(output, is_hung=isinstance(code, str))
            print(lines)
            print("----", flush=True)
            failures.append((name, code, lines))
        for place, number in enumerate(counts):
            totals[place] += number


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    # They wait more than they compute: one more than there are processors.
    jobs = int(os.environ.get("JOBS") or min(6, (os.cpu_count() or 1) + 1))
    known = [suite[0] for suite in SUITES]
    if "--list" in sys.argv:
        print("\n".join(known))
        return 0
    unknown = [name for name in names if name not in known]
    if unknown:
        print("no such suite: %s; there are %s" % (unknown[0], ", ".join(known)))
        return 2
    os.makedirs(OUT, exist_ok=True)
    # A shell lets its background jobs ignore Ctrl-C, which tests send.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Cargo builds the behaviour tests again whenever this variable changes, so it
    # stays unset where `cargo test` finds the library without it.
    if RELEASE != os.path.join(ROOT, "target", "release"):
        os.environ["MCPCLIENT_LIBDIR"] = RELEASE
    # A whole run hardly ever finds something that it could build from, so that the
    # incremental cache only costs time. Cargo holds what it built with and without
    # apart, so that nothing is built again after this run.
    if not names and not IS_QUICK:
        os.environ.setdefault("CARGO_INCREMENTAL", "0")
    # All suites use these; built once, before they would wait for each other.
    targets = ["library"] if IS_QUICK else ["all", "build/conformance-client"]
    start = time.monotonic()
    subprocess.run(["make", "-C", "examples-c", *targets, "server",
                    "SERVER_FEATURES=--features tls"], cwd=ROOT, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    print("built in %.0f s" % (time.monotonic() - start), flush=True)
    chosen = [suite for suite in SUITES if not names or suite[0] in names]
    if IS_QUICK:
        chosen = [(name, command + QUICK[name][0], limit) for name, command, limit in chosen
                  if name in QUICK]
    totals, lock, failures = [0, 0, 0], threading.Lock(), []
    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(run, *suite, totals, lock, failures) for suite in chosen]:
            done.result()
    if failures:
        print(failing_again(failures))
    print("all in %.0f s, %d suites at a time" % (time.monotonic() - start, jobs))
    if IS_QUICK:
        print("left out: %s" % ", ".join(name for name in known if name not in QUICK))
        for name, (_, left) in QUICK.items():
            if left:
                print("left out of %s: %s" % (name, left))
    print("%d passed, %d failed, %d skipped" % tuple(totals))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
