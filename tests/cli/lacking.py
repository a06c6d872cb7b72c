"""What a server lacks, what it waits for, and what it wrote before it failed:
the command line says it in plain words."""

import json
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from common import Terminal, call, check, one_line, suite
from scripted import ScriptedServer

SERVER = """
import json, sys, time
script = json.loads(sys.argv[1])
time.sleep(script.get("start", 0))
sys.stderr.write(script.get("writes", ""))
sys.stderr.flush()
if "status" in script:
    sys.exit(script["status"])
for line in sys.stdin:
    message = json.loads(line)
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


def program(**script):
    return ["--stdio", "--", sys.executable, "-S", "-E", "-c", SERVER, json.dumps(script)]


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


def standard_error():
    writes = "Error: cannot open /data\n" + "".join(
        "noise %d\n" % number for number in range(1000)) + "ValueError: last words"
    for name, script in [("a timeout", {"silent": ["tools/list"]}), ("the end", {"status": 3})]:
        done = call("--timeout", "3", "tools", *program(writes=writes, **script))
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
    done = call("--json", "--timeout", "3", "tools", *program(writes="a\nb\n",
                                                              silent=["tools/list"]))
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


def waits():
    one = Terminal("ping", *program(start=2.6))
    suite.check("a terminal is told what is waited for", one.end() == 0
                and "waiting for %s to answer server/discover" % os.path.basename(sys.executable)
                in one.text and "pong from" in one.text, one.text)
    for name in ("npx", "uvx"):
        path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "mcp-%d" % os.getpid())
        os.makedirs(path, exist_ok=True)
        link = os.path.join(path, name)
        with open(link, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nshift 2\nexec %s -S -E -c \"$@\"\n" % sys.executable)
        os.chmod(link, 0o755)
        end = ["--stdio", "--", link, "-y", "@acme/server@1.2", SERVER,
               json.dumps({"start": 2.6})]
        one = Terminal("ping", *end)
        said = "waiting for %s @acme/server@1.2 to start; a first start downloads the package" % name
        suite.check("a first start of %s says that it downloads" % name,
                    one.end() == 0 and said in one.text, one.text)
        check("with -v as well, " + name, call("-v", "ping", *end), 0, said, where="stderr")
        done = call("ping", *end)
        suite.check("and not where nobody looks, " + name,
                    done.returncode == 0 and not done.stderr, done)
        os.remove(link)
        os.rmdir(path)
    one = Terminal("ping", *program())
    suite.check("a quick start says nothing", one.end() == 0 and "waiting" not in one.text, one.text)
    one = Terminal("--timeout", "3", "call", "x", *program(silent=["tools/call"]))
    one.end()
    suite.check("nor does a slow call", "waiting" not in one.text and "3 s" in one.text, one.text)


def run_all():
    lists()
    names()
    pings()
    refusals()
    instructions()
    standard_error()
    waits()
