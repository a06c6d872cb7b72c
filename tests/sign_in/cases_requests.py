"""B. Requests: what is left out, changed and added."""

from checks import DISTRUST, WITH_SECRET, registry
from provider import (ABSENT, GIVEN, OPENID_PLACE, SECRET, SERVER_PLACE, Provider, error,
                      response)
import library

CASES, case = registry()
PROTECTED = ("client_id", "client_secret", "client_assertion", "client_assertion_type",
             "redirect_uri", "state", "code", "code_challenge", "code_challenge_method",
             "code_verifier", "response_type", "grant_type", "refresh_token", "assertion",
             "subject_token", "request", "request_uri", "response_mode", "nonce", "dpop_jkt",
             "device_code", "scope")
AADSTS9010010 = ("AADSTS9010010: The resource parameter provided in the request doesn't match "
                 "with the requested scopes.")
CREDENTIALS = ("--grant", "client-credentials", *WITH_SECRET)


@case
def entra_refuses_the_resource_parameter(check):
    def refuse(one, query):
        if "resource" in query:
            return {"error": "invalid_target", "error_description": AADSTS9010010}
        return None
    with Provider(refuse_authorization=refuse, resource_parameter="absent") as one:
        check.refuses(one, says=[AADSTS9010010], names=["--no-resource"])
        check.signs_in(one, "--no-resource")
        check.that("resource is in no request", not any(
            "resource" in query for query in one.of("/authorize")[2:] + one.of("/token")))


def refuses_resource_at_token(name, *answer):
    def judge(check):
        def refuse(one, form, request):
            return error(*answer) if "resource" in form else None
        with Provider(refuse_token=refuse, resource_parameter="either") as one:
            check.refuses(one, says=answer, names=["--no-resource"])
            check.signs_in(one, "--no-resource")
            check.signs_in(one, "--token-param", "resource")
    judge.__name__ = name
    case(judge)


refuses_resource_at_token("token_request_with_resource_is_an_invalid_target", "invalid_target",
                          "no such target")
refuses_resource_at_token("token_request_with_resource_is_an_invalid_request", "invalid_request",
                          "unexpected parameter: resource")


@case
def error_that_mentions_resource_names_the_opt_in(check):
    def refuse(one, query):
        if "resource" in query:
            return {"error": "invalid_request", "error_description": "resource is not supported"}
        return None
    with Provider(refuse_authorization=refuse, resource_parameter="absent") as one:
        check.refuses(one, says=["resource is not supported"], names=["--no-resource"])
        check.signs_in(one, "--no-resource")


@case
def refusal_of_resource_in_another_form_is_quoted(check):
    for media, body, words in (
            ("text/plain", "resource is not supported", "resource is not supported"),
            ("application/json", {"message": "resource is unknown"}, "resource is unknown"),
            ("application/json", {"error": "resource_not_allowed"}, "resource_not_allowed"),
            ("application/json", {"error": {"message": "bad resource"}}, "bad resource")):
        def refuse(one, form, request, media=media, body=body):
            return response(400, media, body) if "resource" in form else None
        with Provider(refuse_token=refuse, resource_parameter="either") as one:
            check.refuses(one, says=[words], names=["--no-resource"])


@case
def error_that_does_not_mention_resource_does_not(check):
    def refuse(one, query):
        return {"error": "invalid_request", "error_description": "wrong day"}
    with Provider(refuse_authorization=refuse) as one:
        check.refuses(one, says=["wrong day"], not_says=["--no-resource"])


@case
def refresh_with_resource_is_refused(check):
    def refuse(one, form, request):
        if form.get("grant_type") == "refresh_token" and "resource" in form:
            return error("invalid_target")
        return None
    with Provider(refuse_token=refuse, resource_parameter="absent", life=1) as one, \
            check.user(one) as user:
        check.signed_in(user.login("--no-resource"))
        one.life = 3600
        check.sleep(1.1)
        check.listed(user.tools("--no-resource"))
        check.that("refreshed", len(one.forms("refresh_token")) == 1
                   and len(user.person.asked) == 1)
        check.no_faults(one)


