/* JSON values: built, read, and wrong in every way. */
#include <float.h>
#include <math.h>

#include "test.h"

static void value_is_built_place_by_place(void)
{
    mcp_json *json = mcp_json_new();
    size_t len = 0;

    CHECK(json != NULL);
    CHECK_STATUS(MCP_OK, mcp_json_set_string(json, "/name", "a \"b\"\n"));
    CHECK_STATUS(MCP_OK, mcp_json_set_integer(json, "/n/big", INT64_MAX));
    CHECK_STATUS(MCP_OK, mcp_json_set_number(json, "/n/half", 0.5));
    CHECK_STATUS(MCP_OK, mcp_json_set_boolean(json, "/n/yes", 7));
    CHECK_STATUS(MCP_OK, mcp_json_set_json(json, "/list/-", "null"));
    CHECK_STATUS(MCP_OK, mcp_json_set_json(json, "/list/-", " {\"x\": 1.50} "));
    CHECK_STATUS(MCP_OK, mcp_json_set_integer(json, "/list/0", 1));
    CHECK(strcmp(mcp_json_text(json, &len),
                 "{\"name\":\"a \\\"b\\\"\\n\",\"n\":{\"big\":9223372036854775807,"
                 "\"half\":0.5,\"yes\":true},\"list\":[1,{\"x\":1.50}]}") == 0);
    CHECK(len == strlen(mcp_json_text(json, NULL)));
    CHECK_STATUS(MCP_OK, mcp_json_set_string(json, "/name", "c"));
    CHECK(strncmp(mcp_json_text(json, NULL), "{\"name\":\"c\"", 11) == 0);
    CHECK_STATUS(MCP_OK, mcp_json_set_json(json, "", "[]"));
    CHECK(strcmp(mcp_json_text(json, NULL), "[]") == 0);
    mcp_json_free(json);
}

static void value_is_read_by_pointer_and_by_place(void)
{
    static const char text[] = "{\"a\":[10,-1.5,\"x\\u0000y\",true,null],\"b/c\":{}}";
    mcp_json *json = mcp_json_parse(text, sizeof text - 1);
    const mcp_json *a = mcp_json_at(json, "/a");
    size_t len = 0;

    CHECK(mcp_json_kind(json) == MCP_JSON_OBJECT && mcp_json_count(json) == 2);
    CHECK(mcp_json_kind(a) == MCP_JSON_ARRAY && mcp_json_count(a) == 5);
    CHECK(mcp_json_integer(mcp_json_child(a, 0), -1) == 10);
    CHECK(mcp_json_integer(mcp_json_child(a, 1), -1) == -1);
    CHECK(mcp_json_number(mcp_json_child(a, 1), 0) == -1.5);
    CHECK(mcp_json_string(mcp_json_child(a, 2), &len) != NULL && len == 3);
    CHECK(mcp_json_boolean(mcp_json_child(a, 3), 0) == 1);
    CHECK(mcp_json_kind(mcp_json_child(a, 4)) == MCP_JSON_NULL);
    CHECK(mcp_json_child(a, 5) == NULL && mcp_json_key(a, 0) == NULL);
    CHECK(strcmp(mcp_json_key(json, 1), "b/c") == 0);
    CHECK(mcp_json_kind(mcp_json_at(json, "/b~1c")) == MCP_JSON_OBJECT);
    CHECK(mcp_json_at(json, "/a/5") == NULL && mcp_json_at(json, "a") == NULL);
    CHECK(mcp_json_at(json, "") == json);
    CHECK(mcp_json_integer(NULL, 3) == 3 && mcp_json_number(json, 2) == 2);
    CHECK(mcp_json_string(a, &len) == NULL && len == 0);
    CHECK(strcmp(mcp_json_text(a, NULL), "[10,-1.5,\"x\\u0000y\",true,null]") == 0);
    mcp_json_free(json);
}

/* A set moves the texts of the value, also the one that it has as its pointer. */
static void pointer_may_be_a_text_of_the_value(void)
{
    char name[16];
    int count, i;

    for (count = 0; count < 20; count++) {
        mcp_json *json = mcp_json_new();

        CHECK_STATUS(MCP_OK, mcp_json_set_string(json, "/~1to~1a~1place", "/to/another/place"));
        for (i = 0; i < count; i++) {
            sprintf(name, "/k%d", i);
            CHECK_STATUS(MCP_OK, mcp_json_set_integer(json, name, i));
        }
        CHECK_STATUS(MCP_OK, mcp_json_set_integer(json, mcp_json_key(json, 0), 7));
        CHECK_STATUS(MCP_OK,
                     mcp_json_set_integer(json, mcp_json_string(mcp_json_child(json, 0), NULL), 8));
        CHECK(mcp_json_integer(mcp_json_at(json, "/to/a/place"), -1) == 7);
        CHECK(mcp_json_integer(mcp_json_at(json, "/to/another/place"), -1) == 8);
        CHECK(mcp_json_count(json) == (size_t)count + 2);
        mcp_json_free(json);
    }
}

