// A C++ program with an owner for the handle: main URL TOKEN.
#include <cstdio>
#include <memory>

#include <mcpclient.h>

struct Free {
    void operator()(mcp_client *client) const { mcp_client_free(client); }
};

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    std::unique_ptr<mcp_client, Free> client(mcp_client_new(argv[1], argv[2]));
    if (!client || mcp_ping(client.get()) != MCP_OK) {
        std::fprintf(stderr, "%s\n", mcp_error_message(nullptr));
        return 1;
    }
    mcp_client_set_token(client.get(), "wrong");
    int32_t status = mcp_ping(client.get());
    std::printf("pong, then %s: HTTP %d\n", mcp_status_name(status),
                static_cast<int>(mcp_error_http_status(nullptr)));
    return 0;
}
