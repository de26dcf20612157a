/* SPDX-License-Identifier: PostgreSQL */
/* target_session_attrs: asking a new connection what kind of server it reached. */
#include "host_int.h"

/* The first value of the first row. */
struct answer {
    char text[16];
    bool got;
};

static void keep(void *ctx, const struct pgseal_row *row)
{
    struct answer *a = ctx;

    if (a->got || row->n != 1 || row->value[0] == NULL)
        return;
    pgseal__format(a->text, sizeof(a->text), "%s", row->value[0]);
    a->got = true;
}

/* The answer to a question about the server: "on" or "t". 1, 0 and err, or < 0. */
static int ask_bool(struct pgseal_session *s, const char *sql, bool *on, struct pgseal_err *err)
{
    struct answer a = {0};
    long rc = pgseal_session_query(s, sql, keep, &a, err);

    if (rc < 0 && rc != PGSEAL_E_SERVER)
        return (int)rc;
    if (!a.got) {
        pgseal__fail(err, PGSEAL_E_SESSION, "\"%s\" failed", sql);
        return 0;
    }
    *on = strncmp(a.text, "on", 2) == 0 || a.text[0] == 't';
    return 1;
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
