"""More members of the kinds: issuers, registrations that are gone, methods, places,
challenges."""

from cases_credentials import Forgetful, Forgotten, Stale, forgotten
from checks import WITH_SECRET, registry
from provider import (ABSENT, GIVEN, OPENID_PLACE, RESOURCE_PLACE, SERVER_PLACE, Provider, error,
                      response)

CASES, case = registry()
BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"


# A. Issuers.

@case
def issuer_of_another_name_of_the_same_machine(check):
    class Two(Provider):
        def fill(self, value):
            value = super().fill(value)
            return value.replace("{L}", self.H.replace("127.0.0.1", "localhost")) if isinstance(
                value, str) else value
    with Two(resource={"authorization_servers": ["{L}"]}) as one:
        check.refuses(one, says=["{L}", "{H}"], status=("MCP_E_AUTH", "MCP_E_UNTRUSTED"))
        check.signs_in(one, "--issuer", "{H}")


@case
def pin_is_at_the_second_of_two_places_and_the_first_differs(check):
    with Provider(resource={"authorization_servers": ["{H}/a", "{H}/b"]},
                  server={"issuer": "{H}/pin"}, server_places=[SERVER_PLACE + "/b"], pages={
                      "H" + SERVER_PLACE + "/a": {"issuer": "{H}/a", "token_endpoint": "{F}/t"}
                  }) as one:
        check.signs_in(one, "--issuer", "{H}/pin")


@case
def pin_that_nobody_publishes_ends_within_the_bound(check):
    for count in (1, 3, 40):
        listed = ["{H}/%d" % number for number in range(count)]
        with Provider(resource={"authorization_servers": listed}, server_places=()) as one:
            with check.user(one) as user:
                done = user.login("--issuer", one.H + "/pin")
                check.that("fails", done.code == 1 and one.H + "/pin" in done.error, done)
            asked = [path for _, _, path, _ in one.log if "well-known" in path]
            check.that("at most 12 requests", len(asked) <= 12, asked)


@case
def issuer_with_a_slash_after_a_path_at_every_place(check):
    for place in (SERVER_PLACE + "/a", OPENID_PLACE + "/a", "/a" + OPENID_PLACE,
                  "/a" + SERVER_PLACE, SERVER_PLACE, OPENID_PLACE):
        with Provider(resource={"authorization_servers": ["{H}/a/"]},
                      server={"issuer": "{H}/a/"}, server_places=[place]) as one:
            check.signs_in(one, by_library=False)


# C. Credentials.

def login_gets_past(name, reply):
    def judge(check):
        with Stale(check, reply) as (_, user):
            check.signed_in(user.login())
            check.that("the person is asked", len(user.person.asked) == 2)
            check.listed(user.tools())
    judge.__name__ = "login_gets_past_a_refresh_" + name
    case(judge)


login_gets_past("that_redirects", response(302, None, headers=[("Location", "/elsewhere")]))
login_gets_past("with_a_page_and_200", response(200, "text/html", "<h1>Sign in</h1>"))
login_gets_past("without_a_token", response(200, body={"token_type": "Bearer"}))
login_gets_past("of_nulls", response(200, body={"access_token": None, "error": None}))


@case
def login_gets_past_a_token_and_a_refresh_that_are_refused(check):
    for reply in (error("server_error", status=500), error("invalid_request")):
        with Provider(refuse_token=lambda one, form, request, reply=reply: reply if form.get(
                "grant_type") == "refresh_token" else None) as one, check.user(one) as user:
            check.signed_in(user.login())
            one.expire_all()
            check.signed_in(user.login())
            check.that("the person is asked", len(user.person.asked) == 2)
            check.listed(user.tools())
            check.no_faults(one)


def unknown_client(one, form, request):
    client = form.get("client_id")
    return error("invalid_client", "unknown", 401) if client in one.gone else None


@case
def registration_that_the_token_endpoint_does_not_know(check):
    with Forgotten(server={"token_endpoint_auth_methods_supported": [NONE]},
                   refuse_authorization=None, refuse_token=unknown_client) as one, \
            check.user(one) as user:
        check.signed_in(user.login())
        one.gone.update(one.registered)
        one.access.clear()
        done = user.login()
        check.signed_in(done)
        check.that("registers again", len(one.of("/register")) == 2, len(one.of("/register")))
        check.listed(user.tools())
        check.no_faults(one)


