"""D, E and F. Registration, its refusals, and client authentication."""

import json

from checks import WITH_SECRET, registry
from provider import ABSENT, Provider, error, response
from support import free_port

CASES, case = registry()
CREDENTIALS = ("--grant", "client-credentials", *WITH_SECRET)
BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"


def listing(*methods):
    return {"token_endpoint_auth_methods_supported": list(methods)}


# D. Errors.

@case
def slash_in_the_issuer_is_told_with_the_clients_own_option(check):
    with Provider(resource={"authorization_servers": ["{H}/"]}) as one:
        check.refuses(one, says=["{H}/", "{H}"], names=["--issuer {H}"])
        check.signs_in(one, "--issuer", "{H}")


def localhost_alone(one, body):
    if "127.0.0.1" in json.dumps(body):
        return error("invalid_redirect_uri", "must be https or localhost")
    return None


@case
def registration_takes_localhost_alone(check):
    with Provider(refuse_registration=localhost_alone) as one:
        check.refuses(one, says=["must be https or localhost"],
                      names=["--redirect-url http://localhost/callback"])
        check.signs_in(one, "--redirect-url", "http://localhost:%d/callback" % free_port())
        check.signs_in(one, "--redirect-url", "http://localhost/callback")


def registration_fails(name, reply, first, later=None, says=()):
    def judge(check):
        def refuse(one, body):
            return reply
        with Provider(refuse_registration=refuse, expects_token_request=False) as one:
            check.refuses(one, says=says, names=[option for option in (first, later) if option])
            with check.user(one) as user:
                text = user.login().error
                check.that("the likely cause comes first", later is None or
                           text.find(first) < text.find(later), text)
    judge.__name__ = name
    case(judge)


registration_fails("registration_is_refused_by_a_firewall",
                   response(403, "text/html", "<h1>Request blocked</h1>"), "--redirect-url",
                   "--client-id")
registration_fails("registration_is_refused_for_the_redirect_uri",
                   error("invalid_redirect_uri"), "--redirect-url", says=["invalid_redirect_uri"])
registration_fails("registration_is_refused_for_the_redirect_in_other_words",
                   error("invalid_request", "redirect_uris must be https"), "--redirect-url",
                   says=["redirect_uris must be https"])
registration_fails("registration_wants_a_token", error("invalid_token", "not for you", 401),
                   "--client-id", says=["not for you"])
registration_fails("registration_is_not_there", response(404, None), "--client-id")


@case
def registration_endpoint_is_missing(check):
    with Provider(server={"registration_endpoint": ABSENT}, expects_registration=False) as one:
        check.refuses(one, names=["--client-id"])
        check.signs_in(one, *WITH_SECRET)


# E. Registration.

@case
def registration_is_answered_with_the_servers_own_redirect(check):
    with Provider(registration={"redirect_uris": ["{H}/callback"]}) as one:
        check.signs_in(one)


def only_code(one, body):
    if body.get("grant_types") != ["authorization_code"]:
        return error("invalid_client_metadata", "unsupported grant type")
    return None


@case
def registration_of_a_grant_that_is_not_listed_is_refused(check):
    with Provider(server={"grant_types_supported": ["authorization_code"]},
                  refuse_registration=only_code, gives_refresh_token=False) as one:
        check.signs_in(one)
        check.that("at once", len(one.of("/register")) == 2, one.of("/register"))


def registered(name, status=201, server=(), **members):
    """A case with another answer of the registration endpoint."""
    def judge(check):
        with Provider(registration=members, registration_status=status,
                      server=dict(server)) as one:
            check.signs_in(one)
    judge.__name__ = "registration_response_" + name
    case(judge)


registered("with_status_200", 200)
registered("with_status_202", 202)
registered("without_redirect_uris", redirect_uris=ABSENT)
registered("with_null_redirect_uris", redirect_uris=None)
registered("with_no_redirect_uris", redirect_uris=[])
registered("with_several_redirect_uris", redirect_uris=["{H}/a", "{H}/b"])
registered("with_a_text_as_redirect_uris", redirect_uris="{H}/a")
registered("with_other_grants", grant_types=["implicit"])
registered("with_nulls", client_name=None, grant_types=None, response_types=None, scope=None,
           client_uri=None, logo_uri=None, contacts=None, client_id_issued_at=None,
           jwks=None, software_id=None)
registered("with_another_scope", scope="other")
registered("with_another_application_type", application_type="web")
registered("with_unknown_members", registration_access_token="r", anything={"a": [1]})
registered("with_the_method_post", token_endpoint_auth_method=POST, client_secret="s3cret-1",
           client_secret_expires_at=0)
