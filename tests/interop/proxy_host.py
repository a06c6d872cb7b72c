"""What the hosts of `mcpclient proxy` in Python share: what came of their calls,
and the notifications.
"""

import asyncio
import os

found = {"progress": [], "logs": [], "events": []}


async def on_progress(progress, total, message):
    found["progress"].append([progress, total, message])


async def on_log(message):
    data = message.data
    found["logs"].append(data.get("msg") if isinstance(data, dict) else data)


async def on_message(message):
    root = getattr(message, "root", message)
    found["events"].append(type(root).__name__)


async def note(name, call):
    try:
        found[name] = await asyncio.wait_for(call, 30)
    except Exception as error:
        found[name] = "%s: %s" % (type(error).__name__, error)


def has_changed():
    return any("ToolListChanged" in event or "tools/list_changed" in event
               for event in found["events"])


async def all_notifications():
    """Waits for those that are due, but not for ever: they may arrive after the
    responses."""
    for _ in range(600):
        if len(found["logs"]) >= int(os.environ["LOGS"]) and (
                os.environ["CHANGES"] == "0" or has_changed()):
            return
        await asyncio.sleep(0.05)
