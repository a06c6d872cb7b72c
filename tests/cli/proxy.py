"""`mcpclient proxy`: a server over stdio that passes everything on."""

import json
import os
import signal
import subprocess
import tempfile

from common import CLIENT, LIMIT, call, check, environment, suite
from oauth import person
from proxy_sides import CAPABILITIES, ECHO, META, SESSIONS, STATELESS, Host, Remote
from support import free_port


def right(name, value, wanted):
    return suite.check(name, value == wanted, "%r, not %r" % (value, wanted))


def text_of(response):
    try:
        return response["result"]["content"][0]["text"]
    except (KeyError, IndexError, TypeError):
        return "no text: %r" % (response,)


def code_of(response):
    return response.get("error", {}).get("code")


def ends_well(name, host):
    status = host.end()
    return suite.check(name, status == 0 and not host.wrong,
                       (status, host.wrong[:3], host.errors[-1000:]))


def greeting():
    with Remote() as remote:
        for version in SESSIONS:
            with Host(remote.url) as host:
                done = host.initialize(version).get("result", {})
                right("the host's revision %s is spoken" % version,
                      [done.get(name) for name in ("protocolVersion", "serverInfo",
                                                   "instructions", "capabilities")],
                      [version, {"name": "far", "version": "1", "title": "Far"}, "Be kind.",
                       CAPABILITIES])
                right("and the tools are listed", host.request("tools/list")["result"], {
                    "tools": [ECHO]})
                ends_well("and the end of the input ends it", host)
        right("with the end of the session", remote.got("DELETE"), {"method": "DELETE"})
        with Host(remote.url) as host:
            right("a revision that is unknown is answered with the newest one",
                  host.initialize("2099-01-01")["result"]["protocolVersion"], SESSIONS[-1])
            ends_well("and that ends as well", host)
        with Host(remote.url) as host:
            host.initialize(capabilities={
                "elicitation": {}, "sampling": {"tools": {}}, "roots": {"listChanged": True},
                "experimental": {"x": {}}, "tasks": {"list": {}},
                "extensions": {"io.modelcontextprotocol/tasks": {}, "a/b": {"c": 1}}})
            params = remote.got("initialize")["params"]
            right("the server sees the host's name", params["clientInfo"],
                  {"name": "the host", "version": "7"})
            right("and its capabilities", params["capabilities"], {
                "elicitation": {"form": {}}, "sampling": {"tools": {}},
                "roots": {"listChanged": True}, "experimental": {"x": {}},
                "extensions": {"a/b": {"c": 1}}})
        with Host(remote.url) as host:
            right("a request before initialize is refused",
                  code_of(host.request("tools/list")), -32600)
            right("a ping is not", host.request("ping")["result"], {})


def requests():
    with Remote() as remote, Host(remote.url) as host:
        host.initialize()
        for id in ("7", "-0", "1.50", "1e3", "123456789012345678901234567890", '"a\\u0041\\/"',
                   '"\\ud800"', '"é"', "null", "true", "0"):
            host.write(('{"id":%s,"jsonrpc":"2.0","method":"tools/list"}\n' % id).encode())
            parsed = json.loads(id)
            right("the id %s comes back" % id, "tools" in host.next(
                lambda message: "id" in message and message["id"] == parsed
                and type(message["id"]) is type(parsed)).get("result", {}), True)
        ids = [host.begin("tools/call", {"name": "echo", "arguments": arguments})
               for arguments in ({"after": "b"}, {"after": "a"}, {})]
        order = []
        # Each response lets the one of the request before it go.
        for gate in ("a", "b", "none"):
            order.append(host.next(lambda message: message.get("id") in ids).get("id"))
            remote.server.gates[gate].set()
        right("requests run side by side", order, ids[::-1])
        many = [host.begin("tools/call", {"name": "echo", "arguments": {"n": number}})
                for number in range(300)]
        right("also 300 of them", [text_of(host.response(id)) for id in many],
              ['{"n": %d}' % number for number in range(300)])
        done = host.request("nobody/knows", {})
        right("an error comes back as it is", done.get("error"), {
            "code": -32601, "message": "no nobody/knows\n\"here\"", "data": {"why": [1, None]}})
        right("a method with escapes is understood", host.request("tools\\/list".replace(
            "\\/", "/"))["result"]["tools"][0]["name"], "echo")
        right("a result with line breaks is one line", host.call("pretty").get("result"),
              {"content": [], "\r\n": "\n"})
        params = host.request("tools/call", {
            "name": "meta", "_meta": {"progressToken": "host-1", "a/b": {"c": 1.50}},
            "arguments": {"x": "\ud83d"}, "other": [1]})["result"]["structuredContent"]
        right("params pass as they are", [params.get(name) for name in (
            "name", "arguments", "other")], ["meta", {"x": "\ud83d"}, [1]])
        right("and so does _meta", params["_meta"].get("a/b"), {"c": 1.5})
        suite.check("but for the token", params["_meta"]["progressToken"] != "host-1", params)
        right("a request without params works", "result" in host.request("tools/list"), True)
        right("params that are no object do not", code_of(host.request("tools/list", [1])), -32602)
        right("a _meta that is none does not either", code_of(host.request(
            "tools/list", {"_meta": 1})), -32602)
        ends_well("the proxy ends well after requests", host)


