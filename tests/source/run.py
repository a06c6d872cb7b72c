#!/usr/bin/env python3
"""The sources, the header and the built library against the rules.

    python3 tests/source/run.py [--quick]

--quick leaves out what a library built for speed of building has not, and what
needs the command-line client.
"""

import ctypes
import importlib.util
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import abi
import dropped
import imports
import layers
from support import INCLUDE, RELEASE, ROOT, Suite, run

HEADER = os.path.join(INCLUDE, "mcpclient.h")
DRAFT = os.path.join(INCLUDE, "mcpclient_draft.h")
SYMBOLS = os.path.join(INCLUDE, "symbols.txt")
LIBRARY = os.path.join(RELEASE, "libmcpclient.so")
# With 0.1 MB for the check of JSON Schemas.
MOST_BYTES = 3_800_000
IS_QUICK = "--quick" in sys.argv
suite = Suite("source")
with open(HEADER, encoding="utf-8") as file, open(DRAFT, encoding="utf-8") as draft:
    header = file.read() + draft.read()


def functions(text=header):
    """Name, comment and prototype of each function of the headers."""
    found = re.findall(r"/\*\*\n((?:(?!\*/).)*)\*/\n([^/#{}]*?\b(mcp_\w+)\([^;]*?\));", text, re.S)
    return [(name, comment, " ".join(prototype.split())) for comment, prototype, name in found
            if not prototype.startswith("typedef")]


def check_layers():
    found = list(layers.problems(os.path.join(ROOT, "src")))
    suite.check("each module uses those below it alone", not found, "\n".join(found))
    # The check can fail: with a wrong table, and with wrong files.
    narrow = dict(layers.TABLE, client=set())
    suite.check("a narrower table is noticed",
                any("client may not use" in line for line in
                    layers.problems(os.path.join(ROOT, "src"), narrow)))
    wide = dict(layers.TABLE, attic=set())
    suite.check("a layer that no file is in is noticed",
                any("attic" in line for line in layers.problems(os.path.join(ROOT, "src"), wide)))
    folder = tempfile.mkdtemp()
    for path, text in [("wire/a.rs", "use crate::client::Client;\nuse crate::{\n    client,\n};\n"),
                       ("protocol/a.rs", "unsafe { x() }\n"),
                       ("transport/a.rs", "let x = \"2025-06-18\";\nprintln!();\n"
                                          "use std::os::fd::RawFd;\n#[cfg(target_os = \"x\")]\n"
                                          "libc::poll();\n"),
                       ("auth/a.rs", "let x = std::env::var_os(name);\nstd::thread::spawn(x);\n"
                                     "Command::new(x).spawn();\n"),
                       ("other/a.rs", "\n")]:
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)
    found = "\n".join(layers.problems(folder))
    shutil.rmtree(folder)
    for words in ["wire/a.rs:1: wire may not use client", "wire/a.rs:2: a use of the root", "protocol/a.rs:1: unsafe",
                  "transport/a.rs:1: a revision", "transport/a.rs:2: prints",
                  "transport/a.rs:3: an operating", "transport/a.rs:4: an operating",
                  "transport/a.rs:5: an operating",
                  "auth/a.rs:1: the environment", "auth/a.rs:2: a thread",
                  "auth/a.rs: a process without", "other/a.rs: in no layer"]:
        suite.check("noticed: %s" % words, words in found, found)


