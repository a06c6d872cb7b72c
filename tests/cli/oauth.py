"""OAuth: login, logout and the commands with a token of theirs."""

import base64
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import tempfile
import time

import browser
import p256
from authority import SECRET, Authority
from common import CLIENT, Terminal, call, check, environment, one_line, suite
from support import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
BROWSER = os.path.join(HERE, "browser.py")
KEY = os.path.join(ROOT, "src", "auth", "oauth", "spec", "testing", "p256.pem")
WITH = ["--auth", "oauth"]
CREDENTIALS = ["--grant", "client-credentials"]


class Person:
    """A server, a store in a new folder, and a browser."""

    def __init__(self, folder):
        self.server = Authority(p256.public_of_pem(KEY))
        self.log = os.path.join(folder, "visits")
        self.store = os.path.join(folder, "mcpclient", "tokens.json")
        self.variables = {"XDG_STATE_HOME": folder, "BROWSER": BROWSER, "BROWSER_LOG": self.log,
                          "S": SECRET, "BROWSER_DOES": ""}

    def call(self, *arguments, **variables):
        return call(*arguments, token=None, **dict(self.variables, **variables))

    def start(self, *arguments, **variables):
        env = environment(None, **dict(self.variables, **variables))
        return subprocess.Popen([CLIENT, *arguments], env=env, text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def visits(self):
        """The pages that the browser was sent to."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="ascii") as file:
            return file.read().split()


@contextlib.contextmanager
def person():
    with tempfile.TemporaryDirectory() as folder:
        one = Person(folder)
        with one.server:
            yield one
        suite.check("the server has nothing to complain of", not one.server.complaints,
                    one.server.complaints)


def shown_page(stream):
    """The address that the program shows on standard error."""
    for line in stream:
        if line.strip().startswith("http"):
            return line.strip()
    return None


def ended(process, limit=30):
    """How a process ended: its status, what it wrote, and how long it took."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return -99, out, err, limit
    return process.returncode, out, err, time.monotonic() - began


def signing_in():
    with person() as one:
        url = one.server.url
        done = one.call("login", url)
        check("login signs in", done, 0, "signed in to %s\n" % url)
        check("and shows the page as well", done, 0, "to sign in, visit\n  " + one.server.origin,
              where="stderr")
        suite.check("login prints one line", one_line(done.stdout), done.stdout)
        suite.check("the browser was opened once", len(one.visits()) == 1, one.visits())
        modes = [stat.S_IMODE(os.stat(path).st_mode)
                 for path in (one.store, os.path.dirname(one.store))]
        suite.check("the store is the owner's alone", modes == [0o600, 0o700], modes)
        for command in (["ping", url], ["tools", url], ["info", "--json", url],
                        ["request", url, "tools/list"]):
            done = one.call(*WITH, *command)
            suite.check("%s takes the token, quietly" % command[0],
                        done.returncode == 0 and not done.stderr, done)
        suite.check("without a browser", len(one.visits()) == 1, one.visits())
        suite.check("and with the first request after the one that asks what the server demands",
                    [asked["scheme"] == "Bearer" for asked in one.server.of("/mcp")].count(False)
                    == 1 and one.server.of("/mcp")[0]["scheme"] == "", one.server.of("/mcp"))
        check("login once more has nothing to do", one.call("login", "--json", url), 0,
              '{"ok":true}\n')
        suite.check("not even with the server", len(one.server.of("/authorize")) == 1)
        check("nothing is taken without --auth", one.call("ping", url), 1, "401", where="stderr")
        check("MCPCLIENT_TOKEN is not for --auth oauth",
              one.call(*WITH, "ping", url, MCPCLIENT_TOKEN="other"), 0)
        shown = one.call(*WITH, "-v", "ping", url)
        suite.check("-v shows no token", shown.returncode == 0 and "t0ken-" not in shown.stderr,
                    shown.stderr)

        done = one.call("logout", url)
        check("logout signs out", done, 0, "signed out of %s\n" % url)
        hints = [form["token_type_hint"] for form in one.server.of("/revoke")]
        suite.check("both tokens are revoked", hints == ["refresh_token", "access_token"]
                    and not one.server.good and not one.server.refreshable, hints)
        with open(one.store, encoding="utf-8") as file:
            suite.check("and forgotten", "access-t0ken" not in file.read())
        done = one.call("logout", "--json", url)
        check("there is nothing to sign out of twice", done, 1, "MCP_E_NOT_FOUND")
        registered = len(one.server.of("/register"))
        done = one.call(*WITH, "-v", "ping", url)
        check("a command signs in where it has to", done, 0, "pong")
        suite.check("-v shows no token of that either", "t0ken-" not in done.stderr
                    and "> POST" in done.stderr, done.stderr)
        suite.check("with a registration that is new as well", len(one.visits()) == 2
                    and (registered, len(one.server.of("/register"))) == (1, 2))


def renewing():
    with person() as one:
        url = one.server.url
        one.server.life = 2
        one.call("login", url)
        time.sleep(2.1)
        one.server.life = 3600
        check("a token that has ended is renewed", one.call(*WITH, "ping", url), 0)
        suite.check("by the refresh token of the store", len(one.visits()) == 1
                    and len(one.server.grants("refresh_token")) == 1)
        one.server.expire_all()
        check("one that is refused as well", one.call(*WITH, "ping", url), 0)
        suite.check("again without a browser", len(one.visits()) == 1
                    and len(one.server.grants("refresh_token")) == 2)
        one.server.forget_all()
        check("what the server has forgotten is got anew", one.call(*WITH, "ping", url), 0)
        suite.check("by the person", len(one.visits()) == 2, one.visits())

    for way in ("ended", "refused"):
        with person() as one:
            url = one.server.url
            one.server.life = 2 if way == "ended" else 3600
            one.call("login", url)
            if way == "ended":
                time.sleep(2.1)
            one.server.life = 3600
            one.server.expire_all()
            one.server.pause = 0.3
            running = [one.start(*WITH, "ping", url) for _ in range(4)]
            codes = [ended(process, 30)[0] for process in running]
            suite.check("processes take turns with a token that is %s" % way,
                        codes == [0] * 4 and len(one.server.grants("refresh_token")) == 1
                        and len(one.visits()) == 1,
                        (codes, one.server.grants("refresh_token")))


def known_clients():
    with person() as one:
        url = one.server.url
        known = ["--client-id", "known", "--client-secret-env", "S"]
        check("--client-id and its secret", one.call("login", url, *known), 0)
        suite.check("go where they are asked for", not one.server.of("/register")
                    and one.server.of("/authorize")[0]["client_id"] == "known"
                    and all("client_secret" not in form for form in one.server.of("/token")))
        check("other commands find the token by the id",
              one.call(*WITH, "ping", url, "--client-id", "known", "--client-secret-env=S"), 0)
        check("or without it", one.call(*WITH, "ping", url), 0)
        suite.check("without a browser", len(one.visits()) == 1)
        done = one.call("login", url, "--client-id", "known", "--client-secret-env", "W",
                        "--token-store", "", W="wr0ng-secret")
        check("a wrong secret is told", done, 1, "invalid_client", where="stderr")
        suite.check("and not shown", "wr0ng-secret" not in done.stderr, done.stderr)

        for name, options in [("secret", known), ("key", ["--client-id", "keyed",
                                                          "--client-key", KEY])]:
            check("client credentials by a " + name,
                  one.call(*WITH, "--token-store", "", *CREDENTIALS, *options, "ping", url), 0)
        suite.check("ask nobody", len(one.server.grants("client_credentials")) == 2
                    and len(one.visits()) == 2)
        check("a person signs in to a client with a key",
              one.call("login", url, "--client-id", "keyed", "--client-key", KEY), 0)

        assertion = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (
            b'{"alg":"ES256"}', b'{"sub":"a","exp":%d}' % (time.time() + 60), b"signature"))
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
            file.write(assertion + "\n")
            file.flush()
            for source in (["--assertion-file", file.name], ["--assertion-env", "A"]):
                check("jwt-bearer with %s" % source[0],
                      one.call(*WITH, "--token-store", "", "--grant", "jwt-bearer", *source,
                               "ping", url, A=assertion), 0)
        suite.check("sends what it was given", [form["assertion"] for form in one.server.grants(
            "urn:ietf:params:oauth:grant-type:jwt-bearer")] == [assertion] * 2)


