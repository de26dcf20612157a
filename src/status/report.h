/* SPDX-License-Identifier: PostgreSQL */
/* What was seen of everybody's sessions, by whichever way, and the findings of it. */
#ifndef PGSEAL_STATUS_REPORT_H
#define PGSEAL_STATUS_REPORT_H

#include "status/log.h"
#include "status/sessions.h"

/** By which way sessions were seen. */
enum status_way { STATUS_WAY_SNAPSHOT = 0, STATUS_WAY_WATCH, STATUS_WAY_LOG };

/** Everything there is to tell. Lends. */
struct status_report {
    enum status_way way;
    const struct status_sum *sum;           /**< judged */
    const struct status_watch *watch;       /**< SNAPSHOT and WATCH */
    const struct status_snapshot *snapshot; /**< SNAPSHOT */
    const struct status_log_facts *log;     /**< LOG */
    const char *host;                       /**< as it was asked for; NULL = a log */
    bool pooled;       /**< the server's number of our session is not the one we were told */
    const char *where; /**< "db.example.com:5432", or the file; escaped */
};
/** Clients that would break, and those that may. */
size_t status_report_candidates(const struct status_report *r);
/** "3 clients would break if plaintext were refused", and what makes that less than certain. */
void status_report_verdict(const struct status_report *r, char *out, size_t cap);
/** Whose sessions these are not, when there is such a thing: a sentence or two, or "". */
void status_report_note(const struct status_report *r, char *out, size_t cap);
/** Adds what there is to find. Pure. */
void status_report_findings(const struct status_report *r, struct findings *out);
/** "app@shop from 10.0.0.5 (gunicorn)", safe to show. */
void status_group_text(const struct status_group *g, char *out, size_t cap);

#endif
