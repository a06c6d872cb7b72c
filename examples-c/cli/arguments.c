/* Makes the arguments of a tool or a prompt from the words of the command
 * line: one JSON object, or key=value and key:=json. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum {
    MOST_POINTER = 1024,
    MOST_SCHEMAS = 1000,
    MOST_REFERENCES = 100,
    MOST_VALUES = 1000000
};

/* The JSON kinds that a schema allows, one bit for each MCP_JSON_ number. */
#define BIT(kind) (1u << (unsigned)(kind))

int is_json_words(char **words, int count)
{
    return count > 0 && words[0][strspn(words[0], " \t\r\n")] == '{';
}

/* Appends a name to a JSON Pointer (RFC 6901); 0 if the buffer is full. */
int append_pointer(char *pointer, size_t size, const char *name)
{
    size_t at = strlen(pointer);

    if (at + 2 * strlen(name) + 2 > size)
        return 0;
    pointer[at++] = '/';
    for (; *name != '\0'; name++) {
        if (*name == '~' || *name == '/') {
            pointer[at++] = '~';
            pointer[at++] = *name == '~' ? '0' : '1';
        } else {
            pointer[at++] = *name;
        }
    }
    pointer[at] = '\0';
    return 1;
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names are sorted, because a schema may have very many of them. */
void find_names(struct required *required, const mcp_json *names)
{
    size_t i, count = mcp_json_count(names);

    required->count = 0;
    required->names = (const char **)calloc(count + 1, sizeof(char *));
    for (i = 0; required->names != NULL && i < count; i++) {
        const char *one = mcp_json_string(mcp_json_child(names, i), NULL);

        if (one != NULL)
            required->names[required->count++] = one;
    }
    if (required->count > 0)
        qsort(required->names, required->count, sizeof(char *), compare);
}

void find_required(struct required *required, const mcp_json *schema)
{
    find_names(required, mcp_json_at(schema, "/required"));
}

int is_required(const struct required *required, const char *name)
{
    return required->count > 0 &&
           bsearch(&name, required->names, required->count, sizeof(char *),
                   compare) != NULL;
}

void forget_required(struct required *required)
{
    free(required->names);
    required->names = NULL;
    required->count = 0;
}

static unsigned named_kind(const mcp_json *type)
{
    static const struct {
        const char *name;
        int kind;
    } kinds[] = {
        {"null", MCP_JSON_NULL},     {"boolean", MCP_JSON_BOOLEAN},
        {"integer", MCP_JSON_NUMBER}, {"number", MCP_JSON_NUMBER},
        {"string", MCP_JSON_STRING}, {"array", MCP_JSON_ARRAY},
        {"object", MCP_JSON_OBJECT},
    };
    const char *name = mcp_json_string(type, NULL);
    size_t i;

    for (i = 0; name != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(name, kinds[i].name) == 0)
            return BIT(kinds[i].kind);
    return 0;
}

/* The schemas that were visited: schemas may refer to each other in circles. */
struct look {
    const mcp_json *root;
    const mcp_json *seen[MOST_SCHEMAS];
    size_t schemas, references, values;
};

/* Returns 1 the first time it sees a schema, and remembers it. */
static int is_new(struct look *look, const mcp_json *schema)
{
    size_t i;

    if (schema == NULL || look->schemas == MOST_SCHEMAS)
        return 0;
    for (i = 0; i < look->schemas; i++)
        if (look->seen[i] == schema)
            return 0;
    look->seen[look->schemas++] = schema;
    return 1;
}

/* Returns the kinds that a schema allows; 0 if it does not say. */
static unsigned kinds_of(struct look *look, const mcp_json *schema)
{
    static const char *const choices[] = {"/anyOf", "/oneOf", "/allOf"};
    const mcp_json *type, *values, *value;
    const char *reference;
    unsigned kinds;
    size_t i, k, count;

    if (!is_new(look, schema))
        return 0;
    type = mcp_json_at(schema, "/type");
    values = mcp_json_at(schema, "/enum");
    value = mcp_json_at(schema, "/const");
    reference = mcp_json_string(mcp_json_at(schema, "/$ref"), NULL);
    kinds = named_kind(type);
    count = mcp_json_kind(type) == MCP_JSON_ARRAY ? mcp_json_count(type) : 0;
    for (i = 0; i < count && look->values < MOST_VALUES; i++, look->values++)
        kinds |= named_kind(mcp_json_child(type, i));
    count = mcp_json_count(values);
    for (i = 0; i < count && look->values < MOST_VALUES; i++, look->values++)
        kinds |= BIT(mcp_json_kind(mcp_json_child(values, i)));
    if (value != NULL)
        kinds |= BIT(mcp_json_kind(value));
    for (k = 0; k < sizeof choices / sizeof *choices; k++) {
        const mcp_json *list = mcp_json_at(schema, choices[k]);

        count = mcp_json_count(list);
        for (i = 0; i < count && look->schemas < MOST_SCHEMAS; i++)
            kinds |= kinds_of(look, mcp_json_child(list, i));
    }
    if (reference != NULL && reference[0] == '#' &&
        look->references++ < MOST_REFERENCES)
        kinds |= kinds_of(look, mcp_json_at(look->root, reference + 1));
    return kinds;
}

/* Returns the value of key=value or key:=json, or NULL if the word is
 * neither.  Sets `*is_json` for key:=json. */
static const char *value_of(const char *word, size_t *key_length, int *is_json)
{
    const char *equals = strchr(word, '=');

    if (equals == NULL)
        return NULL;
    *is_json = equals > word && equals[-1] == ':';
    *key_length = (size_t)(equals - word) - (size_t)*is_json;
    return *key_length > 0 ? equals + 1 : NULL;
}

/* Returns 1 if the tool's schema decides how a word is read. */
int needs_schema(char **words, int count)
{
    int i, is_json, needs = 0;

    if (is_json_words(words, count))
        return 0;
    for (i = 0; i < count && !needs; i++) {
        size_t length;
        const char *text = value_of(words[i], &length, &is_json);
        mcp_json *value =
            text != NULL && !is_json ? mcp_json_parse(text, strlen(text))
                                     : NULL;

        needs = value != NULL;
        mcp_json_free(value);
    }
    return needs;
}

/* Returns 1 if key=value is a string: the value is not valid JSON, or the
 * schema wants a string and not the kind of that JSON.  So id=7 and note=true
 * are strings for a tool that wants strings. */
static int is_text(const mcp_json *schema, const char *pointer,
                   const mcp_json *value)
{
    char place[MOST_POINTER + 16] = "/properties";
    struct look look;
    unsigned kinds;
    int kind = (int)mcp_json_kind(value);

    if (value == NULL)
        return 1;
    strcat(place, pointer);
    look.root = schema;
    look.schemas = look.references = look.values = 0;
    kinds = kinds_of(&look, mcp_json_at(schema, place));
    if ((kinds & BIT(MCP_JSON_STRING)) == 0)
        return 0;
    return kind == MCP_JSON_STRING || (kinds & BIT(kind)) == 0;
}

static int put_word_into(mcp_json *object, const char *word, int kind,
                         const mcp_json *schema)
{
    char key[MOST_POINTER / 2], pointer[MOST_POINTER] = "";
    size_t length = 0;
    int is_json = 0;
    const char *text = value_of(word, &length, &is_json);
    mcp_json *value = NULL;
    int32_t status;

    if (text == NULL)
        return bad_usage("%s is neither a JSON object nor key=value", word);
    if (length >= sizeof key)
        return bad_usage("the key in %.20s... is too long", word);
    memcpy(key, word, length);
    key[length] = '\0';
    if (!append_pointer(pointer, sizeof pointer, key))
        return bad_usage("the key in %.20s... is too long", word);
    if (is_json && kind == STRINGS_ONLY)
        return bad_usage("%s: these arguments are strings, use %s=", word, key);

    if (kind != STRINGS_ONLY)
        value = mcp_json_parse(text, strlen(text));
    if (is_json && value == NULL)
        return bad_usage("%s: %s", word, mcp_error_message(NULL));
    if (is_json || (kind != STRINGS_ONLY && !is_text(schema, pointer, value)))
        status = mcp_json_set_json(object, pointer, text);
    else
        status = mcp_json_set_string(object, pointer, text);
    mcp_json_free(value);
    if (status == MCP_OK)
        return SUCCESS;
    return bad_usage("%s: %s", word, mcp_error_message(NULL));
}

mcp_json *take_arguments(char **words, int count, int kind,
                         const mcp_json *schema)
{
    mcp_json *object;
    int i;

    if (is_json_words(words, count)) {
        object = mcp_json_parse(words[0], strlen(words[0]));
        if (object == NULL) {
            bad_usage("%s", mcp_error_message(NULL));
        } else if (count > 1) {
            bad_usage("nothing may follow the JSON object");
            mcp_json_free(object);
            object = NULL;
        }
        return object;
    }
    object = mcp_json_new();
    for (i = 0; i < count; i++) {
        if (put_word_into(object, words[i], kind, schema) != SUCCESS) {
            mcp_json_free(object);
            return NULL;
        }
    }
    return object;
}
