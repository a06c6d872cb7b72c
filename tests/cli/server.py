"""A stock FastMCP server with a little of everything, for the tests of the
command line and of the example programs.

Run by the Python of the environment that holds FastMCP.  Prints its address;
the end of standard input ends it.
"""

import asyncio
import os
import socket
import sys
import threading
import warnings

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_LOG_LEVEL", "CRITICAL")

import uvicorn  # noqa: E402
from fastmcp import Context, FastMCP  # noqa: E402
from fastmcp.exceptions import ToolError  # noqa: E402
from fastmcp.prompts import Message  # noqa: E402
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier  # noqa: E402
from fastmcp.utilities.types import Image  # noqa: E402
from mcp.types import Completion  # noqa: E402

TOKEN = "test-token"
BYTES = bytes(range(256))
LANGUAGES = ["pascal", "perl", "python"]

verifier = StaticTokenVerifier(tokens={TOKEN: {"client_id": "alice", "scopes": []}})
server = FastMCP("stock", version="1.2.3", auth=verifier)
# How many seconds each wait was asked for that began, and that was cancelled.
begun, cancelled = set(), set()


@server.tool
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool
def kinds(text: str, value: dict | list | bool | float | None = None,
          maybe: str | None = None) -> str:
    """Says what kinds of value it was given."""
    return " ".join("%s=%r" % (name, one) for name, one in
                    [("text", text), ("value", value), ("maybe", maybe)])


@server.tool
def fail() -> str:
    """Fails."""
    raise ToolError("it went \033[31mwrong")


@server.tool
def hostile() -> str:
    """Talks to the terminal."""
    return "a\033]0;title\007b\x7fc\u009bd"


@server.tool
async def count(context: Context, to: int, pause: float) -> str:
    """Counts, and reports it."""
    for number in range(1, to + 1):
        await context.report_progress(number, to, "at \033[1m%d" % number)
        await asyncio.sleep(pause)
    return "counted to %d" % to


@server.tool
async def wait(seconds: float) -> str:
    """Waits, and remembers that it began, and if it was cancelled."""
    begun.add(seconds)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        cancelled.add(seconds)
        raise
    return "waited"


@server.tool
def has_begun(seconds: float) -> bool:
    """Tells if a wait of so many seconds has begun."""
    return seconds in begun


@server.tool
def was_cancelled(seconds: float) -> bool:
    """Tells if a wait of so many seconds was cancelled."""
    return seconds in cancelled


@server.tool
async def ask(context: Context) -> str:
    """Asks for a name."""
    answer = await context.elicit("What is your\033[31m name?", response_type=str)
    return "%s %s" % (answer.action, getattr(answer, "data", ""))


@server.tool
async def think(context: Context) -> str:
    """Asks a language model."""
    return "it says " + (await context.sample("Who are you?")).text


@server.tool
def picture() -> Image:
    """Shows a picture."""
    return Image(data=BYTES, format="png")


@server.resource("note://text", mime_type="text/plain", description="A note.")
def text_note() -> str:
    return "first line\nsecond line\n"


@server.resource("note://bytes", mime_type="application/octet-stream")
def bytes_note() -> bytes:
    return BYTES


@server.resource("note://about/{topic}", mime_type="text/plain")
def topic_note(topic: str) -> str:
    return "about " + topic


@server.prompt
def greet(name: str, language: str = "english") -> list[Message]:
    """Greets somebody."""
    return [Message("Greet %s in %s." % (name, language)),
            Message("Hello.", role="assistant")]


async def complete(reference, argument, context):
    known = dict(context.arguments or {}) if context else {}
    words = ["%s%s" % (word, known.get("name", "")) for word in LANGUAGES]
    return Completion(values=[word for word in words if word.startswith(argument.value)])


if hasattr(server, "completion"):
    server.completion(complete)
else:  # Before its fourth version, FastMCP had no word of its own for it.
    server._mcp_server.completion()(complete)


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    print("listening on http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    config = uvicorn.Config(server.http_app(), lifespan="on", log_level="critical",
                            timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)

    def end():
        sys.stdin.read()
        running.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    asyncio.run(running.serve(sockets=[listener]))


if __name__ == "__main__":
    main()
