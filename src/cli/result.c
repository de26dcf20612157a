/* SPDX-License-Identifier: PostgreSQL */
/* Messages of the server become results, as libpq's PQgetResult() makes them. */
#include "errtext_int.h"
#include "run_int.h"

#include <inttypes.h>

void cli_run_params(struct cli_run *run)
{
    run->enc = cli_enc_find(run->link.param(run->link.ctx, "client_encoding"));
}

static void drop_columns(struct cli_result *res)
{
    for (size_t i = 0; i < res->ncols; i++)
        cli_free(res->cols[i].name);
    cli_free(res->cols);
    res->cols = NULL;
    res->ncols = 0;
}

void cli_result_done(struct cli_result *res)
{
    drop_columns(res);
    cli_rows_done(&res->rows);
    cli_str_done(&res->text);
    *res = (struct cli_result){0};
}

/* What was collected so far is void: an error came, or the protocol broke. */
static void become(struct cli_result *res, enum cli_kind kind, const char *text)
{
    drop_columns(res);
    cli_rows_done(&res->rows);
    res->kind = kind;
    if (text != NULL && (res->text.len == 0 || kind == CLI_RES_LOST)) {
        cli_str_cut(&res->text, 0);
        cli_str_add(&res->text, text);
    }
}

/* psql says so, and goes on waiting for the server's answer. */
static void cancel(struct cli_run *run)
{
    cli_interrupt_clear();
    fflush(run->out);
    if (run->link.cancel(run->link.ctx, &run->err) == 0)
        fputs("Cancel request sent\n", run->log.err);
    else
        fprintf(run->log.err, "Could not send cancel request: %s\n", run->err.msg);
    run->cancelled = true;
}

bool cli_read(struct cli_run *run, struct pgseal_frame *f, struct cli_result *res)
{
    for (;;) {
        int rc = run->link.read(run->link.ctx, f, &run->err);

        if (rc > 0)
            return true;
        if (rc != PGSEAL_E_TIMEOUT || !cli_was_interrupted())
            break;
        cancel(run);
    }
    run->open = false;
    become(res, CLI_RES_LOST, run->err.msg);
    return false;
}

static void notice(struct cli_run *run, const struct pgseal_frame *f)
{
    struct pgseal_notice n;
    struct cli_str text = {0};

    if (pgseal_notice_parse(f->body, f->len, &n, NULL) < 0)
        return;
    cli_errtext(&text, &n, run->query, run->enc, false);
    cli_say(&run->log, CLI_PLAIN, "%s", cli_str(&text));
    cli_str_done(&text);
}

static void notification(struct cli_run *run, const struct pgseal_frame *f)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    int32_t pid = (int32_t)pgseal_read_u32(&r);
    const char *channel = pgseal_read_str(&r);
    const char *payload = pgseal_read_str(&r);

    if (r.bad)
        return;
    cli_str_add(&run->notify, "Asynchronous notification \"");
    cli_str_add_peer(&run->notify, channel, run->enc);
    cli_str_add(&run->notify, "\" ");
    if (payload[0] != '\0') {
        cli_str_add(&run->notify, "with payload \"");
        cli_str_add_peer(&run->notify, payload, run->enc);
        cli_str_add(&run->notify, "\" ");
    }
    cli_str_addf(&run->notify, "received from server process with PID %" PRId32 ".\n", pid);
}

bool cli_async(struct cli_run *run, const struct pgseal_frame *f)
{
    if (f->type == 'N')
        notice(run, f);
    else if (f->type == 'A')
        notification(run, f);
    else if (f->type == 'S')
        cli_run_params(run); /* the session has noted it */
    else
        return false;
    return true;
}

void cli_result_from(struct cli_run *run, const struct pgseal_frame *f, struct cli_result *res)
{
    struct pgseal_notice n;
    struct cli_str text = {0};

    if (pgseal_notice_parse(f->body, f->len, &n, NULL) < 0) {
        become(res, CLI_RES_ERROR,
               "message contents do not agree with length in message type \"E\"\n");
        return;
    }
    cli_errtext(&text, &n, run->query, run->enc, true);
    become(res, CLI_RES_ERROR, cli_str(&text));
    cli_str_done(&text);
}

