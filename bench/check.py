#!/usr/bin/env python3
"""Compares the instructions of an operation with those that were recorded.

    check.py [--record]

Counted by valgrind, which a loaded machine does not disturb. More than a tenth
above the record is a failure.
"""

import json
import os
import platform
import subprocess
import sys

from workloads import HERE, WORKLOADS, Server, counted, has_valgrind, pin

sys.path.insert(0, os.path.join(HERE, "..", "tests"))
from support import Suite

RECORD = os.path.join(HERE, "instructions.json")
# Those whose count differs by less than a twentieth from run to run: no work on the
# background thread. A call that finds its response at once needs fewer instructions
# than one that waits, and the load decides how many do.
CHECKED = ["ping", "ping2026", "call1k", "call2026", "structured", "events", "typescript",
           "progress", "cold", "call10m", "call10mplain", "annotated", "list10k", "large",
           "stdioping", "stdiocall"]
TOLERANCE = 1.1
# Of a ping in a running client.
MOST_ALLOCATIONS = 6


def circumstances():
    """What else the numbers depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        avx2 = "AVX2" if " avx2 " in file.read() else "no AVX2"
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout
    return ", ".join([" ".join(rustc.split()[:2]), " ".join(platform.libc_ver()),
                      platform.machine(), avx2])


def count(failed):
    """The instructions of each operation, and the allocations of a ping. Calls
    `failed` with the name and the reason if an operation fails."""
    found = {"counted with": circumstances()}
    pin()
    with Server() as server:
        for name in CHECKED:
            try:
                instructions, allocations = counted(server, "mcpclient", WORKLOADS[name])
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                failed(name, error)
                continue
            found[name] = round(instructions)
            if name == "ping":
                found["allocations of a ping"] = round(allocations)
    return found


def check(suite):
    """Adds the checks to a suite."""
    if not has_valgrind():
        suite.skip("instructions of an operation", "valgrind is not installed")
        return
    profile = os.environ.get("PROFILE", "release")
    if profile != "release":
        suite.skip("instructions of an operation",
                   "PROFILE is %s, and the record is of the release" % profile)
        return
    with open(RECORD, encoding="utf-8") as file:
        recorded = json.load(file)
    here = circumstances()
    if here != recorded["counted with"]:
        suite.skip("instructions of an operation", "recorded with %s, and here is %s: "
                   "`make -C bench record` before a change makes them comparable" % (
                       recorded["counted with"], here))
        return
    try:
        found = count(lambda name, error: suite.check("instructions of " + name, False, error))
    except (OSError, RuntimeError) as error:
        suite.check("instructions of an operation", False, error)
        return
    is_lower = False
    for name in CHECKED:
        if name in found:
            check_instructions(suite, name, found, recorded)
            is_lower = is_lower or found[name] * TOLERANCE < recorded[name]
    if is_lower:
        print("note    a tenth fewer than recorded: run `make -C bench record`")
    if "ping" in found:
        allocations = found["allocations of a ping"]
        suite.check("a ping allocates at most %d times" % MOST_ALLOCATIONS,
                    allocations <= MOST_ALLOCATIONS, allocations)


def check_instructions(suite, name, found, recorded):
    title = "instructions of %s: %d, recorded %d" % (name, found[name], recorded[name])
    advice = ("more than a tenth above the record: `bench/hotspots.py %s` shows the functions;"
              " if the commit has a reason, run `make -C bench record`" % name)
    suite.check(title, found[name] <= TOLERANCE * recorded[name], advice)


def stop(name, error):
    sys.exit("%s: %s" % (name, error))


def main():
    if "--record" in sys.argv:
        if not has_valgrind():
            sys.exit("valgrind is not installed")
        found = count(stop)
        with open(RECORD, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
            file.write("\n")
        return
    suite = Suite("bench")
    check(suite)
    suite.end()


if __name__ == "__main__":
    main()
