"""C. Credentials that do not work: refresh tokens, access tokens, registrations."""

import json
import threading

from checks import LIMIT, WITH_SECRET, registry
from http_peer import CLOSE, HANG
from person import follows, looks_away
from provider import Provider, error, response
import library

CASES, case = registry()
PAGE = response(403, "text/html", "<h1>Request blocked</h1>")


class Stale:
    """A user whose access token is over, and a token endpoint that answers a refresh
    with `reply`."""

    def __init__(self, check, reply, **settings):
        self.reply = reply
        self.one = Provider(refuse_token=self.refuse, life=1, **settings)
        self.check = check
        self.user = check.user(self.one)

    def refuse(self, one, form, request):
        return self.reply if form.get("grant_type") == "refresh_token" else None

    def __enter__(self):
        self.one.__enter__()
        self.user.__enter__()
        self.check.signed_in(self.user.login())
        self.one.life = 3600
        self.check.sleep(1.1)
        return self.one, self.user

    def __exit__(self, *_):
        self.user.__exit__()
        self.check.no_faults(self.one)
        self.one.__exit__()


DEFINITE = {
    "invalid_request": error("invalid_request", "refresh_token is invalid"),
    "invalid_grant": error("invalid_grant"),
    "bad_refresh_token": error("bad_refresh_token", "The refresh token is incorrect or expired."),
    "access_denied_403": error("access_denied", status=403),
    "unauthorized_401": error("unauthorized", status=401),
    "json_422": error("validation", status=422),
    "json_404": error("not_found", status=404),
    "error_with_200": error("invalid_grant", "Token expired", 200),
    "page_403": PAGE,
    "text_400": response(400, "text/plain", "bad request"),
    "empty_404": response(404, None),
    "json_without_error_400": response(400, body={"message": "no"}),
}
PASSING = {
    "500": error("server_error", status=500),
    "503": response(503, "text/html", "<h1>Maintenance</h1>"),
    "502": response(502, "text/html", "<h1>Bad gateway</h1>"),
    "408": response(408, None),
    "429": error("slow_down", status=429),
    "lost_connection": [CLOSE],
}


def a_call_signs_in_again(name, reply):
    def judge(check):
        with Stale(check, reply) as (one, user):
            check.listed(user.tools())
            check.that("the person is asked once more", len(user.person.asked) == 2)
            check.that("one refresh", len(one.forms("refresh_token")) == 1,
                       one.forms("refresh_token"))
            check.listed(user.tools())
            check.that("and not again", len(user.person.asked) == 2)
    judge.__name__ = "call_signs_in_after_refresh_" + name
    case(judge)


def a_call_keeps_the_refresh_token(name, reply):
    def judge(check):
        stale = Stale(check, reply)
        with stale as (one, user):
            done = user.tools()
            check.that("a call fails", done.code == 1, done)
            check.that("nobody is asked", len(user.person.asked) == 1)
            stale.reply = None
            check.listed(user.tools())
            check.that("by the refresh token", len(user.person.asked) == 1)
    judge.__name__ = "call_keeps_the_refresh_token_after_" + name
    case(judge)


def login_asks(name, reply):
    def judge(check):
        with Stale(check, reply) as (one, user):
            check.signed_in(user.login())
            check.that("the person is asked", len(user.person.asked) == 2)
            check.listed(user.tools())
            check.that("once", len(user.person.asked) == 2)
    judge.__name__ = "login_gets_past_a_refresh_" + name
    case(judge)


for what, answer in DEFINITE.items():
    a_call_signs_in_again(what, answer)
for what, answer in PASSING.items():
    a_call_keeps_the_refresh_token(what, answer)
for what, answer in {**DEFINITE, **PASSING}.items():
    login_asks(what, answer)


@case
def dead_refresh_token_is_invalid_request(check):
    with Stale(check, DEFINITE["invalid_request"]) as (one, user):
        done = user.tools()
        check.listed(done)
        check.that("asks once", len(user.person.asked) == 2, done)


@case
def login_gets_past_a_refresh_that_is_invalid_request(check):
    with Stale(check, error("invalid_request")) as (one, user):
        check.signed_in(user.login())
        check.that("asks", len(user.person.asked) == 2)


