/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status --json`: the same facts for programs. Field names are in the man page. */
#include "status_int.h"

static void put_truth(json_t *o, const char *key, enum status_truth t)
{
    if (t == STATUS_UNKNOWN)
        cli_json_null(o, key);
    else
        cli_json_bool(o, key, t == STATUS_YES);
}

/* "" is "not known", a null. */
static void put_known(json_t *o, const char *key, const char *text)
{
    cli_json_text(o, key, text != NULL && text[0] != '\0' ? text : NULL);
}

static json_t *view(const struct status_view *v)
{
    json_t *o = cli_json_object();

    put_truth(o, "encrypted", v->tls);
    put_known(o, "version", v->version);
    put_known(o, "cipher", v->cipher);
    if (v->bits > 0)
        cli_json_int(o, "bits", v->bits);
    else
        cli_json_null(o, "bits");
    put_truth(o, "client_certificate", v->cert);
    put_known(o, "client_dn", v->cert_name);
    put_known(o, "client_serial", v->cert_serial);
    return o;
}

static json_t *address(const struct status_address *a)
{
    json_t *o = cli_json_object();

    put_truth(o, "tcp", a->tcp);
    put_known(o, "address", a->host);
    if (a->tcp == STATUS_YES)
        cli_json_int(o, "port", a->port);
    else
        cli_json_null(o, "port");
    return o;
}

static json_t *points(const struct cli_status *s)
{
    static const char *const MATCH[] = {"not_compared", "same", "different"};
    json_t *array = cli_json_array();

    for (int i = 0; i < STATUS_POINTS; i++) {
        const struct status_point *point = &s->judgement.point[i];
        const struct status_point_row *row = status_point_row((enum status_point_id)i);
        json_t *o = cli_json_object();

        cli_json_text(o, "point", row->json);
        cli_json_text(o, "weight", row->weight == STATUS_PROOF ? "proof" : "hint");
        cli_json_text(o, "match", MATCH[point->match]);
        put_known(o, "this_end", point->ours);
        put_known(o, "server_end", point->theirs);
        put_known(o, "means",
                  point->match == STATUS_DIFFERENT ? row->different
                  : point->match == STATUS_SAME    ? row->same
                                                   : "");
        cli_json_add(array, o);
    }
    return array;
}

static json_t *this_end(const struct cli_status *s)
{
    const struct pgseal_conn_facts *f = s->about.facts;
    json_t *o = cli_json_object();

    cli_json_text(o, "host", s->client.host);
    cli_json_text(o, "user", s->client.user);
    cli_json_text(o, "database", s->client.dbname);
    cli_json_put(o, "local", address(&s->client.local));
    cli_json_put(o, "peer", address(&s->client.peer));
    cli_json_int(o, "backend_pid", s->client.pid);
    cli_json_bool(o, "encrypted", f->tls);
    if (f->tls)
        cli_json_put(o, "tls", cli_json_tls(&f->tls_facts));
    else
        cli_json_null(o, "tls");
    cli_json_put(o, "authentication", cli_json_auth(&f->auth));
    return o;
}

static json_t *rules(const struct status_server *s)
{
    json_t *array = cli_json_array();

    for (size_t i = 0; i < s->nrules; i++) {
        const struct status_rule *r = &s->rules[i];
        json_t *o = cli_json_object();

        cli_json_int(o, "line", r->line);
        put_known(o, "file", r->file);
        put_known(o, "type", r->type);
        put_known(o, "database", r->database);
        put_known(o, "user", r->user);
        put_known(o, "address", r->address);
        put_known(o, "netmask", r->netmask);
        put_known(o, "method", r->method);
        put_known(o, "options", r->options);
        put_known(o, "error", r->error);
        cli_json_add(array, o);
    }
    return array;
}

static json_t *settings(const struct status_server *s)
{
    json_t *array = cli_json_array();

    for (size_t i = 0; i < s->nsettings; i++) {
        json_t *o = cli_json_object();

        cli_json_text(o, "name", s->settings[i].name);
        cli_json_text(o, "value", s->settings[i].value);
        cli_json_text(o, "description", s->settings[i].what);
        cli_json_add(array, o);
    }
    return array;
}

static json_t *server_end(const struct cli_status *all)
{
    const struct status_server *s = &all->server;
    json_t *o = cli_json_object();

    cli_json_bool(o, "answered", s->answered);
    put_known(o, "error", s->refused);
    cli_json_text(o, "product", all->plan.product_name);
    cli_json_text(o, "version", all->about.server_version);
    cli_json_int(o, "version_num", s->version);
    cli_json_int(o, "backend_pid", s->pid);
    cli_json_put(o, "pg_stat_ssl", view(&s->stat));
    if (s->sslinfo == STATUS_YES)
        cli_json_put(o, "sslinfo", view(&s->info));
    else
        cli_json_null(o, "sslinfo");
    put_truth(o, "sslinfo_available", s->sslinfo_available);
    put_truth(o, "gss_encrypted", s->gss);
    cli_json_put(o, "client", address(&s->client));
    cli_json_put(o, "own", address(&s->self));
    put_known(o, "role", s->user);
    put_known(o, "database", s->dbname);
    cli_json_bool(o, "superuser", s->superuser);
    put_known(o, "certificate_sha256", s->cert_sha256);
    cli_json_put(o, "settings", settings(s));
    if (s->rules != NULL)
        cli_json_put(o, "hba_rules", rules(s));
    else
        cli_json_null(o, "hba_rules");
    return o;
}

static json_t *plaintext(const struct cli_status *s)
{
    const struct status_plaintext *p = &s->plaintext;
    json_t *o = cli_json_object(), *lines = cli_json_array();

    put_truth(o, "refused", p->refused);
    cli_json_text(o, "how", p->how);
    put_known(o, "setting", s->server.force_setting);
    cli_json_bool(o, "only_loopback", p->only_loopback);
    for (size_t i = 0; i < p->nadmits && i < PGSEAL_COUNT(p->admits); i++) {
        json_t *line = cli_json_object();

        cli_json_int(line, "line", s->server.rules[p->admits[i]].line);
        cli_json_add(lines, line);
    }
    cli_json_put(o, "admitted_by", lines);
    if (s->tried.done) {
        json_t *tried = cli_json_object();

        put_truth(tried, "refused", s->tried.refused);
        cli_json_text(tried, "said", s->tried.said);
        cli_json_put(o, "tried", tried);
    } else {
        cli_json_null(o, "tried");
    }
    return o;
}

static json_t *steps(const struct status_step *step, size_t n)
{
    json_t *array = cli_json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *o = cli_json_object();

        cli_json_text(o, "text", step[i].text);
        put_known(o, "command", step[i].command);
        cli_json_add(array, o);
    }
    return array;
}

bool cli_status_json(FILE *f, const struct cli_status *s)
{
    static const char *const VERDICT[] = {"cannot_tell", "agree", "disagree"};
    json_t *o = cli_json_object();

    cli_json_bool(o, "connected", true);
    cli_json_text(o, "verdict", VERDICT[s->judgement.verdict]);
    cli_json_text(o, "says", s->verdict);
    cli_json_put(o, "compared", points(s));
    cli_json_put(o, "this_end", this_end(s));
    cli_json_put(o, "server_end", server_end(s));
    cli_json_put(o, "plaintext", plaintext(s));
    put_known(o, "default", s->plan.default_says);
    cli_json_put(o, "enforce", steps(s->plan.enforce, s->plan.nenforce));
    cli_json_put(o, "rollback", steps(s->plan.rollback, s->plan.nrollback));
    cli_findings_json(o, &s->findings);
    return cli_json_print(f, o);
}
