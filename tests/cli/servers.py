"""Which server is meant: one that is a program, one of a configuration file,
one over HTTP with SSE."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from common import CLIENT, Terminal, call, check, environment, example, one_line, suite
from events import FORM, Listening, rounds
from support import SERVER, TOKEN

PROGRAM = ["--stdio", "--", SERVER, "--stdio"]


def told(done):
    """The JSON that a tool told in its text."""
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"not JSON": done.stdout + done.stderr}


def gone(pid):
    """Whether a process has ended, soon."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def commands():
    for revisions, protocol in [("both", "2026-07-28"), ("handshake", "2025-11-25")]:
        program = [*PROGRAM, "--revisions", revisions]
        done = call("info", *program)
        check("info of a program, " + revisions, done, 0, "server       test server",
              "protocol     " + protocol, "transport    stdio")
        suite.check("and nothing else is said, " + revisions, not done.stderr, done.stderr)
        check("ping, " + revisions, call("ping", *program), 0, "pong from test server")
        check("tools, " + revisions, call("tools", *program), 0, "echo [text=string]")
        check("call with words before --, " + revisions,
              call("call", "echo", "text=7", "n=7", *program), 0, '{"n":7,"text":"7"}')
        check("resources, " + revisions, call("resources", *program), 0, "test://text (text/plain)")
        check("templates, " + revisions, call("templates", *program), 0, "test://item/{id}")
        check("read, " + revisions, call("read", "test://text", *program), 0, "caf\u00e9 twice")
        check("prompts, " + revisions, call("prompts", *program), 0, "greet ")
        check("prompt, " + revisions, call("prompt", "greet", "who=Ann", *program), 0, "Hello, Ann!")
        check("complete, " + revisions,
              call("complete", "prompt", "greet", "language", "fi", *program), 0, "finnish\n")
        check("request, " + revisions, call("request", "tools/list", *program), 0, '"tools":[')
        check("a tool that fails, " + revisions, call("call", "fails", *program), 1,
              "it went wrong", where="stderr")
        one = Listening(CLIENT, "-n", "1", "listen", *program)
        suite.check("listen, " + revisions, one.until("listening"))
        one.process.send_signal(signal.SIGINT)
        suite.check("which Ctrl-C ends well, " + revisions, one.end() == 0)
        one = Terminal("call", "ask", rounds(FORM), *program)
        suite.check("who asks is the program, " + revisions,
                    one.answer("Answer?", "n\n") and one.end() == 0
                    and SERVER + " asks: Who?" in one.text, one.text)


def grammar():
    for arguments, words in [
            (["ping", "--stdio"], "-- PROGRAM"), (["ping", "--stdio", "--"], "-- PROGRAM"),
            (["ping", "http://h", "--stdio", "--", "x"], "unexpected argument http://h"),
            (["--config", "f", "ping", "--stdio", "--", "x"], "two servers"),
            (["--server", "n", "ping", "http://h"], "--config"),
            (["--config", "f", "ping", "http://h"], "unexpected argument http://h"),
            (["servers"], "--config FILE"), (["servers", "f"], "unexpected argument f"),
            (["servers", "--config", "f", "--server", "n"], "without --server"),
            (["--transport", "x", "ping", "u"], "auto, http and sse"),
            (["--stderr", "x", "ping", "u"], "keep, discard and inherit"),
            (["--env", "NOT_THERE", "ping", *PROGRAM], "NOT_THERE"),
            (["--env", "A=1", "ping", "http://h"], "--env is for a program"),
            (["--directory", "/", "ping", "http://h"], "--directory is for a program"),
            (["--stderr", "keep", "ping", "http://h"], "--stderr is for a program"),
            (["--token", "t", "ping", *PROGRAM], "--token is not for a program"),
            (["-H", "A: b", "ping", *PROGRAM], "-H is not for a program"),
            (["--transport", "sse", "ping", *PROGRAM], "--transport is not for a program"),
            (["--proxy", "", "ping", *PROGRAM], "--proxy is not for a program")]:
        check("bad usage: %s" % " ".join(arguments[:5]), call(*arguments), 2, words, "--help",
              where="stderr")
    for flags in [["--stdio", "-v"], ["--json", "--stdio"]]:
        check("options between and before: %s" % " ".join(flags),
              call("ping", *flags, "--", SERVER, "--stdio"), 0)
    done = call("call", "argv", *PROGRAM, "--offer", "full")
    suite.check("what follows -- is the program's alone",
                told(done) == [SERVER, "--stdio", "--offer", "full"], done)


