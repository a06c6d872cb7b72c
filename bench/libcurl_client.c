#define _GNU_SOURCE

#include "libcurl_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static int is_stateless;

/* Reads the events that are complete; the response is kept. */
static void take_events(struct answer *answer)
{
    char *end;

    while ((end = memchr(answer->text + answer->taken, '\n',
                         answer->length - answer->taken)) != NULL) {
        char *line = answer->text + answer->taken;

        answer->taken = (size_t)(end + 1 - answer->text);
        if (strncmp(line, "data: {", 7) == 0) {
            cJSON *message = cJSON_ParseWithLength(line + 6, (size_t)(end - line - 6));
            cJSON *params = cJSON_GetObjectItem(message, "params");
            cJSON *progress = cJSON_GetObjectItem(params, "progress");

            if (cJSON_GetObjectItem(message, "id") != NULL) {
                answer->response = message;
                continue;
            }
            if (progress != NULL && (long)progress->valuedouble == answer->told + 1)
                answer->told++;
            cJSON_Delete(message);
        }
    }
    if (answer->taken == answer->length)
        answer->length = answer->taken = 0;
}

static size_t take_body(char *data, size_t size, size_t count, void *to)
{
    struct answer *answer = &((struct client *)to)->answer;

    if (answer->length + size * count >= answer->room) {
        answer->room = 2 * (answer->length + size * count) + 8192;
        answer->text = realloc(answer->text, answer->room);
    }
    memcpy(answer->text + answer->length, data, size * count);
    answer->length += size * count;
    answer->text[answer->length] = '\0';
    if (answer->is_stream)
        take_events(answer);
    return size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *to)
{
    struct client *client = to;

    if (size * count > 16 && strncasecmp(data, "mcp-session-id: ", 16) == 0)
        sprintf(client->session, "Mcp-Session-Id: %.*s",
                (int)strcspn(data + 16, "\r"), data + 16);
    if (size * count > 14 && strncasecmp(data, "content-type: ", 14) == 0)
        client->answer.is_stream = strncmp(data + 14, "text/event-stream", 17) == 0;
    return size * count;
}

static struct curl_slist *headers(const char *token, const char *session,
                                  const char *version)
{
    char line[512];
    struct curl_slist *list = NULL;

    sprintf(line, "Authorization: Bearer %.400s", token);
    list = curl_slist_append(list, line);
    list = curl_slist_append(list,
                             "Accept: application/json, text/event-stream");
    list = curl_slist_append(list, "Content-Type: application/json");
    /* No wait before a large body. */
    list = curl_slist_append(list, "Expect:");
    if (version != NULL) {
        sprintf(line, "MCP-Protocol-Version: %s", version);
        list = curl_slist_append(list, line);
    }
    if (is_stateless)
        list = curl_slist_append(list, tool() != NULL
                                           ? "Mcp-Method: tools/call"
                                           : "Mcp-Method: server/discover");
    if (is_stateless && tool() != NULL)
        list = curl_slist_append(list, "Mcp-Name: text1k");
    if (session[0] != '\0')
        list = curl_slist_append(list, session);
    return list;
}

static void check_tools(const cJSON *tools)
{
    const cJSON *one;
    int count = 0;

    cJSON_ArrayForEach(one, tools) {
        const cJSON *name = cJSON_GetObjectItem(one, "name");

        if (name == NULL || strncmp(name->valuestring, "tool_", 5) != 0)
            fail("another name");
        count++;
    }
    if (count != TOOLS)
        fail("another number of tools");
}

static void read_cities(const cJSON *content)
{
    const cJSON *cities = cJSON_GetObjectItem(content, "cities");
    const cJSON *name = cJSON_GetObjectItem(cJSON_GetArrayItem(cities, 0), "name");
    const cJSON *population =
        cJSON_GetObjectItem(cJSON_GetArrayItem(cities, 1), "population");

    check_cities((long)cJSON_GetNumberValue(cJSON_GetObjectItem(content, "total")),
                 cJSON_GetStringValue(name), (long)cJSON_GetNumberValue(population));
}

void check_result(const cJSON *result)
{
    const cJSON *content = cJSON_GetObjectItem(result, "content");
    const cJSON *tools = cJSON_GetObjectItem(result, "tools");
    const cJSON *text = cJSON_GetObjectItem(cJSON_GetArrayItem(content, 0), "text");

    if (tools != NULL)
        check_tools(tools);
    if (content == NULL || is("progress") || is("large"))
        return;
    if (is("structured") || is("events"))
        read_cities(cJSON_GetObjectItem(result, "structuredContent"));
    else
        check_text(cJSON_GetStringValue(text),
                   text != NULL ? strlen(text->valuestring) : 0);
}