@case
def login_gets_past_a_refresh_that_ends_in_500(check):
    with Stale(check, error("server_error", status=500)) as (one, user):
        done = user.tools()
        check.that("a call fails", done.code == 1, done)
        check.signed_in(user.login())
        check.that("asks", len(user.person.asked) == 2)
        check.listed(user.tools())


def without_a_browser(name, reply, is_deleted):
    """A call of the library without a browser, after a definite refusal."""
    def judge(check):
        stale = Stale(check, reply)
        with stale as (one, user):
            with user.session(browser=False, store=user.store) as session:
                for _ in range(2):
                    try:
                        session.ping()
                        check.that("fails", False)
                    except library.Failed as failed:
                        check.that("MCP_E_UNAUTHORIZED", failed.status == "MCP_E_UNAUTHORIZED",
                                   failed)
                        check.says(failed.message, ["sign in"], failed)
                check.that("one refresh in a process", len(one.forms("refresh_token")) == 1,
                           len(one.forms("refresh_token")))
            with open(user.store, encoding="utf-8") as file:
                has_refresh = "refresh-t0ken" in json.dumps(json.load(file))
            check.that("deleted" if is_deleted else "kept in the store",
                       has_refresh != is_deleted)
            stale.reply = None
            check.listed(user.tools())
            check.that("the person is asked" if is_deleted else "nobody is asked",
                       len(user.person.asked) == (2 if is_deleted else 1))
    judge.__name__ = "without_a_browser_after_" + name
    case(judge)


without_a_browser("a_json_error", DEFINITE["invalid_request"], True)
without_a_browser("a_page", PAGE, False)


@case
def refresh_that_a_page_refused_is_deleted_with_the_next_token(check):
    with Stale(check, PAGE) as (one, user):
        old = next(iter(one.refresh))
        check.listed(user.tools())
        with open(user.store, encoding="utf-8") as file:
            check.that("the refused token is gone", old not in file.read())


# Access tokens.

def forgotten(reply):
    """An MCP server that answers the first token that it sees, later, with reply."""
    old = []

    def refuse(one, request, token):
        if one.is_forgetting and token and token not in old and not old:
            old.append(token)
        return reply if token and token in old else None
    return refuse


class Forgetful(Provider):
    is_forgetting = False


def login_replaces(name, reply, status):
    def judge(check):
        with Forgetful(refuse_mcp=forgotten(reply), gives_refresh_token=False) as one, \
                check.user(one) as user:
            check.signed_in(user.login())
            one.is_forgetting = True
            if status:
                done = user.run("--auth", "oauth", "--json", "tools", one.url)
                check.that("a call fails with " + status, done.code == 1
                           and status in done.output, done)
            check.signed_in(user.login())
            check.that("the person is asked", len(user.person.asked) == 2)
            check.listed(user.tools())
            check.that("once", len(user.person.asked) == 2)
            check.no_faults(one)
    judge.__name__ = "login_replaces_a_token_that_is_refused_with_" + name
    case(judge)


login_replaces("403", error("invalid_token", status=403), "MCP_E_FORBIDDEN")
login_replaces("400", response(400, body={"message": "bad token"}), None)
login_replaces("401", response(401, None, headers=[
    ("WWW-Authenticate", 'Bearer error="invalid_token"')]), None)
login_replaces("401_without_a_challenge", response(401, None), None)
login_replaces("500", response(500, "text/plain", "oops"), None)
login_replaces("403_page", response(403, "text/html", "<h1>no</h1>"), "MCP_E_FORBIDDEN")


@case
def login_once_more_has_nothing_to_do(check):
    with Provider() as one, check.user(one) as user:
        check.signed_in(user.login())
        check.signed_in(user.login())
        check.that("nobody is asked again", len(user.person.asked) == 1)


@case
def refusal_of_the_probe_proves_nothing(check):
    def refuse(one, request, token):
        return PAGE if token and request.rpc == "server/discover" else None
    with Provider(refuse_mcp=refuse) as one, check.user(one) as user:
        check.signed_in(user.login())
        check.signed_in(user.login())
        check.that("nobody is asked again", len(user.person.asked) == 1)


