"""A server of the official Python SDK, its first major (FastMCP in it) or its
second (MCPServer), for the suite `stock`: sdk_app.py FORM ...

FORM: http; events, which is HTTP with SSE and wants a token; events-open;
stdio, alone.  Otherwise like whole_app.py.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import warnings

warnings.simplefilter("ignore")

import mcp.types as types  # noqa: E402
import uvicorn  # noqa: E402
from mcp.server.auth.provider import AccessToken  # noqa: E402
from mcp.server.auth.settings import AuthSettings  # noqa: E402
from pydantic import BaseModel  # noqa: E402

try:
    from mcp.server.mcpserver import Context, Image, MCPServer
    IS_MODERN = True
except ImportError:
    from mcp.server.fastmcp import Context, FastMCP as MCPServer, Image
    IS_MODERN = False

BYTES = bytes(range(256))


class Verifier:
    async def verify_token(self, token):
        if token != "test-token":
            return None
        return AccessToken(token=token, client_id="alice", scopes=[])


class Person(BaseModel):
    name: str
    age: int = 30


def make(wants_token):
    options = {"instructions": "An official server.", "log_level": "CRITICAL"}
    if wants_token:
        options["token_verifier"] = Verifier()
        options["auth"] = AuthSettings(
            issuer_url="http://127.0.0.1:9/", resource_server_url="http://127.0.0.1:9/mcp",
            validate_token_resource=False)
    server = MCPServer("official", **options)
    add_tools(server)
    add_the_rest(server)
    return server


def add_tools(server):
    @server.tool()
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool()
    def fail() -> str:
        raise ValueError("probe failure")

    @server.tool()
    def picture() -> Image:
        return Image(data=BYTES, format="png")

    @server.tool()
    async def count(context: Context, to: int, pause: float) -> str:
        for number in range(1, to + 1):
            await context.report_progress(number, to, "step %d" % number)
            await asyncio.sleep(pause)
        return "counted to %d" % to

    @server.tool()
    async def talk(context: Context) -> str:
        await context.debug("a detail")
        await context.warning("a warning")
        return "talked"

    @server.tool()
    async def ask(context: Context) -> str:
        answer = await context.elicit("Who?", Person)
        return "%s %d" % (answer.data.name, answer.data.age)

    @server.tool()
    async def think(context: Context) -> str:
        said = types.SamplingMessage(
            role="user", content=types.TextContent(type="text", text="What is it?"))
        answer = await context.session.create_message([said], max_tokens=9)
        return "thought: " + answer.content.text

    @server.tool()
    async def roots(context: Context) -> str:
        answer = await context.session.list_roots()
        return " ".join(str(root.uri) for root in answer.roots)


def add_the_rest(server):
    @server.resource("data://text")
    def text() -> str:
        return "some text"

    @server.resource("data://blob", mime_type="application/octet-stream")
    def blob() -> bytes:
        return BYTES

    @server.resource("data://item/{number}")
    def item(number: str) -> str:
        return "item " + number

    @server.prompt()
    def greet(name: str) -> str:
        return "Hello, %s!" % name

    @server.completion()
    async def complete(reference, argument, context):
        words = ["Ada", "Ann", "Bob"]
        return types.Completion(
            values=[word for word in words if word.startswith(argument.value)])


def app_of(form):
    server = make(form == "events")
    return server.streamable_http_app() if form == "http" else server.sse_app()


async def serve(served):
    await asyncio.gather(*(
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).serve(sockets=[listener])
        for app, listener in served))


def main():
    forms = sys.argv[1:]
    if forms == ["stdio"]:
        make(False).run(transport="stdio")
        return
    served, ports = [], {}
    for form in forms:
        # With the protocol named, asyncio sets TCP_NODELAY.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        served.append((app_of(form), listener))
        ports[form] = listener.getsockname()[1]

    def wait():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    print(json.dumps(ports), flush=True)
    asyncio.run(serve(served))


main()
