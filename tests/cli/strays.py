"""Requests to the redirect URL that do not belong to a sign-in."""

import signal
import time
import urllib.parse

from browser import answer_to, visit
from common import suite
from oauth import ended, person, shown_page


def redirect_of(page):
    query = dict(urllib.parse.parse_qsl(page.partition("?")[2]))
    return query["redirect_uri"]


def next_line(stream):
    began = time.monotonic()
    return stream.readline(), time.monotonic() - began


def reporting():
    with person() as one:
        url = one.server.url
        for command in (["login", url], ["--auth", "oauth", "tools", url],
                        ["--auth", "oauth", "--log-level", "debug", "tools", url]):
            one.server.forget_all()
            one.call("logout", url)
            asked = len(one.server.of("/token"))
            process = one.start(*command, BROWSER_DOES="nothing")
            page = shown_page(process.stderr)
            visit(redirect_of(page) + "?error=invalid_request&error_description=no+scope")
            line, taken = next_line(process.stderr)
            suite.check("an error without state is a line at once: %s" % command[-2],
                        line.startswith("mcpclient: ") and '"state"' in line
                        and "invalid_request" in line and "no scope" not in line and taken < 25,
                        (line, taken))
            suite.check("no token is asked for", len(one.server.of("/token")) == asked)
            suite.check("the sign-in waits on", process.poll() is None)
            visit(answer_to(page))
            code, _, err, _ = ended(process)
            suite.check("and takes its answer, without another line", code == 0 and "state" not in err, err)


def flooding():
    with person() as one:
        process = one.start("login", one.server.url, BROWSER_DOES="nothing")
        page = shown_page(process.stderr)
        hostile = urllib.parse.quote("x\x1b[2J\r\nmcpclient: signed in " + "y" * 300)
        began = time.monotonic()
        for _ in range(30):
            visit(redirect_of(page) + "?code=theirs&state=theirs&error=" + hostile)
        process.send_signal(signal.SIGINT)
        code, _, err, _ = ended(process)
        lines = err.splitlines()
        noticed = [line for line in lines if "ignored a request" in line]
        # The first line is at once.
        most = 1 + time.monotonic() - began
        suite.check("a flood is one line a second", code == 130 and 1 <= len(noticed) <= most,
                    (most, err))
        suite.check("its code is cleaned and cut, and nothing else is shown",
                    "\x1b" not in err and "theirs" not in err and "y" * 80 not in err
                    and "signed in" not in err and all(len(line) < 400 for line in lines), err)


def run_all():
    reporting()
    flooding()


if __name__ == "__main__":
    run_all()
    suite.end()
