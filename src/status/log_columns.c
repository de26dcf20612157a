/* SPDX-License-Identifier: PostgreSQL */
/* One record of a csvlog or jsonlog, where every name has a place of its own. */
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

bool status__json_begins(struct status_span line)
{
    return status__starts(line, "{\"timestamp\":\"");
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
static struct status_span without_port(struct status_span s)
{
    size_t at = status__find_last(s, ":");
    uint32_t port;

    if (at != SIZE_MAX && status__number(status__behind(s, at + 1), &port))
        return status__before(s, at);
    return s;
}

static bool severity(struct status_span s, struct status_record *r)
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
    if (!quoted[CSV_MESSAGE] || !severity(f[CSV_SEVERITY], r))
        return false;
    r->when = f[CSV_TIME];
    r->user = f[CSV_USER];
    r->database = f[CSV_DATABASE];
    r->exact = quoted[CSV_USER] && quoted[CSV_DATABASE];
    (void)status__number(f[CSV_PID], &r->pid);
    if (quoted[CSV_FROM])
        r->address = without_port(f[CSV_FROM]);
    r->message = f[CSV_MESSAGE];
    return true;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void utf8(char **store, uint32_t cp)
{
    char *p = *store;

    if (cp < 0x80) {
        *p++ = (char)cp;
    } else if (cp < 0x800) {
        *p++ = (char)(0xc0 | cp >> 6);
        *p++ = (char)(0x80 | (cp & 0x3f));
    } else {
        *p++ = (char)(0xe0 | cp >> 12);
        *p++ = (char)(0x80 | (cp >> 6 & 0x3f));
        *p++ = (char)(0x80 | (cp & 0x3f));
    }
    *store = p;
}

/* "\u001b". PostgreSQL escapes control characters alone, so no pair of surrogates comes. */
static bool json_u(struct status_span *s, char **store)
{
    uint32_t cp = 0;

    if (s->n < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        char c = s->p[i];
        int v = hex_of(c);

        if (v < 0)
            return false;
        cp = cp * 16 + (uint32_t)v;
    }
    utf8(store, cp);
    *s = status__behind(*s, 4);
    return true;
}

/* A string behind its first quote: PG18 jsonlog.c, json.c escape_json(). */
static bool json_string(struct status_span *s, char **store, struct status_span *out)
{
    static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";

    out->p = *store;
    while (s->n > 0) {
        char c = s->p[0];
        const char *at;

        *s = status__behind(*s, 1);
        if (c == '"') {
            out->n = (size_t)(*store - out->p);
            return true;
        }
        if (c != '\\') {
            *(*store)++ = c;
            continue;
        }
        if (s->n == 0)
            return false;
        c = s->p[0];
        *s = status__behind(*s, 1);
        at = memchr(FROM, c, sizeof(FROM) - 1);
        if (c == 'u') {
            if (!json_u(s, store))
                return false;
        } else {
            *(*store)++ = at != NULL ? TO[at - FROM] : c;
        }
    }
    return false;
}

/* A string or a number. False for what PostgreSQL does not write. */
static bool json_value(struct status_span *s, char **store, struct status_span *out, bool *quoted)
{
    size_t n = 0;

    *quoted = s->n > 0 && s->p[0] == '"';
    if (*quoted) {
        *s = status__behind(*s, 1);
        return json_string(s, store, out);
    }
    while (n < s->n && s->p[n] != ',' && s->p[n] != '}')
        n++;
    *out = status__before(*s, n);
    *s = status__behind(*s, n);
    return n > 0;
}

static void json_take(struct status_record *r, struct status_span key, struct status_span value,
                      bool quoted, bool *wanted)
{
    static const char *const KEYS[] = {"timestamp", "user", "dbname", "remote_host", "message"};
    struct status_span *const places[] = {&r->when, &r->user, &r->database, &r->address,
                                          &r->message};

    for (size_t i = 0; quoted && i < PGSEAL_COUNT(KEYS); i++)
        if (status_span_is(key, KEYS[i]))
            *places[i] = value;
    if (!quoted && status_span_is(key, "pid"))
        (void)status__number(value, &r->pid);
    if (quoted && status_span_is(key, "error_severity"))
        *wanted = severity(value, r);
}

bool status__record_json(struct status_span line, char *store, struct status_record *r)
{
    bool wanted = false;

    *r = (struct status_record){0};
    if (!status__starts(line, "{"))
        return false;
    line = status__behind(line, 1);
    for (;;) {
        struct status_span key, value;
        bool quoted;

        if (!json_value(&line, &store, &key, &quoted) || !quoted || !status__starts(line, ":"))
            return false;
        line = status__behind(line, 1);
        if (!json_value(&line, &store, &value, &quoted))
            return false;
        json_take(r, key, value, quoted, &wanted);
        if (r->message.p != NULL) /* the rest may be a statement of any length */
            break;
        if (!status__starts(line, ","))
            return false;
        line = status__behind(line, 1);
    }
    r->exact = r->user.p != NULL && r->database.p != NULL;
    return wanted;
}