def batches():
    with Remote() as remote, Host(remote.url) as host:
        host.initialize("2025-03-26")
        host.send([
            {"jsonrpc": "2.0", "id": "a", "method": "tools/list"},
            {"jsonrpc": "2.0", "method": "notifications/x"},
            {"jsonrpc": "2.0", "id": "b", "method": "none"},
            {"jsonrpc": "2.0", "id": "c", "method": "ping"}, 5])
        done = host.next(lambda message: isinstance(message, list))
        right("a batch is answered with one array", sorted(
            str(one.get("id")) for one in done), ["None", "a", "b", "c"])
        host.send([{"jsonrpc": "2.0", "method": "notifications/y"}])
        suite.check("a batch of notifications goes to the server", remote.got("notifications/y"))
        host.send([])
        right("an empty batch is refused", host.next().get("error", {}).get("code"), -32600)
        host.send([{"jsonrpc": "2.0", "id": 70, "method": "tools/call", "params": {
            "name": "slow", "arguments": {"waits": 1}}}, {
                "jsonrpc": "2.0", "id": 71, "method": "ping"}])
        host.notify("notifications/cancelled", {"requestId": 70})
        right("a request of a batch can be cancelled", [one["id"] for one in host.next(
            lambda message: isinstance(message, list))], [71])
        ends_well("the proxy ends well after batches", host)


def progress():
    with Remote() as remote, Host(remote.url) as host:
        host.initialize()
        for token in (0, "a\"b", 2.5):
            id = host.begin("tools/call", {
                "name": "slow", "arguments": {}, "_meta": {"progressToken": token}})
            seen = [host.notification("notifications/progress").get("params") for _ in range(3)]
            right("progress has the host's token %r" % token, seen, [
                {"progressToken": token, "progress": number + 0.5, "total": 9,
                 "message": "st\"ep\n%d" % number} for number in range(3)])
            right("before the result", text_of(host.response(id)), "done")
        host.call("slow")
        right("without a token there is none",
              host.notification("notifications/progress", 0.1), {})
        id = host.begin("tools/call", {"name": "slow", "arguments": {"waits": 1, "steps": 1},
                                       "_meta": {"progressToken": 1}})
        host.notification("notifications/progress")
        host.notify("notifications/cancelled", {"requestId": 99999})
        host.notify("notifications/cancelled", {"requestId": id, "reason": "enough"})
        suite.check("the server hears of a cancel", remote.got("notifications/cancelled"))
        right("the request gets no response", host.response(id, 0.2), {})
        right("and others go on", text_of(host.call("echo", a=1)), '{"a": 1}')
        ends_well("the proxy ends well after a cancel", host)


ANSWERS = {
    "elicitation/create": {"action": "accept", "content": {"name": "Ada"}},
    "sampling/createMessage": {"role": "assistant", "model": "m",
                               "content": {"type": "text", "text": "hm"}},
    "roots/list": {"roots": [{"uri": "file:///a"}]},
}
QUESTIONS = {
    "elicitation/create": {"message": "Who?", "requestedSchema": {
        "type": "object", "properties": {"name": {"type": "string"}}}},
    "sampling/createMessage": {"messages": [], "maxTokens": 5},
    "roots/list": {},
}
CAN_ANSWER = {"elicitation": {}, "sampling": {}, "roots": {}}


