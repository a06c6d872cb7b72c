"""A server of the official Python SDK, its first major (FastMCP in it) or its
second (MCPServer), for the suite `stock`: stock_sdk.py FORM ...

FORM: http; events, which is HTTP with SSE and wants a token; events-open;
stdio, alone.  stock_common.py has the rest.
"""

import warnings

warnings.simplefilter("ignore")

import mcp.types as types  # noqa: E402
from mcp.server.auth.provider import AccessToken  # noqa: E402
from mcp.server.auth.settings import AuthSettings  # noqa: E402
from pydantic import BaseModel  # noqa: E402

from stock_common import BYTES, add_common, main, words  # noqa: E402

try:
    from mcp.server.mcpserver import Context, Image, MCPServer
except ImportError:
    from mcp.server.fastmcp import Context, FastMCP as MCPServer, Image


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
    add_common(server, Context)
    add_own(server)
    return server


def add_own(server):
    @server.tool()
    def picture() -> Image:
        return Image(data=BYTES, format="png")

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

    @server.completion()
    async def complete(reference, argument, context):
        return types.Completion(values=words(argument))


def app_of(form):
    server = make(form == "events")
    return server.streamable_http_app() if form == "http" else server.sse_app()


main(app_of, lambda: make(False).run(transport="stdio"))
