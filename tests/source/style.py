#!/usr/bin/env python3
"""rustfmt and clippy over all crates, and the licences of what is used."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ROOT, Suite, run

ALLOWED = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC", "BSD-2-Clause",
           "BSD-3-Clause", "Zlib", "0BSD", "MIT-0", "Unlicense", "Unicode-3.0", "CC0-1.0",
           "CDLA-Permissive-2.0"}
suite = Suite("style")


def is_allowed(licence):
    """An SPDX expression of allowed licences: each AND, one of each OR."""
    text = licence.replace("/", " OR ").replace("(", " ").replace(")", " ")
    return all(any(one.strip() in ALLOWED for one in part.split(" OR "))
               for part in text.split(" AND "))


def crates():
    for tool in ["fmt", "clippy"]:
        if run(["cargo", tool, "--version"]).returncode != 0:
            suite.skip("rustfmt and clippy", "cargo %s is not installed" % tool)
            return
    for manifest in ["Cargo.toml", "tests/server/Cargo.toml", "tests/behaviour/Cargo.toml",
                     "tests/model/Cargo.toml"]:
        done = run(["cargo", "fmt", "--check", "--manifest-path", manifest], 120, cwd=ROOT)
        suite.check("rustfmt %s" % manifest, done.returncode == 0, done.stdout[-2000:])
        # The model takes modules of the library, but not their tests.
        targets = "--bins" if "model" in manifest else "--all-targets"
        done = run(["cargo", "clippy", "--locked", targets, "--manifest-path", manifest,
                    "--", "-D", "warnings"], 600, cwd=ROOT)
        suite.check("clippy %s" % manifest, done.returncode == 0, done.stderr[-3000:])


def licences():
    done = run(["cargo", "metadata", "--locked", "--format-version", "1"], 120, cwd=ROOT)
    known = json.loads(done.stdout)
    # What only the tests use (cbindgen and its own) is not distributed.
    nodes = {node["id"]: node["deps"] for node in known["resolve"]["nodes"]}
    used, waiting = set(), [known["resolve"]["root"]]
    while waiting:
        one = waiting.pop()
        if one not in used:
            used.add(one)
            waiting += [dep["pkg"] for dep in nodes[one]
                        if any(kind["kind"] is None for kind in dep["dep_kinds"])]
    packages = [package for package in known["packages"] if package["id"] in used]
    for package in packages:
        licence = package["license"] or "none"
        if not is_allowed(licence):
            suite.check("licence of %s" % package["name"], False, licence)
    suite.check("licences of %d crates" % len(packages), True)
    suite.check("a licence of another kind is noticed", not is_allowed("GPL-3.0"))
    own = [package for package in packages if package["name"] == "mcpclient"][0]
    with open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8") as file:
        table = [line for line in file if line.startswith("| ")]
    named = set(re.findall(r"[\w-]+", " ".join(line.split("|")[1] for line in table)))
    missing = [one["name"] for one in own["dependencies"] if one["name"] not in named]
    suite.check("CONTRIBUTING.md says why each dependency is there", not missing, missing)


crates()
licences()
suite.end()
