"""What `call` prints: results of every shape, log messages, and tools that run
as tasks."""

import json
import os
import signal
import subprocess
import sys

from common import CLIENT, LIMIT, call, check, environment, suite
from scripted import GREETING, ScriptedServer

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = {"type": "text", "text": "hi"}
# A result, and what is printed of it.
RESULTS = [
    ({"content": [TEXT]}, "hi\n"),
    ({"content": [TEXT], "structuredContent": {"a": 1}, "more": 1}, "hi\n"),
    ({"structuredContent": {"a": 1}}, '{"a": 1}\n'),
    ({"content": [], "structuredContent": {"a": 1}}, '{"a": 1}\n'),
    ({"content": None, "structuredContent": {"a": 1}}, '{"a": 1}\n'),
    ({"success": True, "configs": [1]}, '{"success": true, "configs": [1]}\n'),
    ({"content": None, "success": True}, '{"content": null, "success": true}\n'),
    ({"content": [], "success": True}, '{"content": [], "success": true}\n'),
    ({"structuredContent": None, "a": "\u202e"}, '{"structuredContent": null, "a": "\\u202e"}\n'),
    ({"content": []}, ""),
    ({"content": [], "isError": False, "_meta": {"a": 1}}, ""),
    ({}, "{}\n"),
]
FAILURES = [
    ({"content": [TEXT], "isError": True}, "mcpclient: the tool failed: hi\n"),
    ({"content": [{"type": "text", "text": "it broke\n  badly\n"}], "isError": True},
     "mcpclient: the tool failed:\nit broke\n  badly\n\n"),
    ({"content": [TEXT, TEXT], "isError": True}, "mcpclient: the tool failed:\nhi\nhi\n"),
    ({"content": [{"type": "text", "text": ""}], "isError": True}, "mcpclient: the tool failed: \n"),
    ({"isError": True}, "mcpclient: the tool failed: it gave no reason\n"),
    ({"content": [], "isError": True}, "mcpclient: the tool failed: it gave no reason\n"),
    ({"isError": True, "structuredContent": {"why": 1}}, 'mcpclient: the tool failed: {"why": 1}\n'),
    ({"isError": True, "reason": "full"},
     'mcpclient: the tool failed: {"isError": true, "reason": "full"}\n'),
]


def program(script):
    return ["--stdio", "--", sys.executable, "-S", "-E", os.path.join(HERE, "scripted.py"),
            json.dumps(script)]


def over(server, script):
    """The words for a server with this script, over both transports."""
    return [("HTTP", [server.url(script)], []), ("stdio", [], program(script))]


def results(server):
    for result, wanted in RESULTS:
        for name, before, after in over(server, {"results": {"tools/call": result}}):
            done = call("call", *before, "x", *after)
            suite.check("call prints %s over %s" % (json.dumps(result), name),
                        (done.returncode, done.stdout) == (0, wanted), done)
    for result, wanted in FAILURES:
        done = call("call", server.url({"results": {"tools/call": result}}), "x")
        suite.check("a failed call prints %s" % json.dumps(result),
                    (done.returncode, done.stdout, done.stderr) == (1, "", wanted), done)


SCHEMA = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}


def mismatches(server):
    """A result that does not match the output schema is written, and then the error."""
    tool = {"name": "x", "inputSchema": {"type": "object"}, "outputSchema": SCHEMA}
    fault = ('mcpclient: tools/call: tool "x": the structured content does not match the tool\'s '
             'outputSchema: "/sum" is a string, not an integer. The tool has run, and its result '
             "was written\n")
    for content, printed in [([TEXT], "hi\n"), ([], '{"sum": "3"}\n')]:
        result = {"content": content, "structuredContent": {"sum": "3"}}
        script = {"results": {"tools/list": {"tools": [tool]}, "tools/call": result}}
        for name, before, after in over(server, script):
            # "a=1" needs the list of tools.
            done = call("call", *before, "x", "a=1", *after)
            suite.check("call prints what does not match, over %s" % name,
                        (done.returncode, done.stdout, done.stderr) == (1, printed, fault), done)
            done = call("--json", "call", *before, "x", "a=1", *after)
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            suite.check("with --json both are objects, over %s" % name,
                        done.returncode == 1 and len(lines) == 2
                        and lines[0]["structuredContent"] == {"sum": "3"}
                        and (lines[1]["status"], lines[1]["mayHaveRun"]) == ("MCP_E_SCHEMA", True),
                        done)


def said(level, data, **more):
    return {"jsonrpc": "2.0", "method": "notifications/message",
            "params": dict({"level": level, "data": data}, **more)}


LOGS = [said("debug", "small"), said("info", "one\ntwo"), said("warning", {"a": 1}, logger="lo\ng"),
        said("error", {"msg": "fast", "extra": None}), said("error", {"msg": "m", "extra": 1}),
        said("critical", None), said(None, "odd"), said(7, "seven", logger=5), said("alert", "\x1b[1m"),
        {"jsonrpc": "2.0", "method": "notifications/message"},
        {"jsonrpc": "2.0", "method": "notifications/message", "params": None},
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}]


