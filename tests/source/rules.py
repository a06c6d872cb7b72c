#!/usr/bin/env python3
"""The rules at the top of the header, for every function that it declares.

    python3 tests/source/rules.py

Each function is called with NULL for each of its pointers, with times at the ends of
their range, and with texts that are empty, long or not UTF-8. The comment of the
function says what has to happen. A parameter of a new kind makes the test fail until
SAMPLES or CALLBACK_OBJECTS has it.
"""

import ctypes
import json
import os
import re
import signal
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import INCLUDE, RELEASE, Suite

INVALID_ARGUMENT, STATE, CLOSED, FORKED, TLS = 1, 2, 3, 4, 22
LIB = ctypes.CDLL(os.path.join(RELEASE, "libmcpclient.so"))
TYPES = {"int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "size_t": ctypes.c_size_t,
         "double": ctypes.c_double, "mcp_fd": ctypes.c_int, "void": None}
# What the library lends to a callback or an event alone: no function makes one.
CALLBACK_OBJECTS = {"mcp_assertion", "mcp_event", "mcp_log_record", "mcp_progress",
                    "mcp_sign_in_page", "mcp_store_entry"}
# Getters of a handle that the application has already.
RETURN_KNOWN_HANDLE = {"mcp_input_client", "mcp_input_request", "mcp_request_client"}
# Functions whose status is not an error of the call; their comments say so.
KEEP_LAST_ERROR = {"mcp_request_status", "mcp_config_status"}
# Handles that a child process has to make itself.
OF_ONE_PROCESS = {"mcp_client", "mcp_request", "mcp_auth", "mcp_input", "mcp_token_request"}
# They take effect on a closed client: what they set is released with it.
AFTER_CLOSE = {"mcp_client_set_userdata", "mcp_client_set_trace_fd"}
# They wait as long as they are told: a time without an end is tested elsewhere.
WAIT = {"mcp_client_dispatch", "mcp_request_wait"}


class Parameter:
    def __init__(self, text, comment):
        self.type, self.name = re.match(r"(.*?)(\w+)$", text.strip()).groups()
        self.type = re.sub(r"\s+", " ", self.type).strip()
        self.is_pointer = self.type.endswith("*")
        self.is_callback = re.fullmatch(r"mcp_\w+_fn", self.type) is not None
        handle = re.fullmatch(r"(?:const )?(mcp_\w+) \*", self.type)
        self.handle = handle.group(1) if handle else None
        self.is_text = self.type == "const char *"
        self.comment = part_of(comment, self.name)
        # The top of the header says it once, for these.
        self.may_be_null = "NULL" in self.comment or self.type in ("void *", "mcp_free_fn") or \
            self.type.endswith("**") or self.name == "len" and self.is_pointer

    def ctype(self):
        if self.is_pointer or self.is_callback:
            return ctypes.c_void_p
        return TYPES[self.type]


class Function:
    def __init__(self, name, comment, prototype):
        self.name, self.comment = name, comment
        result, rest = re.match(r"(.*?)\b%s\((.*)\)$" % name, prototype).groups()
        self.result = result.strip()
        rest = rest.strip()
        self.parameters = [] if rest == "void" else [
            Parameter(one, comment) for one in rest.split(",")]
        self.gives_pointer = self.result.endswith("*")
        self.makes = self.gives_pointer and not self.result.startswith("const ") and \
            self.result != "void *" and name not in RETURN_KNOWN_HANDLE
        self.call = getattr(LIB, name)
        self.call.argtypes = [one.ctype() for one in self.parameters]
        self.call.restype = ctypes.c_void_p if self.gives_pointer else TYPES[self.result]
        self.is_status = self.result == "int32_t" and (
            name.startswith(("mcp_ping", "mcp_connect", "mcp_list_", "mcp_call_", "mcp_read_",
                             "mcp_get_", "mcp_complete", "mcp_subscribe", "mcp_unsubscribe",
                             "mcp_set_", "mcp_listen", "mcp_notify", "mcp_sign_in", "mcp_sign_out",
                             "mcp_cancel_task", "mcp_open_browser", "mcp_assertion_")) and
            not name.startswith("mcp_sign_in_page") or
            re.search(r"_set_|_answer$|_fail$|_accept$|_decline$|_dismiss$|_reply_json$|_perform$|"
                      r"_start$|_wait$|_take_result$|_dispatch$|_wake$|_cancel$|_auth_complete$|"
                      r"_check_arguments$", name) is not None) and self.result == "int32_t"


