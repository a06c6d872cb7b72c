"""G and H. Where metadata is, and which refusals of the MCP server lead to it."""

import json

from checks import registry
from provider import (ABSENT, OPENID_PLACE, RESOURCE_PLACE, SERVER_PLACE, Provider, error,
                      response)

CASES, case = registry()
PATHS = {"/a/b": (SERVER_PLACE + "/a/b", OPENID_PLACE + "/a/b", "/a/b" + OPENID_PLACE,
                  "/a/b" + SERVER_PLACE, SERVER_PLACE, OPENID_PLACE),
         "": (SERVER_PLACE, OPENID_PLACE)}


@case
def issuer_with_a_path_is_published_at_the_root(check):
    with Provider(resource={"authorization_servers": ["{H}/path"]},
                  server={"issuer": "{H}/path"}) as one:
        check.signs_in(one)


@case
def every_place_of_the_metadata(check):
    for path, places in PATHS.items():
        for place in places:
            with Provider(resource={"authorization_servers": ["{H}" + path]},
                          server={"issuer": "{H}" + path}, server_places=[place]) as one:
                check.signs_in(one, by_library=False)


@case
def order_of_the_places(check):
    for path, places in PATHS.items():
        with Provider(resource={"authorization_servers": ["{H}" + path]},
                      server_places=()) as one:
            check.refuses(one, says=["{H}" + path])
            asked = [place for name, _, place, _ in one.log if name == "H"]
            check.that("one after the other", tuple(asked[:len(places)]) == places, asked)
            check.that("the error shows a place", len(one.log) <= 24, one.log)


def says_nothing(name, document, **settings):
    """Cases of a place whose document is a miss; the next one has it."""
    def judge(check):
        with Provider(pages={"H" + SERVER_PLACE: document}, server_places=[OPENID_PLACE],
                      **settings) as one:
            check.signs_in(one)
        with Provider(pages={"R" + RESOURCE_PLACE + "/mcp": document},
                      resource_places=[RESOURCE_PLACE]) as one:
            check.signs_in(one)
    judge.__name__ = "document_is_a_miss_" + name
    case(judge)


says_nothing("empty", {})
says_nothing("of_nulls", {"issuer": None, "resource": None, "authorization_servers": None})
says_nothing("of_other_members", {"error": "not_found", "status": "404"})
says_nothing("html", "<!doctype html><title>App</title>")
says_nothing("array", lambda one, request: response(body=[]))
says_nothing("text", lambda one, request: response(200, "text/plain", "ok"))
says_nothing("no_body", lambda one, request: response(200, None))
says_nothing("broken_json", lambda one, request: response(200, body='{"issuer":'))
for number in (204, 400, 401, 403, 405, 500, 502, 503):
    says_nothing(str(number), lambda one, request, number=number: response(
        number, "text/html", "" if number == 204 else "<h1>no</h1>"))


@case
def documents_with_a_byte_order_mark(check):
    def marked(document):
        return response(200, "application/json", b"\xef\xbb\xbf" + json.dumps(document).encode())
    with Provider(pages={
            "H" + SERVER_PLACE: lambda one, request: marked(one.server_document()),
            "R" + RESOURCE_PLACE + "/mcp": lambda one, request: marked(one.resource_document())
    }) as one:
        check.signs_in(one)


@case
def places_that_always_fail_have_a_way_out(check):
    with Provider(pages={"H" + place: lambda *_: response(500, None)
                         for place in (SERVER_PLACE, OPENID_PLACE)}) as one:
        check.refuses(one, names=["--token-endpoint"], status="MCP_E_UNAVAILABLE")


@case
def challenge_points_at_a_document_that_says_nothing(check):
    with Provider(challenge='Bearer resource_metadata="{R}/.well-known/none"',
                  pages={"R/.well-known/none": {}}) as one:
        check.signs_in(one)


@case
def document_of_another_resource_is_a_refusal(check):
    with Provider(pages={"R" + RESOURCE_PLACE + "/mcp": {
            "resource": "https://other.example/mcp", "authorization_servers": ["{H}"]}},
                  resource_places=[RESOURCE_PLACE], expects_registration=False) as one:
        check.refuses(one, says=["https://other.example/mcp", "{R}/mcp"],
                      status=("MCP_E_AUTH", "MCP_E_UNTRUSTED"))


@case
def document_of_another_issuer_at_the_root_is_a_refusal(check):
    with Provider(resource={"authorization_servers": ["{H}/path"]}) as one:
        check.refuses(one, says=["{H}/path"], names=["--issuer {H}"])


@case
def document_of_another_issuer_and_the_next_is_right(check):
    with Provider(resource={"authorization_servers": ["{H}/path"]}, server={"issuer": "{H}/path"},
                  server_places=["/path" + SERVER_PLACE], pages={
                      "H" + SERVER_PLACE + "/path": {"issuer": "{H}", "token_endpoint": "{F}/t"}
                  }) as one:
        check.signs_in(one)


