"""One emulator for each profile of `--provider`: it refuses what the provider refuses
and needs what it needs. docs/sign-in.md says how the provider behaves; its table is
made from the profiles below.
"""

import re
import urllib.parse

from checks import WITH_SECRET
from provider import ABSENT, GIVEN, OPENID_PLACE, SERVER_PLACE, Provider, error
from http_peer import response
from support import free_port

AADSTS = {
    "resource": "AADSTS9010010: The resource parameter provided in the request doesn't match "
                "with the requested scopes.",
    "redirect": "AADSTS50011: The redirect URI specified in the request does not match.",
}
REDIRECT = ("--redirect-url", "{BACK}")
LOCALHOST = ("--redirect-url", "http://localhost/callback")
OFFLINE = "offline_access"


def without_port(url):
    return re.sub(r":\d+(?=/|$)", "", url)


class Emulator(Provider):
    """What the providers have in common: a client that is registered by hand with one
    redirect URI, and no dynamic registration."""

    expects_registration = False
    # The path of the issuer.
    path = ""
    # The redirect URI; the port counts, or does not.
    back = "{BACK}"
    # The page of a wrong redirect URI.
    redirect_refusal = "redirect_uri_mismatch"
    # Parameters that a request may have beside the usual ones.
    allowed = frozenset()
    # The scope without which there is no refresh token.
    renewing_scope = None
    metadata = {}
    resource_parameter = "either"

    def __enter__(self):
        super().__enter__()
        self.origins["BACK"] = "http://localhost:%d/callback" % free_port()
        return self

    @property
    def server(self):
        return dict({"issuer": "{H}" + self.path, "registration_endpoint": ABSENT},
                    **self.metadata)

    def check_parameters(self, place, parameters, usual, wanted):
        super().check_parameters(place, parameters, usual | self.allowed, wanted)

    def is_redirect_of(self, client, back):
        if client != GIVEN:
            return super().is_redirect_of(client, back)
        wanted = self.fill(self.back)
        return back == wanted if self.back == "{BACK}" else without_port(back) == wanted

    def authorize(self, request, query):
        client = query.get("client_id")
        if client == GIVEN and not self.is_redirect_of(client, query.get("redirect_uri", "")):
            return response(400, "text/html", self.redirect_refusal)
        return super().authorize(request, query)

    def is_renewable(self, asked):
        return self.renewing_scope is None or (
            self.renewing_scope in asked.get("scope", "").split(" "))


class Entra(Emulator):
    path = "/tenant/v2.0"
    server_places = ("/tenant/v2.0" + OPENID_PLACE,)
    metadata = {"code_challenge_methods_supported": ABSENT, "grant_types_supported": ABSENT,
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post", "private_key_jwt", "client_secret_basic"],
                "scopes_supported": ["openid", "profile", "email", OFFLINE]}
    resource = {"authorization_servers": ["{H}/tenant/v2.0"],
                "scopes_supported": ["api://app/mcp.tools"]}
    resource_parameter = "absent"
    back = "http://localhost/callback"
    redirect_refusal = AADSTS["redirect"]
    renewing_scope = OFFLINE

    def refuse_authorization(self, query):
        if "resource" in query:
            return {"error": "invalid_target", "error_description": AADSTS["resource"]}
        return None

    def refuse_token(self, form, _):
        if "resource" in form:
            return error("invalid_target", AADSTS["resource"])
        return None


class Cognito(Emulator):
    path = "/region_pool"
    server_places = ("/region_pool" + OPENID_PLACE,)
    metadata = {"code_challenge_methods_supported": ABSENT, "grant_types_supported": ABSENT,
                "token_endpoint_auth_methods_supported": ["client_secret_basic",
                                                          "client_secret_post"],
                "scopes_supported": ["openid", "email", "phone", "profile"]}
    resource = {"authorization_servers": ["{H}/region_pool"],
                "scopes_supported": ["mcp/read"]}
    resource_parameter = "right"
    redirect_refusal = "redirect_mismatch"

    def refuse_authorization(self, query):
        if query.get("scope", "") != "mcp/read":
            return {"error": "invalid_request", "error_description": "invalid_scope"}
        return None


