"""The cases over HTTP. A case has a name, a server, and what the command-line
client must do with it."""

import gzip
import json
import os
import ssl
import subprocess
import tempfile

from http_peer import (CLOSE, HANG, LAST, STREAM, Peer, chunk, error, event, response,
                       result)

CASES = {}
# Seconds. A client that waited for an answer would need its time-out of 30 s.
NO_WAIT = 29


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def is_handshake(request):
    return request.method != "POST" or request.id is None or request.rpc in (
        "server/discover", "initialize")


def after_handshake(reply):
    """A change that concerns every request with an id after the handshake."""
    return lambda peer, request: None if is_handshake(request) else reply(request)


def for_probe(reply):
    return lambda peer, request: (
        reply(request) if request.rpc == "server/discover" else None)


# Sessions.

@case
def get_404(check):
    page = response(404, "text/html", "<h1>Not Found</h1>")
    with Peer(lambda peer, request: page if request.method == "GET" else None) as peer:
        done = check.run_c("five_calls", peer.url)
        check.succeeds(done, within=NO_WAIT)
        check.that("one session", peer.count("initialize") == 1)
        sessions = {one.session for one in peer.of("tools/call")}
        check.that("five calls in it", peer.count("tools/call") == 5 and sessions == {"fs-1"})


@case
def get_silent(check):
    with Peer(lambda peer, request: [HANG] if request.method == "GET" else None) as peer:
        done = check.run_c("five_calls", peer.url)
        check.succeeds(done, within=NO_WAIT)
        check.that("one session", peer.count("initialize") == 1)


@case
def listen_get_404(check):
    page = response(404, "text/html", "<h1>Not Found</h1>")
    with Peer(lambda peer, request: page if request.method == "GET" else None) as peer:
        done = check.run("listen", peer.url)
        check.fails(done, "notification", "404", within=NO_WAIT)
        check.that("one session", peer.count("initialize") == 1)


def lost(check, refusal, *words):
    def change(peer, request):
        if not is_handshake(request) and request.session == "fs-1":
            return refusal
        return None
    with Peer(change) as peer:
        done = check.run("ping", "-c", "3", peer.url)
        check.says(done, *words)
        check.that("two pings work", done.output.count("pong ") == 2, done.output)
        starts = peer.of("initialize")
        check.that("at most two sessions", len(starts) <= 2)
        check.that("the second begins without a session id",
                   all(one.session is None for one in starts))
        check.that("in time", done.seconds < NO_WAIT, done)


@case
def lost_400_text(check):
    lost(check, response(400, "text/plain; charset=utf-8",
                         "Bad Request: No valid session ID provided"),
         "400", "No valid session ID provided")


@case
def lost_401_bearer(check):
    lost(check, response(401, None, headers=[
        ("WWW-Authenticate", 'Bearer error="invalid_token"')]), "invalid_token", "session")


@case
def lost_200_anon(check):
    lost(check, response(body={"jsonrpc": "2.0", "id": None, "error": {
        "code": -32600, "message": "Invalid Request"}}), "Invalid Request", "-32600")


# Messages.

def ping_succeeds(check, change, within=NO_WAIT):
    with Peer(change) as peer:
        check.succeeds(check.run("ping", peer.url), within=within)
        return peer


@case
def json_string_id(check):
    ping_succeeds(check, after_handshake(lambda request: response(
        body={"jsonrpc": "2.0", "id": str(request.id), "result": {}})))


@case
def json_array_of_one(check):
    ping_succeeds(check, after_handshake(lambda request: response(
        body=[{"jsonrpc": "2.0", "id": request.id, "result": {}}])))


@case
def gzip_unasked(check):
    def packed(request):
        body = gzip.compress(b'{"jsonrpc":"2.0","id":%d,"result":{}}' % request.id)
        return response(body=body, headers=[("Content-Encoding", "gzip")])
    ping_succeeds(check, after_handshake(packed))


@case
def sse_heartbeat_json(check):
    ping_succeeds(check, after_handshake(lambda request: [
        STREAM, event({"type": "heartbeat", "timestamp": "2025-10-31T11:30:41.100Z"}),
        event({"jsonrpc": "2.0", "id": request.id, "result": {}}, "message"), LAST]))


@case
def sse_otherid_open(check):
    change = after_handshake(lambda request: [
        STREAM, event({"jsonrpc": "2.0", "id": "err_51c", "error": {
            "code": -32603, "message": "upstream is down"}}), HANG])
    with Peer(change) as peer:
        done = check.run("ping", peer.url)
        check.fails(done, "upstream is down", "-32603", within=NO_WAIT)


@case
def sse_unframed_json(check):
    ping_succeeds(check, after_handshake(lambda request: response(
        media="text/event-stream",
        body={"jsonrpc": "2.0", "id": request.id, "result": {}})))


# Negotiation.

@case
def probe_200_emptyjson(check):
    ping_succeeds(check, for_probe(lambda request: response()))


@case
def probe_200_emptysse(check):
    ping_succeeds(check, for_probe(lambda request: [STREAM, LAST]))


@case
def probe_closes(check):
    peer = ping_succeeds(check, for_probe(lambda request: [CLOSE]))
    check.that("one probe", peer.count("server/discover") == 1)


@case
def probe_502(check):
    ping_succeeds(check, for_probe(lambda request: response(
        502, "text/html", "<h1>502</h1>")))


@case
def probe_silent(check):
    change = for_probe(lambda request: [HANG])
    with Peer(change) as peer:
        check.succeeds(check.run("--timeout", "60", "ping", peer.url), within=NO_WAIT)


# HTTP with SSE.

def on_stream(peer, request):
    """Answers on the event stream, and accepts the POST."""
    if request.id is not None:
        peer.send(peer.answer_of(request))
    return response(202, None)


