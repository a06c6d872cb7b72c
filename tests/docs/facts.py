"""The tables and numbers of the guides against what they describe."""

import json
import os
import re

from support import BUILD, ROOT, SERVER, TOKEN, TestServer, run

def check(suite, read, is_quick):
    check_statuses(suite, read)
    check_limits(suite, read)
    if not is_quick:
        check_transports(suite, read)


def check_statuses(suite, read):
    """The table of docs/errors.md has the header's statuses, in its order."""
    statuses = re.findall(r"#define (MCP_OK|MCP_E_\w+) (\d+)", read("include/mcpclient.h"))
    table = re.findall(r"^\| (\d+) \| `(\w+)` \|", read("docs/errors.md"), re.M)
    suite.check("docs/errors.md has the header's statuses",
                [(name, number) for number, name in table] == statuses,
                set(table) ^ {(number, name) for name, number in statuses})


# Of the table of transports: how info names them, how a test server is reached.
TRANSPORTS = {
    "Streamable HTTP": ("streamable-http", ["--transport", "http"], "/full/mcp"),
    "HTTP with SSE": ("sse", ["--transport", "sse"], "/full-sse/sse"),
    "stdio": ("stdio", [], None),
}


def connects(suite, name, revision, url):
    """Whether the command-line client gets a session of a revision over a
    transport, and an answer in it: "yes" or "no"."""
    transport, options, path = TRANSPORTS[name]
    server = [url + path] if path else ["--stdio", "--", SERVER, "--stdio"]
    client = [os.path.join(BUILD, "mcpclient"), "--json", "--protocol", revision, *options]
    env = dict(os.environ, MCPCLIENT_TOKEN=TOKEN)
    info = run([*client, "info", *server], env=env)
    tools = run([*client, "tools", *server], env=env)
    told = json.loads(info.stdout or "{}")
    is_good = (info.returncode == 0 and tools.returncode == 0
               and (told["protocol"], told["transport"]) == (revision, transport))
    # What does not work says so, and not by chance.
    suite.check("%s over %s works, or is refused" % (revision, name),
                is_good or told.get("status") == "MCP_E_VERSION", info.stdout + tools.stderr)
    return "yes" if is_good else "no"


def check_transports(suite, read):
    """The table of docs/transports.md is what works."""
    revisions = re.findall(r'=> "(\d{4}-\d\d-\d\d)"', read("src/protocol/revision.rs"))
    table = ["| | %s |" % " | ".join(revisions), "|---" * (len(revisions) + 1) + "|"]
    with TestServer() as server:
        for name in TRANSPORTS:
            cells = [connects(suite, name, revision, server.url) for revision in revisions]
            table.append("| %s | %s |" % (name, " | ".join(cells)))
    text = "\n\n%s\n\n" % "\n".join(table)
    suite.check("docs/transports.md has the table of what works",
                text in read("docs/transports.md"), text)


