"""The commands and the example programs against stock FastMCP servers: the
third version of the session era, the fourth of the stateless one."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "interop"))
import environments
from common import CLIENT, Terminal, call, check, environment, example, suite
from support import BUILD

BYTES = bytes(range(256))


class StockServer:
    """server.py on a free port, ended with the block."""

    def __init__(self, python):
        self.command = [str(python), os.path.join(HERE, "server.py")]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.split()[-1] + "/mcp"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def tools(url):
    check("tools lists them as they are called", call("tools", url), 0,
          "add a=integer b=integer\n    Adds two numbers.\n", "kinds text=string [value=")
    done = call("--json", "tools", url)
    names = [tool["name"] for tool in json.loads(done.stdout)["tools"]]
    suite.check("tools --json gives what the server gave", names[:2] == ["add", "kinds"], done)
    done = call("call", url, "add", "a=1", "b=2")
    suite.check("call takes key=value", (done.returncode, done.stdout) == (0, "3\n"), done)
    check("and JSON", call("call", url, "add", '{"a": 3, "b": 4}'), 0, "7\n")
    for words, result in [
            (["text=7"], "text='7' value=None maybe=None"),
            (["text=true", "value=2"], "text='true' value=2.0 maybe=None"),
            (['text="a"', 'value={"x": [1]}'], "text='\"a\"' value={'x': [1]} maybe=None"),
            (["text=a=b", "maybe=5"], "text='a=b' value=None maybe='5'"),
            (["text=", "maybe=null", "value:=[1]"], "text='' value=[1] maybe=None"),
            (['text:="7"', "maybe=x y"], "text='7' value=None maybe='x y'")]:
        check("the schema says what %s is" % " ".join(words),
              call("call", url, "kinds", *words), 0, result + "\n")
    done = call("call", url, "fail")
    suite.check("a tool that fails is exit status 1, its text on stderr",
                (done.returncode, done.stdout) == (1, "") and "it went" in done.stderr, done)
    done = call("--json", "call", url, "fail")
    suite.check("with --json as well", done.returncode == 1
                and json.loads(done.stdout)["isError"] is True, done)
    check("an unknown tool fails", call("call", url, "nope"), 1, "nope", where="stderr")
    check("other contents are named", call("call", url, "picture"), 0, "[image image/png, 256 bytes]")
    done = call("call", url, "hostile")
    suite.check("a pipe gets a text as it is",
                done.stdout == "a\033]0;title\007b\x7fc\u009bd\n", ascii(done.stdout))
    check("request sends any method", call("request", url, "tools/call",
                                           '{"name": "add", "arguments": {"a": 1, "b": 1}}'),
          0, '"structuredContent":{"result":2}')
    check("and fails if the server refuses it", call("request", url, "no/such"), 1, "no/such",
          where="stderr")


def becomes_true(*words):
    """Runs a command until it says true; whether it does in time."""
    end, told = time.monotonic() + 60, ""
    while told != "true\n" and time.monotonic() < end:
        told = call(*words).stdout
    return told == "true\n"


def limits(url):
    check("a tool's time has an end", call("--timeout", "0.3", "call", url, "wait", "seconds=9"), 1,
          "0.3 s", where="stderr")
    # Ctrl-C, as soon as the tool waits. calling.py checks the message to a server of the
    # session era. uvicorn drops the message if the client has ended before it is read.
    process, has_begun = waiting(url, 600)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    suite.check("Ctrl-C is exit status 130", has_begun and process.returncode == 130,
                (has_begun, process.returncode, said))


def waiting(url, seconds):
    """Begins a call that waits; whether the tool runs."""
    process = subprocess.Popen([CLIENT, "call", url, "wait", "seconds=%d" % seconds],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, env=environment())
    return process, becomes_true("call", url, "has_begun", "seconds=%d" % seconds)


def ended(url):
    """The end of the connection cancels a call of the stateless era."""
    process, has_begun = waiting(url, 601)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    suite.check("Ctrl-C ends the tool", has_begun and becomes_true(
        "call", url, "was_cancelled", "seconds=601"), (has_begun, said))


def counting(url):
    """Begins a call that takes longer than its time-out, and reports progress. The
    pauses take 22 s together, however fast the machine is."""
    return subprocess.Popen(
        [CLIENT, "--timeout", "20", "call", url, "count", "to=220", "pause=0.1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(), start_new_session=True)


def counted(process):
    said = process.communicate(timeout=200)
    suite.check("a tool's time has no end while it reports progress",
                (process.returncode, *said) == (0, "counted to 220\n", ""),
                (process.returncode, said))


def reading(url):
    check("resources", call("resources", url), 0, "note://text (text/plain)\n", "    A note.\n",
          "note://bytes (application/octet-stream)\n")
    suite.check("resources --json", json.loads(call("--json", "resources", url).stdout)
                ["resources"][0]["uri"] == "note://text")
    check("templates", call("templates", url), 0, "note://about/{topic} (text/plain)\n")
    done = call("read", url, "note://text")
    suite.check("read gives a text", done.stdout == "first line\nsecond line\n", done)
    suite.check("and the bytes to a pipe",
                subprocess.run([CLIENT, "read", url, "note://bytes"], env=environment(),
                               capture_output=True, timeout=30).stdout == BYTES)
    check("read of a template's resource", call("read", url, "note://about/cats"), 0, "about cats")
    check("read --json", call("--json", "read", url, "note://bytes"), 0, '"blob":"AAEC')
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        done = call("read", url, "note://bytes", "-o", path)
        with open(path, "rb") as file:
            suite.check("read -o writes a file", (done.returncode, file.read()) == (0, BYTES), done)
        check("a resource that is not there fails", call("read", url, "note://x", "-o", path), 1,
              "note://x", where="stderr")
        suite.check("and leaves the file alone", os.path.getsize(path) == len(BYTES))
        check("a file that cannot be written fails",
              call("read", url, "note://bytes", "-o", os.path.join(folder, "no", "file")), 1, "-o",
              where="stderr")


def prompting(url):
    check("prompts", call("prompts", url), 0,
          "greet name=... [language=...]\n    Greets somebody.\n")
    check("prompt fills one in", call("prompt", url, "greet", "name=7"), 0,
          "user: Greet 7 in english.\nassistant: Hello.\n")
    check("with JSON", call("prompt", url, "greet", '{"name": "A", "language": "french"}'), 0,
          "Greet A in french.")
    check("prompt --json", call("--json", "prompt", url, "greet", "name=A"), 0, '"messages":[')
    check("an unknown prompt fails", call("prompt", url, "nope"), 1, "nope", where="stderr")


def completing(url):
    done = call("complete", url, "prompt", "greet", "language", "p")
    suite.check("complete", done.stdout == "pascal\nperl\npython\n", done)
    check("complete of a template, with a context",
          call("complete", url, "resource", "note://about/{topic}", "topic", "py", "name=1"), 0,
          "python1\n")
    check("complete --json", call("--json", "complete", url, "prompt", "greet", "language", "py"),
          0, '"values":["python"]')


def terminals(url):
    one = Terminal("call", url, "hostile")
    suite.check("a terminal gets no controls",
                one.end() == 0 and "a?]0;title?b?c?d" in one.text, ascii(one.text))
    one = Terminal("call", url, "fail")
    suite.check("nor from a tool that fails",
                one.end() == 1 and "it went ?[31mwrong" in one.text, ascii(one.text))
    one = Terminal("read", url, "note://bytes")
    suite.check("nor the bytes of a resource", one.end() == 1 and "-o FILE" in one.text, one.text)
    one = Terminal("call", url, "count", "to=4", "pause=0.2")
    code = one.end()
    suite.check("progress is a bar", code == 0 and "[======                  ]  25% at" in one.text
                and "[========================] 100% at" in one.text, ascii(one.text))
    suite.check("that goes away", one.text.endswith("\r\033[Kcounted to 4\r\n"), ascii(one.text))
    suite.check("and does not what the server wants", "\033[1m" not in one.text, ascii(one.text))
    one = Terminal("call", url, "wait", '{"seconds": 60}', "-v")
    asked = one.answer("tools/call", "\x03")
    suite.check("Ctrl-C at the terminal", asked and one.end() == 130, one.text)


def questions(url):
    done = call("call", url, "ask")
    check("without a terminal the server cannot ask", done, 1, "Error calling tool 'ask'",
          where="stderr")
    one = Terminal("call", url, "ask")
    asked = one.answer("Answer?", "y\n") and one.answer("required)", "Ada\n")
    suite.check("it is asked at the terminal", asked and one.end() == 0 and "accept Ada" in one.text,
                ascii(one.text))
    suite.check("with who asks, and without controls",
                url + " asks: What is your?[31m name?" in one.text, ascii(one.text))
    one = Terminal("call", url, "ask")
    suite.check("it can be declined",
                one.answer("Answer?", "n\n") and one.end() == 0 and "decline" in one.text, one.text)
    one = Terminal("call", url, "ask")
    suite.check("Ctrl-D dismisses it",
                one.answer("Answer?", "\x04") and one.end() == 0 and "cancel" in one.text, one.text)
    one = Terminal("call", url, "ask")
    suite.check("Ctrl-C ends the call",
                one.answer("Answer?", "\x03") and one.end() == 130, one.text)


def examples(url):
    check("tools.c lists", example("tools", url), 0, "add                  Adds two numbers.")
    check("tools.c calls", example("tools", url, "add", '{"a": 1, "b": 2}'), 0, "3\n")
    check("tools.c shows progress", example("tools", url, "count", '{"to": 2, "pause": 0}'), 0,
          " 50 % at", "100 % at", where="stderr")
    check("tools.c tells of a tool that fails", example("tools", url, "fail"), 1, "it went",
          where="stderr")
    check("tools.c has a timeout", example("tools", url, "wait", '{"seconds": 9}', "200"), 1,
          "0.2 s", where="stderr")
    one = Terminal(url, "count", '{"to": 99, "pause": 0.2}', program=os.path.join(BUILD, "tools"))
    suite.check("tools.c is cancelled by Ctrl-C",
                one.answer(" % at", "\x03") and one.end() == 1 and "cancelled" in one.text, one.text)
    check("resources.c lists", example("resources", url), 0, "  note://text (text/plain)",
          "templates:\n  note://about/{topic}")
    check("resources.c reads", example("resources", url, "note://text"), 0, "second line\n")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        done = example("resources", url, "note://bytes", path)
        with open(path, "rb") as file:
            suite.check("resources.c writes a file",
                        done.returncode == 0 and file.read() == BYTES, done)
    check("resources.c fails where there is none", example("resources", url, "note://x"), 1,
          "note://x", where="stderr")
    check("prompts.c lists", example("prompts", url), 0, "greet name [language]")
    check("prompts.c fills in", example("prompts", url, "get", "greet", '{"name": "Ada"}'), 0,
          "user: Greet Ada in english.\nassistant: Hello.\n")
    check("prompts.c completes", example("prompts", url, "complete", "greet", "language", "py"), 0,
          "python\n")
    check("prompts.c fails where there is none", example("prompts", url, "get", "nope"), 1, "nope",
          where="stderr")
    check("questions.c fills in a form", example("questions", url, "ask", typed="Ada\n"), 0,
          "accept Ada")
    check("questions.c dismisses at the end", example("questions", url, "ask"), 0, "cancel")
    check("questions.c plays the model", example("questions", url, "think", "a reply"), 0,
          "it says a reply")
    check("questions.c declines to play it", example("questions", url, "think"), 1,
          "user rejected", where="stderr")
    done = example("loop", url, url, "add", '{"a": 1, "b": 2}')
    check("loop.c drives two clients", done, 0, "first server, call 1: 3", "first server, call 2: 3",
          "second server, call 1: 3", "second server, call 2: 3")
    check("loop.c tells of failures", example("loop", url, "http://127.0.0.1:1/mcp", "add",
                                              '{"a": 1, "b": 2}'), 1, "second server, call 1: ",
          where="stderr")
    begin = time.monotonic()
    done = example("loop", url, url, "wait", '{"seconds": 60}', typed="\n")
    suite.check("loop.c ends with a line", done.returncode == 1 and time.monotonic() - begin < 50,
                done)
    for name in ["tools", "resources", "prompts", "questions", "loop", "subscribe"]:
        check("%s.c says how it is used" % name, example(name), 1, "usage: " + name, where="stderr")


def run_all():
    for major, parts in [(3, [tools, limits, reading, prompting, completing, terminals, questions,
                              examples]),
                         (4, [tools, limits, ended, reading, prompting, completing,
                              terminals])]:
        try:
            python = environments.fastmcp(major)
        except environments.Unavailable as problem:
            suite.skip("the commands against FastMCP %d" % major, str(problem))
            continue
        with StockServer(python) as server:
            check("info of FastMCP %d" % major, call("info", server.url), 0,
                  "protocol     " + ("2025-11-25" if major == 3 else "2026-07-28"))
            slow = counting(server.url)
            for part in parts:
                part(server.url)
            counted(slow)
