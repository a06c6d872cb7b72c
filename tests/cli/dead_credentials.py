"""Credentials that the servers refuse: a call and login get past them."""

import json
import signal

from common import check, suite
from oauth import WITH, ended, person, shown_page

HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}


def error(code, status=400, **more):
    return status, json.dumps(dict(more, error=code)), JSON


# Definite, and whether the refresh token leaves the store.
REFUSALS = [
    (error("invalid_request", error_description="refresh_token is invalid"), True),
    (error("invalid_client", 401), True), (error("bad_refresh_token", 200), True),
    ((403, "<html>Request blocked</html>", HTML), False),
]
FAILURES = [(503, ""), error("slow_down", 429)]


def entries(one, kind):
    """The entries of a kind in the store."""
    with open(one.store, encoding="utf-8") as file:
        found = json.load(file)["entries"]
    return [entry for key, entry in found.items() if key.startswith(kind)]


def let_end(one):
    """The access token of the store is over."""
    with open(one.store, encoding="utf-8") as file:
        text = file.read()
    document = json.loads(text)
    for key, entry in document["entries"].items():
        if key.startswith("tokens"):
            entry["expires_at"] = 1
    with open(one.store, "w", encoding="utf-8") as file:
        json.dump(document, file)
    one.server.expire_all()


def refused_refreshes():
    with person() as one:
        url = one.server.url
        one.call("login", url)
        for reply, is_deleted in REFUSALS:
            name = "%d %s" % (reply[0], reply[1])
            let_end(one)
            one.server.replies["refresh"] = reply
            visits = len(one.visits())
            done = one.call(*WITH, "tools", url, BROWSER="/nonexistent/browser")
            check("without a browser it says so: " + name, done, 1, "mcpclient login",
                  where="stderr")
            if is_deleted:
                suite.check("and discards the token: " + name, not entries(one, "tokens"))
            else:
                suite.check("and keeps the token: " + name,
                            "refresh_token" in entries(one, "tokens")[0])
            done = one.call(*WITH, "tools", "--json", url)
            check("a call signs in again: " + name, done, 0)
            suite.check("by the person, once: " + name, len(one.visits()) == visits + 1)
            check("and keeps the new token: " + name, one.call(*WITH, "ping", url), 0)
            suite.check("without a browser: " + name, len(one.visits()) == visits + 1)
            let_end(one)
            check("login gets past it: " + name, one.call("login", url), 0, "signed in to")
            suite.check("by the person: " + name, len(one.visits()) == visits + 2)
            suite.check("with one entry: " + name, len(entries(one, "tokens")) == 1)


def failed_refreshes():
    with person() as one:
        url = one.server.url
        one.call("login", url)
        for reply in FAILURES:
            name = "%d %s" % (reply[0], reply[1])
            let_end(one)
            one.server.replies["refresh"] = reply
            visits = len(one.visits())
            done = one.call(*WITH, "tools", url)
            check("a call fails: " + name, done, 1, "refresh of the token", where="stderr")
            suite.check("and keeps the refresh token: " + name, len(one.visits()) == visits
                        and "refresh_token" in entries(one, "tokens")[0], done)
            check("login gets past it: " + name, one.call("login", url), 0, "signed in to")
            suite.check("by the person: " + name, len(one.visits()) == visits + 1)
            check("and the next call succeeds: " + name, one.call(*WITH, "ping", url), 0)


def refused_tokens():
    with person() as one:
        url = one.server.url
        one.call("login", url)
        for reply, words in [(error("invalid_token", 403), "MCP_E_FORBIDDEN"),
                             ((400, ""), "MCP_E_HTTP"), ((500, ""), "MCP_E_SERVER")]:
            one.server.expire_all()
            one.server.replies["mcp"] = reply
            visits = len(one.visits())
            done = one.call(*WITH, "tools", "--json", url)
            check("a call fails: %d" % reply[0], done, 1, words)
            suite.check("a 403 names the way out: %d" % reply[0],
                        ("mcpclient login" in done.stdout + done.stderr) == (reply[0] == 403),
                        done)
            check("login replaces the token: %d" % reply[0], one.call("login", url), 0,
                  "signed in to")
            suite.check("by the person: %d" % reply[0], len(one.visits()) == visits + 1)
            check("then the call succeeds: %d" % reply[0], one.call(*WITH, "tools", url), 0)
        one.server.replies.clear()
        one.server.expire_all()
        check("login renews a token that is refused with 401", one.call("login", url), 0)
        suite.check("without the person", len(one.visits()) == 4, one.visits())
        one.server.forget_all()
        done = one.call("login", url, BROWSER_DOES="no")
        check("login without a token is an error", done, 1, "access_denied", where="stderr")
        suite.check("and asks once", len(one.visits()) == 5 and "signed in" not in done.stdout)
        check("and goes on from there", one.call("login", url), 0, "signed in to")


def dead_registrations():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with person() as one:
            url = one.server.url
            one.call("login", url)
            one.server.forgotten = set(one.server.clients)
            one.server.forget_all()
            process = one.start("login", url, BROWSER_DOES="nothing")
            shown_page(process.stderr)
            process.send_signal(number)
            ended(process)
            check("login after %s registers again" % number.name, one.call("login", url), 0,
                  "signed in to")
            registered = len(one.server.of("/register"))
            suite.check("once: %s" % number.name, registered == 2, registered)
            check("and so it can be used: %s" % number.name, one.call(*WITH, "ping", url), 0)
    with person() as one:
        url = one.server.url
        process = one.start("login", url, BROWSER_DOES="nothing")
        shown_page(process.stderr)
        process.send_signal(signal.SIGINT)
        ended(process)
        suite.check("an interrupted login leaves a registration",
                    len(entries(one, "registration")) == 1)
        check("logout discards one without tokens", one.call("logout", url), 0, "signed out of")
        suite.check("and nothing is left", not entries(one, ""), entries(one, ""))
        check("so that there is nothing more", one.call("logout", "--json", url), 1,
              "MCP_E_NOT_FOUND")
        check("login signs in", one.call("login", url), 0)
        check("logout signs out", one.call("logout", url), 0)
        suite.check("and discards all", not entries(one, ""), entries(one, ""))


def run_all():
    for part in (refused_refreshes, failed_refreshes, refused_tokens, dead_registrations):
        part()


if __name__ == "__main__":
    run_all()
    suite.end()