def requests():
    """What the options change in what is asked for."""
    with person() as one:
        url, document = one.server.url, "https://example.com/mcpclient.json"
        check("--dpop", one.call("login", url, "--dpop"), 0)
        check("binds the token, in the next run as well", one.call(*WITH, "ping", url), 0)
        suite.check("to the key of the store",
                    {asked["scheme"] for asked in one.server.of("/mcp")[1:]} == {"DPoP"}
                    and len(one.visits()) == 1 and None not in one.server.good.values())
        one.server.expire_all()
        check("also when it is renewed", one.call(*WITH, "ping", url), 0)
        suite.check("without a browser", len(one.visits()) == 1)
        once = ["--token-store", ""]
        check("--scope", one.call("login", url, *once, "--scope", "a b"), 0)
        suite.check("asks for it", one.server.of("/authorize")[-1].get("scope") == "a b")
        check("--client-metadata-url", one.call("login", url, *once,
                                                "--client-metadata-url", document), 0)
        suite.check("is the client id", one.server.of("/authorize")[-1]["client_id"] == document)
        check("--redirect-url", one.call("login", url, *once,
                                         "--redirect-url", "http://localhost/back"), 0)
        back = one.server.of("/authorize")[-1]["redirect_uri"]
        suite.check("is where the browser comes back to",
                    re.fullmatch("http://localhost:[0-9]+/back", back), back)
        check("--issuer", one.call("login", url, *once, "--issuer", one.server.origin), 0)
        check("another issuer is refused",
              one.call("login", url, *once, "--issuer", "https://example.com"), 1, "example.com",
              where="stderr")
        before = os.listdir(os.path.dirname(one.store))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mine")
            check("--token-store", one.call("login", url, "--token-store", path), 0)
            visits = len(one.visits())
            check("is where the token is", one.call(*WITH, "--token-store=" + path, "ping", url), 0)
            suite.check("without a browser", len(one.visits()) == visits)
            os.chmod(path, 0o644)
            check("one that others may read is refused",
                  one.call(*WITH, "--token-store", path, "ping", url), 1, "chmod", where="stderr")
        suite.check("the usual store is left alone",
                    os.listdir(os.path.dirname(one.store)) == before)


