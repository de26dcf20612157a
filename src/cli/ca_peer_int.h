/* SPDX-License-Identifier: PostgreSQL */
/* What `ca verify` and `ca forecast` look at: the servers of a connection, or a certificate file.
 */
#ifndef PGSEAL_CLI_CA_PEER_INT_H
#define PGSEAL_CLI_CA_PEER_INT_H

#include "ca_read_int.h"
#include "target_int.h"

/** What was typed. Strings lend from argv. */
struct cli_peer_opts {
    const char *host, *port, *operand, *with, *at;
    bool json;
};
/** Places of the options both verbs have, in this order, behind which "help" follows. */
enum cli_peer_row {
    CLI_PEER_HOST,
    CLI_PEER_PORT,
    CLI_PEER_WITH,
    CLI_PEER_AT,
    CLI_PEER_JSON,
    CLI_PEER_ROWS
};
/** Their rows; what a host and a bundle are for differs. Written inside the table's braces. */
#define CLI_PEER_OPTROWS(host, with)                                                         \
    {'h', "host", "HOST", "What", host}, {'p', "port", "PORT", "What", "its port"},          \
        {0, "with", "FILE", "With", with},                                                   \
        {0, "at", "DAY", "With", "judge as on that day: 2027-01-31, or +90 for in 90 days"}, \
        {0, "json", NULL, "Output", "print JSON"},                                           \
    {                                                                                        \
        '?', "help", NULL, "Output", "show this text"                                        \
    }
/** Takes an option of these rows; `ctx` is a struct cli_peers. For struct cli_front. */
int cli_peer_take(void *ctx, size_t row, const char *arg, struct cli_str *why);

/** One server that was looked at, or a file. */
struct cli_peer {
    const char *host;          /**< as clients type it; "" = none */
    char label[300];           /**< "HOST:PORT", or the file's name */
    char address[160];         /**< numeric; "" for a file */
    char target[1400];         /**< as an operand for the same again */
    struct pgseal_chain *sent; /**< ours; NULL: `err` says why */
    struct pgseal_err err;
};
struct cli_peers {
    struct cli_peer_opts o;
    struct cli_target target;
    bool is_file;              /**< the operand is a certificate file ... */
    struct cli_ca_bytes bytes; /**< ... and this is in it */
    char host[256], port[16];  /**< of an operand that is a host */
    struct cli_peer *v;        /**< ours */
    size_t n;
    char usual[1100]; /**< name of libpq's default file, when nothing is said */
    const char *with; /**< name of what clients trust: a file, or "system" */
    bool system;
    struct pgseal_tls_ctx *ctx; /**< verifies with it; NULL: `ctx_err` */
    struct pgseal_err ctx_err;
    int64_t now_unix_s; /**< the time everything is judged at */
};

/**
 * Reads what was typed, and what clients trust; looks at nothing yet.
 *
 * @param files  a file of that name is a certificate, not a host.
 * @return       0, or what the verb ends with; it has been said.
 */
int cli_peers_open(struct cli_peers *p, bool files, int argc, char **argv);
/** Looks at one: a handshake, or reading the file. False: err says why. */
bool cli_peers_look(struct cli_peers *p, size_t i);
void cli_peers_done(struct cli_peers *p);
/** What a verb ends with when a look failed: 3 when nobody answered, else 1. */
int cli_peer_failed_exit(const struct pgseal_err *err);
/** Says a failure with its story on standard error. */
void cli_peers_say(const struct cli_peers *p, const struct cli_peer *peer,
                   const struct pgseal_err *err);

/**
 * Takes the one operand, which may be missing when an option or the environment names a server.
 *
 * @param one   what it is: "connection"
 * @param none  what is asked when nothing names one
 * @return      0, or < 0 and why.
 */
int cli_peer_operand(struct cli_peers *p, int n, char **operands, const char *one, const char *none,
                     struct cli_str *why);
/** Cuts "HOST", "HOST:PORT", "[ADDRESS]:PORT". False when a part is empty or too long. */
bool cli_host_port(const char *text, char host[256], char port[16]);
/** "in 90 days", "2 years ago", "now": of a time. */
const char *cli_when(char out[48], int64_t unix_s, int64_t now_unix_s);

#endif