def in_post(reply):
    """Answers a request in the HTTP response to its POST."""
    return lambda peer, request: (
        response(202, None) if request.id is None else reply(peer.answer_of(request)))


def not_allowed(request):
    return response(405, "text/plain", "no")


def legacy(answer, path="/sse", refusal=not_allowed, endpoint="/messages", before=b""):
    """A server of HTTP with SSE alone: it refuses a POST to its URL."""
    def change(peer, request):
        if request.method == "GET":
            return peer.open_stream(endpoint, before)
        return refusal(request) if request.path == path else answer(peer, request)
    return change


def sse_ping_succeeds(check, change):
    with Peer(change) as peer:
        check.succeeds(check.run("ping", peer.origin + "/sse"), within=NO_WAIT)


@case
def legacy_405_rpcbody(check):
    def refusal(request):
        return error(request, -32601, "Method not allowed", 405, identity=None,
                     headers=[("Allow", "GET")])
    ping_succeeds(check, legacy(on_stream, "/mcp", refusal, "/messages?sid=1"), within=NO_WAIT)


@case
def legacy_post_streams(check):
    def refusal(request):
        return [STREAM, event("/messages?sid=9", "endpoint"), HANG]
    with Peer(legacy(on_stream, "/events", refusal, "/messages?sid=9")) as peer:
        check.succeeds(check.run("ping", peer.origin + "/events"), within=NO_WAIT)


@case
def legacy_reply_in_post(check):
    sse_ping_succeeds(check, legacy(in_post(lambda answer: response(body=answer))))


@case
def legacy_post_silent(check):
    def answer(peer, request):
        on_stream(peer, request)
        return [HANG]
    sse_ping_succeeds(check, legacy(answer))


@case
def legacy_reply_in_202_text(check):
    sse_ping_succeeds(check, legacy(in_post(
        lambda answer: response(202, "text/plain", json.dumps(answer)))))


@case
def legacy_heartbeat_before_endpoint(check):
    before = event({"type": "heartbeat"}) + event("connected")
    sse_ping_succeeds(check, legacy(on_stream, endpoint="/messages?name=a b", before=before))


# Versions.

def refuses_versions(code):
    """A server that takes 2025-06-18 only, and refuses others with this code."""
    def change(peer, request):
        if request.rpc == "initialize":
            asked = request.message["params"]["protocolVersion"]
            if asked != "2025-06-18":
                return error(request, code, "unsupported protocol version: " + asked)
            peer.version = asked
        return None
    return change


@case
def version_refused_32022(check):
    with Peer(refuses_versions(-32022)) as peer:
        check.succeeds(check.run("ping", peer.url))


@case
def version_refused_plain(check):
    with Peer(refuses_versions(-32602)) as peer:
        check.succeeds(check.run("ping", peer.url))
        asked = [one.message["params"]["protocolVersion"] for one in peer.of("initialize")]
        check.that("the versions", asked == ["2025-11-25", "2025-06-18"], asked)


@case
def version_2024_10_07(check):
    with Peer() as peer:
        peer.version = "2024-10-07"
        check.succeeds(check.run("ping", peer.url))


@case
def discover_future(check):
    def change(peer, request):
        if request.rpc == "server/discover":
            return result(request, {
                "resultType": "complete", "supportedVersions": ["2099-01-01"],
                "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "private"})
        if request.rpc == "initialize":
            return error(request, -32601, "Method not found")
        return None
    with Peer(change) as peer:
        done = check.run("ping", peer.url)
        check.fails(done, "2099-01-01", "2024-11-05", "2025-03-26", "2025-06-18",
                    "2025-11-25", "2026-07-28")
        check.that("no GET", not peer.of(method="GET"))
        check.that("at most two POSTs", len(peer.of()) <= 2)


@case
def sticky_cookie(check):
    def change(peer, request):
        if request.rpc == "initialize":
            return result(request, peer.introduction(), headers=[
                ("Mcp-Session-Id", "fs-1"),
                ("Set-Cookie", "AWSALB=node1; Path=/; Expires=Sun, 06 Dec 2099 00:00:00 GMT"),
                ("Set-Cookie", "AWSALBCORS=node1; Path=/; SameSite=None; Secure")])
        if request.rpc != "server/discover" and "AWSALB=node1" not in request.headers.get(
                "cookie", ""):
            return error(request, -32001, "Session not found", 404, identity=None)
        return None
    with Peer(change) as peer:
        check.succeeds(check.run("ping", peer.url))
        check.that("one session", peer.count("initialize") == 1)
        with peer.lock:
            cookies = [one.headers.get("cookie", "") for one in peer.requests]
        check.that("no secure cookie", not any("AWSALBCORS" in one for one in cookies))


@case
def tls_selfsigned_ca(check):
    with tempfile.TemporaryDirectory() as folder:
        def made(name):
            certificate, key = (os.path.join(folder, name + end) for end in (".pem", ".key"))
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                            "-keyout", key, "-out", certificate, "-days", "3",
                            "-subj", "/CN=127.0.0.1", "-addext",
                            "subjectAltName=IP:127.0.0.1,DNS:localhost"],
                           check=True, capture_output=True, timeout=30)
            return certificate, key
        certificate, key = made("server")
        other, _ = made("other")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with Peer(tls=context) as peer:
            check.succeeds(check.run("--cacert", certificate, "ping", peer.url))
            for done in (check.run("ping", peer.url),
                         check.run("--cacert", other, "ping", peer.url)):
                check.fails(done, "certificate", "--cacert")
                check.that("no words of Rust", "Other(" not in done.error
                           and "InvalidCertificate" not in done.error, done.error)
