#!/usr/bin/env python3
"""Makes every call that stock servers offer, from C and over each transport:
FastMCP of three majors, the official Python SDK of two, and the official
TypeScript everything server.

calls.c makes the calls that it is told and prints what came of each; here is
told what to make, and what has to come of it.
"""

import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import environments
from environments import Unavailable
from support import INCLUDE, RELEASE, free_port, run
from talk import (CALLS, HERE, HTTP, OUT, SSE, STDIO, TOKEN, Server, Talk, ends_well, kill_all,
                  killed, refused, right, suite, talked)

BYTES = bytes(range(256))
MODERN, NEWEST_SESSION = "2026-07-28", "2025-11-25"
FORM, URL, SAMPLING = 1, 2, 4
TOOLS, UPDATED, LOG = 1, 8, 16
TEXT, IMAGE, AUDIO, LINK, RESOURCE = 1, 2, 3, 4, 5
FORMS = ("sse-stateful", "json-stateful", "sse-stateless", "json-stateless")
NUMBERS = itertools.count()
LATE = 'call count {"to":400,"pause":0.05}'


def sum_of(data):
    """As calls.c sums bytes."""
    total = 0
    for byte in data:
        total = (total * 31 + byte) % 1000003
    return total


def identity(name, talk, server, protocol, transport):
    right(name, talk, "info", lambda it: (it["server"], it["protocol"], it["transport"])
          == (server, protocol, transport))


def at_once(name, talk, line):
    """Many calls in flight: each gets its own answer."""
    right(name, talk, line, lambda it: it["texts"] == [
        "counted to %d" % number for number in range(1, 31)])


