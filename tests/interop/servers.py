"""Serves stock MCP servers for the interoperability suite.

    servers.py fastmcp|sdk LOGFILE PORT

Run by the Python of the environment that holds the package.  Each variant
listens on a port of its own; the first line on stdout is a JSON object of
variant to port.  The applications are stock: what wraps them only writes one
JSON line per HTTP exchange to LOGFILE, before the answer's head leaves, so
that a client which has its answer finds the line there.

Commands on stdin: "stop" and "start" end and begin the process behind the
variant "restart", which keeps its PORT: no system gives it to another
program meanwhile.  The end of stdin ends everything.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import warnings

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_LOG_LEVEL", "CRITICAL")

import uvicorn  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402

NAME = "probe"
VERSION = "1.2.3"
API_KEY = "test-key"
# Two tokens of one client and one of another: sessions belong to the client.
TOKENS = {
    "test-token": {"client_id": "alice", "scopes": ["read", "write"]},
    "second-token": {"client_id": "alice", "scopes": ["read", "write"]},
    "other-token": {"client_id": "bob", "scopes": ["read", "write"]},
    "read-token": {"client_id": "carol", "scopes": ["read"]},
}
FORMS = {
    "sse-stateful": {"json_response": False, "stateless_http": False},
    "json-stateful": {"json_response": True, "stateless_http": False},
    "sse-stateless": {"json_response": False, "stateless_http": True},
    "json-stateless": {"json_response": True, "stateless_http": True},
}


class Recorder:
    """Writes one line per exchange, then lets the answer go."""

    def __init__(self, app, variant, log):
        self.app = app
        self.variant = variant
        self.log = log

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1")
                   for k, v in scope["headers"]}
        body = bytearray()

        async def reading():
            event = await receive()
            if event["type"] == "http.request":
                body.extend(event.get("body", b""))
            return event

        async def writing(event):
            if event["type"] == "http.response.start":
                self.write(scope, headers, bytes(body), event["status"])
            await send(event)

        await self.app(scope, reading, writing)

    def write(self, scope, headers, body, status):
        try:
            rpc = json.loads(body).get("method")
        except (ValueError, AttributeError):
            rpc = None
        line = {
            "variant": self.variant,
            "agent": headers.get("user-agent", ""),
            "method": scope["method"],
            "path": scope["path"],
            "rpc": rpc,
            "status": status,
            "peer": scope["client"][1],
            "bearer": "authorization" in headers,
            "key": "x-api-key" in headers,
            "session": "mcp-session-id" in headers,
        }
        os.write(self.log, (json.dumps(line) + "\n").encode())


class KeyCheck:
    """What a small company puts before its server: a shared key."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if headers.get(b"x-api-key") != API_KEY.encode():
                refusal = JSONResponse(
                    {"error": "missing or wrong API key"}, 401)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


def fastmcp_app(form, guard, port):
    from fastmcp import FastMCP
    from fastmcp.server.auth import (
        AccessToken, RemoteAuthProvider, TokenVerifier)
    from fastmcp.server.auth.providers.jwt import StaticTokenVerifier

    class LeavesScopesAlone(TokenVerifier):
        """A verifier whose tokens' scopes the middleware checks: 403."""

        async def verify_token(self, token):
            known = TOKENS.get(token)
            if known is None:
                return None
            return AccessToken(token=token, **known)

    auth = None
    if guard in ("token", "legacy-token", "legacy-elsewhere"):
        auth = StaticTokenVerifier(tokens=TOKENS)
    elif guard == "remote":
        auth = RemoteAuthProvider(
            token_verifier=LeavesScopesAlone(required_scopes=["write"]),
            authorization_servers=["http://127.0.0.1:9/"],
            base_url="http://127.0.0.1:%d" % port)
    server = FastMCP(NAME, version=VERSION, instructions="Probe server.",
                     auth=auth)
    if guard.startswith("legacy"):
        path = "/mcp" if guard == "legacy-elsewhere" else "/sse"
        return server.http_app(transport="sse", path=path)
    options = dict(FORMS[form])
    if guard == "key":
        options["middleware"] = [Middleware(KeyCheck)]
    elif guard == "events":
        from fastmcp.server.event_store import EventStore
        options["event_store"] = EventStore()
    return server.http_app(**options)


