/* One field of a form: its type, its choices and bounds, and the value that a
 * typed line stands for. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "form.h"

enum { MOST_REASON = 200 };

static const char *string_at(const mcp_json *json, const char *pointer)
{
    return mcp_json_string(mcp_json_at(json, pointer), NULL);
}

static int is(const char *text, const char *other)
{
    return text != NULL && strcmp(text, other) == 0;
}

/* Returns the first type that is not null, of "type" or of "anyOf". */
const char *type_of(const mcp_json *schema)
{
    const mcp_json *type = mcp_json_at(schema, "/type");
    const mcp_json *others = mcp_json_at(schema, "/anyOf");
    const char *name = mcp_json_string(type, NULL);
    size_t i;

    for (i = 0; name == NULL && i < mcp_json_count(type); i++) {
        name = mcp_json_string(mcp_json_child(type, i), NULL);
        name = is(name, "null") ? NULL : name;
    }
    for (i = 0; name == NULL && i < mcp_json_count(others); i++) {
        name = string_at(mcp_json_child(others, i), "/type");
        name = is(name, "null") ? NULL : name;
    }
    return name != NULL ? name : "string";
}

int is_array(const mcp_json *schema)
{
    return is(type_of(schema), "array");
}

/* The values that a field may have.  `list` is NULL if it may have any. */
struct choices {
    const mcp_json *list;  /* values, or {"const":, "title":} objects */
    const mcp_json *names; /* strings, or NULL */
};

/* "oneOf" and "anyOf" are choices only if each has a constant. */
static const mcp_json *constants(const mcp_json *list)
{
    size_t i;

    for (i = 0; i < mcp_json_count(list); i++)
        if (mcp_json_at(mcp_json_child(list, i), "/const") == NULL)
            return NULL;
    return mcp_json_count(list) > 0 ? list : NULL;
}

static struct choices choices_of(const mcp_json *schema)
{
    struct choices choices;

    if (is_array(schema) && mcp_json_at(schema, "/items") != NULL)
        schema = mcp_json_at(schema, "/items");
    choices.list = mcp_json_at(schema, "/enum");
    choices.names = mcp_json_at(schema, "/enumNames");
    if (mcp_json_kind(choices.list) != MCP_JSON_ARRAY)
        choices.list = constants(mcp_json_at(schema, "/oneOf"));
    if (choices.list == NULL)
        choices.list = constants(mcp_json_at(schema, "/anyOf"));
    return choices;
}

static const mcp_json *choice(const struct choices *choices, size_t i)
{
    const mcp_json *one = mcp_json_child(choices->list, i);
    const mcp_json *value = mcp_json_at(one, "/const");

    return value != NULL ? value : one;
}

/* Returns a value as a person types it: a string without its quotes. */
static const char *shown(const mcp_json *value)
{
    const char *text = mcp_json_string(value, NULL);

    if (text == NULL && value != NULL)
        text = mcp_json_text(value, NULL);
    return text;
}

static const char *title_of(const struct choices *choices, size_t i)
{
    const char *title =
        string_at(mcp_json_child(choices->list, i), "/title");

    return title != NULL
               ? title
               : mcp_json_string(mcp_json_child(choices->names, i), NULL);
}

static void put_choices(FILE *to, const struct choices *choices)
{
    size_t i;

    for (i = 0; i < mcp_json_count(choices->list); i++) {
        const char *value = shown(choice(choices, i));
        const char *title = title_of(choices, i);

        fprintf(to, "    %lu) ", (unsigned long)i + 1);
        put_word(to, value);
        if (title != NULL) {
            fputs(" - ", to);
            put_word(to, title);
        }
        fputc('\n', to);
    }
}

/* Returns the value that the line names: by itself, by its number, or by its
 * title; or NULL. */
static const mcp_json *choose(const struct choices *choices, const char *line)
{
    size_t i, count = mcp_json_count(choices->list);
    unsigned long number;
    char *end;

    for (i = 0; i < count; i++)
        if (is(shown(choice(choices, i)), line))
            return choice(choices, i);
    number = strtoul(line, &end, 10);
    if (*line != '\0' && *end == '\0' && number >= 1 && number <= count)
        return choice(choices, (size_t)number - 1);
    for (i = 0; i < count; i++) {
        const char *value = shown(choice(choices, i));
        const char *title = title_of(choices, i);

        if ((value != NULL && strcasecmp(value, line) == 0) ||
            (title != NULL && strcasecmp(title, line) == 0))
            return choice(choices, i);
    }
    return NULL;
}

