"""The shared library by ctypes, set up with the options of the command line."""

import ctypes
import glob
import os
import re

from provider import SECRET
from support import INCLUDE, RELEASE

CONSTANTS = {}
for name in ["mcpclient.h", "mcpclient_draft.h"]:
    with open(os.path.join(INCLUDE, name), encoding="utf-8") as header:
        CONSTANTS.update((name, int(value)) for name, value in re.findall(
            r"^#define (MCP_\w+) (-?\d+)$", header.read(), re.M))
NAMES = {value: name for name, value in CONSTANTS.items()
         if name == "MCP_OK" or name.startswith("MCP_E_")}
BROWSER_FN = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
LIBRARY = ctypes.CDLL(next(
    path for name in ("libmcpclient.so", "libmcpclient.dylib", "mcpclient.dll")
    for path in glob.glob(os.path.join(RELEASE, name))))
GRANTS = {"code": "AUTHORIZATION_CODE", "client-credentials": "CLIENT_CREDENTIALS",
          "device": "DEVICE"}
METHODS = {"post": "client_secret_post", "basic": "client_secret_basic", "none": "none"}


def function(name, *arguments, result=ctypes.c_int32):
    # Handles are void pointers, texts are bytes.
    found = getattr(LIBRARY, name)
    found.argtypes, found.restype = arguments, result
    return found


TEXT, HANDLE, NUMBER = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int32
MILLISECONDS = ctypes.c_int64


def encoded(text):
    return None if text is None else text.encode()


def pair(text):
    name, sign, value = text.partition("=")
    return encoded(name), encoded(value if sign else None)


# By option: the function and its arguments after the handle.
SETTERS = {
    "--issuer": lambda value: ("mcp_auth_set_issuer", [TEXT], [encoded(value)]),
    "--scope": lambda value: ("mcp_auth_set_scope", [TEXT], [encoded(value)]),
    "--redirect-url": lambda value: ("mcp_auth_set_redirect_url", [TEXT], [encoded(value)]),
    "--provider": lambda value: ("mcp_auth_set_provider", [TEXT], [encoded(value)]),
    "--auth-param": lambda value: ("mcp_auth_set_authorization_parameter", [TEXT, TEXT],
                                   pair(value)),
    "--token-param": lambda value: ("mcp_auth_set_token_parameter", [TEXT, TEXT], pair(value)),
    "--client-auth": lambda value: ("mcp_auth_set_client_auth", [TEXT],
                                    [encoded(METHODS.get(value, value))]),
    "--client-id": lambda value: ("mcp_auth_set_client", [TEXT, TEXT],
                                  [encoded(value), encoded(SECRET)]),
}
FLAGS = {
    "--assume-pkce": [("mcp_auth_set_assume_pkce", [NUMBER], [1])],
    "--allow-private": [("mcp_auth_set_allow_private", [NUMBER], [1])],
    "--dpop": [("mcp_auth_set_dpop", [NUMBER], [1])],
    "--no-resource": [("mcp_auth_set_authorization_parameter", [TEXT, TEXT], [b"resource", None]),
                      ("mcp_auth_set_token_parameter", [TEXT, TEXT], [b"resource", None])],
}


def calls_of(options):
    """The calls that stand for options of the command line, and the grant."""
    calls, endpoints, grant = [], {}, "code"
    options = list(options)
    while options:
        name = options.pop(0)
        if name in FLAGS:
            calls += FLAGS[name]
            continue
        value = options.pop(0)
        if name == "--grant":
            grant = value
        elif name in ("--authorization-endpoint", "--token-endpoint"):
            endpoints[name] = encoded(value)
        elif name != "--client-secret-env":
            calls.append(SETTERS[name](value))
    if endpoints:
        calls.append(("mcp_auth_set_endpoints", [TEXT, TEXT], [
            endpoints.get("--authorization-endpoint"), endpoints["--token-endpoint"]]))
    return calls, CONSTANTS["MCP_GRANT_" + GRANTS[grant]]


class Failed(Exception):
    """A function that did not return MCP_OK."""

    def __init__(self, status):
        self.status = NAMES.get(status, str(status))
        text = function("mcp_error_message", HANDLE, result=TEXT)(None)
        self.message = (text or b"").decode("utf-8", "replace")
        super().__init__("%s: %s" % (self.status, self.message))


class Session:
    """A client with an authorization, freed with the block."""

    def __init__(self, url, options=(), store=None, browser=None, timeout=None):
        self.url, self.options, self.store, self.browser = url, options, store, browser
        self.timeout = timeout  # of the person, in milliseconds
        self.auth = self.client = None

    def __enter__(self):
        calls, grant = calls_of(self.options)
        self.auth = function("mcp_auth_new", NUMBER, result=HANDLE)(grant)
        self.client = function("mcp_client_new", TEXT, TEXT, result=HANDLE)(
            self.url.encode(), None)
        try:
            if self.browser:
                def shown(_userdata, _auth, page):
                    url = function("mcp_sign_in_page_url", HANDLE, result=TEXT)(page)
                    self.browser(url.decode())
                    return 0
                self.callback = BROWSER_FN(shown)
                self.call("mcp_auth_set_browser", self.auth, [BROWSER_FN, HANDLE, HANDLE],
                          [self.callback, None, None])
            if self.store:
                self.call("mcp_auth_set_store_file", self.auth, [TEXT], [self.store.encode()])
            if self.timeout:
                self.call("mcp_auth_set_sign_in_timeout", self.auth, [MILLISECONDS], [self.timeout])
            for name, types, values in calls:
                self.call(name, self.auth, types, values)
            self.call("mcp_client_set_auth", self.client, [HANDLE], [self.auth])
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        function("mcp_client_free", HANDLE, result=None)(self.client)
        function("mcp_auth_free", HANDLE, result=None)(self.auth)

    @staticmethod
    def call(name, handle, types=(), values=()):
        status = function(name, HANDLE, *types)(handle, *values)
        if status != 0:
            raise Failed(status)

    def sign_in(self):
        self.call("mcp_sign_in", self.client)

    def sign_out(self):
        self.call("mcp_sign_out", self.client)

    def ping(self):
        self.call("mcp_ping", self.client)

