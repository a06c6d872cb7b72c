/* A server on one end of a socket pair, which notifies, asks, reports progress
 * and breaks off at random.  For hostile.c, whose random numbers it uses. */
#ifndef HOSTILE_SERVER_H
#define HOSTILE_SERVER_H

static int say(int fd, const char *text)
{
    size_t len = strlen(text);

    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* A number behind a name, or 0. */
static long number_behind(const char *line, const char *name)
{
    const char *found = strstr(line, name);

    return found == NULL ? 0 : atol(found + strlen(name));
}

static const char *const tells[] = {
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
    "\"params\":{\"level\":\"error\",\"data\":1}}\n",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\","
    "\"params\":{\"uri\":\"a:b\"}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\","
    "\"params\":{\"message\":\"m\",\"requestedSchema\":{\"type\":\"object\","
    "\"properties\":{}}}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"sampling/createMessage\","
    "\"params\":{\"messages\":[],\"maxTokens\":1}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"roots/list\"}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}\n",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
    "cancelled\",\"params\":{\"requestId\":\"q\"}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":99999,\"result\":{}}\n", "no JSON\n", "[]\n"};

static int tell(int fd)
{
    return say(fd, tells[below(sizeof tells / sizeof *tells)]);
}

/* Answers one line; 0 to break off. */
static int serve_line(int fd, const char *line)
{
    static const char *const results[] = {
        "{\"content\":[{\"type\":\"text\",\"text\":\"t\"}],\"tools\":[{"
        "\"name\":\"n\"}],"
        "\"resources\":[],\"contents\":[{\"uri\":\"a:b\",\"text\":\"t\"}],"
        "\"messages\":[],"
        "\"tasks\":[]}",
        "{}", "{\"tools\":[],\"nextCursor\":\"c\"}"};
    char text[1024];
    long id = number_behind(line, "\"id\":"),
         token = number_behind(line, "\"progressToken\":");

    if (strstr(line, "\"method\":") == NULL || strstr(line, "\"id\":") == NULL)
        return !one_in(4) || tell(fd);
    if (strstr(line, "\"initialize\"") != NULL) {
        sprintf(text,
            "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"protocolVersion\":"
            "\"2025-11-25\","
            "\"capabilities\":{\"tools\":{\"listChanged\":true},\"resources\":"
            "{\"subscribe\":true},"
            "\"prompts\":{},\"logging\":{},\"tasks\":{\"list\":{}}},"
            "\"serverInfo\":{\"name\":\"n\",\"version\":\"1\"}}}\n",
            id);
        return say(fd, text);
    }
    if (strstr(line, "\"server/discover\"") != NULL) {
        sprintf(text,
            "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"error\":{\"code\":-32601,"
            "\"message\":\"no\"}}\n",
            id);
        return say(fd, text);
    }
    while (one_in(2)) {
        if (!tell(fd))
            return 0;
    }
    if (token != 0 && one_in(2)) {
        sprintf(text,
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
            "progress\",\"params\":"
            "{\"progressToken\":%ld,\"progress\":1,\"total\":2,\"message\":"
            "\"m\"}}\n",
            token);
        if (!say(fd, text))
            return 0;
    }
    if (one_in(60))
        return 0;
    if (one_in(10))
        return 1;
    if (one_in(10))
        sprintf(text,
            "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"error\":{\"code\":-32602,"
            "\"message\":\"m\",\"data\":{\"a\":1}}}\n",
            id);
    else
        sprintf(text, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}\n", id,
            results[below(3)]);
    return say(fd, text);
}

struct served {
    int fd;
    unsigned long seed;
};

/* Reads lines and answers, and tells something now and then of its own. */
static void *serve(void *argument)
{
    struct served *served = argument;
    struct mine me;
    char buffer[65536];
    size_t filled = 0;

    memset(&me, 0, sizeof me);
    me.seed = served->seed;
    pthread_setspecific(own, &me);
    for (;;) {
        struct pollfd entry;
        char *end;
        ssize_t count;

        entry.fd = served->fd;
        entry.events = POLLIN;
        if (poll(&entry, 1, 2 + (int)below(10)) == 0) {
            if (!tell(served->fd))
                break;
            continue;
        }
        count =
            recv(served->fd, buffer + filled, sizeof buffer - 1 - filled, 0);
        if (count <= 0)
            break;
        filled += (size_t)count;
        buffer[filled] = '\0';
        while ((end = strchr(buffer, '\n')) != NULL) {
            *end = '\0';
            if (!serve_line(served->fd, buffer))
                goto over;
            filled -= (size_t)(end + 1 - buffer);
            memmove(buffer, end + 1, filled + 1);
        }
        if (filled == sizeof buffer - 1)
            break;
    }
over:
    close(served->fd);
    pthread_setspecific(own, NULL);
    return NULL;
}

#endif
