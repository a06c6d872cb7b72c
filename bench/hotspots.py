#!/usr/bin/env python3
"""Shows where the instructions of an operation are: hotspots.py WORKLOAD [CLIENT]

The difference of two runs under callgrind, by function; see run.py for the names
of the workloads.
"""

import collections
import os
import re
import subprocess
import sys
import tempfile

from workloads import WORKLOADS, Server, pin

MOST = 60


def profile(command):
    """Instructions by function."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out")
        subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + path, *command],
                       capture_output=True, timeout=600, check=True)
        text = subprocess.run(["callgrind_annotate", "--threshold=100", path],
                              capture_output=True, text=True, check=True).stdout
    found = collections.Counter()
    for count, place in re.findall(r"^\s*([\d,]+) \([\s\d.]+%\)\s+(\S.*)$", text, re.M):
        # FILE:FUNCTION [OBJECT]
        function = re.sub(r" \[.*", "", place).split(":", 1)[-1]
        found[function] += int(count.replace(",", ""))
    return found


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
        sys.exit("usage: hotspots.py %s [CLIENT]" % "|".join(WORKLOADS))
    workload = WORKLOADS[sys.argv[1]]
    client = sys.argv[2] if len(sys.argv) > 2 else "mcpclient"
    pin()
    with Server() as server:
        few, many = (profile(server.command(client, workload, count))
                     for count in (workload.few, workload.many))
    operations = workload.many - workload.few
    rows = sorted(((many[name] - few[name]) / operations, name) for name in many)
    for instructions, name in rows[:-MOST - 1:-1]:
        print("%12.0f  %s" % (instructions, name))


if __name__ == "__main__":
    main()
