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

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import cases
from support import Suite
from checks import Check

# The cases wait more than they compute.
JOBS = 6
# The seconds that a case may take, on a busy machine.
LIMIT = 200


def all_cases():
    found = {}
    for name in sorted(os.listdir(HERE)):
        if name.startswith("cases_") and name.endswith(".py"):
            for case, function in importlib.import_module(name[:-3]).CASES.items():
                assert case not in found, "two cases are called " + case
                found[case] = function
    return found


def main():
    cases.run(Suite("sign-in"), all_cases(), Check, JOBS, LIMIT)


main()