def python_whole(name, major, form, where, version="-", token="-", transport=HTTP):
    """All that a FastMCP server offers; gives the talk, to go on with."""
    is_modern = transport != SSE and (version == MODERN or version == "-" and major == 4)
    # A server that answers in JSON drops what it has to say in between.
    is_stream = not form.startswith("json")
    # A session that is none has no way back to the client.
    has_way_back = not form.endswith("stateless")
    talks_back = is_stream and has_way_back and not is_modern
    complete = 'complete {"type":"ref/prompt","name":"greet"} name A'
    many = 'many 30 count {"to":%d,"pause":0.01}'
    # The tool ends when its progress was seen.
    seen = OUT / ("seen-%d" % next(NUMBERS))
    seen.unlink(missing_ok=True)
    if not is_stream:
        seen.touch()
    count = 'call count {"to":3,"pause":0,"until":"%s"}' % seen
    script = [
        "info", "ping", "tools", 'call add {"a":2,"b":3}', "call fail {}", "call media {}",
        (count, seen.touch), many, "resources", "templates",
        "read data://text", "read data://blob", "read data://item/7", "prompts",
        'prompt greet {"name":"Ann"}', complete, "read data://none", "call talk {}"]
    if major > 2:
        script[-1:] = ["level 3", "call talk {}", "request tools/list {}"]
    if talks_back:
        script += ["call ask {}", "call think {}", "call roots {}", "call grow {}",
                   "await %d" % TOOLS, "tools again"]
    guarded = ["call guarded {}", "read data://guarded", "prompt guarded_prompt {}"]
    if major > 3 and is_modern:
        script += guarded
    talk = Talk(where, token, version, '{"name":"Ann","age":41}').run(script)
    identity(name, talk, "whole", version if version != "-" else
             MODERN if is_modern else NEWEST_SESSION, transport)
    right(name, talk, "ping", lambda it: True)
    right(name, talk, "tools", lambda it: {"add", "count", "grow"} <= set(it["names"]))
    right(name, talk, 'call add {"a":2,"b":3}',
          lambda it: it["text"] == "5" and it["structured"] == {"result": 5})
    right(name, talk, "call fail {}",
          lambda it: it["failed"] and "probe failure" in it["text"])
    right(name, talk, "call media {}", lambda it: [
        (one["kind"], one["bytes"], one["sum"]) for one in it["contents"][:3]] == [
            (TEXT, -1, 0), (IMAGE, 256, sum_of(BYTES)), (AUDIO, 256, sum_of(BYTES))]
        and it["contents"][3]["kind"] == RESOURCE
        and it["contents"][3]["sum"] == sum_of(BYTES))
    right(name, talk, count, lambda it: it["text"] == "counted to 3")
    if is_stream:
        told = talk.of("progress")
        suite.check("%s: progress as it is made" % name,
                    [(one["progress"], one["total"], one["message"]) for one in told]
                    == [(n, 3, "step %d" % n) for n in (1, 2, 3)], json.dumps(told))
    at_once(name, talk, many)
    has_guarded = major > 3
    right(name, talk, "resources", lambda it: it["names"] == [
        "data://text", "data://blob"] + ["data://guarded"] * has_guarded)
    right(name, talk, "templates", lambda it: it["names"] == ["data://item/{number}"])
    right(name, talk, "read data://text", lambda it: it["text"] == "some text")
    right(name, talk, "read data://blob",
          lambda it: it["contents"][0]["sum"] == sum_of(BYTES)
          and it["contents"][0]["mime"] == "application/octet-stream")
    right(name, talk, "read data://item/7", lambda it: it["text"] == "item 7")
    right(name, talk, "prompts",
          lambda it: it["names"] == ["greet"] + ["guarded_prompt"] * has_guarded)
    right(name, talk, 'prompt greet {"name":"Ann"}',
          lambda it: it["contents"][0]["role"] == "user" and it["text"] == "Hello, Ann!")
    right(name, talk, complete, lambda it: it["names"] == ["Ada", "Ann"])
    suite.check("%s: an unknown resource is an error" % name,
                talk.done("read data://none")["status"] == "MCP_E_RPC",
                json.dumps(talk.done("read data://none")))
    right(name, talk, "call talk {}", lambda it: it["text"] == "talked")
    levels = [one["level"] for one in talk.of("event") if one["kind"] == LOG]
    if major > 2:
        right(name, talk, "level 3", lambda it: True)
        right(name, talk, "request tools/list {}", lambda it: len(it["json"]["tools"]) == 2
              and it["json"]["nextCursor"])
    if is_stream and has_way_back:
        # The second major knows no level: all is told.
        suite.check("%s: messages of the level and above" % name,
                    levels == ([3] if major > 2 else [0, 3]), json.dumps(talk.of("event")))
    if major > 3 and is_modern:
        for line, text in zip(guarded, [
                "asked: Ann, a canned answer, file:///project", "for Ann", "Hello, Ann."]):
            right(name, talk, line, lambda it, text=text: it["text"] == text)
    inputs = talk.of("input")
    suite.check("%s: questions" % name, (FORM in [one["kind"] for one in inputs])
                == (talks_back or is_modern and major > 3)
                and all(one["status"] == "MCP_OK" for one in inputs), json.dumps(inputs))
    if talks_back:
        right(name, talk, "call ask {}", lambda it: it["text"] == "Ann 41 red True")
        if major < 4:
            right(name, talk, "call think {}", lambda it: it["text"] == "thought: a canned answer")
            right(name, talk, "call roots {}", lambda it: it["text"] == "file:///project")
        right(name, talk, "call grow {}", lambda it: it["text"] == "grew")
        right(name, talk, "tools again", lambda it: "grown" in it["names"])
        suite.check("%s: a changed list is told" % name,
                    TOOLS in [one["kind"] for one in talk.of("event")],
                    json.dumps(talk.of("event")))
    return talk


def answers(name, where, token):
    """What else a person may say to a question."""
    for answer, said in (("decline", "decline"), ("dismiss", "cancel")):
        talk = talked("%s: %s" % (name, answer), where, ["call ask {}"], token=token,
                      version="2025-06-18", form=answer)
        right("%s: %s" % (name, answer), talk, "call ask {}",
              lambda it, said=said: it["text"] == said)


