/* The floor: a blocking socket, one write and one read, next to no parsing.
 * It sends what the library sends, as one who knows the server's era would. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static char host[64], path[128], session[128];
static int port, is_stateless;

static int connect_to(void)
{
    struct sockaddr_in address;
    int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(s, (struct sockaddr *)&address, sizeof address) != 0)
        exit(1);
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return s;
}

static void exchange(int s, const char *token, const char *headers,
                     const char *body)
{
    char out[2048], in[4096];
    const char *found;
    ssize_t got;
    int length = sprintf(
        out,
        "POST %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: libmcpclient/0.1.0\r\n"
        "Authorization: Bearer %s\r\n"
        "Accept: application/json, text/event-stream\r\n"
        "Accept-Encoding: identity\r\nContent-Type: application/json\r\n%s%s"
        "Content-Length: %zu\r\n\r\n%s",
        path, host, port, token, headers, session, strlen(body), body);

    if (write(s, out, (size_t)length) != length)
        exit(1);
    got = read(s, in, sizeof in - 1);
    if (got <= 0)
        exit(1);
    in[got] = '\0';
    if (strncmp(in, "HTTP/1.1 20", 11) != 0)
        exit(1);
    found = strstr(in, "mcp-session-id: ");
    if (found != NULL)
        sprintf(session, "Mcp-Session-Id: %.*s\r\n", (int)strcspn(found + 16, "\r"),
                found + 16);
}

#define META                                                                  \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","  \
    "\"io.modelcontextprotocol/clientCapabilities\":{},"                      \
    "\"io.modelcontextprotocol/clientInfo\":{\"name\":\"libmcpclient\","      \
    "\"version\":\"0.1.0\"}}"

static void ping(int s, const char *token, long id)
{
    char body[512];

    if (is_stateless) {
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":"
                      "\"server/discover\",\"params\":{" META "}}", id);
        exchange(s, token, "MCP-Protocol-Version: 2026-07-28\r\n"
                           "Mcp-Method: server/discover\r\n", body);
    } else {
        sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"ping\"}",
                id);
        exchange(s, token, "MCP-Protocol-Version: 2025-11-25\r\n", body);
    }
}

static int connected(const char *token)
{
    int s = connect_to();

    session[0] = '\0';
    if (!is_stateless) {
        exchange(s, token, "",
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
                 "\"params\":{\"protocolVersion\":\"2025-11-25\","
                 "\"capabilities\":{},\"clientInfo\":{\"name\":\"floor\","
                 "\"version\":\"1\"}}}");
        exchange(s, token, "MCP-Protocol-Version: 2025-11-25\r\n",
                 "{\"jsonrpc\":\"2.0\",\"method\":"
                 "\"notifications/initialized\"}");
    }
    ping(s, token, 2);
    return s;
}

int main(int argc, char **argv)
{
    long long start;
    long i;
    int s;

    if (!parse(argc, argv) ||
        sscanf(argv[1], "http://%63[^:]:%d%127s", host, &port, path) != 3)
        return 2;
    is_stateless = strncmp(path, "/stateless", 10) == 0;
    if (is_cold) {
        start = now_ns();
        for (i = 0; i < repetitions; i++)
            close(connected(argv[2]));
        return report(start);
    }
    s = connected(argv[2]);
    start = now_ns();
    for (i = 0; i < repetitions; i++)
        ping(s, argv[2], i + 3);
    return report(start);
}
