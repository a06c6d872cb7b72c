"""What a server lacks, what it waits for, and what it wrote before it failed:
the command line says it in plain words."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from common import CLIENT, LIMIT, Terminal, call, check, environment, one_line, suite
from scripted import ScriptedServer

SERVER = """
import json, os, sys, time
script = json.loads(sys.argv[1])
time.sleep(script.get("start", 0))
while "until" in script and not os.path.exists(script["until"]):
    time.sleep(0.02)
sys.stderr.write(script.get("writes", ""))
sys.stderr.flush()
if "status" in script:
    sys.exit(script["status"])
for line in sys.stdin:
    message = json.loads(line)
    if "log" in script and message["method"] in script.get("silent", []):
        with open(script["log"], "w") as file:
            file.write(str(time.monotonic()))
    if "id" not in message or message["method"] in script.get("silent", []):
        continue
    if message["method"] == "initialize":
        answer = {"result": {"protocolVersion": "2025-11-25", "capabilities": script.get(
            "capabilities", {}), "serverInfo": script.get("info", {"name": "s"})}}
    elif message["method"] in script.get("results", {}):
        answer = {"result": script["results"][message["method"]]}
    elif message["method"] == "ping":
        answer = {"result": {}}
    else:
        answer = {"error": {"code": -32601, "message": "Method not found"}}
    print(json.dumps(dict(answer, jsonrpc="2.0", id=message["id"])), flush=True)
"""


# Seconds that a silent server is waited for. It starts and says who it is meanwhile,
# also on a busy machine; the commands that wait run beside each other.
PATIENCE = 10
# Seconds after which the command line says that it waits for a server to start.
NOTICE = 2


def program(**script):
    return ["--stdio", "--", sys.executable, "-S", "-E", "-c", SERVER, json.dumps(script)]


def begun(*arguments):
    """A command that runs beside others."""
    return subprocess.Popen([CLIENT, *arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment(), start_new_session=True)


def ended(process):
    try:
        stdout, stderr = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


LISTS = [(["tools"], "tools/list", "tools", "tools", "tools"),
         (["resources"], "resources/list", "resources", "resources", "resources"),
         (["templates"], "resources/templates/list", "resourceTemplates", "resources",
          "resource templates"),
         (["prompts"], "prompts/list", "prompts", "prompts", "prompts"),
         (["complete", "prompt", "p", "a", "v"], "completion/complete", "completion",
          "completions", "completions")]


def lists():
    for words, method, member, capability, name in LISTS:
        said = "the server offers no " + name
        command = words[0]
        done = call(*words, *program())
        check("%s: an unknown method" % command, done, 1, said, where="stderr")
        suite.check("%s: in one line" % command, one_line(done.stderr) and not done.stdout, done)
        none = {"values": []} if member == "completion" else []
        done = call(*words, *program(results={method: {member: none}}))
        check("%s: an empty list without the capability" % command, done, 0,
              "mcpclient: %s\n" % said, where="stderr")
        done = call(*words, *program(results={method: {member: none}},
                                     capabilities={capability: {}}))
        suite.check("%s: an empty list with it" % command,
                    done.returncode == 0 and not done.stdout and not done.stderr, done)
    check("templates: unknown beside resources", call(
        "templates", *program(capabilities={"resources": {}})), 1,
          "the server offers no resource templates", where="stderr")
    done = call("resources", *program(
        results={"resources/list": {"resources": [{"name": "n", "uri": "a:b"}]}}))
    suite.check("a list without the capability is shown",
                done.returncode == 0 and "a:b" in done.stdout and not done.stderr, done)


def names():
    for info in ({"name": "s", "version": ""}, {"name": "s"}, {"name": "s", "version": None},
                 {"name": "s", "version": " ", "title": ""}):
        done = call("ping", *program(info=info))
        check("a name without a version leaves no gap: %s" % info, done, 0,
              "pong from s (protocol 2025-11-25) in ")
        done = call("info", *program(info=info))
        suite.check("and no empty line in info: %s" % info, done.returncode == 0
                    and "version" not in done.stdout and "title" not in done.stdout, done)
    check("a server without a name", call("ping", *program(info={"name": "", "version": "1"})), 0,
          "pong from a server without a name 1 (")


def pings():
    """A server that does not know ping responds, all the same."""
    unknown = {"code": -32601, "message": "Method not found"}
    with ScriptedServer() as server:
        script = {"errors": {"ping": unknown}, "server": {
            "protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {"name": "old"}}}
        for name, before, after in [("HTTP", [server.url(script)], []), ("stdio", [], [
                "--stdio", "--", sys.executable, "-S", "-E", os.path.join(HERE, "scripted.py"),
                json.dumps(script)])]:
            done = call("ping", *before, *after)
            check("a server that does not know ping responds, over " + name, done, 0,
                  "pong from old (protocol 2024-11-05) in ")
            suite.check("and a note says so, over " + name, one_line(done.stderr)
                        and "the server responds, but does not know ping" in done.stderr
                        and "-32601" in done.stderr, done)
            done = call("ping", "-c", "2", *before, *after)
            check("the pings are counted, over " + name, done, 0, "2 pings sent, 2 answered")
            suite.check("and the note comes once, over " + name, one_line(done.stderr), done)
            done = call("--json", "ping", *before, *after)
            suite.check("with --json as well, over " + name, done.returncode == 0
                        and json.loads(done.stdout)["answered"] == 1, done)
        other = dict(script, errors={"ping": {"code": -32603, "message": "no"}})
        check("another error is one", call("ping", server.url(other)), 1, "-32603", where="stderr")


class Refusing(BaseHTTPRequestHandler):
    """Refuses every request with 403, the header and the body that the server has."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        header, body = self.server.refusal
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        if header:
            self.send_header("WWW-Authenticate", header)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