def what_a_program_gets():
    done = call("call", "env", *PROGRAM, OTHER="seen")
    there = told(done)
    suite.check("a program gets no variable unasked, the token least of all",
                "PATH" in there and "OTHER" not in there and TOKEN not in done.stdout, done)
    there = told(call("call", "env", "--env", "A=b=c", "--env", "OTHER", "--env=EMPTY=",
                      *PROGRAM, OTHER="seen"))
    suite.check("--env gives it some", (there.get("A"), there.get("OTHER"), there.get("EMPTY"))
                == ("b=c", "seen", ""), there)
    check("a name that is none", call("--env", "=x", "ping", *PROGRAM), 2, "name", where="stderr")
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        done = call("call", "cwd", "--directory", folder, *PROGRAM)
        suite.check("--directory is where it starts", told(done) == folder, done)
    check("one that is not there", call("--directory", "/nonexistent", "ping", *PROGRAM), 1,
          "/nonexistent", where="stderr")
    process = subprocess.Popen([CLIENT, "--env", "KEY=s3cret-value", "--timeout", "60", "call", "hang",
                                *PROGRAM], stderr=subprocess.DEVNULL, env=environment())
    shown = "s3cret"
    for _ in range(1500):
        with open("/proc/%d/cmdline" % process.pid, encoding="utf-8") as file:
            shown = file.read()
        if "s3cret" not in shown and shown:
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    suite.check("a variable's value leaves the process list", "s3cret" not in shown, shown)


def what_it_says():
    talk = ["call", "stderr", "text=\x1b[1mhello"]
    done = call(*talk, *PROGRAM)
    suite.check("standard error is kept where nobody looks",
                (done.returncode, done.stdout, done.stderr) == (0, '"written"\n', ""), done)
    check("--stderr inherit shows it", call("--stderr", "inherit", *talk, *PROGRAM), 0, "hello",
          where="stderr")
    check("-v as well", call("-v", *talk, *PROGRAM), 0, "hello", "* start", '"method":"tools/call"',
          where="stderr")
    one = Terminal(*talk, *PROGRAM)
    suite.check("and a person at a terminal sees it", one.end() == 0 and "hello" in one.text,
                one.text)
    one = Terminal("--stderr", "discard", *talk, *PROGRAM)
    suite.check("unless it is discarded", one.end() == 0 and "hello" not in one.text, one.text)


# A server whose every text has what no terminal shows, or what ends a line
# for some readers.
ODD = "a\u2028b\u2029c\u0085d\u202ee\u2066f\u200bg\ufeffh\U000e0041i"
ODD_SERVER = """
import json, sys
odd = json.loads(%r)
known = {
    "initialize": {"protocolVersion": "2025-11-25", "serverInfo": {"name": odd, "version": odd},
                   "capabilities": {"tools": {}, "prompts": {}, "resources": {}}},
    "ping": {},
    "tools/list": {"tools": [{"name": odd, "description": odd, "inputSchema": {"type": "object",
        "properties": {odd: {"type": "string"}}}}]},
    "resources/list": {"resources": [{"name": odd, "uri": odd, "mimeType": odd}]},
    "prompts/list": {"prompts": [{"name": odd, "description": odd,
        "arguments": [{"name": odd}]}]},
    "prompts/get": {"messages": [{"role": odd, "content": {"type": "image", "mimeType": odd,
        "data": ""}}]},
}
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] in known:
            answer["result"] = known[message["method"]]
        else:
            answer["error"] = {"code": -1, "message": odd, "data": odd}
        print(json.dumps(answer, ensure_ascii=message["method"] == "ping"), flush=True)
""" % json.dumps(ODD)


