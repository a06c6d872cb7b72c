"""A tour of a server in Python, with ctypes and asyncio: connects, lists the
tools, runs two calls at the same time in the event loop, and reports an error.

    MCPCLIENT_TOKEN=... python3 tour.py https://example.com/mcp

MCPCLIENT_LIBRARY names the library if the loader does not find it.
"""

import asyncio
import ctypes
import os
import sys

LIBRARY = ctypes.CDLL(os.environ.get("MCPCLIENT_LIBRARY", "libmcpclient.so.0"))
MCP_OK = 0
HANDLE, TEXT, STATUS = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32
PROGRESS = ctypes.CFUNCTYPE(None, HANDLE, HANDLE, HANDLE)


def function(name, result, *arguments):
    found = getattr(LIBRARY, "mcp_" + name)
    found.restype, found.argtypes = result, arguments
    return found


client_new = function("client_new", HANDLE, TEXT, TEXT)
client_free = function("client_free", None, HANDLE)
client_set_header = function("client_set_header", STATUS, HANDLE, TEXT, TEXT)
client_fd = function("client_fd", ctypes.c_int, HANDLE)
client_dispatch = function("client_dispatch", STATUS, HANDLE, ctypes.c_int64)
client_next_done = function("client_next_done", HANDLE, HANDLE)
request_new = function("request_new", HANDLE, HANDLE, TEXT, TEXT)
request_new_connect = function("request_new_connect", HANDLE, HANDLE)
request_new_call_tool = function("request_new_call_tool", HANDLE, HANDLE, TEXT, TEXT)
request_set_all_pages = function("request_set_all_pages", STATUS, HANDLE, STATUS)
request_set_progress = function(
    "request_set_progress", STATUS, HANDLE, PROGRESS, HANDLE, HANDLE)
request_start = function("request_start", STATUS, HANDLE)
request_take_result = function(
    "request_take_result", STATUS, HANDLE, ctypes.POINTER(HANDLE))
request_error = function("request_error", HANDLE, HANDLE)
request_free = function("request_free", None, HANDLE)
progress_value = function("progress_value", ctypes.c_double, HANDLE)
result_free = function("result_free", None, HANDLE)
result_server_name = function("result_server_name", TEXT, HANDLE)
result_protocol_version = function("result_protocol_version", TEXT, HANDLE)
result_find_tool = function("result_find_tool", HANDLE, HANDLE, TEXT)
result_text = function("result_text", TEXT, HANDLE, HANDLE)
error_message = function("error_message", TEXT, HANDLE)
status_name = function("status_name", TEXT, STATUS)


class Failure(Exception):
    """What a function of the library reported."""

    def __init__(self, status, error=None):
        super().__init__(error_message(error).decode())
        self.status = status_name(status).decode()


class Result:
    """A result, which is freed with the object."""

    def __init__(self, handle):
        self.handle = handle

    def __del__(self):
        result_free(self.handle)


class Client:
    """A client whose descriptor is in the event loop."""

    def __init__(self, url, token):
        self.handle = client_new(url.encode(), token.encode() if token else None)
        if not self.handle:
            raise Failure(1)
        self.waiting = {}
        asyncio.get_running_loop().add_reader(client_fd(self.handle), self.dispatch)

    def dispatch(self):
        client_dispatch(self.handle, 0)
        while request := client_next_done(self.handle):
            future, keep = self.waiting.pop(request)
            found = HANDLE()
            status = request_take_result(request, found)
            if future.cancelled():
                result_free(found)
            elif status == MCP_OK:
                future.set_result(Result(found))
            else:
                future.set_exception(Failure(status, request_error(request)))
            request_free(request)
            del keep

    def run(self, request, on_progress=None):
        """Starts a request, and returns the future of its result."""
        if not request:
            raise Failure(1)
        # ctypes frees a callback that nothing refers to.
        keep = PROGRESS(on_progress) if on_progress else PROGRESS()
        request_set_progress(request, keep, None, None)
        future = asyncio.get_running_loop().create_future()
        status = request_start(request)
        if status != MCP_OK:
            failure = Failure(status)
            request_free(request)
            raise failure
        self.waiting[request] = future, keep
        return future

    def call_tool(self, name, arguments=None, on_progress=None):
        arguments = arguments.encode() if arguments else None
        request = request_new_call_tool(self.handle, name.encode(), arguments)
        return self.run(request, on_progress)

    def close(self):
        asyncio.get_running_loop().remove_reader(client_fd(self.handle))
        for request in self.waiting:
            request_free(request)
        client_free(self.handle)


async def tour(url):
    client = Client(url, os.environ.get("MCPCLIENT_TOKEN"))
    try:
        client_set_header(client.handle, b"X-Tour", b"Python")
        server = await client.run(request_new_connect(client.handle))
        print("server: %s, revision %s" % (
            (result_server_name(server.handle) or b"").decode(),
            (result_protocol_version(server.handle) or b"").decode()))

        listing = request_new(client.handle, b"tools/list", None)
        request_set_all_pages(listing, 1)
        tools = await client.run(listing)
        print("tools: %s" % ("echo" if result_find_tool(tools.handle, b"echo") else ""))

        reports = []
        _, echo = await asyncio.gather(
            client.call_tool("slow", '{"steps":3}', lambda userdata, request, progress:
                             reports.append(progress_value(progress))),
            client.call_tool("echo", '{"text":"hello"}'))
        print("echo: %s" % (result_text(echo.handle, None) or b"").decode())
        print("slow: %d reports" % len(reports))

        try:
            await client.call_tool("no such tool")
        except Failure as failure:
            print("no such tool: %s" % failure.status)
    finally:
        client.close()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tour.py URL")
    try:
        asyncio.run(tour(sys.argv[1]))
    except Failure as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
