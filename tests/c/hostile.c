/* Handlers that do whatever the header allows, at random, on several threads,
 * against servers that notify, ask, report progress and break off at random.
 *
 * HOSTILE_SEED is which numbers come, HOSTILE_SECONDS for how long.  What must
 * hold: nothing crashes or hangs, no user data is released twice, or on a
 * thread that is not of this program, or never; and no request is handed out
 * twice, or, after mcp_client_close(), never. */
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#define MARKS 4096
#define REQUESTS 48
#define CANCELS 4
#define INPUTS 16
#define THREADS 4
/* How deep callbacks may make calls inside calls. */
#define DEPTH 3
/* Seconds after which a thread that gets nowhere counts as hung. */
#define HANG 60

/* ------------------------------------------------------------- randomness */

struct mine {
    unsigned long seed;
    int depth;
    int is_owner;
};

static pthread_key_t own;

static struct mine *mine(void)
{
    return pthread_getspecific(own);
}

static unsigned below(unsigned end)
{
    struct mine *me = mine();

    me->seed = me->seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)((me->seed >> 33) % end);
}

static int one_in(unsigned count)
{
    return below(count) == 0;
}

#include "hostile_server.h"

/* ----------------------------------------------------------- what is wrong */

static volatile int wrongs;
static volatile unsigned long steps;
static volatile int is_over;

static void wrong(const char *what)
{
    printf("not so: %s\n", what);
    fflush(stdout);
    __sync_fetch_and_add(&wrongs, 1);
}

/* -------------------------------------------------------------- the model */

/* User data that was handed over: released once, and by us. */
struct mark {
    volatile int released;
    volatile int handed_over;
    /* The request, for a done callback. */
    struct item *item;
};

/* A request that was started belongs to the owning thread from then on, as
 * one that was not started does to who takes it out of the pool. */
struct item {
    mcp_request *request;
    int handed_out;
    int is_busy;
    int is_started;
    int has_callback;
};

static struct mark marks[MARKS];
static volatile int mark_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct item items[REQUESTS];
static mcp_input *inputs[INPUTS];
static mcp_client *client;
static mcp_cancel *cancels[CANCELS];
static volatile int is_closed;
static volatile int is_ending;
static volatile int is_http;

static void act(void);
static void on_event(
    void *userdata, mcp_client *whose, const mcp_event *event);
static void on_input(void *userdata, mcp_client *whose, mcp_input *input);
static void on_progress(
    void *userdata, mcp_request *request, const mcp_progress *progress);
static void on_done(void *userdata, mcp_request *request);
static int32_t on_token(
    void *userdata, mcp_client *whose, mcp_token_request *request);

static void check_thread(void)
{
    if (mine() == NULL)
        wrong("a callback runs on a thread of the library");
}

/* Calls something from inside a callback, unless that is deep already. */
static void act_inside(unsigned chance)
{
    struct mine *me = mine();

    if (me == NULL || me->depth >= DEPTH || !one_in(chance))
        return;
    me->depth++;
    act();
    me->depth--;
}

static void release(void *userdata)
{
    struct mark *mark = userdata;

    check_thread();
    if (__sync_add_and_fetch(&mark->released, 1) != 1)
        wrong("user data is released twice");
    act_inside(3);
}

/* Room for user data; NULL when all of it is used up. */
static struct mark *new_mark(void)
{
    int at = __sync_fetch_and_add(&mark_count, 1);

    if (at >= MARKS)
        return NULL;
    marks[at].handed_over = 1;
    return &marks[at];
}

/* A request that nobody uses; only the owning thread gets started ones. */
static struct item *take(int is_started)
{
    struct item *found = NULL;
    unsigned at, start = below(REQUESTS);

    if (is_started && !mine()->is_owner)
        return NULL;
    pthread_mutex_lock(&lock);
    for (at = 0; at < REQUESTS && found == NULL; at++) {
        struct item *one = &items[(start + at) % REQUESTS];

        if (one->request != NULL && !one->is_busy &&
            one->is_started == is_started)
            found = one;
    }
    if (found != NULL)
        found->is_busy = 1;
    pthread_mutex_unlock(&lock);
    return found;
}

static void put_back(struct item *item)
{
    pthread_mutex_lock(&lock);
    item->is_busy = 0;
    pthread_mutex_unlock(&lock);
}

static void forget(struct item *item)
{
    mcp_request *request = item->request;

    /* In the pool it stays busy until it is freed: callbacks look there. */
    mcp_request_free(request);
    pthread_mutex_lock(&lock);
    item->request = NULL;
    item->is_busy = 0;
    pthread_mutex_unlock(&lock);
}