def refusals():
    with person() as one:
        url = one.server.url
        done = one.call("login", "--json", url, BROWSER_DOES="no")
        check("a person who says no", done, 1, "MCP_E_DENIED", '"exitStatus":')
        check("is told of", done, 1, "access_denied", where="stderr")
        check("strangers who knock are sent away",
              one.call("login", url, BROWSER_DOES="strangers"), 0, "signed in")
        one.call("logout", url)
        done = one.call("login", url, BROWSER="/nonexistent/browser")
        check("neither a browser nor a terminal", done, 1,
              "no browser can be opened", where="stderr")
        one.server.is_found = False
        done = one.call("login", url, "--token-store", "")
        check("a server without OAuth", done, 1, one.server.origin, where="stderr")
        suite.check("is a line", one_line(done.stderr), done.stderr)
        one.server.is_found = True
        for path, words in [("/nonexistent", "--client-key /nonexistent"), ("/dev/null", "")]:
            done = one.call("login", url, "--client-id", "keyed", "--client-key", path)
            check("a key that is none: %s" % path, done, 2, words, "key",
                  where="stderr")
    for arguments, words in [
            (["--auth", "x", "ping", "u"], "--auth x"),
            (["--auth", "oauth", "--token", "t", "ping", "u"], "two ways"),
            (["login"], "needs a URL"), (["login", "u", "x"], "unexpected"),
            (["login", "--stdio", "--", "x"], "login is not for a program"),
            (["logout", "--stdio", "--", "x"], "logout is not for a program"),
            (["--auth", "oauth", "ping", "--stdio", "--", "x"], "--auth is not for a program"),
            (["--grant", "x", "login", "u"], "--grant x"),
            (["--grant", "jwt-bearer", "login", "u"], "--assertion-file"),
            (["--assertion-env", "A", "login", "u"], "--grant jwt-bearer"),
            (["--client-secret-env", "NOT_THERE", "login", "u"], "NOT_THERE"),
            (["--client-secret-env", "HOME", "login", "u"], "--client-id"),
            *[([option, "x", "ping", "u"], option + " goes with --auth oauth") for option in (
                "--token-store", "--client-id", "--client-metadata-url", "--scope", "--issuer",
                "--redirect-url", "--assertion-file", "--provider", "--auth-param", "--token-param",
                "--authorization-endpoint", "--token-endpoint")],
            (["--client-auth", "post", "ping", "u"], "--client-auth goes with --auth oauth"),
            (["--client-auth", "x", "login", "u"], "not one of post, basic"),
            (["--auth-param", "=x", "login", "u"], "--auth-param needs NAME=VALUE"),
            (["--token-param", "", "login", "u"], "--token-param needs NAME=VALUE"),
            (["--auth-param=", "login", "u"], "--auth-param needs NAME=VALUE"),
            (["--authorization-endpoint", "https://a", "login", "u"], "--token-endpoint"),
            (["--token-endpoint", "https://a", "login", "u"], "--authorization-endpoint"),
            (["login", "u", *["--auth-param", "a=b"] * 65], "more than 64"),
            *[([option, "ping", "u"], option + " goes with --auth oauth")
              for option in ("--dpop", "--no-browser", "--no-resource", "--assume-pkce",
                             "--allow-private")]]:
        check("bad usage: %s" % " ".join(arguments), call(*arguments, token=None, HOME="/"), 2,
              words, "--help", where="stderr")


