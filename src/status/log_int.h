/* SPDX-License-Identifier: PostgreSQL */
/* Between the log's parts: bytes, lines, records, messages. Private to this folder. */
#ifndef PGSEAL_STATUS_LOG_INT_H
#define PGSEAL_STATUS_LOG_INT_H

#include "status/log.h"

/** One record of the log, whatever its format. Spans lend from the line or from `store`. */
struct status_record {
    struct status_span when, message;
    struct status_span user, database; /**< csvlog and jsonlog; p NULL = not told */
    struct status_span address;        /**< without port; "[local]"; p NULL = not told */
    struct status_span prefix;         /**< what stands before the severity in a text log */
    uint32_t pid;                      /**< 0 = not told */
    bool fatal;                        /**< severity FATAL; else it is LOG */
    bool exact;                        /**< user and database are columns of their own */
};

/*
 * Each takes one whole record apart. False: it is not a LOG or FATAL, or no record at all.
 * `store` has room for as many bytes as the line.
 */
bool status__record_text(struct status_span line, struct status_record *r);
bool status__record_csv(struct status_span line, char *store, struct status_record *r);
/** The first line of a csvlog record. */
bool status__csv_begins(struct status_span line);
/** The same, and nothing a quoted text could hold. */
bool status__csv_again(struct status_span line);
/** Something in JSON, or a piece of it: what PostgreSQL or a collector writes in one line. */
bool status__json_begins(struct status_span line);
enum status_json {
    STATUS_JSON_NOT = 0, /**< it only looked like it */
    STATUS_JSON_OTHER,   /**< something else */
    STATUS_JSON_RECORD,
};
enum status_json status__record_json(struct status_span line, char *store, struct status_record *r);
/** LOG or FATAL, which goes into r->fatal; false for others. */
bool status__severity(struct status_span s, struct status_record *r);
/** "127.0.0.1:41760", "::1:41760", "[local]" without the port. */
struct status_span status__without_port(struct status_span s);

enum status_event {
    STATUS_EVENT_NONE = 0,
    STATUS_EVENT_RECEIVED,   /**< address */
    STATUS_EVENT_AUTHORIZED, /**< user, database, application, by, version, cipher */
    STATUS_EVENT_REFUSED,    /**< address, user, database, by */
    STATUS_EVENT_FAILED,     /**< a login that came to nothing, for another reason */
    STATUS_EVENT_HANDSHAKE,  /**< TLS failed before anybody said who they are */
    STATUS_EVENT_OVER,       /**< the session ended */
};
struct status_message {
    enum status_event event;
    struct status_span user, database, address, application, version, cipher;
    enum status_by by;
    bool replication;
};
/** False when a message of severity LOG is about something else. */
bool status__tells(struct status_span message);
/** What a record says about a connection. */
void status__message(const struct status_record *r, struct status_message *m);

/** Notes a time: the first and the last of all. */
void status__times(char first[STATUS_TIME_MAX], char last[STATUS_TIME_MAX],
                   struct status_span when);

/* Spans. */
bool status__starts(struct status_span s, const char *text);
bool status__ends(struct status_span s, const char *text);
struct status_span status__behind(struct status_span s, size_t n);  /* without its first n bytes */
struct status_span status__before(struct status_span s, size_t at); /* its first `at` bytes */
/* Place of the first or last `text` in s, or SIZE_MAX. */
size_t status__find(struct status_span s, const char *text);
size_t status__find_last(struct status_span s, const char *text);
/* Digits that are all of s. False when it is empty, has others, or is above 32 bits. */
bool status__number(struct status_span s, uint32_t *out);
/* Length of "2026-11-23 17:21:57.106 UTC" at the start of s, 0 when there is none. */
size_t status__time(struct status_span s, bool fraction);

#endif