static void set_progress(mcp_request *request)
{
    struct mark *mark = new_mark();

    if (mark != NULL)
        mcp_request_set_progress(request, on_progress, mark, release);
}

static mcp_request *new_request(void)
{
    static const char *const tools[] = {"text", "slow", "log", "push", "hang",
        "drops", "ask", "breaks", "batch", "later", "nothing"};

    switch (below(6)) {
    case 0:
        return mcp_request_new(client, "ping", NULL);
    case 1:
        return mcp_request_new(client, "tools/list", "{}");
    case 2:
        return mcp_request_new_read_resource(client, "a:b");
    case 3:
        return mcp_request_new_get_prompt(client, "n", NULL);
    default:
        return mcp_request_new_call_tool(
            client, tools[below(11)], "{\"a\":1}");
    }
}

static void make_request(void)
{
    struct item *item = NULL;
    mcp_request *request;
    struct mark *mark;
    int at, has_callback = 0;

    if (is_ending)
        return;
    request = new_request();
    if (request == NULL)
        return;
    mcp_request_set_timeout(request, 20 + (int)below(300));
    if (one_in(2))
        set_progress(request);
    if (one_in(3))
        mcp_request_set_cancel(request, cancels[below(CANCELS)]);
    if (one_in(4))
        mcp_request_set_header(request, "X-A", one_in(2) ? "b" : NULL);
    mark = one_in(3) ? new_mark() : NULL;
    /* A closed client refuses it, and releases the user data. */
    if (mark != NULL &&
        mcp_request_set_done(request, on_done, mark, release) == MCP_OK)
        has_callback = 1;
    pthread_mutex_lock(&lock);
    for (at = 0; at < REQUESTS && item == NULL; at++) {
        if (items[at].request == NULL)
            item = &items[at];
    }
    if (item != NULL) {
        item->request = request;
        item->handed_out = item->is_started = item->is_busy = 0;
        item->has_callback = has_callback;
        if (has_callback)
            mark->item = item;
        mcp_request_set_userdata(request, item);
    }
    pthread_mutex_unlock(&lock);
    if (item == NULL)
        mcp_request_free(request);
}

static void start_request(void)
{
    struct item *item = take(0);

    if (item == NULL)
        return;
    /* The owner gets it only when it is put back. */
    if (mcp_request_start(item->request) == MCP_OK)
        item->is_started = 1;
    put_back(item);
}

static void perform_request(void)
{
    struct item *item = take(0);
    mcp_result *result = NULL;

    if (item == NULL)
        return;
    mcp_request_perform(item->request, one_in(4) ? NULL : &result);
    mcp_result_free(result);
    put_back(item);
}

static void free_request(void)
{
    struct item *item = take((int)below(2));

    if (item != NULL)
        forget(item);
}

static void hand_out(struct item *item)
{
    if (__sync_add_and_fetch(&item->handed_out, 1) > 1)
        wrong("a request is handed out twice");
}

static void wait_for_request(void)
{
    struct item *item = take(1);
    int32_t before, status;

    if (item == NULL)
        return;
    before = item->handed_out;
    status = mcp_request_wait(item->request, (int)below(60));
    /* One whose status it told was handed out by it. */
    if (status != MCP_PENDING && status == mcp_request_status(item->request) &&
        before == 0 && !item->has_callback)
        hand_out(item);
    put_back(item);
}

static void take_result(void)
{
    struct item *item = take(1);
    mcp_result *result = NULL;

    if (item == NULL)
        return;
    mcp_request_take_result(item->request, one_in(4) ? NULL : &result);
    mcp_result_free(result);
    put_back(item);
}

/* What next_done gives may be in use further out on this thread, where it is
 * waited for: it is freed there or later. */
static int take_one_done(void)
{
    mcp_request *request;
    struct item *item;
    int is_mine = 0;

    if (!mine()->is_owner)
        return 0;
    request = mcp_client_next_done(client);
    if (request == NULL)
        return 0;
    item = mcp_request_userdata(request);
    if (item->request != request) {
        wrong("a request is handed out that was freed");
        return 1;
    }
    if (item->has_callback)
        wrong("a request with a done callback is handed out");
    hand_out(item);
    pthread_mutex_lock(&lock);
    if (!item->is_busy)
        item->is_busy = is_mine = 1;
    pthread_mutex_unlock(&lock);
    if (is_mine && one_in(2))
        forget(item);
    else if (is_mine)
        put_back(item);
    return 1;
}

static void take_done(void)
{
    take_one_done();
}