/* RowDescription: per field name, table oid, column, type oid, size, modifier, format. */
static void row_description(struct cli_run *run, const struct pgseal_frame *f,
                            struct cli_result *res)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);
    size_t n = pgseal_read_u16(&r);

    res->kind = CLI_RES_TUPLES;
    /* A field takes 19 bytes at least: a lie about their number allocates nothing. */
    if (n > r.n / 19)
        r.bad = true;
    else
        res->cols = cli_alloc(n * sizeof(*res->cols));
    for (; res->ncols < n && !r.bad; res->ncols++) {
        struct cli_col *c = &res->cols[res->ncols];

        c->name = cli_strdup(pgseal_read_str(&r));
        c->len = cli_cell_validate(run->enc, (uint8_t *)c->name, strlen(c->name));
        pgseal_read_u32(&r);
        pgseal_read_u16(&r);
        c->type = pgseal_read_u32(&r);
        pgseal_read_u16(&r);
        pgseal_read_u32(&r);
        pgseal_read_u16(&r);
    }
    if (r.bad || r.n != 0)
        become(res, CLI_RES_ERROR, "insufficient data in \"T\" message\n");
}

static void data_row(struct cli_run *run, const struct pgseal_frame *f, struct cli_result *res)
{
    if (res->kind == CLI_RES_ERROR)
        return;
    if (res->kind != CLI_RES_TUPLES) {
        become(res, CLI_RES_ERROR,
               "server sent data (\"D\" message) without prior row description (\"T\" message)\n");
        return;
    }
    if (f->len < 2 || pgseal__get16(f->body) != res->ncols)
        become(res, CLI_RES_ERROR, "unexpected field count in \"D\" message\n");
    else if (cli_rows_add(&res->rows, run->enc, res->ncols, f->body + 2, f->len - 2) < 0)
        become(res, CLI_RES_ERROR, "insufficient data in \"D\" message\n");
}

static void command_complete(const struct pgseal_frame *f, struct cli_result *res)
{
    struct pgseal_reader r = pgseal_reader(f->body, f->len);

    struct cli_str tag = {0};

    cli_str_add_peer(&tag, pgseal_read_str(&r), CLI_ENC_UTF8);
    pgseal__format(res->tag, sizeof(res->tag), "%s", cli_str(&tag));
    cli_str_done(&tag);
    if (res->kind == CLI_RES_END)
        res->kind = CLI_RES_COMMAND;
}

static void unexpected(const struct pgseal_frame *f, struct cli_result *res)
{
    char text[80], shown[8];

    snprintf(text, sizeof(text),
             "unexpected response from server; first received character was \"%s\"\n",
             pgseal__escape(shown, sizeof(shown), &f->type, 1, 1));
    become(res, CLI_RES_ERROR, text);
}

/* One message of a running query. True when it completes a result. */
static bool take(struct cli_run *run, const struct pgseal_frame *f, struct cli_result *res)
{
    switch (f->type) {
    case 'T':
        if (res->kind == CLI_RES_END)
            row_description(run, f, res);
        else if (res->kind != CLI_RES_ERROR) /* a second header within one result */
            unexpected(f, res);
        return false;
    case 'D':
        data_row(run, f, res);
        return false;
    case 'C':
        command_complete(f, res);
        return true;
    case 'E':
        cli_result_from(run, f, res);
        return true;
    case 'I':
        if (res->kind == CLI_RES_END)
            res->kind = CLI_RES_EMPTY;
        return true;
    case 'G':
    case 'H':
    case 'W':
        res->kind = f->type == 'G'   ? CLI_RES_COPY_IN
                    : f->type == 'H' ? CLI_RES_COPY_OUT
                                     : CLI_RES_COPY_BOTH;
        res->binary = f->len > 0 && f->body[0] != 0;
        return true;
    case 'Z':
        run->txn = f->len > 0 ? (char)f->body[0] : 'I';
        return true;
    case 'd':
    case 'c':
    case 'K':
    case '1':
    case '2':
    case '3':
    case 'n':
    case 't':
        return false;
    default:
        unexpected(f, res);
        return true;
    }
}

void cli_result_next(struct cli_run *run, struct cli_result *res)
{
    struct pgseal_frame f;

    cli_result_done(res);
    do {
        if (!cli_read(run, &f, res))
            return;
    } while (cli_async(run, &f) || !take(run, &f, res));
}