registered("with_the_method_basic", token_endpoint_auth_method=BASIC, client_secret="s3cret+2/",
           client_secret_expires_at=0)
registered("with_the_method_none", token_endpoint_auth_method=NONE, client_secret=ABSENT,
           client_secret_expires_at=ABSENT)
registered("of_a_public_client_with_nulls", server=listing(NONE), client_secret=None,
           client_secret_expires_at=None)
registered("without_an_end_of_the_secret", client_secret_expires_at=ABSENT)
registered("with_the_id_alone", server=listing(NONE), **{name: ABSENT for name in (
    "redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method",
    "application_type", "client_name", "scope")})


def repeated(name, refuse, count, server=(), resource=(), signs_in=True):
    """A case of the repeat after invalid_client_metadata."""
    def judge(check):
        with Provider(refuse_registration=refuse, server=dict(server),
                      resource=dict(resource), expects_token_request=signs_in) as one:
            with check.user(one) as user:
                done = user.login()
                check.that("exit status", (done.code == 0) == signs_in, done)
                check.that("%d requests" % count, len(one.of("/register")) == count,
                           one.of("/register"))
            check.no_faults(one)
    judge.__name__ = name
    case(judge)


def no_scope(one, body):
    return error("invalid_client_metadata", "scope") if "scope" in body else None


SCOPES = {"scopes_supported": ["a"]}
repeated("registration_is_repeated_without_scope", no_scope, 2, resource=SCOPES)
repeated("registration_is_repeated_with_code_alone", only_code, 2)
repeated("registration_is_repeated_where_no_grants_are_listed", only_code, 2,
         server={"grant_types_supported": ABSENT})
repeated("registration_is_repeated_once", lambda one, body: error("invalid_client_metadata"), 2,
         resource=SCOPES, signs_in=False)
repeated("registration_is_not_repeated_after_another_error",
         lambda one, body: error("invalid_software_statement"), 1, resource=SCOPES,
         signs_in=False)


@case
def registration_names_both_grants_where_none_is_listed(check):
    with Provider(server={"grant_types_supported": ABSENT}) as one:
        check.signs_in(one)
        check.that("both", set(one.of("/register")[0]["grant_types"]) == {
            "authorization_code", "refresh_token"}, one.of("/register"))


# F. Client authentication.

def one_method(one, form, request):
    if "authorization" in request.headers and "client_id" in form:
        return error("invalid_request", "Client must not use multiple authentication methods")
    return None


@case
def client_id_beside_basic_is_two_methods(check):
    with Provider(server=listing(BASIC), refuse_token=one_method) as one:
        check.signs_in(one)


@case
def client_id_beside_basic_is_two_methods_for_a_given_secret(check):
    with Provider(refuse_token=one_method, expects_registration=False) as one:
        check.signs_in(one, *WITH_SECRET)
        with check.user(one) as user:
            check.listed(user.tools(*CREDENTIALS))
        check.no_faults(one)


def only_form(one, form, request):
    if "authorization" in request.headers:
        return error("invalid_client", "Client ID mismatch", 401)
    return None


@case
def basic_is_listed_first_and_not_read(check):
    with Provider(server=listing(BASIC, POST), refuse_token=only_form,
                  expects_registration=False, life=1) as one:
        check.refuses(one, *WITH_SECRET, says=["Client ID mismatch"], names=["--client-auth"])
        check.that("one method was tried", len(one.of("/token")) == 2, one.of("/token"))
        one.life = 3600
        check.signs_in(one, *WITH_SECRET, "--client-auth", "post")


@case
def chosen_method_holds_for_all_grants(check):
    with Provider(server=listing(BASIC, POST), refuse_token=only_form, life=1) as one:
        for options in (WITH_SECRET, ()):
            one.life = 1
            with check.user(one) as user:
                check.signed_in(user.login(*options, "--client-auth", "post"))
                one.life = 3600
                check.sleep(1.1)
                check.listed(user.tools(*options, "--client-auth", "post"))
                check.that("asked once", len(user.person.asked) == 1)
        check.that("registered so", [body["token_endpoint_auth_method"] for body in
                                     one.of("/register")] == [POST])
        with check.user(one) as user:
            check.listed(user.tools(*CREDENTIALS, "--client-auth", "post"))
        check.no_faults(one)


