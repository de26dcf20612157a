/* SPDX-License-Identifier: PostgreSQL */
/* Everybody's sessions, as the server's views show them to one role; and watching them for a time.
 */
#ifndef PGSEAL_STATUS_SESSIONS_H
#define PGSEAL_STATUS_SESSIONS_H

#include "finding/finding.h"
#include "status/candidates.h"

#include <pgseal/drive.h>

/** One session besides our own. Names as the server sent them, cut: not escaped. */
struct status_session {
    long pid;
    enum status_by by; /**< HIDDEN: user, database and application alone are known */
    enum status_from from;
    bool replication;
    int bits;
    char user[STATUS_NAME_MAX + 1], database[STATUS_NAME_MAX + 1];
    char address[STATUS_NAME_MAX + 1]; /**< "[local]" for a Unix socket */
    char application[STATUS_NAME_MAX + 1];
    char version[16], cipher[64];
    char since[STATUS_TIME_MAX]; /**< "2026-11-23 17:21:57 UTC"; "" when hidden */
    char key[STATUS_TIME_MAX];   /* when it began, exactly: with pid it is one session */
};

/** All sessions at one moment. {0} is ready for status_sessions_ask(). */
struct status_snapshot {
    int version;   /**< server_version_num */
    bool sees_all; /**< the role may see everybody's sessions */
    bool ssl;      /**< the server can do TLS at all */
    long pid;      /**< our own, which is not among the sessions */
    char role[STATUS_NAME_MAX + 1];
    char when[STATUS_TIME_MAX]; /**< by the server's clock */
    int64_t opened; /**< sessions ever opened, by the server's own count; < 0 = it has none (14) */
    struct status_session *session; /**< ours */
    size_t n, cap;
    size_t hidden;     /**< of them, those the role may not look at */
    uint64_t internal; /**< sessions of rdsadmin: not among them */
    bool nomem;
};
/**
 * Asks for all sessions but our own, in one transaction that is rolled back. Background processes
 * and rdsadmin are left out; walsenders are replication.
 *
 * @param out  what was in it is replaced; its memory is used again.
 * @return     0, PGSEAL_E_SERVER (the session goes on), or another < 0 (it is over).
 */
int status_sessions_ask(struct pgseal_session *s, struct status_snapshot *out,
                        struct pgseal_err *err);
void status_snapshot_done(struct status_snapshot *snap);
/** SQL of a version, for status_sessions_ask(). Static. */
const char *status_sessions_sql(int version);
/** Takes one row of it. */
void status_sessions_take(struct status_snapshot *out, const struct pgseal_row *row);

/** Sessions seen over a time. */
struct status_watch {
    struct status_sum sum;
    uint64_t samples;
    uint64_t sessions; /**< different ones */
    uint64_t at_first; /**< of them, those of the first sample */
    uint64_t hidden;   /**< of them, those the role may not look at */
    int64_t opened;    /**< by the server's own count while it was watched; < 0 = not known */
    uint64_t lost;     /**< times the connection was lost */
    char first[STATUS_TIME_MAX], last[STATUS_TIME_MAX];
    bool sees_all, ssl;
    int version;
    char role[STATUS_NAME_MAX + 1];
    int64_t count; /* `opened` of the last snapshot */
    struct status_mark {
        long pid;
        char key[STATUS_TIME_MAX];
    } * mark; /* sessions of the last snapshot, sorted */
    size_t marks, cap;
    long pid; /* our own then */
};
void status_watch_init(struct status_watch *w);
void status_watch_done(struct status_watch *w);
/** Adds a sample. A session of the sample before is the same one. 0 or PGSEAL_E_NOMEM. */
int status_watch_add(struct status_watch *w, struct status_snapshot *snap, struct pgseal_err *err);
/** The connection was lost: what the server counted meanwhile is not known. */
void status_watch_lost(struct status_watch *w);

#endif
