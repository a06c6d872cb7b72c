"""The official suite: which scenarios there are, and what came of them."""

import collections
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

MODERN = "2026-07-28"
# At which the suite runs what is not of one revision alone.
OWN = "2025-11-25"
# The suite's own limit on the client, and ours on the suite: it waits for
# ever for a client that hangs.
CLIENT_LIMIT = 120
DEADLINE = 200
SETS_DEADLINE = 400

# Where the client has to end with an error, for this reason and no other.
REFUSED = {
    "auth/scope-retry-limit": "MCP_E_FORBIDDEN",
    "auth/resource-mismatch": "MCP_E_UNTRUSTED",
    "auth/iss-supported-missing": "MCP_E_UNTRUSTED",
    "auth/iss-wrong-issuer": "MCP_E_UNTRUSTED",
    "auth/iss-unexpected": "MCP_E_UNTRUSTED",
    "auth/iss-normalized": "MCP_E_UNTRUSTED",
    "auth/metadata-issuer-mismatch": "MCP_E_AUTH",
    "sep-2640-client-verify-digest": "MCP_E_INTEGRITY",
    "sep-2640-client-verify-size": "MCP_E_INTEGRITY",
    "sep-2640-client-verify-frontmatter": "MCP_E_INTEGRITY",
}
# Where the suite skips what the client leaves out, and passes the rest.
EXACTLY = {"http-standard-headers": 9}


class Official:
    """The suite as it is installed."""

    def __init__(self, node, package):
        self.tool = [str(node), str(package / "dist" / "index.js")]
        about = json.loads((package / "package.json").read_text(encoding="utf-8"))
        self.version = "%s %s" % (about["name"], about["version"])
        # Of each scenario the revisions that it is for; none for extensions.
        self.scenarios = {}
        for line in self.list_clients():
            found = re.match(r"  - (\S+) \[(.*)\]$", line)
            if found:
                self.scenarios[found.group(1)] = re.findall(r"\d{4}-\d\d-\d\d",
                                                            found.group(2))
        self.required, self.reported = {}, {}
        for revision in (OWN, MODERN):
            lines = self.list_clients("--requirements", revision)
            start = lines.index("Client scenarios (test against a client):") + 1
            self.required[revision] = [line[4:] for line in
                                       lines[start:lines.index("", start)]]
            self.reported[revision] = [line.split()[1] for line in lines
                                       if line.endswith("[client]")]

    def list_clients(self, *options):
        done = subprocess.run([*self.tool, "list", "--client", *options],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              check=True, timeout=DEADLINE)
        return done.stdout.decode().splitlines()

    def own_wire(self, scenario):
        return MODERN if self.scenarios[scenario][:1] == [MODERN] else OWN

    def wires(self, scenario):
        """All at which a scenario exists, or can be made to."""
        return sorted({self.own_wire(scenario), *(self.scenarios[scenario] or [MODERN])})

    def run(self, client, folder, arguments, deadline):
        """Runs clients; gives the suite's exit status, its words, the time."""
        folder.mkdir()
        # The suite cuts the command at blanks: a short one, seen from there.
        command = [*self.tool, "client", "--command", "./" + os.path.basename(client),
                   "--timeout", str(CLIENT_LIMIT * 1000), "-o", str(folder), *arguments]
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=os.path.dirname(client),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            output = process.communicate(timeout=deadline)
            status = process.returncode
        except subprocess.TimeoutExpired:
            # The session that was begun above: the suite and the clients.
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()
            status = "none within %d s" % deadline
        report = b"".join(output).decode(errors="replace")
        return status, report, time.monotonic() - start


class Outcome:
    """What came of one scenario with one client, by what the suite wrote."""

    def __init__(self, scenario, wire, folder=None):
        self.scenario, self.wire = scenario, wire
        self.checks, self.output = [], ""
        if folder:
            self.checks = json.loads((folder / "checks.json").read_text(encoding="utf-8"))
            self.output = (folder / "stdout.txt").read_text(encoding="utf-8",
                                                            errors="replace")
        self.counts = collections.Counter(check["status"] for check in self.checks)

    def passed(self):
        """The checks that succeeded, each once however often it was made."""
        return {(check["id"], check["name"]) for check in self.checks
                if check["status"] == "SUCCESS"}

    def problems(self):
        """Why it is no success; none if it is one."""
        found = []
        lines = self.output.splitlines() or [""]
        wanted = ["wire: " + self.wire, "end: " + REFUSED.get(self.scenario, "MCP_OK")]
        if [lines[0], lines[-1]] != wanted:
            found.append("the client's first and last words: %r, not %r" % (
                [lines[0], lines[-1]], wanted))
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


class Run:
    """One run of the suite with one client, of one scenario or of many that
    go on side by side."""

    def __init__(self, official, client, folder, title, arguments, expected,
                 deadline=DEADLINE):
        """`expected`: each scenario that there is to be, and its wire."""
        self.title = title
        self.status, self.report, self.seconds = official.run(
            client, folder, arguments, deadline)
        places = {}
        for path in folder.glob("**/checks.json"):
            # The name of the scenario has a time behind it.
            name = str(path.parent.relative_to(folder)).rsplit("-", 6)[0]
            places[name] = path.parent
        self.unexpected = sorted(set(places) - set(expected))
        self.outcomes = [Outcome(name, wire, places.get(name))
                         for name, wire in expected.items()]

    def problems(self):
        """What is wrong with the run as a whole."""
        found = []
        if self.status != 0:
            found.append("the suite's exit status: %s" % self.status)
        ends = re.findall(r"Client exited with code (\S+)", self.report)
        wanted = ["1" for outcome in self.outcomes if outcome.scenario in REFUSED]
        if ends != wanted:
            found.append("exit statuses of clients that failed: %s, not %s" % (
                ends, wanted))
        if "Client timed out after" in self.report:
            found.append("a client took too long")
        if self.unexpected:
            found.append("scenarios that are not known: %s" % self.unexpected)
        return found


def single(official, client, folder, scenario, wire):
    """A scenario alone, at a wire: as the suite has it by itself, otherwise
    told so, and made to where it would not."""
    if wire == official.own_wire(scenario):
        arguments = []
    else:
        arguments = ["--spec-version", wire]
        if wire not in official.scenarios[scenario]:
            arguments.append("--force")
    return Run(official, client, folder, "%s at %s" % (scenario, wire),
               ["--scenario", scenario, *arguments], {scenario: wire})


def together(official, client, folder):
    """All scenarios at their own wires, side by side."""
    expected = {name: official.own_wire(name) for name in official.scenarios}
    return Run(official, client, folder, "all side by side", ["--suite", "all"],
               expected, SETS_DEADLINE)


def requirements(official, client, folder, revision):
    """A set as the suite runs it: side by side, with what it only reports."""
    names = official.required[revision] + official.reported[revision]
    return Run(official, client, folder, "the set of " + revision,
               ["--requirements", revision], dict.fromkeys(names, revision),
               SETS_DEADLINE)