@case
def chosen_basic_for_a_registration(check):
    with Provider(server=listing(NONE, POST, BASIC)) as one:
        check.signs_in(one, "--client-auth", "basic")
        check.that("registered so", {body["token_endpoint_auth_method"] for body in
                                     one.of("/register")} == {BASIC})


def used(name, methods, wanted, given=True):
    """A case of the order of the list."""
    def judge(check):
        def refuse(one, form, request):
            got = (BASIC if "authorization" in request.headers else
                   POST if "client_secret" in form else NONE)
            one.expect(got == wanted, "by %s in place of %s" % (got, wanted))
        server = {"token_endpoint_auth_methods_supported": methods}
        with Provider(server=server, refuse_token=refuse, expects_registration=not given) as one:
            check.signs_in(one, *(WITH_SECRET if given else ()))
    judge.__name__ = "order_of_methods_%s_%s" % (name, "given" if given else "registered")
    case(judge)


for is_given in (True, False):
    used("basic_post", [BASIC, POST], BASIC, is_given)
    used("post_basic", [POST, BASIC], POST, is_given)
    used("post_alone", [POST], POST, is_given)
    used("unknown_and_post", ["tls_client_auth", POST, BASIC], POST, is_given)
    used("absent", ABSENT, BASIC, is_given)
used("none_post", [NONE, POST], POST)
used("none_basic", [NONE, BASIC], BASIC)
used("none_alone", [NONE], NONE, False)


def missing_id(status):
    def refuse(one, form, request):
        if "authorization" in request.headers and "client_id" not in form:
            return error("invalid_request" if status == 400 else "invalid_client",
                         "Missing required parameter: client_id", status)
        return None
    return refuse


def client_id_is_missing(status):
    def judge(check):
        with Provider(server=listing(BASIC), refuse_token=missing_id(status),
                      takes_client_id_beside_basic=True, life=1) as one, check.user(one) as user:
            check.signed_in(user.login())
            check.that("one repeat", len(one.of("/token")) == 2, one.of("/token"))
            one.life = 3600
            check.sleep(1.1)
            check.listed(user.tools())
            check.that("what worked is kept", len(one.of("/token")) == 3, one.of("/token"))
            check.that("asked once", len(user.person.asked) == 1)
            check.no_faults(one)
    judge.__name__ = "client_id_is_missing_beside_basic_%d" % status
    case(judge)


client_id_is_missing(400)
client_id_is_missing(401)


@case
def client_id_is_missing_whatever_comes(check):
    def refuse(one, form, request):
        return error("invalid_request", "client_id is missing")
    with Provider(server=listing(BASIC), refuse_token=refuse,
                  takes_client_id_beside_basic=True) as one, check.user(one) as user:
        check.refused(user.login("--json"), "MCP_E_AUTH", "client_id is missing")
        check.that("one repeat", len(one.of("/token")) == 2, one.of("/token"))


@case
def client_id_that_is_wrong_and_not_missing(check):
    # The repeat is refused for its two methods, which says nothing about the cause.
    def refuse(one, form, request):
        return one_method(one, form, request) or error("invalid_client", "Unknown client_id", 401)
    with Provider(server=listing(BASIC, POST), refuse_token=refuse,
                  expects_registration=False) as one:
        check.refuses(one, *WITH_SECRET, says=["Unknown client_id"], names=["--client-auth post"],
                      not_says=["multiple authentication methods"])


@case
def every_other_method_is_named_as_an_option(check):
    with Provider(server=listing(BASIC, POST, NONE), expects_registration=False,
                  refuse_token=lambda *_: error("invalid_client", "no", 401)) as one, \
            check.user(one) as user:
        done = user.login(*WITH_SECRET)
        check.says(done.error, ["--client-auth post", "--client-auth none"], done)


@case
def other_words_lead_to_no_second_try(check):
    for reply in (error("invalid_request", "no"), error("invalid_client", "no", 401),
                  error("server_error", "client_id", 500)):
        with Provider(server=listing(BASIC, POST), refuse_token=lambda *_: reply,
                      expects_registration=False) as one, check.user(one) as user:
            done = user.login(*WITH_SECRET)
            check.that("fails", done.code == 1, done)
            check.that("one request", len(one.of("/token")) == 1, one.of("/token"))
            check.no_faults(one)


@case
def invalid_client_names_no_option_without_another_method(check):
    for methods in ([BASIC], [POST]):
        with Provider(server=listing(*methods), expects_registration=False,
                      refuse_token=lambda *_: error("invalid_client", "no", 401)) as one:
            check.refuses(one, *WITH_SECRET, says=["invalid_client"], not_says=["--client-auth"])
