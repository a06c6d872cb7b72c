"""Every command and every example against a server that sends items which are
not what the specification says: without a name, null, of another type."""

import copy
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from common import CLIENT, Terminal, call, check, environment, example, suite
from events import Listening
from scripted import ScriptedServer
from support import BUILD, INCLUDE, RELEASE, ROOT, run

OUT = os.path.join(ROOT, "tests", ".out", "cli")
SAVED = os.path.join(OUT, "saved")
WRONG = [None, 7, -1.5, True, "", "text", [], {}, [None], [7], {"a": 1}, {"name": 5}]
SEED, MUTATIONS = 20261129, 165


def program(script):
    """The words that make a script a program for --stdio."""
    return ["--stdio", "--", sys.executable, "-S", "-E", os.path.join(HERE, "scripted.py"),
            json.dumps(script)]


def ends(name, done, *words):
    """A command may fail, but not die, whatever the server sent."""
    is_well = done.returncode in (0, 1)
    missing = [word for word in words if word not in done.stdout + done.stderr]
    return suite.check(name, is_well and not missing, "exit %s, lacks %s\n%s\n%s" % (
        done.returncode, missing, done.stdout[-1500:], done.stderr[-3000:]))


def items(member):
    """An item in which one member after the other has every wrong type."""
    good = {"name": "good", "uri": "good://", "uriTemplate": "good://{a}", "title": "Good",
            "description": "Good.", "mimeType": "text/plain", "size": 5,
            "inputSchema": {"type": "object", "required": ["a"],
                            "properties": {"a": {"type": "string"}}},
            "arguments": [{"name": "a", "required": True}], "frontmatter": {"name": "good"},
            "resources": [{"uri": "good://", "digest": "sha256:", "size": 1}]}
    made = [dict(good, **{key: wrong}) for key in good for wrong in WRONG]
    made += [{key: value for key, value in good.items() if key != left_out} for left_out in good]
    schemas = [{"type": "object", key: wrong} for key in ("properties", "required", "type", "$ref")
               for wrong in WRONG]
    schemas += [{"type": "object", "properties": {"a": wrong}, "required": ["a", wrong]}
                for wrong in WRONG]
    schemas += [{"type": "object", "properties": {"a": {key: wrong}}}
                for key in ("type", "enum", "const", "$ref", "anyOf") for wrong in WRONG]
    made += [dict(good, inputSchema=schema) for schema in schemas]
    made += [dict(good, arguments=[wrong]) for wrong in WRONG]
    made += [dict(good, arguments=[{"name": wrong, "required": wrong}]) for wrong in WRONG]
    return {member: WRONG + made}


LISTS = [("tools", "tools", "tools"), ("resources", "resources", "resources"),
         ("templates", "resources/templates", "resourceTemplates"),
         ("prompts", "prompts", "prompts")]


def contents(member):
    """Pieces of content without what they need, or with it of another type."""
    kinds = ["text", "image", "audio", "resource_link", "resource", "other", 5, None]
    made = [{"type": kind} for kind in kinds]
    for kind in kinds:
        made += [{"type": kind, key: wrong} for wrong in WRONG
                 for key in ("text", "data", "mimeType", "uri", "name", "resource", "blob")]
    made += [{"type": "resource", "resource": {"uri": wrong, key: wrong}}
             for key in ("text", "blob", "mimeType") for wrong in WRONG]
    made += [{"uri": "a://", key: wrong} for key in ("text", "blob") for wrong in WRONG]
    if member == "messages":
        return {member: WRONG + [{"role": role, "content": piece} for piece in made + WRONG
                                 for role in ("user", 5)] + [{"role": None, "content": made}]}
    return {member: WRONG + made}


def results():
    """By command and its words: method, and what may come as its result."""
    for command, method, member in LISTS:
        lists = [{member: [item]} for item in WRONG] + [{member: wrong} for wrong in WRONG]
        yield [command], method + "/list", [items(member), *lists, {}, None, 7, []]
    yield (["call", "x", "a=1"], "tools/list", [items("tools"), {"tools": WRONG}])
    yield (["tools", "good"], "tools/list", [items("tools"), {"tools": WRONG}] + [
        {"tools": [item]} for item in items("tools")["tools"]])
    for words, method, member in [
            (["call", "x"], "tools/call", "content"), (["prompt", "x"], "prompts/get", "messages"),
            (["read", "a://"], "resources/read", "contents")]:
        pieces = [{member: [piece]} for piece in WRONG] + [{member: wrong} for wrong in WRONG]
        yield words, method, [contents(member), *pieces, {}, None]
    yield (["call", "x"], "tools/call", [{"content": WRONG, "isError": wrong,
                                          "structuredContent": wrong} for wrong in WRONG])
    yield (["complete", "prompt", "p", "a", "v"], "completion/complete",
           [{"completion": wrong} for wrong in WRONG] +
           [{"completion": {"values": wrong, "hasMore": wrong, "total": wrong}}
            for wrong in [*WRONG, ["a", None, 7]]])
    yield ["request", "no/such"], "no/such", [{"content": WRONG}, None, [], 7]


