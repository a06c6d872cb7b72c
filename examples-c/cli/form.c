/* A form of the server (elicitation): the person at the terminal fills it in,
 * field by field. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "form.h"

struct entry {
    const char *name;
    const mcp_json *schema;
    int must_be; /* required, and without a default that fits */
    char *typed; /* the last line that fitted, or NULL */
};

enum answer { ENDED, NEXT, BACK };

/* Keeps a line, also while other fields are asked for again. */
static void keep(struct entry *entry, const char *line)
{
    free(entry->typed);
    entry->typed = line != NULL ? (char *)malloc(strlen(line) + 1) : NULL;
    if (entry->typed != NULL)
        strcpy(entry->typed, line);
}

/* Returns the line as a value: "" is an empty text, and a backslash is in
 * front of a value that would be a command. */
static const char *value_of(const char *line)
{
    if (strcmp(line, "\"\"") == 0)
        return "";
    if (strcmp(line, "\\<") == 0 || strcmp(line, "\\-") == 0 ||
        strcmp(line, "\\\"\"") == 0)
        return line + 1;
    return line;
}

static void put_prompt(FILE *to, const char *kept)
{
    fputs("  ", to);
    if (kept != NULL) {
        fputc('[', to);
        put_word(to, *kept != '\0' ? kept : "\"\"");
        fputs("] ", to);
    }
    fputs("> ", to);
}

/* Asks for one field until its value fits. */
static enum answer ask_field(struct terminal *terminal, struct entry *entry)
{
    char line[MOST_LINE], usual[MOST_LINE];
    int has_usual = default_of(entry->schema, usual, sizeof usual);

    put_field(terminal->out, entry->name, entry->schema, entry->must_be);
    for (;;) {
        const char *kept = entry->typed != NULL ? entry->typed
                           : has_usual          ? usual
                                                : NULL;
        const char *reason;
        mcp_json *form;

        put_prompt(terminal->out, kept);
        if (!read_line(terminal, line))
            return ENDED;
        if (strcmp(line, "<") == 0)
            return BACK;
        if (strcmp(line, "-") == 0 && !entry->must_be) {
            keep(entry, NULL);
            return NEXT;
        }
        if (line[0] == '\0' && (kept != NULL || !entry->must_be))
            return NEXT;
        if (line[0] == '\0') {
            fputs("  This field is required.", terminal->out);
            if (strcmp(type_of(entry->schema), "string") == 0)
                fputs(" \"\" is an empty text.", terminal->out);
            fputc('\n', terminal->out);
            continue;
        }
        form = mcp_json_new();
        reason = put_value(form, "/value", entry->schema, value_of(line));
        mcp_json_free(form);
        if (reason == NULL) {
            keep(entry, value_of(line));
            return NEXT;
        }
        fputs("  This value does not fit: it ", terminal->out);
        put_word(terminal->out, reason);
        fputs(".\n", terminal->out);
    }
}

/* Asks for all fields.  What was typed is kept, also when the person goes
 * back. */
static enum answer ask_fields(struct terminal *terminal,
                              struct entry *entries, size_t count)
{
    size_t i = 0;

    if (count > 0)
        fputs("  Enter takes the value in [ ]. < goes back. Ctrl-D cancels.\n",
              terminal->out);
    while (i < count) {
        enum answer answer = ask_field(terminal, &entries[i]);

        if (answer == ENDED || (answer == BACK && i == 0))
            return answer;
        i = answer == BACK ? i - 1 : i + 1;
    }
    return NEXT;
}

/* Returns the fields that can be asked for. */
static struct entry *entries_of(const mcp_json *schema, size_t *count)
{
    const mcp_json *fields = mcp_json_at(schema, "/properties");
    size_t i, size = mcp_json_count(fields);
    struct entry *entries =
        (struct entry *)calloc(size > 0 ? size : 1, sizeof *entries);
    char pointer[MOST_POINTER], line[MOST_LINE];
    struct required required;

    *count = 0;
    find_required(&required, schema);
    for (i = 0; entries != NULL && i < size; i++) {
        struct entry *entry = &entries[*count];
        const mcp_json *usual;

        entry->name = mcp_json_key(fields, i);
        entry->schema = mcp_json_child(fields, i);
        pointer[0] = '\0';
        if (entry->name == NULL ||
            !append_pointer(pointer, sizeof pointer, entry->name))
            continue;
        usual = mcp_json_at(entry->schema, "/default");
        /* The library refuses a default that does not fit. */
        entry->must_be =
            !default_of(entry->schema, line, sizeof line) &&
            (is_required(&required, entry->name) ||
             (usual != NULL && mcp_json_kind(usual) != MCP_JSON_NULL));
        (*count)++;
    }
    forget_required(&required);
    return entries;
}

/* Makes the answer.  The library adds the defaults of absent fields. */
static mcp_json *make_form(const struct entry *entries, size_t count)
{
    mcp_json *form = mcp_json_new();
    size_t i;

    for (i = 0; i < count; i++) {
        char pointer[MOST_POINTER] = "";

        if (entries[i].typed != NULL &&
            append_pointer(pointer, sizeof pointer, entries[i].name))
            put_value(form, pointer, entries[i].schema, entries[i].typed);
    }
    return form;
}

/* Asks until the library accepts the form, or the person gives up. */
static int32_t ask_form(struct terminal *terminal, mcp_input *input,
                        struct entry *entries, size_t count)
{
    for (;;) {
        int yes = ask_yes(terminal,
                          "Answer? n declines, Ctrl-D cancels", 1);
        enum answer answer = NEXT;
        int32_t status = MCP_OK;

        if (yes <= 0)
            return yes == 0 ? mcp_input_decline(input)
                            : mcp_input_dismiss(input);
        do {
            mcp_json *form;

            answer = ask_fields(terminal, entries, count);
            if (answer != NEXT)
                break;
            form = make_form(entries, count);
            status = mcp_input_accept(input, mcp_json_text(form, NULL));
            mcp_json_free(form);
            if (status != MCP_E_INVALID_ARGUMENT)
                return status;
            put_error(terminal->out);
        } while (count > 0 && ask_yes(terminal, "Again?", 1) == 1);
        if (answer != BACK)
            return answer == ENDED ? mcp_input_dismiss(input) : status;
    }
}

int32_t fill_form(struct terminal *terminal, mcp_input *input)
{
    size_t i, count = 0, length = 0;
    const char *text = mcp_input_schema_json(input, &length);
    mcp_json *schema = text != NULL ? mcp_json_parse(text, length) : NULL;
    struct entry *entries = entries_of(schema, &count);
    int32_t status;

    status = entries != NULL ? ask_form(terminal, input, entries, count)
                             : mcp_input_dismiss(input);
    for (i = 0; i < count; i++)
        free(entries[i].typed);
    free(entries);
    mcp_json_free(schema);
    return status;
}
