/* SPDX-License-Identifier: PostgreSQL */
/* A run of commands with its outputs in memory, on a server that is a list of messages. */
#ifndef T_CLI_STAGE_H
#define T_CLI_STAGE_H

#include "cli/run_int.h"

#include "t.h"

#define MAYBE __attribute__((unused)) /* not every test uses every helper */

/* A server that answers from a list, whatever it is asked. */
struct server {
    struct cli_str bytes; /* messages: type, length, body */
    size_t at;
    struct cli_str sent; /* what was written: "Q:text " "d:bytes " "c: " */
    bool fail_cancel;
    int cancels;
    int interrupt_at; /* the n-th read is interrupted first; 0 = none */
    int reads;
    const char *encoding;
    bool resets; /* a reset succeeds */
};

MAYBE static void say(struct server *s, uint8_t type, const void *body, size_t n)
{
    uint8_t head[5] = {type};

    pgseal__put32(head + 1, (uint32_t)n);
    cli_str_addn(&s->bytes, head, 5);
    cli_str_addn(&s->bytes, body, n);
}

MAYBE static void say_text(struct server *s, uint8_t type, const char *text)
{
    say(s, type, text, strlen(text) + 1);
}

MAYBE static void say_ready(struct server *s, char txn)
{
    say(s, 'Z', &txn, 1);
}

/* One int4 column. */
MAYBE static void say_column(struct server *s, const char *name)
{
    struct cli_str b = {0};
    static const uint8_t rest[18] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 0xff, 0xff, 0xff, 0xff};

    cli_str_addn(&b, "\0\1", 2);
    cli_str_addn(&b, name, strlen(name) + 1);
    cli_str_addn(&b, rest, sizeof(rest));
    say(s, 'T', b.p, b.len);
    cli_str_done(&b);
}

MAYBE static void say_row(struct server *s, const char *value)
{
    struct cli_str b = {0};
    uint8_t len[4];

    pgseal__put32(len, (uint32_t)strlen(value));
    cli_str_addn(&b, "\0\1", 2);
    cli_str_addn(&b, len, 4);
    cli_str_add(&b, value);
    say(s, 'D', b.p, b.len);
    cli_str_done(&b);
}

MAYBE static void say_error(struct server *s, uint8_t type, const char *severity,
                            const char *message)
{
    struct cli_str b = {0};

    cli_str_addc(&b, 'S');
    cli_str_addn(&b, severity, strlen(severity) + 1);
    cli_str_addn(&b, "C57014", 7);
    cli_str_addc(&b, 'M');
    cli_str_addn(&b, message, strlen(message) + 1);
    cli_str_addc(&b, '\0');
    say(s, type, b.p, b.len);
    cli_str_done(&b);
}

MAYBE static int fake_read(void *ctx, struct pgseal_frame *out, struct pgseal_err *err)
{
    struct server *s = ctx;
    const uint8_t *p;

    if (++s->reads == s->interrupt_at) {
        cli_interrupted = 1;
        return pgseal__fail(err, PGSEAL_E_TIMEOUT, "interrupted");
    }
    if (s->at == s->bytes.len)
        return pgseal__fail(err, PGSEAL_E_CLOSED, "server closed the connection unexpectedly");
    p = (const uint8_t *)s->bytes.p + s->at;
    *out = (struct pgseal_frame){.type = p[0], .body = p + 5, .len = pgseal__get32(p + 1)};
    s->at += 5 + out->len;
    return 1;
}

MAYBE static int fake_write(void *ctx, uint8_t type, const void *body, size_t n,
                            struct pgseal_err *err)
{
    struct server *s = ctx;

    (void)err;
    cli_str_addf(&s->sent, "%c:", type);
    cli_str_addn(&s->sent, body, type == 'Q' || type == 'f' ? n - 1 : n);
    cli_str_addc(&s->sent, ' ');
    return 0;
}

MAYBE static int fake_flush(void *ctx, struct pgseal_err *err)
{
    (void)ctx;
    (void)err;
    return 0;
}

MAYBE static int fake_cancel(void *ctx, struct pgseal_err *err)
{
    struct server *s = ctx;

    s->cancels++;
    return s->fail_cancel ? pgseal__fail(err, PGSEAL_E_CONNECT, "no way") : 0;
}

MAYBE static const char *fake_param(void *ctx, const char *name)
{
    struct server *s = ctx;

    if (strcmp(name, "client_encoding") == 0)
        return s->encoding != NULL ? s->encoding : "UTF8";
    return strcmp(name, "is_superuser") == 0 ? "on" : NULL;
}

MAYBE static bool fake_reset(void *ctx, struct cli_run *run)
{
    struct server *s = ctx;

    run->open = s->resets;
    return s->resets;
}

MAYBE static void fake_tell(void *ctx, struct cli_run *run)
{
    (void)ctx;
    fputs("told\n", run->out);
}

/* A run with its outputs in memory. */
struct stage {
    struct server server;
    struct cli_run run;
    char *out, *err;
    size_t out_len, err_len;
};

MAYBE static void start(struct stage *st)
{
    *st = (struct stage){0};
    st->run = (struct cli_run){
        .link = {.ctx = &st->server,
                 .read = fake_read,
                 .write = fake_write,
                 .flush = fake_flush,
                 .cancel = fake_cancel,
                 .param = fake_param},
        .host = {.ctx = &st->server,
                 .reset = fake_reset,
                 .announce = fake_tell,
                 .conninfo = fake_tell,
                 .ssl = fake_tell,
                 .dbname = "db"},
        .print = {.format = CLI_UNALIGNED, .tuples_only = true, .fieldsep = "|", .recordsep = "\n"},
        .handover = "psql -h x",
        .source = stdin,
        .open = true,
        .txn = 'I',
    };
    st->run.out = open_memstream(&st->out, &st->out_len);
    st->run.log = (struct cli_log){
        .err = open_memstream(&st->err, &st->err_len), .out = st->run.out, .terse = true};
    cli_run_params(&st->run);
    cli_interrupt_clear();
}

MAYBE static void finish(struct stage *st)
{
    fclose(st->run.out);
    fclose(st->run.log.err);
    free(st->out);
    free(st->err);
    cli_str_done(&st->server.bytes);
    cli_str_done(&st->server.sent);
    cli_str_done(&st->run.key);
    cli_str_done(&st->run.notify);
}

MAYBE static void expect(struct stage *st, const char *out, const char *err)
{
    fflush(st->run.out);
    fflush(st->run.log.err);
    assert_string_equal(st->out, out);
    assert_string_equal(st->err, err);
}

#endif