def part_of(comment, name):
    """What a comment says about a parameter: from its name to the next one."""
    found = re.search(r"^((?:`\w+`, )*`%s`(?:, `\w+`)*[,:] .*?)(?=^`|\n\n|\Z)" % name, comment,
                      re.M | re.S)
    said = " ".join(found.group(1).split()) if found else ""
    other = re.search(r"as for (mcp_\w+)\(\)", said)
    return said + " " + part_of(COMMENTS[other.group(1)], name) if other else said


COMMENTS = {}


def functions():
    found = []
    for file in ["mcpclient.h", "mcpclient_draft.h"]:
        with open(os.path.join(INCLUDE, file), encoding="utf-8") as text:
            for comment, prototype, name in re.findall(
                    r"/\*\*\n((?:(?!\*/).)*)\*/\n([^/#{}]*?\b(mcp_\w+)\([^;]*?\));", text.read(),
                    re.S):
                if not prototype.startswith("typedef"):
                    COMMENTS[name] = re.sub(r"^ \* ?", "", comment, flags=re.M)
                    found.append((name, " ".join(prototype.split())))
    return [Function(name, COMMENTS[name], prototype) for name, prototype in found]


class Server:
    """A server over two sockets, with one thing of each kind."""

    ITEM = {"name": "x", "uri": "x://x", "uriTemplate": "x://{x}", "inputSchema": {},
            "arguments": [{"name": "x"}]}
    RESULT = {"protocolVersion": "2025-11-25", "serverInfo": {"name": "x", "version": "1"},
              "capabilities": {"tools": {}, "tasks": {"list": {}}},
              "tools": [ITEM], "resources": [ITEM], "prompts": [ITEM], "skills": [ITEM],
              "content": [{"type": "text", "text": "x"}], "structuredContent": {"x": 1},
              "completion": {"values": ["x"]},
              "tasks": [{"taskId": "x", "status": "working"}]}

    def __init__(self):
        ours, self.theirs = socket.socketpair()
        self.stream = ours.makefile("rwb")
        ours.close()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        for line in self.stream:
            message = json.loads(line)
            if "id" not in message:
                continue
            reply = {"jsonrpc": "2.0", "id": message["id"]}
            if message.get("method") == "server/discover":
                reply["error"] = {"code": -32601, "message": "none"}
            elif "method" not in message:
                continue
            elif message["method"] == "ask":
                reply = {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create",
                         "params": {"message": "x", "requestedSchema": {"type": "object"}}}
            else:
                reply["result"] = self.RESULT
            self.stream.write(json.dumps(reply).encode() + b"\n")
            self.stream.flush()


def by_name(name):
    return next(one for one in FUNCTIONS if one.name == name)


FUNCTIONS = functions()
for _function in FUNCTIONS:
    setattr(LIB, _function.name, _function.call)
ARGV = (ctypes.c_char_p * 2)(b"true", None)
LEN = ctypes.c_size_t()
NO_SERVER = b"http://127.0.0.1:9/mcp"
CONFIG = b'{"mcpServers":{"x":{"url":"http://127.0.0.1:9/mcp"}}}'


def results():
    """A client with a server, and a result of each kind."""
    pipe = Server().theirs
    client = LIB.mcp_client_new_fds(os.dup(pipe.fileno()), pipe.detach())
    out = ctypes.c_void_p()
    request = LIB.mcp_request_new(client, b"tools/list", None)
    status = LIB.mcp_request_perform(request, ctypes.byref(out))
    assert status == 0, LIB.mcp_error_message(None)
    return client, out.value


def received(client, set_handler, *before, method=b"ask"):
    """What a handler receives and keeps: an object that the application owns."""
    kept = []
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    handler = kind(lambda userdata, client, received: kept.append(received) or 0)
    HANDLERS.append(handler)
    assert set_handler(client, *before, ctypes.cast(handler, ctypes.c_void_p), None, None) == 0
    assert LIB.mcp_request_start(LIB.mcp_request_new(client, method, None)) == 0
    for _ in range(50):
        if not kept:
            LIB.mcp_client_dispatch(client, 100)
    return kept[0]


def input_request():
    pipe = Server().theirs
    client = LIB.mcp_client_new_fds(os.dup(pipe.fileno()), pipe.detach())
    return received(client, LIB.mcp_client_set_input_handler, 1)


def token_request():
    client = LIB.mcp_client_new(NO_SERVER, None)
    return received(client, LIB.mcp_client_set_token_handler)


