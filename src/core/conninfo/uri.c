/* SPDX-License-Identifier: PostgreSQL */
/* Connection URIs, with the grammar of libpq's conninfo_uri_parse_options() (PG18 fe-connect.c). */
#include "conninfo_int.h"

/* One pass over a URI. `buf` is a copy that is cut up in place; offsets are the same in both. */
struct uri {
    const char *text;
    char *buf;
    char *p;
    size_t secret_to;  /* what begins before this offset may be a piece of the password */
    bool after_secret; /* the query parameter before was a password */
    char *hosts, *ports;
    struct pgseal__parsed *out;
};

size_t pgseal__uri_prefix(const char *text)
{
    static const char *const scheme[] = {"postgresql://", "postgres://"};

    for (size_t i = 0; i < PGSEAL_COUNT(scheme); i++) {
        size_t n = strlen(scheme[i]);

        if (strncmp(text, scheme[i], n) == 0)
            return n;
    }
    return 0;
}

static bool hidden(const struct uri *u, const char *token)
{
    return (size_t)(token - u->buf) < u->secret_to;
}

static void hint_encode(const struct uri *u, struct pgseal_err *err)
{
    if (u->secret_to > 0)
        pgseal__hint(err, "In a password of a URI write \"/\" as %%2F, \":\" as %%3A, \"@\" as "
                          "%%40, \"%%\" as %%25, \"?\" as %%3F and \"&\" as %%26.");
}

/* Fails with a text that quotes a token, or the mask. */
static int bad_token(const struct uri *u, int code, const char *before, const char *token,
                     bool maybe_secret, const char *after, struct pgseal_err *err)
{
    const char *shown = maybe_secret ? pgseal__show(token, true) : token;

    pgseal__fail(err, code, "%s\"%s\"%s", before, shown, after);
    if (shown != token)
        pgseal__detail(err, "The text is not shown because it may be a piece of a password.");
    if (maybe_secret)
        hint_encode(u, err);
    return code;
}

