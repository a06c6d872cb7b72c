"""What already works and must stay so."""

from checks import DISTRUST, WITH_SECRET, registry
from provider import (ABSENT, OPENID_PLACE, RESOURCE_PLACE, SERVER_PLACE, Provider, error,
                      response)

CASES, case = registry()
IS_PROMISED = {"authorization_response_iss_parameter_supported": True}


def signs_in(name, *options, **settings):
    def judge(check):
        with Provider(**settings) as one:
            check.signs_in(one, *options)
    judge.__name__ = name
    case(judge)


def is_refused(name, *says, status="MCP_E_AUTH", **settings):
    def judge(check):
        with Provider(**settings) as one:
            check.refuses(one, says=says, status=status)
    judge.__name__ = name
    case(judge)


signs_in("pin_repairs_a_slash", "--issuer", "{H}",
         resource={"authorization_servers": ["{H}/"]})
signs_in("pin_repairs_a_missing_resource_document", "--issuer", "{H}", resource_places=(),
         challenge=None)


@case
def document_of_a_host_that_publishes_it_too(check):
    # H shows the document of F, which F publishes as well.
    document = {"issuer": "{F}", "authorization_endpoint": "{H}/authorize",
                "token_endpoint": "{H}/token", "registration_endpoint": "{H}/register",
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"]}
    with Provider(server={"issuer": "{F}"}, pages={"F" + SERVER_PLACE: document}) as one:
        check.refuses(one, says=["{F}", "{H}"], status=DISTRUST)
        check.signs_in(one, "--issuer", "{F}")


for what, page in (("404", response(404, None)), ("405", response(405, None)),
                   ("401", response(401, None)), ("502", response(502, "text/html", "<h1>")),
                   ("html", response(200, "text/html", "<html></html>"))):
    signs_in("openid_document_after_" + what, server_places=[OPENID_PLACE],
             pages={"H" + SERVER_PLACE: lambda *_, page=page: page})
    signs_in("resource_document_at_the_root_after_" + what, resource_places=[RESOURCE_PLACE],
             challenge="Bearer",
             pages={"R" + RESOURCE_PLACE + "/mcp": lambda *_, page=page: page})

signs_in("challenge_points_at_nothing",
         challenge='Bearer resource_metadata="{R}/.well-known/wrong"')
signs_in("challenge_points_at_a_page", pages={"R/.well-known/wrong": "<html></html>"},
         challenge='Bearer resource_metadata="{R}/.well-known/wrong"')
signs_in("no_challenge", challenge=None)
signs_in("endpoints_with_a_query", authorization_parameters={"a": "1"},
         server={"authorization_endpoint": "{H}/authorize?a=1",
                 "token_endpoint": "{H}/token?b=2"})


@case
def authorization_endpoint_redirects_within_its_origin(check):
    def move(one, request):
        return response(302, None, headers=[
            ("Location", "/authorize?" + request.path.partition("?")[2])])
    with Provider(server={"authorization_endpoint": "{H}/login"}, pages={"H/login": move}) as one:
        check.signs_in(one)


is_refused("resource_document_of_another_host", "https://other.example/mcp", "{R}/mcp",
           resource={"resource": "https://other.example/mcp"}, status=DISTRUST,
           expects_registration=False)
is_refused("resource_document_of_another_path", "{R}/other", "{R}/mcp",
           resource={"resource": "{R}/other"}, status=DISTRUST, expects_registration=False)


@case
def token_is_asked_for_at_the_first_tool_call(check):
    def refuse(one, request, token):
        return None if request.rpc != "tools/call" or token in one.access else one.unauthorized()
    with Provider(refuse_mcp=refuse, open_methods=(
            "initialize", "notifications/initialized", "tools/list", "ping", "server/discover",
            "GET", "DELETE")) as one, check.user(one) as user:
        def call():
            return user.run("--auth", "oauth", "call", one.url, "add", "a=1", "b=2")
        done = call()
        check.that("works before login", done.code == 0 and "3" in done.output, done)
        check.that("the person is asked", len(user.person.asked) == 1)
        check.signed_in(user.login())
        done = call()
        check.that("works after login", done.code == 0 and "3" in done.output, done)
    with Provider(refuse_mcp=refuse, open_methods=one.open_methods) as one, \
            check.user(one) as user:
        check.signed_in(user.login())
        done = user.run("--auth", "oauth", "call", one.url, "add", "a=1", "b=2")
        check.that("works after the first login", done.code == 0, done)
        check.that("asked once", len(user.person.asked) == 1)
        check.no_faults(one)


@case
def empty_scope_lists_ask_for_no_scope(check):
    with Provider(resource={"scopes_supported": []}, server={"scopes_supported": []}) as one:
        check.signs_in(one)
        check.that("no scope", not any("scope" in asked for path in ("/authorize", "/register")
                                       for asked in one.of(path)))


signs_in("iss_promised_and_right", server=IS_PROMISED)
signs_in("iss_right_and_not_promised", answer={"iss": "{H}"})
is_refused("iss_promised_and_absent", "{H}", server=IS_PROMISED, answer={"iss": ABSENT},
           status=DISTRUST, expects_token_request=False)
is_refused("iss_promised_and_different", "{H}", "{F}", server=IS_PROMISED, status=DISTRUST,
           answer={"iss": "{F}"}, expects_token_request=False)
is_refused("iss_different_and_not_promised", "{H}", "{F}", answer={"iss": "{F}"},
           status=DISTRUST, expects_token_request=False)
is_refused("iss_differs_by_a_slash", "{H}/", server=IS_PROMISED, answer={"iss": "{H}/"},
           status=DISTRUST, expects_token_request=False)



@case
def check_of_iss_has_a_way_out(check):
    with Provider(server=IS_PROMISED, answer={"iss": "{F}"}) as one:
        check.refuses(one, says=["{H}", "{F}"], names=["--token-endpoint"], status=DISTRUST)
        check.signs_in(one, "--authorization-endpoint", "{H}/authorize", "--token-endpoint",
                       "{H}/token", *WITH_SECRET)


signs_in("token_with_text_numbers", token={"expires_in": "3600"})
signs_in("token_with_a_fraction", token={"expires_in": 3599.5})
signs_in("token_with_nulls", token={"scope": None, "refresh_token": None, "id_token": None,
                                    "expires_in": None})
signs_in("token_with_unknown_members", token={"user": {"id": 1}, "ext_expires_in": 3599,
                                              "expires_on": "1700000000"})
signs_in("token_without_an_end", token={"expires_in": ABSENT})
signs_in("token_type_in_small_letters", token={"token_type": "bearer"})
signs_in("token_with_status_201", token_status=201)


@case
def token_error_with_status_200(check):
    with Provider(refuse_token=lambda *_: error("bad_verification_code", "The code is wrong.",
                                                200)) as one:
        check.refuses(one, says=["bad_verification_code", "The code is wrong."])


is_refused("token_response_without_a_token", "access_token", token={"access_token": ABSENT},
           status=("MCP_E_AUTH", "MCP_E_PROTOCOL"))


@case
def revoked_token_leads_to_a_new_sign_in(check):
    with Provider() as one, check.user(one) as user:
        check.signed_in(user.login())
        one.access.clear()
        check.listed(user.tools())
        check.that("refreshed", len(user.person.asked) == 1)
        one.access.clear()
        one.refresh.clear()
        check.listed(user.tools())
        check.that("asked again", len(user.person.asked) == 2)
        check.no_faults(one)


@case
def logout_and_login_always_work(check):
    with Provider(server={"revocation_endpoint": "{H}/revoke"}) as one, check.user(one) as user:
        for count in (1, 2, 3):
            check.signed_in(user.login())
            check.listed(user.tools())
            check.that("asked", len(user.person.asked) == count)
            done = user.run("logout", one.url)
            check.that("signs out", done.code == 0, done)
        check.that("no token is good", not one.access and not one.refresh)
        check.no_faults(one)


@case
def places_of_2025_03_26(check):
    # The MCP server would be the authorization server, and has no endpoints.
    with Provider(resource_places=(), challenge=None, expects_registration=False) as one:
        with check.user(one) as user:
            done = user.login()
            check.that("fails with the origin", done.code == 1 and one.R in done.error, done)
