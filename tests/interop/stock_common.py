"""What the two Python servers of the suite `stock` share: the tools, resources
and prompts that FastMCP and the official SDK declare alike, and the main
program.

A server listens for each form that its command line names.  It prints a JSON
object of form to port, and the end of standard input ends it.  The form
`stdio` is used alone.
"""

import asyncio
import json
import os
import socket
import sys
import threading

import uvicorn

BYTES = bytes(range(256))


def add_common(server, context_type):
    """`context_type`: the Context of the SDK, which finds it by its type."""
    @server.tool()
    def add(a: int, b: int) -> int:
        return a + b

    @server.tool()
    def fail() -> str:
        raise ValueError("probe failure")

    @server.tool()
    async def count(context: context_type, to: int, pause: float, until: str = "") -> str:
        for number in range(1, to + 1):
            await context.report_progress(number, to, "step %d" % number)
            await asyncio.sleep(pause)
        # The client makes this file when it has seen the progress.
        for _ in range(2000):
            if not until or os.path.exists(until):
                return "counted to %d" % to
            await asyncio.sleep(0.02)
        return "nobody saw it"

    @server.tool()
    async def talk(context: context_type) -> str:
        await context.debug("a detail")
        await context.warning("a warning")
        return "talked"

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
        """Greets."""
        return "Hello, %s!" % name


def words(argument):
    """The completions of an argument."""
    return [word for word in ["Ada", "Ann", "Bob"] if word.startswith(argument.value)]


async def serve(served):
    await asyncio.gather(*(
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).serve(sockets=[listener])
        for app, listener in served))


def main(app_of, run_stdio):
    forms = sys.argv[1:]
    if forms == ["stdio"]:
        run_stdio()
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