/* Writes why a value is refused; returns 0. */
static int refuse(char *reason, const char *what, const mcp_json *bound,
                  const char *unit)
{
    const char *number = shown(bound);

    snprintf(reason, MOST_REASON, "%s%.40s%s", what,
             number != NULL ? number : "", unit);
    return 0;
}

static int is_bound(const mcp_json *bound)
{
    return mcp_json_kind(bound) == MCP_JSON_NUMBER;
}

static int check_number(const mcp_json *schema, double number, char *reason)
{
    const mcp_json *least = mcp_json_at(schema, "/minimum");
    const mcp_json *most = mcp_json_at(schema, "/maximum");
    const mcp_json *above = mcp_json_at(schema, "/exclusiveMinimum");
    const mcp_json *below = mcp_json_at(schema, "/exclusiveMaximum");

    if (is_bound(least) && number < mcp_json_number(least, 0))
        return refuse(reason, "must be at least ", least, "");
    if (is_bound(most) && number > mcp_json_number(most, 0))
        return refuse(reason, "must be at most ", most, "");
    if (is_bound(above) && !(number > mcp_json_number(above, 0)))
        return refuse(reason, "must be more than ", above, "");
    if (is_bound(below) && !(number < mcp_json_number(below, 0)))
        return refuse(reason, "must be less than ", below, "");
    return 1;
}

/* Checks a number of characters or of choices. */
static int check_count(const mcp_json *least, const mcp_json *most,
                       size_t count, const char *unit, char *reason)
{
    if (is_bound(least) && (double)count < mcp_json_number(least, 0))
        return refuse(reason, "must have at least ", least, unit);
    if (is_bound(most) && (double)count > mcp_json_number(most, 0))
        return refuse(reason, "must have at most ", most, unit);
    return 1;
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* The formats.  The library checks them as well; here they are checked field
 * by field. */

static int is_email(const char *text)
{
    const char *at = strrchr(text, '@');

    return at != NULL && at != text && at[1] != '\0' && at[1] != '.' &&
           text[strlen(text) - 1] != '.' && strpbrk(text, " \t") == NULL;
}

static int is_uri(const char *text)
{
    size_t length = strcspn(text, ":");

    if (text[length] != ':' || text[length + 1] == '\0' ||
        !isalpha((unsigned char)text[0]) || strpbrk(text, " \t") != NULL)
        return 0;
    while (length > 0 && (isalnum((unsigned char)text[length - 1]) ||
                          strchr("+-.", text[length - 1]) != NULL))
        length--;
    return length == 0;
}

/* Reads a number of `count` digits; -1 if there are others. */
static int digits(const char **text, int count)
{
    int value = 0;

    for (; count > 0; count--, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return -1;
        value = 10 * value + (**text - '0');
    }
    return value;
}

static int take(const char **text, const char *one_of)
{
    if (**text == '\0' || strchr(one_of, **text) == NULL)
        return 0;
    (*text)++;
    return 1;
}

/* Reads a day of the calendar. */
static int take_date(const char **text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30,
                               31, 31, 30, 31, 30, 31};
    int year = digits(text, 4), month, day, last;

    if (year < 0 || !take(text, "-"))
        return 0;
    month = digits(text, 2);
    if (month < 1 || month > 12 || !take(text, "-"))
        return 0;
    last = days[month - 1];
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        last = 29;
    day = digits(text, 2);
    return day >= 1 && day <= last;
}

/* Reads a number from 0 to `most` of two digits. */
static int take_part(const char **text, int most)
{
    int value = digits(text, 2);

    return value >= 0 && value <= most;
}

static int take_time(const char **text)
{
    if (!take_part(text, 23) || !take(text, ":") || !take_part(text, 59) ||
        !take(text, ":") || !take_part(text, 60))
        return 0;
    if (take(text, ".")) {
        if (!isdigit((unsigned char)**text))
            return 0;
        while (isdigit((unsigned char)**text))
            (*text)++;
    }
    if (take(text, "Zz"))
        return 1;
    return take(text, "+-") && take_part(text, 23) && take(text, ":") &&
           take_part(text, 59);
}

