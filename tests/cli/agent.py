"""agent.c: servers over HTTP and stdio in one loop that never blocks."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

from common import environment, suite
from proxy_sides import Remote
from support import BUILD, INCLUDE, ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = os.path.join(BUILD, "agent")


class Agent:
    """The program; `lines` is all that it has printed."""

    def __init__(self, servers):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "mcp.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"mcpServers": servers}, file)
        self.process = subprocess.Popen(
            [AGENT, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=environment(None))
        self.lines, self.seen = [], 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def find(self, words, limit=30):
        """Waits for a line that begins so, after the last one that was found."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            for place in range(self.seen, len(self.lines)):
                if self.lines[place].startswith(words):
                    self.seen = place + 1
                    return self.lines[place]
            time.sleep(0.01)
        return "no %r in %r" % (words, self.lines[self.seen:])

    def shows(self, name, words, limit=30):
        found = self.find(words, limit)
        return suite.check("agent: " + name, found.startswith(words), found)

    def end(self):
        try:
            self.say("quit")
            self.process.wait(30)
        except (OSError, subprocess.TimeoutExpired):
            return None
        self.reader.join(30)
        return self.process.returncode


def functions():
    """Every function that agent.c calls, and the ones that can block, as the
    header lists them. The callbacks of agent.c all run on its one thread."""
    with open(os.path.join(ROOT, "examples-c", "agent.c"), encoding="utf-8") as file:
        source = file.read()
    with open(os.path.join(INCLUDE, "mcpclient.h"), encoding="utf-8") as file:
        header = file.read()
    comments = {name: comment for comment, name in re.findall(
        r"/\*\*((?:(?!\*/).)*)\*/\s*[\w *]+?\b\*?(mcp_\w+)\(", header, re.S)}
    # The header says in one place which functions can block.
    place = re.search(r"^ \* BLOCKING\.(.*?)^ \*$", header, re.S | re.M).group(1)
    waiting, maybe = place.split("A started request", 1)
    blocking = set(re.findall(r"\b(mcp_\w+)\(\)", waiting))
    promised = {name for name, comment in comments.items() if re.search(
        r"call\s+(\* )?errors|Returns like mcp_list_tools", comment)}
    suite.check("agent: the header lists each function with call errors as one that can block",
                promised <= blocking <= set(comments),
                (promised - blocking, blocking - set(comments)))
    suite.check("agent: the header names the functions that wait under a condition",
                set(re.findall(r"\b(mcp_\w+)\(\)", maybe)) - blocking == {
                    "mcp_client_free", "mcp_request_new_close", "mcp_client_dispatch",
                    "mcp_request_wait", "mcp_request_free", "mcp_request_set_progress",
                    "mcp_client_set_wakeup"}, maybe)
    blocking |= {"mcp_request_wait"}
    called = set(re.findall(r"\b(mcp_\w+)\(", source))
    suite.check("agent: calls no function that can block",
                called <= set(comments) and not called & blocking,
                (called - set(comments), called & blocking))
    suite.check("agent: dispatches without a wait",
                set(re.findall(r"mcp_client_dispatch\([^,]+, (\w+)\)", source)) == {"0"})
    suite.check("agent: has at most 300 lines", source.count("\n") <= 300, source.count("\n"))
    with open(os.path.join(ROOT, "examples-c", "game.c"), encoding="utf-8") as file:
        game = file.read()
    called = set(re.findall(r"\b(mcp_\w+)\(", game))
    suite.check("game: calls no function that can block", "mcp_client_dispatch" in called
                and not called & blocking, called & blocking)
    suite.check("game: dispatches without a wait",
                set(re.findall(r"mcp_client_dispatch\([^,]+, (\w+)\)", game)) == {"0"})
    # The same of the proxy, which waits for the end of the session alone.
    called = set()
    folder = os.path.join(ROOT, "examples-c", "cli")
    for name in os.listdir(folder):
        if name.startswith("proxy") and name.endswith(".c"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                called |= set(re.findall(r"\b(mcp_\w+)\(", file.read()))
    suite.check("the proxy calls none either, but for its end",
                called & blocking <= {"mcp_client_close"}, called & blocking)


def talking():
    local = {"command": sys.executable, "args": [os.path.join(HERE, "agent_server.py")]}
    with Remote() as remote, socket.create_server(("127.0.0.1", 0)) as silent:
        address = "http://127.0.0.1:%d/mcp" % silent.getsockname()[1]
        with Agent({"local": local, "far": {"url": remote.url},
                    "silent": {"url": address}}) as agent:
            suite.check("agent: lists the tools of both", {
                agent.find("local: 4 tools"), agent.find("far: 1 tools") if not any(
                    line == "far: 1 tools" for line in agent.lines) else "far: 1 tools"}
                == {"local: 4 tools", "far: 1 tools"}, agent.lines)
            began = time.monotonic()
            agent.say("tools")
            agent.shows("merges the lists", "local echo")
            agent.shows("of all servers", "far echo")
            took = time.monotonic() - began
            suite.check("agent: at once, although a server is silent", took < 20, took)
            agent.say('call local echo {"a": 1}')
            agent.shows("calls a tool of a program", '[1] done echo {"a": 1}')
            agent.say('call far echo {"b": 2}')
            agent.shows("and one over HTTP", '[2] done {"b": 2}')
            agent.say("call far slow")
            agent.shows("shows progress", "[3] progress 1.5")
            agent.shows("and the result", "[3] done done")
            agent.say('call far slow {"waits": 1}')
            agent.shows("shows progress of the next", "[4] progress 2.5")
            agent.say("cancel 4")
            agent.shows("cancels", "[4] MCP_E_CANCELLED")
            suite.check("agent: the server hears of it", remote.got("notifications/cancelled"))
            agent.say("call local ask")
            agent.shows("shows a question", "local asks: Who are you?")
            agent.shows("asks for each field", "name?")
            agent.say("Ada")
            agent.shows("and the next", "age?")
            agent.say("36")
            agent.shows("and gives the answer", '[5] done {"action": "accept", "content": '
                        '{"name": "Ada", "age": 36}}')
            agent.say("call local grow")
            agent.shows("reads the list again when it changed", "local: 5 tools")
            agent.say("call local die")
            agent.shows("notices that a server died", "local: lost: ")
            agent.shows("and that it is back", "local: 4 tools")
            agent.say('call local echo {"c": 3}')
            agent.shows("and can be called", '[8] done echo {"c": 3}')
            remote.forget()
            agent.say('call far echo {"d": 4}')
            agent.shows("a session that is lost is made again", '[9] done {"d": 4}')
            status = agent.end()
            suite.check("agent: ends well", status == 0, (status, agent.lines[-5:]))
            suite.check("agent: with the sessions", remote.got("DELETE"))


def run_all():
    functions()
    talking()
