#!/usr/bin/env python3
"""The suite `bench`: the clients run and print their line, and the instructions of
an operation are as recorded. No time is asserted."""

import os
import subprocess
import sys

import check
from workloads import CLIENTS, HERE, OPTIONAL, WORKLOADS, Server, built, can_run, pin, run

sys.path.insert(0, os.path.join(HERE, "..", "tests"))
from support import Suite


def smoke(suite):
    wanted = [name for name in CLIENTS if name not in OPTIONAL]
    clients = built(wanted)
    for name in wanted:
        if name not in clients:
            suite.skip(name, "libcurl and cJSON are not installed")
    with Server() as server:
        for name, workload in WORKLOADS.items():
            for client in clients:
                if can_run(client, workload):
                    try:
                        run(server, client, workload, workload.few)
                        suite.check("%s, %s" % (name, client), True)
                    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                        suite.check("%s, %s" % (name, client), False, error)


def main():
    subprocess.run(["make", "-s", "-C", HERE, "build"], check=True)
    pin()
    suite = Suite("bench")
    smoke(suite)
    check.check(suite)
    suite.end()


if __name__ == "__main__":
    main()
