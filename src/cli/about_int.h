/* SPDX-License-Identifier: PostgreSQL */
/* What is known of the connection, told: banner, verdict, warnings, \conninfo, \ssl, JSON. */
#ifndef PGSEAL_CLI_ABOUT_INT_H
#define PGSEAL_CLI_ABOUT_INT_H

#include "run_int.h"

#include <pgseal/conn.h>

/** How much a connection proves, from nothing to everything a certificate can. */
enum cli_proof {
    CLI_PROOF_PLAIN = 0, /**< not encrypted */
    CLI_PROOF_ENCRYPTED, /**< encrypted, to whomever */
    CLI_PROOF_CHAIN,     /**< somebody whom the CA knows */
    CLI_PROOF_NAME,      /**< the server asked for */
    CLI_PROOF_LOCAL      /**< a Unix socket: the kernel, not a certificate */
};

/** Everything the tellers below look at. Pointers are lent. */
struct cli_about {
    const struct pgseal_conn_facts *facts;
    const struct pgseal_options *opt;
    const struct pgseal_host *host;
    const char *address; /**< numeric, or the socket's path */
    const char *user, *dbname;
    const char *server_version;      /**< ParameterStatus, or NULL */
    const char *superuser, *standby; /**< ParameterStatus, or NULL */
    const char *ssl_library;         /**< "OpenSSL 3.0.19 ..." */
    int64_t now_unix_s;
    bool root_missing;       /**< sslrootcert was given, and there is no such file */
    bool server_said_no;     /**< it answered N: no TLS */
    const char *tls_failure; /**< why TLS failed before plaintext was taken, or NULL */
};

enum cli_proof cli_proof(const struct pgseal_conn_facts *f);
/** Appends the server's side of the banner: "SSL connection (...)" or nothing, with newline. */
void cli_banner_ssl(struct cli_str *out, const struct cli_about *a);
/** Appends one line: what was verified, by what, until when; or what was not, and what to type. */
void cli_verdict(struct cli_str *out, const struct cli_about *a);
/** Calls `say` for each weakness a script should hear of. */
void cli_weaknesses(const struct cli_about *a, void (*say)(void *ctx, const char *text), void *ctx);
/** Appends the whole story of the protection, several lines. */
void cli_ssl_story(struct cli_str *out, const struct cli_about *a);
/** Prints psql 18's table. */
void cli_conninfo_table(FILE *f, const struct cli_about *a, const struct cli_print *how,
                        enum cli_enc enc);
/** Prints the facts as JSON. False when jansson could not be loaded. */
bool cli_facts_json(FILE *f, const struct cli_about *a);
/** Prints a failure as JSON. */
bool cli_failure_json(FILE *f, const struct pgseal_err *err);

#endif