def greetings():
    for key in ("name", "version", "title"):
        for wrong in WRONG:
            yield {"protocolVersion": "2025-11-25", "capabilities": {},
                   "serverInfo": {"name": "n", "version": "1", key: wrong}}
    for wrong in WRONG:
        yield {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": wrong}
        yield {"protocolVersion": "2025-11-25", "capabilities": wrong, "instructions": wrong,
               "serverInfo": {}}
        yield {"protocolVersion": wrong, "serverInfo": {}}


def notifications():
    told = []
    for method in ["resources/updated", "message", "tools/list_changed", "tasks/status", "progress",
                   "cancelled", "elicitation/complete", "other"]:
        one = {"jsonrpc": "2.0", "method": "notifications/" + method}
        told += [one, *[dict(one, params=wrong) for wrong in WRONG]]
        told += [dict(one, params={key: wrong}) for wrong in WRONG
                 for key in ("uri", "level", "logger", "data", "taskId", "status", "progressToken")]
    last = {"jsonrpc": "2.0", "method": "notifications/resources/updated",
            "params": {"uri": "last://"}}
    return [*told, last]


def schemas():
    """Forms whose members are of other types."""
    fields = {}
    for number, wrong in enumerate(WRONG):
        for key in ("type", "title", "description", "default", "enum", "enumNames", "oneOf",
                    "anyOf", "items"):
            fields["%s%d" % (key, number)] = {key: wrong}
        fields["field%d" % number] = wrong
        fields["type%d" % number] = {"type": "array", "items": {"enum": wrong, "anyOf": [wrong]}}
    yield {"type": "object", "properties": fields, "required": WRONG}
    for wrong in WRONG:
        yield wrong
        yield {"type": "object", "properties": wrong, "required": wrong}


def questions():
    for schema in schemas():
        yield {"mode": "form", "message": "Who?", "requestedSchema": schema}
    for wrong in WRONG:
        yield {"mode": "form", "message": wrong}
        yield {"mode": "url", "message": wrong, "url": wrong, "elicitationId": wrong}
        yield {"mode": wrong, "message": "Who?"}
        yield wrong
    yield {}


def lists(server):
    """The lists of the issue, over both transports."""
    for command, method, member in LISTS:
        for number, one in enumerate([{}, None, 7, {"name": 5, "uri": 5, "uriTemplate": 5}]):
            script = {"results": {method + "/list": {member: [one]}}}
            answer = script["results"][method + "/list"]
            for over, words in [("HTTP", [server.url(script)]), ("stdio", program(script))]:
                done = call(command, *words)
                check("%s with %s, over %s" % (command, json.dumps(one), over), done, 0,
                      "(none)" if isinstance(one, dict) else "")
            done = call("--json", command, server.url(script))
            suite.check("%s --json gives what came, %d" % (command, number),
                        done.returncode == 0 and json.loads(done.stdout) == answer, done)


def commands(server):
    for words, method, answers in results():
        for number, answer in enumerate(answers):
            script = {"results": {"tools/list": {"tools": []}, method: answer}}
            name = "%s, %s %d" % (" ".join(words), method, number)
            url = server.url(script)
            ends(name, call(words[0], url, *words[1:]))
            if number == 0:
                ends(name + ", --json", call("--json", words[0], url, *words[1:]))
                ends(name + ", stdio", call(*words, *program(script)))
    for number, greeting in enumerate(greetings()):
        url = server.url({"server": greeting})
        ends("info %d" % number, call("info", url))
        if number % 3 == 0:
            ends("ping %d" % number, call("ping", url))
            ends("info --json %d" % number, call("info", "--json", url))


def listening(server):
    script = {"notifications": notifications()}
    for over, words in [("HTTP", [server.url(script)]), ("stdio", program(script))]:
        for options in [[], ["--json"]]:
            one = Listening(CLIENT, *options, "listen", *words)
            name = "listen %s over %s" % (" ".join(options), over)
            # Over stdio, the notifications come before the client listens. Ctrl-C is the
            # usual end from then on.
            seen, awaited = "", ["listening", "last://"]
            while awaited and seen not in (None, "nothing"):
                seen = one.next()
                awaited = [words for words in awaited if words not in str(seen)]
            one.process.send_signal(signal.SIGINT)
            suite.check(name, not awaited and one.end() == 0,
                        "%s, exit %s" % (seen, one.process.poll()))


def reading(server):
    """A file that was there stays whole until all of the new one is there."""
    good, bad = {"uri": "a://", "blob": "AAEC"}, {"uri": "a://", "blob": "%%%"}
    broken = [[bad], [good, bad], [good, {"uri": "a://"}], [good, None], [good, {"blob": 5}], []]
    answers = [{"contents": one} for one in broken] + [{"contents": one} for one in WRONG[:4]]
    path = os.path.join(OUT, "file")
    link = os.path.join(OUT, "link")
    for old in (path, link):
        if os.path.lexists(old):
            os.remove(old)

    def write(text, mode=0o640):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def there():
        with open(path, "rb") as file:
            return file.read(), os.stat(path).st_mode & 0o7777, sorted(
                name for name in os.listdir(OUT) if name.startswith(("file", ".mcp-")))

    untouched = (b"old", 0o640, ["file"])
    for number, answer in enumerate(answers):
        url = server.url({"results": {"resources/read": answer}})
        write("old")
        done = call("read", url, "a://", "-o", path)
        suite.check("read -o leaves the file alone, %d" % number, done.returncode == 1
                    and len(done.stderr) > 12 and there() == untouched, (done, there()))
        done = example("resources", url, "a://", path)
        suite.check("resources.c as well, %d" % number, done.returncode == 1 and done.stderr
                    and there() == untouched, (done, there()))
        os.remove(path)
        call("read", url, "a://", "-o", path)
        suite.check("and makes none, %d" % number, not os.path.exists(path))
    url = server.url({"results": {"resources/read": {"contents": [good, dict(good, blob="/w==")]}}})
    write("old, and longer than the new one")
    done = call("read", url, "a://", "-o", path)
    suite.check("read -o keeps the file's mode", done.returncode == 0
                and there() == (b"\0\1\2\xff", 0o640, ["file"]), (done, there()))
    write("old")
    os.symlink("file", link)
    done = call("read", url, "a://", "-o", link)
    suite.check("and a link to it", done.returncode == 0 and os.path.islink(link)
                and there() == (b"\0\1\2\xff", 0o640, ["file"]), (done, there()))
    os.remove(path)
    done = call("read", url, "a://", "-o", link)
    suite.check("also one to nothing", done.returncode == 0 and os.path.islink(link)
                and there()[0] == b"\0\1\2\xff", done)
    os.remove(path)
    old = os.umask(0o027)
    call("read", url, "a://", "-o", path)
    os.umask(old)
    suite.check("a new file has the usual mode", there()[1] == 0o640, there())
    check("a device is written to", call("read", url, "a://", "-o", "/dev/null"), 0)
    check("one that is full fails", call("read", url, "a://", "-o", "/dev/full"), 1, "-o",
          where="stderr")
    check("a folder fails", call("read", url, "a://", "-o", OUT), 1, "-o", where="stderr")
    check("a folder that is not there as well", call("read", url, "a://", "-o", OUT + "/no/file"), 1,
          "-o", where="stderr")
    large = server.url({"results": {"resources/read": {"contents": [
        {"uri": "a://", "text": "x" * 100000}]}}})
    write("old")
    done = run(["sh", "-c", "ulimit -f 8; trap '' XFSZ; exec \"$@\"", "sh", CLIENT, "read", large,
                "a://", "-o", path], 30, env=environment())
    suite.check("a file that there is no room for leaves the old one", done.returncode == 1
                and "-o" in done.stderr and "File too large" in done.stderr
                and there() == untouched, (done, there()))
    done = run(["sh", "-c", "ulimit -c 0; ulimit -f 8; exec \"$@\"", "sh", CLIENT, "read", large,
                "a://", "-o", path], 30, env=environment())
    suite.check("a signal leaves the old one, and nothing beside it",
                done.returncode == -signal.SIGXFSZ and there() == untouched, (done, there()))
    check("why a folder fails is said", call("read", url, "a://", "-o", OUT), 1, "Is a directory",
          where="stderr")
    check("and a device that is full", call("read", url, "a://", "-o", "/dev/full"), 1,
          "No space left", where="stderr")
    name = os.path.join(OUT, "file" + "x" * 251)
    for times in ["first", "second"]:
        done = call("read", url, "a://", "-o", name)
        suite.check("a name of 255 characters, the %s time" % times, done.returncode == 0
                    and os.path.getsize(name) == 4 and len(there()[2]) == 2, (done, there()))
    os.remove(name)


def reading_for_others(server):
    """As a user whom permissions hold, with a folder for the files."""
    url = server.url({"results": {"resources/read": {"contents": [
        {"uri": "a://", "blob": "AAEC"}]}}})
    is_root = os.geteuid() == 0
    user = {"user": 65534, "group": 65534, "extra_groups": []} if is_root else {}
    if run([CLIENT, "--version"], 30, **user).returncode != 0:
        suite.skip("read -o for others", "nobody cannot run the client")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"old")
        if is_root:
            os.chown(folder, 65534, 65534)
            os.chown(path, 65534, 65534)

        def read(file_mode, folder_mode):
            os.chmod(path, file_mode)
            os.chmod(folder, folder_mode)
            done = run([CLIENT, "read", url, "a://", "-o", path], 30, env=environment(), **user)
            os.chmod(folder, 0o700)
            with open(path, "rb") as file:
                return done, (file.read(), os.stat(path).st_mode & 0o777, os.listdir(folder))

        done, after = read(0o444, 0o755)
        suite.check("read -o leaves a file alone that may not be written", done.returncode == 1
                    and "Permission denied" in done.stderr and after == (b"old", 0o444, ["file"]),
                    (done, after))
        done, after = read(0o644, 0o555)
        suite.check("and writes one whose folder takes no other", done.returncode == 0
                    and after == (b"\0\1\2", 0o644, ["file"]), (done, after))