HANDLERS = []
CLIENT, RESULT = results()
HANDLES = {
    "mcp_client": lambda: LIB.mcp_client_new(NO_SERVER, None),
    "mcp_request": lambda: LIB.mcp_request_new_call_tool(HANDLES["mcp_client"](), b"x", None),
    "mcp_cancel": LIB.mcp_cancel_new,
    "mcp_auth": lambda: LIB.mcp_auth_new(1),
    "mcp_json": LIB.mcp_json_new,
    "mcp_config": lambda: LIB.mcp_config_parse(CONFIG, len(CONFIG), None),
    "mcp_error": lambda: LIB.mcp_error_copy(None) if LIB.mcp_ping(None) else None,
    "mcp_result": lambda: RESULT,
    "mcp_tool": lambda: LIB.mcp_result_tool(RESULT, 0),
    "mcp_resource": lambda: LIB.mcp_result_resource(RESULT, 0),
    "mcp_prompt": lambda: LIB.mcp_result_prompt(RESULT, 0),
    "mcp_content": lambda: LIB.mcp_result_content(RESULT, 0),
    "mcp_task": lambda: LIB.mcp_result_task(RESULT, 0),
    "mcp_input": input_request,
    "mcp_token_request": token_request,
    "mcp_skill": lambda: LIB.mcp_result_skill(RESULT, 0),
}
# A valid value of each parameter that is no handle; "function.parameter" counts more.
SAMPLES = {"name": "x", "url": NO_SERVER.decode(), "uri": "x://x", "method": "ping", "json": "{}",
           "arguments_json": "{}", "params_json": "{}", "reference_json": "{}", "argument": "x",
           "value": "x", "context_json": "{}", "content_json": "{}", "result_json": "{}",
           "token": "x", "version": "1", "message": "x", "pointer": "/x", "value_json": "1",
           "text": "{}", "path": "/dev/null", "pem": "x", "certificate_path": "/dev/null",
           "key_path": "/dev/null", "certificate_pem": "x", "key_pem": "x", "algorithm": "ES256",
           "key_id": "x", "client_id": "x", "client_secret": "x", "token_endpoint": "https://x.example/t",
           "scope": "x", "issuer": "https://x.example", "authorization": "https://x.example/a",
           "redirect_url": "?code=x", "uri_template": "x", "values_json": "{}", "task_id": "x",
           "directory": "/", "data": "x", "milliseconds": 1000, "ttl_milliseconds": 1000,
           "limit": 1, "what": 1, "allow": 1, "on": 1, "kinds": 1, "level": 3, "kind": 1,
           "index": 0, "len": 1, "certificate_len": 1, "key_len": 1, "counter": 1, "grant": 1,
           "transport": 1, "choice": 0, "fd": -1, "read_fd": -1, "write_fd": -1, "status": 0,
           "otherwise": 0, "repeatable": 1, "all": 1, "assume": 1, "rpc_code": 1,
           "mcp_json_set_integer.value": 1, "mcp_json_set_number.value": 1.0,
           "mcp_json_set_boolean.value": 1, "mcp_client_set_limit.value": 1,
           "mcp_client_set_protocol_version.version": "2025-11-25",
           "mcp_client_set_roots_json.json": "[]",
           "mcp_client_set_proxy.url": "http://127.0.0.1:9",
           "mcp_auth_set_client_metadata_url.url": "https://x.example/c",
           "mcp_auth_set_redirect_url.url": "https://x.example/r",
           "mcp_auth_set_client_auth.method": "none", "mcp_auth_set_provider.name": "entra",
           "mcp_config_parse.json": CONFIG.decode(), "mcp_config_parse.len": len(CONFIG),
           "mcp_json_parse.len": 2, "string": None}


def sample(function, parameter):
    if parameter.handle in CALLBACK_OBJECTS:
        return None
    if parameter.handle:
        return HANDLES[parameter.handle]()
    if parameter.type == "size_t *":
        return ctypes.addressof(LEN)
    if parameter.type == "const char *const *":
        return ctypes.addressof(ARGV)
    if parameter.type.endswith("**"):
        OUT.value = 0xdead
        return ctypes.addressof(OUT)
    if parameter.is_callback or parameter.type == "void *":
        return None
    value = SAMPLES.get(function.name + "." + parameter.name, SAMPLES.get(parameter.name, KeyError))
    if value is KeyError:
        raise KeyError("SAMPLES has no value for `%s` of %s()" % (parameter.name, function.name))
    return text(value) if isinstance(value, str) else value