def chosen(name, server, form, is_elsewhere):
    """The transport is found out, or chosen by hand; a wrong token is final
    whichever it is."""
    url = server.url(form, "/sse")
    for what, transport in (("auto", None), ("by hand", SSE)):
        talk = talked("%s: %s" % (name, what), url, ["info", "ping"], token=TOKEN,
                      transport=transport)
        right("%s: %s" % (name, what), talk, "info", lambda it: it["transport"] == SSE)
        right("%s: %s" % (name, what), talk, "ping", lambda it: True)
        for token in ("wrong-token", "-"):
            talk = talked("%s: %s, token %s" % (name, what, token), url, ["ping"], token=token,
                          transport=transport)
            refused("%s: %s, token %s" % (name, what, token), talk, "ping", "MCP_E_UNAUTHORIZED",
                    401)
    talk = talked("%s: the other by hand" % name, url, ["ping"], token=TOKEN, transport=HTTP)
    refused("%s: the other by hand" % name, talk, "ping", "MCP_E_TRANSPORT", 405)
    if is_elsewhere:
        url = server.url("events-elsewhere")
        talk = talked(name + ": another path", url, ["info", "ping"], token=TOKEN)
        right(name + ": another path", talk, "info", lambda it: it["transport"] == SSE)
        right(name + ": another path", talk, "ping", lambda it: True)
        talk = talked(name + ": another path, wrong token", url, ["ping"], token="wrong-token")
        refused(name + ": another path, wrong token", talk, "ping", "MCP_E_UNAUTHORIZED", 401)


def after_a_kill(name, talk, line):
    """A program is started again by the next call."""
    killed(name, talk, line, kill_all)
    talk.run(["ping again"])
    right(name, talk, "ping again", lambda it: True)
    ends_well(name, talk)


def environment_of(major, name):
    try:
        return environments.fastmcp(major)
    except Unavailable as error:
        suite.skip(name, str(error))
        return None


def python_http(major):
    name = "fastmcp %d" % major
    python = environment_of(major, name)
    if python is None:
        return
    events = ["events", "events-open", "events-elsewhere"]
    with Server([python, HERE / "stock_fastmcp.py", *FORMS, *events]) as server:
        for form in FORMS:
            versions = ["-"]
            if form == "sse-stateful":
                versions += ["2025-06-18"] + ([NEWEST_SESSION] if major == 4 else [])
            for version in versions:
                each = "%s, %s, %s" % (name, form, version)
                ends_well(each, python_whole(each, major, form, server.url(form), version, TOKEN))
        answers(name, server.url("sse-stateful"), TOKEN)
        each = "%s, HTTP+SSE, " % name
        for form, token in (("events", TOKEN), ("events-open", "-")):
            talk = python_whole(each + form, major, form, server.url(form, "/sse"), "-", token,
                                SSE)
            ends_well(each + form, talk)
        chosen(each + "choice", server, "events", True)
        talk = Talk(server.url("events-open", "/sse"))
        killed(each + "open", talk, LATE, lambda _: server.kill())
        ends_well(each + "killed", talk)


def python_stdio(major):
    name = "fastmcp %d, stdio" % major
    python = environment_of(major, name)
    if python is None:
        return
    where = [python, HERE / "stock_fastmcp.py", "stdio"]
    # A program of both eras is started for each.
    for version in ["-"] + ["2025-06-18"] * (major > 3):
        each = "%s, %s" % (name, version)
        talk = python_whole(each, major, "stdio", where, version, "-", STDIO)
        if version == "-":
            after_a_kill(each, talk, LATE)
        else:
            ends_well(each, talk)


