"""The client of the official Python SDK as the host of `mcpclient proxy`:
proxy_sdk.py COMMAND [ARGUMENT ...]

It makes calls and prints one JSON object: what came of each.  Run by the Python
of an environment that holds the SDK.
"""

import asyncio
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")

import mcp.types as types  # noqa: E402
from mcp import ClientSession, StdioServerParameters  # noqa: E402
from mcp.client.stdio import stdio_client  # noqa: E402

from proxy_host import (  # noqa: E402
    all_notifications, found, note, on_log, on_message, on_progress)

# Names of members: those of the second major are in snake case.
IS_NEW = "is_error" in types.CallToolResult.model_fields


async def on_elicitation(context, params):
    found["question"] = params.message
    schema = params.requested_schema if IS_NEW else params.requestedSchema
    everything = {"name": "Ada", "age": 36, "colour": "blue", "tall": True}
    return types.ElicitResult(action="accept", content={
        name: everything[name] for name in schema["properties"]})


async def on_sampling(context, params):
    found["thought"] = params.messages[0].content.text
    return types.CreateMessageResult(role="assistant", model="m", content=types.TextContent(
        type="text", text="an idea"))


async def on_roots(context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///work")])


async def talk(session):
    async def call(tool, arguments=None, **options):
        result = await session.call_tool(tool, arguments or {}, **options)
        is_error = result.is_error if IS_NEW else result.isError
        return ("error: " if is_error else "") + result.content[0].text

    async def many():
        calls = [call("count", {"to": 2, "pause": 0.01 * (9 - number)}) for number in range(8)]
        return await asyncio.gather(*calls)

    await note("tools", session.list_tools())
    found["tools"] = sorted(tool.name for tool in found["tools"].tools)
    await note("add", call("add", {"a": 2, "b": 3}))
    await note("fail", call("fail"))
    await note("unknown", session.get_prompt("none", {}))
    await note("read", session.read_resource("data://text" if IS_NEW else
                                             types.AnyUrl("data://text")))
    found["read"] = found["read"].contents[0].text
    await note("count", call("count", {"to": 3, "pause": 0}, progress_callback=on_progress))
    await note("many", many())
    await note("talk", call("talk"))
    for name in ("ask", "think", "roots", "guarded", "grow"):
        await note(name, call(name))
    await all_notifications()


async def main():
    environment = {name: os.environ[name] for name in ("MCPCLIENT_TOKEN", "HOME")
                   if name in os.environ}
    parameters = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=environment)
    async with stdio_client(parameters) as (reads, writes):
        async with ClientSession(reads, writes, sampling_callback=on_sampling,
                                 elicitation_callback=on_elicitation,
                                 list_roots_callback=on_roots, logging_callback=on_log,
                                 message_handler=on_message) as session:
            result = await session.initialize()
            info = result.server_info if IS_NEW else result.serverInfo
            found["server"] = info.name
            await talk(session)
    found["ended"] = True
    print(json.dumps(found, default=str))


asyncio.run(main())
