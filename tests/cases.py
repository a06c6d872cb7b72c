"""What the suites of cases share: the checks of one case, and the run of them all."""

import os
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

# A reply must not be that of a proxy or of a token of the person who runs this.
LEFT_OUT = ("MCPCLIENT_TOKEN", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
            "ALL_PROXY", "all_proxy")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}


class Case:
    """The checks of one case."""

    def __init__(self, name):
        self.name = name
        self.faults = []

    def that(self, what, is_so, detail=""):
        if not is_so:
            self.faults.append("%s: not so: %s" % (what, detail) if detail else what + ": not so")
        return is_so


def watch(suite, running, limit):
    """Ends the suite when a case does not end, and says where it waits."""
    while True:
        time.sleep(1)
        late = [(name, thread) for name, (since, thread) in list(running.items())
                if time.monotonic() - since > limit]
        for name, thread in late:
            frame = sys._current_frames().get(thread)
            suite.check(name, False, "no end within %d s\n%s" % (
                limit, "".join(traceback.format_stack(frame)) if frame else ""))
        if late:
            try:
                suite.end()
            finally:
                os._exit(1)


def run(suite, cases, kind, jobs, limit):
    """Runs the cases, or those that the command line names, and ends the suite. Each
    gets its checks, which are of that kind, and may take so many seconds."""
    running = {}
    threading.Thread(target=watch, args=(suite, running, limit), daemon=True).start()

    def judge(name):
        running[name] = time.monotonic(), threading.get_ident()
        check = kind(name)
        try:
            cases[name](check)
        except Exception:
            check.faults.append(traceback.format_exc())
        del running[name]
        suite.check(name, not check.faults, "\n".join(check.faults))

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(judge, sys.argv[1:] or list(cases)))
    suite.end()
