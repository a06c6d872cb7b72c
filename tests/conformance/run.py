#!/usr/bin/env python3
"""Runs the official conformance suite's client scenarios, one by one.

    run.py [--client PROGRAM] [--keep] [PART-OF-A-NAME ...]

Installs the pinned suite, and judges its results more strictly than it does
itself.  The client under test is client.c, or PROGRAM; with --keep what the
suite wrote of each run stays in tests/.out also when all went well.
"""

import argparse
import collections
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "interop")]
import environments
from support import BUILD, ROOT, Suite

# Of this run alone, as two may run side by side.
OUT = HERE.parent / ".out" / ("conformance-%d" % os.getpid())
MODERN = "2026-07-28"
# The suite's own limit on the client, and ours on the suite: it waits for
# ever for a client that hangs.
CLIENT_LIMIT = 30
DEADLINE = 60

# All that are not about authorization; the wire is what the suite takes by
# itself, unless there is another one to run at.
SCENARIOS = (
    ("initialize", None),
    ("tools_call", None),
    ("tools_call", MODERN),
    ("elicitation-sep1034-client-defaults", None),
    ("sse-retry", None),
    ("request-metadata", None),
    ("sep-2322-client-request-state", None),
    ("http-standard-headers", None),
    ("http-custom-headers", None),
    ("http-invalid-tool-headers", None),
    ("json-schema-ref-no-deref", None),
    ("json-schema-2020-12-preservation", None),
    ("json-schema-2020-12-preservation", MODERN),
    ("sep-2640-client-no-prefetch", None),
    ("sep-2640-client-verify-digest", None),
    ("sep-2640-client-verify-size", None),
    ("sep-2640-client-verify-frontmatter", None),
)
# Where the client has to end with an error, for this reason and no other.
REFUSED = {
    "sep-2640-client-verify-digest": "MCP_E_INTEGRITY",
    "sep-2640-client-verify-size": "MCP_E_INTEGRITY",
    "sep-2640-client-verify-frontmatter": "MCP_E_INTEGRITY",
}
# Where the suite skips what the client leaves out, and passes the rest.
EXACTLY = {"http-standard-headers": 9}
STATES = ("SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO")
suite = Suite("conformance")


class Run:
    """One scenario with one client: what came of it."""

    def __init__(self, tool, client, scenario, version, name):
        self.scenario, self.version, self.name = scenario, version, name
        self.title = scenario + (" at " + version if version else "")
        folder = OUT / "-".join(filter(None, [name, "of", scenario, version]))
        folder.mkdir()
        # The suite cuts the command at blanks: a short one, seen from there.
        command = [*tool, "client", "--command", "./" + os.path.basename(client),
                   "--scenario", scenario, "--timeout", str(CLIENT_LIMIT * 1000),
                   "-o", str(folder)]
        if version:
            command += ["--spec-version", version]
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=os.path.dirname(client),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            output = process.communicate(timeout=DEADLINE)
            self.status = process.returncode
        except subprocess.TimeoutExpired:
            # The session that was begun above: the suite and the client.
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()
            self.status = "none within %d s" % DEADLINE
        self.seconds = time.monotonic() - start
        self.report = b"".join(output).decode(errors="replace")
        self.checks, self.output = [], ""
        for path in glob.glob(str(folder / "**" / "checks.json"), recursive=True):
            self.checks += json.loads(Path(path).read_text(encoding="utf-8"))
            self.output += Path(path).with_name("stdout.txt").read_text(
                encoding="utf-8", errors="replace")
        self.counts = collections.Counter(check["status"] for check in self.checks)

    def problems(self):
        """Why this run is no success; none if it is one."""
        found = []
        if self.status != 0:
            found.append("the suite's exit status: %s" % self.status)
        ended = re.search(r"Client exited with code (\S+)", self.report)
        ended = ended.group(1) if ended else "0"
        wanted = REFUSED.get(self.scenario, "MCP_OK")
        if ended != ("1" if self.scenario in REFUSED else "0"):
            found.append("the client's exit status: %s" % ended)
        lines = self.output.splitlines()
        if not lines or lines[-1] != "end: " + wanted:
            found.append("the client's last word: %r, not %r" % (
                lines[-1] if lines else "", "end: " + wanted))
        for check in self.checks:
            if check["status"] not in ("SUCCESS", "SKIPPED", "INFO"):
                found.append("%s %s (%s): %s %s" % (
                    check["status"], check["id"], check["name"],
                    check.get("errorMessage") or check["description"],
                    json.dumps(check.get("details", {}))[:1500]))
        successes = self.counts["SUCCESS"]
        if successes == 0:
            found.append("no check succeeded")
        elif successes != EXACTLY.get(self.scenario, successes):
            found.append("%d checks succeeded, not %d" % (
                successes, EXACTLY[self.scenario]))
        return found


