"""An MCP server and the authorization server that it names, in one, for the
tests of the command line.  It complains of what no client may send."""

import base64
import hashlib
import http.server
import json
import sys
import threading
import time
import urllib.parse

import p256

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECRET = "s3cret-of-the-client"


def claims_of(jwt):
    return [json.loads(p256.decoded(part)) for part in jwt.split(".")[:2]]


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, *arguments):
        """A client that goes away, as after Ctrl-C, is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*arguments)


class Authority:
    """Listens on a free port until the block ends."""

    def __init__(self, public=None):
        self.public = public  # the key of the client "keyed"
        self.life = 3600
        self.pause = 0.0  # before a token is given out
        self.is_found = True  # says how a token is got
        self.lock = threading.Lock()
        self.asked = []  # (path, parameters)
        self.complaints = []
        self.clients = {"known": SECRET, "keyed": None}
        self.codes = {}  # by code: the parameters of /authorize
        self.device = None  # over the answer of /device; None: there is none
        self.polls = []  # the errors of the next polls
        self.devices = {}  # by device code: the client
        self.refreshable = {}  # by refresh token: the key's thumbprint
        self.good = {}  # by access token: the key's thumbprint, or None
        self.count = 0
        # By "refresh", "mcp": status, body and headers in place of what belongs
        # there; "mcp" is for a token that is not known.
        self.replies = {}
        self.forgotten = set()  # clients that /authorize does not know

    def __enter__(self):
        authority = self

        class Handler(Visit):
            pass

        Handler.authority = authority
        self.server = Listener(("127.0.0.1", 0), Handler)
        self.origin = "http://127.0.0.1:%d" % self.server.server_port
        self.url = self.origin + "/mcp"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def of(self, path):
        """The parameters of all requests for a path."""
        with self.lock:
            return [parameters for asked, parameters in self.asked if asked == path]

    def grants(self, kind):
        return [one for one in self.of("/token") if one.get("grant_type") == kind]

    def expire_all(self):
        """Access tokens are refused from now on, refresh tokens are not."""
        with self.lock:
            self.good.clear()

    def forget_all(self):
        with self.lock:
            self.good.clear()
            self.refreshable.clear()

    def name(self, kind):
        self.count += 1
        return "%s-t0ken-%d" % (kind, self.count)

    def complain(self, what):
        self.complaints.append(what)
        return what


class Visit(http.server.BaseHTTPRequestHandler):
    authority = None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, document=None, **headers):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reply_text(self, status, text, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def refuse(self, error, status=400):
        self.reply(status, {"error": error})

    def do_GET(self):
        one, path = self.authority, self.path.split("?")[0]
        query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2]))
        if path == "/mcp":
            return self.serve(None)
        with one.lock:
            one.asked.append((path, query))
        if not one.is_found:
            self.reply(404)
        elif path == "/.well-known/oauth-protected-resource/mcp":
            self.reply(200, {"resource": one.url, "authorization_servers": [one.origin]})
        elif path == "/.well-known/oauth-authorization-server":
            device = {} if one.device is None else {
                "device_authorization_endpoint": one.origin + "/device"}
            self.reply(200, {
                **device, "issuer": one.origin, "authorization_endpoint": one.origin + "/authorize",
                "token_endpoint": one.origin + "/token",
                "registration_endpoint": one.origin + "/register",
                "revocation_endpoint": one.origin + "/revoke",
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic",
                                                          "private_key_jwt"],
                "client_id_metadata_document_supported": True,
                "authorization_response_iss_parameter_supported": True,
                "dpop_signing_alg_values_supported": ["ES256"]})
        elif path == "/authorize":
            self.authorize(query)
        else:
            self.reply(404)
        return None

    def authorize(self, query):
        one = self.authority
        if query.get("client_id") in one.forgotten:
            return self.reply(422, {"message": "Unrecognized client_id"})
        with one.lock:
            if query.get("code_challenge_method") != "S256" or query.get("resource") != one.url:
                one.complain("/authorize: %s" % query)
            code = one.name("code")
            one.codes[code] = query
        answer = {"state": query["state"], "iss": one.origin}
        answer.update({"error": "access_denied"} if "the_person" in query else {"code": code})
        return self.reply(302, Location=query["redirect_uri"] + "?" + urllib.parse.urlencode(answer))

    def do_POST(self):
        one = self.authority
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path == "/mcp":
            return self.serve(json.loads(body))
        if not one.is_found:
            return self.reply(404)
        if self.path == "/register":
            with one.lock:
                client = "client-%d" % len(one.clients)
                one.clients[client] = None
                one.asked.append((self.path, json.loads(body)))
            return self.reply(201, {"client_id": client, "token_endpoint_auth_method": "none",
                                    "redirect_uris": json.loads(body).get("redirect_uris", [])})
        form = dict(urllib.parse.parse_qsl(body.decode()))
        with one.lock:
            one.asked.append((self.path, dict(form)))
        if self.path not in ("/token", "/revoke", "/device"):
            return self.reply(404)
        if form.get("grant_type") == "refresh_token" and "refresh" in one.replies:
            return self.reply_text(*one.replies["refresh"])
        client = self.client(form)
        if client is None:
            return self.refuse("invalid_client", 401)
        if self.path == "/revoke":
            with one.lock:
                one.good.pop(form["token"], None)
                one.refreshable.pop(form["token"], None)
            return self.reply(200)
        if self.path == "/device":
            with one.lock:
                code = one.name("device")
                one.devices[code] = client
            page = one.origin + "/activate"
            return self.reply(200, dict({
                "device_code": code, "user_code": "WDJB-MJHT", "verification_uri": page,
                "verification_uri_complete": page + "?user_code=WDJB-MJHT", "expires_in": 600,
                "interval": 1}, **one.device))
        time.sleep(one.pause)
        with one.lock:
            answer = self.token(form, client)
        if isinstance(answer, str):
            return self.refuse(answer)
        return self.reply(200, answer)

    def client(self, form):
        """Who asks; None for one that did not prove it."""
        one = self.authority
        if self.headers["Authorization"]:
            pair = base64.b64decode(self.headers["Authorization"].split()[1]).decode()
            client, secret = map(urllib.parse.unquote_plus, pair.split(":"))
            return client if one.clients.get(client) == secret else None
        if form.get("client_assertion_type") == ASSERTION:
            jwt = form["client_assertion"]
            claims = claims_of(jwt)[1]
            is_good = (p256.is_signed(jwt, one.public) and claims["aud"] == one.origin
                       and claims["iss"] == claims["sub"] == "keyed"
                       and claims["exp"] > time.time())
            return "keyed" if is_good else None
        client = form.get("client_id", "")
        if one.clients.get(client) is not None:
            return None
        # A workload needs none.
        return client

    def token(self, form, client):
        one, grant = self.authority, form.get("grant_type")
        if form.get("resource") != one.url:
            return one.complain("invalid_target")
        bound = self.thumbprint()
        if grant == "authorization_code":
            asked = one.codes.pop(form.get("code"), None)
            if asked is None:
                return one.complain("invalid_grant")
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if (challenge, form["redirect_uri"], client, bound) != (
                    asked["code_challenge"], asked["redirect_uri"], asked["client_id"],
                    asked.get("dpop_jkt")):
                return one.complain("invalid_request")
        elif grant == DEVICE:
            if one.devices.get(form["device_code"]) != client:
                return one.complain("invalid_grant")
            if one.polls:
                return one.polls.pop(0)
            del one.devices[form["device_code"]]
        elif grant == "refresh_token":
            if one.refreshable.pop(form["refresh_token"], "none") != bound:
                return "invalid_grant"
        elif grant == "client_credentials":
            if client not in ("known", "keyed"):
                return one.complain("unauthorized_client")
        elif grant != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return "unsupported_grant_type"
        access = one.name("access")
        one.good[access] = bound
        answer = {"access_token": access, "expires_in": one.life,
                  "token_type": "DPoP" if bound else "Bearer"}
        if grant in ("authorization_code", "refresh_token", DEVICE):
            answer["refresh_token"] = one.name("refresh")
            one.refreshable[answer["refresh_token"]] = bound
        return answer

    def thumbprint(self, token=None):
        """Of the key that made the proof; None where there is none."""
        one, proof = self.authority, self.headers["DPoP"]
        if proof is None:
            return None
        head, claims = claims_of(proof)
        jwk = head["jwk"]
        ath = hashlib.sha256((token or "").encode()).digest()
        if not (p256.is_signed(proof, p256.public_of_jwk(jwk)) and head["typ"] == "dpop+jwt"
                and claims["htm"] == self.command and claims["htu"] == one.origin + self.path
                and abs(claims["iat"] - time.time()) < 60
                and (token is None or p256.decoded(claims["ath"]) == ath)):
            one.complain("DPoP: %s %s" % (head, claims))
        parts = ['"%s":"%s"' % (name, jwk[name]) for name in ("crv", "kty", "x", "y")]
        digest = hashlib.sha256(("{%s}" % ",".join(parts)).encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def serve(self, message):
        one = self.authority
        scheme, _, token = (self.headers["Authorization"] or "").partition(" ")
        with one.lock:
            bound = self.thumbprint(token)
            one.asked.append(("/mcp", {"scheme": scheme}))
            is_good = (one.good.get(token, "none") == bound
                       and scheme == ("DPoP" if bound else "Bearer"))
        if not is_good and token and "mcp" in one.replies:
            return self.reply_text(*one.replies["mcp"])
        if not is_good:
            place = one.origin + "/.well-known/oauth-protected-resource/mcp"
            return self.reply(401, WWW_Authenticate='Bearer resource_metadata="%s"' % place)
        if message is None:
            return self.reply(405)
        if "id" not in message:
            return self.reply(202)
        results = {
            "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                           "serverInfo": {"name": "guarded", "version": "1"}},
            "ping": {}, "tools/list": {"tools": []}}
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] in results:
            answer["result"] = results[message["method"]]
        else:
            answer["error"] = {"code": -32601, "message": "no such method"}
        return self.reply(200, answer)
