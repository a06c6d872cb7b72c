"""A stock FastMCP server that offers everything that FastMCP has, for the
suite `stock`: stock_fastmcp.py FORM ...

FORM: sse or json, and stateful or stateless, with a "-" between; events or
events-open, which are HTTP with SSE at /sse; events-elsewhere, the same at
/mcp; stdio, alone.  All but events-open want a token.

Run by the Python of the environment that holds FastMCP.  stock_common.py has
the rest.
"""

import os
import warnings
from dataclasses import dataclass
from typing import Literal

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_LOG_LEVEL", "CRITICAL")

import fastmcp  # noqa: E402
from fastmcp import Context, FastMCP  # noqa: E402
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier  # noqa: E402
from fastmcp.utilities.types import Audio, File, Image  # noqa: E402

from stock_common import BYTES, add_common, main, words  # noqa: E402

MAJOR = int(fastmcp.__version__.split(".")[0])


@dataclass
class Person:
    name: str
    age: int = 30
    colour: Literal["red", "blue"] = "red"
    tall: bool = True


def make(wants_token):
    options = {}
    if wants_token:
        options["auth"] = StaticTokenVerifier(
            tokens={"test-token": {"client_id": "alice", "scopes": []}})
    if MAJOR > 2:
        options["list_page_size"] = 2
    server = FastMCP("whole", version="1.2.3", **options)
    add_common(server, Context)
    add_own(server)
    if MAJOR > 3:
        add_guarded(server)
    return server


def add_own(server):
    @server.tool(output_schema=None)
    def media():
        return ["words", Image(data=BYTES, format="png"), Audio(data=BYTES, format="wav"),
                File(data=BYTES, format="bin", name="f")]

    @server.tool
    async def ask(context: Context) -> str:
        answer = await context.elicit("Who?", response_type=Person)
        if answer.action != "accept":
            return answer.action
        who = answer.data
        return "%s %d %s %s" % (who.name, who.age, who.colour, who.tall)

    @server.tool
    async def think(context: Context) -> str:
        answer = await context.sample("What is it?")
        return "thought: " + answer.text

    @server.tool
    async def roots(context: Context) -> str:
        return " ".join(str(root.uri) for root in await context.list_roots())

    @server.tool
    async def grow(context: Context) -> str:
        """Adds a tool, which changes the list."""
        server.tool(lambda: "new", name="grown")
        import mcp.types
        try:
            await context.send_notification(mcp.types.ToolListChangedNotification())
        except Exception:
            pass
        return "grew"

    async def complete(reference, argument, context):
        from mcp.types import Completion
        return Completion(values=words(argument))

    if MAJOR > 3:
        server.completion(complete)
    else:  # These majors have no public function for it.
        server._mcp_server.completion()(complete)


def add_guarded(server):
    """What asks by its result, as the stateless era does."""
    import mcp_types

    def form():
        return mcp_types.ElicitRequest(params=mcp_types.ElicitRequestFormParams(
            message="Who?", requested_schema={
                "type": "object", "required": ["name"],
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}))

    @server.tool(output_schema=None)
    async def guarded(context: Context):
        answers = context.input_responses
        if answers is None:
            said = mcp_types.TextContent(type="text", text="What is it?")
            return mcp_types.InputRequiredResult(request_state="asked", input_requests={
                "who": form(), "where": mcp_types.ListRootsRequest(),
                "what": mcp_types.CreateMessageRequest(
                    params=mcp_types.CreateMessageRequestParams(max_tokens=9, messages=[
                        mcp_types.SamplingMessage(role="user", content=said)]))})
        return "%s: %s, %s, %s" % (
            context.request_state, answers["who"].content["name"],
            answers["what"].content.text, answers["where"].roots[0].uri)

    @server.resource("data://guarded")
    async def guarded_resource(context: Context):
        if context.input_responses is None:
            return mcp_types.InputRequiredResult(input_requests={"who": form()})
        return "for " + context.input_responses["who"].content["name"]

    @server.prompt
    async def guarded_prompt(context: Context):
        if context.input_responses is None:
            return mcp_types.InputRequiredResult(input_requests={"who": form()})
        return "Hello, %s." % context.input_responses["who"].content["name"]


def app_of(form):
    server = make(form != "events-open")
    if form.startswith("events"):
        elsewhere = {"path": "/mcp"} if form == "events-elsewhere" else {}
        return server.http_app(transport="sse", **elsewhere)
    kind, memory = form.split("-")
    return server.http_app(json_response=kind == "json", stateless_http=memory == "stateless")


main(app_of, lambda: make(False).run(transport="stdio", show_banner=False))