# The challenge and the body of a 403, and whether the advice on credentials is short.
REFUSALS = [("", "Invalid Host header", True), ("", "Forbidden", False), ("", "", False),
            ("", "<html>no</html>", False), ("Bearer", "Invalid Host header", False)]


def refusals():
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d/mcp" % server.server_address[1]
        for header, body, is_short in REFUSALS:
            server.refusal = header, body
            done = call("ping", url, token=None)
            check("a 403 without a credential does not blame one: %s %s" % (header, body), done, 1,
                  "403", body, "no credential was sent", where="stderr")
            suite.check("and the advice is short if the server says why", is_short
                        == ("--token-file" not in done.stderr) and one_line(done.stderr)
                        and "not allowed" not in done.stderr, done.stderr)
            done = call("ping", url)
            check("with a credential it does", done, 1, "the credential is not allowed",
                  where="stderr")
        server.shutdown()


INSTRUCTIONS = [
    ("Be kind.", "Be kind."),
    ("Be kind.\n        To all.\n\n          - to me\n        ",
     "Be kind.\n             To all.\n\n               - to me"),
    ("\n    Be kind.\n    To all.\n", "Be kind.\n             To all."),
]


def instructions():
    with ScriptedServer() as server:
        for text, shown in INSTRUCTIONS:
            info = {"protocolVersion": "2025-11-25", "capabilities": {},
                    "serverInfo": {"name": "s"}, "instructions": text}
            done = call("info", server.url({"server": info}))
            suite.check("instructions %s" % ascii(text), done.returncode == 0
                        and done.stdout.endswith("\ninstructions %s\n" % shown), done)


def with_standard_error():
    """The commands that standard_error() looks at, by what ends them."""
    writes = "Error: cannot open /data\n" + "".join(
        "noise %d\n" % number for number in range(1000)) + "ValueError: last words"
    tools, silent = ["--timeout", str(PATIENCE), "tools"], {"silent": ["tools/list"]}
    return {"a timeout": begun(*tools, *program(writes=writes, **silent)),
            "the end": begun(*tools, *program(writes=writes, status=3)),
            "a timeout with --json": begun("--json", *tools, *program(writes="a\nb\n", **silent))}