static void change_request(void)
{
    struct item *item = take((int)below(2));

    if (item == NULL)
        return;
    switch (below(5)) {
    case 0:
        set_progress(item->request);
        break;
    case 3:
        if (mcp_request_cancel(item->request) == MCP_OK && !item->is_started)
            wrong("a request is cancelled that is not in flight");
        break;
    case 1:
        mcp_request_set_progress(item->request, NULL, NULL, NULL);
        break;
    case 2:
        mcp_request_set_cancel(
            item->request, one_in(2) ? NULL : cancels[below(CANCELS)]);
        break;
    default:
        mcp_request_set_timeout(item->request, 1 + (int)below(200));
        break;
    }
    put_back(item);
}

static void set_handler(void)
{
    int is_none = one_in(5);
    struct mark *mark = is_none ? NULL : new_mark();
    mcp_free_fn letting_go = mark == NULL ? NULL : release;

    if (!is_none && mark == NULL)
        return;
    switch (below(is_http ? 3 : 2)) {
    case 0:
        mcp_client_set_event_handler(
            client, is_none ? NULL : on_event, mark, letting_go);
        break;
    case 1:
        mcp_client_set_input_handler(
            client, 15, is_none ? NULL : on_input, mark, letting_go);
        break;
    default:
        mcp_client_set_token_handler(
            client, is_none ? NULL : on_token, mark, letting_go);
        break;
    }
}

static void set_option(void)
{
    switch (below(8)) {
    case 0:
        mcp_client_set_timeout(client, 20 + (int)below(300));
        break;
    case 1:
        mcp_client_set_roots_json(
            client, one_in(2) ? NULL : "[{\"uri\":\"file:///a\"}]");
        break;
    case 2:
        mcp_client_set_limit(client, MCP_LIMIT_MESSAGE_SIZE,
                             (int64_t)(1000 + below(100000)));
        break;
    case 3:
        mcp_client_set_info(client, "hostile", "1");
        break;
    case 4:
        mcp_client_set_limit(client, MCP_LIMIT_CONNECT_TIME, 200 + (int)below(800));
        break;
    case 5:
        mcp_client_set_header(client, "X-A", one_in(2) ? NULL : "b");
        break;
    case 6:
        mcp_client_set_allow(client, MCP_ALLOW_RESTART, (int)below(2));
        break;
    default:
        mcp_client_set_token(client, one_in(2) ? NULL : test_token);
        break;
    }
}

/* A blocking call; those of a name that the server may not have too. */
static void call(void)
{
    mcp_result *result = NULL;

    switch (below(11)) {
    case 0:
        mcp_connect(client, &result);
        break;
    case 1:
        mcp_ping(client);
        break;
    case 2:
        mcp_list_tools(client, &result);
        break;
    case 3:
        mcp_call_tool(
            client, one_in(2) ? "slow" : "ask", "{\"pause\":1}", &result);
        break;
    case 4:
        mcp_read_resource(client, "a:b", &result);
        break;
    case 5:
        mcp_get_prompt(client, "n", NULL, &result);
        break;
    case 6:
        mcp_subscribe_resource(client, "a:b");
        break;
    case 7:
        mcp_notify(client, "notifications/x", NULL);
        break;
    case 8:
        mcp_listen(client, (int)below(512));
        break;
    case 9:
        mcp_list_resource_templates(client, &result);
        break;
    default:
        mcp_list_resources(client, &result);
        break;
    }
    mcp_error_message(NULL);
    mcp_result_free(result);
}

static void answer(mcp_input *input)
{
    switch (below(6)) {
    case 0:
        mcp_input_accept(input, "{}");
        break;
    case 1:
        mcp_input_decline(input);
        break;
    case 2:
        mcp_input_dismiss(input);
        break;
    case 3:
        mcp_input_fail(input, -1, "no");
        break;
    case 4:
        mcp_input_reply_json(input, "{\"action\":\"accept\",\"content\":{}}");
        break;
    default:
        break;
    }
    mcp_input_free(input);
}

static mcp_input *swap_input(mcp_input *input)
{
    unsigned at = below(INPUTS);
    mcp_input *old;

    pthread_mutex_lock(&lock);
    old = inputs[at];
    inputs[at] = input;
    pthread_mutex_unlock(&lock);
    return old;
}

static void answer_later(void)
{
    mcp_input *input = swap_input(NULL);

    if (input != NULL)
        answer(input);
}

static void change_cancel(void)
{
    size_t at = below(CANCELS);

    if (one_in(2)) {
        mcp_cancel_fire(cancels[at]);
        return;
    }
    mcp_cancel_free(cancels[at]); /* its requests keep a reference */
    cancels[at] = mcp_cancel_new();
}