def check_imports():
    """Cycles, the parts of a folder, and type names."""
    folder = os.path.join(ROOT, "src")
    found = list(imports.problems(folder))
    suite.check("no import cycle, no part above another, no type name twice", not found,
                "\n".join(found))
    # The check can fail: with narrower tables, and with wrong files.
    for place, part, taken in [("client", "session", "http"), ("auth/oauth", "flow", "host")]:
        narrow = {place: dict(imports.PARTS[place])}
        narrow[place][part] = narrow[place][part] - {taken}
        words = "%s may not use %s" % (part, taken)
        suite.check("a narrower table is noticed: %s" % words,
                    any(words in line for line in imports.problems(folder, narrow)))
    folder = tempfile.mkdtemp()
    for path, text in [("wire/mod.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
                       ("wire/a.rs", "use crate::wire::{\n    b::{B, b},\n};\nstruct Same;\n"),
                       ("wire/b.rs", "fn b() { super::c::c() }\nenum Same {}\n"),
                       ("wire/c.rs", "use super::a;\n"),
                       ("wire/d.rs", "// crate::wire::a\n#[cfg(test)]\nmod tests {\n"
                                     "    use super::super::a;\n}\n"),
                       ("client/core/client.rs", "pub struct Client;\n"),
                       ("client/app/a.rs", "impl Client {\n    pub fn first(&self) {\n"
                                           "        self.second();\n    }\n}\n"),
                       ("client/call/b.rs", "impl Client {\n    pub fn second(&self) {}\n}\n")]:
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)
    found = "\n".join(imports.problems(folder))
    shutil.rmtree(folder)
    for words in ["an import cycle: wire::a, wire::b, wire::c",
                  "the type Same is defined in wire::a and wire::b",
                  "client::app::a uses client::call::b: app may not use call"]:
        suite.check("noticed: %s" % words, words in found, found)
    suite.check("a use in a comment or a test is none", "wire::d" not in found, found)


def releases(folder):
    """Where the application's user data is held or released, and may not be."""
    for base, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(base, name)
            place = os.path.relpath(path, folder)
            if not name.endswith(".rs") or place == os.path.join("ffi", "callback.rs"):
                continue
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
            for number, line in enumerate(lines, 1):
                code = line.split("//")[0]
                where = "%s:%d: " % (place, number)
                # A parameter of an exported function, handed to UserData::new.
                is_parameter = re.fullmatch(r"\s*free_userdata: mcp_free_fn,", code)
                is_type = code.startswith(("use ", "pub type mcp_free_fn"))
                if "mcp_free_fn" in code and not is_parameter and not is_type:
                    yield where + "holds a free function; UserData does that"
                if re.search(r"\bfree_userdata\(|\bfree\(", code):
                    yield where + "calls a free function; UserData does that"
                if re.search(r"\*mut c_void,?$", code) and "userdata" in code \
                        and not re.fullmatch(r"\s*userdata: \*mut c_void,", code):
                    yield where + "holds user data; UserData does that"


def check_user_data():
    found = list(releases(os.path.join(ROOT, "src")))
    suite.check("user data is held and released by UserData alone", not found, "\n".join(found))
    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "a.rs"), "w", encoding="utf-8") as file:
        file.write("free: mcp_free_fn,\nunsafe { free(pointer) };\n")
    found = "\n".join(releases(folder))
    shutil.rmtree(folder)
    for words in ["a.rs:1: holds a free function", "a.rs:2: calls a free function"]:
        suite.check("noticed: %s" % words, words in found, found)


# What the top of the header says for every function.
SAID_ONCE = ["Since: 0.1.0", "Threads: any.", "MCP_E_FORKED", "Returns MCP_OK or a status",
             "valid until mcp_result_free()", "terminating NUL"]


