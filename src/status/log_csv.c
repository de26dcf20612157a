/* SPDX-License-Identifier: PostgreSQL */
/* One record of a csvlog, where every name has a column of its own. */
#include "log_int.h"

#include "core/base/base.h"

/* Columns of csvlog: PG18 csvlog.c write_csvlog(). The first fourteen never changed. */
enum {
    CSV_TIME = 0,
    CSV_USER,
    CSV_DATABASE,
    CSV_PID,
    CSV_FROM,
    CSV_SEVERITY = 11,
    CSV_MESSAGE = 13
};

/* ",DIGITS,,HEX.HEX," behind user and database that are empty: a process without a client. */
static bool no_client(struct status_span s)
{
    static const char HEX[] = "0123456789abcdef";
    size_t n = 2;

    if (!status__starts(s, ",,"))
        return false;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    s = status__behind(s, n);
    if (n == 2 || !status__starts(s, ",,"))
        return false;
    for (n = 2; n < s.n && memchr(HEX, s.p[n], sizeof(HEX) - 1) != NULL;)
        n++;
    return n > 2 && n < s.n && s.p[n] == '.';
}

/*
 * "2026-11-23 17:21:57.106 UTC,"x": inside a quoted text every quote is doubled, so that one with
 * something else behind it is never part of one. By this a record that was cut off (the server
 * stopped in the middle) is told from one whose text goes on.
 */
bool status__csv_again(struct status_span line)
{
    size_t n = status__time(line, true);

    return n > 0 && line.n > n + 2 && line.p[n] == ',' && line.p[n + 1] == '"' &&
           line.p[n + 2] != '"';
}

bool status__csv_begins(struct status_span line)
{
    size_t n = status__time(line, true);

    if (n == 0 || n >= line.n || line.p[n] != ',')
        return false;
    return status__csv_again(line) || no_client(status__behind(line, n + 1));
}

/* Takes a field off, without its quotes. False when it is not well-formed. */
static bool csv_field(struct status_span *s, char **store, struct status_span *out, bool *quoted)
{
    size_t i = 0;

    *quoted = s->n > 0 && s->p[0] == '"';
    out->p = *store;
    out->n = 0;
    if (!*quoted) {
        while (i < s->n && s->p[i] != ',')
            i++;
        *out = status__before(*s, i);
    } else {
        for (i = 1;; i++) {
            if (i >= s->n)
                return false;
            if (s->p[i] == '"' && (i + 1 >= s->n || s->p[i + 1] != '"'))
                break;
            i += s->p[i] == '"';
            *(*store)++ = s->p[i];
        }
        out->n = (size_t)(*store - out->p);
        i++;
    }
    if (i < s->n && s->p[i] != ',')
        return false;
    *s = status__behind(*s, i < s->n ? i + 1 : i);
    return true;
}

/* "127.0.0.1:41760", "::1:41760", "[local]". */
struct status_span status__without_port(struct status_span s)
{
    size_t at = status__find_last(s, ":");
    uint32_t port;

    if (at != SIZE_MAX && status__number(status__behind(s, at + 1), &port))
        return status__before(s, at);
    return s;
}

bool status__severity(struct status_span s, struct status_record *r)
{
    r->fatal = status_span_is(s, "FATAL");
    return r->fatal || status_span_is(s, "LOG");
}

bool status__record_csv(struct status_span line, char *store, struct status_record *r)
{
    struct status_span f[CSV_MESSAGE + 1];
    bool quoted[CSV_MESSAGE + 1];

    *r = (struct status_record){0};
    for (size_t i = 0; i <= CSV_MESSAGE; i++)
        if (!csv_field(&line, &store, &f[i], &quoted[i]))
            return false;
    if (!quoted[CSV_MESSAGE] || !status__severity(f[CSV_SEVERITY], r))
        return false;
    r->when = f[CSV_TIME];
    r->user = f[CSV_USER];
    r->database = f[CSV_DATABASE];
    r->exact = quoted[CSV_USER] && quoted[CSV_DATABASE];
    (void)status__number(f[CSV_PID], &r->pid);
    if (quoted[CSV_FROM])
        r->address = status__without_port(f[CSV_FROM]);
    r->message = f[CSV_MESSAGE];
    return true;
}
