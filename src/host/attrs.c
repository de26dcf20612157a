/* SPDX-License-Identifier: PostgreSQL */
/* target_session_attrs: asking a new connection what kind of server it reached. */
#include "host_int.h"

/* Runs one query and keeps the first value of its first row. 1 got one, 0 not, < 0. */
static int ask(struct pgseal_session *s, const char *sql, char *out, size_t cap,
               struct pgseal_err *err)
{
    int got = 0;
    int rc = pgseal_session_write(s, 'Q', sql, strlen(sql) + 1, err);

    out[0] = '\0';
    while (rc >= 0) {
        struct pgseal_frame f;

        rc = pgseal_session_read(s, 65536, &f, err);
        if (rc == 0)
            return pgseal__fail(err, PGSEAL_E_CLOSED, "\"%s\" failed", sql);
        if (rc < 0)
            break;
        if (f.type == 'Z')
            return got;
        if (f.type == 'D' && got == 0) {
            struct pgseal_reader r = pgseal_reader(f.body, f.len);
            uint16_t columns = pgseal_read_u16(&r);
            uint32_t n = pgseal_read_u32(&r);
            const uint8_t *p = columns == 1 && n < cap ? pgseal_read_bytes(&r, n) : NULL;

            if (p != NULL) {
                pgseal__format(out, cap, "%.*s", (int)n, (const char *)p);
                got = 1;
            }
        }
    }
    return rc;
}

/* The answer to a question about the server: "on" or "t". 1, 0 and err, or < 0. */
static int ask_bool(struct pgseal_session *s, const char *sql, bool *on, struct pgseal_err *err)
{
    char answer[16];
    int rc = ask(s, sql, answer, sizeof(answer), err);

    if (rc == 1)
        *on = strncmp(answer, "on", 2) == 0 || answer[0] == 't';
    else if (rc == 0)
        pgseal__fail(err, PGSEAL_E_SESSION, "\"%s\" failed", sql);
    return rc;
}

static int mismatch(const char *text, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_SESSION, "%s", text);
    pgseal__detail(err, "The login worked, but target_session_attrs asks for another kind of "
                        "server.");
    pgseal__hint(err, "List more hosts (host=a,b), use the writer or reader endpoint, or change "
                      "target_session_attrs.");
    return 0;
}

static bool is_on(const char *value)
{
    return strcmp(value, "on") == 0;
}

/* Servers since 14 report both settings; older ones are asked. */
static int check_read_only(struct pgseal_session *s, bool want, struct pgseal_err *err)
{
    const char *standby = pgseal_session_param(s, "in_hot_standby");
    const char *by_default = pgseal_session_param(s, "default_transaction_read_only");
    bool read_only = false;
    int rc = 1;

    if (standby != NULL && by_default != NULL)
        read_only = is_on(standby) || is_on(by_default);
    else
        rc = ask_bool(s, "SHOW transaction_read_only", &read_only, err);
    if (rc != 1 || read_only == want)
        return rc;
    return mismatch(want ? "session is not read-only" : "session is read-only", err);
}

static int check_standby(struct pgseal_session *s, bool want, struct pgseal_err *err)
{
    const char *reported = pgseal_session_param(s, "in_hot_standby");
    bool standby = false;
    int rc = 1;

    if (reported != NULL)
        standby = is_on(reported);
    else
        rc = ask_bool(s, "SELECT pg_catalog.pg_is_in_recovery()", &standby, err);
    if (rc != 1 || standby == want)
        return rc;
    return mismatch(want ? "server is not in hot standby mode" : "server is in hot standby mode",
                    err);
}

int host__check_session(struct pgseal_session *s, enum pgseal_session_attrs want,
                        struct pgseal_err *err)
{
    switch (want) {
    case PGSEAL_SESSION_ANY:
        return 1;
    case PGSEAL_SESSION_READ_WRITE:
        return check_read_only(s, false, err);
    case PGSEAL_SESSION_READ_ONLY:
        return check_read_only(s, true, err);
    case PGSEAL_SESSION_PRIMARY:
        return check_standby(s, false, err);
    case PGSEAL_SESSION_STANDBY:
    case PGSEAL_SESSION_PREFER_STANDBY:
        return check_standby(s, true, err);
    }
    return 1;
}
