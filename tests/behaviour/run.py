#!/usr/bin/env python3
"""Runs the behaviour tests: a few programs at a time, each with a few threads,
as the tests wait more than they compute.

    python3 tests/behaviour/run.py [--quick] [--stalls] [PROGRAM ...]

--quick leaves out the programs that only repeat calls for a long time. --stalls
runs each program while its threads are stalled at random, as a busy machine does:
often and shortly, then seldom and for long. A part of the tests of one program is
run by cargo:

    cargo test --manifest-path tests/behaviour/Cargo.toml --test PROGRAM NAME
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from support import RELEASE, ROOT

PROGRAMS = 3
THREADS = 4
LIMIT = 800
# Microseconds between two stalls, and milliseconds of the longest one.
STALLS = [(5000, 60), (20000, 200), (200000, 1500)]
# The programs that take longest, longest first: the last ones to run are short.
FIRST = ["endurance", "chaos", "calls", "http", "stdio", "notifications", "oauth", "api"]
NOT_QUICK = ["endurance", "chaos"]


def programs():
    """Name and path of each, built if need be."""
    command = ["cargo", "test", "--locked", "--no-run", "--message-format=json",
               "--manifest-path", os.path.join(HERE, "Cargo.toml")]
    env = dict(os.environ)
    if RELEASE != os.path.join(ROOT, "target", "release"):
        # The programs are linked to one library, so that another library has
        # another folder: else each run with the other would build them again.
        env["MCPCLIENT_LIBDIR"] = RELEASE
        command += ["--target-dir", os.path.join(HERE, "target", os.path.basename(RELEASE))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          env=env)
    if done.returncode != 0:
        for line in done.stdout.splitlines():
            message = json.loads(line).get("message") or {}
            print(message.get("rendered") or "", end="")
        sys.exit(done.returncode)
    found = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        if one.get("executable") and one.get("profile", {}).get("test"):
            found[one["target"]["name"]] = one["executable"]
    return found


def stalling():
    """The environments in which the threads of a program are stalled."""
    library = os.path.join(ROOT, "tests", ".out", "stalls.so")
    os.makedirs(os.path.dirname(library), exist_ok=True)
    subprocess.run([os.environ.get("CC", "cc"), "-Wall", "-Wextra", "-Werror", "-pedantic",
                    "-std=c11", "-O2", "-shared", "-fPIC", "-o", library,
                    os.path.join(HERE, "stalls.c"), "-ldl", "-lpthread"], check=True)
    return [{"LD_PRELOAD": library, "STALLS_EVERY": str(every), "STALLS_LONGEST": str(longest)}
            for every, longest in STALLS]


def run(name, path, settings):
    # Cargo sets the first two for a test.
    env = dict(os.environ, CARGO_PKG_NAME="behaviour", CARGO_MANIFEST_DIR=HERE, **settings)
    env.setdefault("RUST_TEST_THREADS", str(THREADS))
    start = time.monotonic()
    try:
        done = subprocess.run([path], cwd=HERE, stdin=subprocess.DEVNULL, text=True, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""
        code, output = 1, said.decode(errors="replace") + "error: no end within %d s\n" % LIMIT
    if code != 0 and "test result: FAILED" not in output:
        output += "test result: FAILED. 0 passed; 1 failed; 0 ignored (%s ended with %s)\n" % (
            name, code)
    print("     Ran %s in %.0f s\n%s" % (name, time.monotonic() - start, output), flush=True)
    return code


def main():
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    found = programs()
    unknown = [name for name in names if name not in found]
    if unknown:
        print("no such program: %s; there are %s" % (unknown[0], ", ".join(sorted(found))))
        return 2
    wanted = names or sorted(found, key=lambda name: (
        FIRST.index(name) if name in FIRST else len(FIRST), name))
    if "--quick" in sys.argv:
        wanted = [name for name in wanted if name not in NOT_QUICK]
    with ThreadPoolExecutor(PROGRAMS) as pool:
        codes = [code for settings in (stalling() if "--stalls" in sys.argv else [{}])
                 for code in pool.map(lambda name: run(name, found[name], settings), wanted)]
    return 1 if any(codes) else 0


sys.exit(main())