def logs(server):
    script = {"results": {"tools/call": {"content": [TEXT]}}, "during": {"tools/call": LOGS}}
    for name, before, after in over(server, script):
        done = call("--log-level", "info", "-v", "call", *before, "x", *after)
        check("--log-level asks, over %s" % name, done, 0, '"logging/setLevel"', '"level":"info"',
              where="stderr")
        done = call("--log-level", "info", "call", *before, "x", *after)
        check("and shows what comes, over %s" % name, done, 0, "info: one\ntwo\n",
              'warning lo g: {"a":1}\n', "error: fast\n", 'error: {"msg":"m","extra":1}\n',
              "alert: ?[1m\n", where="stderr")
        suite.check("but not what is below, over %s" % name, done.stdout == "hi\n"
                    and "small" not in done.stderr, done)
        done = call("--log-level=error", "call", *before, "x", *after)
        suite.check("nor what was not wanted, over %s" % name, done.returncode == 0
                    and "fast" in done.stderr and "one" not in done.stderr, done)
        done = call("call", *before, "x", *after)
        suite.check("without it nothing is shown, over %s" % name,
                    (done.returncode, done.stdout, done.stderr) == (0, "hi\n", ""), done)
    for error in [{"code": -32601, "message": "Method not found"}, {"code": -32603, "message": "no"}]:
        script = dict(script, errors={"logging/setLevel": error},
                      server=dict(GREETING, capabilities={"tools": {}}))
        done = call("--log-level", "info", "call", server.url(script), "x")
        check("a server that cannot be asked, %s" % error["code"], done, 0, "--log-level: ",
              error["message"], "info: one", where="stderr")
    check("no level", call("--log-level", "loud", "ping", "http://h"), 2, "loud", "emergency",
          where="stderr")
    check("a level without a server", call("--log-level", "info", "logout", "http://h"), 2,
          "--log-level is not for logout", where="stderr")
    check("a server that is not there", call("--log-level", "info", "call", "http://127.0.0.1:1/", "x"),
          1, "refused", where="stderr")


TASK = {"taskId": "t", "status": "completed", "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttl": 60000, "pollInterval": 50}


def tool_of(support):
    return {"name": "x", "inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
            "execution": {"taskSupport": support}}


def tasks(server):
    refused = {"code": -32601, "message": "Tool x requires task augmentation"}
    answers = {"tools/list": {"tools": [tool_of("required")]}, "tasks/get": TASK,
               "tasks/result": {"content": [TEXT]}}
    as_error = {"results": answers, "errors": {"tools/call": refused},
                "as_task": {"tools/call": {"task": TASK}}}
    as_result = {"results": dict(answers, **{"tools/call": {"isError": True, "content": [
        {"type": "text", "text": "MCP error -32601: x requires task augmentation"}]}}),
                 "as_task": {"tools/call": {"task": TASK}}}
    for how, script in [("an error", as_error), ("a result", as_result)]:
        for name, before, after in over(server, script):
            for words in [["x"], ["x", "a=hi"], ["x", "a=1"]]:
                done = call("call", *before, *words, *after)
                suite.check("a tool that refuses with %s runs as a task, %s, over %s" % (
                    how, " ".join(words), name), (done.returncode, done.stdout) == (0, "hi\n"), done)
    for support in ["optional", "forbidden"]:
        script = dict(as_result, results=dict(as_result["results"], **{
            "tools/list": {"tools": [tool_of(support)]}}))
        done = call("call", server.url(script), "x")
        check("a tool that fails stays one, " + support, done, 1, "task augmentation", where="stderr")


def interrupts(server):
    """The server reads the message also after the client has ended, as a busy one does."""
    url = server.url({"silent": ["tools/call"]})
    process = subprocess.Popen([CLIENT, "call", url, "x"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment(), start_new_session=True)
    suite.check("the server has the call", server.is_asked(url))
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=LIMIT)
    suite.check("Ctrl-C ends a call with exit status 130", process.returncode == 130,
                (process.returncode, said))
    suite.check("and the server is told", server.is_told(url, "notifications/cancelled"))


def with_tasks(url):
    for path in ["/tasks-stateless/mcp", "/tasks-handshake/mcp"]:
        check("call of a task, " + path, call("call", url + path, "task-required"), 0, "[]\n")
        check("call of no task, " + path, call("call", url + path, "echo", "a=1"), 0, '{"a":1}\n')
        done = call("call", url + path, "task-required", '{"stops":true,"says":"enough"}')
        check("call of a task that ends, " + path, done, 1, "enough", where="stderr")


def run_all(url):
    with ScriptedServer() as server:
        results(server)
        mismatches(server)
        logs(server)
        tasks(server)
        interrupts(server)
    with_tasks(url)