class Auth0(Emulator):
    path = "/"
    expects_registration = True
    metadata = {"registration_endpoint": "{H}/register",
                "code_challenge_methods_supported": ["S256", "plain"],
                "scopes_supported": ["openid", "profile", OFFLINE]}
    resource = {"authorization_servers": ["{H}/"], "scopes_supported": ["tools"]}
    allowed = frozenset(["audience"])
    renewing_scope = OFFLINE

    def refuse_authorization(self, query):
        if query.get("audience", self.url) != self.url:
            return {"error": "access_denied",
                    "error_description": "Service not found: " + query["audience"]}
        return None

    def issued(self, client, asked, is_renewable=True):
        answer = super().issued(client, asked, is_renewable)
        if asked.get("audience") != self.url:
            # A token for no API, which the MCP server does not take.
            del self.access[answer["access_token"]]
        return answer


class Okta(Emulator):
    path = "/oauth2/default"
    server_places = ("/oauth2/default" + SERVER_PLACE, "/oauth2/default" + OPENID_PLACE)
    metadata = {"registration_endpoint": "{H}/register",
                "scopes_supported": ["openid", "profile", "mcp", OFFLINE]}
    resource = {"authorization_servers": ["{H}/oauth2/default"], "scopes_supported": ["mcp"]}
    renewing_scope = OFFLINE
    redirect_refusal = "The 'redirect_uri' parameter must be a Login redirect URI"
    expects_registration = True

    def refuse_registration(self, _):
        return response(401, body={"errorCode": "E0000011",
                                   "errorSummary": "Invalid token provided"})

    def refuse_authorization(self, query):
        if not query.get("scope"):
            return {"error": "invalid_scope", "error_description": "No scopes were requested."}
        return None


class Google(Emulator):
    server_places = (OPENID_PLACE,)
    metadata = {"code_challenge_methods_supported": ["plain", "S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post",
                                                          "client_secret_basic"],
                "scopes_supported": ["openid", "email", "profile"]}
    resource = {"authorization_servers": ["{H}/"], "scopes_supported": ["{H}/auth/mail"]}
    allowed = frozenset(["access_type", "prompt"])
    back = "http://127.0.0.1/callback"

    def __init__(self, **settings):
        super().__init__(**settings)
        self.has_consented = False

    def refuse_authorization(self, query):
        if OFFLINE in query.get("scope", ""):
            return {"error": "invalid_scope", "error_description": "Some requested scopes were "
                    "invalid"}
        return None

    def is_redirect_of(self, client, back):
        # For a desktop application each of them is right.
        return without_port(back) in (self.back, "http://localhost/callback")

    def is_renewable(self, asked):
        is_asked = asked.get("prompt") == "consent" or not self.has_consented
        self.has_consented = True
        return asked.get("access_type") == "offline" and is_asked

    def by_refresh_token(self, form, client):
        # The answer has no refresh token: the old one stays.
        asked = self.refresh.get(form.get("refresh_token"))
        if asked is None:
            return super().by_refresh_token(form, client)
        return self.issued(client, asked, is_renewable=False)


class GitHub(Emulator):
    path = "/login/oauth"
    server_places = (SERVER_PLACE + "/login/oauth",)
    metadata = {"token_endpoint_auth_methods_supported": ABSENT,
                "grant_types_supported": ["authorization_code", "refresh_token"]}
    resource = {"authorization_servers": ["{H}/login/oauth"],
                "scopes_supported": ["repo", "gist"]}
    back = "http://127.0.0.1/callback"
    life = 28800
    token = {"scope": "repo,gist", "token_type": "bearer"}

    def methods(self):
        return ["client_secret_post"]

    def refuse_token(self, form, request):
        # Id and secret are read from the form, and an error has the status 200.
        if "client_secret" not in form:
            return error("incorrect_client_credentials", "The client_id and/or client_secret "
                         "passed are incorrect.", 200)
        if "json" not in request.headers.get("accept", ""):
            return response(200, "application/x-www-form-urlencoded", "error=not_for_you")
        return None


