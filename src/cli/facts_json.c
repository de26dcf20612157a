/* SPDX-License-Identifier: PostgreSQL */
/* `connect --json`: the same facts for programs. Field names are documented in the man page. */
#include "about_int.h"
#include "lazy_int.h"

/* Everything is built with one api at hand; a NULL text is a null. */
struct maker {
    const struct cli_json_api *api;
};

static void put(const struct maker *m, json_t *o, const char *key, json_t *value)
{
    m->api->json_object_set_new(o, key, value);
}

static void put_text(const struct maker *m, json_t *o, const char *key, const char *text)
{
    json_t *v = text != NULL ? m->api->json_string(text) : NULL;

    /* json_string() is NULL for what is no UTF-8, which a name on the command line may be. */
    put(m, o, key, v != NULL ? v : m->api->json_null());
}

static void put_int(const struct maker *m, json_t *o, const char *key, int64_t n)
{
    put(m, o, key, m->api->json_integer(n));
}

static void put_bool(const struct maker *m, json_t *o, const char *key, bool b)
{
    put(m, o, key, b ? m->api->json_true() : m->api->json_false());
}

/* ISO 8601, so that any language reads it. */
static void put_time(const struct maker *m, json_t *o, const char *key, int64_t unix_s)
{
    char text[40];
    size_t n;

    pgseal__utc(text, unix_s);
    n = strlen(text);
    if (n > 4 && strcmp(text + n - 4, " UTC") == 0) {
        text[n - 4] = 'Z';
        text[n - 3] = '\0';
    }
    for (char *p = text; *p != '\0'; p++)
        if (*p == ' ')
            *p = 'T';
    put_text(m, o, key, text);
}

static json_t *certificate(const struct maker *m, const struct pgseal_cert_info *c)
{
    json_t *o = m->api->json_object();

    put_text(m, o, "subject", c->subject);
    put_text(m, o, "issuer", c->issuer);
    put_text(m, o, "names", c->names);
    put_text(m, o, "serial", c->serial);
    put_text(m, o, "sha256", c->sha256);
    put_text(m, o, "key", c->key);
    put_text(m, o, "signature", c->sig_alg);
    put_time(m, o, "not_before", c->not_before_unix_s);
    put_time(m, o, "not_after", c->not_after_unix_s);
    return o;
}

static json_t *verified(const struct maker *m, const struct pgseal_verified *v)
{
    json_t *o = m->api->json_object();

    put_bool(m, o, "chain", v->chain);
    put_bool(m, o, "name", v->name);
    if (v->chain) {
        put_text(m, o, "root_file", v->root_file);
        put_int(m, o, "root_line", v->root_line);
        put(m, o, "root", certificate(m, &v->root));
        put_time(m, o, "until", v->until_unix_s);
        put_int(m, o, "until_depth", v->until_depth);
        put_bool(m, o, "revocation_checked", v->revocation);
    }
    return o;
}

static json_t *tls(const struct maker *m, const struct pgseal_tls_facts *t)
{
    json_t *o = m->api->json_object();

    put_text(m, o, "version", t->version);
    put_text(m, o, "cipher", t->cipher);
    put_int(m, o, "bits", t->bits);
    put_text(m, o, "group", t->group);
    put_text(m, o, "alpn", t->alpn);
    put_text(m, o, "sni", t->sni);
    put_bool(m, o, "client_certificate_requested", t->cert_requested);
    put_bool(m, o, "client_certificate_sent", t->cert_sent);
    put_int(m, o, "chain_length", t->chain_len);
    put(m, o, "certificate", t->has_peer ? certificate(m, &t->peer) : m->api->json_null());
    put(m, o, "verified", verified(m, &t->verified));
    return o;
}

static json_t *authentication(const struct maker *m, const struct pgseal_auth_facts *f)
{
    json_t *o = m->api->json_object();

    put_text(m, o, "method", f->method);
    put_bool(m, o, "password_used", f->password_used);
    put_bool(m, o, "server_proved", f->server_proved);
    put_bool(m, o, "channel_bound", f->channel_bound);
    put_int(m, o, "iterations", f->iterations);
    return o;
}

static bool print(const struct maker *m, FILE *f, json_t *o)
{
    bool ok = m->api->json_dumpf(o, f, JSON_INDENT(2)) == 0;

    fputc('\n', f);
    m->api->json_delete(o);
    return ok && fflush(f) == 0;
}

bool cli_facts_json(FILE *f, const struct cli_about *a)
{
    static const char *const PROOF[] = {"none", "encrypted", "chain", "name", "local"};
    const struct maker m = {.api = cli_json_api()};
    char protocol[24];
    json_t *o;

    if (m.api == NULL)
        return false;
    o = m.api->json_object();
    put_bool(&m, o, "connected", true);
    put_text(&m, o, "proof", PROOF[cli_proof(a->facts)]);
    put_text(&m, o, "host", a->host->host);
    put_text(&m, o, "address", a->address);
    put_text(&m, o, "port", a->host->port);
    put_text(&m, o, "user", a->user);
    put_text(&m, o, "database", a->dbname);
    put_text(&m, o, "server_version", a->server_version);
    snprintf(protocol, sizeof(protocol), "%u.%u", a->facts->protocol >> 16,
             a->facts->protocol & 0xffff);
    put_text(&m, o, "protocol", protocol);
    put_int(&m, o, "backend_pid", a->facts->cancel.pid);
    put_bool(&m, o, "encrypted", a->facts->tls);
    put(&m, o, "tls", a->facts->tls ? tls(&m, &a->facts->tls_facts) : m.api->json_null());
    put(&m, o, "authentication", authentication(&m, &a->facts->auth));
    return print(&m, f, o);
}

bool cli_failure_json(FILE *f, const struct pgseal_err *err)
{
    const struct maker m = {.api = cli_json_api()};
    json_t *o, *e;

    if (m.api == NULL)
        return false;
    o = m.api->json_object();
    e = m.api->json_object();
    put_bool(&m, o, "connected", false);
    put_text(&m, e, "code", pgseal_err_id(err));
    put_text(&m, e, "message", err->msg);
    put_text(&m, e, "seen", err->detail);
    put_text(&m, e, "why", pgseal_err_why(err));
    put_text(&m, e, "fix", err->hint);
    put_text(&m, e, "sqlstate", err->sqlstate[0] != '\0' ? err->sqlstate : NULL);
    put(&m, o, "error", e);
    return print(&m, f, o);
}
