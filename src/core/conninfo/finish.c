/* SPDX-License-Identifier: PostgreSQL */
/* Adds what was not said: service file, environment, compiled defaults; then validates all of it.
 */
#include "conninfo_int.h"

/* PGREQUIRESSL is older than sslmode and counts only if PGSSLMODE is not set (libpq, since 9.3). */
static int default_sslmode(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                           struct pgseal_err *err)
{
    struct pgseal__value *v = &ci->v[PGSEAL_P_sslmode];
    const struct pgseal__value *root = &ci->v[PGSEAL_P_sslrootcert];
    const char *require = pgseal__env(world, "PGREQUIRESSL");

    if (require != NULL && require[0] == '1')
        return pgseal__value_set(v, "require", "environment PGREQUIRESSL", NULL, err);
    if (root->val != NULL && strcmp(root->val, "system") == 0)
        return pgseal__value_set(v, "verify-full", "default with sslrootcert=system", NULL, err);
    return pgseal__value_set(v, pgseal_conninfo_param(PGSEAL_P_sslmode)->fallback, "default", NULL,
                             err);
}

static int from_environment(struct pgseal__value *v, const char *name, const char *value,
                            struct pgseal_err *err)
{
    char *origin = pgseal__text("environment %s", name);

    if (origin == NULL)
        return pgseal__nomem(err);
    return pgseal__value_set(v, value, NULL, origin, err);
}

/* libpq's conninfo_add_defaults(). A variable that is set to nothing counts as set. */
static int add_defaults(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                        struct pgseal_err *err)
{
    bool no_sslmode = false;
    int rc = 0;

    for (int i = 0; i < PGSEAL_P_COUNT && rc == 0; i++) {
        const struct pgseal_param_info *info = pgseal_conninfo_param((size_t)i);
        struct pgseal__value *v = &ci->v[i];
        const char *env;

        if (v->val != NULL)
            continue;
        env = info->env != NULL ? pgseal__env(world, info->env) : NULL;
        if (env != NULL)
            rc = from_environment(v, info->env, env, err);
        else if (i == PGSEAL_P_sslmode)
            no_sslmode = true; /* depends on sslrootcert, which comes later in the table */
        else if (info->fallback != NULL)
            rc = pgseal__value_set(v, info->fallback, "default", NULL, err);
    }
    return rc == 0 && no_sslmode ? default_sslmode(ci, world, err) : rc;
}

static int add_user(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                    struct pgseal_err *err)
{
    struct pgseal__value *v = &ci->v[PGSEAL_P_user];
    const char *why = world != NULL ? world->user_err : NULL;

    if (pgseal__given(ci, PGSEAL_P_user) != NULL)
        return 0;
    if (world != NULL && world->user != NULL)
        return pgseal__value_set(v, world->user, "operating system user", NULL, err);
    pgseal__fail(err, PGSEAL_E_OPTION, "%s", why != NULL ? why : "no PostgreSQL user name known");
    pgseal__hint(err, "Say who to connect as: user=NAME, PGUSER=NAME or -U NAME.");
    return PGSEAL_E_OPTION;
}

static int add_dbname(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    if (pgseal__given(ci, PGSEAL_P_dbname) != NULL)
        return 0;
    return pgseal__value_set(&ci->v[PGSEAL_P_dbname], ci->v[PGSEAL_P_user].val, "user name", NULL,
                             err);
}

/* "auto" is the locale's encoding, which only the host knows. */
static int resolve_encoding(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                            struct pgseal_err *err)
{
    struct pgseal__value *v = &ci->v[PGSEAL_P_client_encoding];
    const char *encoding = "";

    if (v->val == NULL || strcmp(v->val, "auto") != 0)
        return 0;
    if (world != NULL && world->size > offsetof(struct pgseal_world, encoding) &&
        world->encoding != NULL)
        encoding = world->encoding;
    return pgseal__value_set(v, encoding, "locale", NULL, err);
}

/* What is asked for and not done is said (a default asks for nothing). */
static int warn_idle(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    int rc = 0;

    for (int i = 0; i < PGSEAL_P_COUNT && rc == 0; i++) {
        const struct pgseal_param_info *info = pgseal_conninfo_param((size_t)i);
        const struct pgseal__value *v = &ci->v[i];

        if (info->acts || v->val == NULL || v->val[0] == '\0' ||
            (info->fallback != NULL && strcmp(v->val, info->fallback) == 0))
            continue;
        rc = pgseal__warn(&ci->warn, err, "%s has no effect here (%s): %s", info->keyword,
                          v->origin, info->text);
    }
    return rc;
}

/* In libpq's order, so that of two errors the same one is reported (pqConnectOptions2). */
static int finish(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                  struct pgseal_err *err)
{
    int rc = pgseal__service(ci, world, err);

    if (rc == 0)
        rc = add_defaults(ci, world, err);
    if (rc == 0)
        rc = pgseal__hosts(ci, err);
    if (rc == 0)
        rc = add_user(ci, world, err);
    if (rc == 0)
        rc = add_dbname(ci, err);
    if (rc == 0)
        rc = pgseal__passfile(ci, world, err);
    if (rc == 0)
        rc = pgseal__options(ci, err);
    if (rc == 0)
        rc = resolve_encoding(ci, world, err);
    if (rc == 0)
        rc = pgseal__startup_env(ci, world, err);
    return rc == 0 ? warn_idle(ci, err) : rc;
}

int pgseal_conninfo_finish(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                           struct pgseal_err *err)
{
    int rc;

    if (ci->tried_finish)
        return pgseal__fail(err, PGSEAL_E_USAGE, "connection settings are already finished");
    ci->tried_finish = true;
    rc = finish(ci, world, err);
    ci->finished = rc == 0;
    return rc;
}
