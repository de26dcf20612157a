/* SPDX-License-Identifier: PostgreSQL */
/* One record in JSON: PostgreSQL's own jsonlog, or a line of another format wrapped by a collector.
 */
#include "log_int.h"

#include "core/base/base.h"

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

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

/* "\u001b". A pair of surrogates becomes two characters that nobody shows: they are escaped. */
static bool take_u(struct status_span *s, char **store)
{
    uint32_t cp = 0;

    if (s->n < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        int v = hex_of(s->p[i]);

        if (v < 0)
            return false;
        cp = cp * 16 + (uint32_t)v;
    }
    utf8(store, cp);
    *s = status__behind(*s, 4);
    return true;
}

/* A string behind its first quote: RFC 8259 7. */
static bool take_string(struct status_span *s, char **store, struct status_span *out)
{
    static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";

    out->p = *store;
    if (*store == NULL)
        return false;
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
            if (!take_u(s, store))
                return false;
        } else {
            *(*store)++ = at != NULL ? TO[at - FROM] : c;
        }
    }
    return false;
}

/* What is looked for. */
struct found {
    struct status_record r;
    struct status_span severity, text;
    bool keys; /* there was one */
};

/*
 * Keys of jsonlog (PG18 jsonlog.c), of CloudNativePG's "record" (csvlog's columns), and of
 * collectors that put a line of the server into a string: docker, journald, Cloud SQL, CloudWatch.
 */
static void take_value(struct found *f, struct status_span key, struct status_span value)
{
    const struct {
        const char *key;
        struct status_span *place;
    } KEYS[] = {
        {"timestamp", &f->r.when},
        {"log_time", &f->r.when},
        {"user", &f->r.user},
        {"user_name", &f->r.user},
        {"dbname", &f->r.database},
        {"database_name", &f->r.database},
        {"remote_host", &f->r.address},
        {"connection_from", &f->r.address},
        {"error_severity", &f->severity},
        {"message", &f->r.message},
        {"log", &f->text},
        {"textPayload", &f->text},
        {"MESSAGE", &f->text},
    };

    for (size_t i = 0; i < PGSEAL_COUNT(KEYS); i++) {
        if (!status_span_is(key, KEYS[i].key) || KEYS[i].place->p != NULL)
            continue;
        *KEYS[i].place = value;
        if (strcmp(KEYS[i].key, "connection_from") == 0)
            f->r.address = status__without_port(value);
    }
    if (status_span_is(key, "pid") || status_span_is(key, "process_id"))
        (void)status__number(value, &f->r.pid);
}

static struct status_span take_scalar(struct status_span *s)
{
    struct status_span value;
    size_t n = 0;

    while (n < s->n && !one_of(s->p[n], ",]} \t"))
        n++;
    value = status__before(*s, n);
    *s = status__behind(*s, n);
    return value;
}

/*
 * Walks the tokens, however deep: what a client may choose is inside of strings, where no key can
 * begin. What is behind message and severity may be a statement of any length, and is not read.
 */
static void walk(struct status_span s, char *store, struct found *f)
{
    struct status_span key = {0}, value;

    while (s.n > 0 && (f->r.message.p == NULL || f->severity.p == NULL)) {
        char c = s.p[0];

        if (c == '"') {
            s = status__behind(s, 1);
            if (!take_string(&s, &store, &value))
                return;
            while (s.n > 0 && s.p[0] == ' ')
                s = status__behind(s, 1);
            if (status__starts(s, ":")) {
                key = value;
                f->keys = true;
                s = status__behind(s, 1);
                continue;
            }
        } else if (key.p != NULL && (c == '-' || (c >= '0' && c <= '9'))) {
            value = take_scalar(&s);
        } else {
            if (one_of(c, "{}[],"))
                key.p = NULL;
            s = status__behind(s, 1);
            continue;
        }
        if (key.p != NULL)
            take_value(f, key, value);
        key.p = NULL;
    }
}

bool status__json_begins(struct status_span line)
{
    while (line.n > 0 && line.p[0] == ' ') /* a tab begins a continuation of a text log */
        line = status__behind(line, 1);
    return line.n > 1 && (line.p[0] == '"' || (line.p[0] == '{' && one_of(line.p[1], "\" ")));
}

enum status_json status__record_json(struct status_span line, char *store, struct status_record *r)
{
    struct found f = {0};
    size_t end;

    walk(line, store, &f);
    if (!f.keys)
        return STATUS_JSON_NOT;
    *r = f.r;
    if (f.severity.p != NULL) {
        r->exact = r->user.p != NULL && r->database.p != NULL;
        return r->message.p != NULL && status__severity(f.severity, r) ? STATUS_JSON_RECORD
                                                                       : STATUS_JSON_OTHER;
    }
    if (f.text.p == NULL)
        f.text = f.r.message;
    end = status__find(f.text, "\n");
    if (end != SIZE_MAX)
        f.text.n = end;
    return status__record_text(f.text, r) ? STATUS_JSON_RECORD : STATUS_JSON_OTHER;
}
