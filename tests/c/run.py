#!/usr/bin/env python3
"""The tests in C: plain, under valgrind, with the address and undefined
behaviour sanitizers, and once against the static library.

    python3 tests/c/run.py [--quick]

--quick runs them plain, and without those that repeat calls for a long time.
"""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from support import INCLUDE, RELEASE, ROOT, SERVER, Suite, TestServer, TOKEN, run

OUT = os.path.join(ROOT, "tests", ".out", "c")
AUTHORITY = os.path.join(OUT, "ca.pem")
FLAGS = ["-std=c89", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-pedantic",
         "-g", "-I", INCLUDE]
SHARED = ["-L", RELEASE, "-lmcpclient", "-Wl,-rpath," + RELEASE, "-lpthread"]
with open(os.path.join(RELEASE, "libmcpclient.native-static-libs"), encoding="utf-8") as file:
    STATIC = [os.path.join(RELEASE, "libmcpclient.a"), *file.read().split()]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
VALGRIND = ["valgrind", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--show-leak-kinds=definite,indirect,possible", "--quiet",
            "--suppressions=" + os.path.join(HERE, "valgrind.supp")]
IS_QUICK = "--quick" in sys.argv
NOT_QUICK = ["hostile", "scale"]
suite = Suite("c")


def build(name, kind, extra, link):
    program = os.path.join(OUT, "%s-%s" % (name, kind))
    done = run(["cc", *FLAGS, *extra, "-o", program, os.path.join(HERE, name + ".c"), *link])
    suite.check("%s compiles without a warning (%s)" % (name, kind), done.returncode == 0,
                done.stderr)
    return program


def play(name, kind, command, server, **variables):
    variables = dict(os.environ, TEST_SERVER=SERVER, TEST_TLS_URL=server.tls_url,
                     TEST_CA_FILE=AUTHORITY, **variables)
    done = run([*command, server.url, TOKEN], 900, env=variables)
    tests = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "FAILED "))]
    for line in tests:
        word, test = line.split(" ", 1)
        suite.check("%s: %s (%s)" % (name, test, kind), word == "ok", done.stdout[-1500:])
    suite.check("%s ends well (%s)" % (name, kind), done.returncode == 0 and tests,
                "%s\n%s" % (done.returncode, (done.stdout + done.stderr)[-4000:]))


def main():
    os.makedirs(OUT, exist_ok=True)
    names = sorted(name[:-2] for name in os.listdir(HERE) if name.endswith(".c"))
    if IS_QUICK:
        names = [name for name in names if name not in NOT_QUICK]
    jobs = []
    # What is done at random has a server of its own.
    with TestServer("--tls", AUTHORITY) as usual, \
            TestServer("--tls", AUTHORITY + "2") as apart, ThreadPoolExecutor(2) as pool:
        for name in names:
            server = apart if name == "hostile" else usual
            plain = build(name, "shared", [], SHARED)
            jobs.append(pool.submit(play, name, "shared", [plain], server))
            if IS_QUICK:
                continue
            if shutil.which("valgrind") is None:
                suite.skip("%s under valgrind" % name, "valgrind is not installed")
            else:
                jobs.append(pool.submit(play, name, "valgrind", [*VALGRIND, plain], server,
                                        TEST_SCALE="20"))
            sanitized = build(name, "sanitized", SANITIZE, SHARED)
            # A quarantine keeps what is freed: memory is not flat there.
            jobs.append(pool.submit(play, name, "sanitized", [sanitized], server,
                                    TEST_SCALE="2"))
        if not IS_QUICK:
            static = build("ping", "static", [], STATIC)
            jobs.append(pool.submit(play, "ping", "static", [static], usual))
        for job in jobs:
            job.result()
    suite.end()


main()
