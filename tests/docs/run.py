#!/usr/bin/env python3
"""The documentation against the header, the sources and the programs.

    python3 tests/docs/run.py [--quick]

Every C block of README.md and docs/ is compiled; whole programs are run as
well. Tables, names, numbers and links are compared with what they describe.
--quick leaves out the table of transports, which needs the command-line client.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]
import blocks
import facts
from support import ROOT, Suite

suite = Suite("docs")
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "bench/RESULTS.md"] + [
    "docs/" + name for name in sorted(os.listdir(os.path.join(ROOT, "docs")))]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def check_readme(text):
    for command in ["make -C examples-c run", "make -C examples-c test"]:
        suite.check("README.md names %s" % command, command in text)
    suite.check("README.md has at most 150 lines", text.count("\n") <= 150, text.count("\n"))
    program = re.search(r"```c\n(.*?)```", text, re.S).group(1)
    suite.check("its program has about 25 lines", program.count("\n") <= 26)
    suite.check("examples-c/ping.c is that program", program in read("examples-c/ping.c"))
    guides = [page for page in PAGES if page.startswith("docs/")]
    suite.check("README.md links to each guide",
                all("(%s)" % page in text for page in guides), guides)


def check_results(readme, results):
    """What README.md quotes of the benchmark is in its results."""
    quoted = readme.split("<!-- Written by `make -C bench results`. -->\n")[1].split("\n\n")[0]
    rows = [line for line in quoted.splitlines() if line.startswith("|")]
    lines = results.splitlines()
    other = [row for row in rows if not any(line.startswith(row) for line in lines)]
    suite.check("README.md quotes bench/RESULTS.md: a head and three lines",
                len(rows) == 5 and not other, other or rows)


def check_examples(text):
    programs = [name for name in os.listdir(os.path.join(ROOT, "examples-c"))
                if name.endswith(".c")]
    missing = [name for name in programs if "(../examples-c/%s)" % name not in text]
    suite.check("docs/examples.md has each of %d programs" % len(programs), not missing, missing)


def check_prose(page, text):
    """Width, links, and the names of the header."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    wide = [line for line in text.splitlines() if len(line) > 80 and line[0] != "|"
            and not re.fullmatch(r"[^ ]*\]: \S+", line)]
    suite.check("%s: no line is longer than 80" % page, not wide, wide[:3])
    folder = os.path.dirname(os.path.join(ROOT, page))
    targets = re.findall(r"\]\(([^)]+)\)|^\[[^]]+\]: (\S+)", prose, re.M)
    dead = [target for target in (one or other for one, other in targets)
            if "://" not in target and not leads(folder, target, text)]
    suite.check("%s: each link leads somewhere" % page, not dead, dead)
    header = read("include/mcpclient.h") + read("include/mcpclient_draft.h")
    # A name that ends in _ stands for all that begin like it.
    names = set(re.findall(r"\b(?:mcp_[a-z]\w*|MCP_[A-Z]\w*)", text))
    unknown = sorted(name for name in names if not re.search(
        r"\b" + name + (r"\w" if name.endswith("_") else r"\b"), header))
    suite.check("%s: each name is in the header" % page, not unknown, unknown)


def check_paths(page, text):
    """The files and folders that a page names, in the checkout, in src or in the
    folder of OAuth. Those that a build makes need not exist."""
    paths = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:toml|md|py))`", text)
    folders = ["", "src", "src/auth/oauth"]
    absent = [path for path in paths if not any(
        os.path.exists(os.path.join(ROOT, folder, path)) for folder in folders)
        and not path.startswith((".", "target/", "fuzz/found", "fuzz/artifacts", "tests/."))]
    suite.check("%s: each path exists" % page, not absent, absent)


def check_types(page, text):
    """The types and functions of the sources that a page names."""
    names = {part for name in re.findall(r"`([A-Z][a-z]\w*(?:::\w+)?|\w+::\w+)`", text)
             for part in name.split("::")}
    sources = "".join(read(os.path.join(base, name))
                      for base, _, names in os.walk(os.path.join(ROOT, "src"))
                      for name in names if name.endswith(".rs"))
    absent = sorted(name for name in names if not re.search(
        r"\b(struct|enum|trait|type|fn|mod) %s\b" % name, sources))
    suite.check("%s: each type is in the sources" % page, not absent, absent)


def leads(folder, target, text):
    """Whether a link is to a file that exists, and to a heading in it."""
    path, _, anchor = target.partition("#")
    path = os.path.normpath(os.path.join(folder, path)) if path else None
    if path:
        if not os.path.exists(path):
            return False
        if anchor:
            with open(path, encoding="utf-8") as file:
                text = file.read()
    headings = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                for heading in re.findall(r"^#+ (.*)$", text, re.M)]
    return not anchor or anchor in headings


def main():
    check_readme(read("README.md"))
    check_results(read("README.md"), read("bench/RESULTS.md"))
    check_examples(read("docs/examples.md"))
    for page in PAGES:
        check_prose(page, read(page))
        blocks.check(suite, page, read(page))
    for page in ["CONTRIBUTING.md", "docs/architecture.md"]:
        check_paths(page, read(page))
    check_types("docs/architecture.md", read("docs/architecture.md"))
    for path in ["include/mcpclient.h", "include/mcpclient_draft.h"]:
        blocks.check_header(suite, path, read(path))
    facts.check(suite, read, "--quick" in sys.argv)
    suite.end()


if __name__ == "__main__":
    main()
