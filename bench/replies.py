#!/usr/bin/env python3
"""Makes the replies of the bench's servers from what capture.py recorded.

    replies.py FOLDER

Each file of FOLDER is a reply, named PATH.REQUEST: "session-events.text1k" answers a
call of the tool text1k at /session/events. Its first line is the length of the body
without the request's id, and the base in which HTTP writes that length. Then the
reply follows; where the id, the progress token, the progress and the length go,
it has a byte of its own (replies.h).
"""

import functools
import json
import re
import sys
from pathlib import Path

# The id and the progress token of the captured requests.
ID, TOKEN = 4242, 4343
DATA = Path(__file__).resolve().parent / "data"
ID_HOLE, TOKEN_HOLE, PROGRESS_HOLE, LENGTH_HOLE = "\x01", "\x02", "\x03", "\x04"
HOLES = ID_HOLE + TOKEN_HOLE + PROGRESS_HOLE
LAST_CHUNK = "0\r\n\r\n"
TOOLS, SMALL, LARGE = 10000, 1024, 10000000
# The path of each form: the file of data/, and how that server was started.
PATHS = {
    "session": ("fastmcp", "session json"),
    "session-annotated": ("fastmcp", "session json"),
    "session-events": ("fastmcp", "session events"),
    "session-typescript": ("everything", "session resumable"),
    "stateless": ("fastmcp", "stateless json"),
    "stdio": ("memory", "stdio"),
}
# The captured call whose reply gets another text, and the one with structured
# content.
TEXT_CALLS = {"everything": "echo", "memory": "read_graph"}
STRUCTURED_CALLS = {"everything": "get-structured-content", "memory": "read_graph"}
LONG_CALLS = {"everything": "trigger-long-running-operation"}


@functools.cache
def captured_by(name):
    """The exchanges of a server, by its form and the request."""
    exchanges = json.loads((DATA / (name + ".json")).read_text(encoding="utf-8"))["exchanges"]
    return {(one["form"], one["of"]): one for one in exchanges}


def message_in(chunk):
    """The JSON of a chunk, and what is before and after it."""
    start, end = chunk.index("{"), chunk.rindex("}") + 1
    return chunk[:start], chunk[start:end], chunk[end:]


class Encoded:
    """A message that is written as its server wrote it: the order of the members,
    and whether text beyond ASCII is escaped."""

    def __init__(self, text):
        self.value = json.loads(text)
        self.is_ascii = text.isascii() and "\\u" in text
        if str(self) != text:
            raise ValueError("another way to write JSON: " + text[:200])

    def __str__(self):
        return json.dumps(self.value, separators=(",", ":"), ensure_ascii=self.is_ascii)


def with_holes(text):
    """A text with the id and the token of the capture replaced; they are the last
    members of some messages, and the first of others."""
    text = text.replace('"id":%d' % ID, '"id":' + ID_HOLE)
    return text.replace('"progressToken":%d' % TOKEN, '"progressToken":' + TOKEN_HOLE)


def start_of(head, early):
    """The head and the chunks before the last one."""
    chunks = ["%x\r\n%s\r\n" % (len(chunk.encode()), chunk) for chunk in early]
    return "\r\n".join(head) + "\r\n\r\n" + "".join(chunks)


def with_length(text, base):
    """The first line of a file, for a body that has holes."""
    length = len(text.encode()) - sum(text.count(hole) for hole in HOLES)
    return "%d %d\n" % (length, base)


def chunk_of(text):
    """A chunk that has holes."""
    return "%s\r\n%s\r\n" % (LENGTH_HOLE, text)


def reply_of(head, chunks):
    """The bytes of a file. Only the last chunk has an id, so the others are
    written with their lengths."""
    *early, last = chunks or [""]
    last = with_holes(last)
    if not head:
        return with_length(last, 10) + last
    if not is_chunked(head):
        head = [re.sub(r"(?i)^(content-length: ).*", r"\1" + LENGTH_HOLE, line) for line in head]
        return with_length(last, 10) + start_of(head, early) + last
    end = chunk_of(last) + LAST_CHUNK if last else LAST_CHUNK
    return with_length(last, 16) + start_of(head, early) + end


def is_chunked(head):
    return any(line.lower() == "transfer-encoding: chunked" for line in head)


def changed(exchange, change):
    """The reply with another message in its last chunk."""
    *early, last = exchange["body"]
    before, text, after = message_in(last)
    message = Encoded(text)
    change(message.value["result"])
    return reply_of(exchange["head"], [*early, before + str(message) + after])


def captured_text():
    reply = captured_by("fastmcp")["session json", "read_file"]["body"][0]
    return json.loads(reply)["result"]["content"][0]["text"]