@case
def client_credentials_without_resource(check):
    with Provider(resource_parameter="absent", expects_registration=False) as one, \
            check.user(one) as user:
        check.listed(user.tools("--no-resource", *CREDENTIALS))
        check.that("nobody is asked", not user.person.asked)
        check.no_faults(one)


@case
def pkce_is_held_to_and_not_declared(check):
    for document in (SERVER_PLACE, OPENID_PLACE):
        with Provider(server={"code_challenge_methods_supported": ABSENT},
                      server_places=[document]) as one:
            check.refuses(one, says=["PKCE"], names=["--assume-pkce"])
            check.signs_in(one, "--assume-pkce")


@case
def pkce_without_s256_is_refused_in_any_case(check):
    for methods in ([], ["plain"], ["s256"]):
        with Provider(server={"code_challenge_methods_supported": methods},
                      expects_registration=False) as one:
            check.refuses(one, says=["S256"])
            check.refuses(one, "--assume-pkce", says=["S256"])


@case
def pkce_that_is_declared_is_no_matter_of_the_opt_in(check):
    with Provider() as one:
        check.signs_in(one, "--assume-pkce")


def no_consent(one, query):
    if "consent" in query.get("prompt", ""):
        return {"error": "consent_required",
                "error_description": "AADSTS90094: approval of an administrator"}
    return None


OFFLINE = {"scopes_supported": ["mcp", "openid", "offline_access"]}


@case
def forced_consent_is_refused(check):
    with Provider(resource={"scopes_supported": ["mcp"]}, server=OFFLINE,
                  refuse_authorization=no_consent) as one:
        check.signs_in(one)
        check.that("no prompt", not any("prompt" in one for one in one.of("/authorize")))


def no_scope(one, query):
    return {"error": "invalid_scope"} if "scope" in query else None


@case
def scopes_of_the_metadata_are_refused(check):
    with Provider(resource={"scopes_supported": ["openid", "email", "profile"]},
                  refuse_authorization=no_scope) as one:
        check.refuses(one, says=["invalid_scope"], names=["--scope"])
        check.signs_in(one, "--scope", "")


@case
def empty_scope_is_in_no_request(check):
    challenge = Provider.challenge + ', scope="of the challenge"'
    with Provider(resource={"scopes_supported": ["a"]}, server=OFFLINE, challenge=challenge,
                  life=1) as one, check.user(one) as user:
        check.signed_in(user.login("--scope", ""))
        one.life = 3600
        check.sleep(1.1)
        check.listed(user.tools("--scope", ""))
        check.listed(user.tools("--scope", "", "--token-store", "", *CREDENTIALS))
        check.that("refreshed", len(one.forms("refresh_token")) == 1)
        for path in ("/authorize", "/token", "/register"):
            check.that("no scope at " + path, one.of(path) and not any(
                "scope" in parameters for parameters in one.of(path)), one.of(path))
        check.no_faults(one)


@case
def scope_of_the_application_is_sent_as_it_is(check):
    with Provider(resource={"scopes_supported": ["mcp"]}, server=OFFLINE) as one:
        for scope in ("b a", "only", "openid offline_access", "a:b/c.d"):
            check.signs_in(one, "--scope", scope)
            check.that("the scope " + scope, one.of("/authorize")[-1].get("scope") == scope,
                       one.of("/authorize")[-1])
        with check.user(one) as user:
            check.listed(user.tools("--scope", "b a", *CREDENTIALS))
            check.that("of client credentials", one.of("/token")[-1].get("scope") == "b a")


class Google(Provider):
    life = 1
    expects_registration = False
    authorization_parameters = {"access_type": "offline"}

    def is_renewable(self, asked):
        return asked.get("access_type") == "offline"


@case
def google_gives_a_refresh_token_for_access_type_offline(check):
    with Google() as one, check.user(one) as user:
        options = [*WITH_SECRET, "--auth-param", "access_type=offline"]
        check.renews(one, user, options)


def adjusted(name, *options, authorization=(), token=(), **settings):
    """A case in which options change the parameters of the two requests."""
    def judge(check):
        with Provider(authorization_parameters=dict(authorization),
                      token_parameters=dict(token), **settings) as one:
            check.signs_in(one, *options)
    judge.__name__ = name
    case(judge)


