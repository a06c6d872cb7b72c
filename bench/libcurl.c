/* A client as one would write it with libcurl and cJSON: one easy handle for
 * all requests; each answer is parsed and its id is checked. */
#define _GNU_SOURCE

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <pthread.h>

#include "bench.h"

struct answer {
    char *text;
    size_t length, room;
    char session[128];
    /* For a call that reports progress. */
    int is_stream;
    long told;
};

static int is_stateless;

/* Reads the events that are complete; the result stays in the text. */
static void take_events(struct answer *answer)
{
    char *line = answer->text, *end;

    while ((end = strchr(line, '\n')) != NULL) {
        if (strncmp(line, "data:", 5) == 0) {
            cJSON *message = cJSON_ParseWithLength(line + 5, (size_t)(end - line - 5));
            cJSON *params = cJSON_GetObjectItem(message, "params");
            cJSON *progress = cJSON_GetObjectItem(params, "progress");

            if (progress != NULL && (long)progress->valuedouble == answer->told + 1)
                answer->told++;
            cJSON_Delete(message);
            if (progress == NULL) {
                size_t length = (size_t)(end - line - 5);

                memmove(answer->text, line + 5, length);
                answer->text[length] = '\0';
                answer->length = length;
                answer->is_stream = 0;
                return;
            }
        }
        line = end + 1;
    }
    answer->length = strlen(line);
    memmove(answer->text, line, answer->length + 1);
}

static size_t take_body(char *data, size_t size, size_t count, void *to)
{
    struct answer *answer = (struct answer *)to;

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
    struct answer *answer = (struct answer *)to;

    if (size * count > 16 && strncasecmp(data, "mcp-session-id: ", 16) == 0)
        sprintf(answer->session, "Mcp-Session-Id: %.*s",
                (int)strcspn(data + 16, "\r"), data + 16);
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

/* Reads the parts of a result that the workload is about. */
static void check(const cJSON *result)
{
    const cJSON *content = cJSON_GetObjectItem(result, "content");
    const cJSON *tools = cJSON_GetObjectItem(result, "tools"), *one;
    const cJSON *text = cJSON_GetObjectItem(cJSON_GetArrayItem(content, 0), "text");
    int count = 0;

    if (text != NULL && tool() != NULL && !is("progress") && strlen(text->valuestring) != due())
        fail("another text");
    if (tools == NULL)
        return;
    cJSON_ArrayForEach(one, tools) {
        const cJSON *name = cJSON_GetObjectItem(one, "name");

        if (name == NULL || strncmp(name->valuestring, "tool_", 5) != 0)
            fail("another name");
        count++;
    }
    if (count != TOOLS)
        fail("another number of tools");
}

static void exchange(CURL *curl, struct answer *answer,
                     struct curl_slist *list, cJSON *message, long id)
{
    char *body = cJSON_PrintUnformatted(message);
    long status = 0;

    answer->length = 0;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(curl) != CURLE_OK)
        exit(1);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2)
        exit(1);
    if (id > 0) {
        cJSON *reply = cJSON_Parse(answer->text);
        cJSON *found = cJSON_GetObjectItem(reply, "id");
        cJSON *result = cJSON_GetObjectItem(reply, "result");

        if (found == NULL || (long)found->valuedouble != id || result == NULL)
            fail("no result");
        check(result);
        cJSON_Delete(reply);
    }
    free(body);
    cJSON_Delete(message);
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

static cJSON *ping_request(long id)
{
    cJSON *message;

    if (!is_stateless)
        return request("ping", id);
    message = request("server/discover", id);
    add_meta(cJSON_AddObjectToObject(message, "params"));
    return message;
}

/* Makes the request that the workload repeats. */
static cJSON *work_request(long id)
{
    cJSON *message, *params, *arguments;

    if (is("list10k"))
        return request("tools/list", id);
    if (tool() == NULL)
        return ping_request(id);
    message = request("tools/call", id);
    params = cJSON_AddObjectToObject(message, "params");
    cJSON_AddStringToObject(params, "name", tool());
    arguments = cJSON_AddObjectToObject(params, "arguments");
    if (is("progress")) {
        cJSON_AddNumberToObject(arguments, "count", (double)repetitions);
        cJSON_AddNumberToObject(cJSON_AddObjectToObject(params, "_meta"),
                                "progressToken", (double)id);
    }
    if (is_stateless)
        add_meta(params);
    return message;
}

/* Connects, and returns the headers for pings. */
static struct curl_slist *begin(CURL *curl, struct answer *answer, char **argv)
{
    struct curl_slist *list;

    memset(answer, 0, sizeof *answer);
    curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    if (!is_stateless) {
        cJSON *message = request("initialize", 1), *params, *info;

        params = cJSON_AddObjectToObject(message, "params");
        cJSON_AddStringToObject(params, "protocolVersion", "2025-11-25");
        cJSON_AddObjectToObject(params, "capabilities");
        info = cJSON_AddObjectToObject(params, "clientInfo");
        cJSON_AddStringToObject(info, "name", "libcurl");
        cJSON_AddStringToObject(info, "version", "1");
        list = headers(argv[2], "", NULL);
        exchange(curl, answer, list, message, 1);
        curl_slist_free_all(list);
    }
    list = headers(argv[2], answer->session,
                   is_stateless ? "2026-07-28" : "2025-11-25");
    if (!is_stateless)
        exchange(curl, answer, list, request("notifications/initialized", 0), 0);
    if (tool() == NULL || !is_stateless)
        exchange(curl, answer, list, ping_request(2), 2);
    return list;
}

static char **arguments;

static void *thread(void *unused)
{
    struct answer answer;
    CURL *curl = curl_easy_init();
    struct curl_slist *list = begin(curl, &answer, arguments);
    long i;

    (void)unused;
    for (i = 0; i < repetitions / THREADS; i++)
        exchange(curl, &answer, list, work_request(i + 3), i + 3);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    free(answer.text);
    return NULL;
}

int main(int argc, char **argv)
{
    struct answer answer;
    struct curl_slist *list;
    pthread_t threads[THREADS];
    long long start;
    CURL *curl;
    long i, count;

    if (!parse(argc, argv))
        return 2;
    arguments = argv;
    is_stateless = strstr(argv[1], "/stateless") != NULL;
    start = now_ns();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (is("cold")) {
        for (i = 0; i < repetitions; i++) {
            curl = curl_easy_init();
            curl_slist_free_all(begin(curl, &answer, argv));
            curl_easy_cleanup(curl);
            free(answer.text);
        }
        return report(start);
    }
    if (is("par8")) {
        for (i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, thread, NULL);
        for (i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        return report(start);
    }
    curl = curl_easy_init();
    list = begin(curl, &answer, argv);
    start = now_ns();
    count = is("progress") ? 1 : repetitions;
    answer.is_stream = is("progress");
    for (i = 0; i < count; i++)
        exchange(curl, &answer, list, work_request(i + 3), i + 3);
    if (is("progress") && answer.told != repetitions)
        fail("another number of notifications");
    report(start);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    free(answer.text);
    return 0;
}