def standard_error(processes):
    for name in ("a timeout", "the end"):
        done = ended(processes[name])
        lines = done.stderr.splitlines()
        suite.check("%s shows the first and the last lines of standard error" % name,
                    done.returncode == 1 and "  Error: cannot open /data" in lines
                    and "  noise 999" in lines and lines[-1] == "  ValueError: last words"
                    and "lines left out ..." in done.stderr and len(lines) < 40, done.stderr)
    done = call("ping", "--stdio", "--", "sh", "-c",
                "echo hello; echo 'say \"x\"; no' >&2; echo last >&2; exit 1")
    suite.check("what else is known is in front of these lines",
                done.stderr.endswith('its standard error:\n  say "x"; no\n  last\n')
                and 'the first: "hello"' in done.stderr.splitlines()[0], done.stderr)
    done = ended(processes["a timeout with --json"])
    suite.check("and in a document on one line",
                'standard error: "a | b"' in json.loads(done.stdout)["message"], done.stdout)
    end = [sys.executable, "-c", "import os, sys; sys.exit('%s %s %s' % ("
           "os.environ['API_KEY'], os.environ['MODE'], os.environ['DEBUG']))"]
    done = call("ping", "--env", "API_KEY=s3cret-value", "--env", "MODE=production", "--env",
                "DEBUG=everything", "--stdio", "--", *end)
    check("--env is masked only if it is a secret", done, 1, "[masked] production everything",
          where="stderr")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"mcpServers": {"a": {"command": "sh", "args": [
            "-c", "echo $GH $MODE $1 >&2; exit 1", "sh", "key:${MY_API_KEY}"],
            "env": {"GH": "${GITHUB_TOKEN}", "MODE": "${MODE}"}}}}, file)
        file.flush()
        check("a variable of a file is a secret if the variable in its place is", call(
            "--config", file.name, "ping", GITHUB_TOKEN="t0ken-of-hub", MODE="production",
            MY_API_KEY="k3y-of-mine"), 1, "[masked] production key:[masked]", where="stderr")
    done = call("-v", "call", "x", "{\"a\":\"production\",\"b\":\"s3cret-value\"}", "--env",
                "MODE=production", "--env", "API_KEY=s3cret-value", *program())
    suite.check("in the trace as well", '"a":"production","b":"[masked]"' in done.stderr,
                done.stderr)


def is_told(folder, words, *end, of_stderr=False):
    """Whether a person reads these words while the server, told so at the end of the
    command, does not start; what else was read, and how the command ended."""
    path = os.path.join(folder, "may-start")
    *end, script = end
    end = [*end, json.dumps(dict(script, until=path))]
    if of_stderr:
        process = begun("-v", "ping", *end)
        text = ""
        for line in process.stderr:
            text += line
            if words in line:
                break
    else:
        one = Terminal("ping", *end)
        one.answer(words, "")
        text = one.text
    is_read = words in text
    with open(path, "w", encoding="ascii"):
        pass
    if of_stderr:
        text += process.stderr.read()
        text += process.stdout.read()
        code = process.wait(LIMIT)
    else:
        code, text = one.end(), one.text
    os.remove(path)
    return is_read, code, text


def waits():
    with tempfile.TemporaryDirectory() as folder:
        log, slow_began = os.path.join(folder, "log"), time.monotonic()
        slow = Terminal("--timeout", str(PATIENCE), "call", "x", *program(
            silent=["tools/call"], log=log))
        *words, _ = program()
        is_read, code, text = is_told(folder, "waiting for %s to answer server/discover" % (
            os.path.basename(sys.executable)), *words, {})
        suite.check("a terminal is told what is waited for", is_read and code == 0
                    and "pong from" in text, text)
        for name in ("npx", "uvx"):
            link = os.path.join(folder, name)
            with open(link, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\nshift 2\nexec %s -S -E -c \"$@\"\n" % sys.executable)
            os.chmod(link, 0o755)
            end = ["--stdio", "--", link, "-y", "@acme/server@1.2", SERVER]
            said = ("waiting for %s @acme/server@1.2 to start; a first start downloads the package"
                    % name)
            is_read, code, text = is_told(folder, said, *end, {})
            suite.check("a first start of %s says that it downloads" % name,
                        is_read and code == 0, text)
            is_read, code, text = is_told(folder, said, *end, {}, of_stderr=True)
            suite.check("with -v as well, " + name, is_read and code == 0, text)
            done = call("ping", *end, json.dumps({"start": NOTICE + 0.6}))
            suite.check("and not where nobody looks, " + name,
                        done.returncode == 0 and not done.stderr, done)
        began = time.monotonic()
        one = Terminal("ping", *program())
        code = one.end()
        is_slow = time.monotonic() - began >= NOTICE
        suite.check("a quick start says nothing", code == 0 and "pong from" in one.text
                    and ("waiting" not in one.text or is_slow), one.text)
        slow.end()
        with open(log, encoding="ascii") as file:
            is_slow = float(file.read()) - slow_began >= NOTICE
        suite.check("nor does a slow call", ("waiting" not in slow.text or is_slow)
                    and "%d s" % PATIENCE in slow.text, slow.text)


def run_all():
    processes = with_standard_error()
    lists()
    names()
    pings()
    refusals()
    instructions()
    waits()
    standard_error(processes)