def check_documentation():
    documented = functions()
    declared = re.findall(r"^(?!typedef)[a-z][^(\n]*?\b(mcp_\w+)\(", header, re.M)
    suite.check("each of %d functions has a comment" % len(declared),
                sorted(declared) == sorted(name for name, _, _ in documented),
                set(declared) ^ {name for name, _, _ in documented})
    for name, comment, prototype in documented:
        text = " ".join(line.strip(" *") for line in comment.splitlines())
        # The top of the header says this once, for every function.
        problems = [word for word in SAID_ONCE if word in text]
        first = re.split(r"[ .]", text.strip())[0]
        if not first.endswith(("s", ":")) and first not in ("Of", "DANGER"):
            problems.append("does not begin with what it does: " + first)
        parameters = re.findall(r"(\w+)(?:,|\)$)", prototype.split("(", 1)[1])
        for parameter in parameters:
            told = {"client", "request", "result", "error", "cancel", "void", "len", "data"}
            if parameter not in told and "`%s`" % parameter not in text:
                problems.append("does not tell of " + parameter)
        # What reads a server's text says if there may be none.
        if (re.match(r"const char \*mcp_(tool|resource|prompt|content|skill|task|event|input|result)_",
                     prototype)
                and not re.search(r'NULL (or "" )?if the server sent none|Never NULL for', text)):
            problems.append("does not tell of what the server did not send")
        suite.check("comment of %s" % name, not problems, "; ".join(problems))
    long = [line for line in header.splitlines() if len(line) > 80]
    suite.check("no line of the header is longer than 80", not long, long[:3])
    known = set(re.findall(r"#define (MCP_E_\w+)", header))
    named = set(re.findall(r"\b(MCP_E_[A-Z_]+[A-Z])\b", header))
    named.discard("MCP_E_UNKNOWN")  # What mcp_status_name() says of no status.
    suite.check("each status that a comment names exists", named <= known, named - known)


def check_rules():
    """In a process for itself: a crash is a failure like others."""
    done = run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                             "rules.py")], 120)
    lines = done.stdout.splitlines()
    for line in lines:
        if line.startswith(("ok ", "FAILED ")):
            name, _, detail = line.split(None, 1)[1].partition(": ")
            suite.check("rules: " + name, line.startswith("ok "), detail)
    suite.check("the rules were checked to the end", lines and lines[-1].startswith("rules: "),
                "%s %s" % (done.returncode, done.stderr[-1000:]))


def check_symbols():
    lines = ["%s: %s;" % (name, prototype) for name, _, prototype in sorted(functions())]
    text = "\n".join(lines) + "\n"
    if os.environ.get("UPDATE"):
        with open(SYMBOLS, "w", encoding="utf-8") as file:
            file.write(text)
    with open(SYMBOLS, encoding="utf-8") as file:
        there = file.read()
    suite.check("include/symbols.txt is the header's list", there == text,
                "write it with UPDATE=1 python3 tests/source/run.py")


def check_abi():
    """The promise of docs/abi.md, which does not cover the drafts."""
    with open(HEADER, encoding="utf-8") as file:
        stable = file.read()
    promised = {name: prototype for name, _, prototype in functions()
                if re.search(r"\b%s\(" % name, re.sub(r"/\*.*?\*/", " ", stable, flags=re.S))}
    abi.check(suite, promised, stable)