@case
def token_that_has_just_been_issued_is_enough(check):
    def refuse(one, request, token):
        return response(503, None) if token in one.access else None
    with Provider(refuse_mcp=refuse) as one, check.user(one) as user:
        check.signed_in(user.login())
        check.that("asked once", len(user.person.asked) == 1)
        # The stored token is not accepted now, so the person is asked.
        check.signed_in(user.login())
        check.that("asked again", len(user.person.asked) == 2)


@case
def login_gets_past_a_refresh_whose_token_is_refused(check):
    class Revoking(Provider):
        def by_refresh_token(self, form, client):
            answer = super().by_refresh_token(form, client)
            del self.access[answer["access_token"]]
            return answer

    with Revoking() as one, check.user(one) as user:
        check.signed_in(user.login())
        one.expire_all()
        check.signed_in(user.login())
        check.that("refreshes once", len(one.forms("refresh_token")) == 1)
        check.that("and then asks", len(user.person.asked) == 2)
        check.listed(user.tools())
        check.no_faults(one)


@case
def refreshed_token_is_enough_for_login(check):
    def refuse(one, request, token):
        return response(503, None) if token in one.access else None
    with Provider(refuse_mcp=refuse, life=1) as one, check.user(one) as user:
        check.signed_in(user.login())
        one.life = 3600
        check.sleep(1.1)
        check.signed_in(user.login())
        check.that("refreshes once", len(one.forms("refresh_token")) == 1)
        check.that("nobody is asked", len(user.person.asked) == 1)
        check.no_faults(one)


# Registrations.

def gone(one, query):
    if query.get("client_id") in one.gone:
        return response(422, body={"message": "Unrecognized client_id"})
    return None


class Forgotten(Provider):
    """Knows how to forget its clients."""

    refuse_authorization = gone

    def __init__(self, **settings):
        super().__init__(**settings)
        self.gone = set()


@case
def registration_that_is_gone_is_made_anew_after_an_interrupt(check):
    with Forgotten(gives_refresh_token=False) as one, check.user(one) as user:
        check.signed_in(user.login())
        one.gone.update(one.registered)
        one.expire_all()
        process = user.start("login", one.url)
        check.that("the person is asked", user.is_asked(2))
        done = user.interrupted(process)
        check.that("Ctrl-C ends it", done.code in (130, -2), done)
        check.signed_in(user.login())
        check.that("registers again", len(one.of("/register")) == 2, len(one.of("/register")))
        check.listed(user.tools())
        check.that("asked three times", len(user.person.asked) == 3)
        check.no_faults(one)


@case
def registration_that_is_gone_and_a_call_that_is_interrupted(check):
    with Forgotten() as one, check.user(one) as user:
        check.signed_in(user.login())
        one.gone.update(one.registered)
        one.access.clear()
        one.refresh.clear()
        process = user.start("--auth", "oauth", "tools", one.url)
        check.that("the person is asked", user.is_asked(2))
        done = user.interrupted(process)
        check.that("Ctrl-C ends it", done.code in (130, -2), done)
        check.listed(user.tools())
        check.that("registers again", len(one.of("/register")) == 2)
        check.no_faults(one)


@case
def registration_is_discarded_after_the_time_of_the_person(check):
    with Forgotten() as one, check.user(one) as user:
        with user.session() as session:
            session.sign_in()
        one.gone.update(one.registered)
        one.expire_all()
        one.refresh.clear()
        with user.session(timeout=300) as session:
            try:
                session.sign_in()
                check.that("nobody comes back", False)
            except library.Failed as failed:
                check.that("fails", failed.status in ("MCP_E_TIMEOUT", "MCP_E_AUTH"), failed)
        with user.session(timeout=60000) as session:
            session.sign_in()
            session.ping()
        check.that("registers again", len(one.of("/register")) == 2)
        check.no_faults(one)


