/* completion: prints the completions for a shell.  Their scripts, which are the
 * files in examples-c/completion, ask mcpclient for the words:
 *
 *     mcpclient completion words -- WORD ...
 *
 * The last word is the one to complete.  The first line of the answer is
 * "words", "files", "folders" or "program N", where the program is word N.
 * After "words", each line is a word, a tab and its description. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "cli.h"

extern char **environ;

static const char *const bash[] = {
    "# bash completion of mcpclient, made by: mcpclient completion bash",
    "",
    "_mcpclient() {",
    "    local word=${COMP_WORDS[COMP_CWORD]} words=() kind= joined= line i",
    "    COMPREPLY=()",
    "    # Bash separates = and : from the words around them.",
    "    for ((i = 1; i <= COMP_CWORD; i++)); do",
    "        line=${COMP_WORDS[i]}",
    "        if [[ -n $joined || ($line == [=:]* && ${#words[@]} -gt 0) ]]; then",
    "            words[${#words[@]} - 1]+=$line",
    "        else",
    "            words+=(\"$line\")",
    "        fi",
    "        joined=",
    "        [[ $line == *[=:] ]] && joined=1",
    "    done",
    "    [[ $word == [=:]* ]] && word=",
    "    while IFS=$'\\t' read -r line _; do",
    "        if [[ -z $kind ]]; then",
    "            kind=$line",
    "            continue",
    "        fi",
    "        [[ $word == -* ]] || line=${line#--*=}",
    "        [[ $line == \"$word\"* ]] || continue",
    "        printf -v line %q \"$line\"",
    "        COMPREPLY+=(\"$line\")",
    "    done < <(\"${COMP_WORDS[0]/#~\\//$HOME/}\" completion words -- \\",
    "        \"${words[@]}\" 2>/dev/null)",
    "    case $kind in",
    "    files) kind=-f ;;",
    "    folders) kind=-d ;;",
    "    \"program ${#words[@]}\") kind=-c ;;",
    "    program*) kind=-f ;;",
    "    *) return ;;",
    "    esac",
    "    compopt -o filenames 2>/dev/null",
    "    while IFS= read -r line; do",
    "        COMPREPLY+=(\"$line\")",
    "    done < <(compgen $kind -- \"$word\")",
    "}",
    "",
    "complete -F _mcpclient mcpclient",
    NULL,
};
static const char *const zsh[] = {
    "#compdef mcpclient",
    "# zsh completion of mcpclient, made by: mcpclient completion zsh",
    "",
    "_mcpclient() {",
    "    local kind line",
    "    local -a lines values",
    "    lines=(\"${(@f)$(${~${(Q)words[1]}} completion words -- \\",
    "        \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)}\")",
    "    kind=$lines[1]",
    "    case $kind in",
    "    files)",
    "        compset -P '--*='",
    "        _files ;;",
    "    folders)",
    "        compset -P '--*='",
    "        _files -/ ;;",
    "    program*)",
    "        shift ${kind#program } words",
    "        ((CURRENT -= ${kind#program }))",
    "        _normal ;;",
    "    words)",
    "        for line in \"${(@)lines[2,-1]}\"; do",
    "            values+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")",
    "        done",
    "        _describe word values ;;",
    "    esac",
    "}",
    "",
    "if [[ $funcstack[1] == _mcpclient ]]; then",
    "    _mcpclient \"$@\"",
    "else",
    "    compdef _mcpclient mcpclient",
    "fi",
    NULL,
};
static const char *const fish[] = {
    "# fish completion of mcpclient, made by: mcpclient completion fish",
    "",
    "function __mcpclient_complete",
    "    set -l words (commandline -opc) (commandline -ct)",
    "    set -l lines ($words[1] completion words -- $words[2..-1] 2>/dev/null)",
    "    set -l prefix (string match -r -- '^--[^=]*=' $words[-1]; or echo)",
    "    set -l word (string replace -r -- '^--[^=]*=' '' $words[-1])",
    "    switch $lines[1]",
    "        case files",
    "            printf '%s\\n' $prefix(__fish_complete_path $word)",
    "        case folders",
    "            printf '%s\\n' $prefix(__fish_complete_directories $word)",
    "        case 'program *'",
    "            set -l from (math 1 + (string replace 'program ' '' $lines[1]))",
    "            complete -C (string join -- ' ' $words[$from..-1])",
    "        case '*'",
    "            printf '%s\\n' $lines[2..-1]",
    "    end",
    "end",
    "",
    "complete -c mcpclient -f -a '(__mcpclient_complete)'",
    NULL,
};

/* What stands before the word to complete. */
struct line {
    const struct command *command;
    int words;  /* the command, and those after it */
    int option; /* the one that waits for its value; or -1 */
    int program; /* the word with which a program begins; or 0 */
    int words_only; /* after "--" */
    int is_given[OPTIONS];
    char config[4096];
};

/* Copies the path of a file as it was typed: without the quotes of a shell,
 * and with the folder that ~ means. */
static void take_path(char *to, size_t size, const char *typed)
{
    const char *home = getenv("HOME");
    size_t length = 0;

    *to = '\0';
    if (typed[0] == '~' && typed[1] == '/' && home != NULL) {
        snprintf(to, size, "%s", home);
        typed++;
    }
    for (length = strlen(to); *typed != '\0' && length < size - 1; typed++) {
        if (*typed == '\\' && typed[1] != '\0')
            typed++;
        else if (*typed == '"' || *typed == '\'')
            continue;
        to[length++] = *typed;
    }
    to[length] = '\0';
}