class Atlassian(Emulator):
    server_places = (SERVER_PLACE + "/tenant", "/tenant" + SERVER_PLACE)
    expects_registration = True
    metadata = {"registration_endpoint": "{H}/register",
                "token_endpoint_auth_methods_supported": ["none", "client_secret_post"]}
    resource = {"authorization_servers": ["{H}/tenant"],
                "scopes_supported": ["read:jira-work", OFFLINE]}
    renewing_scope = OFFLINE

    def refuse_authorization(self, query):
        back = query.get("redirect_uri", "")
        if "127.0.0.1" in back:
            return response(400, "text/html", "redirect_uri is not registered for client: " + back)
        return None


class Salesforce(Emulator):
    server_places = (OPENID_PLACE,)
    metadata = {"code_challenge_methods_supported": ABSENT,
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post", "client_secret_basic", "private_key_jwt"],
                "scopes_supported": ["api", "sfap_api", "refresh_token", OFFLINE, "openid"]}
    resource = {"scopes_supported": ["sfap_api", "refresh_token"]}
    # The lifetime is not told.
    token = {"expires_in": ABSENT, "instance_url": "{F}", "issued_at": "1790000000000",
             "id": "{H}/id/org/user", "signature": "c2ln"}
    renewing_scope = "refresh_token"

    def refuse_token(self, form, _):
        if "~" in form.get("code_verifier", ""):
            return error("invalid_grant", "invalid code verifier")
        return None


class Keycloak(Emulator):
    path = "/realms/mcp"
    server_places = (SERVER_PLACE + "/realms/mcp", "/realms/mcp" + OPENID_PLACE)
    expects_registration = True
    metadata = {"registration_endpoint": "{H}/register",
                "code_challenge_methods_supported": ["plain", "S256"],
                "authorization_response_iss_parameter_supported": True,
                "token_endpoint_auth_methods_supported": [
                    "private_key_jwt", "client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", "mcp", OFFLINE]}
    resource = {"authorization_servers": ["{H}/realms/mcp"], "scopes_supported": ["mcp"]}
    answer = {"session_state": "s-1"}

    def refuse_registration(self, _):
        return error("insufficient_scope", "Policy 'Trusted Hosts' rejected request to "
                     "client-registration service. Details: Host not trusted.", 403)


class Slack(Emulator):
    # The document names another host.
    metadata = {"issuer": "{F}", "token_endpoint_auth_methods_supported": [
        "client_secret_post", "client_secret_basic", "none"],
        "scopes_supported": ["channels:history", "chat:write"]}
    resource = {"scopes_supported": ["channels:history", "chat:write"]}
    redirect_refusal = "redirect_uri did not match any configured URIs."
    life = 43200
    token = {"ok": True, "token_type": "user", "scope": "",
             "authed_user": {"id": "U1", "scope": "channels:history,chat:write"},
             "team": {"id": "T1"}}

    def refuse_authorization(self, query):
        if not query.get("scope"):
            return {"error": "invalid_scope_requested"}
        return None

    def methods(self):
        return ["client_secret_basic", "client_secret_post"]


class Item:
    """One option of a profile, as a person writes it, and what happens without it."""

    def __init__(self, *option, says=(), names=(), status="MCP_E_AUTH", page=None,
                 without=None, real=None):
        self.option = option
        self.says, self.names, self.status = says, names, status
        # What the browser shows instead.
        self.page = page
        # A function of the check, the emulator and the options.
        self.without = without
        # What the profile has for the hosts of the provider. On this machine the
        # option is given.
        self.real = real


class Profile:
    def __init__(self, title, emulator, known, items=(), given=(), default=None):
        self.title, self.emulator, self.known = title, emulator, known
        # The options of the profile, and those that a person has to give.
        self.items, self.given = items, given
        # What login says without any option; None where it signs in.
        self.default = default

    def options(self, leaving_out=None):
        """All options, written out."""
        items = [word for item in self.items if item is not leaving_out for word in item.option]
        return [*items, *self.given]

    def with_profile(self, name):
        stand_ins = [word for item in self.items if item.real for word in item.option]
        return ["--provider", name, *stand_ins, *self.given]


