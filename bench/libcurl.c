/* libcurl and cJSON, in the way of libcurl_client.h. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "libcurl_client.h"

static char **the_arguments;

/* A handle belongs to one thread. */
static void *thread(void *unused)
{
    struct client client;
    long i;

    (void)unused;
    begin_client(&client, the_arguments);
    for (i = 0; i < repetitions / THREADS; i++)
        exchange(&client, ping_request(i + 3), i + 3);
    end_client(&client);
    return NULL;
}

/* Runs the transfers until `wanted` are done, and reads their answers. */
static void finish(CURLM *multi, long wanted)
{
    int running, left;

    while (wanted > 0) {
        CURLMsg *message;

        curl_multi_perform(multi, &running);
        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            struct client *client = NULL;

            if (message->data.result != CURLE_OK)
                fail("no answer");
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &client);
            curl_multi_remove_handle(multi, client->curl);
            take_answer(client, 3);
            wanted--;
        }
        if (wanted > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

/* Starts AT_ONCE requests on as many handles; again and again. */
static void started(const struct client *client)
{
    struct client *all = calloc(AT_ONCE, sizeof *all);
    char **bodies = calloc(AT_ONCE, sizeof *bodies);
    CURLM *multi = curl_multi_init();
    long done = 0;
    int i;

    for (i = 0; i < AT_ONCE; i++) {
        copy_client(&all[i], client, the_arguments);
        curl_easy_setopt(all[i].curl, CURLOPT_PRIVATE, &all[i]);
    }
    while (done < repetitions) {
        int count = repetitions - done < AT_ONCE ? (int)(repetitions - done) : AT_ONCE;

        for (i = 0; i < count; i++) {
            bodies[i] = set_message(&all[i], call_request(3));
            curl_multi_add_handle(multi, all[i].curl);
        }
        finish(multi, count);
        for (i = 0; i < count; i++)
            free(bodies[i]);
        done += count;
    }
}

/* Each client has a handle for its requests and one for the stream. */
static void idle(void)
{
    struct client *all = calloc((size_t)repetitions * 2, sizeof *all);
    CURLM *multi = curl_multi_init();
    long i, open = 0;

    for (i = 0; i < repetitions; i++) {
        struct client *stream = &all[2 * i + 1];

        begin_client(&all[2 * i], the_arguments);
        copy_client(stream, &all[2 * i], the_arguments);
        curl_easy_setopt(stream->curl, CURLOPT_HTTPHEADER, stream->headers);
        curl_multi_add_handle(multi, stream->curl);
    }
    /* Nothing but the heads arrives. */
    while (open < repetitions) {
        int running;

        curl_multi_perform(multi, &running);
        for (i = open = 0; i < repetitions; i++)
            open += all[2 * i + 1].answer.is_stream;
        /* After the last head, this would wait for a timer of libcurl. */
        if (open < repetitions)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

static void cold(void)
{
    struct client client;
    long i;

    for (i = 0; i < repetitions; i++) {
        begin_client(&client, the_arguments);
        end_client(&client);
    }
}

static void repeat(struct client *client)
{
    long i;

    for (i = 0; i < repetitions; i++)
        exchange(client,
                 is("list10k") ? list_request(i + 3)
                 : tool() == NULL ? ping_request(i + 3) : call_request(i + 3), i + 3);
}

int main(int argc, char **argv)
{
    struct client client;

    if (!parse(argc, argv))
        return 2;
    the_arguments = argv;
    begin();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (is("cold")) {
        cold();
        return report();
    }
    begin_client(&client, argv);
    if (is("large")) {
        exchange(&client, list_request(3), 3);
        arguments();
    }
    begin();
    if (is("par8")) {
        on_threads(thread);
    } else if (is("started")) {
        started(&client);
    } else if (is("idle")) {
        idle();
    } else if (is("progress")) {
        exchange(&client, call_request(3), 3);
        if (client.answer.told != repetitions)
            fail("another number of notifications");
    } else {
        repeat(&client);
    }
    return report();
}