static int check_format(const char *format, const char *text, char *reason)
{
    const char *rest = text;

    if (is(format, "email") && !is_email(text))
        return refuse(reason, "must be an email address, such as "
                              "ann@example.com", NULL, "");
    if (is(format, "uri") && !is_uri(text))
        return refuse(reason, "must be an address, such as "
                              "https://example.com/", NULL, "");
    if (is(format, "date") && !(take_date(&rest) && *rest == '\0'))
        return refuse(reason, "must be a date, such as 2025-11-25", NULL, "");
    if (is(format, "date-time") &&
        !(take_date(&rest) && take(&rest, "Tt ") && take_time(&rest) &&
          *rest == '\0'))
        return refuse(reason, "must be a date and time with its zone, such "
                              "as 2025-11-25T10:00:00Z", NULL, "");
    return 1;
}

static int check_text(const mcp_json *schema, const char *text, char *reason)
{
    return check_count(mcp_json_at(schema, "/minLength"),
                       mcp_json_at(schema, "/maxLength"), characters(text),
                       " characters", reason) &&
           check_format(string_at(schema, "/format"), text, reason);
}

static int put_choice(mcp_json *form, const char *pointer,
                      const struct choices *choices, const char *line,
                      char *reason)
{
    const mcp_json *value = choose(choices, line);

    if (value == NULL)
        return refuse(reason, "must be one of those above, by its number or "
                              "its name", NULL, "");
    return mcp_json_set_json(form, pointer, mcp_json_text(value, NULL)) ==
           MCP_OK;
}

/* Stores values that are separated by commas as an array.  A value that was
 * given before is left out. */
static int put_several(mcp_json *form, const char *pointer,
                       const mcp_json *schema, const char *line, char *reason)
{
    struct choices choices = choices_of(schema);
    char copy[MOST_LINE], place[MOST_POINTER + 24], *part, *next;
    size_t count = 0, i;

    if (mcp_json_set_json(form, pointer, "[]") != MCP_OK)
        return 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (part = copy; part != NULL; part = next) {
        const mcp_json *array = mcp_json_at(form, pointer);
        int is_new = 1;

        next = strchr(part, ',');
        if (next != NULL)
            *next++ = '\0';
        part = trim(part);
        if (*part == '\0')
            continue;
        snprintf(place, sizeof place, "%s/-", pointer);
        if (choices.list != NULL) {
            const mcp_json *value = choose(&choices, part);

            for (i = 0; value != NULL && i < count; i++)
                is_new = is_new && !is(mcp_json_text(mcp_json_child(array, i),
                                                     NULL),
                                       mcp_json_text(value, NULL));
            if (is_new && !put_choice(form, place, &choices, part, reason))
                return 0;
        } else if (mcp_json_set_string(form, place, part) != MCP_OK) {
            return 0;
        }
        count += (size_t)is_new;
    }
    return check_count(mcp_json_at(schema, "/minItems"),
                       mcp_json_at(schema, "/maxItems"), count, " values",
                       reason);
}

static int is_one_of(const char *line, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasecmp(*words, line) == 0)
            return 1;
    return 0;
}

static int put_boolean(mcp_json *form, const char *pointer, const char *line,
                       char *reason)
{
    static const char *const yes[] = {"y", "yes", "true", "t", "on", "1",
                                      NULL};
    static const char *const no[] = {"n", "no", "false", "f", "off", "0",
                                     NULL};
    int is_yes = is_one_of(line, yes);

    if (!is_yes && !is_one_of(line, no))
        return refuse(reason, "must be y or n", NULL, "");
    return mcp_json_set_boolean(form, pointer, is_yes) == MCP_OK;
}

static int put_number(mcp_json *form, const char *pointer,
                      const mcp_json *schema, int is_whole, const char *line,
                      char *reason)
{
    mcp_json *json = mcp_json_parse(line, strlen(line));
    double number = mcp_json_number(json, NAN);
    int is_number = mcp_json_kind(json) == MCP_JSON_NUMBER;

    mcp_json_free(json);
    if (is_whole && (!is_number || number != floor(number)))
        return refuse(reason, "must be a whole number, such as 5", NULL, "");
    if (!is_number)
        return refuse(reason, "must be a number, such as 1.5", NULL, "");
    return check_number(schema, number, reason) &&
           mcp_json_set_json(form, pointer, line) == MCP_OK;
}

