"""FastMCP's client as the host of `mcpclient proxy`: proxy_fastmcp.py COMMAND
[ARGUMENT ...]

It makes every call of the stock server and prints one JSON object: what came of
each.  Run by the Python of the environment that holds FastMCP.
"""

import asyncio
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")

import fastmcp  # noqa: E402
from fastmcp import Client  # noqa: E402
from fastmcp.client.transports import StdioTransport  # noqa: E402

from proxy_host import (  # noqa: E402
    all_notifications, found, note, on_log, on_message, on_progress)

MAJOR = int(fastmcp.__version__.split(".")[0])


async def on_elicitation(message, response_type, params, context):
    found["question"] = message
    schema = getattr(params, "requestedSchema", None) or params.requested_schema
    everything = {"name": "Ada", "age": 36, "colour": "blue", "tall": True}
    return {name: everything[name] for name in schema["properties"]}


async def on_sampling(messages, params, context):
    content = messages[0].content
    found["thought"] = getattr(content, "text", None) or content[0].text
    return "an idea"


def text_of(result):
    return result.content[0].text


async def text(call):
    return text_of(await call)


async def talk(client):
    async def lists():
        return [sorted(one.name for one in await client.list_tools()),
                sorted(one.name for one in await client.list_prompts()),
                sorted(str(one.uri) for one in await client.list_resources()),
                [one.uri_template if MAJOR > 3 else one.uriTemplate
                 for one in await client.list_resource_templates()]]

    async def read():
        first, second = await asyncio.gather(client.read_resource("data://text"),
                                             client.read_resource("data://item/7"))
        return [first[0].text, second[0].text]

    async def prompt():
        return (await client.get_prompt("greet", {"name": "Bo"})).messages[0].content.text

    async def many():
        calls = [client.call_tool("count", {"to": 2, "pause": 0.01 * (9 - number)})
                 for number in range(8)]
        return [text_of(one) for one in await asyncio.gather(*calls)]

    async def cancelled():
        begun = asyncio.Event()

        async def on_begin(progress, total, message):
            begun.set()

        call = asyncio.create_task(client.call_tool("count", {"to": 400, "pause": 0.1},
                                                    progress_handler=on_begin))
        await asyncio.wait_for(begun.wait(), 25)
        call.cancel()
        try:
            await call
        except asyncio.CancelledError:
            pass
        return text_of(await client.call_tool("add", {"a": 1, "b": 1}))

    await note("lists", lists())
    await note("add", text(client.call_tool("add", {"a": 2, "b": 3})))
    await note("fail", client.call_tool("fail", {}))
    await note("unknown", client.read_resource("data://none"))
    await note("read", read())
    await note("prompt", prompt())
    await note("count", text(client.call_tool("count", {"to": 3, "pause": 0},
                                              progress_handler=on_progress)))
    await note("many", many())
    await note("talk", text(client.call_tool("talk", {})))
    await note("ask", text(client.call_tool("ask", {})))
    await note("think", text(client.call_tool("think", {})))
    await note("roots", text(client.call_tool("roots", {})))
    await note("guarded", text(client.call_tool("guarded", {})))
    await note("cancelled", cancelled())
    await note("grow", text(client.call_tool("grow", {})))
    await all_notifications()


async def main():
    options = {}
    if MAJOR >= 4 and os.environ.get("MODE"):
        options["mode"] = os.environ["MODE"]
    environment = {name: os.environ[name] for name in ("MCPCLIENT_TOKEN", "BROWSER", "HOME")
                   if name in os.environ}
    transport = StdioTransport(sys.argv[1], sys.argv[2:], env=environment, keep_alive=False)
    async with Client(transport, log_handler=on_log, message_handler=on_message,
                      elicitation_handler=on_elicitation, sampling_handler=on_sampling,
                      roots=["file:///work"], init_timeout=60, **options) as client:
        result = getattr(client, "initialize_result", None)
        found["server"] = result.serverInfo.name if result is not None and hasattr(
            result, "serverInfo") else str(result)
        await talk(client)
    found["ended"] = True
    print(json.dumps(found, default=str))


asyncio.run(main())