adjusted("parameters_are_added_to_both", "--auth-param", "audience=https://api.example/",
         "--token-param", "audience=https://api.example/",
         authorization={"audience": "https://api.example/"},
         token={"audience": "https://api.example/"})
adjusted("parameter_with_unusual_characters", "--auth-param", "x-y.z=a b&c=d%20e+f#g/\u00fc?",
         authorization={"x-y.z": "a b&c=d%20e+f#g/\u00fc?"})
adjusted("parameter_without_characters", "--auth-param", "x=", authorization={"x": ""})
adjusted("several_parameters", "--auth-param", "a=1", "--auth-param", "b=2", "--token-param",
         "c=3", authorization={"a": "1", "b": "2"}, token={"c": "3"})
adjusted("last_value_of_a_parameter_counts", "--auth-param", "a=1", "--auth-param", "a=2",
         authorization={"a": "2"})
adjusted("resource_is_changed", "--auth-param", "resource=api://1", "--token-param",
         "resource=api://2", authorization={"resource": "api://1"},
         token={"resource": "api://2"})
adjusted("resource_is_left_out_of_the_authorization_request_alone", "--auth-param", "resource",
         authorization={"resource": ABSENT})
adjusted("prompt_is_set", "--auth-param", "prompt=select_account",
         authorization={"prompt": "select_account"}, server=OFFLINE,
         resource={"scopes_supported": ["mcp"]})
adjusted("prompt_is_left_out", "--auth-param", "prompt", authorization={"prompt": ABSENT},
         server=OFFLINE, resource={"scopes_supported": ["mcp"]})
adjusted("login_hint_and_acr_values", "--auth-param", "login_hint=me@example.com",
         "--auth-param", "acr_values=urn:a urn:b",
         authorization={"login_hint": "me@example.com", "acr_values": "urn:a urn:b"})
adjusted("endpoint_with_a_query_and_a_parameter", "--auth-param", "x=1",
         authorization={"x": "1", "tenant": "7"},
         server={"authorization_endpoint": "{H}/authorize?tenant=7"})


@case
def token_parameter_is_in_every_grant(check):
    with Provider(token_parameters={"audience": "a b"}, life=1) as one, check.user(one) as user:
        option = ("--token-param", "audience=a b")
        check.signed_in(user.login(*option))
        one.life = 3600
        check.sleep(1.1)
        check.listed(user.tools(*option))
        check.listed(user.tools(*option, "--token-store", "", *CREDENTIALS))
        for grant in one.grants:
            check.that("a request of " + grant, len(one.forms(grant)) == 1)
        check.no_faults(one)


@case
def protected_parameters_are_refused(check):
    with Provider(expects_registration=False, expects_token_request=False) as one, \
            check.user(one) as user:
        for option in ("--auth-param", "--token-param"):
            for name in PROTECTED:
                for text in (name + "=x", name):
                    done = user.login(option, text)
                    check.that("%s %s is refused" % (option, text),
                               done.code in (1, 2) and name in done.error, done)
                    try:
                        with user.session(option, text):
                            check.that("the library refuses %s %s" % (option, text), False)
                    except library.Failed as failed:
                        check.that("%s %s: MCP_E_INVALID_ARGUMENT" % (option, text),
                                   failed.status == "MCP_E_INVALID_ARGUMENT", failed)
        check.that("nothing was sent", not one.log, one.log)


BY_HAND = ("--authorization-endpoint", "{H}/authorize", "--token-endpoint", "{H}/token")


@case
def endpoints_that_nobody_publishes(check):
    for resource_places in ((), Provider.resource_places):
        with Provider(server_places=(), resource_places=resource_places,
                      expects_registration=False) as one:
            check.signs_in(one, *BY_HAND, *WITH_SECRET)
            check.that("no metadata is fetched", not any(
                "well-known" in path for _, _, path, _ in one.log), one.log)


@case
def endpoints_by_hand_and_a_refresh(check):
    with Provider(server_places=(), expects_registration=False, life=1) as one, \
            check.user(one) as user:
        options = one.fill([*BY_HAND, *WITH_SECRET])
        check.renews(one, user, options)