@case
def registration_that_is_gone_by_the_words_of_a_redirect(check):
    def refuse(one, query):
        if query.get("client_id") in one.gone:
            return {"error": "invalid_request", "error_description": "Unknown client"}
        return None
    with Forgotten(refuse_authorization=refuse) as one, check.user(one) as user:
        check.signed_in(user.login())
        one.gone.update(one.registered)
        one.access.clear()
        one.refresh.clear()
        check.signed_in(user.login())
        check.that("registers again", len(one.of("/register")) == 2)
        check.listed(user.tools())
        check.no_faults(one)


@case
def given_client_is_not_discarded_by_an_interrupt(check):
    with Provider(expects_registration=False) as one, check.user(
            one, looks_away) as user:
        process = user.start("login", *WITH_SECRET, one.url)
        check.that("the person is asked", user.is_asked(1))
        user.interrupted(process)
        user.person.does = follows
        check.signed_in(user.login(*WITH_SECRET))
        check.listed(user.tools())
        check.no_faults(one)


@case
def registration_stays_beside_its_tokens(check):
    stale = Stale(check, error("server_error", status=500))
    with stale as (one, user):
        user.person.does = looks_away
        process = user.start("login", one.url)
        check.that("the person is asked", user.is_asked(2))
        user.interrupted(process)
        stale.reply = None
        # The refresh token is still bound to the first registration.
        check.listed(user.tools())
        check.that("refreshed", len(user.person.asked) == 2)
        check.that("one registration", len(one.of("/register")) == 1)


@case
def logout_discards_tokens_and_registration(check):
    with Provider() as one, check.user(one) as user:
        check.signed_in(user.login())
        done = user.run("logout", one.url)
        check.that("signs out", done.code == 0 and "signed out" in done.output, done)
        with open(user.store, encoding="utf-8") as file:
            text = file.read()
        check.that("neither is in the store", "t0ken" not in text and not any(
            client in text for client in one.registered), text)
        check.signed_in(user.login())
        check.that("registers again", len(one.of("/register")) == 2)
        check.listed(user.tools())
        check.no_faults(one)


@case
def logout_of_a_client_that_is_gone(check):
    with Forgotten() as one, check.user(one) as user:
        check.signed_in(user.login())
        one.gone.update(one.registered)
        done = user.run("logout", one.url)
        check.that("signs out", done.code == 0, done)
        check.signed_in(user.login())
        check.no_faults(one)


@case
def logout_though_the_revocation_fails(check):
    for reply in (response(500, None), error("invalid_client", status=401), PAGE):
        with Provider(server={"revocation_endpoint": "{H}/revoke"},
                      pages={"H/revoke": lambda one, request, reply=reply: reply}) as one, \
                check.user(one) as user:
            check.signed_in(user.login())
            user.run("logout", one.url)
            with open(user.store, encoding="utf-8") as file:
                check.that("no token is left", "t0ken" not in file.read())
            check.signed_in(user.login())
            check.that("the person is asked", len(user.person.asked) == 2)
            check.no_faults(one)


@case
def logout_that_is_interrupted(check):
    is_asked = threading.Event()

    class Silent(Provider):
        def revoke(self, request, form):
            is_asked.set()
            return [HANG]

    with Silent(server={"revocation_endpoint": "{H}/revoke"}) as one, check.user(one) as user:
        check.signed_in(user.login())
        process = user.start("logout", one.url)
        check.that("the token is revoked", is_asked.wait(LIMIT))
        done = user.interrupted(process)
        check.that("Ctrl-C ends it", done.code in (130, -2), done)
        with open(user.store, encoding="utf-8") as file:
            text = file.read()
        check.that("nothing is left", "t0ken" not in text and not any(
            client in text for client in one.registered), text)


@case
def refresh_that_lacks_client_id_is_repeated_before_it_counts(check):
    def refuse(one, form, request):
        if form.get("grant_type") == "refresh_token" and "client_id" not in form:
            return error("invalid_client", "client_id is required", 401)
        return None
    with Provider(server={"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
                  takes_client_id_beside_basic=True, refuse_token=refuse, life=1) as one, \
            check.user(one) as user:
        check.signed_in(user.login())
        one.life = 3600
        check.sleep(1.1)
        check.listed(user.tools())
        check.that("nobody is asked", len(user.person.asked) == 1)
        check.no_faults(one)
