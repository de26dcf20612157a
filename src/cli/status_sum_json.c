/* SPDX-License-Identifier: PostgreSQL */
/* Everybody's sessions as JSON: the same facts for programs. Field names are in the man page. */
#include "status_sum_int.h"

/*
 * A name as it is when all of it is safe to show, else escaped as in the text: what a program
 * prints may end on a terminal.
 */
static void put_name(json_t *o, const char *key, const char *p, size_t n)
{
    char text[STATUS_NAME_MAX * 4 + 8];
    bool plain = true;

    for (size_t i = 0; i < n && plain;) {
        size_t len = (uint8_t)p[i] >= 0x20 && (uint8_t)p[i] < 0x7f
                         ? 1
                         : pgseal__shown_utf8((const uint8_t *)p + i, n - i);

        plain = len > 0;
        i += len;
    }
    if (n == 0) {
        cli_json_null(o, key);
    } else if (plain) {
        pgseal__format(text, sizeof(text), "%.*s", (int)n, p);
        cli_json_text(o, key, text);
    } else {
        cli_json_text(o, key, pgseal__escape(text, sizeof(text), p, n, n));
    }
}

static void put_span(json_t *o, const char *key, struct status_span s)
{
    put_name(o, key, s.p, s.n);
}

static void put_text(json_t *o, const char *key, const char *text)
{
    put_name(o, key, text, strlen(text));
}

static const char *from_name(enum status_from from)
{
    static const char *const FROM[] = {"unknown", "network", "local"};

    return FROM[from];
}

static json_t *client(const struct status_group *g)
{
    static const char *const FATE[] = {"breaks", "may_break", "refused", "retries",
                                       "hidden", "gss",       "local",   "fine"};
    json_t *o = cli_json_object();

    put_span(o, "user", g->user);
    put_span(o, "database", g->database);
    put_span(o, "address", g->address);
    put_span(o, "application", g->application);
    cli_json_bool(o, "replication", g->replication);
    cli_json_bool(o, "folded", g->folded);
    cli_json_text(o, "from", from_name(g->from));
    cli_json_text(o, "fate", FATE[g->fate]);
    cli_json_int(o, "plaintext", (int64_t)g->plain);
    cli_json_int(o, "tls", (int64_t)g->tls);
    cli_json_int(o, "gss", (int64_t)g->gss);
    cli_json_int(o, "hidden", (int64_t)g->hidden);
    cli_json_int(o, "refused", (int64_t)g->refused);
    cli_json_int(o, "refused_encrypted", (int64_t)g->refused_encrypted);
    cli_json_int(o, "samples", (int64_t)g->samples);
    put_text(o, "tls_version", g->version);
    put_text(o, "cipher", g->cipher);
    put_text(o, "first_seen", g->first);
    put_text(o, "last_seen", g->last);
    return o;
}

static json_t *session(const struct status_session *s)
{
    static const char *const BY[] = {"plaintext", "tls", "gss", NULL};
    json_t *o = cli_json_object();

    cli_json_int(o, "pid", s->pid);
    put_text(o, "user", s->user);
    put_text(o, "database", s->database);
    put_text(o, "address", s->address);
    put_text(o, "application", s->application);
    cli_json_bool(o, "replication", s->replication);
    cli_json_text(o, "from", from_name(s->from));
    cli_json_text(o, "encryption", BY[s->by]);
    put_text(o, "tls_version", s->version);
    put_text(o, "cipher", s->cipher);
    cli_json_int(o, "bits", s->bits);
    put_text(o, "since", s->since);
    return o;
}

static json_t *log_facts(const struct status_log_facts *f)
{
    json_t *o = cli_json_object();

    cli_json_int(o, "bytes", (int64_t)f->bytes);
    cli_json_int(o, "lines", (int64_t)f->lines);
    cli_json_int(o, "received", (int64_t)f->received);
    cli_json_int(o, "plaintext", (int64_t)f->plain);
    cli_json_int(o, "tls", (int64_t)f->tls);
    cli_json_int(o, "gss", (int64_t)f->gss);
    cli_json_int(o, "local", (int64_t)f->local);
    cli_json_int(o, "unplaced", (int64_t)f->unplaced);
    cli_json_int(o, "replication", (int64_t)f->replication);
    cli_json_int(o, "refused", (int64_t)f->refused);
    cli_json_int(o, "refused_encrypted", (int64_t)f->refused_encrypted);
    cli_json_int(o, "failed", (int64_t)f->failed);
    cli_json_int(o, "tls_handshakes_failed", (int64_t)f->handshakes);
    cli_json_int(o, "records_too_long", (int64_t)f->cut);
    put_text(o, "first", f->first);
    put_text(o, "last", f->last);
    return o;
}

static json_t *watch(const struct status_watch *w)
{
    json_t *o = cli_json_object();

    cli_json_int(o, "samples", (int64_t)w->samples);
    cli_json_int(o, "sessions", (int64_t)w->sessions);
    cli_json_int(o, "hidden", (int64_t)w->hidden);
    if (w->opened >= 0)
        cli_json_int(o, "opened", w->opened);
    else
        cli_json_null(o, "opened");
    cli_json_int(o, "connections_lost", (int64_t)w->lost);
    put_text(o, "first", w->first);
    put_text(o, "last", w->last);
    return o;
}

bool cli_status_report_json(FILE *f, const struct status_report *r, const struct findings *found)
{
    static const char *const WAY[] = {"sessions", "watch", "log"};
    json_t *o = cli_json_object(), *clients = cli_json_array();
    char verdict[256], note[512];

    status_report_verdict(r, verdict, sizeof(verdict));
    status_report_note(r, note, sizeof(note));
    cli_json_text(o, "source", WAY[r->way]);
    cli_json_text(o, "where", r->where);
    cli_json_text(o, "verdict", verdict);
    cli_json_text(o, "note", note[0] != '\0' ? note : NULL);
    cli_json_int(o, "would_break", (int64_t)r->sum->fate[STATUS_FATE_BREAKS]);
    cli_json_int(o, "may_break", (int64_t)r->sum->fate[STATUS_FATE_MAYBE]);
    cli_json_int(o, "internal", (int64_t)r->sum->internal);
    for (size_t i = 0; i < r->sum->n; i++)
        cli_json_add(clients, client(r->sum->group[i]));
    cli_json_put(o, "clients", clients);
    if (r->watch != NULL) {
        cli_json_int(o, "server_version", r->watch->version);
        put_text(o, "role", r->watch->role);
        cli_json_bool(o, "sees_all", r->watch->sees_all);
        cli_json_bool(o, "server_ssl", r->watch->ssl);
        cli_json_put(o, "watch", watch(r->watch));
    }
    if (r->snapshot != NULL) {
        json_t *sessions = cli_json_array();

        for (size_t i = 0; i < r->snapshot->n; i++)
            cli_json_add(sessions, session(&r->snapshot->session[i]));
        cli_json_put(o, "sessions", sessions);
    }
    if (r->log != NULL)
        cli_json_put(o, "log", log_facts(r->log));
    cli_findings_json(o, found);
    return cli_json_print(f, o);
}