static void take_word(struct line *line, const char *word)
{
    size_t length = strcspn(word, "=");

    if (line->option == OPTION_CONFIG)
        take_path(line->config, sizeof line->config, word);
    if (line->option >= 0) {
        line->option = -1;
        return;
    }
    if (line->words_only || word[0] != '-' || word[1] == '\0') {
        if (line->words++ == 0)
            line->command = find_command(word);
        return;
    }
    line->option = find_option(word, length);
    if (line->option < 0)
        return;
    line->is_given[line->option] = !is_repeatable(line->option);
    if (option_table[line->option].argument == NULL)
        line->option = -1;
    else if (word[length] == '=')
        take_word(line, word + length + 1);
}

static void read_line_of(struct line *line, char **words, int count)
{
    int i;

    memset(line, 0, sizeof *line);
    line->option = -1;
    for (i = 0; i < count && line->program == 0; i++)
        if (strcmp(words[i], "--") == 0 && line->is_given[OPTION_STDIO])
            line->program = i + 2;
        else if (strcmp(words[i], "--") == 0)
            line->words_only = 1;
        else
            take_word(line, words[i]);
}

static void put_choices(const struct choice *choices, const char *before)
{
    for (; choices != NULL && choices->name != NULL; choices++)
        printf("%s%s\t\n", before, choices->name);
}

static void put_servers(const char *path, const char *before)
{
    mcp_config *config = mcp_config_load(path);
    size_t i;

    for (i = 0; i < mcp_config_count(config); i++) {
        const char *target = mcp_config_url(config, i);

        if (target == NULL)
            target = mcp_config_command(config, i);
        fputs(before, stdout);
        put_word(stdout, mcp_config_name(config, i));
        putchar('\t');
        put_word(stdout, target);
        putchar('\n');
    }
    mcp_config_free(config);
}

/* Writes what the value of an option may be.  `before` stands before it in the
 * same word. */
static void put_values(const struct line *line, int option, const char *before)
{
    char **at;

    switch (option_table[option].kind) {
    case A_FILE:
        puts("files");
        return;
    case A_FOLDER:
        puts("folders");
        return;
    default:
        puts("words");
    }
    if (option == OPTION_SERVER && line->config[0] != '\0')
        put_servers(line->config, before);
    for (at = environ; option_table[option].kind == A_VARIABLE && *at != NULL;
         at++)
        printf("%s%.*s\t\n", before, (int)strcspn(*at, "="), *at);
    put_choices(option_table[option].choices, before);
}

static void put_options(const struct line *line)
{
    int i;

    puts("words");
    for (i = 0; i < OPTIONS; i++) {
        const struct option_row *one = &option_table[i];

        if (line->is_given[i] ||
            (line->command != NULL && !applies(i, line->command)))
            continue;
        if (one->letter != 0)
            printf("-%c\t%s\n", one->letter, one->line);
        printf("--%s\t%s\n", one->name, one->line);
    }
}

/* Writes the commands, or what the first argument of one may be. */
static void put_arguments_of(const struct line *line)
{
    const struct command *command = line->command;
    size_t i;
    int has_url = command != NULL && command->takes <= TAKES_URL &&
                  !line->is_given[OPTION_CONFIG] &&
                  !line->is_given[OPTION_STDIO];

    puts("words");
    for (i = 0; line->words == 0 && i < command_count; i++)
        printf("%s\t%s\n", commands[i].name, commands[i].line);
    if (command != NULL && line->words == 1 + has_url)
        put_choices(command->choices, "");
}

static int put_words_of(char **words, int count)
{
    struct line line;
    const char *word = words[count - 1];
    size_t length = strcspn(word, "=");
    char before[64];
    int option = find_option(word, length);

    read_line_of(&line, words, count - 1);
    snprintf(before, sizeof before, "%.*s=", (int)length, word);
    if (line.program > 0)
        printf("program %d\n", line.program);
    else if (line.option >= 0)
        put_values(&line, line.option, "");
    else if (word[0] != '-' || line.words_only)
        put_arguments_of(&line);
    else if (word[length] == '=' && option >= 0)
        put_values(&line, option, before);
    else
        put_options(&line);
    return SUCCESS;
}

static int put_script(const char *const *lines)
{
    for (; *lines != NULL; lines++)
        puts(*lines);
    return SUCCESS;
}

int completion(mcp_client *client, const struct options *options)
{
    char **words = options->words;

    (void)client;
    if (options->word_count > 1 && strcmp(words[0], "words") == 0)
        return put_words_of(words + 1, options->word_count - 1);
    if (options->word_count > 1)
        return bad_usage("unexpected argument %s", words[1]);
    if (strcmp(words[0], "man") == 0)
        return put_manual();
    if (strcmp(words[0], "bash") == 0)
        return put_script(bash);
    if (strcmp(words[0], "zsh") == 0)
        return put_script(zsh);
    if (strcmp(words[0], "fish") == 0)
        return put_script(fish);
    return bad_usage("completion needs bash, zsh or fish, not %s", words[0]);
}
