/* SPDX-License-Identifier: PostgreSQL */
/* What a connection proves and what it does not, in plain words. */
#include "about_int.h"

#include <pgseal/aws.h>

#include <inttypes.h>

#define DAY_S     86400
#define SOON_DAYS 30

enum cli_proof cli_proof(const struct pgseal_conn_facts *f)
{
    if (f->is_unix)
        return CLI_PROOF_LOCAL;
    if (!f->tls)
        return CLI_PROOF_PLAIN;
    if (!f->tls_facts.verified.chain)
        return CLI_PROOF_ENCRYPTED;
    return f->tls_facts.verified.name ? CLI_PROOF_NAME : CLI_PROOF_CHAIN;
}

void cli_banner_ssl(struct cli_str *out, const struct cli_about *a)
{
    const struct pgseal_tls_facts *t = &a->facts->tls_facts;

    if (!a->facts->tls)
        return;
    cli_str_addf(out, "SSL connection (protocol: %s, cipher: %s, bits: %d, compression: off%s%s)\n",
                 t->version, t->cipher, t->bits, t->alpn[0] != '\0' ? ", ALPN: " : "", t->alpn);
}

/* SCRAM with channel binding proves something that no certificate does. */
static bool bound(const struct pgseal_conn_facts *f)
{
    return f->auth.channel_bound && f->auth.server_proved;
}

/* What to type, a line each: the same host, by name. */
static void add_how_to_verify(struct cli_str *out, const struct cli_about *a)
{
    const char *host = a->host->host;
    struct pgseal_aws_endpoint at;
    enum pgseal_aws_kind kind = pgseal_aws_endpoint(host, &at);
    char file[96] = "CA.pem";

    if (kind != PGSEAL_AWS_NONE && pgseal_aws_public_roots(kind)) {
        pgseal__format(file, sizeof(file), "system"); /* RDS Proxy and Aurora DSQL */
    } else if (kind != PGSEAL_AWS_NONE) {
        bool one = at.region[0] != '\0';

        pgseal__format(file, sizeof(file), "%s-bundle.pem", one ? at.region : "global");
        cli_str_addf(out, "\n  pgseal ca fetch rds%s%s", one ? " --region " : "", at.region);
    }
    cli_str_add(out, "\n  pgseal connect \"");
    cli_str_addf(out, "host=%s ", host != NULL ? host : "NAME");
    if (a->host->hostaddr != NULL)
        cli_str_addf(out, "hostaddr=%s ", a->host->hostaddr);
    if (strcmp(a->host->port, "5432") != 0)
        cli_str_addf(out, "port=%s ", a->host->port);
    cli_str_addf(out, "user=%s dbname=%s sslmode=verify-full sslrootcert=%s\"", a->user, a->dbname,
                 file);
}

/* "by root "CN=..." of FILE:LINE, until DATE". */
static void add_root(struct cli_str *out, const struct pgseal_verified *v)
{
    char until[40];

    cli_str_addf(out, "by root \"%s\" of %s", v->root.subject,
                 v->root_file[0] != '\0' ? v->root_file : "the system's store");
    if (v->root_line > 0)
        cli_str_addf(out, ":%d", v->root_line);
    cli_str_addf(out, ", until %s", pgseal__utc(until, v->until_unix_s));
}