def large_schemas(server):
    """Schemas of a megabyte, with circles: what there is is looked at once."""
    many = list(range(400000))
    names = ["field%d" % number for number in range(40000)]
    for name, field, others in [
            ("a $ref to itself", {"$ref": "#/properties/a", "enum": many}, {}),
            ("two that refer to each other", {"$ref": "#/$defs/b"},
             {"$defs": {"b": {"$ref": "#/properties/a", "enum": many}}}),
            ("anyOf with itself", {"anyOf": [{"$ref": "#/properties/a"}] * 40000}, {}),
            ("anyOf in a circle, long", {"anyOf": [{"$ref": "#/properties/a"}, *many]}, {}),
            ("many types", {"type": ["number"] * 100000, "$ref": "#/properties/a"}, {})]:
        schema = dict({"type": "object", "properties": {"a": field}}, **others)
        url = server.url({"results": {"tools/list": {"tools": [{"name": "x", "inputSchema": schema}]},
                                      "tools/call": {"content": []}}})
        begin = time.monotonic()
        done = call("call", url, "x", "a=1")
        took = time.monotonic() - begin
        suite.check("call with a large schema: " + name, done.returncode == 0 and took < 20,
                    (took, done))
    schema = {"type": "object", "properties": {name: {} for name in names}, "required": names}
    url = server.url({"results": {"tools/list": {"tools": [{"name": "x", "inputSchema": schema}]}}})
    begin = time.monotonic()
    done = call("tools", url)
    took = time.monotonic() - begin
    suite.check("tools with many required arguments", done.returncode == 0 and took < 20
                and done.stdout.startswith("x field0=value field1=value "), (took, done.stderr))