def official_whole(name, major, where, version="-", token="-", transport=HTTP):
    """All that a server of the official SDK offers."""
    is_modern = transport != SSE and version == "-" and major == 2
    many = 'many 30 count {"to":%d,"pause":0.01}'
    count = 'call count {"to":3,"pause":0.15}'
    complete = 'complete {"type":"ref/prompt","name":"greet"} name A'
    script = ["info", "ping", "tools", 'call add {"a":2,"b":3}', "call fail {}", "call picture {}",
              count, many, "call talk {}", "resources", "templates", "read data://text",
              "read data://blob", "read data://item/7", "prompts", 'prompt greet {"name":"Ann"}',
              complete]
    if not is_modern:
        script += ["call ask {}", "call think {}", "call roots {}"]
    talk = Talk(where, token, version, '{"name":"Ann","age":41}').run(script)
    identity(name, talk, "official", version if version != "-" else
             MODERN if is_modern else NEWEST_SESSION, transport)
    right(name, talk, "ping", lambda it: True)
    right(name, talk, "tools", lambda it: {"add", "count", "roots"} <= set(it["names"]))
    right(name, talk, script[3], lambda it: it["text"] == "5")
    # The second major keeps to itself what went wrong.
    right(name, talk, "call fail {}", lambda it: it["failed"] and "executing tool" in it["text"])
    right(name, talk, "call picture {}", lambda it: it["contents"][0]["kind"] == IMAGE
          and it["contents"][0]["sum"] == sum_of(BYTES))
    right(name, talk, count, lambda it: it["text"] == "counted to 3")
    suite.check("%s: progress" % name, [one["progress"] for one in talk.of("progress")]
                == [1, 2, 3], json.dumps(talk.of("progress")))
    at_once(name, talk, many)
    right(name, talk, "call talk {}", lambda it: it["text"] == "talked")
    right(name, talk, "resources", lambda it: it["names"] == ["data://text", "data://blob"])
    right(name, talk, "templates", lambda it: it["names"] == ["data://item/{number}"])
    right(name, talk, "read data://text", lambda it: it["text"] == "some text")
    right(name, talk, "read data://blob", lambda it: it["contents"][0]["sum"] == sum_of(BYTES))
    right(name, talk, "read data://item/7", lambda it: it["text"] == "item 7")
    right(name, talk, "prompts", lambda it: it["names"] == ["greet"])
    right(name, talk, 'prompt greet {"name":"Ann"}', lambda it: it["text"] == "Hello, Ann!")
    right(name, talk, complete, lambda it: it["names"] == ["Ada", "Ann"])
    if not is_modern:
        right(name, talk, "call ask {}", lambda it: it["text"] == "Ann 41")
        right(name, talk, "call think {}", lambda it: it["text"] == "thought: a canned answer")
        right(name, talk, "call roots {}", lambda it: it["text"] == "file:///project")
        levels = [one["level"] for one in talk.of("event") if one["kind"] == LOG]
        suite.check("%s: messages" % name, levels == [0, 3], json.dumps(talk.of("event")))
    return talk


def official(fastmcp_major, version):
    major = int(version[0])
    name = "official sdk %s" % version
    python = environment_of(fastmcp_major, name)
    if python is None:
        return
    program = [python, HERE / "stock_sdk.py"]
    with Server([*program, "http", "events", "events-open"]) as server:
        each = name + ", streamable http"
        ends_well(each, official_whole(each, major, server.url("http")))
        each = name + ", HTTP+SSE"
        ends_well(each, official_whole(each, major, server.url("events", "/sse"), "-", TOKEN, SSE))
        chosen(each + ", choice", server, "events", False)
        each += ", open"
        talk = official_whole(each, major, server.url("events-open", "/sse"), "-", "-", SSE)
        killed(each, talk, LATE, lambda _: server.kill())
        ends_well(each, talk)
    for pinned in ["-"] + ["2025-06-18"] * (major > 1):
        each = "%s, stdio, %s" % (name, pinned)
        talk = official_whole(each, major, [*program, "stdio"], pinned, "-", STDIO)
        if pinned == "-":
            killed(each, talk, LATE, kill_all)
        ends_well(each, talk)