def large_text(between):
    """Ten megabytes: the lines of the captured text that have no quotes and are
    about as long as a line is."""
    lines = [line for line in captured_text().split("\n") if len(line) > 60 and '"' not in line]
    unit = between.join(lines) + between
    return (unit * (LARGE // len(unit) + 1))[:LARGE]


def set_text(text):
    def change(result):
        content = result["content"][0]
        content["text"] = text
        result["content"] = [content]
        result.pop("structuredContent", None)
    return change


def set_cities(result):
    """Gives servers without the tool what it returned elsewhere."""
    found = json.loads(captured_by("sdk")["session json", "find_cities"]["body"][0])["result"]
    result["content"][0]["text"] = found["content"][0]["text"]
    result["structuredContent"] = found["structuredContent"]


def tools_of(name, form):
    exchange = captured_by(name)[form, "tools/list"]
    return json.loads(message_in(exchange["body"][-1])[1])["result"]["tools"]


def with_own_properties(schema, number):
    """A schema whose properties have other names: no two tools of a server take the
    same arguments."""
    own = {name: "%s_%d" % (name, number) for name in schema.get("properties", {})}
    changed = dict(schema)
    if own:
        changed["properties"] = {own[name]: one for name, one in schema["properties"].items()}
    if "required" in schema:
        changed["required"] = [own.get(name, name) for name in schema["required"]]
    return changed


def many_tools(path, form):
    """The tools of all servers, again and again with other names and properties;
    or those with annotations and without an output schema."""
    era = form if form.startswith("stateless") else "session json"
    found = tools_of("fastmcp", era) + tools_of("sdk", era)
    found += tools_of("everything", "session resumable") + tools_of("memory", "stdio")
    if path == "session-annotated":
        found = [tool for tool in found if "annotations" in tool and "outputSchema" not in tool]
    tools = []
    for number in range(TOOLS):
        tool = dict(found[number % len(found)], name="tool_%05d" % number)
        tool["description"] = "%s (%d)" % (tool["description"], number)
        for member in ("inputSchema", "outputSchema"):
            if member in tool:
                tool[member] = with_own_properties(tool[member], number)
        tools.append(tool)
    return tools


def replies(path):
    """The name of each request at a path, and its reply."""
    server, form = PATHS[path]
    captured = {of: one for (one_form, of), one in captured_by(server).items() if one_form == form}
    # A server of the session era refuses the first request of the stateless era.
    if "server/discover" not in captured and path != "stdio":
        others = captured_by("everything")
        captured["server/discover"] = others["session resumable", "server/discover"]
    for of in ("initialize", "server/discover", "accepted", "ping"):
        if of in captured:
            yield of.split("/")[-1], reply_of(captured[of]["head"], captured[of]["body"])
    if "stream" in captured:
        yield "stream", with_length("", 16) + start_of(captured["stream"]["head"], [])
    text = captured[TEXT_CALLS.get(server, "read_file")]
    yield "text1k", changed(text, set_text(captured_text()[:SMALL]))
    if path not in ("session-annotated", "stdio"):
        yield "text10m", changed(text, set_text(large_text("\n")))
        yield "plain10m", changed(text, set_text(large_text(" ")))
    structured = captured[STRUCTURED_CALLS.get(server, "find_cities")]
    yield "structured", changed(structured, set_cities if server in STRUCTURED_CALLS
                                else lambda result: None)
    tools = many_tools(path, form)
    yield "tools", changed(captured["tools/list"], lambda result: result.update(tools=tools))
    # A tool of the list.
    yield "tool_00000", reply_of(text["head"], text["body"])
    yield from progress(server, form)


def progress(server, form):
    """A notification, what is sent before the first one, and after the last one."""
    form = form.replace("json", "events")
    exchange = captured_by(server).get((form, LONG_CALLS.get(server, "import_cities")))
    if exchange is None:
        return
    body = exchange["body"]
    first = next(place for place, chunk in enumerate(body) if "notifications/progress" in chunk)
    yield "progress-head", with_length("", 16) + start_of(exchange["head"], body[:first])
    event = re.sub(r'("progress":)1', r"\1" + PROGRESS_HOLE, with_holes(body[first]))
    event = re.sub(r'("total":)2', r"\g<1>1000000", event)
    yield "progress-event", with_length(event, 16) + chunk_of(event)
    last = with_holes(body[-1])
    yield "progress-end", with_length(last, 16) + chunk_of(last) + LAST_CHUNK


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in PATHS:
        for name, reply in replies(path):
            (folder / ("%s.%s" % (path, name))).write_bytes(reply.encode())


if __name__ == "__main__":
    main()