def foreign(text):
    """What a header declares under names that are not the library's."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    guards = {"MCPCLIENT_H", "MCPCLIENT_DRAFT_H"}
    names = set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M)) - guards
    code = re.sub(r"^\s*#.*$", " ", text, flags=re.M)
    names.update(re.findall(r"\b(?:struct|union|enum)\s+(\w+)", code))
    for body in re.findall(r"\benum\b[^;{]*\{([^}]*)\}", code):
        names.update(re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", body.strip()))
    for declaration in re.findall(r"\btypedef\b([^;{]*(?:\{[^}]*\}[^;]*)?);", code):
        function = re.search(r"\(\s*\*\s*(\w+)\s*\)", declaration)
        names.add(function.group(1) if function else re.findall(r"\w+", declaration)[-1])
    names.update(re.findall(r"\b(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*;", code))
    return sorted(name for name in names if not name.startswith(("mcp_", "MCP_")))


def check_functions():
    with open(HEADER, encoding="utf-8") as file:
        stable = functions(file.read())
    suite.check("mcpclient.h has at most %d functions" % dropped.MOST_FUNCTIONS,
                len(stable) <= dropped.MOST_FUNCTIONS, len(stable))
    found = list(dropped.left(ROOT))
    suite.check("no dropped name is left", not found, "\n".join(found))
    # The check can fail.
    old = ("mcp_" + "client_count", "MCP_" + "EVENT_SILENT")
    folder = tempfile.mkdtemp()
    os.makedirs(os.path.join(folder, "docs"))
    with open(os.path.join(folder, "docs", "a.md"), "w", encoding="utf-8") as file:
        file.write("`%s` and %s\n%ser\n" % (old + (old[0],)))
    found = list(dropped.left(folder))
    shutil.rmtree(folder)
    suite.check("a dropped name is noticed",
                found == ["docs/a.md:1: %s" % name for name in old], found)


def check_names():
    found = foreign(header)
    suite.check("each name of the header begins with mcp_ or MCP_", not found, found)
    # The check can fail, for each kind of name.
    wrong = ("#define A 1\n/** struct no */\ntypedef struct B B;\ntypedef struct mcp_x C;\n"
             "enum mcp_e { MCP_F, D = 1, E };\ntypedef int (*F)(int mcp_x);\nint g(int x);\n"
             "typedef struct mcp_h { int i; } H;\ntypedef int mcp_j;\n")
    suite.check("a foreign name is noticed", foreign(wrong) == list("ABCDEFHg"), foreign(wrong))


def inner_names():
    """The names of the library's own types, which a program may have as well."""
    found = {"Written", "View", "Answer"}
    for path, _, files in os.walk(os.path.join(ROOT, "src")):
        for name in files:
            with open(os.path.join(path, name), encoding="utf-8") as file:
                found.update(re.findall(r"\b(?:struct|enum|type|trait) ([A-Z][A-Za-z]*)",
                                        file.read()))
    return sorted(found)


def check_header_compiles():
    folder = tempfile.mkdtemp()
    source = os.path.join(folder, "twice.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <mcpclient_draft.h>\n#include <mcpclient.h>\n"
                   "#include <mcpclient_draft.h>\nint x;\n")
        file.writelines("typedef struct %s { int x; } %s;\n" % (name, name)
                        for name in inner_names())
    for compiler, kinds in [("gcc", ("c", "c++")), ("clang", ("c", "c++"))]:
        if shutil.which(compiler) is None:
            suite.skip("header with %s" % compiler, "%s is not installed" % compiler)
            continue
        for kind in kinds:
            standards = (["c89", "c99", "c11", "c17"] if kind == "c" else
                         ["c++98", "c++11", "c++14", "c++17", "c++20"])
            for standard in standards:
                done = run([compiler, "-x", kind, "-std=" + standard, "-Wall", "-Wextra",
                            "-Wpedantic", "-Werror", "-fsyntax-only", "-I", INCLUDE, source])
                suite.check("header as %s with %s" % (standard, compiler),
                            done.returncode == 0, done.stderr)
    shutil.rmtree(folder)


def check_size():
    folder = tempfile.mkdtemp()
    stripped = os.path.join(folder, "stripped.so")
    run(["strip", "-o", stripped, LIBRARY])
    size = os.path.getsize(stripped)
    print("stripped: %d bytes" % size)
    suite.check("stripped, it is not larger than %d bytes" % MOST_BYTES, size <= MOST_BYTES, size)
    shutil.rmtree(folder)


def check_library():
    done = run(["nm", "-D", "--defined-only", LIBRARY])
    exported = sorted(line.split()[-1] for line in done.stdout.splitlines())
    declared = sorted(name for name, _, _ in functions())
    suite.check("the library exports the header's functions and nothing else",
                exported == declared, set(exported) ^ set(declared))
    suite.check("each symbol begins with mcp_", all(one.startswith("mcp_") for one in exported))
    dynamic = run(["readelf", "-d", LIBRARY]).stdout
    suite.check("SONAME", "[libmcpclient.so.0]" in dynamic, dynamic)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*?)\]", dynamic))
    allowed = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2",
               "ld-linux-aarch64.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"}
    suite.check("needs no library but the system's", needed <= allowed, needed - allowed)
    if not IS_QUICK:
        check_size()
    archive = run(["nm", "-g", "--defined-only", os.path.join(RELEASE, "libmcpclient.a")]).stdout
    missing = [name for name in declared if " T %s\n" % name not in archive]
    suite.check("the static library has them as well", not missing, missing)


