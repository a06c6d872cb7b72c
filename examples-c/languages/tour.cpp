// A tour of a server in C++17: connects, lists the tools, runs two calls at the
// same time in a poll loop, and reports an error.  Handles are freed by RAII.
//
//     MCPCLIENT_TOKEN=... tour https://example.com/mcp

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include <mcpclient.h>
#include <poll.h>

namespace {

template <auto free>
struct Free {
    template <typename T>
    void operator()(T *handle) const { free(handle); }
};

using Client = std::unique_ptr<mcp_client, Free<mcp_client_free>>;
using Request = std::unique_ptr<mcp_request, Free<mcp_request_free>>;
using Result = std::unique_ptr<mcp_result, Free<mcp_result_free>>;

// The details of an error outlive the calls that follow.
struct Failure : std::runtime_error {
    explicit Failure(const mcp_error *error)
        : std::runtime_error(mcp_error_message(error)), status(mcp_error_status(error)) {}
    int32_t status;
};

const char *or_empty(const char *text) { return text ? text : ""; }

// The result of the next request that is done, and which one it was.
struct Done {
    Request request;
    Result result;
};

Request started(mcp_request *made)
{
    Request request(made);
    if (!request || mcp_request_start(request.get()) != MCP_OK)
        throw Failure(nullptr);
    return request;
}

// Waits in poll(), where a program has its other descriptors as well.
Done next_done(mcp_client *client)
{
    for (;;) {
        if (mcp_request *request = mcp_client_next_done(client)) {
            mcp_result *result = nullptr;
            mcp_request_take_result(request, &result);
            return {Request(request), Result(result)};
        }
        pollfd readable = {mcp_client_fd(client), POLLIN, 0};
        poll(&readable, 1, -1);
        mcp_client_dispatch(client, 0);
    }
}

// A request belongs to the loop from its start until it is handed out.
Result run(mcp_client *client, mcp_request *made)
{
    started(made).release();
    Done done = next_done(client);
    if (mcp_request_status(done.request.get()) != MCP_OK)
        throw Failure(mcp_request_error(done.request.get()));
    return std::move(done.result);
}

void on_progress(void *userdata, mcp_request *, const mcp_progress *progress)
{
    int &reports = *static_cast<int *>(userdata);
    reports += mcp_progress_value(progress) > 0;
}

void tour(const char *url)
{
    Client client(mcp_client_new(url, std::getenv("MCPCLIENT_TOKEN")));
    if (!client || mcp_client_set_header(client.get(), "X-Tour", "C++") != MCP_OK)
        throw Failure(nullptr);

    Result server = run(client.get(), mcp_request_new_connect(client.get()));
    std::printf("server: %s, revision %s\n", or_empty(mcp_result_server_name(server.get())),
                or_empty(mcp_result_protocol_version(server.get())));

    Request list(mcp_request_new(client.get(), "tools/list", nullptr));
    mcp_request_set_all_pages(list.get(), 1);
    Result tools = run(client.get(), list.release());
    std::printf("tools: %s\n", mcp_result_find_tool(tools.get(), "echo") ? "echo" : "");

    int reports = 0;
    mcp_request *slow = mcp_request_new_call_tool(client.get(), "slow", "{\"steps\":3}");
    mcp_request_set_progress(slow, on_progress, &reports, nullptr);
    started(slow).release();
    started(mcp_request_new_call_tool(client.get(), "echo", "{\"text\":\"hello\"}")).release();
    for (int i = 0; i < 2; i++) {
        Done done = next_done(client.get());
        if (done.request.get() != slow)
            std::printf("echo: %s\n", or_empty(mcp_result_text(done.result.get(), nullptr)));
    }
    std::printf("slow: %d reports\n", reports);

    try {
        run(client.get(), mcp_request_new_call_tool(client.get(), "no such tool", nullptr));
    } catch (const Failure &failure) {
        std::printf("no such tool: %s\n", mcp_status_name(failure.status));
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: tour URL\n");
        return 2;
    }
    try {
        tour(argv[1]);
    } catch (const Failure &failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
