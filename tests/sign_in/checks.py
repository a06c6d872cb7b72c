"""The checks of one case: the command-line client and the shared library against a
provider."""

import os
import signal
import subprocess
import tempfile
import time

import library
from cases import ENVIRONMENT, Case
from person import Person
from provider import GIVEN, SECRET
from support import BUILD

CLIENT = os.path.join(BUILD, "mcpclient")
# Seconds that one command may take.
LIMIT = 60
# What a client may say of documents that contradict each other.
DISTRUST = ("MCP_E_AUTH", "MCP_E_UNTRUSTED")
WITH_SECRET = ("--client-id", GIVEN, "--client-secret-env", "S")
# What a message of the library names, and the command line in its place.
OPTIONS = {
    "--issuer": "mcp_auth_set_issuer",
    "--auth-param": "mcp_auth_set_authorization_parameter",
    "--no-resource": "mcp_auth_set_authorization_parameter",
    "--token-param": "mcp_auth_set_token_parameter",
    "--assume-pkce": "mcp_auth_set_assume_pkce",
    "--scope": "mcp_auth_set_scope",
    "--token-endpoint": "mcp_auth_set_endpoints",
    "--client-auth": "mcp_auth_set_client_auth",
    "--client-id": "mcp_auth_set_client",
    "--redirect-url": "mcp_auth_set_redirect_url",
    "--provider": "mcp_auth_set_provider",
}


def registry():
    """The cases of a file, and the decorator that adds one."""
    cases = {}

    def case(function):
        cases[function.__name__] = function
        return function

    return cases, case


def until(is_so):
    """Waits until something is so; False if that does not come."""
    end = time.monotonic() + LIMIT
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


class Done:
    """How a command ended."""

    def __init__(self, words, code, output, error, seconds):
        self.words, self.code, self.output = words, code, output
        self.error, self.seconds = error, seconds

    def __str__(self):
        return "%s: exit status %s after %.1f s\n%s%s" % (
            " ".join(self.words), self.code, self.seconds, self.output, self.error)


class User:
    """One user of a provider: a person, and the stores of both ways."""

    def __init__(self, check, one, does=None):
        self.check, self.one = check, one
        self.folder = tempfile.TemporaryDirectory()
        self.person = Person(self.folder.name, *([does] if does else []))
        self.store = os.path.join(self.folder.name, "mcpclient", "tokens.json")

    def __enter__(self):
        self.person.__enter__()
        return self

    def __exit__(self, *_):
        self.person.__exit__()
        for fault in self.person.faults:
            self.check.that("the person comes through", False, fault)
        self.folder.cleanup()

    @property
    def environment(self):
        return dict(ENVIRONMENT, XDG_STATE_HOME=self.folder.name, S=SECRET, HOME=self.folder.name,
                    **self.person.environment)

    def run(self, *words):
        """A command of mcpclient, to its end."""
        process = self.start(*words)
        return self.ended(process)

    def start(self, *words):
        # In a session of its own, so that there is no terminal to ask at.
        errors = tempfile.TemporaryFile(dir=self.folder.name)
        process = subprocess.Popen([CLIENT, *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=errors, text=True,
                                   errors="replace", env=self.environment,
                                   start_new_session=True)
        process.errors = errors
        process.began = time.monotonic()
        process.words = words
        return process

    def ended(self, process, limit=LIMIT):
        try:
            output = process.communicate(timeout=limit)[0]
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0]
            code = "none: no end within %d s" % limit
        error = self.said(process)
        process.errors.close()
        done = Done(process.words, code, output, error, time.monotonic() - process.began)
        self.check.is_clean(self.one, done)
        return done

    @staticmethod
    def said(process):
        """What a command has written to standard error so far."""
        return os.pread(process.errors.fileno(), 1 << 24, 0).decode("utf-8", "replace")

    def login(self, *options):
        return self.run("login", *options, self.one.url)

    def tools(self, *options):
        return self.run("--auth", "oauth", *options, "tools", self.one.url)

    def session(self, *options, browser=True, store=None, timeout=None):
        """The shared library, with a store of its own."""
        return library.Session(self.one.url, options, store or self.store + ".library",
                               self.person.is_sent_to if browser else None, timeout)

    def is_asked(self, count=1):
        """Waits until the person is asked so often; False if that does not come."""
        return until(lambda: len(self.person.asked) >= count)

    def interrupted(self, process):
        """Ctrl-C; gives how the command ended."""
        process.send_signal(signal.SIGINT)
        return self.ended(process)


