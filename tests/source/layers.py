"""Which module may use which: read from the sources, held to a table."""

import os
import re

# A layer and those below it that it may use. A file counts to the first
# layer that its path begins with.
TABLE = {
    "ffi": {"client", "base", "platform"},
    "client": {"auth", "protocol", "transport", "wire", "base", "platform"},
    "auth": {"transport", "wire", "base", "platform"},
    "protocol": {"wire", "base"},
    "transport": {"wire", "base", "platform"},
    "wire": {"base", "platform"},
    "base": {"platform"},
    "platform": set(),
}
UNSAFE = {"ffi", "platform"}
# What a file alone may have, or some: the pattern, where, and why not elsewhere.
PLACES = [
    (re.compile(r"\benv::(vars?(_os)?|set_var|remove_var|home_dir|temp_dir)\b|\bgetenv\b"),
     {"base/environment.rs"}, "the environment is read elsewhere than in base/environment.rs"),
    (re.compile(r"\beach_variable\("),
     {"base/environment.rs", "platform/unix/environment.rs"},
     "the environment is read elsewhere than in base/environment.rs"),
    (re.compile(r"\bload_native_certs\(|\bopenssl_probe\b|\btry_from_env\b|\bKeyLogFile\b"),
     {"platform/unix/certificates.rs"}, "a crate reads the environment"),
    # A thread whose stack's size is not given has it looked for there; and so
    # has a runtime's builder its options.
    (re.compile(r"\bBuilder::new\(|\bthread::(spawn|scope)\((?!\")"), {"base/thread.rs"},
     "a thread is begun elsewhere than in base/thread.rs"),
    (re.compile(r"\bBuilder::new_(current|multi)_thread\b"), {"transport/background.rs"},
     "another runtime"),
]
# What only the platform layer may say: the names of one system.
SYSTEM = re.compile(r"\blibc\b|\bos::(unix|fd|linux|macos|windows)\b|\bunsafe extern \"C\" \{"
                    r"|\bcfg!?\([^]]*\b(unix|windows|target_(os|family|vendor|env))\b")
USE = re.compile(r"\bcrate::(\w+)")
# A use whose tree begins at the root: `use crate::{client::Client, wire};`.
ROOT_TREE = re.compile(r"\bcrate::\{")
DATE = re.compile(r"\b20(24|25|26)-\d\d-\d\d\b")


def files(folder):
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.endswith(".rs"):
                path = os.path.join(place, name)
                yield os.path.relpath(path, folder), path


def code(path):
    """The lines outside comments and unit tests, numbered."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#[cfg(test)]\n") or line.startswith("mod tests"):
                return
            yield number, line.split("//")[0] if "://" not in line else line


def problems(folder, table=None, unsafe=None):
    """What breaks the rules, each with file and line."""
    table = TABLE if table is None else table
    unsafe = UNSAFE if unsafe is None else unsafe
    seen = set()
    for relative, path in files(folder):
        if relative == "lib.rs":
            continue
        layer = relative.split(os.sep)[0]
        seen.add(layer)
        if layer not in table:
            yield "%s: in no layer of the table" % relative
            continue
        may = table[layer] | {layer}
        for number, line in code(path):
            if line.strip().startswith("//"):
                continue
            if ROOT_TREE.search(line):
                yield "%s:%d: a use of the root: write one use for each module" % (
                    relative, number)
            is_test = os.path.basename(relative) in ("tests.rs", "testing.rs")
            for used in USE.findall(line):
                if used not in may and not is_test:
                    yield "%s:%d: %s may not use %s" % (relative, number, layer, used)
            is_unsafe = re.search(r"\bunsafe\b", line) and "unsafe_code" not in line
            if is_unsafe and not any(relative.startswith(place) for place in unsafe):
                yield "%s:%d: unsafe" % (relative, number)
            if layer not in ("protocol", "ffi") and DATE.search(line):
                yield "%s:%d: a revision's date outside protocol" % (relative, number)
            if layer != "platform" and not is_test and SYSTEM.search(line):
                yield "%s:%d: an operating system's name outside platform" % (relative, number)
            for pattern, places, words in PLACES:
                if pattern.search(line) and relative not in places and not is_test:
                    yield "%s:%d: %s" % (relative, number, words)
            if re.search(r"\b(e?print(ln)?|dbg|todo|unimplemented)!", line):
                yield "%s:%d: prints, or is not done" % (relative, number)
        # A process with another environment than one that is given reads ours.
        text = "".join(line for _, line in code(path))
        if text.count("Command::new(") != text.count(".env_clear()"):
            yield "%s: a process without an environment that is given" % relative
    for layer in table:
        if layer not in seen:
            yield "the table has a layer that no file is in: %s" % layer
