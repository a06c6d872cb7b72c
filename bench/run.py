#!/usr/bin/env python3
"""Compares clients in one interleaved run, as ratios to a raw socket.

    run.py [--instructions] [--results] [--json FILE] [--only WORKLOAD,...]
           [--rounds N]

Server and client share one processor: with two, the wake-ups of a virtual
machine would hide the differences. No time is asserted. --instructions counts
user-space instructions as well, with valgrind; --results writes RESULTS.md.
"""

import argparse
import json
import statistics
import subprocess
import sys

import results
from workloads import WORKLOADS, Server, built, can_run, counted, has_valgrind, pin, run

ROUNDS = 9


def measure(server, names, clients, rounds):
    """The medians of what each client used for each workload."""
    found = {}
    for name in names:
        workload = WORKLOADS[name]
        samples = {client: [] for client in clients if can_run(client, workload)}
        # In the first round, which is not counted, the server reads its replies.
        for turn in range(rounds + 1):
            for client, sample in samples.items():
                used = run(server, client, workload, workload.count)
                if turn > 0:
                    sample.append(used)
        found[name] = {client: medians(sample) for client, sample in samples.items()}
        print("measured: " + name, file=sys.stderr)
    return found


def medians(sample):
    return {key: statistics.median(one[key] for one in sample) for key in sample[0]}


def count(server, names, clients):
    """Instructions and allocations of an operation."""
    found = {}
    for name in names:
        workload = WORKLOADS[name]
        if workload.many > 0:
            found[name] = {client: counted(server, client, workload)
                           for client in clients if can_run(client, workload)}
            print("counted: " + name, file=sys.stderr)
    return found


def measured(clients, options):
    """What the tables show."""
    found = {"times": {}, "instructions": {}}
    with Server() as server:
        if options.instructions or options.results:
            found["instructions"] = count(server, options.only, clients)
        if options.rounds > 0:
            found["times"] = measure(server, options.only, clients, options.rounds)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--results", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--only", metavar="WORKLOAD,...",
                        type=lambda text: text.split(","), default=list(WORKLOADS),
                        help="of %s" % ", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="0 measures no time")
    options = parser.parse_args()
    unknown = [name for name in options.only if name not in WORKLOADS]
    if unknown:
        parser.error("no such workload: %s" % unknown[0])
    if options.rounds < 0:
        parser.error("--rounds is 0 or more")
    if options.results and (options.only != list(WORKLOADS) or options.rounds == 0):
        parser.error("--results needs all workloads, and their time")
    if (options.instructions or options.results) and not has_valgrind():
        parser.error("instructions are counted with valgrind, which is not installed")
    clients = built()
    if not {"floor", "mcpclient"} <= set(clients):
        parser.error("the programs are not built: run `make -C bench build`")
    pin()
    try:
        found = measured(clients, options)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        sys.exit("run.py: %s" % error)
    print("\n".join(results.tables(found)))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    if options.results:
        results.write(found, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
