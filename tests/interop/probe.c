/*
 * Drives libmcpclient from a script on stdin, one command a line, and prints
 * one JSON line for each.  tests/interop/run.py asserts on what is printed;
 * by hand it shows what a server does:
 *
 *     printf 'new http://127.0.0.1:8000/mcp test-token\nping\n' | ./probe
 *
 * Commands: new URL [TOKEN], token [TOKEN], header NAME [VALUE], key [VALUE]
 * (X-API-Key), protocol VERSION, info NAME VERSION, timeout MS, connect, ping,
 * challenge NAME, sleep MS, expect-status N, close, free.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mcpclient.h>

static void put_text(const char *name, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    printf(",\"%s\":", name);
    if (text == NULL) {
        printf("null");
        return;
    }
    putchar('"');
    for (; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20)
            printf("\\u%04x", *at);
        else
            putchar(*at);
    }
    putchar('"');
}

static void put_status(const char *step, int32_t status)
{
    printf("{\"status\":%ld", (long)status);
    put_text("step", step);
    put_text("name", mcp_status_name(status));
    if (status != MCP_OK) {
        printf(",\"http\":%ld", (long)mcp_error_http_status(NULL));
        printf(",\"rpc\":%ld", (long)mcp_error_rpc_code(NULL));
        printf(",\"may_have_run\":%ld", (long)mcp_error_may_have_run(NULL));
        put_text("message", mcp_error_message(NULL));
    }
}

static int32_t do_connect(mcp_client *client)
{
    mcp_result *server = NULL;
    int32_t status = mcp_connect(client, &server);

    put_status("connect", status);
    if (status == MCP_OK) {
        put_text("protocol", mcp_result_protocol_version(server));
        put_text("server", mcp_result_server_name(server));
        put_text("version", mcp_result_server_version(server));
        put_text("instructions", mcp_result_instructions(server));
        put_text("server info", mcp_result_json(server, NULL));
    }
    mcp_result_free(server);
    return status;
}

static void do_sleep(const char *milliseconds)
{
    struct timespec left;
    long wanted = strtol(milliseconds, NULL, 10);

    left.tv_sec = wanted / 1000;
    left.tv_nsec = wanted % 1000 * 1000000L;
    while (nanosleep(&left, &left) != 0)
        continue;
}

int main(void)
{
    static char line[8192];
    mcp_client *client = NULL;
    int32_t status = MCP_OK;
    int mistakes = 0;

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *step = strtok(line, " \n");
        char *first = strtok(NULL, " \n");
        /* The last argument is the rest of the line, blanks included. */
        char *second = strtok(NULL, "\n");

        if (step == NULL)
            continue;
        if (strcmp(step, "new") == 0) {
            mcp_client_free(client);
            client = mcp_client_new(first, second);
            status = client != NULL ? MCP_OK : mcp_error_status(NULL);
            /* A busy server may take long to accept the end of a session. */
            if (client != NULL)
                status = mcp_client_set_close_timeout(client, 60000);
            put_status(step, status);
        } else if (strcmp(step, "token") == 0) {
            status = mcp_client_set_token(client, first);
            put_status(step, status);
        } else if (strcmp(step, "header") == 0) {
            status = mcp_client_set_header(client, first, second);
            put_status(step, status);
        } else if (strcmp(step, "key") == 0) {
            status = mcp_client_set_header(client, "X-API-Key", first);
            put_status(step, status);
        } else if (strcmp(step, "protocol") == 0) {
            status = mcp_client_set_protocol_version(client, first);
            put_status(step, status);
        } else if (strcmp(step, "info") == 0) {
            status = mcp_client_set_info(client, first, second);
            put_status(step, status);
        } else if (strcmp(step, "timeout") == 0 && first != NULL) {
            status = mcp_client_set_timeout(client,
                                            (int32_t)strtol(first, NULL, 10));
            put_status(step, status);
        } else if (strcmp(step, "connect") == 0) {
            status = do_connect(client);
        } else if (strcmp(step, "ping") == 0) {
            status = mcp_ping(client);
            put_status(step, status);
        } else if (strcmp(step, "challenge") == 0 && first != NULL) {
            put_status(step, MCP_OK);
            put_text("value", mcp_error_challenge(NULL, first));
        } else if (strcmp(step, "sleep") == 0 && first != NULL) {
            do_sleep(first);
            put_status(step, MCP_OK);
        } else if (strcmp(step, "expect-status") == 0 && first != NULL) {
            /* About the last command that had a status of its own. */
            int met = strtol(first, NULL, 10) == (long)status;

            put_status(step, MCP_OK);
            printf(",\"met\":%s", met ? "true" : "false");
            mistakes += !met;
        } else if (strcmp(step, "close") == 0) {
            mcp_client_close(client);
            put_status(step, MCP_OK);
        } else if (strcmp(step, "free") == 0) {
            mcp_client_free(client);
            client = NULL;
            put_status(step, MCP_OK);
        } else {
            fprintf(stderr, "probe: cannot do \"%s\"\n", step);
            mistakes++;
            break;
        }
        printf("}\n");
        fflush(stdout);
    }
    mcp_client_free(client);
    return mistakes == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