static void look_at_fd(void)
{
    struct pollfd entry;

    entry.fd = mcp_client_fd(client);
    entry.events = POLLIN;
    poll(&entry, 1, (int)below(5));
}

static void dispatch(void)
{
    mcp_client_dispatch(client, (int)below(20));
}

static void count(void)
{
    mcp_client_counter(client, (int)below(8));
}

static void close_client(void)
{
    if (!one_in(40))
        return;
    is_closed = 1;
    mcp_client_close(client);
}

/* Anything that is allowed here and now. */
static void act(void)
{
    static void (*const all[])(void) = {make_request, make_request,
        make_request, start_request, start_request, start_request,
        perform_request, free_request, wait_for_request, wait_for_request,
        take_result, take_done, take_done, dispatch, change_request,
        set_handler, set_option, call, call, change_cancel, answer_later,
        look_at_fd, count, close_client};

    __sync_fetch_and_add(&steps, 1);
    if (is_ending) {
        /* The client is not used again; requests outlive it. */
        free_request();
        return;
    }
    all[below(sizeof all / sizeof *all)]();
}

/* --------------------------------------------------------------- callbacks */

static void check_mark(void *userdata)
{
    struct mark *mark = userdata;

    check_thread();
    if (mark->released != 0)
        wrong("a callback gets user data that was released");
}

static void on_event(void *userdata, mcp_client *whose, const mcp_event *event)
{
    check_mark(userdata);
    if (whose != client)
        wrong("an event is of another client");
    mcp_event_kind(event);
    mcp_event_params_json(event, NULL);
    act_inside(2);
}

static void on_input(void *userdata, mcp_client *whose, mcp_input *input)
{
    check_mark(userdata);
    if (whose != client)
        wrong("a question is of another client");
    mcp_input_message(input);
    act_inside(3);
    if (one_in(3))
        input = swap_input(input);
    if (input != NULL)
        answer(input);
}

static void on_progress(
    void *userdata, mcp_request *request, const mcp_progress *progress)
{
    (void)request;
    mcp_progress_value(progress);
    mcp_progress_message(progress);
    check_mark(userdata);
    act_inside(3);
}

static void on_done(void *userdata, mcp_request *request)
{
    struct item *item = ((struct mark *)userdata)->item;
    int is_mine;

    check_mark(userdata);
    /* A callback on another thread may be freeing it: free does not wait for
     * this callback there. */
    pthread_mutex_lock(&lock);
    is_mine = item->request == request && !item->is_busy;
    if (item->request == request)
        hand_out(item);
    if (is_mine)
        item->is_busy = 1;
    pthread_mutex_unlock(&lock);
    if (is_mine && mcp_request_status(request) == MCP_PENDING)
        wrong("a done callback gets a request in flight");
    if (is_mine && one_in(3))
        forget(item);
    else if (is_mine)
        put_back(item);
    act_inside(3);
}

static int32_t on_token(
    void *userdata, mcp_client *whose, mcp_token_request *request)
{
    int32_t status = MCP_OK;

    (void)whose;
    check_mark(userdata);
    act_inside(4);
    mcp_token_request_refused(request);
    mcp_token_request_challenge(request, "scope");
    if (one_in(8))
        status = MCP_E_AUTH;
    else if (!one_in(8))
        mcp_token_request_answer(request, test_token, strlen(test_token));
    else if (one_in(2))
        mcp_token_request_fail(request, "not now");
    mcp_token_request_free(request);
    return status;
}

/* ------------------------------------------------------------- one episode */

struct worker {
    pthread_t thread;
    struct mine me;
    int count;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    int at;

    pthread_setspecific(own, &worker->me);
    for (at = 0; at < worker->count; at++)
        act();
    while (take_one_done())
        continue;
    return NULL;
}

/* A client of one of several kinds of servers. */
static mcp_client *new_client(
    struct served *served, pthread_t *server, int *has_server)
{
    static const char *const paths[] = {"/full/mcp", "/full-stateless/mcp",
        "/full-handshake/mcp", "/asks/mcp", "/forget/mcp", "/close/mcp",
        "/full-sse/sse"};
    const char *argv[3];
    int fds[2];

    *has_server = 0;
    is_http = 0;
    switch (below(4)) {
    case 0:
        is_http = 1;
        return mcp_client_new(test_path(paths[below(7)]), test_token);
    case 1:
        argv[0] = getenv("TEST_SERVER");
        argv[1] = "--stdio";
        argv[2] = NULL;
        if (argv[0] != NULL)
            return mcp_client_new_stdio(argv);
        /* Fall through. */
    default:
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
            return NULL;
        served->fd = fds[1];
        served->seed = below(1u << 30);
        *has_server = pthread_create(server, NULL, serve, served) == 0;
        return mcp_client_new_fds(fds[0], dup(fds[0]));
    }
}

