/* What a tool's schema says of its arguments, in the words of `call`:
 * state=open|closed [limit=integer, 10] */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum {
    MOST_DEPTH = 8,
    MOST_LEVELS = 6, /* of members of members */
    MOST_WORK = 10000000, /* for one schema, in members that are searched */
    MOST_ALL_WORK = 50000000, /* for all schemas */
    SCHEMA_WORK = 50,      /* beside its members */
    MOST_CHOICES = 200,    /* of one argument */
    CUT = 4,          /* bytes that show where a list of choices was cut */
    SHORT_TYPE = 104,
    SHORT_OBJECT = 60,
    SHORT_DEFAULT = 40
};

/* A text with a limit. */
struct text {
    char data[2000];
    size_t length, most;
    int is_cut;
};

struct look {
    const mcp_json *root;
    size_t work;
    size_t members; /* what a reference searches at most */
    const mcp_json *last, *target; /* the last schema with a reference */
    int is_full; /* members are written below, so not in the type */
    size_t level;
    const mcp_json *open[MOST_LEVELS]; /* the objects around this one */
};

/* Of all schemas: a server may list thousands of tools. */
static size_t all_work;

/* Counts work.  References make a small schema stand for a huge one. */
static void charge(struct look *look, size_t work)
{
    look->work += work;
    all_work += work;
}

static int is_spent(const struct look *look)
{
    return look->work > MOST_WORK || all_work > MOST_ALL_WORK;
}

static void begin(struct text *text, size_t most)
{
    text->length = 0;
    text->data[0] = '\0';
    text->most = most < sizeof text->data - 8 ? most : sizeof text->data - 8;
    text->is_cut = 0;
}

/* Ends a text that lacks the rest. */
static void put_cut(struct text *text, const char *sign)
{
    strcpy(text->data + text->length, sign); /* begin() leaves room */
    text->length += strlen(sign);
    text->is_cut = 1;
}