def without_a_browser():
    with person() as one:
        url = one.server.url
        process = one.start("login", url, "--no-browser")
        browser.visit(shown_page(process.stderr))
        code, out, _, _ = ended(process)
        suite.check("--no-browser still listens", (code, "signed in" in out) == (0, True), out)
        suite.check("and opens none", not one.visits())
        one.call("logout", url)
        process = one.start("login", url, "--no-browser")
        process.stdin.write("\n" + browser.answer_to(shown_page(process.stderr)) + "\n")
        process.stdin.flush()
        code, out, err, _ = ended(process)
        suite.check("login takes what comes by standard input",
                    (code, "signed in" in out) == (0, True), err)
        one.call("logout", url)

        def terminal(*arguments):
            return Terminal(*arguments, token=None, **one.variables)

        def page(shown):
            found = shown.answer("ends at:", "") and re.search(r"\n  (http\S+)", shown.text)
            return found and found.group(1)

        shown = terminal("login", "--no-browser", url)
        back = browser.answer_to(page(shown))
        wrong = re.sub("state=[^&]*", "state=x", back)
        is_told = shown.answer("ends at:", wrong + "\n") and shown.answer("no sign-in", back + "\n")
        suite.check("the answer is pasted at the terminal", is_told and shown.end() == 0
                    and "signed in to " + url in shown.text, shown.text)
        one.call("logout", url)
        shown = terminal(*WITH, "--no-browser", "request", url, "tools/list")
        browser.visit(page(shown))
        suite.check("or comes by itself, and the command goes on",
                    shown.end() == 0 and '"tools"' in shown.text, shown.text)
        one.call("logout", url)
        redirect = ["--redirect-url", "https://example.com/back"]
        shown = terminal("login", url, *redirect)
        back = browser.answer_to(page(shown))
        suite.check("what cannot be listened for is asked for", back.startswith(redirect[1])
                    and shown.answer("ends at:", back + "\n") and shown.end() == 0, shown.text)
        one.call("logout", url)
        done = one.call(*WITH, *redirect, "ping", url)
        check("unless there is no terminal", done, 1, "no terminal", where="stderr")
        shown = terminal("login", "--no-browser", url)
        began = time.monotonic()
        is_asked = shown.answer("ends at:", "\x03")
        suite.check("Ctrl-C at the terminal ends the wait", is_asked and shown.end() == 130
                    and time.monotonic() - began < 25, shown.text)


def interrupting():
    with person() as one:
        url = one.server.url
        for command in (["login", url], [*WITH, "request", url, "tools/list"],
                        [*WITH, "tools", url]):
            process = one.start(*command, BROWSER_DOES="nothing")
            shown_page(process.stderr)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            code, _, err, taken = ended(process)
            suite.check("Ctrl-C ends the wait at once: %s" % command[-2 if "tools" in command[-1]
                                                                      else 0],
                        code == 130 and taken < 20, (code, taken, err))
        check("nothing is left behind", one.call("login", url), 0)


def configuration():
    with person() as one, tempfile.TemporaryDirectory() as folder:
        url, path = one.server.url, os.path.join(folder, "mcp.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"mcpServers": {
                "plain": {"url": url, "auth": "oauth"},
                "known": {"url": url, "auth": {"CLIENT_ID": "known", "CLIENT_SECRET": "${S}",
                                               "scopes": ["a", "b"]}},
                "bare": {"url": url}}}, file)
        os.chmod(path, 0o600)
        of_file = ["--config", path, "--server"]
        check("a file's \"oauth\" signs in", one.call("ping", *of_file, "plain"), 0, "pong")
        check("and keeps the token", one.call("ping", *of_file, "plain"), 0)
        suite.check("so that one sign-in is enough", len(one.visits()) == 1)
        check("logout", one.call("logout", *of_file, "plain"), 0, "signed out of plain\n")
        check("login as the client of the file", one.call("login", *of_file, "known"), 0,
              "signed in to known\n")
        asked = one.server.of("/authorize")[-1]
        suite.check("with its id and scopes", (asked["client_id"], asked["scope"]) == ("known", "a b"),
                    asked)
        check("options go before", one.call("login", "--token-store", "", "--scope", "c",
                                            *of_file, "known"), 0)
        asked = one.server.of("/authorize")[-1]
        suite.check("and leave the rest", (asked["client_id"], asked["scope"]) == ("known", "c"),
                    asked)
        one.call("logout", *of_file, "known")
        check("a server without \"auth\" is asked as it is", one.call("ping", *of_file, "bare"), 1,
              "401", where="stderr")
        check("--auth oauth is for it as well", one.call(*WITH, "ping", *of_file, "bare"), 0)


def run_all():
    parts = [signing_in, renewing, known_clients, requests, refusals, without_a_browser,
             interrupting, configuration]
    for part in parts:
        part()


if __name__ == "__main__":
    run_all()
    suite.end()