class Check(Case):
    """The checks of one case of a sign-in."""

    def is_clean(self, one, done):
        """What holds for the output of every command."""
        text = done.output + done.error
        # The page to visit may have a scope with such a name.
        messages = [line for line in text.splitlines() if not line.startswith("  http")]
        self.that("no name of a C function", "mcp_" not in "\n".join(messages), done)
        self.that("no crash", isinstance(done.code, str) or done.code >= 0 or done.code == -2, done)
        for secret, kind in list(one.secrets.items()):
            self.that("no secret (%s) in the output" % kind, secret not in text, done)

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds)

    def user(self, one, does=None):
        return User(self, one, does)

    def no_faults(self, one):
        for fault in one.faults:
            self.that("the provider has nothing to complain of", False, fault)
        one.faults.clear()

    def renews(self, one, user, options):
        """A sign-in, and a call after the end of its token, which `one` lets live 1 s."""
        self.signed_in(user.login(*options))
        one.life = 3600
        self.sleep(1.1)
        self.listed(user.tools(*options))
        self.that("by the refresh token", len(one.forms("refresh_token")) == 1
                  and len(user.person.asked) == 1)
        self.no_faults(one)

    def signed_in(self, done):
        return self.that("signs in", done.code == 0 and "signed in" in done.output, done)

    def listed(self, done):
        return self.that("lists the tools", done.code == 0 and "add" in done.output, done)

    def refused(self, done, status, *words):
        self.that("exit status 1", done.code == 1, done)
        self.says(done.error + done.output, [status, *words], done)

    def signs_in(self, one, *options, by_library=True, does=None):
        """login, and then tools with the new token."""
        options = one.fill(options)
        with self.user(one, does) as user:
            if not self.signed_in(user.login(*options)):
                return
            asked = len(user.person.asked)
            self.that("the person is asked once", asked == 1, asked)
            for more in ((), options):
                self.listed(user.tools(*more))
            self.that("with the token of the store", len(user.person.asked) == asked)
            self.no_faults(one)
            if by_library:
                self.library_signs_in(user, options)
        self.no_faults(one)

    def library_signs_in(self, user, options):
        try:
            with user.session(*options) as session:
                session.sign_in()
                session.ping()
            with user.session(*options, browser=False) as session:
                session.ping()
        except library.Failed as failed:
            self.that("signs in by the library", False, failed)

    def refuses(self, one, *options, says=(), names=(), status="MCP_E_AUTH", not_says=()):
        """login fails. `names`: options that the message names, and the library its
        functions. `not_says`: what it does not say; an option stands for its function
        as well."""
        options, says, not_says = (one.fill(list(some)) for some in (options, says, not_says))
        names = one.fill([names] if isinstance(names, str) else list(names))
        with self.user(one) as user:
            done = user.login("--json", *options)
            self.that("exit status 1", done.code == 1, done)
            allowed = [status] if isinstance(status, str) else list(status)
            self.that("fails with %s" % allowed, any(
                '"%s"' % one in done.output for one in allowed), done)
            # The value of an option may be in quotes.
            self.says(done.error.replace('"', ""), [word.replace('"', "") for word in
                                                    [*says, *names]], done)
            self.says_not(done.error, not_says, done)
            self.no_faults(one)
            try:
                with user.session(*options) as session:
                    session.sign_in()
                self.that("the library refuses", False)
            except library.Failed as failed:
                self.that("the library fails with %s" % allowed, failed.status in allowed,
                          failed)
                functions = [OPTIONS[name.split()[0]] for name in names]
                self.says(failed.message, [*says, *functions], failed)
                self.says_not(failed.message, [OPTIONS.get(word, word) for word in not_says],
                              failed)
                for secret, kind in list(one.secrets.items()):
                    self.that("no secret (%s) in the message" % kind,
                              secret not in failed.message, failed)
        self.no_faults(one)

    def says(self, text, words, detail):
        for word in words:
            self.that("says \"%s\"" % word, word in text, detail)

    def says_not(self, text, words, detail):
        for word in words:
            self.that("does not say \"%s\"" % word, word not in text, detail)