void cli_verdict(struct cli_str *out, const struct cli_about *a)
{
    const struct pgseal_verified *v = &a->facts->tls_facts.verified;

    switch (cli_proof(a->facts)) {
    case CLI_PROOF_LOCAL:
        cli_str_add(out, "Local socket: nothing leaves this machine, so there is no TLS and no "
                         "certificate; file permissions protect it.");
        break;
    case CLI_PROOF_PLAIN:
        cli_str_add(out, "Not encrypted: whoever is on the way can read and change everything. "
                         "To encrypt and verify:");
        add_how_to_verify(out, a);
        break;
    case CLI_PROOF_ENCRYPTED:
        cli_str_add(out,
                    bound(a->facts)
                        ? "Not verified by a certificate, but SCRAM channel binding shows that "
                          "TLS ends at somebody who holds this role's secret. To verify:"
                        : "Not verified: encrypted, but whoever is on the way could have "
                          "answered in the server's place. To verify:");
        add_how_to_verify(out, a);
        break;
    case CLI_PROOF_CHAIN:
        cli_str_add(out, "Verified, but for the host name: ");
        add_root(out, v);
        cli_str_add(out, "; any other certificate of that CA would have done as well. To check the "
                         "name: sslmode=verify-full");
        break;
    case CLI_PROOF_NAME:
        cli_str_addf(out, "Verified: host name \"%s\", ",
                     a->host->host != NULL ? a->host->host : a->address);
        add_root(out, v);
        if (bound(a->facts))
            cli_str_add(out,
                        "; TLS ends at a holder of this role's secret (SCRAM channel binding)");
        break;
    }
    cli_str_addc(out, '\n');
}

static int64_t days_left(const struct cli_about *a)
{
    return (a->facts->tls_facts.verified.until_unix_s - a->now_unix_s) / DAY_S;
}

static void say_plaintext(const struct cli_about *a, struct cli_str *s)
{
    cli_str_add(s, "this connection is not encrypted");
    if (a->opt->sslmode == PGSEAL_SSLMODE_DISABLE)
        cli_str_add(s, ": sslmode=disable");
    else if (a->opt->sslmode == PGSEAL_SSLMODE_ALLOW)
        cli_str_add(s, ": sslmode=allow takes plaintext first");
    else if (a->server_said_no)
        cli_str_add(s, ": the server offered no TLS and sslmode=prefer fell back to plaintext");
    else
        cli_str_add(s, ": sslmode=prefer fell back to plaintext");
    cli_str_add(s, "; sslmode=verify-full refuses this");
}

void cli_weaknesses(const struct cli_about *a, void (*say)(void *ctx, const char *text), void *ctx)
{
    enum cli_proof proof = cli_proof(a->facts);
    struct cli_str s = {0};

    if (a->root_missing && proof == CLI_PROOF_ENCRYPTED) {
        cli_str_addf(&s,
                     "root certificate file \"%s\" does not exist, and sslmode=%s goes on without "
                     "verifying; sslmode=verify-full refuses this",
                     a->opt->sslrootcert,
                     a->opt->sslmode == PGSEAL_SSLMODE_REQUIRE  ? "require"
                     : a->opt->sslmode == PGSEAL_SSLMODE_PREFER ? "prefer"
                                                                : "allow");
        say(ctx, cli_str(&s));
    } else if (proof == CLI_PROOF_ENCRYPTED && !bound(a->facts)) {
        cli_str_add(&s, "this connection is encrypted, but the server was not verified: whoever is "
                        "on the way could have answered; use sslmode=verify-full and sslrootcert");
        say(ctx, cli_str(&s));
    } else if (proof == CLI_PROOF_PLAIN && a->tls_failure == NULL) {
        say_plaintext(a, &s); /* a failed TLS was told when it happened */
        say(ctx, cli_str(&s));
    }
    if ((proof == CLI_PROOF_CHAIN || proof == CLI_PROOF_NAME) && days_left(a) < SOON_DAYS) {
        const struct pgseal_verified *v = &a->facts->tls_facts.verified;
        char until[40];

        cli_str_cut(&s, 0);
        cli_str_addf(&s, "%s ends %s, in %" PRId64 " day%s: connections will then be refused",
                     v->until_depth == 0 ? "the server's certificate"
                                         : "a CA certificate on the way to the root",
                     pgseal__utc(until, v->until_unix_s), days_left(a),
                     days_left(a) == 1 ? "" : "s");
        say(ctx, cli_str(&s));
    }
    cli_str_done(&s);
}
