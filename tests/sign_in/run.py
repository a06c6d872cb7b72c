#!/usr/bin/env python3
"""Signing in where people really sign in: an authorization server with the habits
of real ones, mcpclient and the shared library.

    python3 tests/sign_in/run.py [CASE ...]

provider.py is the server, and correct except for what a case changes; person.py is
who signs in.  The cases stand in the files cases_*.py, by subject.
"""

import importlib
import os
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from support import Suite
from checks import Check

# The cases wait more than they compute.
JOBS = 6
# The seconds that a case may take, on a busy machine.
LIMIT = 60


def all_cases():
    cases = {}
    for name in sorted(os.listdir(HERE)):
        if name.startswith("cases_") and name.endswith(".py"):
            for case, function in importlib.import_module(name[:-3]).CASES.items():
                assert case not in cases, "two cases are called " + case
                cases[case] = function
    return cases


def watch(suite, running):
    """Ends the suite when a case does not end, and says where it waits."""
    while True:
        time.sleep(1)
        late = [(name, thread) for name, (since, thread) in list(running.items())
                if time.monotonic() - since > LIMIT]
        for name, thread in late:
            frame = sys._current_frames().get(thread)
            suite.check(name, False, "no end within %d s\n%s" % (
                LIMIT, "".join(traceback.format_stack(frame)) if frame else ""))
        if late:
            try:
                suite.end()
            finally:
                os._exit(1)


def main():
    suite = Suite("sign-in")
    cases = all_cases()
    names = sys.argv[1:] or list(cases)

    running = {}
    threading.Thread(target=watch, args=(suite, running), daemon=True).start()

    def judge(name):
        running[name] = time.monotonic(), threading.get_ident()
        check = Check(name)
        try:
            cases[name](check)
        except Exception:
            check.faults.append(traceback.format_exc())
        del running[name]
        suite.check(name, not check.faults, "\n".join(check.faults))

    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(judge, names))
    suite.end()


main()