def input_requests():
    with Remote() as remote, Host(remote.url) as host:
        host.initialize(capabilities=CAN_ANSWER)
        for method, params in QUESTIONS.items():
            id = host.begin("tools/call", {"name": "ask", "arguments": {
                "method": method, "params": params}})
            asked = host.notification(method)
            right("the host is asked: " + method, asked.get("params"), params)
            host.send({"jsonrpc": "2.0", "id": asked.get("id"), "result": ANSWERS[method]})
            right("and its answer goes back", json.loads(text_of(host.response(id))),
                  {"result": ANSWERS[method]})
        id = host.begin("tools/call", {"name": "ask", "arguments": {
            "method": "sampling/createMessage", "params": QUESTIONS["sampling/createMessage"]}})
        asked = host.notification("sampling/createMessage")
        host.send({"jsonrpc": "2.0", "id": asked.get("id"), "error": {
            "code": -1, "message": "no \"way\""}})
        right("so does its error", json.loads(text_of(host.response(id)))["error"],
              {"code": -1, "message": "no \"way\""})
        id = host.begin("tools/call", {"name": "ask", "arguments": {
            "method": "elicitation/create", "params": QUESTIONS["elicitation/create"]}})
        asked = host.notification("elicitation/create")
        host.send({"jsonrpc": "2.0", "id": asked.get("id"), "result": {"wrong": 1}})
        right("an answer that is none becomes an error", code_of(json.loads(text_of(
            host.response(id)))), -32602)
        id = host.begin("tools/call", {"name": "ask", "arguments": {
            "method": "elicitation/create", "params": QUESTIONS["elicitation/create"],
            "withdraws": 1}})
        asked = host.notification("elicitation/create")
        remote.server.may_withdraw.set()
        right("the host hears that an answer is not needed any more", host.notification(
            "notifications/cancelled").get("params", {}).get("requestId"), asked.get("id", "none"))
        remote.server.may_end.set()
        right("and gets the result", text_of(host.response(id)), "withdrawn")
        host.send({"jsonrpc": "2.0", "id": asked.get("id"), "result": ANSWERS[
            "elicitation/create"]})
        id = host.begin("tools/call", {"name": "ask", "arguments": {
            "method": "elicitation/create", "params": QUESTIONS["elicitation/create"]}})
        asked = host.notification("elicitation/create")
        host.notify("notifications/cancelled", {"requestId": id})
        right("a cancelled request withdraws what it asked", host.notification(
            "notifications/cancelled").get("params", {}).get("requestId"), asked.get("id"))
        suite.check("and the server hears of the cancel, not of an answer",
                    remote.got("notifications/cancelled") and all(
                        answers.empty() for answers in list(remote.server.answers.values())))
        remote.push({"id": 9, "method": "roots/list", "params": {}})
        asked = host.notification("roots/list")
        host.send({"jsonrpc": "2.0", "id": asked.get("id"), "result": ANSWERS["roots/list"]})
        right("an input request without a request is passed on as well",
              remote.server.answers[9].get(timeout=LIMIT).get("result"), ANSWERS["roots/list"])
        ends_well("the proxy ends well after input requests", host)
    with Remote() as remote, Host(remote.url) as host:
        host.initialize()
        right("a host that declares nothing is not asked", code_of(json.loads(text_of(host.call(
            "ask", method="elicitation/create", params=QUESTIONS["elicitation/create"])))), -32601)