/* Stores a line as the type that the schema wants.  Returns 0 and the reason
 * if the line does not fit. */
static int put_typed(mcp_json *form, const char *pointer,
                     const mcp_json *schema, const char *line, char *reason)
{
    const char *type = type_of(schema);
    struct choices choices = choices_of(schema);

    if (is(type, "array"))
        return put_several(form, pointer, schema, line, reason);
    if (choices.list != NULL)
        return put_choice(form, pointer, &choices, line, reason);
    if (is(type, "boolean"))
        return put_boolean(form, pointer, line, reason);
    if (is(type, "integer") || is(type, "number"))
        return put_number(form, pointer, schema, is(type, "integer"), line,
                          reason);
    return check_text(schema, line, reason) &&
           mcp_json_set_string(form, pointer, line) == MCP_OK;
}

const char *put_value(mcp_json *form, const char *pointer,
                      const mcp_json *schema, const char *line)
{
    static char reason[MOST_REASON];

    snprintf(reason, sizeof reason, "cannot be stored");
    return put_typed(form, pointer, schema, line, reason) ? NULL : reason;
}

/* Writes the default as a person would type it; 0 if there is none, or none
 * that fits. */
int default_of(const mcp_json *schema, char *line, size_t size)
{
    const mcp_json *value = mcp_json_at(schema, "/default");
    mcp_json *form;
    size_t i, length = 0;
    int is_good;

    if (value == NULL || mcp_json_kind(value) == MCP_JSON_NULL)
        return 0;
    line[0] = '\0';
    if (mcp_json_kind(value) == MCP_JSON_BOOLEAN) {
        snprintf(line, size, "%s", mcp_json_boolean(value, 0) ? "y" : "n");
    } else if (mcp_json_kind(value) == MCP_JSON_ARRAY) {
        for (i = 0; i < mcp_json_count(value) && length < size; i++)
            length += (size_t)snprintf(line + length, size - length, "%s%s",
                                       i > 0 ? ", " : "",
                                       shown(mcp_json_child(value, i)));
    } else {
        length = (size_t)snprintf(line, size, "%s", shown(value));
    }
    if (length >= size)
        return 0;
    form = mcp_json_new();
    is_good = put_value(form, "/value", schema, line) == NULL;
    mcp_json_free(form);
    return is_good;
}

/* Writes the bounds: ", 0 to 150" or ", at least 2 characters". */
static void put_bounds(FILE *to, const mcp_json *least, const mcp_json *most,
                       const char *unit)
{
    if (is_bound(least) && is_bound(most))
        fprintf(to, ", %.40s to %.40s%s", shown(least), shown(most), unit);
    else if (is_bound(least))
        fprintf(to, ", at least %.40s%s", shown(least), unit);
    else if (is_bound(most))
        fprintf(to, ", at most %.40s%s", shown(most), unit);
}

void put_field(FILE *to, const char *name, const mcp_json *schema,
               int must_be)
{
    const char *title = string_at(schema, "/title");
    const char *about = string_at(schema, "/description");
    const char *format = string_at(schema, "/format");
    const char *type = type_of(schema);
    struct choices choices = choices_of(schema);

    fputs("  ", to);
    put_word(to, title != NULL ? title : name);
    if (about != NULL) {
        fputs(": ", to);
        put_word(to, about);
    }
    fputs(" (", to);
    if (is(type, "boolean"))
        fputs("y or n", to);
    else if (is(type, "array"))
        fputs("several values separated by commas", to);
    else if (choices.list != NULL)
        fputs("one of these", to);
    else
        put_word(to, is(type, "string") && format != NULL ? format : type);
    if (is(type, "array"))
        put_bounds(to, mcp_json_at(schema, "/minItems"),
                   mcp_json_at(schema, "/maxItems"), " values");
    else if (choices.list == NULL && is(type, "string"))
        put_bounds(to, mcp_json_at(schema, "/minLength"),
                   mcp_json_at(schema, "/maxLength"), " characters");
    else if (choices.list == NULL)
        put_bounds(to, mcp_json_at(schema, "/minimum"),
                   mcp_json_at(schema, "/maximum"), "");
    fputs(must_be ? ", required)\n" : ")\n", to);
    put_choices(to, &choices);
}