def forms(server):
    for number, params in enumerate(questions()):
        script = {"question": params, "results": {"tools/call": {"content": []}}}
        url = server.url(script)
        ends("a question %d without a terminal" % number, call("call", url, "x"))
        one = Terminal("--timeout", "10", "call", url, "x")
        is_page = isinstance(params, dict) and params.get("mode") == "url"
        one.answer("open this page?" if is_page else "Answer?", "y\n" + "\n1\n" * 200 + "\x04")
        code = one.end()
        suite.check("a question %d at a terminal" % number, code in (0, 1),
                    "exit %s: %s" % (code, one.text[-2000:]))
        ends("questions.c, %d" % number, example("questions", url, "x", typed="1\n" * 200))


def examples(server):
    for words, method, answers in results():
        name = {"templates": "resources", "call": "tools", "read": "resources",
                "prompt": "prompts", "complete": "prompts"}.get(words[0], words[0])
        arguments = {"call": ["x"], "read": ["a://"], "prompt": ["get", "x"],
                     "complete": ["complete", "p", "a", "v"]}.get(words[0], [])
        if name == "request":
            continue
        for number, answer in list(enumerate(answers))[::2]:
            script = {"results": {method: answer}}
            ends("%s.c, %s %d" % (name, method, number),
                 example(name, server.url(script), *arguments))
            if words[0] == "tools":
                ends("stdio.c, %d" % number,
                     run([os.path.join(BUILD, "stdio"), "-", *program(script)[2:]], 30))
            if words[0] == "call" and number < 5:
                url = server.url(script)
                ends("loop.c, %d" % number, example("loop", url, url, "x"))
                ends("task.c, %d" % number, example("task", url, "x"))
    for number, greeting in enumerate(greetings()):
        url = server.url({"server": greeting})
        ends("server_info.c, %d" % number, example("server_info", url))
        if number % 6 == 0:
            path = os.path.join(OUT, "servers.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"mcpServers": {"one": {"url": url}}}, file)
            ends("config.c, %d" % number, example("config", path, "one"))
    tasks = [{"taskId": wrong, "status": wrong, "statusMessage": wrong} for wrong in WRONG]
    tasks += [{"taskId": "t", "status": wrong} for wrong in WRONG]
    for number, task in enumerate([*tasks, *WRONG]):
        script = {"results": {"tasks/get": task, "tasks/result": task, "tasks/cancel": task,
                              "tools/call": {"task": task},
                              "tools/list": {"tools": [{"name": "x", "inputSchema": {
                                  "type": "object"}, "execution": {"taskSupport": "optional"}}]}}}
        url = server.url(script)
        for words in [["-b", "x"], ["-s", "t"], ["-c", "t"]]:
            ends("task.c %s, %d" % (words[0], number), example("task", url, *words))
    url = server.url({"notifications": notifications()})
    ends("subscribe.c", example("subscribe", url, "a://", "250", "4"))


def build_sanitized():
    """The client with the sanitizers, and a program that reads all that there
    is in a result; NULL where they cannot be built."""
    made = []
    for name, sources in [("mcpclient", [os.path.join(ROOT, "examples-c", "cli", one)
                                         for one in sorted(os.listdir(os.path.join(
                                             ROOT, "examples-c", "cli"))) if one.endswith(".c")]),
                          ("getters", [os.path.join(HERE, "getters.c")])]:
        path = os.path.join(OUT, name)
        done = run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1",
                    "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", INCLUDE,
                    "-o", path, *sources, "-L", RELEASE, "-lmcpclient", "-lm", "-pthread",
                    "-Wl,-rpath," + RELEASE], 120)
        if not suite.check("%s builds with the sanitizers" % name, done.returncode == 0,
                           done.stderr[-3000:]):
            return None
        made.append(path)
    return made


