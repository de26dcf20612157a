/* SPDX-License-Identifier: PostgreSQL */
/* One query string: sent, its results printed in psql's order. */
#include "run_int.h"

#include <errno.h>

/* The session is gone: for good in a script, and at the prompt unless a new one can be had. */
static void lost(struct cli_run *run)
{
    if (!run->at_prompt) {
        cli_say(&run->log, CLI_ERROR, "connection to server was lost");
        return;
    }
    fflush(run->out);
    fputs("The connection to the server was lost. Attempting reset: ", run->log.err);
    fflush(run->log.err);
    if (!run->host.reset(run->host.ctx, run)) {
        fputs("Failed.\n", run->log.err);
        return;
    }
    fputs("Succeeded.\n", run->log.err);
    run->host.announce(run->host.ctx, run);
}

static void show_error(struct cli_run *run, const struct cli_result *res)
{
    if (res->text.len > 0)
        cli_say(&run->log, CLI_PLAIN, "%s", res->text.p);
    if (res->kind == CLI_RES_LOST)
        lost(run);
}

static bool is_returning(const char *tag)
{
    return strncmp(tag, "INSERT", 6) == 0 || strncmp(tag, "UPDATE", 6) == 0 ||
           strncmp(tag, "DELETE", 6) == 0 || strncmp(tag, "MERGE", 5) == 0;
}

static bool print_rows(struct cli_run *run, const struct cli_result *res)
{
    struct cli_table t = {
        .enc = run->enc, .cols = res->cols, .ncols = res->ncols, .rows = &res->rows};
    struct cli_print how = run->print;
    size_t lines = 0, width = 0;
    FILE *f = run->out;
    bool ok;

    if (run->pager) {
        cli_table_extent(&t, &how, &lines, &width);
        if (how.expanded_auto && t.ncols > 1 && width > cli_pager_columns(run)) {
            how.expanded = true;
            cli_table_extent(&t, &how, &lines, &width);
        }
        f = cli_pager_open(run, lines, width);
    }
    cli_table_print(f, &t, &how);
    ok = fflush(f) == 0 && !ferror(f);
    if (f != run->out) {
        cli_pager_close(run, f);
        return true; /* a person may leave a pager early */
    }
    if (!ok)
        cli_say(&run->log, CLI_ERROR, "could not print result table: %s", strerrordesc_np(errno));
    return ok;
}

static bool print_result(struct cli_run *run, const struct cli_result *res)
{
    bool ok = true;

    if (res->kind == CLI_RES_TUPLES)
        ok = print_rows(run, res);
    else if (res->kind != CLI_RES_COMMAND)
        return true;
    if (!run->quiet && (res->kind == CLI_RES_COMMAND || is_returning(res->tag))) {
        fprintf(run->out, "%s\n", res->tag);
        fflush(run->out);
    }
    return ok;
}

/* START_REPLICATION: a stream without end, which nothing here could show. */
static void refuse_stream(struct cli_run *run, struct cli_result *res)
{
    cli_say(&run->log, CLI_ERROR,
            "the server started a replication stream, which connect does not read: use "
            "pg_receivewal or pg_recvlogical; the session is closed");
    run->open = false;
    res->kind = CLI_RES_END;
}

/* Handles what must be handled before the next result can be read. False: the query failed. */
static bool settle(struct cli_run *run, struct cli_result *res)
{
    bool ok = true;

    switch (res->kind) {
    case CLI_RES_COPY_OUT:
        ok = cli_copy_out(run, res);
        break;
    case CLI_RES_COPY_IN:
        ok = cli_copy_in(run, res);
        break;
    case CLI_RES_COPY_BOTH:
        refuse_stream(run, res);
        return false;
    default:
        break;
    }
    if (res->kind == CLI_RES_ERROR || res->kind == CLI_RES_LOST) {
        show_error(run, res);
        return false;
    }
    return ok;
}

/* Reads and prints all results. A result is printed once the next one is there, as psql does. */
static bool results(struct cli_run *run)
{
    struct cli_result cur = {0}, next = {0};
    bool ok = true;

    cli_result_next(run, &cur);
    while (cur.kind != CLI_RES_END) {
        bool over;

        if (!settle(run, &cur))
            ok = false;
        over = !run->open || cur.kind == CLI_RES_LOST;
        if (!over)
            cli_result_next(run, &next);
        if (ok && !run->cancelled)
            ok = print_result(run, &cur);
        cli_result_done(&cur);
        if (over)
            break;
        cur = next;
        next = (struct cli_result){0};
    }
    cli_result_done(&cur);
    return ok;
}

static void print_notifications(struct cli_run *run)
{
    if (run->notify.len == 0)
        return;
    fputs(run->notify.p, run->out);
    fflush(run->out);
    cli_str_cut(&run->notify, 0);
}

bool cli_query(struct cli_run *run, const char *sql)
{
    bool ok;

    if (!run->open) {
        cli_say(&run->log, CLI_ERROR, "You are currently not connected to a database.");
        return false;
    }
    run->query = sql;
    run->cancelled = false;
    run->txn = 'A'; /* active, until the server says otherwise */
    if (run->link.write(run->link.ctx, 'Q', sql, strlen(sql) + 1, &run->err) < 0 ||
        run->link.flush(run->link.ctx, &run->err) < 0) {
        /* What the server said before it left is told first. */
        ok = false;
        (void)results(run);
        if (run->open) {
            run->open = false;
            cli_say(&run->log, CLI_PLAIN, "%s", run->err.msg);
            lost(run);
        }
    } else {
        ok = results(run);
    }
    print_notifications(run);
    run->query = NULL;
    return ok && !run->cancelled;
}
