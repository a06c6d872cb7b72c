"""Serves MCP servers that want OAuth, for the suite `oauth`.

    oauth_servers.py own|sdk|remote|openid LOGFILE

"own" is FastMCP with its InMemoryOAuthProvider, "sdk" the official SDK with a
small provider of ours behind its routes, "remote" FastMCP whose tokens come
from an authorization server elsewhere: it reads the issuer from the first
line of standard input, and "openid" likewise, for a provider that knows no
audience and no scope of it.  The first line on standard output is a JSON object of
variant to port.  Tokens of the variant "brief" live for a few seconds.  The
end of standard input ends everything.

Each exchange goes to LOGFILE as a line of JSON before its answer leaves, with
all that is secret otherwise: who reads it makes sure of what a token is good
for.
"""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import socket
import sys
import threading
import time
import urllib.parse
import warnings

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_LOG_LEVEL", "CRITICAL")

import uvicorn  # noqa: E402
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse  # noqa: E402

BRIEF, STEADY = 6, 3600
SCOPES = ["read", "write"]


class Recorder:
    """Writes a line for each exchange, then lets the answer go."""

    def __init__(self, app, variant, log):
        self.app, self.variant, self.log = app, variant, log

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await whole(receive)

        async def writing(event):
            if event["type"] == "http.response.start":
                self.write(scope, body, event)
            await send(event)

        await self.app(scope, again(body, receive), writing)

    def write(self, scope, body, start):
        headers = headers_of(scope)
        kind = headers.get("content-type", "")
        form = rpc = {}
        if kind.startswith("application/x-www-form-urlencoded"):
            form = dict(urllib.parse.parse_qsl(body.decode()))
        elif kind.startswith("application/json"):
            rpc = json_of(body)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        line = {
            "variant": self.variant, "method": scope["method"], "path": scope["path"],
            "query": dict(urllib.parse.parse_qsl(scope["query_string"].decode())),
            "status": start["status"], "form": form, "rpc": rpc, "scheme": scheme,
            "token": token, "dpop": headers.get("dpop"),
            "challenge": headers_of(start).get("www-authenticate"),
        }
        os.write(self.log, (json.dumps(line) + "\n").encode())


def headers_of(event):
    return {name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in event["headers"]}


def json_of(text):
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


async def whole(receive):
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return bytes(body)
        body.extend(event.get("body", b""))
        if not event.get("more_body"):
            return bytes(body)


def again(body, receive):
    """A body that was read, as if it came just now."""
    is_given = False

    async def give():
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


class WantsScope:
    """Refuses calls of the tool "write" with a token that is not for it, as
    the specification wants it; no server here does so by itself."""

    def __init__(self, app, scopes_of):
        self.app, self.scopes_of = app, scopes_of

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = await whole(receive)
        call = json_of(body)
        token = headers_of(scope).get("authorization", "").partition(" ")[2]
        if (call.get("method") == "tools/call" and call["params"]["name"] == "write"
                and "write" not in self.scopes_of(token, ["write"])):
            refusal = JSONResponse({"error": "insufficient_scope"}, 403, {
                "WWW-Authenticate":
                    'Bearer error="insufficient_scope", scope="write"'})
            await refusal(scope, again(body, receive), send)
            return
        await self.app(scope, again(body, receive), send)


