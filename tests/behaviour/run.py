#!/usr/bin/env python3
"""Runs the behaviour tests, a few of their programs at a time: they wait more
than they compute.

    python3 tests/behaviour/run.py [PROGRAM ...]
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
AT_A_TIME = 3
LIMIT = 300
# These take longest, or count what the whole machine does.
FIRST = ["endurance", "chaos", "calls", "http", "oauth"]


def programs():
    """Name and path of each, built if need be."""
    command = ["cargo", "test", "--locked", "--no-run", "--message-format=json",
               "--manifest-path", os.path.join(HERE, "Cargo.toml")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
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


def run(name, path):
    try:
        # As cargo starts them.
        env = dict(os.environ, CARGO_PKG_NAME="behaviour", CARGO_MANIFEST_DIR=HERE)
        done = subprocess.run([path], cwd=HERE, stdin=subprocess.DEVNULL, text=True, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""
        code, output = 1, said.decode(errors="replace") + "error: no end within %d s\n" % LIMIT
    if code != 0 and "test result: FAILED" not in output:
        output += "test result: FAILED. 0 passed; 1 failed; 0 ignored (%s ended with %s)\n" % (
            name, code)
    print("     Running %s\n%s" % (name, output), flush=True)
    return code


def main():
    found = programs()
    wanted = sys.argv[1:] or sorted(found, key=lambda name: (name not in FIRST, name))
    unknown = [name for name in wanted if name not in found]
    if unknown:
        print("no such program: %s; there are %s" % (unknown[0], ", ".join(sorted(found))))
        return 2
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        codes = list(pool.map(lambda name: run(name, found[name]), wanted))
    return 1 if any(codes) else 0


sys.exit(main())
