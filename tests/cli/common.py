"""What the tests of the command line share: running it, and looking at it on a
terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import BUILD, Suite, TOKEN, run

CLIENT = os.path.join(BUILD, "mcpclient")
suite = Suite("cli")
# Seconds that a command may take: more than its own time-out, which is 30 s.
LIMIT = 60


def environment(token=TOKEN, **variables):
    env = {key: value for key, value in os.environ.items()
           if key not in ("MCPCLIENT_TOKEN", "MCP_TOKEN")}
    if token:
        env.update(MCPCLIENT_TOKEN=token, MCP_TOKEN=token)
    env.update(variables)
    return env


def call(*arguments, token=TOKEN, **variables):
    # In a session of its own, so that there is no terminal to ask at.
    return run([CLIENT, *arguments], LIMIT, env=environment(token, **variables),
               start_new_session=True)


def example(name, *arguments, typed=""):
    """Runs an example program, with what is typed to it."""
    try:
        return subprocess.run([os.path.join(BUILD, name), *arguments], input=typed,
                              capture_output=True, text=True, timeout=LIMIT, env=environment())
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(name, -99, "", "no end")


def one_line(text):
    return text.endswith("\n") and text.count("\n") == 1


def check(name, done, code, *words, where="stdout"):
    text = getattr(done, where)
    missing = [word for word in words if word not in text]
    return suite.check(name, done.returncode == code and not missing,
                       "exit %s, lacks %s\nstdout: %s\nstderr: %s" % (
                           done.returncode, missing, done.stdout, done.stderr))


class Terminal:
    """The client on a terminal of its own; `text` is all that it showed."""

    def __init__(self, *arguments, program=CLIENT, token=TOKEN, **variables):
        self.text = ""
        self.pid, self.side = pty.fork()
        if self.pid == 0:
            self.prepare()
            os.execve(program, [program, *arguments],
                      environment(token, TERM="xterm", **variables))

    def prepare(self):
        """Runs on the terminal before the client."""

    def read(self, seconds):
        """Whether more came; None at the end."""
        if not select.select([self.side], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.side, 65536)
        except OSError:
            return None
        self.text += more.decode("utf-8", "replace")
        return True if more else None

    def answer(self, question, typed):
        """Waits for a question and types; False if it does not come."""
        end = time.monotonic() + LIMIT
        while question not in self.text:
            if time.monotonic() > end or self.read(0.5) is None:
                return False
        os.write(self.side, typed.encode())
        return True

    def end(self):
        """Gives the exit status."""
        limit = time.monotonic() + LIMIT
        while self.read(0.5) is not None:
            if time.monotonic() > limit:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.side)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
