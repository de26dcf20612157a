/* SPDX-License-Identifier: PostgreSQL */
/* Who would break if plaintext were refused: sessions summed by user, database, address, program.
 */
#ifndef PGSEAL_STATUS_CANDIDATES_H
#define PGSEAL_STATUS_CANDIDATES_H

#include <pgseal/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of somebody else; p may be NULL when n is 0. */
struct status_span {
    const char *p;
    size_t n;
};
struct status_span status_span(const char *text); /* NULL is empty */
bool status_span_is(struct status_span s, const char *text);

/** How the bytes of a session travel. */
enum status_by { STATUS_BY_PLAIN = 0, STATUS_BY_TLS, STATUS_BY_GSS, STATUS_BY_HIDDEN };
/** Where a session comes from. A Unix socket is no network: hostssl and force_ssl do not see it. */
enum status_from { STATUS_FROM_UNKNOWN = 0, STATUS_FROM_NETWORK, STATUS_FROM_LOCAL };

/** What is added: one session, or one look at it. {0} with a user is a plaintext session. */
struct status_seen {
    struct status_span user, database, address, application;
    struct status_span version, cipher; /**< of TLS */
    struct status_span when;            /**< a time as text; later ones are added later */
    enum status_by by;
    enum status_from from;
    bool replication;
    bool refused; /**< the server refused this login for the way it came (pg_hba.conf) */
    bool old;     /**< the session was counted before: only one more sample of it */
    bool sampled; /**< count it as a sample */
};

#define STATUS_NAME_MAX 63 /* NAMEDATALEN - 1: what the server keeps of names */
#define STATUS_TIME_MAX 40

/** What a group is, once judged. Order of printing. */
enum status_fate {
    STATUS_FATE_BREAKS = 0, /**< plaintext over the network: breaks, unless its sslmode is allow */
    STATUS_FATE_MAYBE,      /**< plaintext, and nothing tells network from Unix socket */
    STATUS_FATE_REFUSED,    /**< only ever refused in plaintext: broken already */
    STATUS_FATE_RETRIES,    /**< refused in plaintext, then let in encrypted: sslmode=allow */
    STATUS_FATE_HIDDEN,     /**< not shown to this role */
    STATUS_FATE_GSS,        /**< encrypted by GSSAPI, which hostssl lines do not let in */
    STATUS_FATE_LOCAL,
    STATUS_FATE_FINE,
};

/** One user, database, address and application. Lent by its sum. */
struct status_group {
    struct status_span user, database, address, application; /**< NUL-terminated, cut, no NUL */
    enum status_from from;
    bool replication;
    bool folded;                      /**< more groups than a sum may hold: stands for several */
    uint64_t plain, tls, gss, hidden; /**< sessions */
    uint64_t refused, refused_encrypted;
    uint64_t samples;
    char version[16], cipher[64]; /**< of its last TLS session; escaped */
    char first[STATUS_TIME_MAX], last[STATUS_TIME_MAX];
    enum status_fate fate; /**< by status_sum_judge() */
};

/** All groups. Memory is bounded: from `max` groups on, new ones are folded by user. */
struct status_sum {
    struct status_group **group; /**< ours */
    size_t n, cap, max;
    void *tree;                        /* the same, for finding them */
    uint64_t internal;                 /**< sessions of rdsadmin, the provider's own: left out */
    size_t fate[STATUS_FATE_FINE + 1]; /**< groups of each kind, by status_sum_judge() */
    bool folded;                       /**< one of the groups stands for several */
};
/** @param max  groups; 0 = 100000, about 30 MB. */
void status_sum_init(struct status_sum *sum, size_t max);
void status_sum_done(struct status_sum *sum);
/**
 * Adds what was seen.
 *
 * @param out  lends the group it went to; NULL for rdsadmin's. May be NULL.
 * @return     0, or PGSEAL_E_NOMEM.
 */
int status_sum_add(struct status_sum *sum, const struct status_seen *seen,
                   struct status_group **out, struct pgseal_err *err);
/** Takes one session of `by` back: the login it was counted for came to nothing. */
void status_sum_undo(struct status_group *g, enum status_by by);
/**
 * Gives every group its fate, counts fates and sorts: by fate, then most plaintext sessions, then
 * names. Groups of which nothing is left are dropped. May be called again after more was added.
 */
void status_sum_judge(struct status_sum *sum);

#endif