# The limits of docs/security.md that can be changed: a row's default, and how
# the comment in the header may write it.
DEFAULTS = {
    "60 s": "60000", "1 hour": "3600000", "10 s": "10000", "10 minutes": "600000",
    "5 minutes": "300000", "500 ms": "500", "7 s": "7000", "64 MiB": "64 MiB", "1000": "1000",
    "1000000": "1000000", "4 MiB": "4 MiB", "64": "64",
}
# The fixed limits: how each row begins, and the constants in the sources: file
# and value.
CONSTANTS = {
    "arrays and objects nested": [("wire/json_text.rs", "512")],
    "messages of a batch": [("wire/jsonrpc.rs", "100_000")],
    "bytes that the references": [("client/config/resolved_entry.rs", "4 * 1024 * 1024")],
    "bytes of an expanded URI template": [("ffi/uri.rs", "1024 * 1024")],
    "warnings of members": [("client/config/document.rs", "100")],
    "bytes of the head": [("wire/http1.rs", "64 * 1024")],
    "header fields": [("wire/http1.rs", "128")],
    "bytes of a chunk": [("wire/http1_body.rs", "8 * 1024")],
    "interim responses": [("transport/connection.rs", "16")],
    "redirects of one request": [("client/http/request.rs", "5")],
    "bytes read of an error": [("client/http/request.rs", "64 * 1024")],
    "time for the body of an error": [
        ("client/http/request.rs", "Duration::from_secs(5)"),
        ("client/http/request.rs", "Duration::from_millis(500)")],
    "time for the ping": [("client/session/verification.rs", "Duration::from_secs(5)")],
    "time for the HTTP response to a notification": [
        ("client/http/message.rs", "Duration::from_millis(500)")],
    "messages of a batch": [("wire/jsonrpc.rs", "100_000")],
    "bytes of a compressed body in a row": [("wire/content_coding.rs", "256 * 1024")],
    "bytes that the references in an entry": [("client/config/resolved_entry.rs",
                                               "4 * 1024 * 1024")],
    "warnings of members that are twice": [("client/config/document.rs", "100")],
    "decoded bytes between": [("transport/events.rs", "1024 * 1024")],
    "cookies of a client": [("transport/cookies.rs", "50"), ("transport/cookies.rs", "4 * 1024")],
    "challenges read": [("wire/challenge.rs", "16")],
    "time for the response to": [("client/session/negotiate.rs", "Duration::from_secs(10)"),
                                 ("client/session/line_attempts.rs",
                                  "Duration::from_millis(2500)")],
    "time that a process may be silent": [("client/session/line_attempts.rs",
                                           "Duration::from_secs(15)")],
    "rounds of input requests": [("protocol/call_machine.rs", "10")],
    "input requests of one task": [("client/call/task_poller.rs", "1000")],
    "notifications and progress": [("client/core/event_queue.rs", "1024"),
                                   ("client/core/event_queue.rs", "16 << 20")],
    "input requests that wait": [("client/core/input_request.rs", "1000"),
                                 ("client/core/input_request.rs", "64 << 20")],
    "depth of nested": [("client/core/reentrancy.rs", "4")],
    "answers to the server": [("client/core/outbox.rs", "1024"),
                              ("client/core/outbox.rs", "64 << 20")],
    "messages of the library itself": [("client/core/outbox.rs", "256"),
                                       ("client/core/outbox.rs", "1 << 20")],
    "messages kept for one request": [("client/core/pending.rs", "1024"),
                                      ("client/core/pending.rs", "4 << 20")],
    "bytes of a tool's JSON Schema": [("protocol/schema/mod.rs", "256 << 10"),
                                      ("client/core/tool_catalog.rs", "4 << 20")],
    "subschemas and references": [("protocol/schema/compile.rs", "20_000"),
                                  ("protocol/schema/compile.rs", "1000")],
    "bytes of a pattern": [("protocol/schema/pattern.rs", "2000"),
                           ("protocol/schema/compile.rs", "256 << 10")],
    "steps of one check": [("protocol/schema/check.rs", "500_000"),
                           ("protocol/schema/check.rs", "16"),
                           ("protocol/schema/check.rs", "20_000_000")],
    "schemas inside each other": [("protocol/schema/check.rs", "200")],
    "tasks whose notifications": [("client/core/subscriptions.rs", "64")],
    "visited pages": [("client/core/input_request.rs", "256"),
                      ("client/core/input_request.rs", "1 << 20")],
    "arrays and objects nested in a configuration": [("wire/jsonc.rs", "128")],
    "pages read to find": [("client/call/refresh_tools.rs", "100")],
    "bytes of a JSON-RPC error's data": [("base/error.rs", "1 << 20")],
    "bytes kept of a process": [("transport/process/standard_error.rs", "8 * 1024")],
    "time for which a cached": [("client/core/response_cache.rs",
                                 "Duration::from_secs(24 * 3600)")],
    "bytes of a skill's front matter": [("protocol/skill.rs", "64 * 1024")],
    "values, and levels": [("wire/front_matter.rs", "10_000"), ("wire/front_matter.rs", "64")],
    "idle connections": [("transport/pool.rs", "64"),
                         ("transport/pool.rs", "Duration::from_secs(60)")],
    "addresses tried": [("transport/socket.rs", "8")],
    "threads that look up": [("transport/resolve.rs", "8")],
    "pause before": [("client/core/backoff.rs", "Duration::from_secs(1)"),
                     ("client/core/backoff.rs", "Duration::from_secs(30)"),
                     ("client/core/backoff.rs", "Duration::from_secs(60)")],
    "pause between": [("protocol/task.rs", "Duration::from_millis(10)"),
                      ("protocol/task.rs", "Duration::from_secs(3600)")],
    "time for one exchange": [("auth/oauth/flow/context.rs", "Duration::from_secs(60)")],
    "time for one HTTP request": [("auth/oauth/host/http_client.rs", "Duration::from_secs(10)")],
    "HTTP requests of one sign-in": [("auth/oauth/host/http_client.rs", "24"),
                                     ("auth/oauth/host/http_client.rs", "12")],
    "redirects of one HTTP request": [("auth/oauth/host/http_client.rs", "3")],
    "bytes of one response": [("auth/oauth/host/http_client.rs", "256 * 1024")],
    "bytes of a URL that": [("wire/url.rs", "2 * 1024")],
    "levels, and list entries": [("auth/oauth/spec/json_document.rs", "32"),
                                 ("auth/oauth/spec/json_document.rs", "256")],
    "bytes of a token": [("auth/oauth/spec/token_response.rs", "32 * 1024")],
    "bytes of a client id": [("auth/oauth/spec/registration.rs", "4096")],
    "connections to the redirect": [("auth/oauth/host/listener/mod.rs", "16")],
    "bytes, and time, of a request": [
        ("auth/oauth/host/listener/connection.rs", "8 * 1024"),
        ("auth/oauth/host/listener/connection.rs", "Duration::from_secs(5)")],
    "`MCP_EVENT_SIGN_IN_NOTICE` events": [("auth/oauth/flow/context.rs", "16")],
    "reports among these": [
        ("auth/oauth/spec/stray_redirect.rs", "10"),
        ("auth/oauth/spec/stray_redirect.rs", "Duration::from_secs(1)")],
    "pause between two polls": [
        ("auth/oauth/spec/device_authorization.rs", "1"),
        ("auth/oauth/spec/device_authorization.rs", "3600"),
        ("auth/oauth/spec/device_polling.rs", "Duration::from_secs(60)")],
    "bytes of a configuration file": [("client/config/mod.rs", "1024 * 1024")],
    "bytes of a token file": [("auth/oauth/store/file.rs", "4 * 1024 * 1024")],
    "bytes of a file with": [("auth/oauth/host/assertion.rs", "256 * 1024")],
    "bytes of a text": [("ffi/argument.rs", "1024 * 1024")],
    "arguments of a program": [("ffi/stdio.rs", "4096")],
    "bytes of a trace line": [("transport/trace.rs", "2000")],
    "bytes of log records": [("transport/log_queue.rs", "1024 * 1024")],
}


