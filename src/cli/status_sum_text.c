/* SPDX-License-Identifier: PostgreSQL */
/* Everybody's sessions for people: the verdict, who would break, then all the rest. */
#include "grid_int.h"
#include "status_sum_int.h"

#include <inttypes.h>

struct page {
    struct cli_sheet to;
    const struct status_report *r;
};

static void line(const struct page *p, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
static void line(const struct page *p, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (p->to.columns > 0)
        cli_paragraph(p->to.out, text, 0, p->to.columns);
    else
        cli_str_addf(p->to.out, "%s\n", text);
}

/* ---- clients ---------------------------------------------------------------------------------
 */

static const char *protocol(const struct status_group *g)
{
    return g->version[0] != '\0' ? g->version : g->tls > 0 ? "TLS" : "-";
}

static void add_number(struct cli_grid *g, uint64_t n)
{
    if (n == 0)
        cli_grid_add(g, "-");
    else
        cli_grid_addf(g, "%" PRIu64, n);
}

static void add_client(struct cli_grid *grid, const struct status_group *g, bool times)
{
    cli_grid_add_peer(grid, g->user.p, g->user.n);
    if (g->replication && g->database.n == 0)
        cli_grid_add(grid, "(replication)");
    else
        cli_grid_add_peer(grid, g->database.p, g->database.n);
    if (g->folded)
        cli_grid_add(grid, "(more)");
    else
        cli_grid_add_peer(grid, g->address.p, g->address.n);
    cli_grid_add_peer(grid, g->application.p, g->application.n);
    add_number(grid, g->plain);
    add_number(grid, g->tls);
    add_number(grid, g->gss);
    add_number(grid, g->hidden);
    add_number(grid, g->refused);
    add_number(grid, times ? g->samples : 0);
    cli_grid_add(grid, protocol(g));
    cli_grid_add(grid, times ? g->first : "-");
    cli_grid_add(grid, times ? g->last : "-");
}

/* All clients whose fate is between the two, under a heading. */
static void clients(const struct page *p, const char *title, enum status_fate from,
                    enum status_fate to)
{
    static const struct cli_grid_col COLS[] = {
        {.title = "user", .shrink = true},     {.title = "database", .shrink = true},
        {.title = "address", .shrink = true},  {.title = "application", .shrink = true},
        {.title = "plaintext", .right = true}, {.title = "TLS", .right = true},
        {.title = "GSS", .right = true},       {.title = "hidden", .right = true},
        {.title = "refused", .right = true},   {.title = "samples", .right = true, .drop = 1},
        {.title = "protocol", .drop = 2},      {.title = "first seen", .drop = 3},
        {.title = "last seen", .drop = 1},
    };
    struct cli_grid g = {.cols = COLS,
                         .ncols = PGSEAL_COUNT(COLS),
                         .columns = p->to.columns,
                         .colour = p->to.colour};

    for (size_t i = 0; i < p->r->sum->n; i++)
        if (p->r->sum->group[i]->fate >= from && p->r->sum->group[i]->fate <= to)
            add_client(&g, p->r->sum->group[i], p->r->snapshot == NULL);
    if (g.n > 0) {
        cli_heading(&p->to, title);
        cli_grid_print(&g, p->to.out);
    }
    cli_grid_done(&g);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void add_session(struct cli_grid *g, const struct status_session *s)
{
    static const char *const BY[] = {"PLAINTEXT", "TLS", "GSSAPI", "(hidden)"};
    const char *by = BY[s->by];

    if (s->by == STATUS_BY_PLAIN && s->from == STATUS_FROM_LOCAL)
        by = "local";
    if (s->by == STATUS_BY_TLS && s->version[0] != '\0')
        by = s->version;
    cli_grid_addf(g, "%ld", s->pid);
    cli_grid_add_peer(g, s->user, strlen(s->user));
    if (s->replication && s->database[0] == '\0')
        cli_grid_add(g, "(replication)");
    else
        cli_grid_add_peer(g, s->database, strlen(s->database));
    cli_grid_add_peer(g, s->address, strlen(s->address));
    cli_grid_add_peer(g, s->application, strlen(s->application));
    cli_grid_add_peer(g, by, strlen(by));
    cli_grid_add_peer(g, s->cipher, strlen(s->cipher));
    cli_grid_add_peer(g, s->since, strlen(s->since));
}

static void sessions(const struct page *p, const struct status_snapshot *snap, bool replication)
{
    static const struct cli_grid_col COLS[] = {
        {.title = "pid", .right = true, .drop = 1},
        {.title = "user", .shrink = true},
        {.title = "database", .shrink = true},
        {.title = "address", .shrink = true},
        {.title = "application", .shrink = true},
        {.title = "encryption"},
        {.title = "cipher", .drop = 3},
        {.title = "since", .drop = 2},
    };
    struct cli_grid g = {.cols = COLS,
                         .ncols = PGSEAL_COUNT(COLS),
                         .columns = p->to.columns,
                         .colour = p->to.colour};

    for (size_t i = 0; i < snap->n; i++)
        if (snap->session[i].replication == replication)
            add_session(&g, &snap->session[i]);
    if (g.n > 0) {
        cli_heading(&p->to, replication ? "Replication clients" : "Sessions");
        cli_grid_print(&g, p->to.out);
    }
    cli_grid_done(&g);
}

/* ---- totals ---------------------------------------------------------------------------------- */

static const char *s(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void add_count(struct cli_str *out, uint64_t n, const char *what)
{
    if (n > 0)
        cli_str_addf(out, "%s%" PRIu64 " %s", out->len > 0 ? ", " : "", n, what);
}

static void log_totals(const struct page *p)
{
    const struct status_log_facts *f = p->r->log;
    uint64_t logins = f->plain + f->tls + f->gss + f->local;
    bool mb = f->bytes >= 1000000;
    struct cli_str parts = {0};

    cli_str_addc(p->to.out, '\n');
    line(p, "Read %" PRIu64 " line%s, %.1f %s%s%s%s%s.", f->lines, s(f->lines),
         (double)f->bytes / (mb ? 1e6 : 1e3), mb ? "MB" : "kB",
         f->first[0] != '\0' ? ", from " : "", f->first, f->first[0] != '\0' ? " to " : "",
         f->last);
    add_count(&parts, f->tls, "TLS");
    add_count(&parts, f->plain, "plaintext");
    add_count(&parts, f->gss, "GSSAPI");
    add_count(&parts, f->local, "from Unix sockets");
    line(p, "%" PRIu64 " login%s succeeded%s%s.", logins, s(logins), parts.len > 0 ? ": " : "",
         cli_str(&parts));
    cli_str_cut(&parts, 0);
    add_count(&parts, f->failed, "for a password, role or database");
    add_count(&parts, f->refused, "by pg_hba.conf without encryption");
    add_count(&parts, f->refused_encrypted, "by pg_hba.conf although encrypted");
    add_count(&parts, f->handshakes, "in the TLS handshake");
    if (parts.len > 0)
        line(p, "Failed: %s.", cli_str(&parts));
    if (p->r->sum->internal > 0)
        line(p, "Left out: %" PRIu64 " of rdsadmin, the provider's own.", p->r->sum->internal);
    cli_str_done(&parts);
}

static void snapshot_totals(const struct page *p, const struct status_snapshot *snap)
{
    uint64_t by[STATUS_BY_HIDDEN + 1] = {0}, local = 0;
    struct cli_str parts = {0};

    for (size_t i = 0; i < snap->n; i++) {
        if (snap->session[i].from == STATUS_FROM_LOCAL)
            local++;
        else
            by[snap->session[i].by]++;
    }
    add_count(&parts, by[STATUS_BY_TLS], "TLS");
    add_count(&parts, by[STATUS_BY_PLAIN], "plaintext");
    add_count(&parts, by[STATUS_BY_GSS], "GSSAPI");
    add_count(&parts, local, "on Unix sockets");
    add_count(&parts, by[STATUS_BY_HIDDEN], "hidden");
    cli_str_addc(p->to.out, '\n');
    line(p, "%zu session%s besides this one%s%s, at %s.", snap->n, s(snap->n),
         parts.len > 0 ? ": " : "", cli_str(&parts), snap->when);
    cli_str_done(&parts);
    if (snap->internal > 0)
        line(p, "Left out: %" PRIu64 " of rdsadmin, the provider's own.", snap->internal);
    line(p, "A snapshot proves nothing about who connects at another time. Look longer:\n"
            "  pgseal status --watch 1h ...        samples every second\n"
            "  pgseal status --log FILE            every login, with log_connections = on");
}

static void watch_totals(const struct page *p)
{
    const struct status_watch *w = p->r->watch;

    cli_str_addc(p->to.out, '\n');
    line(p, "%" PRIu64 " sample%s from %s to %s: %" PRIu64 " session%s.", w->samples, s(w->samples),
         w->first, w->last, w->sessions, s(w->sessions));
    if (w->opened >= 0)
        line(p, "The server counts %" PRId64 " opened in that time.", w->opened);
    if (w->lost > 0)
        line(p, "The connection was lost %" PRIu64 " time%s; what was seen before is in the sums.",
             w->lost, s(w->lost));
    line(p, "Who came and went between two samples was not seen; every login is in the log:\n"
            "  pgseal status --log FILE            with log_connections = on");
}

static void note(const struct page *p)
{
    char text[512];

    status_report_note(p->r, text, sizeof(text));
    if (text[0] != '\0')
        line(p, "%s", text);
}

void cli_status_report_text(struct cli_str *out, const struct status_report *r,
                            const struct findings *found, bool all, int columns, bool colour)
{
    const struct page p = {.to = {.out = out, .columns = columns, .colour = colour}, .r = r};
    struct cli_str text = {0};
    char verdict[256];

    status_report_verdict(r, verdict, sizeof(verdict));
    cli_str_add(out, colour ? "\033[1m" : "");
    line(&p, "%s", verdict);
    cli_str_add(out, colour ? "\033[0m" : "");
    clients(&p, "Would break", STATUS_FATE_BREAKS, STATUS_FATE_BREAKS);
    clients(&p, "May break: plaintext from an address the log does not tell", STATUS_FATE_MAYBE,
            STATUS_FATE_MAYBE);
    clients(&p, "Refused in plaintext already", STATUS_FATE_REFUSED, STATUS_FATE_REFUSED);
    clients(&p, "Refused in plaintext, then came with TLS (sslmode=allow)", STATUS_FATE_RETRIES,
            STATUS_FATE_RETRIES);
    if (r->snapshot != NULL) {
        sessions(&p, r->snapshot, false);
        sessions(&p, r->snapshot, true);
    } else if (all) {
        clients(&p, "All others", STATUS_FATE_HIDDEN, STATUS_FATE_FINE);
    }
    if (r->way == STATUS_WAY_LOG)
        log_totals(&p);
    else if (r->way == STATUS_WAY_WATCH)
        watch_totals(&p);
    else if (r->snapshot != NULL)
        snapshot_totals(&p, r->snapshot);
    note(&p);
    cli_findings_text(&text, found, columns > 0 ? columns : 80, colour);
    if (text.len > 0) {
        cli_heading(&p.to, "Findings");
        cli_str_add(out, cli_str(&text));
    }
    cli_str_done(&text);
}