OUT = ctypes.c_void_p()
KEPT = []


def text(value):
    KEPT.append(ctypes.create_string_buffer(value if isinstance(value, bytes) else value.encode()))
    return ctypes.addressof(KEPT[-1])


def arguments(function, **replaced):
    return [replaced[one.name] if one.name in replaced else sample(function, one)
            for one in function.parameters]


def forget():
    """Makes the last error one that no function below would give."""
    LIB.mcp_config_parse(b"{", 1, None)


def last():
    message = ctypes.cast(LIB.mcp_error_message(None), ctypes.c_char_p).value
    return LIB.mcp_error_status(None), message.decode()


def documented(function, parameter):
    """What the comment says NULL gives."""
    found = re.search(r"\bNULL gives (\S+?)\.?(?:\s|$)", parameter.comment)
    if not found:
        return None
    word = found.group(1)
    return {"NULL": None, "MCP_E_INVALID_ARGUMENT": 1, "MCP_JSON_NULL": 0, "MCP_LOG_DEBUG": 0,
            "MCP_TRANSPORT_AUTO": 0, "MCP_FD_NONE": -1,
            "`otherwise`": SAMPLES["otherwise"]}.get(word, word)


def check_null(function, parameter):
    forget()
    before = last()
    LEN.value = 0xdead
    given = function.call(*arguments(function, **{parameter.name: None}))
    status, message = last()
    if given is None and LEN.value and parameter.name != "len" and \
            any(one.type == "size_t *" for one in function.parameters):
        return "*len is not 0"
    if OUT.value == 0xdead:
        OUT.value = None
        if any(one.type.endswith("**") for one in function.parameters):
            return "*out was not written"
    reads = not function.is_status and not function.makes
    if reads and (status, message) != before and "last error" not in function.comment:
        return "changed the last error: %d: %s" % (status, message)
    if function.is_status and given and function.name not in KEEP_LAST_ERROR and \
            (status != given or (status, message) == before):
        return "returned %d, and the last error is %d: %s" % (given, status, message)
    if "NULL gives" in parameter.comment:
        wanted = documented(function, parameter)
        same = given is None if wanted is None else given is not None and int(given) == int(wanted)
        return "" if same else "gave %r, not %r" % (given, wanted)
    if parameter.may_be_null or function.result == "void":
        if (status, message) != before and "%s is NULL" % parameter.name in message and \
                "both" not in message:
            return "the comment permits NULL, and the function does not: " + message
        if function.makes and given is None and (status, message) == before and \
                function.name not in ("mcp_client_next_done",):
            return "returned NULL without an error"
        return ""
    if function.is_status:
        good = given == INVALID_ARGUMENT and parameter.name in message
        return "" if good else "returned %d: %s" % (given, message)
    if function.makes:
        good = given is None and status == INVALID_ARGUMENT and parameter.name in message
        return "" if good else "gave %r, %d: %s" % (given, status, message)
    return "the comment does not say what NULL gives; it gave %r" % (given,)


def check_time(function, parameter, value):
    forget()
    given = function.call(*arguments(function, **{parameter.name: value}))
    status, message = last()
    about = parameter.comment + " " + function.comment
    if value < 0 and "-1, the default" not in parameter.comment:
        good = given == INVALID_ARGUMENT and parameter.name in message
    elif value == 0:
        if function.name == "mcp_request_wait":  # Its request was not started.
            return "" if given == STATE and "not started" in message else message
        good = given == (INVALID_ARGUMENT if "1 or more" in about else 0)
    else:
        good = given == 0 or given == INVALID_ARGUMENT and parameter.name in message
    return "" if good else "%d gave %r: %s" % (value, given, message)


def check_text(function, parameter, value):
    replaced = {parameter.name: text(value)}
    own = {"pem": "len", "json": "len", "text": "len", "data": "len", "token": "len",
           "certificate_pem": "certificate_len", "key_pem": "key_len"}.get(parameter.name)
    if own and any(one.name == own for one in function.parameters):
        replaced[own] = len(value)
    forget()
    before = last()
    given = function.call(*arguments(function, **replaced))
    status, message = last()
    if (function.is_status and given or function.makes and given is None) and \
            (status, message) == before:
        return "failed without an error"
    # A name to look for is no text that the library takes over.
    if value == b"\xff":
        if function.is_status:
            good = given not in (0,) and (given != INVALID_ARGUMENT or parameter.name in message)
            return "" if good else "invalid UTF-8 gave %r: %s" % (given, message)
        if function.makes:
            good = given is None and status == INVALID_ARGUMENT
            return "" if good else "invalid UTF-8 gave %r, %d: %s" % (given, status, message)
    return ""


