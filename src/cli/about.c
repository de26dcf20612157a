/* SPDX-License-Identifier: PostgreSQL */
/* \conninfo, psql 18's table, and \ssl, the whole story of the protection. */
#include "about_int.h"

/* Rows of a table of two columns of text. */
struct pairs {
    struct cli_rows rows;
    enum cli_enc enc;
};

static void add_pair(struct pairs *p, const char *name, const char *value)
{
    struct cli_str body = {0};
    uint8_t len[4];

    pgseal__put32(len, (uint32_t)strlen(name));
    cli_str_addn(&body, len, 4);
    cli_str_add(&body, name);
    pgseal__put32(len, (uint32_t)strlen(value));
    cli_str_addn(&body, len, 4);
    cli_str_add(&body, value);
    (void)cli_rows_add(&p->rows, p->enc, 2, (const uint8_t *)body.p, body.len);
    cli_str_done(&body);
}

static const char *truth(bool b)
{
    return b ? "true" : "false";
}

static void add_where(struct pairs *p, const struct cli_about *a)
{
    const char *host = a->host->host != NULL ? a->host->host : a->address;

    if (a->facts->is_unix) {
        add_pair(p, "Socket Directory", host);
        return;
    }
    add_pair(p, "Host", host);
    if (strcmp(host, a->address) != 0)
        add_pair(p, "Host Address", a->address);
}

static void add_ssl(struct pairs *p, const struct pgseal_tls_facts *t)
{
    char bits[16];

    snprintf(bits, sizeof(bits), "%d", t->bits);
    add_pair(p, "SSL Library", "OpenSSL");
    add_pair(p, "SSL Protocol", t->version);
    add_pair(p, "SSL Key Bits", bits);
    add_pair(p, "SSL Cipher", t->cipher);
    add_pair(p, "SSL Compression", "false");
    add_pair(p, "ALPN", t->alpn[0] != '\0' ? t->alpn : "none");
}

void cli_conninfo_table(FILE *f, const struct cli_about *a, const struct cli_print *how,
                        enum cli_enc enc)
{
    static char parameter[] = "Parameter", value[] = "Value";
    const struct cli_col cols[] = {{.name = parameter, .len = sizeof(parameter) - 1},
                                   {.name = value, .len = sizeof(value) - 1}};
    struct pairs p = {.enc = enc};
    struct cli_table t = {
        .enc = enc, .title = "Connection Information", .cols = cols, .ncols = 2, .rows = &p.rows};
    char text[32];

    add_pair(&p, "Database", a->dbname);
    add_pair(&p, "Client User", a->user);
    add_where(&p, a);
    add_pair(&p, "Server Port", a->host->port);
    add_pair(&p, "Options", a->opt->options != NULL ? a->opt->options : "");
    snprintf(text, sizeof(text), "%u.%u", a->facts->protocol >> 16, a->facts->protocol & 0xffff);
    add_pair(&p, "Protocol Version", text);
    add_pair(&p, "Password Used", truth(a->facts->auth.password_used));
    add_pair(&p, "GSSAPI Authenticated", "false");
    snprintf(text, sizeof(text), "%u", a->facts->cancel.pid);
    add_pair(&p, "Backend PID", text);
    add_pair(&p, "SSL Connection", truth(a->facts->tls));
    if (a->facts->tls)
        add_ssl(&p, &a->facts->tls_facts);
    add_pair(&p, "Superuser", a->superuser != NULL ? a->superuser : "unknown");
    add_pair(&p, "Hot Standby", a->standby != NULL ? a->standby : "unknown");
    cli_table_print(f, &t, how);
    cli_rows_done(&p.rows);
}

/* ---- \ssl ----------------------------------------------------------------------------------- */

#define LABEL 16 /* columns of a label */

static void line(struct cli_str *out, const char *label, const char *fmt, ...) PGSEAL_PRINTF(3, 4);
static void line(struct cli_str *out, const char *label, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    cli_str_addf(out, "  %-*s%s\n", LABEL, label, text);
}