def no_refresh_token(check, one, options):
    with check.user(one) as user:
        # The second sign-in: the person has consented before.
        for _ in range(2):
            one.refresh.clear()
            done = user.login("--json", *one.fill(options))
            check.that("signs in", done.code == 0, done)
            user.run("logout", *one.fill(options), one.url)
        check.that("without a refresh token", not one.refresh, done)


def no_use(check, one, options):
    with check.user(one) as user:
        user.login(*one.fill(options))
        done = user.tools("--no-browser", *one.fill(options))
        check.that("the MCP server refuses the token", done.code == 1, done)


NO_REGISTRATION = {"says": [], "names": ["--client-id"]}
RESOURCE = "`--no-resource`"
PKCE = "`--assume-pkce`"
CLIENT = "`--client-id`"
PROFILES = {
    "atlassian": Profile(
        "Atlassian", Atlassian, "2026-07", [
            Item("--issuer", "{H}", says=["{H}/tenant", "{H}"], names=["--issuer {H}"],
                 real="`--issuer https://auth.atlassian.com`"),
            Item(*LOCALHOST, page="redirect_uri is not registered")],
        default={"says": ["{H}/tenant", "{H}"], "names": ["--issuer {H}"]}),
    "auth0": Profile(
        "Auth0", Auth0, "2025-06", [
            Item("--auth-param", "audience={R}/mcp", without=no_use),
            Item("--token-param", "audience={R}/mcp")]),
    "cognito": Profile(
        "Amazon Cognito", Cognito, "2025-06", [
            Item("--assume-pkce", says=["PKCE"], names=["--assume-pkce"])],
        [*WITH_SECRET, *REDIRECT],
        default={"says": ["PKCE"], "names": ["--assume-pkce"]}),
    "entra": Profile(
        "Microsoft Entra ID", Entra, "2025-07", [
            Item("--assume-pkce", says=["PKCE"], names=["--assume-pkce"]),
            Item("--no-resource", says=[AADSTS["resource"]], names=["--no-resource"]),
            Item(*LOCALHOST, page="AADSTS50011")],
        WITH_SECRET,
        default={"says": ["PKCE"], "names": ["--assume-pkce"]}),
    "github": Profile(
        "GitHub", GitHub, "2025-11", [
            Item("--client-auth", "post", says=["incorrect_client_credentials"])],
        WITH_SECRET, default=NO_REGISTRATION),
    "google": Profile(
        "Google", Google, "2026-04", [
            Item("--issuer", "{H}", says=["{H}/"], names=["--issuer {H}"],
                 real="`--issuer https://accounts.google.com`"),
            Item("--auth-param", "access_type=offline", without=no_refresh_token),
            Item("--auth-param", "prompt=consent", without=no_refresh_token)],
        WITH_SECRET, default={"says": ["{H}/"], "names": ["--issuer {H}"]}),
    "keycloak": Profile(
        "Keycloak", Keycloak, "2025-10", [], [*WITH_SECRET, *REDIRECT],
        default={"says": ["Trusted Hosts"], "names": ["--client-id"]}),
    "okta": Profile(
        "Okta", Okta, "2025-06", [], [*WITH_SECRET, *REDIRECT],
        default={"says": ["401"], "names": ["--client-id"]}),
    "salesforce": Profile(
        "Salesforce", Salesforce, "2026-03", [
            Item("--assume-pkce", says=["PKCE"], names=["--assume-pkce"])],
        [*WITH_SECRET, *REDIRECT],
        default={"says": ["PKCE"], "names": ["--assume-pkce"]}),
    "slack": Profile(
        "Slack", Slack, "2026-02", [
            Item("--authorization-endpoint", "{H}/authorize", "--token-endpoint", "{H}/token",
                 # With endpoints given by hand no metadata is read.
                 "--scope", "channels:history chat:write",
                 says=["{F}"], names=["--issuer"], status="MCP_E_AUTH",
                 real="`--authorization-endpoint https://slack.com/oauth/v2_user/authorize`, "
                      "`--token-endpoint https://slack.com/api/oauth.v2.user.access`")],
        [*WITH_SECRET, *REDIRECT],
        default={"says": ["{F}"], "names": ["--issuer"], "status": "MCP_E_AUTH"}),
}
