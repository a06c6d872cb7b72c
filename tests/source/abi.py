"""The ABI of include/mcpclient.h, against the description in the repository.

The description is made of a C file that includes the header and defines each of its
functions. The library itself says less: the release has no debug information, and
that of Rust describes private types. run.py checks apart from this that the library
exports these functions and that cbindgen writes the header from the sources.

mcpclient_draft.h is not described: drafts may change (docs/abi.md).
"""

import os
import re
import shutil
import tempfile

from support import INCLUDE, ROOT, run

DESCRIPTION = os.path.join(INCLUDE, "mcpclient.abi.xml")
NUMBERS = os.path.join(INCLUDE, "constants.txt")
HOW = "docs/abi.md says what may change; write it with UPDATE_ABI=1 python3 tests/source/run.py"
# The release, not a part of the ABI.
VERSION = re.compile(r"MCP_VERSION\w*")
ABIDW = ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-architecture",
         "--no-elf-needed", "--no-parameter-names", "--no-write-default-sizes"]


def definitions(prototypes):
    """A C file that defines each function."""
    lines = ['#include "mcpclient.h"']
    for prototype in sorted(prototypes):
        is_void = re.match(r"void\s+\w+\(", prototype)
        lines.append("%s { %s}" % (prototype, "" if is_void else "return 0; "))
    return "\n".join(lines) + "\n"


def describe(prototypes, header, folder, name):
    """Writes a description; returns its path, or None and an error."""
    place = os.path.join(folder, name)
    os.makedirs(place)
    for file_name, text in [("mcpclient.h", header), ("api.c", definitions(prototypes))]:
        with open(os.path.join(place, file_name), "w", encoding="utf-8") as file:
            file.write(text)
    # Relative paths, because the description has them.
    done = run([*os.environ.get("CC", "cc").split(), "-std=c99", "-g", "-gdwarf-4", "-O0", "-fPIC",
                "-shared", "-nostdlib", "-Wl,-soname,libmcpclient.so.0", "api.c", "-o", "api.so"],
               cwd=place)
    if done.returncode == 0:
        done = run([*ABIDW, "--out-file", "api.xml", "api.so"], cwd=place)
    return os.path.join(place, "api.xml"), done.stderr if done.returncode else ""


def compare(before, after):
    """What abidiff reports, and its exit status: 0 for no change, 4 for a change,
    12 for one that breaks programs."""
    done = run(["abidiff", before, after])
    return done.stdout.strip() + done.stderr.strip(), done.returncode


def numbers(header):
    """The constants of the header, without those of its version."""
    found = re.findall(r"^#define (MCP_\w+) \(?(-?\w+|\"[^\"]*\")\)?$", header, re.M)
    return "".join("%s %s\n" % pair for pair in sorted(found) if not VERSION.fullmatch(pair[0]))


def check_numbers(suite, header):
    text = numbers(header)
    if os.environ.get("UPDATE_ABI"):
        with open(NUMBERS, "w", encoding="utf-8") as file:
            file.write(text)
    with open(NUMBERS, encoding="utf-8") as file:
        there = file.read()
    changes = set(there.splitlines()) ^ set(text.splitlines())
    suite.check("include/constants.txt has the header's numbers", there == text,
                "%s: %s" % (HOW, sorted(changes)))


def check(suite, functions, header):
    """`functions`: the prototypes of the header by name."""
    check_numbers(suite, header)
    compiler = os.environ.get("CC", "cc").split()[0]
    missing = [tool for tool in ["abidw", "abidiff", compiler] if shutil.which(tool) is None]
    if missing:
        suite.skip("the recorded ABI", "not installed: %s (Debian: abigail-tools)" % missing)
        return
    folder = tempfile.mkdtemp()
    try:
        check_description(suite, functions, header, folder)
    finally:
        shutil.rmtree(folder)


def check_description(suite, functions, header, folder):
    path, fault = describe(functions.values(), header, folder, "now")
    if not suite.check("abidw describes the header", not fault, fault):
        return
    if os.environ.get("UPDATE_ABI"):
        shutil.copyfile(path, DESCRIPTION)
    report, status = compare(DESCRIPTION, path)
    suite.check("include/mcpclient.abi.xml describes the header", status == 0,
                "%s\n%s" % (HOW, report))
    with open(DESCRIPTION, encoding="utf-8") as file:
        text = file.read()
    suite.check("it names no path of a machine", ROOT not in text and tempfile.gettempdir() not in text)
    described = set(re.findall(r"<elf-symbol name='(\w+)'", text))
    suite.check("it has each function", described == set(functions), described ^ set(functions))

    # The check can fail: with a function less, and with another type.
    name = "mcp_ping"
    fewer = {one: prototype for one, prototype in functions.items() if one != name}
    other = dict(functions, mcp_ping=functions[name].replace("int32_t", "int64_t", 1))
    wider = header.replace("int32_t mcp_ping(", "int64_t mcp_ping(", 1)
    for what, all_functions, text, words in [
            ("a removed function", fewer, header, "1 Removed function"),
            ("another return type", other, wider, "return type changed")]:
        found, fault = describe(all_functions.values(), text, folder, what)
        report, status = compare(path, found)
        suite.check("%s is noticed" % what, not fault and status != 0 and words in report,
                    fault or report)