/* Each started request has been handed out, once the client is closed. */
static void check_handed_out(void)
{
    int at;

    for (at = 0; at < REQUESTS; at++) {
        if (items[at].request != NULL && items[at].is_started &&
            items[at].handed_out == 0) {
            wrong("a request in flight is not handed out after "
                  "mcp_client_close()");
            return;
        }
    }
}

static void free_all(void)
{
    struct item *item;

    while ((item = take(0)) != NULL || (item = take(1)) != NULL)
        forget(item);
}

static void check_released(void)
{
    int at, count = mark_count < MARKS ? mark_count : MARKS;

    for (at = 0; at < count; at++) {
        if (marks[at].handed_over && marks[at].released != 1) {
            wrong("user data is not released");
            return;
        }
    }
}

static void episode(void)
{
    struct worker workers[THREADS];
    struct served served;
    pthread_t server;
    int has_server, at, count = 1 + (int)below(THREADS);

    memset(marks, 0, sizeof marks);
    memset(items, 0, sizeof items);
    memset(inputs, 0, sizeof inputs);
    memset(workers, 0, sizeof workers);
    mark_count = is_closed = is_ending = 0;
    client = new_client(&served, &server, &has_server);
    if (client == NULL) {
        wrong(mcp_error_message(NULL));
        return;
    }
    mcp_client_set_timeout(client, 200);
    mcp_client_set_limit(client, MCP_LIMIT_CONNECT_TIME, 1000);
    /* A question that stays open stops the time of calls. */
    mcp_client_set_limit(client, MCP_LIMIT_INPUT_TIME, 300);
    mcp_client_set_deadline(client, 2000);
    for (at = 0; at < CANCELS; at++)
        cancels[at] = mcp_cancel_new();
    for (at = 0; at < 4; at++)
        set_handler();
    for (at = 0; at < count; at++) {
        workers[at].me.seed = below(1u << 30);
        workers[at].me.is_owner = at == 0;
        workers[at].count = 20 + (int)below(100);
        pthread_create(&workers[at].thread, NULL, work, &workers[at]);
    }
    for (at = 0; at < count; at++)
        pthread_join(workers[at].thread, NULL);
    if (one_in(2) || is_closed) {
        mcp_client_close(client);
        mcp_client_dispatch(client, 0);
        while (take_one_done())
            __sync_fetch_and_add(&steps, 1);
        check_handed_out();
    }
    is_ending = 1;
    if (one_in(2)) {
        free_all();
        mcp_client_free(client);
    } else {
        mcp_client_free(client);
        free_all();
    }
    for (at = 0; at < INPUTS; at++)
        mcp_input_free(inputs[at]);
    for (at = 0; at < CANCELS; at++)
        mcp_cancel_free(cancels[at]);
    if (has_server)
        pthread_join(server, NULL);
    check_released();
}

/* Ends a program that gets nowhere. */
static void *watch(void *argument)
{
    unsigned long before = 0;
    int idle = 0;

    (void)argument;
    while (!is_over) {
        sleep(1);
        idle = before == steps ? idle + 1 : 0;
        before = steps;
        if (idle > HANG) {
            printf(
                "not so: each call ends; stopped after %lu steps\n", before);
            fflush(stdout);
            abort();
        }
    }
    return NULL;
}

static long option(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : atol(text);
}

static void handlers_may_do_whatever_the_header_allows(void)
{
    struct mine me;
    pthread_t watcher;
    time_t end;
    int count = 0;

    /* RUN has its own clock, for tests that are short. */
    alarm(0);
    memset(&me, 0, sizeof me);
    me.is_owner = 1;
    me.seed = (unsigned long)option("HOSTILE_SEED", (long)time(NULL));
    printf("HOSTILE_SEED=%lu\n", me.seed);
    fflush(stdout);
    pthread_key_create(&own, NULL);
    pthread_setspecific(own, &me);
    pthread_create(&watcher, NULL, watch, NULL);
    end = time(NULL) + option("HOSTILE_SECONDS", 15);
    while (time(NULL) < end && wrongs == 0) {
        episode();
        count++;
    }
    is_over = 1;
    pthread_join(watcher, NULL);
    printf("%d episodes, %lu steps\n", count, steps);
    CHECK(wrongs == 0);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    RUN(handlers_may_do_whatever_the_header_allows);
    END();
}
