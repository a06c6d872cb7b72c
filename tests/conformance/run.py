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
        self.scenario, self.version = scenario, version
        folder = OUT / name
        folder.mkdir(parents=True)
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


def controls(tool):
    """Clients that no scenario may pass: one that does nothing, one that
    says that all went well and dies."""
    idle, dying = OUT / "idle", OUT / "dying"
    idle.write_text("#!/bin/sh\nexit 0\n")
    dying.write_text("#!/bin/sh\necho end: MCP_OK\nkill -SEGV $$\n")
    for program in (idle, dying):
        program.chmod(0o755)
    names = sorted({scenario for scenario, _ in SCENARIOS})
    return [(name, None, str(idle), "does nothing") for name in names] + [
        ("initialize", None, str(dying), "dies")]


def work(tool, client, names):
    jobs = [(scenario, version, client, "") for scenario, version in SCENARIOS
            if not names or any(part in scenario for part in names)]
    if not names:
        jobs += controls(tool)

    def perform(job):
        scenario, version, program, control = job
        name = "-".join(filter(None, [scenario, version, control.replace(" ", "-")]))
        return job, Run(tool, program, scenario, version, name)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(perform, jobs))


def judge(done):
    for (scenario, version, _, control), run in done:
        problems = run.problems()
        title = scenario + (" at " + version if version else "")
        if control:
            suite.check("%s: a client that %s fails" % (title, control), problems)
            if control == "dies":
                suite.check("%s: its signal is seen" % title, any(
                    "exit status: 139" in one for one in problems), problems)
        elif not suite.check(title, not problems, "\n        ".join(problems)):
            print(run.report[-6000:], flush=True)


def table(done):
    print("%-36s %-10s" % ("scenario", "wire"), *("%7s" % state for state in STATES),
          "%6s" % "s")
    for (scenario, version, _, control), run in done:
        if not control:
            print("%-36s %-10s" % (scenario, version or "its own"),
                  *("%7d" % run.counts[state] for state in STATES),
                  "%6.1f" % run.seconds)


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
        suite.skip("conformance", error)
        suite.end()
    package = folder / "node_modules" / "@modelcontextprotocol" / "conformance"
    OUT.mkdir(parents=True)
    done = work([str(node), str(package / "dist" / "index.js")], client, options.part)
    judge(done)
    table(done)
    if suite.counts["failed"] or options.keep:
        print("what the suite wrote: %s" % os.path.relpath(OUT, ROOT))
    else:
        shutil.rmtree(OUT, ignore_errors=True)
    suite.end()


if __name__ == "__main__":
    main()