def everything(kind):
    name = "everything, " + kind
    try:
        program, folder = environments.everything()
    except Unavailable as error:
        suite.skip(name, str(error))
        return
    package = (folder / "node_modules" / "@modelcontextprotocol" / "server-everything" /
               "dist" / "index.js")
    late = 'call trigger-long-running-operation {"duration":60,"steps":300}'
    if kind == "stdio":
        talk = everything_whole(name, [program, package, "stdio"], transport=STDIO)
        after_a_kill(name, talk, late)
        return
    port = free_port()
    command = [program, "--require", HERE / "loopback.cjs", package, kind]
    environment = {"PORT": str(port),
                   "INTEROP_LOG": str(OUT / ("everything-%s.requests" % kind))}
    with Server(command, {kind: port}, environment) as server:
        if kind == "streamableHttp":
            for version in ("-", "2025-06-18"):
                each = "%s, %s" % (name, version)
                ends_well(each, everything_whole(each, server.url(kind), version))
            return
        talk = everything_whole(name, server.url(kind, "/sse"), transport=SSE)
        killed(name, talk, late, lambda _: server.kill())
        ends_well(name, talk)


def everything_whole(name, where, version="-", transport=HTTP):
    blob, text = ("demo://resource/dynamic/%s/2" % kind for kind in ("blob", "text"))
    long = 'call trigger-long-running-operation {"duration":4,"steps":4}'
    complete = '{"type":"ref/prompt","name":"completable-prompt"}'
    template = '{"type":"ref/resource","uri":"demo://resource/dynamic/text/{resourceId}"}'
    script = [
        "info", "tools", 'call echo {"message":"hi"}', 'call get-sum {"a":2,"b":3}', long,
        "call get-tiny-image {}", 'call get-annotated-message {"messageType":"error",'
        '"includeImage":true}', 'call get-structured-content {"location":"New York"}',
        'call get-resource-links {"count":3}',
        'call get-resource-reference {"resourceType":"Text","resourceId":1}',
        "call trigger-elicitation-request {}",
        'call trigger-sampling-request {"prompt":"Why?","maxTokens":20}',
        "call get-roots-list {}", "resources", "templates", "read " + text, "read " + blob,
        "prompts", "prompt simple-prompt {}", 'prompt args-prompt {"city":"Bern"}',
        "complete %s department E" % complete, "complete %s resourceId 1" % template,
        "subscribe " + text, "call toggle-subscriber-updates {}", "await %d" % UPDATED,
        "call toggle-subscriber-updates {}", "unsubscribe " + text, "level 3",
        "call toggle-simulated-logging {}", "wait 200", "call toggle-simulated-logging {}",
        'call none {}']
    talk = Talk(where, "-", version, '{"name":"Ann"}').run(script)
    identity(name, talk, "mcp-servers/everything",
             NEWEST_SESSION if version == "-" else version, transport)
    right(name, talk, "tools", lambda it: {"echo", "get-sum", "trigger-sampling-request",
                                           "get-roots-list"} <= set(it["names"]))
    right(name, talk, script[2], lambda it: it["text"] == "Echo: hi")
    right(name, talk, script[3], lambda it: "5" in it["text"])
    right(name, talk, long, lambda it: "completed" in it["text"])
    told = talk.of("progress")
    suite.check("%s: progress" % name, [one["progress"] for one in told] == [1, 2, 3, 4],
                json.dumps(told))
    right(name, talk, script[5], lambda it: any(
        one["kind"] == IMAGE and one["bytes"] > 100 and one["mime"] == "image/png"
        for one in it["contents"]))
    right(name, talk, script[6], lambda it: [one["kind"] for one in it["contents"]]
          == [TEXT, IMAGE])
    right(name, talk, script[7], lambda it: it["structured"]["humidity"] > 0)
    right(name, talk, script[8], lambda it: [one["kind"] for one in it["contents"]]
          == [TEXT, LINK, LINK, LINK] and it["contents"][1]["uri"].startswith("demo://"))
    right(name, talk, script[9], lambda it: RESOURCE in [one["kind"] for one in it["contents"]])
    right(name, talk, script[10], lambda it: "accept" in json.dumps(it["json"]).lower())
    right(name, talk, script[11], lambda it: "a canned answer" in it["text"])
    right(name, talk, script[12], lambda it: "file:///project" in it["text"])
    kinds = [one["kind"] for one in talk.of("input")]
    suite.check("%s: questions" % name, FORM in kinds and SAMPLING in kinds
                and all(one["status"] == "MCP_OK" for one in talk.of("input")),
                json.dumps(talk.of("input"))[:1500])
    right(name, talk, "resources", lambda it: len(it["names"]) > 3)
    right(name, talk, "templates", lambda it: len(it["names"]) >= 2)
    right(name, talk, "read " + text, lambda it: "Resource 2" in it["text"])
    right(name, talk, "read " + blob, lambda it: it["contents"][0]["bytes"] > 0)
    right(name, talk, "prompts", lambda it: "simple-prompt" in it["names"])
    right(name, talk, "prompt simple-prompt {}", lambda it: it["contents"][0]["role"] == "user")
    right(name, talk, 'prompt args-prompt {"city":"Bern"}', lambda it: "Bern" in it["text"])
    right(name, talk, "complete %s department E" % complete,
          lambda it: it["names"] == ["Engineering"])
    right(name, talk, "complete %s resourceId 1" % template, lambda it: it["names"] == ["1"])
    right(name, talk, "subscribe " + text, lambda it: True)
    right(name, talk, "unsubscribe " + text, lambda it: True)
    updated = [one["uri"] for one in talk.of("event") if one["kind"] == UPDATED]
    suite.check("%s: an update of a resource is told" % name, text in updated,
                json.dumps(talk.of("event"))[:1500])
    right(name, talk, "level 3", lambda it: True)
    # Messages about earlier requests may still arrive after the level was
    # set: the server sends them on another connection. The simulated ones are
    # logged after it.
    simulated = [one for one in talk.of("event") if one["kind"] == LOG
                 and "-level message" in one["params"]["data"].lower()]
    suite.check("%s: no message below the level" % name,
                all(one["level"] >= 3 for one in simulated),
                json.dumps(talk.of("event"))[:1500])
    suite.check("%s: an unknown tool is no result" % name,
                talk.done("call none {}")["status"] == "MCP_E_RPC"
                or talk.done("call none {}")["failed"], json.dumps(talk.done("call none {}")))
    return talk


