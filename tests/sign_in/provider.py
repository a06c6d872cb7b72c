"""An authorization server and the MCP server that names it: the default provider
of the examples, except for what a case changes.

R is the origin of the MCP server and H that of the authorization server. F is a
third origin, which is foreign to both. "{R}", "{H}" and "{F}" in a setting stand for
them. The provider is strict: what a correct client does not send is a fault, and a
fault fails the case. A refusal that belongs to the example is none.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import sys
import threading
import time
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                             "field"))
from http_peer import Peer, response

# A member or a parameter that is left out.
ABSENT = object()
RESOURCE_PLACE = "/.well-known/oauth-protected-resource"
SERVER_PLACE = "/.well-known/oauth-authorization-server"
OPENID_PLACE = "/.well-known/openid-configuration"
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\]):\d+(/[^?#]*)?$")
GIVEN, SECRET = "given-client", "given-s3cret-of-the-client"
# The parameters that every client may send.
OF_AUTHORIZATION = {"response_type", "client_id", "redirect_uri", "state", "code_challenge",
                    "code_challenge_method", "scope", "resource"}
OF_TOKEN = {
    "authorization_code": {"code", "redirect_uri", "code_verifier"},
    "refresh_token": {"refresh_token", "scope"},
    "client_credentials": {"scope"},
}
OF_EVERY_TOKEN = {"grant_type", "resource", "client_id", "client_secret"}


class Refusal(Exception):
    """Ends a request with a reply that the example wants."""

    def __init__(self, reply):
        super().__init__()
        self.reply = reply


def error(name, description=None, status=400, **more):
    """An error as RFC 6749 has it."""
    body = dict({"error": name}, **more)
    if description is not None:
        body["error_description"] = description
    return response(status, body=body)


def changed(document, changes):
    document = dict(document, **changes)
    return {name: value for name, value in document.items() if value is not ABSENT}


class Provider:
    """Listens on three free ports until the block ends. The attributes below are
    settings; `Provider(name=value)` changes them for one case, a subclass for many."""

    # Changes to the two documents, and where they are.
    resource, server = {}, {}
    mcp_path = "/mcp"
    resource_places = (RESOURCE_PLACE + "/mcp",)
    server_places = (SERVER_PLACE,)
    # More pages: "H/path" and a document, a reply, or a function of the provider
    # and the request that gives either, or None for what is there otherwise.
    pages = {}
    # What a request without a good token gets.
    challenge = 'Bearer resource_metadata="{R}' + RESOURCE_PLACE + '/mcp"'
    refusal_status, refusal_body = 401, None
    # The methods of JSON-RPC that need no token.
    open_methods = ()
    # "right": in each request, "absent": in none, "either".
    resource_parameter = "right"
    # The parameters that have to be there, beside the usual ones.
    authorization_parameters, token_parameters = {}, {}
    # The clients that are known before; None for one without a secret.
    clients = {GIVEN: SECRET}
    # Whether a form with HTTP Basic may have `client_id`.
    takes_client_id_beside_basic = False
    # Whether the redirect URI is compared without its port.
    any_port = False
    life = 3600
    gives_refresh_token = True
    # Whether a token request may come, and a registration.
    expects_token_request = expects_registration = True
    # Changes to what is sent: the redirect, the token, the registration.
    answer, token, registration = {}, {}, {}
    registration_status, token_status = 201, 200
    # Functions of the provider and what was sent; they give a reply (or, for the
    # first, a dictionary for the redirect) that refuses it, or None.
    refuse_authorization = refuse_token = refuse_registration = refuse_mcp = None

    def __init__(self, **settings):
        for name, value in settings.items():
            if not hasattr(type(self), name):
                raise TypeError("no such setting: " + name)
            setattr(self, name, value)
        self.lock = threading.RLock()
        self.faults = []
        self.log = []  # (origin, method, path, parameters)
        self.secrets = {}  # by secret: its kind
        self.registered = {}  # by id: the registration
        self.codes, self.spent = {}, set()
        self.access, self.refresh = {}, {}  # by token: what it was given for
        self.grants = {"authorization_code": self.by_code, "refresh_token": self.by_refresh_token,
                       "client_credentials": self.by_client_credentials}
        self.endpoints = {("GET", "/authorize"): self.authorize, ("POST", "/token"): self.tokens,
                          ("POST", "/register"): self.register, ("POST", "/revoke"): self.revoke}
        for secret in self.clients.values():
            if secret:
                self.secrets[secret] = "client secret"

    def __enter__(self):
        self.peers = {name: Peer(self.changer(name)) for name in "RHF"}
        self.origins = {name: peer.__enter__().origin for name, peer in self.peers.items()}
        self.url = self.R + self.mcp_path
        return self

    def __exit__(self, *_):
        for peer in self.peers.values():
            peer.__exit__()

    R = property(lambda self: self.origins["R"])
    H = property(lambda self: self.origins["H"])
    F = property(lambda self: self.origins["F"])

    def fill(self, value):
        """The value with the origins in their places."""
        if isinstance(value, str):
            for name, origin in self.origins.items():
                value = value.replace("{%s}" % name, origin)
        elif isinstance(value, dict):
            value = {self.fill(name): self.fill(one) for name, one in value.items()}
        elif isinstance(value, (list, tuple)):
            value = [self.fill(one) for one in value]
        return value

    # What the case asks afterwards.

    def of(self, path, method=None, origin="H"):
        """The parameters of all requests for a path."""
        with self.lock:
            return [parameters for place, verb, asked, parameters in self.log
                    if (place, asked) == (origin, path) and method in (None, verb)]

    def forms(self, grant):
        return [one for one in self.of("/token") if one.get("grant_type") == grant]

    def expire_all(self):
        """The MCP server refuses all access tokens from now on."""
        with self.lock:
            self.access.clear()

    def call(self, function, *arguments):
        """Calls a function of the settings, which a class may have as a method."""
        if function is None:
            return None
        is_method = getattr(function, "__self__", None) is self
        return function(*arguments) if is_method else function(self, *arguments)

    def fault(self, what):
        with self.lock:
            self.faults.append(what)

    def expect(self, is_so, what):
        if not is_so:
            self.fault(what)

    # The documents.

    def resource_document(self):
        return changed({"resource": self.url, "authorization_servers": [self.H]},
                       self.fill(self.resource))

    def server_document(self):
        return changed({
            "issuer": self.H, "authorization_endpoint": self.H + "/authorize",
            "token_endpoint": self.H + "/token", "registration_endpoint": self.H + "/register",
            "grant_types_supported": ["authorization_code", "refresh_token",
                                      "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic",
                                                      "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"]}, self.fill(self.server))

    def methods(self):
        """The methods of client authentication; Basic where none is listed."""
        listed = self.server_document().get("token_endpoint_auth_methods_supported")
        return listed if isinstance(listed, list) else ["client_secret_basic"]

    # Requests.

    def changer(self, name):
        def change(_, request):
            with self.lock:
                try:
                    return self.reply_to(name, request)
                except Refusal as refusal:
                    return refusal.reply
                except Exception as fault:
                    self.fault("%s %s%s: %r" % (request.method, name, request.path, fault))
                    return response(500, None)
        return change

    def reply_to(self, name, request):
        path, _, query = request.path.partition("?")
        is_person = request.headers.get("x-person") is not None
        place = "%s %s%s" % (request.method, name, path)
        if not is_person:
            self.expect(request.headers.get("user-agent"), place + ": no User-Agent")
            self.look_for_secrets(name, path, request)
        parameters = self.parsed(query, place)
        media = request.headers.get("content-type", "")
        if media.startswith("application/x-www-form-urlencoded"):
            parameters = self.parsed(request.body.decode("ascii", "replace"), place)
        elif name == "H" and request.method == "POST":
            parameters = request.message
        is_mcp = name == "R" and path == self.mcp_path
        if is_mcp:
            parameters = {"authorization": request.headers.get("authorization"),
                          "method": request.rpc}
        self.log.append((name, request.method, path, parameters))
        page = self.page(name, request)
        if page is not None:
            return page
        if is_mcp:
            return self.serve(request)
        endpoint = self.endpoints.get((request.method, path)) if name == "H" else None
        if endpoint:
            return endpoint(request, parameters)
        if not is_person:
            self.expect(request.method == "GET" and "/.well-known/" in path,
                        "unexpected: " + place)
            self.expect("authorization" not in request.headers and
                        "cookie" not in request.headers, "a credential at " + place)
        documents = {"R": (self.resource_places, self.resource_document),
                     "H": (self.server_places, self.server_document)}
        places, document = documents.get(name, ((), None))
        if request.method == "GET" and path in places:
            return response(body=document())
        return response(404, "text/plain", "not found")

    def page(self, name, request):
        """The reply of a page that the case put there; None without one."""
        page = self.pages.get(name + request.path, self.pages.get(
            name + request.path.partition("?")[0]))
        if callable(page):
            page = page(self, request)
        if isinstance(page, str):
            return response(200, "text/html", self.fill(page))
        return response(body=self.fill(page)) if isinstance(page, (dict, list)) else page

    def parsed(self, text, place):
        """The parameters; a name that comes twice or without a value is a fault."""
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
        parameters = dict(pairs)
        self.expect(len(parameters) == len(pairs), "a parameter twice: %s %s" % (place, text))
        return parameters

    def look_for_secrets(self, name, path, request):
        """Secrets go to the token endpoint, access tokens to the MCP server alone."""
        head = " ".join([request.path, *request.headers.values()])
        body = urllib.parse.unquote_plus(request.body.decode("utf-8", "replace"))
        if name == "H" and path in ("/token", "/revoke"):
            head, body = request.path, ""
        elif name == "R" and path == self.mcp_path:
            head = " ".join([request.path, *(value for key, value in request.headers.items()
                                             if key != "authorization")])
        for secret, kind in self.secrets.items():
            self.expect(secret not in head + " " + body,
                        "a secret (%s) at %s%s" % (kind, name, path))

    # The authorization endpoint.

    def authorize(self, request, query):
        client, back = query.get("client_id"), query.get("redirect_uri", "")
        refused = self.call(self.refuse_authorization, query)
        if isinstance(refused, bytes):
            return refused
        if not self.is_redirect_of(client, back):
            return response(400, body={"message": "unknown client or redirect URI"})
        if refused:
            return self.send_back(back, dict({"state": query.get("state")}, **refused))
        self.check_authorization(query)
        code = self.secret("code")
        self.codes[code] = query
        answer = {"code": code, "state": query.get("state")}
        if self.server_document().get("authorization_response_iss_parameter_supported") is True:
            answer["iss"] = self.server_document().get("issuer")
        return self.send_back(back, changed(answer, self.fill(self.answer)))

    def send_back(self, back, answer):
        query = urllib.parse.urlencode({name: value for name, value in answer.items()
                                        if value is not ABSENT and value is not None})
        return response(302, None, headers=[
            ("Location", back + ("&" if "?" in back else "?") + query)])

    def is_redirect_of(self, client, back):
        if client in self.registered:
            known = self.registered[client]["redirect_uris"]
            plain = [re.sub(r":\d+(?=/|$)", "", one) for one in known]
            return back in known or self.any_port and re.sub(r":\d+(?=/|$)", "", back) in plain
        return client in self.clients and LOOPBACK.match(back) is not None

    def check_authorization(self, query):
        self.expect(query.get("response_type") == "code", "/authorize: response_type")
        self.expect(query.get("code_challenge_method") == "S256"
                    and re.fullmatch(r"[\w-]{43}", query.get("code_challenge", "")),
                    "/authorize: PKCE: %s" % query)
        self.expect(len(query.get("state", "")) >= 20, "/authorize: state: %s" % query)
        self.check_parameters("/authorize", query, OF_AUTHORIZATION,
                              self.authorization_parameters)

    def check_parameters(self, place, parameters, usual, wanted):
        wanted = self.fill(wanted)
        for name, value in wanted.items():
            got = parameters.get(name, ABSENT)
            self.expect(got == value or callable(value) and value(got),
                        "%s: %s=%s" % (place, name, got))
        if "resource" not in wanted:
            resource = parameters.get("resource")
            right = {"right": (self.resource_document().get("resource", self.url),),
                     "absent": (None,)}.get(self.resource_parameter)
            self.expect(right is None or resource in right,
                        "%s: resource=%s" % (place, resource))
        self.expect(parameters.get("scope", "a").strip(), place + ": empty scope")
        more = set(parameters) - usual - set(wanted)
        self.expect(not more, "%s: parameters that nobody knows: %s" % (place, sorted(more)))

    def secret(self, kind, value=None):
        value = value or "%s-%s" % (kind, secrets.token_hex(12))
        self.secrets[value] = kind
        return value

    # The registration endpoint.

    def register(self, request, body):
        self.expect(self.expects_registration, "an unexpected registration")
        self.expect("authorization" not in request.headers, "/register: a credential")
        refused = self.call(self.refuse_registration, body)
        if refused:
            return refused
        self.check_registration(request, body)
        client = "client-%d-%s" % (len(self.registered) + 1, secrets.token_hex(4))
        answer = dict(body, client_id=client)
        if body.get("token_endpoint_auth_method") != "none":
            answer.update(client_secret=self.secret("client-secret"), client_secret_expires_at=0)
        sent = changed(answer, self.fill(self.registration))
        # The server holds to the names that it gave.
        for name in ("token_endpoint_auth_method", "client_secret"):
            if isinstance(sent.get(name), str):
                answer[name] = sent[name]
        self.registered[str(sent.get("client_id"))] = answer
        return response(self.registration_status, body=sent)

    def check_registration(self, request, body):
        self.expect(request.headers.get("content-type", "").startswith("application/json"),
                    "/register: not JSON")
        uris = body.get("redirect_uris")
        self.expect(isinstance(uris, list) and len(uris) == 1, "/register: redirect_uris")
        is_local = bool(uris) and LOOPBACK.match(uris[0]) is not None
        self.expect(body.get("application_type") == ("native" if is_local else "web"),
                    "/register: application_type")
        self.expect(body.get("response_types") == ["code"], "/register: response_types")
        listed = self.server_document().get("grant_types_supported")
        grants = body.get("grant_types") or []
        self.expect("authorization_code" in grants and
                    (not isinstance(listed, list) or set(grants) <= set(listed)),
                    "/register: grant_types: %s" % grants)
        self.expect(body.get("token_endpoint_auth_method") in self.methods(),
                    "/register: token_endpoint_auth_method: %s"
                    % body.get("token_endpoint_auth_method"))

    # The token endpoint.

    def tokens(self, request, form):
        self.expect(self.expects_token_request, "an unexpected token request: %s"
                    % form.get("grant_type"))
        for secret in ("code_verifier", "client_secret"):
            if secret in form:
                self.secret(secret, form[secret])
        self.expect("json" in request.headers.get("accept", ""), "/token: JSON is not asked for")
        refused = self.call(self.refuse_token, form, request)
        if refused:
            return refused
        client = self.authenticated(request, form)
        grant = form.get("grant_type")
        if grant not in self.grants:
            return error("unsupported_grant_type")
        self.check_parameters("/token", form, OF_EVERY_TOKEN | OF_TOKEN.get(grant, set()),
                              self.token_parameters)
        self.check_grant(grant)
        return response(self.token_status, body=self.grants[grant](form, client),
                        headers=[("Cache-Control", "no-store")])

    def check_grant(self, grant):
        listed = self.server_document().get("grant_types_supported")
        self.expect(not isinstance(listed, list) or grant in listed,
                    "/token: a grant that is not listed: %s" % grant)

    def authenticated(self, request, form):
        """The id of the client; raises a refusal if it did not prove it."""
        method, client, secret = "none", form.get("client_id"), form.get("client_secret")
        if secret is not None:
            method = "client_secret_post"
        head = request.headers.get("authorization")
        if head is not None:
            method = "client_secret_basic"
            scheme, _, pair = head.partition(" ")
            self.expect(scheme == "Basic" and "client_secret" not in form,
                        "/token: two methods of client authentication")
            self.expect(self.takes_client_id_beside_basic or "client_id" not in form,
                        "/token: client_id beside Basic")
            client, _, secret = base64.b64decode(pair).decode().partition(":")
            client, secret = map(urllib.parse.unquote_plus, (client, secret))
        if secret:
            self.secret("client secret", secret)
        wanted = (self.registered.get(client, {}).get("client_secret")
                  if client in self.registered else self.clients.get(client))
        if client not in self.registered and client not in self.clients or secret != wanted:
            raise Refusal(error("invalid_client", status=401))
        named = self.registered.get(client, {}).get("token_endpoint_auth_method", method)
        self.expect(method == named and method in self.methods(),
                    "/token: client authentication by %s" % method)
        return client

    def by_code(self, form, client):
        code = form.get("code")
        self.expect(code not in self.spent, "/token: a code for the second time")
        asked = self.codes.pop(code, None)
        if asked is None:
            raise Refusal(error("invalid_grant", "no such code"))
        self.spent.add(code)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        got = (challenge, form.get("redirect_uri"), client)
        if got != tuple(asked.get(name) for name in
                        ("code_challenge", "redirect_uri", "client_id")):
            self.fault("/token: PKCE, redirect URI or client: %s for %s" % (got, asked))
            raise Refusal(error("invalid_grant", "not what was asked for"))
        return self.issued(client, asked)

    def by_refresh_token(self, form, client):
        asked = self.refresh.pop(form.get("refresh_token"), None)
        if asked is None:
            raise Refusal(error("invalid_grant", "no such refresh token"))
        self.expect(asked["client"] == client, "/token: a refresh token of another client")
        return self.issued(client, asked)

    def by_client_credentials(self, form, client):
        if self.clients.get(client) is None:
            raise Refusal(error("unauthorized_client"))
        return self.issued(client, form, is_renewable=False)

    def issued(self, client, asked, is_renewable=True):
        """The response with new tokens for what was asked."""
        access = self.secret("access-t0ken")
        asked = dict(asked, client=client)
        self.access[access] = time.monotonic() + self.life
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.life}
        if is_renewable and self.gives_refresh_token and self.is_renewable(asked):
            answer["refresh_token"] = self.secret("refresh-t0ken")
            self.refresh[answer["refresh_token"]] = asked
        return changed(answer, self.fill(self.token))

    def is_renewable(self, asked):
        """Whether these parameters of /authorize get a refresh token."""
        return True

    def revoke(self, request, form):
        self.expect("revocation_endpoint" in self.server_document(), "unexpected: /revoke")
        self.authenticated(request, form)
        self.access.pop(form.get("token"), None)
        self.refresh.pop(form.get("token"), None)
        return response(200, None)

    # The MCP server.

    def serve(self, request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        refused = self.call(self.refuse_mcp, request, token)
        if refused:
            return refused
        is_good = scheme == "Bearer" and self.access.get(token, 0) > time.monotonic()
        if not is_good and (request.rpc or request.method) not in self.open_methods:
            return self.unauthorized()
        # The peer answers as an MCP server.
        return None

    def unauthorized(self):
        fields = [("WWW-Authenticate", self.fill(self.challenge))] if self.challenge else []
        body = self.refusal_body
        return response(self.refusal_status, "application/json" if body else None,
                        body if body else b"", headers=fields)
