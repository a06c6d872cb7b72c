/* What one would write with libcurl and cJSON: an easy handle that is kept,
 * the answer parsed and its id checked. */
#define _GNU_SOURCE

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "bench.h"

struct answer {
    char text[8192];
    size_t length;
    char session[128];
};

static int is_stateless;

static size_t take_body(char *data, size_t size, size_t count, void *to)
{
    struct answer *answer = (struct answer *)to;

    if (answer->length + size * count >= sizeof answer->text)
        return 0;
    memcpy(answer->text + answer->length, data, size * count);
    answer->length += size * count;
    answer->text[answer->length] = '\0';
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
        list = curl_slist_append(list, "Mcp-Method: server/discover");
    if (session[0] != '\0')
        list = curl_slist_append(list, session);
    return list;
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

        if (found == NULL || (long)found->valuedouble != id ||
            cJSON_GetObjectItem(reply, "result") == NULL)
            exit(1);
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

static cJSON *ping_request(long id)
{
    cJSON *message, *meta, *info;

    if (!is_stateless)
        return request("ping", id);
    message = request("server/discover", id);
    meta = cJSON_AddObjectToObject(cJSON_AddObjectToObject(message, "params"),
                                   "_meta");
    cJSON_AddStringToObject(meta, "io.modelcontextprotocol/protocolVersion",
                            "2026-07-28");
    cJSON_AddObjectToObject(meta, "io.modelcontextprotocol/clientCapabilities");
    info = cJSON_AddObjectToObject(meta, "io.modelcontextprotocol/clientInfo");
    cJSON_AddStringToObject(info, "name", "libcurl");
    cJSON_AddStringToObject(info, "version", "1");
    return message;
}

/* Connects and gives the headers for pings. */
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
    exchange(curl, answer, list, ping_request(2), 2);
    return list;
}

int main(int argc, char **argv)
{
    static struct answer answer;
    struct curl_slist *list;
    long long start;
    CURL *curl;
    long i;

    if (!parse(argc, argv))
        return 2;
    is_stateless = strstr(argv[1], "/stateless") != NULL;
    start = now_ns();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (is_cold) {
        for (i = 0; i < repetitions; i++) {
            curl = curl_easy_init();
            curl_slist_free_all(begin(curl, &answer, argv));
            curl_easy_cleanup(curl);
        }
        return report(start);
    }
    curl = curl_easy_init();
    list = begin(curl, &answer, argv);
    start = now_ns();
    for (i = 0; i < repetitions; i++)
        exchange(curl, &answer, list, ping_request(i + 3), i + 3);
    report(start);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return 0;
}