@case
def refresh_of_a_registration_that_is_gone(check):
    # /authorize does not send the browser back for the old client.
    for command in ("login", "tools"):
        with Forgotten(server={"token_endpoint_auth_methods_supported": [NONE]},
                       refuse_token=unknown_client) as one, check.user(one) as user:
            check.signed_in(user.login())
            one.gone.update(one.registered)
            one.access.clear()
            done = user.login() if command == "login" else user.tools()
            check.that(command + " succeeds", done.code == 0, done)
            check.that("registers again", len(one.of("/register")) == 2)
            check.listed(user.tools())
            check.no_faults(one)


def gone_at_a_page(name, reply):
    def judge(check):
        with Forgotten(gives_refresh_token=False, refuse_authorization=lambda one, query: (
                reply if query["client_id"] in one.gone else None)) as one, \
                check.user(one) as user:
            check.signed_in(user.login())
            one.gone.update(one.registered)
            one.expire_all()
            process = user.start("login", one.url)
            check.that("the person is asked", user.is_asked(2))
            user.interrupted(process)
            check.signed_in(user.login())
            check.that("registers again", len(one.of("/register")) == 2)
            check.no_faults(one)
    judge.__name__ = "interrupt_at_a_page_" + name
    case(judge)


gone_at_a_page("200", response(200, "text/html", "<h1>Unknown application</h1>"))
gone_at_a_page("400", response(400, body={"error": "invalid_client"}))
gone_at_a_page("500", response(500, "text/html", "<h1>Error</h1>"))


@case
def first_sign_in_is_interrupted(check):
    # The registration has no tokens and is not known to be good.
    with Forgotten() as one, check.user(one, lambda person, url: None) as user:
        process = user.start("login", one.url)
        check.that("the person is asked", user.is_asked(1))
        user.interrupted(process)
        one.gone.update(one.registered)
        process = user.start("login", one.url)
        check.that("the person is asked", user.is_asked(2))
        check.that("registers again", len(one.of("/register")) == 2)
        user.interrupted(process)


@case
def logout_leaves_nothing_of_another_client(check):
    for resource, pin in (("{R}/mcp", ()), ("{R}", ()), ("{R}", ("--issuer", "{H}"))):
        with Provider(server={"revocation_endpoint": "{H}/revoke"},
                      resource={"resource": resource}) as one, check.user(one) as user:
            pin = [one.fill(text) for text in pin]
            check.signed_in(user.login(*pin))
            check.signed_in(user.login(*pin, *WITH_SECRET))
            check.that("the person is asked for each", len(user.person.asked) == 2)
            for options in (WITH_SECRET, ()):
                done = user.run("logout", *pin, *options, one.url)
                check.that("signs out", done.code == 0, done)
            with open(user.store, encoding="utf-8") as file:
                text = file.read()
            check.that("nothing is left", "t0ken" not in text and not any(
                client in text for client in one.registered), text)
            done = user.run("logout", *pin, one.url)
            check.that("there is nothing more", done.code == 1, done)
            check.no_faults(one)


def disowned(name, code, description=ABSENT):
    """A registration that a redirect refuses in words of the server's own."""
    def judge(check):
        answer = {"error": code, "error_description": description}
        with Forgotten(refuse_authorization=lambda one, query: (
                answer if query["client_id"] in one.gone else None)) as one, \
                check.user(one) as user:
            check.signed_in(user.login())
            one.gone.update(one.registered)
            one.expire_all()
            one.refresh.clear()
            # The cause may be another one, so that the first attempt may fail.
            if user.login().code != 0:
                check.signed_in(user.login())
            check.that("registers again", len(one.of("/register")) == 2)
            check.listed(user.tools())
            check.no_faults(one)
    judge.__name__ = "registration_that_a_redirect_refuses_" + name
    case(judge)


disowned("without_words", "invalid_request")
disowned("in_other_words", "invalid_request", "The OAuth application has been deleted")
disowned("in_another_language", "invalid_request", "Anwendung nicht vorhanden")
disowned("with_another_code", "app_not_found")
disowned("as_a_failure", "server_error", "Client not found")
disowned("as_a_denial", "access_denied", "Unknown client")


@case
def registration_stays_after_another_refusal(check):
    for answer in ({"error": "access_denied"}, {"error": "invalid_scope"},
                   {"error": "user_cancelled_login"}, {"error": "rate_limit_exceeded"},
                   {"error": "server_error", "error_description": "try later"}):
        with Provider() as one, check.user(one) as user:
            check.signed_in(user.login())
            one.expire_all()
            one.refresh.clear()
            one.refuse_authorization = lambda one, query, answer=answer: answer
            check.that("fails", user.login().code == 1)
            one.refuse_authorization = None
            check.signed_in(user.login())
            check.that("one registration", len(one.of("/register")) == 1)
            check.no_faults(one)


