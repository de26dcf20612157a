/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes scripts: the lexer and backslash commands, on a server that says yes to everything. */
#include "cli/run_int.h"

#include "fuzz.h"

struct script {
    const uint8_t *p;
    size_t n;
    bool asked;  /* a query waits for its answer */
    bool ready;  /* the answer's second half is due */
    size_t sent; /* bytes of all queries */
    const char *encoding;
};

static int read_message(void *ctx, struct pgseal_frame *out, struct pgseal_err *err)
{
    struct script *s = ctx;

    (void)err;
    if (!s->ready) {
        *out = (struct pgseal_frame){.type = 'C', .body = (const uint8_t *)"OK", .len = 3};
        s->ready = true;
        return 1;
    }
    *out = (struct pgseal_frame){.type = 'Z', .body = (const uint8_t *)"I", .len = 1};
    s->ready = s->asked = false;
    return 1;
}

static int take_message(void *ctx, uint8_t type, const void *body, size_t n, struct pgseal_err *err)
{
    struct script *s = ctx;

    (void)err;
    if (type != 'Q' || s->asked || memchr(body, '\0', n) != (const uint8_t *)body + n - 1)
        abort(); /* one query at a time, and a whole one */
    s->asked = true;
    s->sent += n;
    return 0;
}

static int nothing(void *ctx, struct pgseal_err *err)
{
    (void)ctx;
    (void)err;
    return 0;
}

static const char *param(void *ctx, const char *name)
{
    const struct script *s = ctx;

    return strcmp(name, "client_encoding") == 0 ? s->encoding : NULL;
}

static void tell(void *ctx, struct cli_run *run)
{
    (void)ctx;
    (void)run;
}

static bool next_line(void *ctx, struct cli_run *run, enum cli_prompt prompt, struct cli_str *line)
{
    struct script *s = ctx;
    const uint8_t *end;
    size_t n;

    (void)run;
    (void)prompt;
    if (s->n == 0)
        return false;
    end = memchr(s->p, '\n', s->n);
    n = end != NULL ? (size_t)(end - s->p) : s->n;
    cli_str_addn(line, s->p, strnlen((const char *)s->p, n));
    n += end != NULL;
    s->p += n;
    s->n -= n;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *out;
    struct script s = {.p = data, .n = size, .encoding = "UTF8"};
    struct cli_lines_in in = {.ctx = &s, .next = next_line};
    struct cli_run run = {
        .link = {.ctx = &s,
                 .read = read_message,
                 .write = take_message,
                 .flush = nothing,
                 .cancel = nothing,
                 .param = param},
        .host = {.ctx = &s, .conninfo = tell, .ssl = tell},
        .handover = "psql",
        .open = true,
    };

    if (size > 0 && data[0] == '~') { /* the encoding whose second bytes look like quotes */
        s.encoding = "SJIS";
        s.p++;
        s.n--;
    }
    if (out == NULL)
        out = fopen("/dev/null", "w");
    if (out == NULL)
        abort();
    run.out = out;
    run.log = (struct cli_log){.err = out, .out = out, .terse = true};
    cli_run_params(&run);
    (void)cli_main_loop(&run, &in);
    if (s.sent > size * 2 + 16)
        abort(); /* nothing is sent that was not typed */
    cli_str_done(&run.notify);
    cli_str_done(&run.key);
    if (pgseal__alloc_live() != 0)
        abort();
    return 0;
}