def sdk_app(form, guard, port):
    from mcp.server.auth.provider import AccessToken
    from mcp.server.auth.settings import AuthSettings

    class Verifier:
        async def verify_token(self, token):
            known = TOKENS.get(token)
            if known is None:
                return None
            return AccessToken(token=token, **known)

    options = {"instructions": "Probe server.", "log_level": "CRITICAL"}
    path = "/mcp" if guard == "legacy-elsewhere" else "/sse"
    if guard in ("token", "remote", "legacy-token", "legacy-elsewhere"):
        options["token_verifier"] = Verifier()
        options["auth"] = AuthSettings(
            issuer_url="http://127.0.0.1:9/",
            resource_server_url="http://127.0.0.1:%d/mcp" % port,
            required_scopes=["write"],
            validate_token_resource=False)
    try:
        from mcp.server.mcpserver import MCPServer
    except ImportError:
        from mcp.server.fastmcp import FastMCP
        server = FastMCP(NAME, sse_path=path, **options, **FORMS[form])
        app = (server.sse_app() if guard.startswith("legacy")
               else server.streamable_http_app())
    else:
        server = MCPServer(NAME, version=VERSION, **options)
        app = (server.sse_app(sse_path=path) if guard.startswith("legacy")
               else server.streamable_http_app(**FORMS[form]))
    if guard == "key":
        app.add_middleware(KeyCheck)
    return app


MAKERS = {"fastmcp": fastmcp_app, "sdk": sdk_app}


def variants(kind):
    found = []
    for form in FORMS:
        for guard in ("token", "key"):
            found.append((form + "-" + guard, form, guard))
    found.append(("sse-stateful-open", "sse-stateful", "open"))
    found.append(("sse-stateful-remote", "sse-stateful", "remote"))
    for guard in ("legacy", "legacy-token", "legacy-elsewhere"):
        found.append((guard, "sse-stateful", guard))
    if kind == "fastmcp":
        found.append(("sse-stateful-events", "sse-stateful", "events"))
    return found


def bound(port=0):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


async def serve(apps, log):
    servers = []
    for name, app, listener in apps:
        config = uvicorn.Config(Recorder(app, name, log), lifespan="on",
                                log_level="critical")
        servers.append(uvicorn.Server(config).serve(sockets=[listener]))
    await asyncio.gather(*servers)


def spawn(apps, log):
    """Forks a process that serves until it is killed."""
    pid = os.fork()
    if pid != 0:
        return pid
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        asyncio.run(serve(apps(), log))
        status = 0
    finally:
        os._exit(status)


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main():
    make = MAKERS[sys.argv[1]]
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    # Imported before the fork: a process that is started again is up at once.
    make("sse-stateful", "token", 1)

    fixed = []
    for name, form, guard in variants(sys.argv[1]):
        fixed.append((name, form, guard, bound()))
    ports = {name: listener.getsockname()[1]
             for name, _, _, listener in fixed}

    def fixed_apps():
        return [(name, make(form, guard, ports[name]), listener)
                for name, form, guard, listener in fixed]

    def restart_apps():
        return [("restart",
                 make("sse-stateful", "token", ports["restart"]), again)]

    running = spawn(fixed_apps, log)
    # After the first fork, so that this process alone holds the listener and
    # a stopped server refuses connections.
    ports["restart"] = int(sys.argv[3])
    again = bound(ports["restart"])
    restarted = spawn(restart_apps, log)
    again.close()
    print(json.dumps(ports), flush=True)
    try:
        for line in sys.stdin:
            if line.strip() == "stop" and restarted:
                kill(restarted)
                restarted = 0
            elif line.strip() == "start" and not restarted:
                # Listening before the fork: the client need not wait.
                again = bound(ports["restart"])
                restarted = spawn(restart_apps, log)
                again.close()
            print("done", flush=True)
    finally:
        for pid in (running, restarted):
            if pid:
                kill(pid)


if __name__ == "__main__":
    main()