def notifications():
    with Remote() as remote, Host(remote.url) as host:
        # With input requests, the stream is open from the beginning.
        host.initialize(capabilities={"elicitation": {}})
        sent = [("notifications/tools/list_changed", {}),
                ("notifications/message", {"level": "info", "logger": "l", "data": {"a": "\n"}}),
                ("notifications/resources/updated", {"uri": "a:b", "_meta": {"x": 1}}),
                ("notifications/tasks/status", {"taskId": "t", "status": "working"}),
                ("notifications/odd", {"\u00e9": [1.50, None]})]
        remote.push(*({"method": method, "params": params} for method, params in sent))
        for method, params in sent:
            right("%s reaches the host" % method, host.notification(method).get("params"), params)
        for method, params in (("resources/subscribe", {"uri": "a:b"}),
                               ("resources/unsubscribe", {"uri": "a:b"}),
                               ("logging/setLevel", {"level": "warning"})):
            right("%s has its result" % method, host.request(method, params).get("result"), {})
            got = (remote.got(method) or {}).get("params", {})
            right("and reaches the server", {name: got.get(name) for name in params}, params)
        host.notify("notifications/roots/list_changed")
        suite.check("the host's notifications reach the server",
                    remote.got("notifications/roots/list_changed"))
        remote.forget()
        right("after a restart of the server the next request works",
              text_of(host.call("echo", b=2)), '{"b": 2}')
        right("and the host hears that the tools may have changed", host.notification(
            "notifications/tools/list_changed").get("method"),
            "notifications/tools/list_changed")
        ends_well("the proxy ends well after notifications", host)


def failures():
    with Host("http://127.0.0.1:%d/mcp" % free_port()) as host:
        error = host.initialize().get("error", {})
        right("a server that is not there is an error", [
            error.get("code"), error.get("data")], [-32000, {"status": "MCP_E_CONNECT"}])
        suite.check("in the words of the command line", "mcp_" not in error.get("message", "mcp_"),
                    error)
        right("and the next request tries again", code_of(host.request("tools/list")), -32000)
        ends_well("the proxy ends well without a server", host)
    with person() as one:
        with Host(one.server.url, token="wrong", **one.variables) as host:
            error = host.initialize().get("error", {})
            right("a token that is refused is an error", error.get("data"), {
                "status": "MCP_E_UNAUTHORIZED", "httpStatus": 401})
            suite.check("which names the options", "mcp_" not in error["message"], error)
        right("and does not sign in", one.visits(), [])


def malformed():
    with Remote() as remote, Host(remote.url) as host:
        host.initialize()
        for line, code in (
                (b"{", -32700), (b"hello", -32700), (b'{"a":1}}', -32700), (b"\xff", -32700),
                (b'{"a":"\xc3"}', -32700), (b'"\xed\xa0\x80"', -32700), (b"[1,]", -32700),
                (b'{"a":01}', -32700), (b'{"a":"\x01"}', -32700), (b'{"a":"\\x"}', -32700),
                (b"[" * 100000, -32700), (b'{"a":' * 100000, -32700), (b"nul", -32700),
                (b'{"jsonrpc":"2.0","id":1\x00,"method":"ping"}', -32700),
                (b"5", -32600), (b'"x"', -32600), (b"null", -32600), (b"{}", -32600),
                (b'{"id":{},"method":"ping"}', -32600), (b'{"id":[1],"method":"ping"}', -32600),
                (b'{"id":8,"method":5}', -32600), (b'{"id":8,"method":""}', -32600),
                (b'{"id":8,"method":null}', -32600), (b'{"method":5}', -32600),
                (b'{"id":8}', -32600), (b'{"id":8,"method":"a\\u0000b"}', -32600),
                (b'{"id":8,"method":"a b"}', -32602), (b'{"id":8,"method":"x","params":7}', -32602),
                (b'{"id":8,"method":"initialize","params":[]}', -32602)):
            host.write(line + b"\n")
            right("%r is refused" % line[:40], code_of(host.next()), code)
        for line in (b"", b"   ", b"\t\r", b'{"id":77,"result":{}}', b'{"id":"x","error":1}',
                     b'{"id":1,"result":7}', b'{"method":"notifications/cancelled"}',
                     b'{"method":"notifications/cancelled","params":{"requestId":{}}}'):
            host.write(line + b"\n")
        right("what may be ignored is ignored", host.request("ping").get("result"), {})
        host.write(b'{"id":1,"id":"last","method":"x","method":"ping"}\r\n')
        right("the last member of a name counts", host.response("last").get("result"), {})
        whole = json.dumps({"jsonrpc": "2.0", "id": "whole", "method": "tools/call", "params": {
            "name": "echo", "arguments": {"\u00e9": ["\\", 1.5, True, None, {}]}}},
            ensure_ascii=False).encode()
        host.write(b"".join(whole[:end] + b"\n" for end in range(1, len(whole))))
        seen = [code_of(host.next()) for _ in range(1, len(whole))]
        right("a message that is cut anywhere is refused", set(seen), {-32700})
        for byte in whole + b"\n":
            host.write(bytes([byte]))
        right("and one in pieces is not", "result" in host.response("whole"), True)
        long = b'{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"name":"'
        host.write(long + b"x" * (65 << 20) + b'"}}\n')
        right("a line without a bound is refused", code_of(host.response("long")), -32600)
        right("and the next one is read", host.request("ping").get("result"), {})
        ends_well("the proxy ends well after malformed input", host)


