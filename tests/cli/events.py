"""What a stock server does not do by itself: notifications on the standing
stream and pages to visit, from the test server."""

import json
import os
import queue
import signal
import subprocess
import threading

from common import CLIENT, Terminal, call, check, environment, suite
from support import BUILD

URI = "test://text"
PAGE = {"method": "elicitation/create",
        "params": {"mode": "url", "message": "Sign in.", "elicitationId": "1",
                   "url": "https://example.com/sign-in"}}
FORM = {"method": "elicitation/create",
        "params": {"mode": "form", "message": "Who?", "requestedSchema": {
            "type": "object", "required": ["age"], "properties": {
                "age": {"type": "integer", "minimum": 1, "description": "In years."},
                "sure": {"type": "boolean", "default": True},
                "colour": {"type": "string", "enum": ["red", "green"]},
                "size": {"type": "string", "oneOf": [{"const": "s", "title": "Small"},
                                                     {"const": "l", "title": "Large"}]},
                "many": {"type": "array", "items": {"type": "string",
                                                    "enum": ["a", "b", "c d"]}}}}}}


def push(url, method, **params):
    """Lets the server send a notification to all who listen."""
    return call("call", url, "push", json.dumps({"method": method, "params": params}))


class Listening:
    """A program that listens; `next` gives its lines."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, env=environment())
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def next(self):
        try:
            return self.lines.get(timeout=30)
        except queue.Empty:
            return "nothing"

    def until(self, wanted):
        while True:
            line = self.next()
            if line == wanted or line in (None, "nothing"):
                return line == wanted

    def end(self):
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def update(url, one, word):
    """Lets the server tell of a change of the resource; gives the line with the word.
    The first stream may be followed by one with the resource in it, which alone has
    the change."""
    one.until("listening")
    line, tries = "", 0
    while word not in str(line) and line is not None and tries < 20:
        push(url, "notifications/resources/updated", uri=URI)
        line, tries = one.next(), tries + 1
    return line


def listening(url, era):
    one = Listening(CLIENT, "-n", "2", "listen", url)
    suite.check("listen listens, " + era, one.until("listening"))
    push(url, "notifications/tools/list_changed")
    suite.check("and tells of tools, " + era, one.until("the tools changed"))
    push(url, "notifications/prompts/list_changed")
    suite.check("and of prompts, " + era, one.until("the prompts changed"))
    suite.check("-n ends it, " + era, one.end() == 0)

    # Here the stream is open before, for what the server asks the person.
    one = Terminal("listen", url)
    suite.check("at a terminal as well, " + era, one.answer("listening", "\x03") and one.end() == 0,
                one.text)

    one = Listening(CLIENT, "--json", "listen", url, URI)
    line = update(url, one, "updated")
    said = json.loads(line) if str(line).startswith("{") else {}
    suite.check("--json gives what came, " + era,
                said.get("method") == "notifications/resources/updated"
                and said["params"]["uri"] == URI, line)
    one.process.send_signal(signal.SIGINT)
    suite.check("Ctrl-C ends it well, " + era, one.end() == 0)

    one = Listening(os.path.join(BUILD, "subscribe"), url, URI, "1", "120")
    suite.check("subscribe.c tells of changes, " + era,
                update(url, one, "changed") == "changed: " + URI)
    suite.check("and ends well, " + era, one.end() == 0)
    one = Listening(os.path.join(BUILD, "subscribe"), url, URI, "1", "1")
    suite.check("subscribe.c ends when nothing comes, " + era,
                one.until("0 of 1 notifications came") and one.end() == 1)


def rounds(*questions):
    return json.dumps({"rounds": [{"q": one} for one in questions]})


def asking(url, era):
    one = Terminal("call", url, "ask", rounds(PAGE))
    suite.check("a page is shown, " + era, one.answer("Will you open", "y\n") and one.end() == 0
                and "https://example.com/sign-in" in one.text and "accept" in one.text, one.text)
    one = Terminal("call", url, "ask", rounds(PAGE))
    suite.check("and not opened unless wanted, " + era, one.answer("Will you open", "\n")
                and one.end() == 0 and "decline" in one.text, one.text)
    done = call("call", url, "ask", rounds(PAGE))
    suite.check("nor asked for without a terminal, " + era,
                "accept" not in done.stdout and "decline" not in done.stdout
                and "elicitation" in done.stderr + done.stdout or "-32601" in done.stdout, done)
    one = Terminal("call", url, "ask", rounds(FORM))
    asked = (one.answer("Answer?", "\n") and one.answer("In years.", "x\n")
             and one.answer("not fit", "42\n") and one.answer("2) green", "2\n")
             and one.answer("3) c d", "a, c d\n") and one.answer("2) l - Large", "s\n")
             and one.answer("sure (", "\n"))
    code = one.end()
    wanted = ['"age":42', '"sure":true', '"colour":"green"', '"size":"s"', '"many":["a","c d"]']
    suite.check("a form is filled in field by field, " + era, asked and code == 0
                and all(word in one.text.replace('\\"', '"') for word in wanted), one.text)
    one = Terminal("call", url, "ask", rounds(FORM))
    asked = (one.answer("Answer?", "\n") and one.answer("In years.", "0\n")
             and one.answer("must be at least 1", "\x04"))
    suite.check("what the schema forbids is not sent, " + era,
                asked and one.end() == 0 and "cancel" in one.text, one.text)


def run_all(url):
    for path, era in [("/full/mcp", "stateless"), ("/full-handshake/mcp", "handshake")]:
        listening(url + path, era)
        asking(url + path, era)