def check_fork(suite):
    """In the child of a fork(), with handles of the parent."""
    calls = [(function, arguments(function)) for function in FUNCTIONS
             if function.parameters and function.parameters[0].handle in OF_ONE_PROCESS and
             not any(one.handle in CALLBACK_OBJECTS for one in function.parameters) and
             function.name not in KEEP_LAST_ERROR]
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        wrong = []
        for function, values in calls:
            forget()
            given = function.call(*values)
            status = last()[0]
            if function.is_status and given != FORKED or \
                    function.makes and (given is not None or status != FORKED):
                wrong.append("%s gave %r, %d" % (function.name, given, status))
        os.write(writes, "; ".join(wrong).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        wrong = pipe.read()
    ended = os.waitpid(child, 0)[1]
    suite.check("%d functions refuse a handle of the parent process" % len(calls),
                not wrong and ended == 0, wrong or ended)


def check_closed(suite):
    """A setter that has no effect any more says so, and so does a call."""
    wrong = []
    for function in FUNCTIONS:
        first = function.parameters[0].handle if function.parameters else None
        if not function.is_status or first not in ("mcp_client", "mcp_request") or \
                function.name in AFTER_CLOSE or \
                any(one.is_callback for one in function.parameters):
            continue
        values = arguments(function)
        LIB.mcp_client_close(values[0] if first == "mcp_client" else
                             LIB.mcp_request_client(values[0]))
        given = function.call(*values)
        # Certificates are read before the client is looked at.
        if given not in (STATE, CLOSED) and not (given == TLS and "_set_c" in function.name) and \
                function.name != "mcp_read_skill_file":
            wrong.append("%s gave %d" % (function.name, given))
    suite.check("functions with a status refuse a closed client", not wrong, "; ".join(wrong))


def is_call(name):
    """Whether a function returns what a call to the server can return."""
    errors = "".join(re.findall(r"^Errors: .*?(?=\n\n|\Z)", COMMENTS[name], re.M | re.S))
    other = re.search(r"those of\s+(mcp_\w+)\(\)", errors)
    return "call errors" in errors or other is not None and is_call(other.group(1))


def check_blocking(suite):
    """The top of the header lists each call of the stable header."""
    with open(os.path.join(INCLUDE, "mcpclient.h"), encoding="utf-8") as text:
        header = text.read()
    paragraph = re.search(r"BLOCKING\.(.*?)A started request", header, re.S).group(1)
    listed = set(re.findall(r"(mcp_\w+)\(\)", paragraph)) - {"mcp_client_close"}
    calls = {one.name for one in FUNCTIONS
             if re.search(r"\b%s\(\w" % one.name, header) and is_call(one.name)}
    suite.check("BLOCKING lists the calls", listed == calls, listed ^ calls)


def main():
    suite = Suite("rules")
    check_blocking(suite)
    check_fork(suite)
    check_closed(suite)
    for function in FUNCTIONS:
        problems = []
        for parameter in function.parameters:
            # With the handle of a callback there is only NULL to test.
            lacks = any(one.handle in CALLBACK_OBJECTS for one in function.parameters)
            try:
                if parameter.is_pointer or parameter.is_callback:
                    if not lacks or parameter.handle in CALLBACK_OBJECTS:
                        wrong = check_null(function, parameter)
                        if wrong:
                            problems.append("`%s` NULL: %s" % (parameter.name, wrong))
                if "milliseconds" in parameter.name and not lacks:
                    for value in [-1, -2 ** 63, 0, 2 ** 63 - 1]:
                        if value > 0 and function.name in WAIT:
                            continue
                        wrong = check_time(function, parameter, value)
                        if wrong:
                            problems.append("`%s`: %s" % (parameter.name, wrong))
                if parameter.is_text and not lacks:
                    for value in [b"", b"\xff", b"x" * 2 ** 20]:
                        wrong = check_text(function, parameter, value)
                        if wrong:
                            problems.append("`%s` %r: %s" % (parameter.name, value[:8], wrong))
            except KeyError as error:
                problems.append(str(error))
            del KEPT[:]
        suite.check(function.name, not problems, "; ".join(problems))
    suite.end()


if __name__ == "__main__":
    main()
