/* SPDX-License-Identifier: PostgreSQL */
/* The main loop: lines become statements and commands, from a script or from the prompt. */
#include "run_int.h"

#include <errno.h>

/* What the loop carries from line to line. */
struct loop {
    struct cli_run *run;
    const struct cli_lines_in *in;
    struct cli_lex lex;
    struct cli_str query;
    enum cli_prompt prompt;
    unsigned long lines;
    bool die; /* ON_ERROR_STOP, as it was when the line began */
    bool ok;  /* the last statement or command succeeded */
    bool quit;
    int code;
};

/* The exit code after a failure in a script, or OK to go on. */
static int verdict(const struct loop *l)
{
    if (l->run->at_prompt)
        return CLI_EXIT_OK;
    if (!l->run->open)
        return CLI_EXIT_BADCONN;
    if (l->run->cancelled || (!l->ok && l->die))
        return CLI_EXIT_USER;
    return CLI_EXIT_OK;
}

static void run_query(struct loop *l)
{
    l->ok = cli_query(l->run, cli_str(&l->query));
    cli_str_cut(&l->query, 0);
}

/* A line of its own leaves no newline behind in the statement around it (PG15 mainloop.c). */
static void run_slash(struct loop *l, size_t newline_at)
{
    size_t n, used;
    const char *p = cli_lex_rest(&l->lex, &n);
    enum cli_slash got;

    if (newline_at > 0 && l->query.len == newline_at)
        cli_str_cut(&l->query, newline_at - 1);
    got = cli_slash(l->run, p, n, &used);
    cli_lex_skip(&l->lex, used);
    l->ok = got == CLI_SLASH_OK || got == CLI_SLASH_QUIT;
    l->quit = got == CLI_SLASH_QUIT;
    if (got == CLI_SLASH_FOREIGN && !l->run->at_prompt) {
        /* \c, \set or \i that did not happen would send what follows to the wrong place. */
        cli_say(&l->run->log, CLI_ERROR, "the script ends here: what follows may depend on it");
        l->code = CLI_EXIT_USER;
    }
}

static void take_line(struct loop *l, const char *line, size_t len)
{
    size_t newline_at = 0;

    if (l->query.len > 0) {
        cli_str_addc(&l->query, '\n');
        newline_at = l->query.len;
    }
    l->die = l->run->on_error_stop;
    l->ok = true;
    l->lex.backslash_quotes = false;
    if (l->run->open) {
        const char *std = l->run->link.param(l->run->link.ctx, "standard_conforming_strings");

        l->lex.backslash_quotes = std != NULL && strcmp(std, "off") == 0;
    }
    cli_lex_line(&l->lex, l->run->enc, line, len);
    while (l->code == CLI_EXIT_OK && !l->quit && (l->ok || !l->die)) {
        switch (cli_lex_scan(&l->lex, &l->query, &l->prompt)) {
        case CLI_LEX_SEMICOLON:
            run_query(l);
            l->code = verdict(l);
            newline_at = 0;
            break;
        case CLI_LEX_BACKSLASH:
            run_slash(l, newline_at);
            newline_at = 0;
            break;
        case CLI_LEX_END:
            return;
        }
    }
    if (l->code == CLI_EXIT_OK)
        l->code = verdict(l);
}

static bool word_is(const char *line, const char *word)
{
    size_t n = strlen(word);

    if (strncasecmp(line, word, n) != 0)
        return false;
    return line[n + strspn(line + n, " \t\r;")] == '\0';
}

/* "help", "quit", "exit": words people type at a prompt. True when the line was one. */
static bool friendly(struct loop *l, const char *line)
{
    bool quit = word_is(line, "quit") || word_is(line, "exit");

    if (!quit && !word_is(line, "help"))
        return false;
    if (l->query.len > 0) {
        if (!quit)
            fputs("Use \\? for help or press control-C to clear the input buffer.\n", l->run->out);
        else if (cli_lex_in_quote(&l->lex))
            fputs("Use control-D to quit.\n", l->run->out);
        else
            fputs("Use \\q to quit.\n", l->run->out);
        return false; /* it is text all the same */
    }
    if (quit)
        l->quit = true;
    else
        fputs("You are using pgseal, which connects to PostgreSQL and says what that connection "
              "proves.\n"
              "Type:  \\ssl for what was verified\n"
              "       \\? for help with commands\n"
              "       a semicolon behind a statement to execute it\n"
              "       \\q to quit\n",
              l->run->out);
    return true;
}