static void tell_certificate(struct cli_str *out, const struct pgseal_tls_facts *t)
{
    char from[40], until[40];

    line(out, "certificate", "%s", t->peer.subject);
    line(out, "  names", "%s", t->peer.names[0] != '\0' ? t->peer.names : "none");
    line(out, "  issuer", "%s%s", t->peer.issuer, t->peer.self_issued ? " (itself)" : "");
    line(out, "  key", "%s, signed with %s", t->peer.key, t->peer.sig_alg);
    line(out, "  valid", "%s to %s", pgseal__utc(from, t->peer.not_before_unix_s),
         pgseal__utc(until, t->peer.not_after_unix_s));
    line(out, "  sha256", "%s", t->peer.sha256);
    line(out, "chain sent", "%d certificate%s", t->chain_len, t->chain_len == 1 ? "" : "s");
}

static void tell_verified(struct cli_str *out, const struct cli_about *a)
{
    const struct pgseal_verified *v = &a->facts->tls_facts.verified;
    char until[40];

    if (!v->chain) {
        line(out, "chain", "not verified");
        line(out, "host name", "not checked");
        return;
    }
    line(out, "chain", "verified, by root %s", v->root.subject);
    if (v->root_line > 0)
        line(out, "  root from", "%s:%d", v->root_file, v->root_line);
    else
        line(out, "  root from", "%s",
             v->root_file[0] != '\0' ? v->root_file : "the system's store");
    line(out, "  root ends", "%s", pgseal__utc(until, v->root.not_after_unix_s));
    line(out, "  path ends", "%s (%s)", pgseal__utc(until, v->until_unix_s),
         v->until_depth == 0 ? "the server's own" : "a CA of the path");
    line(out, "revocation", v->revocation ? "checked, by CRLs" : "not checked");
    if (v->name)
        line(out, "host name", "verified: %s", a->host->host != NULL ? a->host->host : a->address);
    else
        line(out, "host name", "not checked: any certificate of that CA would do");
}

static void tell_auth(struct cli_str *out, const struct pgseal_auth_facts *f)
{
    line(out, "authentication", "%s%s", f->method != NULL ? f->method : "none",
         f->password_used ? ", with a password" : "");
    if (f->iterations > 0)
        line(out, "  iterations", "%d", f->iterations);
    if (f->channel_bound)
        line(out, "channel binding",
             "tls-server-end-point: TLS ends at a holder of this role's "
             "secret");
    else
        line(out, "channel binding", "none");
    if (f->server_proved)
        line(out, "server proof", "the server knows this role's secret");
}

static void tell_limits(struct cli_str *out, const struct cli_about *a)
{
    cli_str_add(out, "Not proved:\n");
    if (!a->facts->tls)
        cli_str_add(out, "  anything about who is on the way: nothing is encrypted\n");
    else if (!a->facts->tls_facts.verified.chain)
        cli_str_add(out, "  who answered: nobody vouched for the certificate\n");
    else if (!a->facts->tls_facts.verified.name)
        cli_str_add(out, "  that it is the host asked for\n");
    if (a->facts->tls && !a->facts->auth.channel_bound)
        cli_str_add(out, "  that TLS ends at the database and not at a proxy before it\n");
    if (a->facts->tls_facts.verified.chain && !a->facts->tls_facts.verified.revocation)
        cli_str_add(out, "  that the certificate was not revoked: no CRL was used\n");
    cli_str_add(out, "  what happens behind the server: replicas, storage, backups\n");
}

void cli_ssl_story(struct cli_str *out, const struct cli_about *a)
{
    const struct pgseal_tls_facts *t = &a->facts->tls_facts;

    cli_verdict(out, a);
    if (a->facts->tls) {
        line(out, "protocol", "%s, %s, %d bits", t->version, t->cipher, t->bits);
        line(out, "key exchange", "%s", t->group[0] != '\0' ? t->group : "unknown");
        line(out, "ALPN", "%s", t->alpn[0] != '\0' ? t->alpn : "none");
        line(out, "SNI", "%s", t->sni[0] != '\0' ? t->sni : "none");
        if (t->has_peer)
            tell_certificate(out, t);
        tell_verified(out, a);
        line(out, "client cert", "%s",
             t->cert_sent        ? "sent"
             : t->cert_requested ? "asked for, none sent"
                                 : "not asked for");
    }
    tell_auth(out, &a->facts->auth);
    line(out, "library", "%s", a->ssl_library);
    tell_limits(out, a);
}