def check_statuses():
    library = ctypes.CDLL(LIBRARY)
    library.mcp_status_name.restype = ctypes.c_char_p
    library.mcp_version.restype = ctypes.c_char_p
    statuses = re.findall(r"#define (MCP_OK|MCP_E_\w+) (\d+)", header)
    wrong = [name for name, number in statuses
             if library.mcp_status_name(int(number)).decode() != name]
    suite.check("mcp_status_name knows each", not wrong, wrong)
    suite.check("and says so of others", library.mcp_status_name(-7) == b"MCP_E_UNKNOWN")
    version = re.search(r'#define MCP_VERSION "(.*?)"', header).group(1)
    suite.check("the library has the header's version",
                library.mcp_version().decode() == version)
    with open(os.path.join(ROOT, "CHANGELOG.md"), encoding="utf-8") as file:
        changes = file.read()
    missing = [name for name, _, _ in functions() if "`%s`" % name not in changes]
    suite.check("CHANGELOG.md names each function", not missing, missing)


def check_statuses_are_tested():
    text = ""
    for folder in ["tests/c", "tests/behaviour/tests", "tests/interop", "tests/cli"]:
        for base, folders, names in os.walk(os.path.join(ROOT, folder)):
            folders[:] = [one for one in folders if one != "node_modules" and one[0] != "."]
            for name in sorted(names):
                with open(os.path.join(base, name), encoding="utf-8", errors="replace") as file:
                    text += file.read()
    # Nothing of this version gives them, or not when it is asked to.
    later = {"MCP_E_NO_MEMORY", "MCP_E_AUTH"}
    statuses = set(re.findall(r"#define (MCP_E_\w+)", header)) - later
    missing = [name for name in sorted(statuses) if not re.search(name + r"\b", text)]
    suite.check("a test names each status that can occur", not missing, missing)


def check_runner():
    """A failure is shown however far from the end it stands."""
    spec = importlib.util.spec_from_file_location("runner", os.path.join(ROOT, "tests", "run.py"))
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    noise = ["ok      check %d" % number for number in range(1000)]
    for line in ["FAILED  a name: a detail", "test waits::for_it ... FAILED",
                 "thread 'main' panicked at src/a.rs:1:2:", "error[E0308]: mismatched types",
                 "error: could not compile `mcpclient`", "main.c:7:3: error: no such thing",
                 "Traceback (most recent call last):", "AssertionError: no",
                 "==77==ERROR: AddressSanitizer: heap-use-after-free", "a.c:3:4: runtime error: x",
                 "==77== Invalid read of size 8", "tests/c/a.c:9: not so: x == y (last error: )",
                 "make: *** [Makefile:7: all] Error 2"]:
        shown = runner.failing("\n".join([*noise, line, "its detail", *noise]))
        suite.check("shown of a failed suite: %s" % line, line + "\nits detail" in shown
                    and len(shown.splitlines()) < 40, shown)
    shown = runner.failing("\n".join(noise))
    suite.check("where nothing says what failed, the end", shown.endswith(noise[-1])
                and len(shown.splitlines()) <= 61, shown)
    shown = runner.failing("\n".join([noise[0], "FAILED  x", *noise]), is_hung=True)
    suite.check("of one that hung, both", "FAILED  x" in shown and shown.endswith(noise[-1]), shown)
    shown = runner.failing("\n".join("FAILED  %d" % number for number in range(5000)))
    suite.check("and not without end", len(shown.splitlines()) <= 301, len(shown.splitlines()))


check_layers()
check_imports()
check_user_data()
check_runner()
check_documentation()
check_rules()
check_symbols()
check_abi()
check_functions()
check_names()
check_header_compiles()
check_library()
check_statuses()
check_statuses_are_tested()
suite.end()