/* Fails with a text that quotes the whole URI. */
static int bad_uri(const struct uri *u, const char *what, struct pgseal_err *err)
{
    char *shown = pgseal__mask_uri(u->text);

    if (shown == NULL)
        return pgseal__nomem(err);
    pgseal__fail(err, PGSEAL_E_CONNINFO, "%s: \"%s\"", what, shown);
    hint_encode(u, err);
    pgseal__wipe_free_str(shown);
    return PGSEAL_E_CONNINFO;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Percent-decodes a component: blanks around it are dropped, blanks inside are refused (17+). */
static int decode(const struct uri *u, const char *text, bool maybe_secret, char **out,
                  struct pgseal_err *err)
{
    const char *q = text;
    char *buf = pgseal__alloc(strlen(text) + 1);
    char *p = buf;
    const char *wrong = NULL;
    const char *after = "";

    if (buf == NULL)
        return pgseal__nomem(err);
    while (*q == ' ')
        q++;
    while (wrong == NULL && *q != '\0' && *q != ' ') {
        int hi;
        int lo = -1;

        if (*q != '%') {
            *p++ = *q++;
            continue;
        }
        hi = hex_digit(q[1]);
        if (hi >= 0)
            lo = hex_digit(q[2]);
        if (lo < 0)
            wrong = "invalid percent-encoded token: ";
        else if (hi == 0 && lo == 0)
            wrong = "forbidden value %00 in percent-encoded value: ";
        else
            *p++ = (char)(hi << 4 | lo);
        q += 3;
    }
    if (wrong == NULL) {
        while (*q == ' ')
            q++;
        if (*q != '\0') {
            wrong = "unexpected spaces found in ";
            after = ", use percent-encoded spaces (%20) instead";
        }
    }
    if (wrong != NULL) {
        pgseal__wipe_free(buf, strlen(text));
        bad_token(u, PGSEAL_E_CONNINFO, wrong, text, maybe_secret, after, err);
        return PGSEAL_E_CONNINFO;
    }
    *out = buf;
    return 0;
}

static int store_decoded(const struct uri *u, const char *keyword, const char *value,
                         bool maybe_secret, struct pgseal_err *err)
{
    char *plain = NULL;
    int rc = decode(u, value, maybe_secret, &plain, err);

    if (rc == 0)
        rc = pgseal__parsed_store(u->out, keyword, plain, err);
    if (rc >= 0 && plain != NULL)
        u->out->v[rc].hidden = maybe_secret;
    pgseal__wipe_free_str(plain);
    return rc < 0 ? rc : 0;
}

/* "user[:password]@", when an "@" comes before any "/". */
static int take_user(struct uri *u, struct pgseal_err *err)
{
    char *user = u->p;
    char *at = user + strcspn(user, "@/");
    char *colon;
    int rc = 0;

    if (*at != '@')
        return 0;
    *at = '\0';
    if (*user == '?')
        rc = pgseal__warn(&u->out->warn, err,
                          "in the URI everything before the \"@\" is the user name; write \"@\" in "
                          "a query parameter as %%40");
    colon = strchr(user, ':');
    if (colon != NULL)
        *colon = '\0';
    if (rc == 0 && *user != '\0')
        rc = store_decoded(u, "user", user, false, err);
    if (rc == 0 && colon != NULL && colon[1] != '\0')
        rc = store_decoded(u, "password", colon + 1, true, err);
    u->p = at + 1;
    return rc;
}

/* Moves behind "[...]" and cuts off the bracket. */
static int take_bracketed(struct uri *u, char **host, struct pgseal_err *err)
{
    char *end;
    char what[128];

    *host = u->p + 1;
    end = strchr(*host, ']');
    if (end == NULL)
        return bad_uri(u,
                       "end of string reached when looking for matching \"]\" in IPv6 host address "
                       "in URI",
                       err);
    if (end == *host)
        return bad_uri(u, "IPv6 host address may not be empty in URI", err);
    *end = '\0';
    u->p = end + 1;
    if (*u->p == '\0' || strchr(":/?,", *u->p) != NULL)
        return 0;
    pgseal__format(what, sizeof(what),
                   "unexpected character \"%c\" at position %d in URI (expected \":\" or \"/\")",
                   *u->p, (int)(u->p - u->buf + 1));
    return bad_uri(u, what, err);
}

static void append(char *list, const char *text)
{
    size_t used = strlen(list);

    memcpy(list + used, text, strlen(text) + 1);
}

/* "host[:port][,...]". *end is the character that ended it: "/", "?" or NUL. */
static int take_hosts(struct uri *u, char *end, struct pgseal_err *err)
{
    bool hide = hidden(u, u->p);
    char *host;
    char *port;
    int rc = 0;

    do {
        if (*u->p == '[') {
            rc = take_bracketed(u, &host, err);
            if (rc < 0)
                return rc;
        } else {
            host = u->p;
            u->p += strcspn(u->p, ":/?,");
        }
        *end = *u->p;
        *u->p = '\0';
        append(u->hosts, host);
        if (*end == ':') {
            port = ++u->p;
            u->p += strcspn(u->p, "/?,");
            *end = *u->p;
            *u->p = '\0';
            append(u->ports, port);
        }
        if (*end == ',') {
            u->p++;
            append(u->hosts, ",");
            append(u->ports, ",");
        }
    } while (*end == ',');
    if (u->hosts[0] != '\0')
        rc = store_decoded(u, "host", u->hosts, hide, err);
    if (rc == 0 && u->ports[0] != '\0')
        rc = store_decoded(u, "port", u->ports, hide, err);
    return rc;
}

static int store_query(struct uri *u, const char *raw_name, const char *raw_value, char *name,
                       char *value, struct pgseal_err *err)
{
    bool jdbc = strcmp(name, "ssl") == 0 && strcmp(value, "true") == 0;
    int rc = pgseal__parsed_store(u->out, jdbc ? "sslmode" : name, jdbc ? "require" : value, err);
    bool maybe_secret = u->after_secret || hidden(u, raw_name);

    if (rc == PGSEAL_E_OPTION) {
        const char *near = pgseal__param_near(name);

        bad_token(u, rc, "invalid URI query parameter: ", name, maybe_secret, "", err);
        if (near != NULL)
            pgseal__hint(err, "Did you mean \"%s\"?", near);
        return rc;
    }
    if (rc < 0)
        return rc;
    u->after_secret = pgseal__param_is_secret(rc);
    u->out->v[rc].hidden = hidden(u, raw_value);
    return 0;
}

/* One "name=value" of the query; both are cut out already. */
static int take_query(struct uri *u, const char *raw_name, const char *raw_value,
                      struct pgseal_err *err)
{
    char *name = NULL;
    char *value = NULL;
    bool maybe_secret = u->after_secret || hidden(u, raw_name);
    int rc = decode(u, raw_name, maybe_secret, &name, err);

    if (rc == 0) {
        int param = pgseal__param_find(name);

        rc = decode(u, raw_value,
                    hidden(u, raw_value) || (param >= 0 && pgseal__param_is_secret(param)), &value,
                    err);
    }
    if (rc == 0)
        rc = store_query(u, raw_name, raw_value, name, value, err);
    pgseal__wipe_free_str(name);
    pgseal__wipe_free_str(value);
    return rc;
}

static int take_queries(struct uri *u, struct pgseal_err *err)
{
    int rc = 0;

    while (rc == 0 && *u->p != '\0') {
        char *name = u->p;
        char *end = name + strcspn(name, "&");
        char *value;
        bool more = *end == '&';
        bool maybe_secret = u->after_secret || hidden(u, name);

        *end = '\0';
        value = strchr(name, '=');
        if (value == NULL)
            return bad_token(u, PGSEAL_E_CONNINFO,
                             "missing key/value separator \"=\" in URI query parameter: ", name,
                             maybe_secret, "", err);
        *value++ = '\0';
        if (strchr(value, '=') != NULL)
            return bad_token(u, PGSEAL_E_CONNINFO,
                             "extra key/value separator \"=\" in URI query parameter: ", name,
                             maybe_secret, "", err);
        rc = take_query(u, name, value, err);
        u->p = end + (more ? 1 : 0);
    }
    return rc;
}

/* An "@" behind the host is most likely one that belongs to the password. */
static int warn_at(struct uri *u, size_t userinfo, size_t query, struct pgseal_err *err)
{
    if (u->secret_to <= userinfo || u->secret_to > query)
        return 0;
    return pgseal__warn(&u->out->warn, err,
                        "in the URI an \"@\" follows the host: if it belongs to the password, "
                        "parts of the password are taken for host, port or database; write \"/\" "
                        "there as %%2F, \":\" as %%3A and \"@\" as %%40");
}

static int take_all(struct uri *u, struct pgseal_err *err)
{
    char end = '\0';
    size_t userinfo;
    int rc = take_user(u, err);

    userinfo = (size_t)(u->p - u->buf);
    if (rc == 0)
        rc = take_hosts(u, &end, err);
    if (rc == 0 && end == '/') {
        char *dbname = ++u->p;

        u->p += strcspn(u->p, "?");
        end = *u->p;
        *u->p = '\0';
        /* An empty name would hide PGDATABASE, so it is not set. */
        if (*dbname != '\0')
            rc = store_decoded(u, "dbname", dbname, hidden(u, dbname), err);
    }
    if (rc == 0)
        rc = warn_at(u, userinfo, (size_t)(u->p - u->buf), err);
    if (rc == 0 && end == '?') {
        u->p++;
        rc = take_queries(u, err);
    }
    return rc;
}

int pgseal__parse_uri(const char *text, struct pgseal__parsed *out, struct pgseal_err *err)
{
    size_t n = strlen(text);
    struct uri u = {.text = text, .out = out};
    size_t secret_from;
    int rc;

    u.buf = pgseal__strdup(text);
    u.hosts = pgseal__alloc(n + 1);
    u.ports = pgseal__alloc(n + 1);
    if (u.buf == NULL || u.hosts == NULL || u.ports == NULL) {
        rc = pgseal__nomem(err);
    } else {
        pgseal__uri_secret(text, &secret_from, &u.secret_to);
        u.p = u.buf + pgseal__uri_prefix(text);
        rc = take_all(&u, err);
    }
    pgseal__wipe_free(u.buf, n);
    pgseal__wipe_free(u.hosts, n);
    pgseal__wipe_free(u.ports, n);
    return rc;
}