def getters(path, server):
    """Every getter gives NULL for what is not there, or of another type."""
    for method, member in [("tools/list", "tools"), ("resources/list", "resources"),
                           ("resources/templates/list", "resourceTemplates"),
                           ("prompts/list", "prompts"), ("skills/list", "skills"),
                           ("tasks/list", "tasks")]:
        url = server.url({"results": {method: items(member)}})
        done = run([path, url, method], 60)
        check("all getters of %s" % method, done, 0, "(NULL)")
        for wrong in [{}, {"name": 5, "uri": 5, "taskId": 5, "status": 5, "frontmatter": 5}]:
            url = server.url({"results": {method: {member: [wrong]}}})
            done = run([path, url, method], 60)
            said = [line for line in done.stdout.splitlines()
                    if line.startswith(("name", "uri", "title", "description", "status"))]
            suite.check("%s of %s: its texts are NULL" % (member, json.dumps(wrong)),
                        done.returncode == 0 and said
                        and all(line.endswith("(NULL)") for line in said), done)
    for method, member in [("tools/call", "content"), ("prompts/get", "messages"),
                           ("resources/read", "contents")]:
        done = run([path, server.url({"results": {method: contents(member)}}), method], 60)
        check("all getters of %s" % method, done, 0, "(NULL)")
    for wrong in WRONG:
        for method in ["tasks/get", "completion/complete", "tools/call"]:
            url = server.url({"results": {method: {"completion": wrong, "task": wrong,
                                                   "taskId": wrong, "status": wrong}}})
            done = run([path, url, method], 60)
            suite.check("%s with %s" % (method, json.dumps(wrong)), done.returncode in (0, 1), done)


