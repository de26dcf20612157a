/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes what an authenticated server may answer to a query: results, COPY, errors, the printers.
 */
#include "cli/run_int.h"

#include "fuzz.h"

#define BODY_MAX 100000u

struct server {
    const uint8_t *p;
    size_t n;
    const char *encoding;
};

static int read_message(void *ctx, struct pgseal_frame *out, struct pgseal_err *err)
{
    struct server *s = ctx;
    long size = pgseal_frame_next(s->p, s->n, BODY_MAX, out, err);

    if (size < 0)
        return (int)size;
    if (size == 0)
        return pgseal__fail(err, PGSEAL_E_CLOSED, "server closed the connection unexpectedly");
    s->p += size;
    s->n -= (size_t)size;
    return 1;
}

static int take_message(void *ctx, uint8_t type, const void *body, size_t n, struct pgseal_err *err)
{
    (void)ctx;
    (void)type;
    (void)body;
    (void)n;
    (void)err;
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
    const struct server *s = ctx;

    return strcmp(name, "client_encoding") == 0 ? s->encoding : NULL;
}

static FILE *null_file(const char *mode)
{
    FILE *f = fopen("/dev/null", mode);

    if (f == NULL)
        abort();
    return f;
}

/* The first byte decides how results are printed and in which encoding. */
static void configure(struct cli_run *run, struct server *s, uint8_t how)
{
    static const char *const ENCODINGS[] = {"UTF8",    "SQL_ASCII", "SJIS",          "EUC_JP",
                                            "GB18030", "EUC_TW",    "MULE_INTERNAL", "BIG5"};

    run->print = (struct cli_print){.format = (enum cli_format)(how % 3),
                                    .expanded = (how & 4) != 0,
                                    .tuples_only = (how & 8) != 0,
                                    .fieldsep = "|",
                                    .recordsep = "\n"};
    s->encoding = ENCODINGS[how >> 5];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *out, *in;
    struct server s = {0};
    struct cli_run run = {
        .link = {.ctx = &s,
                 .read = read_message,
                 .write = take_message,
                 .flush = nothing,
                 .cancel = nothing,
                 .param = param},
        .handover = "psql",
        .open = true,
    };

    if (size == 0)
        return 0;
    if (out == NULL) {
        out = null_file("w");
        in = null_file("r");
    }
    configure(&run, &s, data[0]);
    s.p = data + 1;
    s.n = size - 1;
    run.out = out;
    run.source = in;
    run.log = (struct cli_log){.err = out, .out = out, .terse = true};
    cli_run_params(&run);
    while (run.open && s.n > 0)
        (void)cli_query(&run, "select\t'query' -- \xe6\x97\xa5\nsecond line");
    cli_str_done(&run.notify);
    cli_str_done(&run.key);
    if (pgseal__alloc_live() != 0)
        abort();
    return 0;
}
