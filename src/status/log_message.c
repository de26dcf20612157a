/* SPDX-License-Identifier: PostgreSQL */
/* What the server's own words about connections mean, from PostgreSQL 9.5 to 18. */
#include "log_int.h"

#include "core/base/base.h"

bool status__starts(struct status_span s, const char *text)
{
    size_t n = strlen(text);

    return s.n >= n && memcmp(s.p, text, n) == 0;
}

bool status__ends(struct status_span s, const char *text)
{
    size_t n = strlen(text);

    return s.n >= n && memcmp(s.p + s.n - n, text, n) == 0;
}

struct status_span status__behind(struct status_span s, size_t n)
{
    return (struct status_span){s.p + n, s.n - n};
}

struct status_span status__before(struct status_span s, size_t at)
{
    return (struct status_span){s.p, at};
}

size_t status__find(struct status_span s, const char *text)
{
    const char *at = s.p != NULL ? memmem(s.p, s.n, text, strlen(text)) : NULL;

    return at != NULL ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t status__find_last(struct status_span s, const char *text)
{
    size_t n = strlen(text);

    for (size_t at = s.n >= n ? s.n - n + 1 : 0; at > 0; at--)
        if (s.p[at - 1] == text[0] && memcmp(s.p + at - 1, text, n) == 0)
            return at - 1;
    return SIZE_MAX;
}

bool status__number(struct status_span s, uint32_t *out)
{
    uint64_t v = 0;

    if (s.n == 0 || s.n > 10)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    *out = (uint32_t)v;
    return v <= UINT32_MAX;
}

/* Takes `text` off the front. */
static bool eat(struct status_span *s, const char *text)
{
    if (!status__starts(*s, text))
        return false;
    *s = status__behind(*s, strlen(text));
    return true;
}

/* Takes what stands before `text` off the front, and `text`. */
static bool eat_until(struct status_span *s, const char *text, struct status_span *what)
{
    size_t at = status__find(*s, text);

    if (at == SIZE_MAX)
        return false;
    *what = status__before(*s, at);
    *s = status__behind(*s, at + strlen(text));
    return true;
}

/* "yes" or "no" up to a comma or the end. */
static bool eat_yes(struct status_span *s, bool *yes)
{
    *yes = eat(s, "yes");
    return *yes || eat(s, "no");
}

/*
 * " GSS (authenticated=yes, encrypted=yes, [delegated_credentials=no, ][principal=X])" at the end:
 * PG18 postinit.c PerformAuthentication(); since 12. The principal may hold anything.
 */
static bool take_gss(struct status_span *s, struct status_message *m)
{
    size_t at = status__find_last(*s, " GSS (authenticated=");
    struct status_span rest;
    bool authenticated, encrypted;

    if (at == SIZE_MAX || !status__ends(*s, ")"))
        return false;
    rest = status__behind(*s, at + strlen(" GSS (authenticated="));
    if (!eat_yes(&rest, &authenticated) || !eat(&rest, ", encrypted=") ||
        !eat_yes(&rest, &encrypted))
        return false;
    if (rest.n > 1 && !status__starts(rest, ", "))
        return false;
    if (encrypted)
        m->by = STATUS_BY_GSS;
    *s = status__before(*s, at);
    return true;
}

/*
 * " SSL enabled (protocol=X, cipher=Y[, bits=N][, compression=on])" at the end. bits since 9.5's
 * successors, compression until 13. Its values come from OpenSSL and hold no comma. Anything that
 * is not exactly this is part of a name, and the session is plaintext.
 */
static bool take_ssl(struct status_span *s, struct status_message *m)
{
    size_t at = status__find_last(*s, " SSL enabled (protocol=");
    struct status_span rest, version, cipher, bits;
    uint32_t n;

    if (at == SIZE_MAX || !status__ends(*s, ")"))
        return false;
    rest = status__behind(*s, at + strlen(" SSL enabled (protocol="));
    rest.n--;
    if (!eat_until(&rest, ", cipher=", &version))
        return false;
    cipher = rest;
    if (eat_until(&rest, ", ", &cipher)) {
        if (eat(&rest, "bits=")) {
            bits = rest;
            if (!eat_until(&rest, ", ", &bits))
                rest.n = 0;
            if (!status__number(bits, &n))
                return false;
        }
        if (rest.n > 0 && !status_span_is(rest, "compression=on") &&
            !status_span_is(rest, "compression=off"))
            return false;
    }
    if (version.n == 0 || cipher.n == 0 || status__find(version, " ") != SIZE_MAX ||
        status__find(cipher, " ") != SIZE_MAX)
        return false;
    m->by = STATUS_BY_TLS;
    m->version = version;
    m->cipher = cipher;
    *s = status__before(*s, at);
    return true;
}

/* Does the prefix have "USER@DATABASE", as Debian's and RDS's do? */
static bool prefix_has(struct status_span prefix, struct status_span user,
                       struct status_span database)
{
    struct status_span rest = prefix;

    while (rest.n >= user.n + database.n + 1) {
        const char *at = memchr(rest.p + user.n, '@', rest.n - user.n - database.n);

        if (at == NULL)
            return false;
        if (memcmp(at - user.n, user.p, user.n) == 0 && memcmp(at + 1, database.p, database.n) == 0)
            return true;
        rest = status__behind(rest, (size_t)(at - user.n - rest.p) + 1);
    }
    return false;
}

/*
 * "USER database=DATABASE[ application_name=NAME]". Names may hold these very words. csvlog and
 * jsonlog tell user and database apart; else "USER@DATABASE" in the prefix decides; else the first
 * " database=" and the first " application_name=" behind it do.
 */
static bool split_names(const struct status_record *r, struct status_span s,
                        struct status_message *m)
{
    size_t at = status__find(s, " database=");
    size_t chosen = at;

    if (at == SIZE_MAX)
        return false;
    if (r->exact && r->user.n < s.n) {
        struct status_span rest = status__behind(s, r->user.n);

        if (memcmp(s.p, r->user.p, r->user.n) == 0 && eat(&rest, " database=") &&
            rest.n >= r->database.n && memcmp(rest.p, r->database.p, r->database.n) == 0) {
            m->user = r->user;
            m->database = r->database;
            rest = status__behind(rest, r->database.n);
            if (rest.n == 0)
                return true;
            if (eat(&rest, " application_name=")) {
                m->application = rest;
                return true;
            }
        }
    }
    while (at != SIZE_MAX) {
        struct status_span rest = status__behind(s, at + strlen(" database="));
        struct status_span database = rest;
        size_t next = status__find(rest, " database=");

        (void)eat_until(&rest, " application_name=", &database);
        if (prefix_has(r->prefix, status__before(s, at), database)) {
            chosen = at;
            break;
        }
        at = next != SIZE_MAX ? at + strlen(" database=") + next : SIZE_MAX;
    }
    m->user = status__before(s, chosen);
    s = status__behind(s, chosen + strlen(" database="));
    m->database = s;
    if (eat_until(&s, " application_name=", &m->database))
        m->application = s;
    return true;
}

/* "user=U database=D[ application_name=A][ SSL enabled (...)][ GSS (...)]" */
static void authorized(const struct status_record *r, struct status_span s,
                       struct status_message *m)
{
    m->by = STATUS_BY_PLAIN;
    (void)take_gss(&s, m);
    if (m->by != STATUS_BY_GSS) /* never both: libpq negotiates one of them */
        (void)take_ssl(&s, m);
    if (m->replication) {
        m->user = s;
        if (eat_until(&s, " application_name=", &m->user))
            m->application = s;
    } else if (!split_names(r, s, m)) {
        return;
    }
    m->event = STATUS_EVENT_AUTHORIZED;
}

/* "HOST[ port=N]" */
static struct status_span host_of(struct status_span s)
{
    size_t at = status__find_last(s, " port=");
    uint32_t port;

    if (at != SIZE_MAX && status__number(status__behind(s, at + strlen(" port=")), &port))
        return status__before(s, at);
    return s;
}

/*
 * How a refused login came, by the last words of the message. 14 renamed them; a server without
 * SSL support says nothing.
 */
static void take_tail(struct status_span *s, struct status_message *m)
{
    static const struct {
        const char *text;
        enum status_by by;
    } TAILS[] = {
        {", no encryption", STATUS_BY_PLAIN}, {", SSL off", STATUS_BY_PLAIN},
        {", SSL encryption", STATUS_BY_TLS},  {", SSL on", STATUS_BY_TLS},
        {", GSS encryption", STATUS_BY_GSS},
    };

    m->by = STATUS_BY_HIDDEN;
    for (size_t i = 0; i < PGSEAL_COUNT(TAILS); i++) {
        if (status__ends(*s, TAILS[i].text)) {
            m->by = TAILS[i].by;
            s->n -= strlen(TAILS[i].text);
            return;
        }
    }
}

/* `HOST", user "USER"[, database "DATABASE"], TAIL`: PG18 auth.c ClientAuthentication(). */
static void refused(const struct status_record *r, struct status_span s, struct status_message *m)
{
    size_t at;

    take_tail(&s, m);
    if (!status__ends(s, "\"") || !eat_until(&s, "\", user \"", &m->address))
        return;
    s.n--;
    m->user = s;
    at = status__find_last(s, "\", database \"");
    if (!m->replication && at != SIZE_MAX) {
        m->user = status__before(s, at);
        m->database = status__behind(s, at + strlen("\", database \""));
    }
    if (r->exact) {
        m->user = r->user;
        m->database = m->replication ? m->database : r->database;
    }
    m->event = STATUS_EVENT_REFUSED;
}

/* Logins that came to nothing. Most come before "authorized", some behind it. */
static bool is_failure(struct status_span s)
{
    static const char *const STARTS[] = {
        "sorry, too many clients already",
        "remaining connection slots are reserved",
        "too many connections for ",
        "permission denied for database ",
        "number of requested standby connections exceeds",
        "the database system is ",
        "no PostgreSQL user name specified in startup packet",
        "must be superuser to connect ",
        "must be superuser or replication role to ",
        "permission denied to start WAL sender",
    };
    static const char *const ENDS[] = {
        "\" does not exist",
        "\" is not permitted to log in",
        "\" is not currently accepting connections",
    };

    if (status__find(s, " authentication failed for user \"") != SIZE_MAX ||
        status__find(s, "authentication failed for user \"") == 0)
        return true;
    for (size_t i = 0; i < PGSEAL_COUNT(STARTS); i++)
        if (status__starts(s, STARTS[i]))
            return true;
    if (!status__starts(s, "role \"") && !status__starts(s, "database \""))
        return false;
    for (size_t i = 0; i < PGSEAL_COUNT(ENDS); i++)
        if (status__ends(s, ENDS[i]))
            return true;
    return false;
}

static void fatal(const struct status_record *r, struct status_message *m)
{
    struct status_span s = r->message;

    if (eat(&s, "no pg_hba.conf entry for host \"") ||
        eat(&s, "pg_hba.conf rejects connection for host \"")) {
        refused(r, s, m);
    } else if (eat(&s, "no pg_hba.conf entry for replication connection from host \"") ||
               eat(&s, "pg_hba.conf rejects replication connection for host \"")) {
        m->replication = true;
        refused(r, s, m);
    } else if (is_failure(s)) {
        m->event = STATUS_EVENT_FAILED;
    }
}

bool status__tells(struct status_span s)
{
    return status__starts(s, "connection ") || status__starts(s, "replication connection ") ||
           status__starts(s, "disconnection: ") || status__starts(s, "could not accept SSL ");
}

void status__message(const struct status_record *r, struct status_message *m)
{
    struct status_span s = r->message;

    *m = (struct status_message){0};
    if (r->fatal) {
        fatal(r, m);
    } else if (eat(&s, "connection authorized: user=")) {
        authorized(r, s, m);
    } else if (eat(&s, "replication connection authorized: user=")) {
        m->replication = true;
        authorized(r, s, m);
    } else if (eat(&s, "connection received: host=")) {
        m->event = STATUS_EVENT_RECEIVED;
        m->address = host_of(s);
    } else if (eat(&s, "disconnection: session time: ")) {
        m->event = STATUS_EVENT_OVER;
    } else if (status__starts(s, "could not accept SSL connection: ")) {
        m->event = STATUS_EVENT_HANDSHAKE;
    }
}
