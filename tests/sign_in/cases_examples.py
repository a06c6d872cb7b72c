"""The default provider, and the examples of issuers, requests and discovery."""

from checks import WITH_SECRET
from provider import ABSENT, SERVER_PLACE, Provider, error

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def default_provider(check):
    with Provider() as one:
        check.signs_in(one)


# A. Issuer.

@case
def metadata_of_the_path_has_the_issuer_of_the_root(check):
    with Provider(resource={"authorization_servers": ["{H}/tenant"]},
                  server_places=[SERVER_PLACE + "/tenant"]) as one:
        # The issuer of the root has no document of its own, so the pin asks here.
        check.refuses(one, says=["{H}/tenant", "{H}"], names=["--issuer {H}"])
        check.signs_in(one, "--issuer", "{H}")


@case
def slash_after_a_path_is_pinned_as_the_error_advises(check):
    with Provider(resource={"authorization_servers": ["{H}/oauth2"]},
                  server={"issuer": "{H}/oauth2/"},
                  server_places=[SERVER_PLACE + "/oauth2"]) as one:
        check.refuses(one, says=["{H}/oauth2/"], names=["--issuer {H}/oauth2/"])
        check.signs_in(one, "--issuer", "{H}/oauth2/")


# B. Requests.

AADSTS9010010 = ("AADSTS9010010: The resource parameter provided in the request doesn't match "
                 "with the requested scopes.")


def no_resource_in_authorization(one, query):
    if "resource" in query:
        return {"error": "invalid_target", "error_description": AADSTS9010010}
    return None


@case
def entra_refuses_the_resource_parameter(check):
    with Provider(refuse_authorization=no_resource_in_authorization,
                  resource_parameter="absent") as one:
        check.refuses(one, says=[AADSTS9010010], names=["--no-resource"])
        check.signs_in(one, "--no-resource")


@case
def pkce_is_held_to_and_not_declared(check):
    with Provider(server={"code_challenge_methods_supported": ABSENT}) as one:
        check.refuses(one, says=["PKCE"], names=["--assume-pkce"])
        check.signs_in(one, "--assume-pkce")


def no_consent(one, query):
    if "consent" in query.get("prompt", ""):
        return {"error": "consent_required",
                "error_description": "AADSTS90094: approval of an administrator"}
    return None


@case
def forced_consent_is_refused(check):
    with Provider(resource={"scopes_supported": ["mcp"]},
                  server={"scopes_supported": ["mcp", "openid", "offline_access"]},
                  refuse_authorization=no_consent) as one:
        check.signs_in(one)


def no_scope(one, query):
    return {"error": "invalid_scope"} if "scope" in query else None


@case
def scopes_of_the_metadata_are_refused(check):
    with Provider(resource={"scopes_supported": ["openid", "email", "profile"]},
                  refuse_authorization=no_scope) as one:
        check.refuses(one, says=["invalid_scope"], names=["--scope"])
        check.signs_in(one, "--scope", "")


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
        done = user.login(*options)
        check.that("signs in", done.code == 0, done)
        one.life = 3600
        check.sleep(1.1)
        done = user.tools(*options)
        check.that("lists the tools", done.code == 0 and "add" in done.output, done)
        check.that("by the refresh token", len(one.forms("refresh_token")) == 1
                   and len(user.person.asked) == 1)
        check.no_faults(one)


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


# F. Client authentication.

def one_method(one, form, request):
    if "authorization" in request.headers and "client_id" in form:
        return error("invalid_request", "Client must not use multiple authentication methods")
    return None


@case
def client_id_beside_basic_is_two_methods(check):
    with Provider(server={"token_endpoint_auth_methods_supported": ["client_secret_basic"]},
                  refuse_token=one_method) as one:
        check.signs_in(one)


@case
def client_id_beside_basic_is_two_methods_for_a_given_secret(check):
    with Provider(refuse_token=one_method, expects_registration=False) as one:
        check.signs_in(one, *WITH_SECRET)


def only_form(one, form, request):
    if "authorization" in request.headers:
        return error("invalid_client", "Client ID mismatch", 401)
    return None


@case
def basic_is_listed_first_and_not_read(check):
    with Provider(server={"token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post"]},
                  refuse_token=only_form, expects_registration=False) as one:
        check.refuses(one, *WITH_SECRET, says=["Client ID mismatch"], names=["--client-auth"])
        check.signs_in(one, *WITH_SECRET, "--client-auth", "post")


# G. Discovery.

@case
def issuer_with_a_path_is_published_at_the_root(check):
    with Provider(resource={"authorization_servers": ["{H}/path"]},
                  server={"issuer": "{H}/path"}) as one:
        check.signs_in(one)