def ends():
    with Remote() as remote:
        with Host(remote.url) as host:
            host.initialize()
            host.begin("tools/call", {"name": "slow", "arguments": {"waits": 1}})
            host.process.send_signal(signal.SIGTERM)
            host.process.wait(LIMIT)
            right("SIGTERM ends it", host.process.returncode, 0)
            suite.check("with the end of the session", remote.got("DELETE"))
        done = subprocess.run([CLIENT, "proxy", remote.url], capture_output=True, text=True,
                              timeout=LIMIT, env=environment(None), input="\n".join(json.dumps(
                                  dict(one, jsonrpc="2.0")) for one in (
                                      {"id": 1, "method": "initialize", "params": {
                                          "protocolVersion": "2025-11-25", "capabilities": {},
                                          "clientInfo": {"name": "n", "version": "1"}}},
                                      {"id": 2, "method": "tools/list"})))
        right("requests before the end of the input are answered", sorted(
            json.loads(line)["id"] for line in done.stdout.splitlines()), [1, 2])
        with subprocess.Popen([CLIENT, "proxy", remote.url], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=environment(None)) as process:
            process.stdout.close()
            process.stdin.write(b"{}\n")
            process.stdin.flush()
            try:
                status = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                status = None
            right("a host that closes the output ends it", status, 0)
        with Host(remote.url) as host:
            ends_well("a host that says nothing may go", host)


def stateless():
    with Remote() as remote, Host(remote.url) as host:
        id = host.stateless("server/discover", capabilities=CAN_ANSWER)
        done = host.response(id).get("result", {})
        right("server/discover has the server's words", [done.get(name) for name in (
            "resultType", "instructions", "capabilities", "ttlMs", "cacheScope")],
            ["complete", "Be kind.", CAPABILITIES, 0, "private"])
        right("and its name", done["_meta"][META + "serverInfo"]["name"], "far")
        right("and all revisions", done["supportedVersions"], [STATELESS] + SESSIONS[::-1])
        done = host.response(host.stateless("tools/list", capabilities=CAN_ANSWER))["result"]
        right("results have what the revision requires", [done.get(name) for name in (
            "resultType", "ttlMs", "cacheScope")], ["complete", 0, "private"])
        id = host.begin("tools/list", {"_meta": {META + "protocolVersion": "1999-01-01"}})
        error = host.response(id).get("error", {})
        right("another revision is refused", [error.get("code"), error.get("data", {}).get(
            "requested")], [-32022, "1999-01-01"])
        id = host.begin("tools/list", {"_meta": {META + "protocolVersion": STATELESS}})
        right("so is a request without capabilities", code_of(host.response(id)), -32602)
        ask = {"name": "ask", "arguments": {"method": "elicitation/create",
                                            "params": QUESTIONS["elicitation/create"]}}
        done = host.response(host.stateless("tools/call", ask, CAN_ANSWER)).get("result", {})
        right("a question of the server is a result", done.get("resultType"), "input_required")
        key, asked = list(done["inputRequests"].items())[0]
        right("with the question", asked, {"method": "elicitation/create",
                                           "params": QUESTIONS["elicitation/create"]})
        answer = ANSWERS["elicitation/create"]
        again = dict(ask, requestState=done["requestState"], inputResponses={key: answer})
        done = host.response(host.stateless("tools/call", again, CAN_ANSWER))
        right("and the answer goes back", json.loads(text_of(done)), {"result": answer})
        right("a state that is over is an error", code_of(host.response(host.stateless(
            "tools/call", again, CAN_ANSWER))), -32602)
        id = host.stateless("subscriptions/listen", {"notifications": {
            "toolsListChanged": True, "promptsListChanged": True,
            "resourceSubscriptions": ["a:b"]}}, CAN_ANSWER)
        right("a subscription is acknowledged, as far as the server declares it",
              host.notification("notifications/subscriptions/acknowledged").get("params"), {
                  "notifications": {"toolsListChanged": True, "resourceSubscriptions": ["a:b"]},
                  "_meta": {META + "subscriptionId": id}})
        suite.check("and the server is subscribed to", remote.got("resources/subscribe"))
        remote.push({"method": "notifications/resources/list_changed"},
                    {"method": "notifications/resources/updated", "params": {"uri": "c:d"}},
                    {"method": "notifications/resources/updated", "params": {"uri": "a:b"}},
                    {"method": "notifications/tools/list_changed", "params": {"_meta": {"x": 1}}})
        right("what was asked for comes", host.next(
            lambda message: "method" in message).get("params"),
            {"uri": "a:b", "_meta": {META + "subscriptionId": id}})
        right("and nothing else", host.next(lambda message: "method" in message).get("params"),
              {"_meta": {"x": 1, META + "subscriptionId": id}})
        host.notify("notifications/cancelled", {"requestId": id})
        suite.check("the end of the subscription ends that of the server",
                    remote.got("resources/unsubscribe"))
        host.response(host.stateless("tools/list", {}, CAN_ANSWER, **{META + "logLevel": "error"}))
        right("the log level is asked for", (remote.got("logging/setLevel") or {}).get(
            "params", {}).get("level"), "error")
        ends_well("the proxy ends well without a session", host)