def odd_texts():
    program = ["--stdio", "--", sys.executable, "-c", ODD_SERVER]
    odd = [one for one in ODD if not one.isalpha()]
    for command in [["ping"], ["info"], ["tools"], ["resources"], ["prompts"], ["prompt", "x"],
                    ["complete", "prompt", "p", "a", "b"], ["request", "tools/list"],
                    ["--json", "tools"], ["--json", "info"], ["-v", "tools"]]:
        done = call(*command, *program, PYTHONIOENCODING="utf-8")
        said = done.stdout + done.stderr
        is_plain = not any(one in said for one in odd) and said.splitlines() == said.split("\n")[:-1]
        suite.check("what nobody sees is not shown: %s" % " ".join(command),
                    is_plain and "b" in said, ascii(said))
    shown = told(call("--json", "tools", *program, PYTHONIOENCODING="utf-8"))
    suite.check("and JSON means the same", ODD in json.dumps(shown, ensure_ascii=False), ascii(shown))


def ends():
    leave = ["call", "exit", '{"status": 7, "text": "no more\\n"}']
    done = call("--json", *leave, *PROGRAM)
    check("a program that ends is a failure with its status and last words", done, 1, "7",
          "no more", where="stderr")
    suite.check("in one line", one_line(done.stderr), done.stderr)
    said = told(done)
    suite.check("--json has them as well", said.get("status") == "MCP_E_PROCESS"
                and said.get("exitStatus") == 7 and said.get("mayHaveRun") is True, said)
    check("a signal", call("call", "exit", '{"signal": 9}', *PROGRAM), 1, "9", where="stderr")
    done = call("ping", "--stdio", "--", "/nonexistent/program")
    check("one that is not there", done, 1, "/nonexistent/program", where="stderr")
    suite.check("in one line, too", one_line(done.stderr), done.stderr)
    check("one that is no server", call("ping", "--stdio", "--", "true"), 1, "true",
          where="stderr")
    check("one that says something else", call("--timeout", "1", "ping", "--stdio", "--", "yes"), 1,
          where="stderr")
    check("--timeout", call("--timeout", "0.2", "call", "hang", *PROGRAM), 1, "0.2 s",
          where="stderr")
    # Ctrl-C, as soon as the call is on its way.
    process = subprocess.Popen([CLIENT, "-v", "call", "hang", *PROGRAM], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True, env=environment())
    for line in process.stderr:
        if "tools/call" in line:
            break
    children = []
    for task in os.listdir("/proc/%d/task" % process.pid):
        with open("/proc/%d/task/%s/children" % (process.pid, task), encoding="ascii") as file:
            children += [int(word) for word in file.read().split()]
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    suite.check("Ctrl-C cancels politely", process.returncode == 130
                and "notifications/cancelled" in said, said)
    suite.check("and the program ends as well", children and all(map(gone, children)), children)


def programs_without_stdio():
    for words, code, said in [
            (["info", "my-server"], 2, "put --stdio before --: mcpclient info --stdio -- my-server\n"),
            (["info", "--", "my-server"], 2, "mcpclient info --stdio -- my-server\n"),
            (["call", "python3", "echo", "a=1"], 2, "mcpclient call ... --stdio -- python3\n"),
            (["info", "\x1b[1m"], 2, "--stdio --  [1m\n"),
            (["info", "python3", "server.py"], 2, "at the end: --stdio -- PROGRAM"),
            (["info", "--", "python3", "server.py"], 2, "at the end: --stdio -- PROGRAM"),
            (["info", "--stdio", "python3"], 2, "at the end: --stdio -- PROGRAM"),
            (["info", "--", "python3", "--stdio"], 2, "at the end: --stdio -- PROGRAM")]:
        check("how to write a program, %s" % ascii(words), call(*words), code, said, where="stderr")
    for words in [["info", "http://127.0.0.1:1/"], ["info", "http://127.0.0.1:1/", "x"],
                  ["tools", "a", "b", *PROGRAM]]:
        done = call(*words)
        suite.check("and not for %s" % words, done.returncode and "--stdio --" not in done.stderr, done)