/* Appends as much as there is room for, without cutting a character. */
static void add_bytes(struct text *text, const char *bytes, size_t length)
{
    size_t room = text->most - text->length;

    if (text->is_cut)
        return;
    text->is_cut = length > room;
    if (text->is_cut) {
        length = room;
        while (length > 0 && ((unsigned char)bytes[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    if (text->is_cut) {
        put_cut(text, "...");
        return;
    }
    text->data[text->length] = '\0';
}

static void add(struct text *text, const char *word)
{
    add_bytes(text, word, strlen(word));
}

static int is_kind(const mcp_json *json, int kind)
{
    return json != NULL && (int)mcp_json_kind(json) == kind;
}

/* Appends a value as a person types it: a string without quotes, if it can
 * stand so, and other values as JSON. */
static void add_value(struct text *text, const mcp_json *value)
{
    size_t length = 0, i;
    const char *bytes = mcp_json_string(value, &length);
    int is_plain = bytes != NULL && length > 0;

    for (i = 0; is_plain && i < length && i < sizeof text->data; i++)
        is_plain = (unsigned char)bytes[i] > ' ' && bytes[i] != 0x7F &&
                   strchr("\"|,[]{}", bytes[i]) == NULL;
    if (!is_plain)
        bytes = mcp_json_text(value, &length);
    if (bytes != NULL)
        add_bytes(text, bytes, length);
}

/* Returns the schema that a "$ref" of this document names; or NULL. */
static const mcp_json *referred(struct look *look, const mcp_json *schema)
{
    const char *reference =
        mcp_json_string(mcp_json_at(schema, "/$ref"), NULL);

    if (schema == look->last)
        return look->target;
    if (reference == NULL || reference[0] != '#' ||
        is_spent(look))
        return NULL;
    charge(look, look->members + strlen(reference));
    look->last = schema;
    look->target = mcp_json_at(look->root, reference + 1);
    return look->target;
}

/* Returns 1 if a list of choices contains a choice. */
static int has_choice(const char *list, const char *choice)
{
    size_t length = strlen(choice);
    const char *at;

    for (at = list; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, choice, length) == 0 &&
            (at[length] == '\0' || at[length] == '|'))
            return 1;
    }
    return 0;
}

/* Appends a choice that the list does not contain yet. */
static void add_choice(struct text *to, const struct text *choice)
{
    if (choice->length == 0 || has_choice(to->data, choice->data))
        return;
    /* A value that is cut is none: the list ends before it. */
    if (to->length > 0 &&
        to->length + 1 + choice->length + CUT > to->most) {
        if (!to->is_cut)
            put_cut(to, "|..."); /* CUT bytes */
        return;
    }
    if (to->length > 0)
        add(to, "|");
    add_bytes(to, choice->data, choice->length);
    to->is_cut |= choice->is_cut;
}

static void add_type(struct text *to, struct look *look,
                     const mcp_json *schema, int depth);

static void add_type_choice(struct text *to, struct look *look,
                            const mcp_json *schema, int depth)
{
    struct text one;

    begin(&one, to->most);
    add_type(&one, look, schema, depth);
    add_choice(to, &one);
}

static void add_values(struct text *to, const mcp_json *values)
{
    size_t i, count = mcp_json_count(values);

    for (i = 0; i < count && !to->is_cut; i++) {
        struct text one;

        begin(&one, to->most);
        add_value(&one, mcp_json_child(values, i));
        add_choice(to, &one);
    }
}

/* Appends the members of an object, if they are short: {a=integer [b=string]}
 */
static int add_members(struct text *to, struct look *look,
                       const mcp_json *schema, int depth)
{
    const mcp_json *fields = mcp_json_at(schema, "/properties");
    size_t i, count = mcp_json_count(fields);
    struct required required;
    struct text all;

    if (look->is_full || depth > 2 || count == 0 || count > SHORT_OBJECT / 4)
        return 0;
    begin(&all, SHORT_OBJECT);
    find_required(&required, schema);
    charge(look, required.count);
    for (i = 0; i < count && !all.is_cut; i++) {
        const char *name = mcp_json_key(fields, i);
        int must_be = name != NULL && is_required(&required, name);
        struct text type;

        begin(&type, SHORT_OBJECT);
        add_type(&type, look, mcp_json_child(fields, i), depth + 1);
        add(&all, i == 0 ? "{" : " ");
        add(&all, must_be ? "" : "[");
        add(&all, name != NULL ? name : "?");
        add(&all, "=");
        add_bytes(&all, type.data, type.length);
        add(&all, must_be ? "" : "]");
    }
    forget_required(&required);
    add(&all, "}");
    if (all.is_cut)
        return 0;
    add_bytes(to, all.data, all.length);
    return 1;
}

static void add_array(struct text *to, struct look *look,
                      const mcp_json *schema, int depth)
{
    struct text items;

    begin(&items, SHORT_TYPE);
    add_type(&items, look, mcp_json_at(schema, "/items"), depth + 1);
    if (items.length == 0 || items.is_cut) {
        add(to, "array");
        return;
    }
    add(to, strchr(items.data, '|') != NULL && items.data[0] != '{' ? "(" : "");
    add_bytes(to, items.data, items.length);
    add(to, strchr(items.data, '|') != NULL && items.data[0] != '{' ? ")[]"
                                                                    : "[]");
}

/* Appends the type of a name in "type". */
static void add_named(struct text *to, struct look *look, const char *name,
                      const mcp_json *schema, int depth)
{
    struct text one;

    begin(&one, to->most);
    if (strcmp(name, "array") == 0)
        add_array(&one, look, schema, depth);
    else if (strcmp(name, "object") != 0 ||
             !add_members(&one, look, schema, depth))
        add(&one, name);
    add_choice(to, &one);
}

/* Appends what the members of "anyOf", "oneOf" or "allOf" say. */
static void add_parts(struct text *to, struct look *look,
                      const mcp_json *schema, int depth)
{
    static const char *const names[] = {"/anyOf", "/oneOf", "/allOf"};
    size_t i, k;

    for (k = 0; k < sizeof names / sizeof *names && to->length == 0; k++) {
        const mcp_json *parts = mcp_json_at(schema, names[k]);
        size_t count = mcp_json_count(parts);

        /* Of "allOf", the first part that says something. */
        for (i = 0; i < count && i < MOST_CHOICES && !to->is_cut &&
                    (k < 2 || to->length == 0);
             i++)
            add_type_choice(to, look, mcp_json_child(parts, i), depth + 1);
    }
}

/* Appends the type of a value: string, integer|null, open|closed, string[].
 * Appends nothing if the schema does not say. */
static void add_type(struct text *to, struct look *look,
                     const mcp_json *schema, int depth)
{
    const mcp_json *type, *values;
    size_t i;

    if (depth > MOST_DEPTH || is_spent(look) ||
        !is_kind(schema, MCP_JSON_OBJECT))
        return;
    charge(look, SCHEMA_WORK + mcp_json_count(schema));
    values = mcp_json_at(schema, "/enum");
    type = mcp_json_at(schema, "/type");
    if (is_kind(values, MCP_JSON_ARRAY) && mcp_json_count(values) > 0) {
        charge(look, mcp_json_count(values));
        add_values(to, values);
    } else if (mcp_json_at(schema, "/const") != NULL) {
        add_value(to, mcp_json_at(schema, "/const"));
    } else if (mcp_json_string(type, NULL) != NULL) {
        add_named(to, look, mcp_json_string(type, NULL), schema, depth);
    } else if (is_kind(type, MCP_JSON_ARRAY)) {
        for (i = 0; i < mcp_json_count(type) && i < MOST_CHOICES; i++) {
            const char *name =
                mcp_json_string(mcp_json_child(type, i), NULL);

            if (name != NULL)
                add_named(to, look, name, schema, depth);
        }
    }
    if (to->length == 0)
        add_parts(to, look, schema, depth);
    if (to->length == 0 && mcp_json_at(schema, "/$ref") != NULL)
        add_type(to, look, referred(look, schema), depth + 1);
    if (to->length == 0 && mcp_json_at(schema, "/properties") != NULL)
        add_named(to, look, "object", schema, depth);
    if (to->length == 0 && mcp_json_at(schema, "/items") != NULL)
        add_array(to, look, schema, depth);
}

static void add_type_or_value(struct text *to, struct look *look,
                              const mcp_json *schema)
{
    size_t before = to->length;
    struct text type;

    begin(&type, to->most);
    add_type(&type, look, schema, 0);
    add_bytes(to, type.data, type.length);
    if (to->length == before)
        add(to, "value");
}

static void begin_look(struct look *look, const mcp_json *root)
{
    static const char *const names[] = {"/properties", "/$defs",
                                        "/definitions"};
    size_t i;

    memset(look, 0, sizeof *look);
    look->root = root;
    look->members = 100 + mcp_json_count(root);
    for (i = 0; i < sizeof names / sizeof *names; i++)
        look->members += mcp_json_count(mcp_json_at(root, names[i]));
}

/* Returns a member of a schema, also of the one schema that it stands for: a
 * reference, and the only part that is not null. */
static const mcp_json *member(struct look *look, const mcp_json *schema,
                              const char *pointer, int depth)
{
    static const char *const names[] = {"/allOf", "/anyOf", "/oneOf"};
    const mcp_json *found = mcp_json_at(schema, pointer);
    size_t i, k;

    if (found != NULL || depth > MOST_DEPTH || is_spent(look) ||
        !is_kind(schema, MCP_JSON_OBJECT))
        return found;
    charge(look, SCHEMA_WORK + mcp_json_count(schema));
    if (mcp_json_at(schema, "/$ref") != NULL)
        found = member(look, referred(look, schema), pointer, depth + 1);
    for (k = 0; k < sizeof names / sizeof *names && found == NULL; k++) {
        const mcp_json *parts = mcp_json_at(schema, names[k]), *only = NULL;
        size_t real = 0, count = mcp_json_count(parts);

        for (i = 0; i < count && i < 20; i++) {
            const mcp_json *part = mcp_json_child(parts, i);
            const char *type =
                mcp_json_string(mcp_json_at(part, "/type"), NULL);

            if (type != NULL && strcmp(type, "null") == 0)
                continue;
            real++;
            only = part;
            if (k == 0 && found == NULL)
                found = member(look, part, pointer, depth + 1);
        }
        if (k > 0 && real == 1 && count <= 20)
            found = member(look, only, pointer, depth + 1);
    }
    return found;
}

/* Returns the next required name that is no member, from `*at` on; or NULL.
 * Names beyond a hundred are left out. */
static const char *next_unknown(const struct required *required,
                                const mcp_json *fields, size_t *at)
{
    while (*at < required->count && *at < 100) {
        const char *name = required->names[(*at)++];
        size_t i, count = mcp_json_count(fields);
        int is_again = *at > 1 && strcmp(required->names[*at - 2], name) == 0;

        for (i = 0; i < count && !is_again; i++) {
            const char *key = mcp_json_key(fields, i);

            if (key != NULL && strcmp(key, name) == 0)
                break;
        }
        if (i == count && !is_again)
            return name;
    }
    return NULL;
}

/* Writes the arguments as `call` takes them: a=integer [note=string].
 * `column` is where the line ends. */
void put_arguments(const mcp_json *schema, int *column)
{
    const mcp_json *fields = mcp_json_at(schema, "/properties");
    int width = terminal_width();
    struct required required;
    struct text one, type, value;
    struct look look;
    const char *name;
    size_t i;

    begin_look(&look, schema);
    find_required(&required, schema);
    for (i = 0; i < mcp_json_count(fields); i++) {
        const mcp_json *field = mcp_json_child(fields, i), *usual;
        int must_be;

        name = mcp_json_key(fields, i);
        if (name == NULL)
            continue;
        must_be = is_required(&required, name);
        begin(&type, SHORT_TYPE);
        add_type_or_value(&type, &look, field);
        begin(&value, SHORT_DEFAULT);
        usual = member(&look, field, "/default", 0);
        if (usual != NULL && !must_be && !is_kind(usual, MCP_JSON_NULL))
            add_value(&value, usual);
        begin(&one, sizeof one.data);
        add(&one, must_be ? "" : "[");
        add(&one, name);
        add(&one, "=");
        add_bytes(&one, type.data, type.length);
        add(&one, value.length > 0 ? ", " : "");
        add_bytes(&one, value.data, value.length);
        add(&one, must_be ? "" : "]");
        put_part(one.data, column, width);
    }
    for (i = 0; (name = next_unknown(&required, fields, &i)) != NULL;) {
        begin(&one, sizeof one.data);
        add(&one, name);
        add(&one, "=value");
        put_part(one.data, column, width);
    }
    forget_required(&required);
}

/* Returns a member of a schema if it is a number; or NULL. */
static const mcp_json *number_of(struct look *look, const mcp_json *field,
                                 const char *pointer)
{
    const mcp_json *number = member(look, field, pointer, 0);

    return is_kind(number, MCP_JSON_NUMBER) ? number : NULL;
}

/* Appends ", 1 to 10 items", ", at least 1 character" and the like. */
static void add_range(struct text *to, const mcp_json *least,
                      const mcp_json *most, const char *unit)
{
    int is_one = mcp_json_integer(most != NULL ? most : least, 0) == 1;
    int is_exact = least != NULL && most != NULL &&
                   mcp_json_number(least, 0) == mcp_json_number(most, 0);

    if (least == NULL && most == NULL)
        return;
    add(to, least == NULL ? ", at most " : most == NULL ? ", at least " : ", ");
    if (least != NULL)
        add_value(to, least);
    if (least != NULL && most != NULL && !is_exact)
        add(to, " to ");
    if (most != NULL && !is_exact)
        add_value(to, most);
    add(to, unit);
    add(to, unit[0] != '\0' && !is_one ? "s" : "");
}

static void add_labelled(struct text *to, const char *label,
                         const mcp_json *value)
{
    if (value == NULL)
        return;
    add(to, label);
    add_value(to, value);
}

static void add_words(struct text *to, const char *label,
                      const mcp_json *value)
{
    const char *words = mcp_json_string(value, NULL);

    if (words == NULL)
        return;
    add(to, label);
    add(to, words);
}

/* Appends what a value must be, beside its type. */
static void add_bounds(struct text *to, struct look *look,
                       const mcp_json *field)
{
    const mcp_json *least = number_of(look, field, "/minLength");

    if (mcp_json_integer(least, 0) == 0)
        least = NULL; /* says nothing */
    add_range(to, number_of(look, field, "/minimum"),
              number_of(look, field, "/maximum"), "");
    add_labelled(to, ", more than ",
                 number_of(look, field, "/exclusiveMinimum"));
    add_labelled(to, ", less than ",
                 number_of(look, field, "/exclusiveMaximum"));
    add_labelled(to, ", a multiple of ",
                 number_of(look, field, "/multipleOf"));
    add_range(to, least, number_of(look, field, "/maxLength"), " character");
    add_range(to, number_of(look, field, "/minItems"),
              number_of(look, field, "/maxItems"), " item");
    if (mcp_json_boolean(member(look, field, "/uniqueItems", 0), 0))
        add(to, ", each only once");
    add_words(to, ", format ", member(look, field, "/format", 0));
    add_words(to, ", pattern ", member(look, field, "/pattern", 0));
}

/* Returns the description of an argument, or its title if that is more than
 * its name; or NULL. */
static const char *words_of(struct look *look, const mcp_json *field,
                            const char *name)
{
    const char *words =
        mcp_json_string(member(look, field, "/description", 0), NULL);
    const char *title, *at;

    if (words != NULL)
        return words;
    title = mcp_json_string(mcp_json_at(field, "/title"), NULL);
    for (at = title; at != NULL && *at != '\0' && *name != '\0'; at++, name++)
        if (tolower((unsigned char)*at) != tolower((unsigned char)*name) &&
            strchr(" _-", *at) == NULL)
            return title;
    return NULL;
}

static void put_members(struct look *look, const mcp_json *schema, int indent);

/* Returns the schema of the elements, if a schema is one of an array. */
static const mcp_json *object_of(struct look *look, const mcp_json *schema)
{
    int depth;

    for (depth = 0; depth < 4; depth++) {
        const mcp_json *items;

        if (member(look, schema, "/properties", 0) != NULL)
            return schema;
        items = member(look, schema, "/items", 0);
        if (items == NULL)
            return NULL;
        schema = items;
    }
    return NULL;
}

/* Writes an argument, its description, and its members. */
static void put_member(struct look *look, const mcp_json *field,
                       const char *name, int must_be, int indent)
{
    const mcp_json *usual = member(look, field, "/default", 0), *inner;
    struct text line;

    begin(&line, sizeof line.data);
    add(&line, name);
    add(&line, "=");
    add_type_or_value(&line, look, field);
    add_bounds(&line, look, field);
    add_labelled(&line, ", default ", usual);
    add(&line, must_be ? ", required" : "");
    add(&line, mcp_json_boolean(mcp_json_at(field, "/deprecated"), 0)
                   ? ", deprecated"
                   : "");
    put_paragraphs(stdout, line.data, indent, terminal_width());
    put_paragraphs(stdout, words_of(look, field, name), indent + 4,
                   terminal_width());
    inner = object_of(look, field);
    if (inner != NULL)
        put_members(look, inner, indent + 4);
}

/* Writes the members of an object, one on a line. */
static void put_members(struct look *look, const mcp_json *schema, int indent)
{
    const mcp_json *fields = member(look, schema, "/properties", 0);
    const mcp_json *names = member(look, schema, "/required", 0);
    struct required required;
    const char *name;
    size_t i;

    for (i = 0; i < look->level; i++)
        if (look->open[i] == fields)
            return; /* it contains itself */
    if (look->level == MOST_LEVELS || is_spent(look))
        return;
    look->open[look->level++] = fields;
    find_names(&required, names);
    charge(look, required.count + mcp_json_count(fields));
    for (i = 0; i < mcp_json_count(fields); i++) {
        name = mcp_json_key(fields, i);
        if (name != NULL)
            put_member(look, mcp_json_child(fields, i), name,
                       is_required(&required, name), indent);
    }
    for (i = 0; (name = next_unknown(&required, fields, &i)) != NULL;)
        put_member(look, NULL, name, 1, indent);
    forget_required(&required);
    look->level--;
}

/* Writes a schema in full below a heading.  `nothing`: what stands for a
 * schema that says nothing. */
void put_schema(const char *heading, const mcp_json *schema,
                const char *nothing)
{
    struct look look;
    struct text type;

    begin_look(&look, schema);
    look.is_full = 1;
    printf("\n%s:", heading);
    if (mcp_json_count(member(&look, schema, "/properties", 0)) > 0 ||
        mcp_json_count(member(&look, schema, "/required", 0)) > 0) {
        putchar('\n');
        put_members(&look, schema, 4);
        return;
    }
    begin(&type, sizeof type.data);
    add_type(&type, &look, schema, 0);
    if (strcmp(type.data, "object") == 0)
        type.length = 0;
    putchar(' ');
    put_word(stdout, type.length > 0 ? type.data : nothing);
    putchar('\n');
}