# E and F. Clients.

@case
def repeat_of_a_registration_asks_for_less(check):
    def refuse(one, body):
        return error("invalid_client_metadata") if "scope" in body or len(
            body["grant_types"]) > 1 else None
    with Provider(refuse_registration=refuse, resource={"scopes_supported": ["a"]}) as one:
        check.signs_in(one, by_library=False)
        first, second = one.of("/register")
        check.that("first all", first.get("scope") == "a" and len(first["grant_types"]) == 2)
        check.that("then less", "scope" not in second
                   and second["grant_types"] == ["authorization_code"], second)


@case
def given_client_without_a_secret(check):
    for methods in ([BASIC, POST, NONE], [NONE], ABSENT):
        with Provider(clients={GIVEN: None}, expects_registration=False, server={
                "token_endpoint_auth_methods_supported": methods}) as one, \
                check.user(one) as user:
            # The list may be wrong; the client has nothing to prove.
            if methods is ABSENT:
                one.methods = lambda: [NONE]
            check.signed_in(user.login("--client-id", GIVEN))
            check.listed(user.tools())
            check.no_faults(one)


@case
def chosen_basic_for_a_given_secret(check):
    def refuse(one, form, request):
        one.expect("authorization" in request.headers, "not by Basic")
    with Provider(server={"token_endpoint_auth_methods_supported": [POST, BASIC]},
                  refuse_token=refuse, expects_registration=False) as one:
        check.signs_in(one, *WITH_SECRET, "--client-auth", "basic")


# G. Places.

@case
def resource_metadata_of_a_deeper_path(check):
    path = "/a/b/mcp"
    for place in (RESOURCE_PLACE + path, RESOURCE_PLACE):
        for challenge in (None, "Bearer"):
            with Provider(mcp_path=path, resource_places=[place], challenge=challenge) as one:
                check.signs_in(one, by_library=False)


@case
def resource_metadata_redirects_within_its_origin(check):
    def move(one, request):
        return response(302, None, headers=[("Location", "/.well-known/moved")])
    with Provider(pages={"R" + RESOURCE_PLACE + "/mcp": move,
                         "H" + SERVER_PLACE: move},
                  resource_places=["/.well-known/moved"],
                  server_places=["/.well-known/moved"]) as one:
        check.signs_in(one)


def challenged(name, text):
    def judge(check):
        with Provider(challenge=text, resource_places=["/.well-known/x"]) as one:
            check.signs_in(one, by_library=False)
    judge.__name__ = "challenge_" + name
    case(judge)


challenged("without_quotes", "Bearer resource_metadata={R}/.well-known/x")
challenged("with_blanks", 'Bearer  realm = "a, b" , resource_metadata = "{R}/.well-known/x"')
challenged("with_single_quotes", "Bearer resource_metadata='{R}/.well-known/x'")
challenged("of_two_schemes", 'Negotiate, Bearer resource_metadata="{R}/.well-known/x"')
challenged("with_a_name_in_capitals", 'BEARER Resource_Metadata="{R}/.well-known/x"')
challenged("with_an_escape", 'Bearer error_description="\\"no\\"", '
                             'resource_metadata="{R}/.well-known/x"')
challenged("named_twice", 'Bearer resource_metadata="{R}/.well-known/x", '
                          'resource_metadata="{F}/.well-known/x"')


class TwoChallenges(Provider):
    """A gateway and the server behind it send a challenge each."""

    texts = ()
    resource_places = ["/.well-known/x"]

    def unauthorized(self):
        return response(self.refusal_status, None, headers=[
            ("WWW-Authenticate", self.fill(text)) for text in self.texts])


def challenged_twice(name, *texts):
    def judge(check):
        for status in (401, 403):
            with TwoChallenges(refusal_status=status, texts=texts) as one:
                check.signs_in(one, by_library=False)
    judge.__name__ = "challenge_twice_" + name
    case(judge)


NAMED = 'Bearer resource_metadata="{R}/.well-known/x"'
challenged_twice("and_the_first_has_a_realm", 'Bearer realm="gateway"', NAMED)
challenged_twice("and_the_first_has_an_error", 'Bearer error="invalid_token"', NAMED)
challenged_twice("and_the_first_has_nothing", "Bearer", NAMED)
challenged_twice("in_one_field", 'Bearer realm="gateway", ' + NAMED)