BASES = [
    (["tools"], "tools/list", {"tools": [items("tools")["tools"][-1]]}),
    (["tools", "good"], "tools/list", {"tools": [items("tools")["tools"][-1]]}),
    (["call", "good", "-o", SAVED], "tools/call", {"isError": False, "content": [
        {"type": "image", "data": "AAEC", "mimeType": "image/png"},
        {"type": "resource", "resource": {"uri": "a://b.txt", "text": "t"}}]}),
    (["call", "good", "a=1"], "tools/list", {"tools": [items("tools")["tools"][-1]]}),
    (["resources"], "resources/list", {"resources": [items("resources")["resources"][-1]]}),
    (["templates"], "resources/templates/list",
     {"resourceTemplates": [items("resources")["resources"][-1]]}),
    (["prompts"], "prompts/list", {"prompts": [items("prompts")["prompts"][-1]]}),
    (["call", "good"], "tools/call", {"isError": False, "structuredContent": {"a": 1}, "content": [
        {"type": "text", "text": "t"}, {"type": "image", "data": "AAEC", "mimeType": "image/png"},
        {"type": "resource", "resource": {"uri": "a://", "text": "t"}},
        {"type": "resource_link", "uri": "a://", "name": "n"}]}),
    (["read", "a://"], "resources/read", {"contents": [
        {"uri": "a://", "text": "t"}, {"uri": "a://", "blob": "AAEC", "mimeType": "x/y"}]}),
    (["prompt", "good"], "prompts/get", {"description": "d", "messages": [
        {"role": "user", "content": {"type": "text", "text": "t"}}]}),
    (["complete", "prompt", "p", "a", "v"], "completion/complete",
     {"completion": {"values": ["a", "b"], "total": 2, "hasMore": True}}),
]


def mutate(random_one, value):
    """The value with one node of it, anywhere, replaced, left out or doubled."""
    places = []

    def walk(at):
        for key in (at if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ()):
            places.append((at, key))
            walk(at[key])

    value = copy.deepcopy(value)
    walk(value)
    if not places:
        return value
    at, key = random_one.choice(places)
    kind = random_one.randrange(4)
    if kind == 0:
        del at[key]
    elif kind == 1 and isinstance(at, list):
        at.append(copy.deepcopy(at[key]))
    else:
        at[key] = random_one.choice([*WRONG, "\u2028\x1b[31m\x00", "x" * 5000, 1e300, -2 ** 63])
    return value


def mutations(path, server):
    """A bounded number of lists that are wrong at random, the same each time."""
    random_one = random.Random(SEED)
    jobs = []
    for number in range(MUTATIONS):
        words, method, answer = BASES[number % len(BASES)]
        for _ in range(random_one.randint(1, 4)):
            answer = mutate(random_one, answer)
        jobs.append((number, words, server.url({"results": {method: answer}}), answer))

    def play(job):
        number, words, url, answer = job
        done = run([path, words[0], url, *words[1:]], 60, start_new_session=True,
                   env=environment(ASAN_OPTIONS="exitcode=99"), errors="replace")
        is_well = done.returncode in (0, 1) and "runtime error" not in done.stderr
        return None if is_well else "%d: %s: %s\n%s\n%s" % (
            number, words[0], done.returncode, json.dumps(answer)[:1500], done.stderr[-3000:])

    with ThreadPoolExecutor(2) as pool:
        wrong = [one for one in pool.map(play, jobs) if one]
    suite.check("%d answers that are wrong at random, seed %d" % (MUTATIONS, SEED), not wrong,
                "\n".join(wrong[:3]))


def run_all():
    os.makedirs(OUT, exist_ok=True)
    shutil.rmtree(SAVED, ignore_errors=True)
    with ScriptedServer() as server:
        lists(server)
        commands(server)
        reading(server)
        reading_for_others(server)
        large_schemas(server)
        listening(server)
        forms(server)
        examples(server)
        made = build_sanitized()
        if made:
            getters(made[1], server)
            mutations(made[0], server)
