/* A client as one would write it with libcurl and cJSON: each answer is parsed and
 * its id is checked. */
#ifndef LIBCURL_CLIENT_H
#define LIBCURL_CLIENT_H

#include <cjson/cJSON.h>
#include <curl/curl.h>

/* What was received of an answer. */
struct answer {
    char *text;
    size_t length, room;
    /* Of the text of an event stream: the events that are read already. */
    size_t taken;
    int is_stream;
    /* The number of progress notifications in order. */
    long told;
    cJSON *response;
};

struct client {
    CURL *curl;
    struct curl_slist *headers;
    struct answer answer;
    char session[128];
};

/* Connects. */
void begin_client(struct client *client, char **argv);
void end_client(struct client *client);

/* Sends a request, which is freed, and checks the answer. */
void exchange(struct client *client, cJSON *message, long id);

/* The two halves of exchange(), for a transfer that others make. */
char *set_message(struct client *client, cJSON *message);
void take_answer(struct client *client, long id);

/* Makes a handle with the URL and the headers of a client that is connected. */
void copy_client(struct client *copy, const struct client *client, char **argv);

/* The requests that workloads repeat. */
cJSON *ping_request(long id);
cJSON *list_request(long id);
cJSON *call_request(long id);

/* Reads the parts of a result that the workload is about. */
void check_result(const cJSON *result);

#endif
