"""The messages of the command line: they name options, and no function of the
library. The table has each function that a message of the library names."""

import os
import re
import subprocess

from common import suite
from support import INCLUDE, RELEASE, ROOT, run

OUT = os.path.join(ROOT, "tests", ".out", "cli")
# The option for each function; None: no option, so the message names nothing.
OPTIONS = {
    "mcp_auth_set_allow_private": "--allow-private",
    "mcp_auth_set_assertion_handler": "--assertion-file",
    "mcp_auth_set_assume_pkce": "--assume-pkce",
    "mcp_auth_set_authorization_parameter": "--",
    "mcp_auth_set_browser": "--no-browser",
    "mcp_auth_set_client": "--client-id",
    "mcp_auth_set_client_auth": "--client-auth",
    "mcp_auth_set_client_key": "--client-key",
    "mcp_auth_set_client_metadata_url": "--client-metadata-url",
    "mcp_auth_set_device_handler": "--device",
    "mcp_auth_set_endpoints": "--authorization-endpoint and --token-endpoint",
    "mcp_auth_set_identity_provider": None,
    "mcp_auth_set_issuer": "--issuer",
    "mcp_auth_set_provider": "--provider",
    "mcp_auth_set_redirect_url": "--redirect-url",
    "mcp_auth_set_scope": "--scope",
    "mcp_auth_set_sign_in_timeout": None,
    "mcp_auth_set_token_parameter": "--",
    "mcp_cancel_fire": "cancelled",
    "mcp_client_new": "--token-file",
    "mcp_client_new_stdio": "--stdio",
    "MCP_ALLOW_PLAIN_HTTP of mcp_client_set_allow": "--insecure-http",
    "mcp_client_set_auth": "--auth oauth",
    "mcp_client_set_ca_file": "--cacert",
    "MCP_LIMIT_CONNECT_TIME of mcp_client_set_limit": None,
    "mcp_client_set_deadline": None,
    "mcp_client_set_dispatch_only": None,
    "mcp_client_set_env": "--env",
    "mcp_client_set_header": "-H",
    "mcp_client_set_input_handler": None,
    "MCP_LIMIT_EVENTS of mcp_client_set_limit": "the limit of mcpclient",
    "MCP_LIMIT_ITEMS of mcp_client_set_limit": "the limit of mcpclient",
    "MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit": "the limit of mcpclient",
    "MCP_LIMIT_PAGES of mcp_client_set_limit": "the limit of mcpclient",
    "MCP_ALLOW_RESTART of mcp_client_set_allow": None,
    "mcp_client_set_roots_json": None,
    "MCP_ALLOW_TASKS of mcp_client_set_allow": None,
    "mcp_client_set_timeout": "--timeout",
    "mcp_client_set_token": "-",
    "mcp_input_reply_json": None,
    "mcp_notify": None,
    "mcp_request_set_task": None,
    "mcp_task_ttl": None,
    "mcp_request_cancel": "cancelled",
    "mcp_sign_in": "mcpclient login",
}
# Messages that name more than a function.
SAID = [
    ("if that is right, use mcp_auth_set_authorization_parameter() and "
     "mcp_auth_set_token_parameter() with \"resource\" and NULL",
     "if that is right, use --no-resource"),
    ("mcp_auth_set_authorization_parameter() with \"audience\"", "--auth-param \"audience\""),
    ("mcp_auth_set_token_parameter()", "--token-param"),
    ("use mcp_auth_set_scope() with \"\"", "use --scope ''"),
    ("mcp_auth_set_scope() with \"a b\"", "--scope with \"a b\""),
    ("use mcp_auth_set_client_auth() with \"client_secret_post\"", "use --client-auth post"),
    ("use mcp_auth_set_client_auth() with \"client_secret_basic\"", "use --client-auth basic"),
    ("use mcp_auth_set_issuer() with \"https://a\"", "use --issuer \"https://a\""),
    ("use mcp_auth_set_redirect_url() with http://localhost/callback",
     "use --redirect-url http://localhost/callback"),
]
FUNCTION = re.compile(r"\b((?:MCP_\w+ of )?mcp_\w+)\(")
# Reads messages, one on a line, and prints them as mcpclient would.
PROGRAM = """
#include <stdlib.h>
#include <string.h>
#include "%s"
void put_text(FILE *to, const char *text) { fputs(text, to); }
int main(void)
{
    static char line[65536];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *text = with_options(line);
        fputs(text, stdout);
        free(text);
    }
    return 0;
}
"""


def texts():
    """The texts of the library's sources, without tests and comments."""
    for base, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in sorted(names):
            if name in ("tests.rs", "testing.rs") or not name.endswith(".rs"):
                continue
            with open(os.path.join(base, name), encoding="utf-8") as file:
                source = file.read()
            source = re.split(r"#\[cfg\(test\)\]\s*(?:pub\(\w+\) )?mod \w+ \{", source)[0]
            source = re.sub(r"^\s*//.*$", "", source, flags=re.M)
            for text in re.findall(r'"((?:[^"\\]|\\.)*)"', source, re.S):
                text = re.sub(r"\\\n\s*", "", text).replace('\\"', '"')
                if "\n" not in text:
                    yield text


def table():
    found = sorted({text for text in texts() if FUNCTION.search(text)})
    named = {name for text in found for name in FUNCTION.findall(text)}
    suite.check("each function in a message of the library has its row", named <= set(OPTIONS),
                sorted(named - set(OPTIONS)))
    os.makedirs(OUT, exist_ok=True)
    path = os.path.join(OUT, "messages")
    with open(path + ".c", "w", encoding="utf-8") as file:
        file.write("#define _POSIX_C_SOURCE 200809L\n" + PROGRAM % os.path.join(
            ROOT, "examples-c", "cli", "messages.c"))
    done = run(["cc", "-std=c99", "-g", "-fsanitize=address,undefined", "-I", INCLUDE, "-I",
                os.path.join(ROOT, "examples-c", "cli"), path + ".c", "-o", path, "-L",
                RELEASE, "-lmcpclient", "-Wl,-rpath," + RELEASE], 60)
    if not suite.check("the messages build", done.returncode == 0, done.stderr[-2000:]):
        return
    for text in found:
        said = rewritten(path, text)
        wanted = [OPTIONS.get(name) for name in FUNCTION.findall(text)]
        suite.check("message: %s" % said, "mcp_" not in said and "function" not in said
                    and all(word in said for word in wanted if word)
                    and not re.search(r"[;:,] ?$|  | [;,.]|\bsee$|\bwith$", said), text)
    for text, said in [("see mcp_no_such_thing()", "see a function of the library"),
                       ("see mcp_no_such_thing(a, 1) here", "see a function of the library here"),
                       ("my_mcp_notify() or mcp_ or mcp_x", "my_mcp_notify() or mcp_ or mcp_x"),
                       ("mcp_open(", "a function of the library"), ("", ""), *SAID]:
        suite.check("message: %s" % text, rewritten(path, text) == said, rewritten(path, text))


def rewritten(path, text):
    done = subprocess.run([path], input=text, capture_output=True, text=True, timeout=30)
    return done.stdout if done.returncode == 0 else done.stderr


def run_all():
    table()
