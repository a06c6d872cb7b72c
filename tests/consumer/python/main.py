"""A Python program with ctypes: main.py LIBRARY URL TOKEN."""

import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
library.mcp_client_new.restype = ctypes.c_void_p
library.mcp_client_new.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
library.mcp_client_free.argtypes = [ctypes.c_void_p]
library.mcp_client_set_token.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
library.mcp_ping.argtypes = [ctypes.c_void_p]
library.mcp_error_message.restype = ctypes.c_char_p
library.mcp_error_message.argtypes = [ctypes.c_void_p]
library.mcp_error_http_status.argtypes = [ctypes.c_void_p]
library.mcp_status_name.restype = ctypes.c_char_p

client = library.mcp_client_new(sys.argv[2].encode(), sys.argv[3].encode())
if not client or library.mcp_ping(client) != 0:
    sys.exit(library.mcp_error_message(None).decode())
library.mcp_client_set_token(client, b"wrong")
status = library.mcp_ping(client)
# The interpreter's lock is released during the call, but the thread stays, so
# that the thread's last error is the right one.
print("pong, then %s: HTTP %d" % (library.mcp_status_name(status).decode(),
                                  library.mcp_error_http_status(None)))
library.mcp_client_free(client)
