"""The profiles of known providers: what happens without one, what each of its options
is there for, and that an option of the person counts more. And the table of
docs/sign-in.md, which is made from them: UPDATE=1 writes it.
"""

import os
import signal
import subprocess

from checks import CLIENT, LIMIT, WITH_SECRET, until
from person import looks_away
from profiles import PROFILES
from provider import GIVEN, Provider
from support import ROOT

CASES = {}
GUIDE = os.path.join(ROOT, "docs", "sign-in.md")
BEGIN, END = "<!-- providers: made by tests/sign_in -->", "<!-- end of providers -->"


def case(function):
    CASES[function.__name__] = function
    return function


def renews(check, one, options):
    """The token ends, and the next call gets another one without the person."""
    with check.user(one) as user:
        options = one.fill(options)
        done = user.login(*options)
        check.that("signs in", done.code == 0, done)
        one.expire_all()
        done = user.tools("--no-browser", *options)
        check.that("lists the tools", done.code == 0 and "add" in done.output, done)
        check.that("by the refresh token", len(one.forms("refresh_token")) == 1
                   and len(user.person.asked) == 1, one.forms("refresh_token"))
    check.no_faults(one)


def shows(check, one, options, text):
    """The browser ends at a page of the server, and the person gives up."""
    with check.user(one) as user:
        process = user.start("login", *one.fill(options), one.url)
        until(lambda: user.person.shown or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        done = user.ended(process)
        pages = [page.body for page in user.person.shown]
        check.that("the page says \"%s\"" % text, any(text in page for page in pages),
                   "%s %s" % (pages, done))
        check.that("no success", done.code != 0, done)


def provider_case(name, profile):
    def default(check):
        with profile.emulator() as one:
            if profile.default is None:
                with check.user(one) as user:
                    done = user.login()
                    check.that("signs in", done.code == 0, done)
            else:
                check.refuses(one, **profile.default)

    def with_profile(check):
        options = profile.with_profile(name)
        with profile.emulator() as one:
            check.signs_in(one, *options)
        with profile.emulator() as one:
            renews(check, one, options)

    def written_out(check):
        with profile.emulator() as one:
            check.signs_in(one, *profile.options(), by_library=False)

    def each_option_is_needed(check):
        for item in profile.items:
            options = profile.options(leaving_out=item)
            with profile.emulator() as one:
                if item.page:
                    shows(check, one, options, item.page)
                elif item.without:
                    item.without(check, one, options)
                elif item.says:
                    check.refuses(one, *options, says=item.says, names=item.names,
                                  status=item.status)

    for part in (default, with_profile, written_out, each_option_is_needed):
        if part is not each_option_is_needed or profile.items:
            CASES["%s_%s" % (name, part.__name__)] = part


for its_name, its_profile in PROFILES.items():
    provider_case(its_name, its_profile)


@case
def profile_of_an_unknown_name_is_refused(check):
    with Provider() as one, check.user(one) as user:
        done = user.login("--json", "--provider", "nobody")
        check.that("is an argument of a wrong kind", done.code in (1, 2), done)
        check.says(done.error, ["nobody", *PROFILES], done)
        check.that("nobody is asked", not user.person.asked and not one.log)


@case
def profile_of_entra_is_for_a_client_without_a_secret_too(check):
    """As Entra has it for a desktop application, without "none" in its list."""
    class Desktop(PROFILES["entra"].emulator):
        clients = {GIVEN: None}

        def methods(self):
            return ["none"]

    with Desktop() as one, check.user(one) as user:
        options = ["--provider", "entra", "--client-id", GIVEN]
        done = user.login(*options)
        check.that("signs in", done.code == 0, done)
        one.expire_all()
        done = user.tools("--no-browser", *options)
        check.that("renews the token", done.code == 0 and "add" in done.output, done)
        check.no_faults(one)


@case
def option_counts_more_than_the_profile(check):
    """Whatever the order in which they are given."""
    profile = PROFILES["entra"]
    for resource in ("--auth-param", "--token-param"):
        more = [resource, "resource={R}/mcp"]
        for options in (["--provider", "entra", *more], [*more, "--provider", "entra"]):
            with profile.emulator(resource_parameter="either") as one, check.user(one) as user:
                done = user.login("--json", *one.fill([*WITH_SECRET, *options]))
                check.that("is refused", done.code == 1 and "AADSTS9010010" in done.error, done)
    google = PROFILES["google"].emulator
    for options in (["--provider", "google", "--auth-param", "prompt"],
                    ["--auth-param", "prompt", "--provider", "google"],
                    ["--provider", "google", "--auth-param", "prompt=select_account"]):
        with google() as one:
            check.signs_in(one, *WITH_SECRET, "--issuer", "{H}", *options)
            wanted = "select_account" if options[-1].endswith("account") else None
            check.that("sends the prompt of the person", all(
                asked.get("prompt") == wanted and asked.get("access_type") == "offline"
                for asked in one.of("/authorize")), one.of("/authorize"))
    with PROFILES["auth0"].emulator() as one:
        check.refuses(one, "--provider", "auth0", "--auth-param", "audience=urn:other",
                      says=["Service not found"], status="MCP_E_DENIED")
    with PROFILES["auth0"].emulator() as one:
        check.signs_in(one, "--provider", "auth0", "--auth-param", "audience={R}/mcp")
        check.that("the profile contradicts no parameter of the person",
                   all("audience" not in asked for asked in one.of("/token")), one.of("/token"))


def goes_elsewhere(check, name, named, more=()):
    """A login at a server that names an authorization server of the provider. The
    proxy is on this machine and reaches nothing."""
    with Provider(resource={"authorization_servers": [named]}) as one, check.user(one) as user:
        done = subprocess.run(
            [CLIENT, "login", "--provider", name, *WITH_SECRET, *one.fill(list(more)), one.url],
            env=dict(user.environment, https_proxy=one.F), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=LIMIT)
        return done, [path for origin, method, path, _ in one.log
                      if (origin, method) == ("F", "CONNECT")]


@case
def profile_pins_the_issuer_of_the_provider_alone(check):
    for name, named, host in (
            ("atlassian", "https://auth.atlassian.com/tenant", "auth.atlassian.com"),
            ("atlassian", "https://mcp.atlassian.com", "cf.mcp.atlassian.com"),
            ("google", "https://accounts.google.com/", "accounts.google.com"),
            ("salesforce", "https://api.salesforce.com:443/mcp", "login.salesforce.com"),
            ("google", "https://proxy.invalid/", "proxy.invalid"),
            ("google", "https://mcp.slack.com/", "mcp.slack.com")):
        done, asked = goes_elsewhere(check, name, named)
        check.that("%s: %s is asked" % (named, host), set(asked) == {host + ":443"},
                   "%s %s" % (asked, done))
        check.that("and does not answer", done.returncode == 1, done)
    # What the person pins counts more.
    done, asked = goes_elsewhere(check, "google", "https://accounts.google.com/",
                                 ["--issuer", "https://pin.invalid"])
    check.that("the pin is asked", set(asked) == {"pin.invalid:443"}, "%s %s" % (asked, done))


@case
def profile_has_the_endpoints_of_slack(check):
    """No document of Slack is read; the MCP server tells the scopes."""
    with Provider(resource={"authorization_servers": ["https://mcp.slack.com"],
                            "scopes_supported": ["chat:write"]}) as one, \
            check.user(one, looks_away) as user:
        process = user.start("login", "--provider", "slack", *WITH_SECRET, one.url)
        user.person.is_asked.wait(LIMIT)
        process.send_signal(signal.SIGINT)
        done = user.ended(process)
        check.that("shows the page of Slack", any(
            url.startswith("https://slack.com/oauth/v2_user/authorize?")
            and "scope=chat%3Awrite" in url and "code_challenge_method=S256" in url
            for url in user.person.asked), "%s %s" % (user.person.asked, done))


@case
def profile_leaves_other_servers_alone(check):
    """A server that keeps to the specification, such as a proxy, with each profile."""
    for name in PROFILES:
        with Provider(resource_parameter="either") as one:
            one.authorization_parameters = {
                "google": {"access_type": "offline", "prompt": "consent"},
                "auth0": {"audience": "{R}/mcp"}}.get(name, {})
            one.token_parameters = {"auth0": {"audience": "{R}/mcp"}}.get(name, {})
            check.signs_in(one, "--provider", name, by_library=False)


# The table.


def code(words):
    """Options in Markdown, without the places of this machine."""
    text = " ".join(words).replace("{BACK}", "URL").replace("{R}/mcp", "RESOURCE")
    return "`%s`" % text


def given(profile):
    words = list(profile.given)
    parts = []
    while words:
        name = words.pop(0)
        value = words.pop(0)
        shown = {"--client-id": "ID", "--client-secret-env": "NAME", "--redirect-url": "URL"}[name]
        assert value
        parts.append(code([name, shown]))
    return ", ".join(parts) or "nothing"


def by_default(profile):
    if profile.default is None:
        return "signs in, and the MCP server refuses the token" if any(
            item.without for item in profile.items) else "signs in"
    names = [name.split()[0] for name in profile.default["names"]]
    return "is refused; names " + ", ".join("`%s`" % name for name in names)


def row(name, profile):
    sets = ", ".join(item.real or code(item.option) for item in profile.items) or "nothing"
    return "| %s | `%s` | %s | %s | %s | %s |" % (
        profile.title, name, by_default(profile), sets, given(profile), profile.known)


@case
def table_of_the_guide(check):
    lines = ["| provider | name | without options | `--provider` sets | a person gives | known "
             "since |", "|---|---|---|---|---|---|"]
    lines += [row(*one) for one in PROFILES.items()]
    table = "\n".join(lines)
    with open(GUIDE, encoding="utf-8") as file:
        text = file.read()
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    if os.environ.get("UPDATE") == "1":
        with open(GUIDE, "w", encoding="utf-8") as file:
            file.write("%s%s\n\n%s\n\n%s%s" % (before, BEGIN, table, END, after))
    else:
        check.that("docs/sign-in.md has the table of the tests (UPDATE=1 writes it)",
                   old.strip() == table)
    for name, profile in PROFILES.items():
        check.that("docs/sign-in.md describes %s" % name,
                   "--provider %s" % name in text and "## %s\n" % profile.title in text)