def credentials():
    with person() as one:
        url = one.server.url
        with Host(url, **one.variables) as host:
            done = host.initialize()
            right("the proxy signs in while the host waits",
                  done.get("result", {}).get("serverInfo", {}).get("name"), "guarded")
            suite.check("and says so on standard error", host.says("to sign in, visit"),
                        host.errors)
            right("requests have the token", host.request("tools/list").get("result"),
                  {"tools": []})
            ends_well("the proxy ends well after a sign-in", host)
        right("with the browser", len(one.visits()), 1)
        with Host(url, **one.variables) as host:
            host.initialize()
            right("the next one takes the stored token", [
                host.request("tools/list").get("result"), len(one.visits())], [{"tools": []}, 1])
        check("and login has nothing to do", one.call("login", "--json", url), 0, '{"ok":true}\n')
        right("nor a page to visit", len(one.visits()), 1)
        with Host(url, "--no-browser", "--token-store", "", **one.variables) as host:
            id = host.begin("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                           "clientInfo": {"name": "n", "version": "1"}})
            host.says("/authorize")
            page = [word for word in host.errors.split() if "/authorize" in word]
            if suite.check("--no-browser shows the page", page, host.errors):
                subprocess.run([one.variables["BROWSER"], page[0]], timeout=LIMIT,
                               env=dict(os.environ, **one.variables), check=False)
                right("and the person may visit it", "result" in host.response(id), True)
        token = next(iter(one.server.good))
        for arguments, options in ((["-H", "Authorization: Bearer " + token], {}),
                                   (["--token", token], {}), ([], {"token": token})):
            with Host(url, *arguments, **dict(one.variables, **options)) as host:
                right("a given credential is used: %s" % (arguments[:1] or options.keys()),
                      "result" in host.initialize(), True)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mcp.json")
            with open(path, "w", encoding="ascii") as file:
                json.dump({"mcpServers": {"far": {"url": url, "auth": token}}}, file)
            with Host("--config", path, "--server", "far", **one.variables) as host:
                right("a server of a configuration file", "result" in host.initialize(), True)
    check("the proxy has no log level", call("proxy", "http://127.0.0.1:9/", "--log-level",
                                             "info"), 2, "--log-level", where="stderr")


def run_all():
    for part in (greeting, requests, batches, progress, input_requests, notifications, failures,
                 malformed, ends, stateless, credentials):
        part()
