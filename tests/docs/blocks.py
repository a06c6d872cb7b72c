"""The C blocks of a page: each is compiled, whole programs are run."""

import os
import re
import shutil
import tempfile

from support import INCLUDE, RELEASE, ROOT, SERVER, TOKEN, TestServer, run

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", INCLUDE]
LINK = ["-L", RELEASE, "-lmcpclient", "-Wl,-rpath," + RELEASE]
# A part of a program may define what it does not use.
UNUSED = ["-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-unused-function"]
# What a block's statements may use, beside what they declare.
AROUND = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mcpclient_draft.h>
void around(mcp_client *client, mcp_auth *auth, mcp_request *request,
            mcp_cancel *cancel, const char *url, const char *token,
            const char *key);
void around(mcp_client *client, mcp_auth *auth, mcp_request *request,
            mcp_cancel *cancel, const char *url, const char *token,
            const char *key)
{
(void)client; (void)auth; (void)request; (void)cancel;
(void)url; (void)token; (void)key;
{
%s}
}
"""
# The library that a header belongs to, by pkg-config's name.
LIBRARIES = {"uv.h": "libuv", "glib.h": "glib-2.0"}


def ping(suite, program):
    with TestServer() as server:
        url = server.url + "/mcp"
        done = run([program, url], env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN))
        suite.check("it pings", done.returncode == 0 and "answers" in done.stdout,
                    done.stdout + done.stderr)
        done = run([program, url], env=dict(os.environ, MCPCLIENT_TOKEN="wrong"))
        suite.check("it reports a wrong token", "answers" not in done.stdout
                    and "401" in done.stderr, done.stdout + done.stderr)
    done = run([program, "no-url"])
    suite.check("it reports a wrong URL", "answers" not in done.stdout and done.stderr,
                done.stdout + done.stderr)


def chat(suite, program):
    with TestServer() as server:
        done = run([program, server.url + "/full/mcp"],
                   env=dict(os.environ, MCPCLIENT_TOKEN=TOKEN))
    suite.check("the model calls a tool and answers", done.returncode == 0 and
                'The tool says: {"text":"hello"}' in done.stdout, done.stdout + done.stderr)


# For each page, how its whole programs are run, in their order.
PROGRAMS = {
    "README.md": [ping],
    "docs/event-loops.md": [ping, ping, ping, ping, ping, ping],
    "docs/chat-loop.md": [chat],
}


def check(suite, page, text):
    found = re.findall(r"^```(c|cpp)\n(.*?)^```$", text, re.M | re.S)
    folder = tempfile.mkdtemp()
    programs = 0
    for number, (language, block) in enumerate(found, 1):
        name = "%s: block %d" % (page, number)
        path = os.path.join(folder, "block%d.%s" % (number, language))
        program = os.path.join(folder, "block%d" % number)
        is_program = bool(re.search(r"^int main\(", block, re.M))
        programs += is_program
        flags = library_flags(suite, name, block)
        if flags is None:
            continue
        with open(path, "w", encoding="utf-8") as file:
            file.write(whole(block))
        if language == "cpp":
            command = ["c++", "-std=c++17", *FLAGS[1:], "-I", os.path.join(HERE, "qt")]
        else:
            command = ["cc", *FLAGS]
        last = ["-o", program, *LINK] if is_program else [*UNUSED, "-fsyntax-only"]
        done = run([*command, path, *last, *flags])
        if suite.check(name + " compiles", done.returncode == 0, done.stderr) and is_program:
            PROGRAMS[page][programs - 1](suite, program)
    suite.check("%s: each of %d programs is run" % (page, programs),
                programs == len(PROGRAMS.get(page, [])))
    shutil.rmtree(folder)


# The most lines of a program at the beginning of a chapter.
CHAPTER_LINES = 15


def check_header(suite, path, text):
    """The programs that the chapters of a header begin with."""
    chapters = re.findall(r"^/\*\n \* =+\n \* ([A-Z][^\n]*)\n \* =+\n(.*?)^ \*/", text, re.M | re.S)
    folder = tempfile.mkdtemp()
    for title, comment in chapters:
        lines = [line[7:] for line in comment.splitlines() if re.match(r" \*     |^ \*$", line)]
        program = "\n".join(lines).strip("\n") + "\n"
        if title == "TYPES":
            continue
        source = os.path.join(folder, "chapter.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(whole(program))
        done = run(["cc", *FLAGS, *UNUSED, "-fsyntax-only", source])
        suite.check("%s: the program of %s compiles" % (path, title),
                    done.returncode == 0 and program.strip(), done.stderr)
        count = program.count("\n")
        suite.check("%s: it has at most %d lines" % (path, CHAPTER_LINES),
                    count <= CHAPTER_LINES, "%s: %d" % (title, count))
    suite.check("%s has chapters" % path, len(chapters) > 3)
    shutil.rmtree(folder)


def whole(block):
    """A block as a file: with a header above, and a function around statements."""
    if re.search(r"^#include <mcpclient.h>", block, re.M):
        return block
    if re.search(r"^\w[^;{]*\)\n\{", block, re.M):
        return "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" \
               "#include <mcpclient_draft.h>\n" + block
    return AROUND % block


def library_flags(suite, name, block):
    """The flags for a library that a block uses; None without the library."""
    wanted = {LIBRARIES[header] for header in re.findall(r"#include <(.*?)>", block)
              if header in LIBRARIES}
    flags = []
    for library in sorted(wanted):
        if not shutil.which("pkg-config") or run(["pkg-config", "--exists", library]).returncode:
            suite.skip(name, "%s is not installed" % library)
            return None
        # Headers of others may have warnings.
        flags += run(["pkg-config", "--cflags", "--libs", library]).stdout.replace(
            "-I", "-isystem").split()
    return flags