/* What only the first line of a script may be. True when the loop is over. */
static bool first_line(struct loop *l, struct cli_str *line)
{
    if (l->run->enc == CLI_ENC_UTF8 && line->len >= 3 && memcmp(line->p, "\xef\xbb\xbf", 3) == 0) {
        memmove(line->p, line->p + 3, line->len - 2);
        line->len -= 3;
    }
    if (l->run->at_prompt || strncmp(cli_str(line), "PGDMP", 5) != 0)
        return false;
    fputs("The input is a PostgreSQL custom-format dump.\n"
          "Use the pg_restore command-line client to restore this dump to a database.\n\n",
          l->run->out);
    l->code = CLI_EXIT_FAILURE;
    return true;
}

/* Ctrl-C at the prompt clears what was typed; in a script it ends it. */
static void interrupted(struct loop *l)
{
    cli_interrupt_clear();
    cli_lex_reset(&l->lex);
    cli_str_cut(&l->query, 0);
    l->prompt = CLI_PROMPT_READY;
    if (l->run->at_prompt)
        fputc('\n', l->run->out);
    else
        l->code = CLI_EXIT_USER;
}

int cli_main_loop(struct cli_run *run, const struct cli_lines_in *in)
{
    struct loop l = {.run = run, .in = in, .ok = true};
    struct cli_str line = {0};

    while (l.code == CLI_EXIT_OK && !l.quit) {
        bool more;

        fflush(run->out);
        if (l.query.len == 0 && !cli_lex_in_quote(&l.lex) && l.lex.paren_depth == 0)
            l.prompt = CLI_PROMPT_READY;
        cli_str_cut(&line, 0);
        more = in->next(in->ctx, run, l.prompt, &line);
        if (cli_was_interrupted()) {
            interrupted(&l);
            continue;
        }
        if (!more)
            break;
        l.lines++;
        if (run->log.file != NULL)
            run->log.line++;
        if (l.lines == 1 && first_line(&l, &line))
            break;
        if (line.len == 0 && !cli_lex_in_quote(&l.lex))
            continue;
        if (run->at_prompt && friendly(&l, line.p))
            continue;
        take_line(&l, cli_str(&line), line.len);
        if (run->at_prompt && in->remember != NULL)
            in->remember(in->ctx, cli_str(&line));
    }
    if (in->failed != NULL && *in->failed && l.code == CLI_EXIT_OK)
        l.code = CLI_EXIT_FAILURE;
    /* Also behind \q, as in psql. */
    if (l.query.len > 0 && !run->at_prompt && l.code == CLI_EXIT_OK) {
        l.die = run->on_error_stop;
        run_query(&l);
        l.code = verdict(&l);
    }
    cli_str_done(&line);
    cli_str_done(&l.query);
    cli_lex_done(&l.lex);
    return l.code;
}

struct file_lines {
    FILE *f;
    char *buf;
    size_t cap;
    bool failed;
};

static bool next_line(void *ctx, struct cli_run *run, enum cli_prompt prompt, struct cli_str *line)
{
    struct file_lines *in = ctx;
    ssize_t n = getline(&in->buf, &in->cap, in->f);
    size_t len;

    (void)prompt;
    if (n < 0) {
        if (ferror(in->f) && !cli_was_interrupted()) {
            cli_say(&run->log, CLI_ERROR, "could not read from input file: %s",
                    strerrordesc_np(errno));
            in->failed = true;
        }
        return false;
    }
    len = strnlen(in->buf, (size_t)n); /* psql drops what stands behind a NUL */
    if (len > 0 && in->buf[len - 1] == '\n')
        len--;
    cli_str_addn(line, in->buf, len);
    return true;
}

int cli_script(struct cli_run *run, const char *file)
{
    bool is_stdin = file == NULL || strcmp(file, "-") == 0;
    struct file_lines fl = {.f = is_stdin ? stdin : fopen(file, "r")};
    struct cli_lines_in in = {.ctx = &fl, .next = next_line, .failed = &fl.failed};
    struct cli_log log = run->log;
    FILE *source = run->source;
    int code;

    if (fl.f == NULL) {
        cli_say(&run->log, CLI_ERROR, "%s: %s", file, strerrordesc_np(errno));
        return CLI_EXIT_FAILURE;
    }
    run->source = fl.f;
    if (file != NULL) {
        run->log.file = is_stdin ? "<stdin>" : file;
        run->log.line = 0;
        run->log.terse = false;
    }
    code = cli_main_loop(run, &in);
    run->log = log;
    run->log.terse = true; /* PG15 command.c process_file: also where it was not before */
    run->source = source;
    if (!is_stdin)
        fclose(fl.f);
    free(fl.buf);
    return code;
}