@case
def endpoints_by_hand_and_client_credentials(check):
    with Provider(server_places=(), expects_registration=False) as one, check.user(one) as user:
        check.listed(user.tools("--token-endpoint", one.H + "/token", *CREDENTIALS))
        check.no_faults(one)


@case
def endpoints_by_hand_compare_the_pin_with_iss(check):
    with Provider(server_places=(), expects_registration=False, answer={"iss": "{H}/i"}) as one:
        check.signs_in(one, *BY_HAND, *WITH_SECRET, "--issuer", "{H}/i")
    with Provider(server_places=(), expects_registration=False, answer={"iss": "{F}"},
                  expects_token_request=False) as one:
        check.refuses(one, *BY_HAND, *WITH_SECRET, "--issuer", "{H}", says=["{F}", "{H}"],
                      status=DISTRUST)


@case
def endpoints_by_hand_are_https_or_loopback(check):
    with Provider() as one, check.user(one) as user:
        for options in (("--authorization-endpoint", "http://example.com/a", "--token-endpoint",
                         one.H + "/token"),
                        ("--authorization-endpoint", one.H + "/a", "--token-endpoint",
                         "http://example.com/token"),
                        ("--authorization-endpoint", "ftp://example.com/a", "--token-endpoint",
                         "https://example.com/token")):
            done = user.login(*options, "--client-id", GIVEN)
            check.that("refused", done.code in (1, 2), done)
            check.that("the URL is shown", "example.com" in done.error, done)
        check.that("nothing was sent to the authorization server", not one.of("/token")
                   and not one.of("/authorize"))


@case
def secret_stays_out_of_a_parameter(check):
    # The words of the server may repeat the request.
    def refuse(one, form, request):
        return error("invalid_request", "got %s and %s" % (form.get("code"), SECRET))
    with Provider(refuse_token=refuse, expects_registration=False) as one:
        check.refuses(one, *WITH_SECRET, says=["invalid_request"])


@case
def consent_is_forced_in_a_later_sign_in_at_most(check):
    with Provider(resource={"scopes_supported": ["mcp"]}, server=OFFLINE,
                  gives_refresh_token=False) as one, check.user(one) as user:
        check.signed_in(user.login())
        check.that("no prompt at first", "prompt" not in one.of("/authorize")[0])
        one.authorization_parameters = {"prompt": lambda value: value in (ABSENT, "consent")}
        one.expire_all()
        check.signed_in(user.login())
        check.listed(user.tools())
        check.no_faults(one)


@case
def consent_is_not_forced_without_offline_access(check):
    for settings in ({"gives_refresh_token": True, "server": OFFLINE},
                     {"gives_refresh_token": False}):
        with Provider(resource={"scopes_supported": ["mcp"]}, **settings) as one, \
                check.user(one) as user:
            for _ in range(2):
                check.signed_in(user.login())
                one.access.clear()
                one.refresh.clear()
            check.that("no prompt", len(one.of("/authorize")) == 2 and not any(
                "prompt" in query for query in one.of("/authorize")))
            check.no_faults(one)


@case
def later_consent_can_be_left_out(check):
    with Provider(resource={"scopes_supported": ["mcp"]}, server=OFFLINE,
                  gives_refresh_token=False, refuse_authorization=no_consent) as one, \
            check.user(one) as user:
        for _ in range(2):
            check.signed_in(user.login("--auth-param", "prompt"))
            one.expire_all()
        check.no_faults(one)


@case
def options_without_sense_are_refused(check):
    with Provider() as one, check.user(one) as user:
        for words in (("--auth-param", ""), ("--auth-param", "=x"), ("--token-param", "=x"),
                      ("--client-auth", "x"), ("--provider", "x"), ("--issuer", "x"),
                      ("--redirect-url", "x"), ("--scope", "a\"b"), ("--token-endpoint", "x"),
                      ("--auth-param", "a b=\n")):
            done = user.login(*words)
            check.that("%s is refused" % (words,), done.code in (1, 2) and done.error, done)
        check.that("nothing was sent", not any(name == "H" for name, *_ in one.log), one.log)