static void invalid_operation_is_an_error_and_changes_nothing(void)
{
    mcp_json *json = mcp_json_new();
    mcp_json *part;
    char deep[1200];
    int i;

    CHECK(mcp_json_parse("{\n\"a\": }", 8) == NULL);
    CHECK(mcp_error_status(NULL) == MCP_E_INVALID_ARGUMENT);
    CHECK(strstr(mcp_error_message(NULL), "line 2") != NULL);
    CHECK(mcp_json_parse("\"\xff\"", 3) == NULL);
    CHECK(mcp_json_parse(NULL, 0) == NULL && mcp_json_parse("", 0) == NULL);
    for (i = 0; i < 600; i++) {
        deep[i] = '[';
        deep[1199 - i] = ']';
    }
    CHECK(mcp_json_parse(deep, sizeof deep) == NULL);
    CHECK(strstr(mcp_error_message(NULL), "512") != NULL);
    CHECK(mcp_json_parse(deep + 87, 2 * 513) == NULL);
    part = mcp_json_parse(deep + 88, 2 * 512);
    CHECK(mcp_json_count(part) == 1);
    mcp_json_free(part);
    /* A value that is built can be parsed as well. */
    deep[599] = deep[600] = ' ';
    deep[600 + 512] = '\0';
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT,
                 mcp_json_set_json(json, "/a/b", deep + 600 - 512));
    CHECK(strstr(mcp_error_message(NULL), "512") != NULL);
    deep[600 + 511] = '\0';
    CHECK_STATUS(MCP_OK, mcp_json_set_json(json, "/a/-", deep + 600 - 511));
    part = mcp_json_parse(mcp_json_text(json, NULL),
                          strlen(mcp_json_text(json, NULL)));
    CHECK(mcp_json_at(part, "/a/0/0/0") != NULL);
    mcp_json_free(part);
    CHECK_STATUS(MCP_OK, mcp_json_set_string(json, "/a", "x"));
    CHECK_STATUS(MCP_E_NOT_FOUND, mcp_json_set_string(json, "/a/b", "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_string(json, "a", "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_string(json, "/b", "\xff"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_string(json, "/b", NULL));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_string(json, NULL, "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_string(NULL, "/b", "x"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_json(json, "/b", "{"));
    CHECK_STATUS(MCP_E_INVALID_ARGUMENT, mcp_json_set_number(json, "/b", HUGE_VAL));
    CHECK(strcmp(mcp_json_text(json, NULL), "{\"a\":\"x\"}") == 0);
    mcp_json_free(json);
    mcp_json_free(NULL);
}

/* As many members as there are, and the last one of a name. */
static void large_values_are_read_at_once(void)
{
    enum { COUNT = 100000 };
    char *text = malloc(COUNT * 20);
    size_t len = 1;
    mcp_json *json;
    int i;

    CHECK(text != NULL);
    text[0] = '{';
    for (i = 0; i < COUNT; i++)
        len += (size_t)sprintf(text + len, "\"k%d\":%d,", i % (COUNT / 2), i);
    text[len - 1] = '}';
    json = mcp_json_parse(text, len);
    CHECK(mcp_json_count(json) == COUNT / 2);
    CHECK(mcp_json_integer(mcp_json_at(json, "/k7"), -1) == COUNT / 2 + 7);
    mcp_json_free(json);
    free(text);
}

static void numbers_read_back_as_they_were(void)
{
    static const double all[] = {0, -0.0, 1, 0.1, 1e300, DBL_MIN, DBL_MAX, 1.0 / 3};
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        mcp_json *json = mcp_json_new();

        CHECK_STATUS(MCP_OK, mcp_json_set_number(json, "/n", all[i]));
        CHECK(mcp_json_number(mcp_json_at(json, "/n"), -7) == all[i]);
        mcp_json_free(json);
    }
}

static void integer_is_exact_in_every_notation(void)
{
    static const char text[] =
        "[1e18, 9223372036854775807, -9223372036854775808.0, "
        "9007199254740993.0, 1.20e1, -0.0, "
        "1e19, 9223372036854775808, 9007199254740991.4, 1e-400, 1e400, \"1\"]";
    mcp_json *json = mcp_json_parse(text, sizeof text - 1);
    size_t i;

    CHECK(mcp_json_integer(mcp_json_child(json, 0), -7) / 1000000000 ==
          1000000000);
    CHECK(mcp_json_integer(mcp_json_child(json, 1), -7) == INT64_MAX);
    CHECK(mcp_json_integer(mcp_json_child(json, 2), -7) == INT64_MIN);
    CHECK(mcp_json_integer(mcp_json_child(json, 3), -7) % 1000 == 993);
    CHECK(mcp_json_integer(mcp_json_child(json, 4), -7) == 12);
    CHECK(mcp_json_integer(mcp_json_child(json, 5), -7) == 0);
    for (i = 6; i < mcp_json_count(json); i++)
        CHECK(mcp_json_integer(mcp_json_child(json, i), -7) == -7);
    CHECK(mcp_json_number(mcp_json_child(json, 10), -7) == HUGE_VAL);
    mcp_json_free(json);
}

int main(int argc, char **argv)
{
    BEGIN(argc, argv);
    RUN(value_is_built_place_by_place);
    RUN(value_is_read_by_pointer_and_by_place);
    RUN(pointer_may_be_a_text_of_the_value);
    RUN(invalid_operation_is_an_error_and_changes_nothing);
    RUN(large_values_are_read_at_once);
    RUN(numbers_read_back_as_they_were);
    RUN(integer_is_exact_in_every_notation);
    END();
}
