"""A stock FastMCP server that offers everything that FastMCP has, for the
suite `stock`: whole_app.py sse|json stateful|stateless.

Run by the Python of the environment that holds FastMCP.  Prints its port; the
end of standard input ends it.
"""

import asyncio
import os
import socket
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import Literal

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_LOG_LEVEL", "CRITICAL")

import uvicorn  # noqa: E402
from fastmcp import Context, FastMCP  # noqa: E402
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier  # noqa: E402
from fastmcp.utilities.types import Audio, File, Image  # noqa: E402

BYTES = bytes(range(256))
server = FastMCP("whole", version="1.2.3", auth=StaticTokenVerifier(
    tokens={"test-token": {"client_id": "alice", "scopes": []}}))


@server.tool
def add(a: int, b: int) -> int:
    return a + b


@server.tool
def fail() -> str:
    raise ValueError("probe failure")


@server.tool(output_schema=None)
def media():
    return ["words", Image(data=BYTES, format="png"), Audio(data=BYTES, format="wav"),
            File(data=BYTES, format="bin", name="f")]


@server.tool
async def count(context: Context, to: int, pause: float) -> str:
    for number in range(1, to + 1):
        await context.report_progress(number, to, "step %d" % number)
        await asyncio.sleep(pause)
    return "counted to %d" % to


@server.tool
async def talk(context: Context) -> str:
    await context.debug("a detail")
    await context.warning("a warning")
    return "talked"


@dataclass
class Person:
    name: str
    age: int = 30
    colour: Literal["red", "blue"] = "red"
    tall: bool = True


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


@server.resource("data://text")
def text() -> str:
    return "some text"


@server.resource("data://blob", mime_type="application/octet-stream")
def blob() -> bytes:
    return BYTES


@server.resource("data://item/{number}")
def item(number: str) -> str:
    return "item " + number


@server.prompt
def greet(name: str) -> str:
    """Greets."""
    return "Hello, %s!" % name


def main():
    app = server.http_app(json_response=sys.argv[1] == "json",
                          stateless_http=sys.argv[2] == "stateless")
    # With the protocol named, asyncio sets TCP_NODELAY.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)

    def wait():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    running.run(sockets=[listener])


main()
