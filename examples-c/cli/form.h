/* Forms: field.c has one field, form.c the whole form, questions.c the
 * terminal. */
#ifndef FORM_H
#define FORM_H

#include <stdio.h>

#include <mcpclient.h>

enum { MOST_LINE = 4096, MOST_POINTER = 1024 };

struct terminal {
    FILE *in, *out;
    int is_own; /* opened here, so closed here */
};

/* questions.c */
char *trim(char *line);
int read_line(struct terminal *terminal, char *line);
int ask_yes(struct terminal *terminal, const char *question, int otherwise);

/* field.c */
const char *type_of(const mcp_json *schema);
int is_array(const mcp_json *schema);
void put_field(FILE *to, const char *name, const mcp_json *schema,
               int must_be);
int default_of(const mcp_json *schema, char *line, size_t size);

/* Stores the value that a line stands for.  Returns NULL, or why the line does
 * not fit: "must be at most 10". */
const char *put_value(mcp_json *form, const char *pointer,
                      const mcp_json *schema, const char *line);

/* form.c: asks for the fields and answers the input request. */
int32_t fill_form(struct terminal *terminal, mcp_input *input);

#endif