@case
def challenge_twice_for_a_token_that_is_over(check):
    for status in (401, 403):
        with TwoChallenges(refusal_status=status, texts=(
                'Bearer error="invalid_token"', NAMED)) as one, check.user(one) as user:
            check.signed_in(user.login())
            for run in (user.tools, user.login):
                one.expire_all()
                done = run()
                check.that("gets another token", done.code == 0, done)
            check.that("by its refresh token", len(user.person.asked) == 1
                       and len(one.forms("refresh_token")) == 2, one.forms("refresh_token"))
            check.no_faults(one)


class Unpublished(Provider):
    """The MCP server is the authorization server, and publishes nothing."""

    resource_places = server_places = ()
    challenge = None
    resource_parameter = "either"

    def reply_to(self, name, request):
        is_endpoint = request.path.partition("?")[0] in ("/authorize", "/token", "/register")
        return super().reply_to("H" if is_endpoint else name, request)


@case
def server_without_metadata_has_the_default_endpoints(check):
    with Unpublished() as one:
        check.signs_in(one)
        with check.user(one) as user:
            check.listed(user.tools())
        check.no_faults(one)


@case
def default_endpoints_are_for_servers_that_want_a_token(check):
    for status in (403, 404, 500):
        with Unpublished(refusal_status=status, expects_registration=False) as one, \
                check.user(one) as user:
            done = user.login()
            check.that("fails", done.code == 1 and not user.person.asked, done)
            check.no_faults(one)


@case
def default_endpoints_are_for_a_403_that_asks_for_a_token(check):
    # A call of each of these gets a token, so login does.
    for text in ('Bearer resource_metadata="{R}/.well-known/none"', 'Bearer error="invalid_token"',
                 'Bearer error="insufficient_scope"'):
        with Unpublished(refusal_status=403, challenge=text) as one:
            check.signs_in(one, by_library=False)


class ForgetfulUnpublished(Forgetful, Unpublished):
    pass


@case
def default_endpoints_replace_a_token_that_is_refused_without_a_401(check):
    for reply in (error("forbidden", status=403), response(400, body={"message": "bad token"}),
                  response(500, None)):
        with ForgetfulUnpublished(refuse_mcp=forgotten(reply), gives_refresh_token=False) as one, \
                check.user(one) as user:
            check.signed_in(user.login())
            one.is_forgetting = True
            check.signed_in(user.login())
            check.that("the person is asked", len(user.person.asked) == 2)
            check.listed(user.tools())
            check.no_faults(one)


@case
def redirect_with_parameters_without_a_value(check):
    with Provider(answer={"error": "", "error_description": "", "scope": ""}) as one:
        check.signs_in(one)


# D. Ways out.

@case
def endpoint_that_is_no_https_has_a_way_out(check):
    # A server behind a proxy for TLS publishes what it sees, or no host at all.
    by_hand = ("--authorization-endpoint", "{H}/authorize", "--token-endpoint", "{H}/token")
    for name, value in (("authorization_endpoint", "http://as.example/authorize"),
                        ("token_endpoint", "http://as.example/token"),
                        ("token_endpoint", "/token")):
        with Provider(server={name: value}, expects_registration=False) as one:
            check.refuses(one, says=[value], names=["--token-endpoint"],
                          status="MCP_E_UNTRUSTED")
            check.signs_in(one, *by_hand, *WITH_SECRET, by_library=False)
    for value in ("http://as.example/register", "/register"):
        with Provider(server={"registration_endpoint": value},
                      expects_registration=False) as one:
            check.refuses(one, says=[value], names=["--client-id"], status="MCP_E_UNTRUSTED")
            check.signs_in(one, *WITH_SECRET, by_library=False)


@case
def client_id_of_another_issuer_has_a_way_out(check):
    with Provider(expects_registration=False) as one, \
            Provider(expects_registration=False) as other, check.user(one) as user:
        check.signed_in(user.login(*WITH_SECRET))
        done = user.run("login", *WITH_SECRET, other.url)
        check.that("is refused", done.code == 1, done)
        check.says(done.error, [one.H, other.H, "--issuer"], done)
        check.that("nothing is sent", not other.of("/authorize") and not other.of("/token"))
        check.signed_in(user.run("login", *WITH_SECRET, "--issuer", other.H, other.url))
        for faulty in (one, other):
            check.no_faults(faulty)


@case
def server_that_needs_no_token_is_told(check):
    class Open(Provider):
        def serve(self, request):
            return None
    with Open(resource_places=(), challenge=None, expects_registration=False) as one:
        check.refuses(one, says=["it may need no sign-in"], names=["--issuer"])
        with check.user(one) as user:
            check.listed(user.tools())