# A server that answers some methods, writes its process id to its standard error,
# and goes on after the end of its input.
STUBBORN = """
import json, os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pid", os.getpid(), file=sys.stderr, flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] not in sys.argv[1:]:
        print("waits", file=sys.stderr, flush=True)
    elif message["method"] == "initialize":
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s"}}}),
            flush=True)
    else:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {
            "code": -32601, "message": "Method not found"}}), flush=True)
time.sleep(60)
"""


def interrupts():
    connected = ["server/discover", "initialize"]
    for answers, commands in [
            ([], ["info", "tools", "resources", "templates", "prompts", "listen", "call",
                  "ping"]),
            (["server/discover"], ["info", "tools"]),
            (connected, ["tools", "resources", "templates", "prompts", "call"])]:
        for command in commands:
            words = [command, "x", "a=1"] if command == "call" else [command]
            process = subprocess.Popen(
                [CLIENT, "--stderr", "inherit", *words, "--stdio", "--", sys.executable, "-S",
                 "-E", "-c", STUBBORN, *answers], stderr=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True, env=environment())
            pid, said = 0, ""
            for line in process.stderr:
                said += line
                if line.startswith("pid"):
                    pid = int(line.split()[1])
                elif line == "waits\n":
                    break
            process.send_signal(signal.SIGINT)
            try:
                said = said + "".join(process.communicate(timeout=30))
            except subprocess.TimeoutExpired:
                process.kill()
            suite.check("Ctrl-C during %s ends a program that ignores its end, after %s" % (
                command, answers), process.returncode == 130 and gone(pid)
                and "mcpclient:" not in said, (process.returncode, said))
            if not gone(pid):
                os.kill(pid, signal.SIGKILL)
    for number in [signal.SIGTERM, signal.SIGHUP]:
        for command in [["tools"], ["call", "x"], ["listen"]]:
            process = subprocess.Popen(
                [CLIENT, "--stderr", "inherit", *command, "--stdio", "--", sys.executable, "-S",
                 "-E", "-c", STUBBORN, *connected], stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL, text=True, env=environment())
            pid = int(process.stderr.readline().split()[1])
            process.stderr.readline()
            process.send_signal(number)
            said = process.communicate(timeout=30)[1]
            suite.check("%s during %s ends the program as well" % (number.name, command[0]),
                        process.returncode == -number and gone(pid), (process.returncode, said))
    # A reader that goes away: | head
    process = subprocess.Popen(
        [CLIENT, "--stderr", "inherit", "tools", "--stdio", "--", sys.executable, "-S", "-E", "-c",
         STUBBORN.replace('"error": {', '"result": {"tools": [{"name": "x" * 50}] * 9000}, "no": {')
         .replace("time.sleep(60)", "time.sleep(20)"), "server/discover", "initialize",
         "tools/list"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment(), restore_signals=True)
    pid = int(process.stderr.readline().split()[1])
    process.stdout.close()
    said = process.stderr.read()
    suite.check("SIGPIPE ends the program as well", process.wait(timeout=30) == -signal.SIGPIPE
                and gone(pid), (process.returncode, said))


def configuration(url):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "mcp.json")

        def write(text, mode=0o600):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text if isinstance(text, str) else json.dumps(text))
            os.chmod(path, mode)

        write({"mcpServers": {
            "web": {"url": url + "/mcp", "auth": TOKEN},
            "by-name": {"url": url + "/mcp", "auth": "${THE_TOKEN}"},
            "old": {"url": url + "/legacy/mcp", "type": "sse", "auth": TOKEN},
            "bare": {"url": url + "/mcp"},
            "local": {"command": SERVER, "args": ["--stdio"], "env": {"A": "1"}, "cwd": folder},
            "off": {"command": "true", "disabled": True}}}, 0o644)
        file = ["--config", path]
        done = call("servers", *file)
        check("servers lists them", done, 0, "web      %s/mcp\n" % url, "local    %s\n" % SERVER)
        suite.check("warnings go to standard error", done.stderr.count("warning: ") == 1
                    and TOKEN not in done.stderr + done.stdout, done.stderr)
        done = call("servers", "--json", *file)
        said = told(done)
        suite.check("servers --json is a document", said.get("ok") is True
                    and said["servers"][0] == {"name": "web", "url": url + "/mcp", "command": None}
                    and said["servers"][4] == {"name": "local", "url": None, "command": SERVER}
                    and len(said["warnings"]) == 1, said)
        for name, transport in [("web", "streamable-http"), ("old", "sse"), ("local", "stdio")]:
            check("a server by name: " + name, call("info", *file, "--server", name, token=None), 0,
                  "server       test server", "transport    " + transport)
        check("with a variable", call("ping", "--server", "by-name", *file, token=None,
                                      THE_TOKEN=TOKEN), 0)
        check("that is not there", call("ping", "--server", "by-name", *file, token=None), 1,
              path + ":1: mcpServers.by-name.auth", "THE_TOKEN", where="stderr")
        done = call("call", "env", "--server", "local", *file, "--env", "B=2")
        suite.check("a program's variables, and more", (told(done).get("A"), told(done).get("B"))
                    == ("1", "2"), done)
        check("the token of the environment is not for them",
              call("ping", "--server", "bare", *file), 1, "401", where="stderr")
        check("one on the command line is",
              call("ping", "--server", "bare", *file, "--token", TOKEN), 0)
        check("but not for a program", call("ping", "--server", "local", *file, "--token", TOKEN),
              1, "mcpclient: ", where="stderr")
        check("-c with a name", call("ping", "-c", "2", "--server", "web", *file), 0,
              "--- web ping statistics")
        check("-v shows the warnings", call("-v", "ping", "--server", "web", *file), 0, "warning: ",
              where="stderr")
        suite.check("which are quiet else",
                    call("ping", "--server", "web", *file).stderr == "")
        check("an unknown name says which there are", call("ping", "--server", "x", *file), 1,
              "web", "local", where="stderr")
        check("a disabled one is none", call("ping", "--server", "off", *file), 1, "disabled",
              where="stderr")
        check("a name is wanted where there are several", call("ping", *file), 1, "web",
              where="stderr")
        check("config.c lists", example("config", path), 0, "web              %s/mcp" % url,
              "local            " + SERVER)
        check("config.c warns", example("config", path), 0, "warning: ", where="stderr")
        for name, words in [("web", "2026-07-28 over HTTP"), ("local", "2026-07-28 over stdio")]:
            check("config.c connects: " + name, example("config", path, name), 0,
                  "%s is test server and speaks %s" % (name, words))
        check("config.c tells what is wrong", example("config", path, "x"), 1, "web",
              where="stderr")

        write({"servers": {"only": {"command": SERVER, "args": ["--stdio"]}}})
        done = call("ping", *file)
        check("the only one needs no name", done, 0, "pong from test server")
        write('{"mcpServers": {\n"a": {"url": 7}}}')
        place = path + ":2: mcpServers.a.url"
        check("a mistake has its line and key", call("ping", *file), 1, place, where="stderr")
        done = call("servers", *file)
        check("a mistake is shown in the list", done, 0, "a  (cannot be used: %s" % place)
        check("and is a warning", done, 0, "warning: " + place, where="stderr")

        write({"mcpServers": {
            "good": {"command": SERVER, "args": ["--stdio"]},
            "bad": {"args": ["no-command.py"]},
            "unset": {"command": "${NOT_THERE}"},
            "null": None,
            "off": {"enabled": False, "command": "touch", "args": [path + ".started"]},
            "cherry": {"name": "web", "isActive": True, "type": "streamableHttp", "url": url + "/mcp",
                       "command": "", "args": [], "env": {}, "headers": {}},
            "cline": {"autoApprove": [], "alwaysAllow": ["echo"], "disabled": False, "timeout": 60,
                      "type": "stdio", "command": SERVER, "args": ["--stdio"]}}})
        for name in ["good", "cline"]:
            check("a good entry among bad ones: " + name,
                  call("tools", "--server", name, *file), 0, "echo [text=string]")
        check("an entry of Cherry Studio",
              call("ping", "--server", "cherry", "--token", TOKEN, *file), 0, "pong from")
        check("a bad entry", call("tools", "--server", "bad", *file), 1,
              "bad", '"command"', '"url"', '"args"', where="stderr")
        check("an entry that is null", call("tools", "--server", "null", *file), 1,
              "mcpServers.null: is null", where="stderr")
        check("a server that is switched off", call("tools", "--server", "off", *file), 1,
              "mcpServers.off.enabled", "disabled", where="stderr")
        suite.check("is not started", not os.path.exists(path + ".started"))
        done = call("servers", *file)
        check("the state of each entry", done, 0, "good    %s\n" % SERVER,
              "bad     (cannot be used: ", "unset   ${NOT_THERE}  (cannot be used: ",
              "NOT_THERE is not set", "null    (cannot be used: ", "off     touch  (disabled)\n",
              "cherry  %s/mcp\n" % url)
        said = told(call("servers", "--json", *file)).get("servers", [{}] * 5)
        suite.check("and in JSON", "status" not in said[0]
                    and said[1].get("status") == "MCP_E_INVALID_ARGUMENT"
                    and "mcpServers.bad" in said[1].get("message", "")
                    and said[4].get("status") == "MCP_E_STATE", said)
    check("a file that is not there", call("servers", "--config", "/nonexistent"), 1, "/nonexistent",
          where="stderr")
    said = told(call("servers", "--config", "/nonexistent", "--json"))
    suite.check("with --json as well", said.get("status") == "MCP_E_NOT_FOUND", said)


