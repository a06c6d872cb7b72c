#!/usr/bin/env python3
"""Runs the official conformance suite's client scenarios: each alone at every
wire it has, the suite's two sets of requirements, and all side by side.

    run.py [--client PROGRAM] [--keep] [--update] [PART-OF-A-NAME ...]

Installs the pinned suite, and judges its results more strictly than it does
itself.  The client under test is client.c, or PROGRAM; with --keep what the
suite wrote of each run stays in tests/.out also when all went well.  What was
measured must be what the table in docs/conformance.md says; --update writes it.
With parts of names only those scenarios are run, each alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "interop")]
import environments
import table
from official import (MODERN, OWN, REFUSED, Official, requirements, single,
                      together)
from support import BUILD, ROOT, Suite

# Of this run alone, as two may run side by side.
OUT = HERE.parent / ".out" / ("conformance-%d" % os.getpid())
PAGE = Path(ROOT, "docs", "conformance.md")
# Runs at a time: most of one is Node, which starts.
WORKERS = 3
STATES = ("SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO")
suite = Suite("conformance")


# Clients of which the outcome is known: what is judged is this harness.
# One claims what is wanted and has done nothing, one dies after its claim,
# and one loads a skill that nobody has tampered with: refusing to read on
# means little if it never reads on.
CONTROLS = {
    "idle": "echo wire: $MCP_CONFORMANCE_PROTOCOL_VERSION\n"
            "case $MCP_CONFORMANCE_SCENARIO in\n" + "".join(
                "%s) echo end: %s; exit 1;;\n" % one for one in REFUSED.items()) +
            "esac\necho end: MCP_OK\n",
    "dying": "echo end: MCP_OK\nkill -SEGV $$\n",
    "loading": "MCP_CONFORMANCE_SCENARIO=sep-2640-client-load exec '%s' \"$@\"\n",
}


def controls(client):
    """Makes those clients; gives each with its program."""
    for name, text in CONTROLS.items():
        program = OUT / name
        program.write_text("#!/bin/sh\n" + text.replace("%s", client))
        program.chmod(0o755)
        yield name, str(program)


def work(official, client, names):
    """All runs, some at a time: those of the client, those of the controls."""
    chosen = [name for name in official.scenarios
              if not names or any(part in name for part in names)]
    jobs = [] if names else [(together, client)] + [
        (requirements, client, revision) for revision in official.required]
    jobs += [(single, client, name, wire)
             for name in chosen for wire in official.wires(name)]
    count = len(jobs)
    if not names:
        programs = dict(controls(client))
        jobs += [(together, programs["idle"]),
                 (single, programs["dying"], "initialize", OWN),
                 (single, programs["loading"], "sep-2640-client-no-prefetch", OWN)]
    with ThreadPoolExecutor(WORKERS) as pool:
        started = [pool.submit(job[0], official, job[1], OUT / ("run-%d" % number),
                               *job[2:]) for number, job in enumerate(jobs)]
        done = [one.result() for one in started]
    return done[:count], done[count:]


def judge(run):
    """One check for a scenario alone; of many, one for each and for the whole."""
    if len(run.outcomes) == 1:
        results = [(run.title, run.problems() + run.outcomes[0].problems())]
    else:
        results = [(run.title, run.problems())] + [
            ("%s at %s, in %s" % (outcome.scenario, outcome.wire, run.title),
             outcome.problems()) for outcome in run.outcomes]
    for title, problems in results:
        suite.check(title, not problems, "\n        ".join(problems))
    if any(problems for _, problems in results):
        print(run.report[-6000:], flush=True)


def judge_controls(idle, dying, loading):
    for outcome in idle.outcomes:
        # The claim is as wanted: it is the checks that must tell.
        problems = outcome.problems()
        told = [one for one in problems
                if one == "no check succeeded" or one.startswith("FAILURE")]
        suite.check("%s: a client that does nothing fails" % outcome.scenario, told,
                    problems)
    problems = dying.problems()
    seen = [one for one in problems if "139" in one]
    suite.check("a client that dies at its end fails", seen, problems)
    reads = [check.get("details", {}).get("fileReads")
             for check in loading.outcomes[0].checks]
    output = loading.outcomes[0].output
    suite.check("a skill that is as it should be is read whole",
                reads == [2] and output.endswith("end: MCP_OK\n"), output)


def judge_lists(official):
    """The suite is the one that all this was written for."""
    counts = [len(official.scenarios),
              *(len(official.required[revision]) for revision in (OWN, MODERN))]
    suite.check("the suite has 48 scenarios, and requires 18 and 32 of them",
                counts == [48, 18, 32], counts)
    missing = [(name, revision) for revision, names in official.required.items()
               for name in names if revision not in official.wires(name)]
    suite.check("what a revision requires is run at its wire", not missing, missing)


def judge_page(official, runs, is_update):
    measured = "\n%s\n" % table.make(official, runs)
    before, written, behind = table.parts(PAGE.read_text(encoding="utf-8"))
    if is_update:
        PAGE.write_text(before + measured + behind, encoding="utf-8")
        print("the table in docs/conformance.md is written")
    else:
        suite.check("the table in docs/conformance.md is what was measured", measured == written,
                    "run tests/conformance/run.py --update if this is as it should be"
                    "\n" + "\n".join(table.difference(written, measured)))


def show(runs):
    print("%-36s %-10s" % ("scenario", "wire"), *("%7s" % state for state in STATES),
          "%6s" % "s")
    for run in runs:
        for outcome in run.outcomes:
            print("%-36s %-10s" % (outcome.scenario, outcome.wire),
                  *("%7d" % outcome.counts[state] for state in STATES),
                  "%6.1f%s" % (run.seconds, "" if len(run.outcomes) == 1
                               else " for " + run.title))


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
    parser.add_argument("--update", action="store_true",
                        help="write the table in docs/conformance.md")
    parser.add_argument("part", nargs="*",
                        help="run the scenarios whose name has one of these")
    options = parser.parse_args()
    if options.update and (options.part or options.client):
        parser.error("--update needs a run of everything, with client.c")
    client = os.path.abspath(options.client) if options.client else build()
    try:
        node, folder = environments.packages(HERE / ".env" / "suite", HERE)
    except environments.Unavailable as error:
        suite.skip("conformance", str(error))
        suite.end()
    package = folder / "node_modules" / "@modelcontextprotocol" / "conformance"
    OUT.mkdir(parents=True)
    official = Official(node, package)
    runs, known = work(official, client, options.part)
    judge_lists(official)
    for run in runs:
        judge(run)
    if known:
        judge_controls(*known)
    show(runs)
    if known and not options.client:
        judge_page(official, runs, options.update)
    if suite.counts["failed"] or options.keep:
        print("what the suite wrote: %s" % os.path.relpath(OUT, ROOT))
    else:
        shutil.rmtree(OUT, ignore_errors=True)
    suite.end()


if __name__ == "__main__":
    main()
