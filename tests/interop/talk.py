"""What the suite `stock` makes its calls with: servers that run for a while,
and calls.c, told what to call and asked what came of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support import ROOT, Suite

HERE = Path(__file__).resolve().parent
OUT = Path(ROOT) / "tests" / ".out" / "stock"
CALLS = OUT / "calls"
TOKEN = "test-token"
LIMIT = 180
HTTP, SSE, STDIO = 1, 2, 3
suite = Suite("stock")


class Server:
    """A server that runs for the length of a block.  `ports` is known, or is
    what it prints: a JSON object."""

    def __init__(self, command, ports=None, environment=None):
        self.command, self.ports = [str(part) for part in command], ports
        self.environment = dict(os.environ, **(environment or {}))

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env=self.environment)
        if self.ports is None:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("%s does not start" % self.command[1])
            self.ports = json.loads(line)
        else:
            # What it prints is of no interest, but has to go somewhere.
            threading.Thread(target=self.process.stdout.read, daemon=True).start()
        end = time.monotonic() + 90
        for port in self.ports.values():
            self.await_port(port, end)
        return self

    def await_port(self, port, end):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError("%s does not listen" % self.command[0])
                time.sleep(0.05)

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def url(self, form, path="/mcp"):
        return "http://127.0.0.1:%d%s" % (self.ports[form], path)


class Talk:
    """A run of calls.c with a server: a URL, or a program as a list."""

    def __init__(self, where, token="-", version="-", form=None, transport=None):
        environment = dict(os.environ)
        if form is not None:
            environment["FORM"] = form
        if transport is not None:
            environment["TRANSPORT"] = str(transport)
        place = [where, token, version]
        if not isinstance(where, str):
            place = ["-", "-", version, *where]
        self.process = subprocess.Popen(
            [str(part) for part in [CALLS, *place]], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.timer = threading.Timer(LIMIT, self.process.kill)
        self.timer.start()
        self.lines, self.programs, self.is_over = [], set(), True

    def run(self, script):
        """Makes calls, one after the other. A pair is a call and what is done when
        its first progress is told."""
        for line in script:
            if isinstance(line, tuple):
                self.begin(line[0], "progress")
                line[1]()
            else:
                self.begin(line)
            self.end()
        return self

    def begin(self, line, awaits=None):
        """Begins a call; waits until something is told meanwhile."""
        self.is_over = False
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except OSError:
            return
        if awaits is not None:
            self.read(awaits)

    def end(self):
        """Waits for the call that was begun, and gives what came of it."""
        done = self.lines[-1] if self.is_over else self.read("done")
        self.programs |= set(self.children())
        return done

    def read(self, what):
        for text in self.process.stdout:
            self.lines.append(json.loads(text))
            self.is_over = self.lines[-1]["do"] == "done"
            if self.is_over or self.lines[-1]["do"] == what:
                return self.lines[-1]
        return {"do": "done", "line": "", "status": "the program ended"}

    def children(self):
        found = []
        try:
            for task in os.listdir("/proc/%d/task" % self.process.pid):
                path = "/proc/%d/task/%s/children" % (self.process.pid, task)
                with open(path, encoding="ascii") as file:
                    found += [int(word) for word in file.read().split()]
        except OSError:
            pass
        return found

    def close(self):
        """Whether calls.c ended as it should, and left no process behind."""
        errors = self.process.communicate()[1]
        self.timer.cancel()
        left = [pid for pid in self.programs if os.path.exists("/proc/%d" % pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return self.process.returncode == 0 and not left or (
            "exit status %d, left %s: %s" % (self.process.returncode, left, errors[-500:]))

    def done(self, line):
        found = [one for one in self.lines if one["do"] == "done" and one["line"] == line]
        return found[0] if found else {"status": "not made"}

    def of(self, what):
        return [one for one in self.lines if one["do"] == what]


def talked(name, where, script, **options):
    """A whole run, ended well."""
    talk = Talk(where, **options)
    talk.run(script)
    ends_well(name, talk)
    return talk


def ends_well(name, talk):
    how = talk.close()
    suite.check("%s: ends well" % name, how is True, how)


def right(name, talk, line, test):
    """A line that has to have come out well."""
    found = talk.done(line)
    try:
        is_right = found["status"] == "MCP_OK" and test(found)
    except (KeyError, IndexError, TypeError) as error:
        is_right = False
        found = dict(found, problem=repr(error))
    suite.check("%s: %s" % (name, line), is_right, json.dumps(found)[:1500])


def refused(name, talk, line, status, http):
    found = talk.done(line)
    suite.check("%s: %s is %s" % (name, line, status),
                (found["status"], found.get("http")) == (status, http), json.dumps(found))


def killed(name, talk, line, kill):
    """A server that is killed in the middle of a call: told at once, as what
    it is."""
    talk.begin(line, "progress")
    begin = time.monotonic()
    program = talk.children()
    kill(program)
    found = talk.end()
    wanted = {"status": "MCP_E_IO", "mayHaveRun": 1}
    if program:
        wanted = {"status": "MCP_E_PROCESS", "mayHaveRun": 1, "exit": 128 + signal.SIGKILL}
    suite.check("%s: killed in the middle of a call" % name,
                wanted == {key: found.get(key) for key in wanted}
                and time.monotonic() - begin < 30, json.dumps(found))


def kill_all(programs):
    for pid in programs:
        os.kill(pid, signal.SIGKILL)
