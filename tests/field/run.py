#!/usr/bin/env python3
"""Faults of real servers, each by its name: a server that has the fault, and the
command-line client.

    python3 tests/field/run.py [CASE ...]

The cases come from public reports of people who use MCP clients. A server is
correct except for the fault. tests/behaviour has the same kinds of fault on every
carrier, through the C interface.
"""

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import cases
import http_cases
import stdio_cases
from cases import ENVIRONMENT, Case
from support import BUILD, INCLUDE, RELEASE, Suite

CLIENT = os.path.join(BUILD, "mcpclient")
# The cases wait more than they compute.
JOBS = 4
# Seconds that one command may take, and a whole case.
LIMIT = 100
CASE_LIMIT = 300


class Done:
    """How a command ended."""

    def __init__(self, code, output, error, seconds):
        self.code, self.output, self.error, self.seconds = code, output, error, seconds

    def __str__(self):
        return "exit status %s after %.1f s\n%s%s" % (
            self.code, self.seconds, self.output, self.error)


class Check(Case):
    """The checks of one case of a fault."""

    def run(self, *words):
        return self.of([CLIENT, *words])

    def run_c(self, name, *words):
        return self.of([os.path.join(BUILD, "field-" + name), *words])

    def of(self, command):
        start = time.monotonic()
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="replace", timeout=LIMIT, env=ENVIRONMENT)
        except subprocess.TimeoutExpired:
            return Done(None, "", "no end within %d s" % LIMIT, LIMIT)
        return Done(done.returncode, done.stdout, done.stderr, time.monotonic() - start)

    def succeeds(self, done, within=None):
        self.that("succeeds", done.code == 0, done)
        self.that("says nothing on standard error", not done.error, done)
        if within:
            self.that("ends within %g s" % within, done.seconds < within, done)

    def fails(self, done, *words, within=None, code=1):
        if code is None:
            self.that("fails", done.code in (1, 2), done)
        else:
            self.that("exit status %d" % code, done.code == code, done)
        self.says(done, *words)
        if within:
            self.that("ends within %g s" % within, done.seconds < within, done)

    def says(self, done, *words):
        for word in words:
            self.that("says \"%s\"" % word, word in done.error, done)


def build():
    """Compiles the C programs of this folder."""
    for name in sorted(os.listdir(HERE)):
        if name.endswith(".c"):
            subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra",
                            "-Werror", "-pedantic", "-I" + INCLUDE, os.path.join(HERE, name),
                            "-o", os.path.join(BUILD, "field-" + name[:-2]), "-L" + RELEASE,
                            "-lmcpclient", "-Wl,-rpath," + RELEASE], check=True, timeout=60)


def main():
    build()
    every = {**http_cases.CASES, **stdio_cases.CASES}
    cases.run(Suite("field"), every, Check, JOBS, CASE_LIMIT)


main()