def transports(url):
    for path, arguments, transport in [
            ("/mcp", [], "streamable-http"), ("/full-sse/sse", [], "sse"),
            ("/legacy/mcp", [], "sse"), ("/legacy/mcp", ["--transport", "sse"], "sse"),
            ("/legacy/mcp", ["--transport=auto"], "sse"),
            ("/mcp", ["--transport", "http"], "streamable-http")]:
        check("%s %s" % (path, " ".join(arguments) or "by itself"),
              call("info", url + path, *arguments), 0, "transport    " + transport)
    check("a server that is no other", call("ping", url + "/mcp", "--transport", "sse"), 1,
          "mcpclient: ", where="stderr")
    check("nor the other way round", call("ping", url + "/legacy/mcp", "--transport", "http"), 1,
          "405", where="stderr")
    said = told(call("info", "--json", url + "/sse"))
    suite.check("info --json tells the transport", said.get("transport") == "sse", said)
    sse = url + "/full-sse/sse"
    check("call over SSE", call("call", sse, "echo", "text=a"), 0, '{"text":"a"}')
    check("a wrong token over SSE", call("ping", sse, token="wrong-t0ken"), 1, "401", where="stderr")
    one = Terminal("call", sse, "slow", "steps=3")
    suite.check("progress over SSE", one.end() == 0 and "step 3" in one.text, one.text)
    one = Terminal("call", sse, "ask", rounds(FORM))
    suite.check("questions over SSE", one.answer("Answer?", "n\n") and one.end() == 0
                and "decline" in one.text, one.text)


def examples():
    program = [SERVER, "--stdio"]
    check("stdio.c lists", example("stdio", "-", *program), 0, "echo\n")
    check("stdio.c calls", example("stdio", 'echo {"a":1}', *program), 0, '{"a":1}\n')
    check("stdio.c tells how it ended", example("stdio", 'exit {"status":7,"text":"no more"}',
                                                *program), 1, "exit status 7", "no more",
          where="stderr")
    check("stdio.c tells of one that is not there", example("stdio", "-", "/nonexistent"), 1,
          "/nonexistent", where="stderr")
    for name in ["stdio", "config"]:
        check("%s.c says how it is used" % name, example(name), 1, "usage: " + name, where="stderr")


def run_all(url):
    commands()
    grammar()
    what_a_program_gets()
    what_it_says()
    odd_texts()
    ends()
    interrupts()
    programs_without_stdio()
    configuration(url)
    transports(url)
    examples()
