/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status` for people: the verdict first, then what it rests on, then what to type. */
#include "status_int.h"

#define LABEL 14 /* columns of the labels of both tables */

struct page {
    struct cli_sheet to;
    const struct cli_status *s;
};

/* ---- both ends --------------------------------------------------------------------------------
 */

static void verdict(const struct page *p)
{
    bool loud = p->s->judgement.verdict == STATUS_DISAGREE;
    const char *on = !p->to.colour ? "" : loud ? "\033[1;31m" : "\033[1m";

    cli_str_add(p->to.out, on);
    cli_paragraph(p->to.out, p->s->verdict, 0, p->to.columns);
    cli_str_add(p->to.out, on[0] != '\0' ? "\033[0m" : "");
}

static const char *shown(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static bool is_known(const struct status_point *p)
{
    return p->ours[0] != '\0' || p->theirs[0] != '\0';
}

static int widest(const struct page *p)
{
    int width = (int)strlen("this end");

    for (int i = 0; i < STATUS_POINTS; i++) {
        int n = (int)strlen(p->s->judgement.point[i].ours);

        width = n > width ? n : width;
    }
    return width;
}

/* What cannot differ and does is marked "!", what may differ "~"; nothing else is coloured. */
static const char *mark(const struct status_point *point, const struct status_point_row *row)
{
    if (point->match != STATUS_DIFFERENT)
        return " ";
    return row->weight == STATUS_PROOF ? "!" : "~";
}

static void colour_on(const struct page *p, const char *marked)
{
    if (p->to.colour && marked[0] != ' ')
        cli_str_add(p->to.out, marked[0] == '!' ? "\033[1;31m" : "\033[33m");
}

static void colour_off(const struct page *p, const char *marked)
{
    if (p->to.colour && marked[0] != ' ')
        cli_str_add(p->to.out, "\033[0m");
}

static void both_ends(const struct page *p)
{
    int left = widest(p);

    cli_str_addf(p->to.out, "\n  %-*s%-*s  %s\n", LABEL, "", left, "this end", "the server's end");
    for (int i = 0; i < STATUS_POINTS; i++) {
        const struct status_point *point = &p->s->judgement.point[i];
        const struct status_point_row *row = status_point_row((enum status_point_id)i);
        const char *m = mark(point, row);

        if (!is_known(point))
            continue;
        colour_on(p, m);
        cli_str_addf(p->to.out, "%s %-*s%-*s  %s", m, LABEL, row->label, left, shown(point->ours),
                     shown(point->theirs));
        colour_off(p, m);
        cli_str_addc(p->to.out, '\n');
    }
}

/* What is worth a sentence: every difference, and sameness that says something. */
static void meanings(const struct page *p)
{
    for (int i = 0; i < STATUS_POINTS; i++) {
        const struct status_point *point = &p->s->judgement.point[i];
        const struct status_point_row *row = status_point_row((enum status_point_id)i);
        const char *m = mark(point, row);
        const char *text = point->match == STATUS_DIFFERENT ? row->different
                           : point->match == STATUS_SAME    ? row->same
                                                            : "";

        if (text[0] == '\0')
            continue;
        cli_str_addf(p->to.out, "%s %-*s", m, LABEL, row->label);
        cli_paragraph(p->to.out, text, LABEL + 2, p->to.columns);
    }
}

/* ---- this end ---------------------------------------------------------------------------------
 */

static void verified(const struct page *p)
{
    const struct pgseal_verified *v = &p->s->about.facts->tls_facts.verified;
    char until[40];

    if (!v->chain) {
        cli_fact(&p->to, "verified", "NOTHING: the certificate could be anybody's%s%s%s",
                 p->s->client.root_missing != NULL ? "; sslrootcert \"" : "",
                 p->s->client.root_missing != NULL ? p->s->client.root_missing : "",
                 p->s->client.root_missing != NULL ? "\" does not exist" : "");
        return;
    }
    cli_fact(&p->to, "verified",
             v->name ? "chain and host name (%s)" : "the chain, not the host name%s",
             !v->name                    ? ""
             : p->s->client.host != NULL ? p->s->client.host
                                         : p->s->about.address);
    cli_fact(&p->to, "root", "%s", v->root.subject);
    if (v->root_line > 0)
        cli_fact(&p->to, "root file", "%s:%d", v->root_file, v->root_line);
    else
        cli_fact(&p->to, "root file", "%s",
                 v->root_file[0] != '\0' ? v->root_file : "the system's store");
    cli_fact(&p->to, "until", "%s (%s)", pgseal__utc(until, v->until_unix_s),
             v->until_depth == 0 ? "the server's own certificate" : "a CA on the way to the root");
    cli_fact(&p->to, "revocation", "%s",
             v->revocation ? "checked, by CRLs" : "not checked: no CRL was given");
}

static void this_end(const struct page *p)
{
    const struct pgseal_conn_facts *f = p->s->about.facts;
    const struct pgseal_tls_facts *t = &f->tls_facts;

    if (f->tls) {
        cli_fact(&p->to, "key exchange", "%s%s", t->group[0] != '\0' ? t->group : "not known",
                 p->s->client.forward_secret ? "" : ", without forward secrecy");
        cli_fact(&p->to, "ALPN", "%s",
                 t->alpn[0] != '\0' ? t->alpn : "none (servers before 17 know none)");
        if (t->has_peer)
            cli_fact(&p->to, "certificate", "%s, %s", t->peer.subject, t->peer.key);
        verified(p);
    }
    cli_fact(&p->to, "login", "%s%s", f->auth.method != NULL ? f->auth.method : "none",
             f->auth.password_used ? ", with a password" : "");
    cli_fact(
        &p->to, "binding", "%s",
        p->s->client.bound ? "channel binding: TLS ends at a holder of this role's secret"
        : f->auth.server_proved
            ? "none; the server proved that it knows this role's secret, which a proxy can pass on"
            : "none");
}

/* ---- the server -------------------------------------------------------------------------------
 */

static const char *sslinfo_says(const struct status_server *s)
{
    bool same = s->info.tls == s->stat.tls && strcmp(s->info.version, s->stat.version) == 0 &&
                strcmp(s->info.cipher, s->stat.cipher) == 0;

    return same ? "installed; it says the same as pg_stat_ssl"
                : "installed; it CONTRADICTS pg_stat_ssl";
}

static void server_asked(const struct page *p)
{
    const struct status_server *s = &p->s->server;

    cli_fact(&p->to, "product", "%s%s", p->s->plan.product_name,
             s->refused[0] != '\0' && !s->answered ? " (by its name; it did not answer)" : "");
    if (!s->answered)
        return;
    cli_fact(&p->to, "role", "%s%s, database %s", s->user, s->superuser ? " (superuser)" : "",
             s->dbname);
    cli_fact(&p->to, "pg_hba.conf", "sees role %s, database %s, %s%s, %s", s->user, s->dbname,
             s->client.tcp == STATUS_YES ? "address " : "a local connection",
             s->client.tcp == STATUS_YES ? s->client.host : "",
             s->stat.tls == STATUS_YES ? "with SSL"
             : s->gss == STATUS_YES    ? "with GSSAPI encryption"
                                       : "without encryption");
    cli_fact(&p->to, "sslinfo", "%s",
             s->info.tls != STATUS_UNKNOWN        ? sslinfo_says(s)
             : s->sslinfo == STATUS_YES           ? "installed, but it could not be asked"
             : s->sslinfo_available == STATUS_YES ? "not installed in this database: create "
                                                    "extension sslinfo"
             : s->sslinfo == STATUS_NO            ? "not installed, and not on the server's disk"
                                                  : "not known");
    cli_fact(&p->to, "plaintext", "%s. %s",
             p->s->plaintext.refused == STATUS_YES  ? "refused"
             : p->s->plaintext.refused == STATUS_NO ? "ACCEPTED"
                                                    : "not known whether it is refused",
             p->s->plaintext.how);
}

/* The rows a person looks for first; --all has the others. */
static bool is_main_setting(const char *name)
{
    static const char *const MAIN[] = {
        "ssl",         "ssl_min_protocol_version", "ssl_max_protocol_version",
        "ssl_ciphers", "ssl_tls13_ciphers",        "rds.force_ssl"};

    for (size_t i = 0; i < PGSEAL_COUNT(MAIN); i++)
        if (strcmp(name, MAIN[i]) == 0)
            return true;
    return false;
}

static void settings(const struct page *p, bool all)
{
    const struct status_server *s = &p->s->server;

    for (size_t i = 0; i < s->nsettings; i++) {
        const struct status_setting *row = &s->settings[i];

        if (!all && !is_main_setting(row->name))
            continue;
        cli_str_addf(p->to.out, "  %s = %s\n", row->name,
                     row->value[0] != '\0' ? row->value : "''");
        if (all && row->what[0] != '\0') {
            cli_str_pad(p->to.out, 6);
            cli_paragraph(p->to.out, row->what, 6, p->to.columns);
        }
    }
}

/* Cipher and version settings are GUC_SUPERUSER_ONLY (guc_tables.c). */
static void settings_hidden(const struct page *p)
{
    if (p->s->server.version < 120000 ||
        status_setting(&p->s->server, "ssl_min_protocol_version") != NULL)
        return;
    cli_str_add(p->to.out, "  ");
    cli_paragraph(p->to.out,
                  "Ciphers, protocol versions and others are shown to superusers and members of "
                  "pg_read_all_settings only.",
                  2, p->to.columns);
}

static void rules(const struct page *p)
{
    const struct status_server *s = &p->s->server;

    for (size_t i = 0; i < s->nrules; i++) {
        const struct status_rule *r = &s->rules[i];

        if (r->error[0] != '\0')
            cli_str_addf(p->to.out, "  %4d  (broken: %s)\n", r->line, r->error);
        else
            cli_str_addf(p->to.out, "  %4d  %-10s %s %s %s%s%s %s %s\n", r->line, r->type,
                         r->database, r->user, r->address, r->netmask[0] != '\0' ? "/" : "",
                         r->netmask, r->method, r->options);
    }
}

/* ---- what to type ------------------------------------------------------------------------------
 */

static void steps(const struct page *p, const struct status_step *step, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cli_str_addf(p->to.out, "  %zu. ", i + 1);
        cli_paragraph(p->to.out, step[i].text, 5, p->to.columns);
        for (const char *at = step[i].command; *at != '\0';) {
            size_t len = strcspn(at, "\n");

            cli_str_addf(p->to.out, "       %.*s\n", (int)len, at);
            at += len + (at[len] == '\n');
        }
    }
}

static void plan(const struct page *p)
{
    const struct status_plan *plan = &p->s->plan;

    if (plan->default_says[0] != '\0') {
        cli_str_addc(p->to.out, '\n');
        cli_paragraph(p->to.out, plan->default_says, 0, p->to.columns);
    }
    if (p->s->plaintext.refused != STATUS_YES && plan->nenforce > 0) {
        cli_heading(&p->to, "To refuse plaintext");
        steps(p, plan->enforce, plan->nenforce);
    }
    if (plan->nrollback > 0) {
        cli_heading(&p->to, p->s->plaintext.refused == STATUS_YES ? "To accept plaintext again"
                                                                  : "To go back");
        steps(p, plan->rollback, plan->nrollback);
    }
}

void cli_status_text(struct cli_str *out, const struct cli_status *s, bool all, int columns,
                     bool colour)
{
    struct page p = {.to = {out, columns, colour, LABEL + 2}, .s = s};
    struct cli_str found = {0};

    verdict(&p);
    both_ends(&p);
    cli_str_addc(out, '\n');
    meanings(&p);
    cli_heading(&p.to, "This end");
    this_end(&p);
    cli_heading(&p.to, "The server");
    server_asked(&p);
    if (s->server.nsettings > 0)
        cli_heading(&p.to, all ? "Its settings" : "Its settings (--all has the others)");
    settings(&p, all);
    if (s->server.nsettings > 0)
        settings_hidden(&p);
    if (all && s->server.nrules > 0) {
        cli_heading(&p.to, "pg_hba.conf");
        rules(&p);
    }
    cli_findings_text(&found, &s->findings, columns, colour);
    if (found.len > 0) {
        cli_heading(&p.to, "Findings");
        cli_str_add(out, cli_str(&found));
    }
    cli_str_done(&found);
    plan(&p);
}