class TakesProofs:
    """Checks the proofs of tokens that are bound to a key (RFC 9449), which
    FastMCP does not know of, and lets it check the token itself."""

    def __init__(self, app):
        self.app, self.seen = app, set()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or not scope["path"].startswith("/mcp"):
            await self.app(scope, receive, send)
            return
        headers = headers_of(scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        problem = "no token"
        if token:
            problem = "not by DPoP" if scheme != "DPoP" else self.problem(scope, headers, token)
        if problem is not None:
            refusal = JSONResponse({"error": problem}, 401, {
                "WWW-Authenticate": 'DPoP algs="ES256"' + (
                    ', error="invalid_token", error_description="%s"' % problem if token else "")})
            await refusal(scope, receive, send)
            return
        changed = [(name, b"Bearer " + token.encode() if name == b"authorization" else value)
                   for name, value in scope["headers"]]
        await self.app(dict(scope, headers=changed), receive, send)

    def problem(self, scope, headers, token):
        import jwt
        try:
            head = jwt.get_unverified_header(headers["dpop"])
            key = jwt.PyJWK.from_dict(dict(head["jwk"], alg="ES256"))
            proof = jwt.decode(headers["dpop"], key.key, algorithms=["ES256"],
                               options={"verify_aud": False})
            bound = claims_of(token)["cnf"]["jkt"]
        except (KeyError, ValueError, jwt.PyJWTError) as error:
            return "%s: %s" % (type(error).__name__, error)
        members = {name: head["jwk"][name] for name in ("crv", "kty", "x", "y")}
        wanted = {
            "typ": (head["typ"], "dpop+jwt"),
            "jkt": (digest(json.dumps(members, separators=(",", ":"))), bound),
            "htm": (proof["htm"], scope["method"]),
            "htu": (proof["htu"], "http://%s%s" % (headers["host"], scope["path"])),
            "ath": (proof["ath"], digest(token)),
            "jti": (proof["jti"] in self.seen, False),
            "iat": (abs(proof["iat"] - time.time()) < 60, True),
        }
        self.seen.add(proof["jti"])
        wrong = [name for name, (one, other) in wanted.items() if one != other]
        return "wrong " + ", ".join(wrong) if wrong else None


def digest(text):
    found = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return found.rstrip(b"=").decode()


def claims_of(token):
    """What a signed token says, without a look at the signature."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    return json_of(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))


def add_tools(server):
    @server.tool()
    def read() -> str:
        return "read"

    @server.tool()
    def write() -> str:
        return "written"


def own(variant, port, _):
    """FastMCP, which is the authorization server too."""
    from fastmcp import FastMCP
    from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
    from fastmcp.server.auth.providers import in_memory

    class Provider(in_memory.InMemoryOAuthProvider):
        # The life of its tokens is a constant of the module.
        async def exchange_authorization_code(self, *arguments):
            in_memory.DEFAULT_ACCESS_TOKEN_EXPIRY_SECONDS = life(variant)
            return await super().exchange_authorization_code(*arguments)

        async def exchange_refresh_token(self, *arguments):
            in_memory.DEFAULT_ACCESS_TOKEN_EXPIRY_SECONDS = life(variant)
            return await super().exchange_refresh_token(*arguments)

    provider = Provider(
        base_url="http://127.0.0.1:%d" % port, required_scopes=["read"],
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=SCOPES),
        revocation_options=RevocationOptions(enabled=True))
    server = FastMCP("own", auth=provider)
    add_tools(server)

    def scopes_of(token, unknown):
        found = provider.access_tokens.get(token)
        return found.scopes if found else unknown

    return WantsScope(server.http_app(), scopes_of)


def sdk(variant, port, _):
    """The official SDK's routes, and a provider with a page to sign in on."""
    from mcp.server.auth.provider import (
        AccessToken, AuthorizationCode, RefreshToken, construct_redirect_uri)
    from mcp.server.auth.settings import (
        AuthSettings, ClientRegistrationOptions, RevocationOptions)
    from mcp.shared.auth import OAuthToken
    here = "http://127.0.0.1:%d" % port

    class Provider:
        def __init__(self):
            self.clients, self.asked, self.codes = {}, {}, {}
            self.access, self.refresh = {}, {}

        async def get_client(self, client_id):
            return self.clients.get(client_id)

        async def register_client(self, client_info):
            self.clients[client_info.client_id] = client_info

        async def authorize(self, client, params):
            ticket = secrets.token_urlsafe()
            self.asked[ticket] = client, params
            return "%s/login?ticket=%s" % (here, ticket)

        async def log_in(self, request):
            ticket = request.query_params["ticket"]
            if request.method == "GET":
                return HTMLResponse(
                    '<form method="post" action="/login?ticket=%s"><input name="username">'
                    '<input name="password" type="password"><button>Sign in</button></form>'
                    % ticket)
            form = await request.form()
            if form.get("username") != "ann" or not form.get("password"):
                return HTMLResponse("Wrong name or password.", 403)
            client, params = self.asked.pop(ticket)
            code = secrets.token_urlsafe()
            self.codes[code] = AuthorizationCode(
                code=code, client_id=client.client_id, scopes=params.scopes or [],
                expires_at=time.time() + 60, code_challenge=params.code_challenge,
                redirect_uri=params.redirect_uri, resource=params.resource,
                redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly)
            return RedirectResponse(construct_redirect_uri(
                str(params.redirect_uri), code=code, state=params.state), 302)

        async def load_authorization_code(self, client, authorization_code):
            return self.codes.get(authorization_code)

        async def exchange_authorization_code(self, client, authorization_code):
            del self.codes[authorization_code.code]
            return self.give(authorization_code, authorization_code.scopes)

        async def load_refresh_token(self, client, refresh_token):
            return self.refresh.get(refresh_token)

        async def exchange_refresh_token(self, client, refresh_token, scopes):
            del self.refresh[refresh_token.token]
            return self.give(refresh_token, scopes)

        def give(self, grant, scopes):
            access, refresh = secrets.token_urlsafe(), secrets.token_urlsafe()
            common = {"client_id": grant.client_id, "scopes": scopes, "resource": grant.resource}
            end = int(time.time()) + life(variant)
            self.access[access] = AccessToken(token=access, expires_at=end, **common)
            self.refresh[refresh] = RefreshToken(token=refresh, **common)
            return OAuthToken(access_token=access, token_type="Bearer", expires_in=life(variant),
                              refresh_token=refresh, scope=" ".join(scopes))

        async def load_access_token(self, token):
            found = self.access.get(token)
            return found if found and found.expires_at > time.time() else None

        async def revoke_token(self, token):
            for tokens in (self.access, self.refresh):
                for one in [key for key, value in tokens.items()
                            if value.client_id == token.client_id]:
                    del tokens[one]

    provider = Provider()
    options = {
        "auth_server_provider": provider,
        "auth": AuthSettings(
            issuer_url=here, resource_server_url=here + "/mcp", required_scopes=["read"],
            validate_token_resource=True,
            client_registration_options=ClientRegistrationOptions(
                enabled=True, valid_scopes=[*SCOPES, "offline_access"]),
            revocation_options=RevocationOptions(enabled=True)),
    }
    try:
        from mcp.server.mcpserver import MCPServer as Server
    except ImportError:
        from mcp.server.fastmcp import FastMCP as Server
        options["log_level"] = "CRITICAL"
    server = Server("sdk", **options)
    add_tools(server)
    server.custom_route("/login", methods=["GET", "POST"])(provider.log_in)

    def scopes_of(token, unknown):
        found = provider.access.get(token)
        return found.scopes if found else unknown

    return WantsScope(server.streamable_http_app(), scopes_of)


def remote(variant, port, issuer):
    """FastMCP that takes the signed tokens of an authorization server."""
    from fastmcp import FastMCP
    from fastmcp.server.auth import RemoteAuthProvider
    from fastmcp.server.auth.providers.jwt import JWTVerifier
    resource = "http://127.0.0.1:%d/mcp" % port
    verifier = JWTVerifier(jwks_uri=issuer + "/jwks", issuer=issuer, audience=resource,
                           required_scopes=["read"])
    server = FastMCP("remote", auth=RemoteAuthProvider(
        token_verifier=verifier, authorization_servers=[issuer],
        base_url="http://127.0.0.1:%d" % port))
    add_tools(server)

    def scopes_of(token, unknown):
        return claims_of(token).get("scope", " ".join(unknown)).split(" ")

    app = WantsScope(server.http_app(), scopes_of)
    return TakesProofs(app) if variant == "bound" else app


def openid(variant, port, issuer):
    """FastMCP that takes each signed token of an OpenID provider."""
    from fastmcp import FastMCP
    from fastmcp.server.auth import RemoteAuthProvider
    from fastmcp.server.auth.providers.jwt import JWTVerifier
    server = FastMCP("openid", auth=RemoteAuthProvider(
        token_verifier=JWTVerifier(jwks_uri=issuer + "/oauth/jwks.json", issuer=issuer),
        authorization_servers=[issuer], base_url="http://127.0.0.1:%d" % port))
    add_tools(server)
    return server.http_app()


def life(variant):
    return BRIEF if variant == "brief" else STEADY


def main():
    kind, log = sys.argv[1:]
    make = {"own": own, "sdk": sdk, "remote": remote, "openid": openid}[kind]
    log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    listeners = {}
    for variant in ["steady", "brief"] + ["bound", "spare"] * (kind == "remote"):
        # With the protocol named, asyncio sets TCP_NODELAY.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        listeners[variant] = listener
    ports = {variant: one.getsockname()[1] for variant, one in listeners.items()}
    print(json.dumps(ports), flush=True)
    issuer = sys.stdin.readline().strip() if kind in ("remote", "openid") else None

    def wait():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()

    async def serve():
        await asyncio.gather(*(
            uvicorn.Server(uvicorn.Config(
                Recorder(make(variant, ports[variant], issuer), variant, log),
                log_level="critical", lifespan="on")).serve(sockets=[listener])
            for variant, listener in listeners.items()))

    asyncio.run(serve())


main()
