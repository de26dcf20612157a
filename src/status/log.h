/* SPDX-License-Identifier: PostgreSQL */
/* Reading server logs as a stream: stderr with any prefix, csvlog, jsonlog, in bounded memory. */
#ifndef PGSEAL_STATUS_LOG_H
#define PGSEAL_STATUS_LOG_H

#include "status/candidates.h"

/** What a file is when it is no text. */
enum status_packed {
    STATUS_PACKED_NOT = 0,
    STATUS_PACKED_GZIP,
    STATUS_PACKED_BZIP2,
    STATUS_PACKED_XZ,
    STATUS_PACKED_ZSTD,
    STATUS_PACKED_ZIP,
    STATUS_PACKED_UTF16,
    STATUS_PACKED_AWS_JSON /**< one string with all lines in it */
};

/** What was read so far. */
struct status_log_facts {
    uint64_t bytes, lines;
    uint64_t text, csv, json;   /**< records of each format, whatever they say */
    uint64_t cut;               /**< records longer than is kept: never about a connection */
    uint64_t received;          /**< "connection received" */
    uint64_t plain, tls, gss;   /**< "connection authorized" over the network or from nowhere */
    uint64_t local;             /**< the same from a Unix socket */
    uint64_t unplaced;          /**< of plain: the log does not say where it came from */
    uint64_t replication;       /**< of all these: replication */
    uint64_t refused;           /**< refused by pg_hba.conf, not encrypted */
    uint64_t refused_encrypted; /**< refused by pg_hba.conf, encrypted */
    uint64_t failed;            /**< wrong password, no such role or database, ... */
    uint64_t handshakes;        /**< TLS handshakes that failed */
    char first[STATUS_TIME_MAX], last[STATUS_TIME_MAX]; /**< times of first and last record */
};

struct status_log;

/** @param sum  keeps. Where logins are added. */
struct status_log *status_log_new(struct status_sum *sum, struct pgseal_err *err);
struct status_log *status_log_free(struct status_log *l);
/** What the first bytes of a file (8 are enough for what is compressed) say about it. */
enum status_packed status_log_packed(const void *p, size_t n);
/**
 * Reads on. Bytes may be cut anywhere.
 *
 * @return  0, or PGSEAL_E_NOMEM.
 */
int status_log_feed(struct status_log *l, const void *p, size_t n, struct pgseal_err *err);
/** The file is over: its last line may lack a newline. Another file may follow. */
int status_log_end(struct status_log *l, struct pgseal_err *err);
const struct status_log_facts *status_log_facts(const struct status_log *l);
/** True when the log says anything about logins: without, no rows prove nothing. */
bool status_log_tells(const struct status_log_facts *f);

#endif
