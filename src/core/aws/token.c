/* SPDX-License-Identifier: PostgreSQL */
/* Reads a token of IAM: HOST:PORT/?Action=connect&DBUser=...&X-Amz-...=... */
#include "core/base/base.h"

#include <pgseal/aws.h>

#define VALUE_MAX     512 /* of a parameter we read; a session token is longer and not read */
#define SIGNATURE_LEN 64  /* SHA-256 in hexadecimal */

/* What is collected on the way to a verdict. */
struct reading {
    struct pgseal_aws_token *t;
    bool action, service, date, expires, signature;
    int64_t expires_s;
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %XX (RFC 3986 2.1) and the + that some generators write for a blank. False: broken, holds
 * a NUL, or longer than cap. */
static bool decode(const char *p, size_t n, char *out, size_t cap)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        char c = p[i];

        if (c == '%') {
            if (i + 2 >= n || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
                return false;
            c = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == '\0' || used + 1 >= cap)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

/* Digits only, no more of them than fit. < 0: something else. */
static int64_t number(const char *p, size_t n)
{
    int64_t v = 0;

    if (n == 0 || n > 9)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* Days from 1970-01-01 of a day of the Gregorian calendar (era arithmetic, years >= 1). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    int64_t of_era, of_year;

    y -= m <= 2;
    of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    of_era = (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 + of_year;
    return y / 400 * 146097 + of_era - 719468;
}

/* "20261123T170000Z" */
static bool read_date(const char *v, int64_t *unix_s)
{
    int64_t date = number(v, strnlen(v, 8));
    int64_t time;
    int64_t y, m, d;

    if (strlen(v) != 16 || v[8] != 'T' || v[15] != 'Z')
        return false;
    time = number(v + 9, 6);
    y = date / 10000;
    m = date / 100 % 100;
    d = date % 100;
    if (date < 0 || time < 0 || y < 1970 || m < 1 || m > 12 || d < 1 || d > 31 || time > 235960)
        return false;
    *unix_s = days_of(y, m, d) * 86400 + time / 10000 * 3600 + time / 100 % 100 * 60 + time % 100;
    return true;
}

/* "AKIA.../20261123/us-east-1/rds-db/aws4_request" */
static void read_scope(struct reading *r, const char *v)
{
    const char *part[5];
    size_t len[5];
    size_t n = 0;

    for (;;) {
        part[n] = v;
        len[n] = strcspn(v, "/");
        v += len[n++];
        if (*v == '\0' || n == PGSEAL_COUNT(part))
            break;
        v++;
    }
    if (n != PGSEAL_COUNT(part) || *v != '\0' || len[2] >= sizeof(r->t->region))
        return;
    pgseal__format(r->t->region, sizeof(r->t->region), "%.*s", (int)len[2], part[2]);
    r->t->dsql = strcmp(part[3], "dsql/aws4_request") == 0;
    r->service = r->t->dsql || strcmp(part[3], "rds-db/aws4_request") == 0;
}

static void read_action(struct reading *r, const char *v)
{
    r->t->admin = strcmp(v, "DbConnectAdmin") == 0;
    r->action = r->t->admin || strcmp(v, "connect") == 0 || strcmp(v, "DbConnect") == 0;
}

static bool is(const char *name, size_t n, const char *wanted)
{
    return n == strlen(wanted) && strncmp(name, wanted, n) == 0;
}

static void read_value(struct reading *r, const char *p, size_t name, const char *v)
{
    if (is(p, name, "Action")) {
        read_action(r, v);
    } else if (is(p, name, "DBUser") && strlen(v) < sizeof(r->t->user)) {
        pgseal__format(r->t->user, sizeof(r->t->user), "%s", v);
    } else if (is(p, name, "X-Amz-Credential")) {
        read_scope(r, v);
    } else if (is(p, name, "X-Amz-Date")) {
        r->date = read_date(v, &r->t->signed_unix_s);
    } else if (is(p, name, "X-Amz-Expires")) {
        r->expires_s = number(v, strlen(v));
        r->expires = r->expires_s >= 0;
    } else if (is(p, name, "X-Amz-Signature")) {
        r->signature =
            strlen(v) == SIGNATURE_LEN && strspn(v, "0123456789abcdefABCDEF") == SIGNATURE_LEN;
    }
}

static void read_parameter(struct reading *r, const char *p, size_t n)
{
    size_t name = 0;
    char v[VALUE_MAX];

    while (name < n && p[name] != '=')
        name++;
    if (is(p, name, "X-Amz-Security-Token"))
        r->t->temporary = true;
    if (name < n && decode(p + name + 1, n - name - 1, v, sizeof(v)))
        read_value(r, p, name, v);
    pgseal__wipe(v, sizeof(v));
}

/* "HOST:PORT/?" or "HOST/?". Returns what is behind it, or NULL. */
static const char *read_host(struct pgseal_aws_token *t, const char *p)
{
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    size_t digits;

    if (n == 0 || n >= sizeof(t->host))
        return NULL;
    for (size_t i = 0; i < n; i++)
        t->host[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 0x20) : p[i];
    if (n > 1 && t->host[n - 1] == '.')
        t->host[n - 1] = '\0';
    p += n;
    if (*p == ':') {
        int64_t port;

        digits = strspn(p + 1, "0123456789");
        port = number(p + 1, digits);
        if (port < 1 || port > 65535)
            return NULL;
        t->port = (int)port;
        p += 1 + digits;
    }
    return p[0] == '/' && p[1] == '?' ? p + 2 : NULL;
}

bool pgseal_aws_token(const char *password, struct pgseal_aws_token *out)
{
    static const char scheme[] = "https://"; /* the generators cut it off */
    struct reading r = {.t = out};
    const char *p = password;

    memset(out, 0, sizeof(*out));
    if (p != NULL && strncmp(p, scheme, sizeof(scheme) - 1) == 0)
        p += sizeof(scheme) - 1;
    p = p != NULL ? read_host(out, p) : NULL;
    while (p != NULL) {
        size_t n = strcspn(p, "&");

        read_parameter(&r, p, n);
        p = p[n] == '&' ? p + n + 1 : NULL;
    }
    if (!r.action) {
        memset(out, 0, sizeof(*out));
        return false;
    }
    out->len = strlen(password);
    out->until_unix_s = out->signed_unix_s + (r.expires ? r.expires_s : 0);
    out->whole = r.service && r.date && r.expires && r.signature;
    return true;
}