def schemas(major):
    """The check of JSON Schemas agrees with the one of Python."""
    done = run([str(environments.fastmcp(major)), str(HERE / "schemas.py"),
                os.path.join(RELEASE, "libmcpclient.so")])
    suite.check("the check of JSON Schemas agrees with jsonschema", done.returncode == 0,
                done.stdout + done.stderr)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    done = run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-g",
                "-I", INCLUDE, "-o", str(CALLS), str(HERE / "calls.c"), "-L", RELEASE,
                "-lmcpclient", "-Wl,-rpath," + RELEASE])
    if suite.check("calls.c compiles without a warning", done.returncode == 0, done.stderr):
        jobs = [(everything, "stdio"), (everything, "sse"), (everything, "streamableHttp")]
        jobs += [(python_http, major) for major in (2, 3, 4)]
        jobs += [(python_stdio, major) for major in (2, 3, 4)]
        jobs += [(official, 3, "1.30"), (official, 4, "2.3"), (schemas, 3)]
        chosen_parts = sys.argv[1:]
        with ThreadPoolExecutor(4) as pool:
            futures = [pool.submit(*job) for job in jobs
                       if not chosen_parts or job[0].__name__ in chosen_parts]
            for future in futures:
                try:
                    future.result()
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    suite.check("a stock server runs", False, str(error))
    suite.end()


main()
