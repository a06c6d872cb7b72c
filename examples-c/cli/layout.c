/* The server's texts on lines that fit the terminal. */
#define _DEFAULT_SOURCE /* struct winsize */
#define _DARWIN_C_SOURCE
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

enum { USUAL_WIDTH = 80, LEAST_WIDTH = 20, MOST_WIDTH = 10000, TAB = 8 };

/* Returns the columns of standard output; 0 if it is no terminal: there,
 * lines are as long as their texts. */
int terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long width = 0;

    if (!isatty(1))
        return 0;
    if (columns != NULL) /* the width that the person wants */
        width = strtol(columns, NULL, 10);
    if (width <= 0 && ioctl(1, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width <= 0 || width > MOST_WIDTH)
        width = USUAL_WIDTH;
    return width < LEAST_WIDTH ? LEAST_WIDTH : (int)width;
}

static int is_among(unsigned long code, const unsigned long (*ranges)[2],
                    size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return 1;
    return 0;
}

/* The marks that combine with the character before them.  The usual scripts
 * are here; in others a line may end early. */
static int is_combining(unsigned long code)
{
    static const unsigned long ranges[][2] = {
        {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
        {0x5BF, 0x5C7},   {0x610, 0x61A},   {0x64B, 0x65F},
        {0x6D6, 0x6DC},   {0x6DF, 0x6E4},   {0x900, 0x902},
        {0x93C, 0x93C},   {0x941, 0x948},   {0x94D, 0x94D},
        {0xE31, 0xE31},   {0xE34, 0xE3A},   {0xE47, 0xE4E},
        {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
        {0x3099, 0x309A}, {0xFE20, 0xFE2F},
    };

    return code >= 0x300 &&
           is_among(code, ranges, sizeof ranges / sizeof *ranges);
}

/* The characters that take two columns: East Asian ones and emoji. */
static int is_wide(unsigned long code)
{
    static const unsigned long ranges[][2] = {
        {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},
        {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26D4, 0x26D4},
        {0x2705, 0x2705},   {0x2728, 0x2728},   {0x274C, 0x274C},
        {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2B50, 0x2B50},
        {0x2E80, 0x303E},   {0x3041, 0x4DBF},   {0x4E00, 0xA4CF},
        {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
        {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
        {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
        {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
    };

    return code >= 0x1100 &&
           is_among(code, ranges, sizeof ranges / sizeof *ranges);
}

static int width_of(unsigned long code)
{
    return is_combining(code) ? 0 : is_wide(code) ? 2 : 1;
}

/* Returns the columns that a text takes. */
int columns_of(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;
    int columns = 0;

    while (at < end && columns < MOST_WIDTH)
        columns += width_of(next_character(&at, end));
    return columns;
}

static void put_indent(FILE *to, int columns)
{
    fprintf(to, "%*s", columns, "");
}

/* Returns 1 for a character that begins no line: a mark of the character
 * before it, or punctuation of East Asian scripts. */
static int stays(unsigned long code)
{
    static const unsigned long ranges[][2] = {
        {0x200D, 0x200D}, {0x3001, 0x3002}, {0x300D, 0x300D},
        {0x300F, 0x300F}, {0x3011, 0x3011}, {0xFE00, 0xFE0F},
        {0xFF01, 0xFF01}, {0xFF09, 0xFF09}, {0xFF0C, 0xFF0C},
        {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1B}, {0xFF1F, 0xFF1F},
    };

    return is_combining(code) ||
           is_among(code, ranges, sizeof ranges / sizeof *ranges);
}

/* Returns the end of the part of a line that stays together: a word, or one
 * wide character, because their scripts have no spaces. */
static const char *part_end(const char *at, const char *end)
{
    const unsigned char *start = (const unsigned char *)at;
    const unsigned char *stop = (const unsigned char *)end;
    const unsigned char *here = start, *next = start;
    unsigned long before = 0;

    while (here < stop && *here != ' ') {
        unsigned long code = next_character(&next, stop);

        if (here > start && (is_wide(before) || is_wide(code)) && !stays(code))
            break;
        before = code;
        here = next;
    }
    return (const char *)here;
}

/* Returns the columns of a list's marker ("- ", "* ", "1. "), so that the
 * following lines stand below its text; otherwise 0. */
static int marker_width(const char *at, const char *end)
{
    const char *start = at;

    if (at < end && strchr("-*+", *at) != NULL)
        at++;
    else
        while (at < end && at - start < 3 && *at >= '0' && *at <= '9')
            at++;
    if (at > start && at < end && *start >= '0' && *start <= '9')
        at += *at == '.' || *at == ')' ? 1 : end - at;
    return at > start && at < end && *at == ' ' ? (int)(at - start) + 1 : 0;
}

/* The line that is being written. */
struct flow {
    FILE *to;
    int width, hang, column, has_begun;
    int space; /* before the next word */
    int joins; /* sentences go on over the lines of the text */
};

static void begin_flow(struct flow *flow, FILE *to, int indent, int hang,
                       int width)
{
    flow->to = to;
    flow->width = width;
    flow->hang = width > 0 && indent + hang > width / 2 ? indent
                                                        : indent + hang;
    flow->column = indent;
    flow->has_begun = flow->space = 0;
}

/* Writes words, with a line break where a line is too wide.  A word that is
 * wider than a line is not broken: it may be an address. */
static void put_flow(struct flow *flow, const char *at, const char *end)
{
    while (at < end) {
        const char *start = at, *stop;
        int spaces, columns;

        while (at < end && *at == ' ')
            at++;
        spaces = (int)(at - start) + flow->space;
        flow->space = 0;
        stop = part_end(at, end);
        columns = columns_of(at, (size_t)(stop - at));
        if (flow->width > 0 && flow->has_begun &&
            flow->column + spaces + columns > flow->width) {
            fputc('\n', flow->to);
            put_indent(flow->to, flow->hang);
            flow->column = flow->hang;
            spaces = 0;
        }
        put_indent(flow->to, spaces);
        put_words(flow->to, at, (size_t)(stop - at));
        flow->column += spaces + columns;
        flow->has_begun = 1;
        at = stop;
    }
}

/* Returns the end of a line: without the white space at its end.  `next` is
 * set to the line after it, or to NULL. */
static const char *line_end(const char *line, const char **next)
{
    const char *end = line + strcspn(line, "\r\n");

    *next = *end == '\0' ? NULL : end + (end[0] == '\r' && end[1] == '\n') + 1;
    while (end > line && strchr(" \t\f\v", end[-1]) != NULL)
        end--;
    return end;
}

/* Returns the columns of the white space at the beginning of a line, and
 * moves past it. */
static int take_indent(const char **line, const char *end)
{
    int columns = 0;

    for (; *line < end && (**line == ' ' || **line == '\t'); (*line)++)
        columns += **line == '\t' ? TAB - columns % TAB : 1;
    return columns;
}

/* Returns the indentation that all lines after the first have. */
static int common_indent(const char *text)
{
    const char *line = text, *next, *end;
    int least = -1;

    for (end = line_end(line, &next); next != NULL;) {
        int columns;

        line = next;
        end = line_end(line, &next);
        columns = take_indent(&line, end);
        if (line < end && (least < 0 || columns < least))
            least = columns;
    }
    return least > 0 ? least : 0;
}

/* Returns 1 if a line goes on with the sentence of the line before it, which is
 * too wide: both are written as one. */
static int goes_on(const char *next, int common, int shown)
{
    const char *rest, *end = line_end(next, &rest);
    int columns = take_indent(&next, end);

    columns -= common < columns ? common : columns;
    return next < end && columns == shown && *next >= 'a' && *next <= 'z' &&
           next[strcspn(next, " \r\n") - 1] != ':';
}

/* Writes a line, and the following ones that belong to it.  Returns the line
 * after them, or NULL.  `common` is the indentation that is left out, `shown`
 * the one that is written. */
static const char *put_sentence(struct flow *flow, const char *line,
                                int common, int shown)
{
    const char *next, *end = line_end(line, &next);
    int width = columns_of(line, (size_t)(end - line));

    put_flow(flow, line, end);
    while (flow->joins && next != NULL &&
           flow->hang + width > flow->width && goes_on(next, common, shown)) {
        line = next;
        end = line_end(line, &next);
        take_indent(&line, end);
        width = columns_of(line, (size_t)(end - line));
        flow->space = 1;
        put_flow(flow, line, end);
    }
    fputc('\n', flow->to);
    return next;
}

/* Writes a whole text: without empty lines at its beginning and end, and
 * without the indentation that the source of a program gave it.  `label`
 * stands in place of the first line's indentation, if it is not NULL. */
static void put_lines(FILE *to, const char *label, const char *text, int indent,
                      int width)
{
    const char *line, *next = text, *end;
    int common = text != NULL ? common_indent(text) : 0;
    int is_first = 1, is_empty = 0, has_begun = 0, is_code = 0;

    while (next != NULL) {
        int columns, shown, most = width > 0 ? width / 4 : 40;
        struct flow flow;

        line = next;
        end = line_end(line, &next);
        columns = take_indent(&line, end);
        shown = columns - (is_first           ? columns
                           : common < columns ? common
                                              : columns);
        is_first = 0;
        if (line == end) {
            is_empty = has_begun;
            continue;
        }
        if (is_empty)
            fputc('\n', to);
        is_empty = 0;
        has_begun = 1;
        begin_flow(&flow, to, indent + (shown < most ? shown : most),
                   marker_width(line, end), width);
        if (label != NULL)
            fputs(label, to);
        else
            put_indent(to, flow.column);
        label = NULL;
        is_code ^= strncmp(line, "```", 3) == 0; /* begins or ends code */
        flow.joins = width > 0 && !is_code;
        next = put_sentence(&flow, line, common, shown);
    }
}

/* Writes a whole text below its name.  `width`: where lines are broken; 0:
 * nowhere. */
void put_paragraphs(FILE *to, const char *text, int indent, int width)
{
    put_lines(to, NULL, text, indent, width);
}

/* Writes a text behind a label, below which its other lines begin. */
void put_labelled(const char *label, const char *text, int width)
{
    put_lines(stdout, label, text, (int)strlen(label), width);
}

/* Writes a description below its name. */
void put_description(const char *text)
{
    put_paragraphs(stdout, text, 4, terminal_width());
}

/* Continues a line with a part that stays together, on the next line if this
 * one is full.  `column` is where the line ends. */
void put_part(const char *text, int *column, int width)
{
    enum { INDENT = 8 };
    int columns = columns_of(text, strlen(text));

    if (width > 0 && *column > INDENT && *column + 1 + columns > width) {
        fputc('\n', stdout);
        put_indent(stdout, INDENT);
        *column = INDENT;
    } else {
        putchar(' ');
        (*column)++;
    }
    put_word(stdout, text);
    *column += columns;
}
