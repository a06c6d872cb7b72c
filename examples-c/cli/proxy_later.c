#include "proxy.h"
mcp_request *later_new_connect(mcp_client *client) { return mcp_request_new(client, "ping", NULL); }
mcp_request *later_new_listen(mcp_client *client, int32_t kinds) { mcp_listen(client, kinds); return NULL; }
mcp_request *later_new_subscribe(mcp_client *client, const char *uri) { struct buffer b={0}; mcp_request *r; add(&b,"{\"uri\":"); add_string(&b, uri); add(&b,"}"); r = mcp_request_new(client, "resources/subscribe", add_end(&b)); empty(&b); return r; }
mcp_request *later_new_unsubscribe(mcp_client *client, const char *uri) { struct buffer b={0}; mcp_request *r; add(&b,"{\"uri\":"); add_string(&b, uri); add(&b,"}"); r = mcp_request_new(client, "resources/unsubscribe", add_end(&b)); empty(&b); return r; }
mcp_request *later_new_set_log_level(mcp_client *client, int32_t level) { mcp_set_log_level(client, level); return NULL; }
mcp_request *later_new_notify(mcp_client *client, const char *method, const char *params) { mcp_notify(client, method, params); return NULL; }
