"""A server of FastMCP or of the official Python SDK, whose replies capture.py
records: stock_server.py FRAMEWORK FORM

FRAMEWORK: fastmcp or sdk. FORM: json or events, for the kind of the replies, or
resumable, for an event stream with ids. The functions are declared in the way of
the frameworks' guides; the shape of every reply is the framework's.

Prints its port; the end of standard input ends it.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import warnings
from typing import Annotated, Literal

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_LOG_LEVEL", "CRITICAL")

import uvicorn  # noqa: E402
from mcp.types import Icon, ToolAnnotations  # noqa: E402
from pydantic import BaseModel, Field  # noqa: E402

LICENSE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "LICENSE-MIT")
READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
WRITES = ToolAnnotations(title="Create an issue", read_only_hint=False, destructive_hint=False,
                         idempotent_hint=False, open_world_hint=True)
ICON = Icon(src="https://example.com/icons/issue.svg", mime_type="image/svg+xml", sizes=["any"])


class City(BaseModel):
    """A city and where it is."""
    name: str = Field(description="The name in the language of the country")
    country: str
    population: int
    latitude: float
    longitude: float
    twin: str | None = None


class Cities(BaseModel):
    cities: list[City]
    total: int = Field(description="The number of all cities that match")


class Issue(BaseModel):
    number: int
    title: str
    state: Literal["open", "closed"]
    labels: list[str]


CITIES = Cities(total=3, cities=[
    City(name="Zürich", country="CH", population=443037, latitude=47.3744, longitude=8.5411,
         twin="昆明"),
    City(name="São Paulo", country="BR", population=11451245, latitude=-23.55, longitude=-46.6333),
    City(name="京都", country="JP", population=1463723, latitude=35.0116, longitude=135.7681,
         twin="Firenze")])


def server_of(framework):
    if framework == "fastmcp":
        from fastmcp import Context, FastMCP
        server = FastMCP("cities", version="1.2.3", instructions="Answers questions on cities.")
        unstructured = {"output_schema": None}
    else:
        from mcp.server.mcpserver import Context, MCPServer
        server = MCPServer("cities", version="1.2.3", log_level="CRITICAL",
                           instructions="Answers questions on cities.")
        unstructured = {"structured_output": False}
    add_tools(server, Context, unstructured, {"tags": {"search"}} if framework == "fastmcp" else {})
    return server


def add_tools(server, context_type, unstructured, tags):
    @server.tool(title="Read a file", annotations=READS, **unstructured)
    def read_file(path: Annotated[str, Field(description="The path of the file")]) -> str:
        """Reads a text file, completely, and returns its content."""
        with open(LICENSE, encoding="utf-8") as file:
            return file.read()

    @server.tool(title="Find cities", annotations=READS, **tags)
    def find_cities(query: str, limit: Annotated[int, Field(ge=1, le=100)] = 10) -> Cities:
        """Finds cities by a part of their name.

        Args:
            query: A part of the name, in any script, for example "京都"
            limit: The largest number of cities that are returned
        """
        return CITIES

    @server.tool(title="Create an issue", annotations=WRITES, icons=[ICON])
    def create_issue(title: str, body: str = "", labels: list[str] | None = None,
                     state: Literal["open", "closed"] = "open",
                     milestone: Annotated[int | None, Field(description="Its number")] = None
                     ) -> Issue:
        """Creates an issue in the tracker."""
        return Issue(number=7, title=title, state=state, labels=labels or [])

    @server.tool(**unstructured)
    def export_cities(pretty: bool = True) -> str:
        """Exports all cities as JSON text."""
        return json.dumps(CITIES.model_dump(), indent=2 if pretty else None)

    @server.tool()
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    @server.tool(annotations=ToolAnnotations(title="Import", destructive_hint=True))
    async def import_cities(rows: int, context: context_type) -> str:
        """Imports rows, and reports the progress."""
        for row in range(1, rows + 1):
            await context.report_progress(row, rows)
        return "imported"


def app_of(framework, form):
    options = {"json_response": form == "json"}
    if form == "resumable":
        if framework == "fastmcp":
            from fastmcp.server.event_store import EventStore
            options["event_store"] = EventStore()
        else:
            raise SystemExit("the SDK has no event store of its own")
    server = server_of(framework)
    return (server.http_app if framework == "fastmcp" else server.streamable_http_app)(**options)


def main():
    # With the protocol named, asyncio sets TCP_NODELAY.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    app = app_of(*sys.argv[1:])

    def wait():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    asyncio.run(uvicorn.Server(uvicorn.Config(app, log_level="critical")).serve([listener]))


main()