# Clients of which the outcome is known: what is judged is this harness.
# One claims what is wanted and has done nothing, one dies after its claim,
# and one loads a skill that nobody has tampered with: refusing to read on
# means little if it never reads on.
CONTROLS = {
    "idle": """case $MCP_CONFORMANCE_SCENARIO in
sep-2640-client-verify-*) echo end: MCP_E_INTEGRITY; exit 1;;
esac
echo end: MCP_OK
""",
    "dying": "echo end: MCP_OK\nkill -SEGV $$\n",
    "loading": "MCP_CONFORMANCE_SCENARIO=sep-2640-client-load exec '%s' \"$@\"\n",
}


def controls(client):
    for name, text in CONTROLS.items():
        program = OUT / name
        program.write_text("#!/bin/sh\n" + text.replace("%s", client))
        program.chmod(0o755)
    names = sorted({scenario for scenario, _ in SCENARIOS})
    return [("idle", name) for name in names] + [
        ("dying", "initialize"), ("loading", "sep-2640-client-no-prefetch")]


def work(tool, client, names):
    """All runs, two at a time: those of the client, those of the controls."""
    jobs = [(client, scenario, version, "client") for scenario, version in SCENARIOS
            if not names or any(part in scenario for part in names)]
    count = len(jobs)
    if not names:
        jobs += [(str(OUT / name), scenario, None, name)
                 for name, scenario in controls(client)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda job: Run(tool, *job), jobs))
    return done[:count], done[count:]


def judge(run):
    problems = run.problems()
    if not suite.check(run.title, not problems, "\n        ".join(problems)):
        print(run.report[-6000:], flush=True)


def judge_control(run):
    problems = run.problems()
    if run.name == "idle":
        # The claim is as wanted: it is the checks that must tell.
        told = [one for one in problems
                if one == "no check succeeded" or one.startswith("FAILURE")]
        suite.check("%s: a client that does nothing fails" % run.title, told, problems)
    elif run.name == "dying":
        seen = "the client's exit status: 139" in problems
        suite.check("a client that dies at its end fails", seen, problems)
    else:
        reads = [check.get("details", {}).get("fileReads") for check in run.checks]
        suite.check("a skill that is as it should be is read whole",
                    reads == [2] and run.output.endswith("end: MCP_OK\n"), run.output)


def table(runs):
    print("%-36s %-10s" % ("scenario", "wire"), *("%7s" % state for state in STATES),
          "%6s" % "s")
    for run in runs:
        print("%-36s %-10s" % (run.scenario, run.version or "its own"),
              *("%7d" % run.counts[state] for state in STATES), "%6.1f" % run.seconds)


def build():
    """The client; done already when tests/run.py runs this."""
    target = "build/conformance-client"
    subprocess.run(["make", "-s", "-C", os.path.join(ROOT, "examples-c"), target],
                   stdin=subprocess.DEVNULL, check=True, timeout=900)
    return os.path.join(BUILD, "conformance-client")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--client", help="another client to test")
    parser.add_argument("--keep", action="store_true", help="keep the results")
    parser.add_argument("part", nargs="*",
                        help="run the scenarios whose name has one of these")
    options = parser.parse_args()
    client = os.path.abspath(options.client) if options.client else build()
    try:
        node, folder = environments.packages(HERE / ".env" / "suite", HERE)
    except environments.Unavailable as error:
        suite.skip("conformance", str(error))
        suite.end()
    package = folder / "node_modules" / "@modelcontextprotocol" / "conformance"
    OUT.mkdir(parents=True)
    tool = [str(node), str(package / "dist" / "index.js")]
    runs, known = work(tool, client, options.part)
    for run in runs:
        judge(run)
    for run in known:
        judge_control(run)
    table(runs)
    if suite.counts["failed"] or options.keep:
        print("what the suite wrote: %s" % os.path.relpath(OUT, ROOT))
    else:
        shutil.rmtree(OUT, ignore_errors=True)
    suite.end()


if __name__ == "__main__":
    main()
