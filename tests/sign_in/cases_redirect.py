"""I. Requests to the redirect URL that cannot belong to the sign-in."""

import re
import time

import library
from checks import LIMIT, registry, until
from person import follows, get, knocks, knocks_first, redirect_uri, visit
from provider import ABSENT, Provider

CASES, case = registry()


def lines_of(done, word="state"):
    """The lines that report a request, without the page to visit."""
    return [line for line in done.error.splitlines()
            if word in line and not line.strip().startswith("http")]


def interrupted_after(check, does, is_reported=True, **settings):
    """login, to which nobody comes back in a right way; gives how it ended after
    Ctrl-C."""
    with Provider(expects_token_request=False, **settings) as one, check.user(one, does) as user:
        process = user.start("login", one.url)
        check.that("the person is asked", user.is_asked())
        check.that("and has done something", user.person.has_acted.wait(LIMIT))
        if is_reported:
            check.that("a line comes", until(lambda: "ignored a request" in user.said(process)))
        # A sign-in that ended because of it would end meanwhile.
        check.sleep(0.3)
        check.that("the sign-in waits on", process.poll() is None)
        done = user.interrupted(process)
        check.that("Ctrl-C ends it", done.code in (130, -2), done)
        check.no_faults(one)
        return done


@case
def error_comes_back_without_the_state(check):
    def refuse(one, query):
        return {"error": "invalid_request", "error_description": "no scope", "state": ABSENT}
    done = interrupted_after(check, follows, refuse_authorization=refuse)
    check.that("a line says so", any("invalid_request" in line for line in lines_of(done)), done)


def knock_is_reported(name, query, word=None):
    def judge(check):
        done = interrupted_after(check, knocks(query))
        check.that("one line", len(lines_of(done)) == 1, done)
        if word:
            check.says(done.error, [word], done)
        check.says_not(done.error, ["secret-of-a-stranger"], done)
    judge.__name__ = name
    case(judge)


knock_is_reported("error_comes_back_with_another_state",
                  "?error=access_denied&state=secret-of-a-stranger", "access_denied")
knock_is_reported("error_comes_back_with_an_empty_state", "?error=server_error&state=",
                  "server_error")
knock_is_reported("code_comes_back_without_the_state", "?code=secret-of-a-stranger")
knock_is_reported("code_comes_back_with_another_state",
                  "?code=secret-of-a-stranger&state=theirs")
knock_is_reported("description_of_a_stranger_is_not_shown",
                  "?error=invalid_scope&error_description=secret-of-a-stranger", "invalid_scope")


@case
def error_of_a_stranger_is_cleaned_and_cut(check):
    long = "x" * 3000
    done = interrupted_after(check, knocks("?error=%1b%5b31mred%0a%0dline%00" + long))
    lines = lines_of(done)
    check.that("one line", len(lines) == 1, done)
    check.that("without control characters", not re.search(r"[\x00-\x08\x0b-\x1f\x7f]",
                                                           done.error), repr(done.error))
    check.that("and short", all(len(line) < 500 for line in lines), done)


@case
def other_paths_are_not_reported(check):
    def does(person, url):
        back = redirect_uri(url).rpartition("/")[0]
        for path in ("/favicon.ico", "/", "/robots.txt"):
            person.shown.append(get(back + path))
    done = interrupted_after(check, does, is_reported=False)
    check.that("no line", not lines_of(done), done)


@case
def flood_of_strangers(check):
    def does(person, url):
        end = time.monotonic() + 2.3
        while time.monotonic() < end:
            for _ in range(8):
                get(redirect_uri(url) + "?error=invalid_request")
            time.sleep(0.05)
        follows(person, url)
    with Provider() as one, check.user(one, does) as user:
        done = user.login()
        check.signed_in(done)
        count = len(lines_of(done))
        check.that("at most one line a second", 1 <= count <= 1 + done.seconds, done)
        check.no_faults(one)


@case
def right_redirect_after_a_wrong_one(check):
    with Provider() as one, check.user(one, knocks_first(
            "?error=invalid_request", "?code=theirs&state=theirs")) as user:
        done = user.login()
        check.signed_in(done)
        check.that("the wrong one was reported", lines_of(done), done)
        check.listed(user.tools())
        check.that("one token request", len(one.of("/token")) == 1)
        check.no_faults(one)


@case
def strangers_see_a_page_that_says_nothing(check):
    with Provider() as one, check.user(one, knocks_first("?error=access_denied&x=%3Cb%3E")) as user:
        check.signed_in(user.login())
        page = user.person.shown[0]
        check.that("a refusal", page.status >= 400 or "signed in" not in page.body.lower(), page)
        check.that("nothing of the request", "<b>" not in page.body
                   and "access_denied" not in page.body, page)


def end_of_the_wait(check, does):
    """How a sign-in fails when nobody comes back in a right way. The person acts
    before the end of the time, also on a busy machine."""
    with Provider(expects_token_request=False) as one, check.user(one, does) as user:
        try:
            with user.session(timeout=20000) as session:
                session.sign_in()
        except library.Failed as failed:
            check.that("the person has acted", user.person.has_acted.is_set())
            return failed
        check.that("fails", False)
        return None


@case
def error_at_the_end_of_the_wait_mentions_it(check):
    failed = end_of_the_wait(check, knocks("?error=invalid_request"))
    if failed:
        check.says(failed.message, ["state", "invalid_request"], failed)


@case
def error_at_the_end_of_the_wait_mentions_no_other_path(check):
    failed = end_of_the_wait(
        check, lambda person, url: visit(redirect_uri(url) + "/other?error=invalid_request"))
    if failed:
        check.says_not(failed.message, ["invalid_request"], failed)


def refusal_with_state(name, code, status):
    def judge(check):
        def refuse(one, query):
            return {"error": code, "error_description": "words of the server"}
        with Provider(refuse_authorization=refuse, expects_token_request=False) as one:
            check.refuses(one, says=[code, "words of the server"], status=status)
    judge.__name__ = "refusal_with_the_state_" + name
    case(judge)


refusal_with_state("denied", "access_denied", "MCP_E_DENIED")
refusal_with_state("invalid", "invalid_request", "MCP_E_AUTH")
refusal_with_state("unknown", "some_error", "MCP_E_AUTH")