@case
def resource_of_a_parent_path(check):
    for resource in ("{R}", "{R}/", "{R}/mcp/"):
        with Provider(resource={"resource": resource}, resource_parameter="either") as one:
            check.signs_in(one, by_library=False)
            check.that("as published", one.of("/token")[0]["resource"] == one.fill(resource),
                       one.of("/token")[0])


# H. 403.

def refused_with(name, challenge, signs_in, body=None, status=403):
    """A case of a request without a token that is refused with 403."""
    def judge(check):
        with Provider(refusal_status=status, challenge=challenge, refusal_body=body) as one, \
                check.user(one) as user:
            done = user.run("--auth", "oauth", "--json", "tools", one.url)
            if signs_in:
                check.listed(done)
                check.that("asked once", len(user.person.asked) == 1)
            else:
                check.refused(done, "MCP_E_FORBIDDEN")
                check.that("nobody is asked", not user.person.asked)
                check.that("nothing is sent to the authorization server",
                           not one.of(SERVER_PLACE))
            check.no_faults(one)
    judge.__name__ = name
    case(judge)


PLACE = 'resource_metadata="{R}' + RESOURCE_PLACE + '/mcp"'
FORBIDDEN = {"error": "forbidden"}
refused_with("refusal_is_403_with_a_challenge_and_there_is_no_token", "Bearer " + PLACE, True,
             FORBIDDEN)
refused_with("challenge_of_403_in_small_letters", "bearer " + PLACE, True, FORBIDDEN)
refused_with("challenge_of_403_is_the_second", 'Basic realm="x", Bearer ' + PLACE, True)
refused_with("challenge_of_403_has_more", 'Bearer realm="x", error="unauthorized", ' + PLACE, True)
refused_with("challenge_of_403_says_invalid_token", 'Bearer error="invalid_token"', True)
refused_with("challenge_of_403_is_of_dpop", 'DPoP algs="ES256", ' + PLACE, True)
refused_with("challenge_of_403_says_nothing", "Bearer", False)
refused_with("challenge_of_403_is_of_basic", "Basic " + PLACE, False)
refused_with("challenge_of_403_is_not_there", None, False, FORBIDDEN)
refused_with("challenge_of_403_has_another_error", 'Bearer error="access_denied"', False)


@case
def login_after_403_without_a_token(check):
    with Provider(refusal_status=403, refusal_body=FORBIDDEN) as one:
        check.signs_in(one)


def refuses_token(reply):
    return lambda one, request, token: reply(one) if token in one.access else None


def challenged(challenge, status=403):
    return lambda one: response(status, body=FORBIDDEN, headers=[
        ("WWW-Authenticate", one.fill(challenge))])


@case
def valid_token_and_403_with_resource_metadata_is_final(check):
    with Provider() as one, check.user(one) as user:
        check.signed_in(user.login())
        one.refuse_mcp = refuses_token(challenged("Bearer " + PLACE))
        done = user.run("--auth", "oauth", "--json", "tools", one.url)
        check.refused(done, "MCP_E_FORBIDDEN")
        check.that("nobody is asked", len(user.person.asked) == 1)
        check.that("no token request", len(one.of("/token")) == 1)


@case
def token_that_403_calls_invalid_is_replaced(check):
    for gives in (True, False):
        with Provider(gives_refresh_token=gives) as one, check.user(one) as user:
            check.signed_in(user.login())
            old = set(one.access)

            def refuse(one, request, token):
                return challenged('Bearer error="invalid_token"')(one) if token in old else None
            one.refuse_mcp = refuse
            check.listed(user.tools())
            check.that("by the refresh token" if gives else "by the person",
                       len(one.forms("refresh_token")) == gives
                       and len(user.person.asked) == 2 - gives)
            check.no_faults(one)


@case
def bounds_of_403_stay(check):
    reply = challenged('Bearer error="invalid_token", ' + PLACE)
    with Provider(refuse_mcp=lambda one, request, token: reply(one)) as one, \
            check.user(one) as user:
        done = user.tools()
        check.that("fails", done.code == 1, done)
        check.that("asked once or twice", len(user.person.asked) <= 2, user.person.asked)


@case
def insufficient_scope_asks_for_more(check):
    reply = challenged('Bearer error="insufficient_scope", scope="wide", ' + PLACE)

    def refuse(one, request, token):
        asked = [code.get("scope", "") for code in one.of("/authorize")]
        is_narrow = token in one.access and not any("wide" in scope for scope in asked)
        return reply(one) if is_narrow and request.rpc == "tools/list" else None
    with Provider(refuse_mcp=refuse) as one, check.user(one) as user:
        check.signed_in(user.login())
        check.listed(user.tools())
        check.that("asked for the scope", one.of("/authorize")[-1].get("scope") == "wide",
                   one.of("/authorize"))
        check.no_faults(one)
