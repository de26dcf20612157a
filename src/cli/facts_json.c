/* SPDX-License-Identifier: PostgreSQL */
/* `connect --json`: the same facts for programs. Field names are documented in the man page. */
#include "about_int.h"
#include "json_int.h"

static json_t *verified(const struct pgseal_verified *v)
{
    json_t *o = cli_json_object();

    cli_json_bool(o, "chain", v->chain);
    cli_json_bool(o, "name", v->name);
    if (v->chain) {
        cli_json_text(o, "root_file", v->root_file);
        cli_json_int(o, "root_line", v->root_line);
        cli_json_put(o, "root", cli_json_cert(&v->root));
        cli_json_time(o, "until", v->until_unix_s);
        cli_json_int(o, "until_depth", v->until_depth);
        cli_json_bool(o, "revocation_checked", v->revocation);
    }
    return o;
}

json_t *cli_json_tls(const struct pgseal_tls_facts *t)
{
    json_t *o = cli_json_object();

    cli_json_text(o, "version", t->version);
    cli_json_text(o, "cipher", t->cipher);
    cli_json_int(o, "bits", t->bits);
    cli_json_text(o, "group", t->group);
    cli_json_text(o, "alpn", t->alpn);
    cli_json_text(o, "sni", t->sni);
    cli_json_bool(o, "client_certificate_requested", t->cert_requested);
    cli_json_bool(o, "client_certificate_sent", t->cert_sent);
    cli_json_int(o, "chain_length", t->chain_len);
    if (t->has_peer)
        cli_json_put(o, "certificate", cli_json_cert(&t->peer));
    else
        cli_json_null(o, "certificate");
    cli_json_put(o, "verified", verified(&t->verified));
    return o;
}

json_t *cli_json_auth(const struct pgseal_auth_facts *f)
{
    json_t *o = cli_json_object();

    cli_json_text(o, "method", f->method);
    cli_json_bool(o, "password_used", f->password_used);
    cli_json_bool(o, "server_proved", f->server_proved);
    cli_json_bool(o, "channel_bound", f->channel_bound);
    cli_json_int(o, "iterations", f->iterations);
    return o;
}

bool cli_facts_json(FILE *f, const struct cli_about *a)
{
    static const char *const PROOF[] = {"none", "encrypted", "chain", "name", "local"};
    char protocol[24];
    json_t *o;

    if (!cli_json_ready())
        return false;
    o = cli_json_object();
    cli_json_bool(o, "connected", true);
    cli_json_text(o, "proof", PROOF[cli_proof(a->facts)]);
    cli_json_text(o, "host", a->host->host);
    cli_json_text(o, "address", a->address);
    cli_json_text(o, "port", a->host->port);
    cli_json_text(o, "user", a->user);
    cli_json_text(o, "database", a->dbname);
    cli_json_text(o, "server_version", a->server_version);
    snprintf(protocol, sizeof(protocol), "%u.%u", a->facts->protocol >> 16,
             a->facts->protocol & 0xffff);
    cli_json_text(o, "protocol", protocol);
    cli_json_int(o, "backend_pid", a->facts->cancel.pid);
    cli_json_bool(o, "encrypted", a->facts->tls);
    if (a->facts->tls)
        cli_json_put(o, "tls", cli_json_tls(&a->facts->tls_facts));
    else
        cli_json_null(o, "tls");
    cli_json_put(o, "authentication", cli_json_auth(&a->facts->auth));
    return cli_json_print(f, o);
}

bool cli_failure_json(FILE *f, const struct pgseal_err *err)
{
    json_t *o;

    if (!cli_json_ready())
        return false;
    o = cli_json_object();
    cli_json_bool(o, "connected", false);
    cli_json_put(o, "error", cli_json_error(err));
    return cli_json_print(f, o);
}