char *set_message(struct client *client, cJSON *message)
{
    char *body = cJSON_PrintUnformatted(message);

    cJSON_Delete(message);
    client->answer.length = client->answer.taken = 0;
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    return body;
}

void take_answer(struct client *client, long id)
{
    struct answer *answer = &client->answer;
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2)
        fail("the server refused");
    if (id > 0) {
        cJSON *reply = answer->is_stream
                           ? answer->response
                           : cJSON_ParseWithLength(answer->text, answer->length);
        cJSON *found = cJSON_GetObjectItem(reply, "id");
        cJSON *result = cJSON_GetObjectItem(reply, "result");

        answer->response = NULL;
        if (found == NULL || (long)found->valuedouble != id || result == NULL)
            fail("no result");
        check_result(result);
        cJSON_Delete(reply);
    }
}

void exchange(struct client *client, cJSON *message, long id)
{
    char *body = set_message(client, message);

    if (curl_easy_perform(client->curl) != CURLE_OK)
        fail("no answer");
    take_answer(client, id);
    free(body);
}

static cJSON *request(const char *method, long id)
{
    cJSON *message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "jsonrpc", "2.0");
    if (id > 0)
        cJSON_AddNumberToObject(message, "id", (double)id);
    cJSON_AddStringToObject(message, "method", method);
    return message;
}

static void add_meta(cJSON *params)
{
    cJSON *meta = cJSON_AddObjectToObject(params, "_meta"), *info;

    cJSON_AddStringToObject(meta, "io.modelcontextprotocol/protocolVersion",
                            "2026-07-28");
    cJSON_AddObjectToObject(meta, "io.modelcontextprotocol/clientCapabilities");
    info = cJSON_AddObjectToObject(meta, "io.modelcontextprotocol/clientInfo");
    cJSON_AddStringToObject(info, "name", "libcurl");
    cJSON_AddStringToObject(info, "version", "1");
}

cJSON *ping_request(long id)
{
    cJSON *message;

    if (!is_stateless)
        return request("ping", id);
    message = request("server/discover", id);
    add_meta(cJSON_AddObjectToObject(message, "params"));
    return message;
}

cJSON *list_request(long id)
{
    return request("tools/list", id);
}

cJSON *call_request(long id)
{
    cJSON *message = request("tools/call", id);
    cJSON *params = cJSON_AddObjectToObject(message, "params");

    cJSON_AddStringToObject(params, "name", tool());
    /* The application has its arguments as text already. */
    cJSON_AddRawToObject(params, "arguments", arguments());
    if (is("progress"))
        cJSON_AddNumberToObject(cJSON_AddObjectToObject(params, "_meta"),
                                "progressToken", (double)id);
    if (is_stateless)
        add_meta(params);
    return message;
}

static void set_up(struct client *client, char **argv)
{
    memset(client, 0, sizeof *client);
    client->curl = curl_easy_init();
    curl_easy_setopt(client->curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(client->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, client);
}

void begin_client(struct client *client, char **argv)
{
    is_stateless = strstr(argv[1], "/stateless") != NULL;
    set_up(client, argv);
    if (!is_stateless) {
        cJSON *message = request("initialize", 1), *params, *info;

        params = cJSON_AddObjectToObject(message, "params");
        cJSON_AddStringToObject(params, "protocolVersion", "2025-11-25");
        cJSON_AddObjectToObject(params, "capabilities");
        info = cJSON_AddObjectToObject(params, "clientInfo");
        cJSON_AddStringToObject(info, "name", "libcurl");
        cJSON_AddStringToObject(info, "version", "1");
        client->headers = headers(argv[2], "", NULL);
        exchange(client, message, 1);
        curl_slist_free_all(client->headers);
    }
    client->headers = headers(argv[2], client->session,
                              is_stateless ? "2026-07-28" : "2025-11-25");
    if (!is_stateless)
        exchange(client, request("notifications/initialized", 0), 0);
    if (tool() == NULL || !is_stateless)
        exchange(client, ping_request(2), 2);
}

void copy_client(struct client *copy, const struct client *client, char **argv)
{
    set_up(copy, argv);
    strcpy(copy->session, client->session);
    copy->headers = headers(argv[2], client->session,
                            is_stateless ? "2026-07-28" : "2025-11-25");
}

void end_client(struct client *client)
{
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    free(client->answer.text);
}