def has_constant(read, path, value):
    """Whether a source file defines a constant of a value."""
    path = os.path.join("src", path)
    return os.path.exists(os.path.join(ROOT, path)) and re.search(
        r"\bconst [A-Z_]+: \w+ = %s;" % re.escape(value), read(path))


def comment_of(header, name):
    """The comment of a function or a constant, without spaces in numbers."""
    found = re.search(r"/\*\*\n((?:(?!\*/).)*)\*/\n(?:#define |[^/#{};]*?\b)%s\b" % name,
                      header, re.S)
    return re.sub(r"(?<=\d) (?=\d{3}\b)", "", found.group(1)) if found else ""


def check_limits(suite, read):
    header, page = read("include/mcpclient.h"), read("docs/security.md")
    tables = page[page.index("\n## Limits\n"):]
    rows = [line.strip("| ").split(" | ") for line in tables.splitlines() if line.startswith("| ")]
    settable = [row for row in rows if len(row) == 3 and "`" in row[2]]
    suite.check("docs/security.md has 13 limits that can be changed", len(settable) == 13)
    for what, default, how in settable:
        name = how.strip("`")
        comment = comment_of(header, name)
        number = DEFAULTS[re.sub(r" \(.*", "", default)]
        suite.check("the header has the default: %s" % what,
                    re.search(r"\b%s\b" % number, comment), comment)
    named = set(re.findall(r"#define (MCP_LIMIT_\w+)", header))
    suite.check("docs/security.md has each MCP_LIMIT_",
                named == {row[2].strip("`") for row in settable if "MCP_LIMIT_" in row[2]}, named)
    sources = ""
    for base, _, names in os.walk(os.path.join(ROOT, "src")):
        sources += "".join(read(os.path.join(base, name)) for name in names
                           if name.endswith(".rs"))
    variables = re.search(r"environment variables \| to a server's process: (.*?), and", page)
    wanted = ", ".join('"%s"' % name for name in variables.group(1).split(", "))
    suite.check("docs/security.md has the variables of a process", wanted in sources, wanted)
    fixed = [row[0] for row in rows if len(row) == 2 and row[0] != "what"]
    for what in fixed:
        # The longest beginning counts: "bytes of a token file" is not a token.
        starts = [start for start in CONSTANTS if what.startswith(start)]
        places = CONSTANTS[max(starts, key=len)] if starts else [("no file", "no value")]
        missing = [one for one in places if not has_constant(read, *one)]
        suite.check("the sources have the limit: %s" % what, not missing,
                    "another value, or in another file: see tests/docs/facts.py: %s" % missing)
