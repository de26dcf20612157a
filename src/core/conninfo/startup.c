/* SPDX-License-Identifier: PostgreSQL */
/* The parameters of the startup packet, in libpq's order (PG18 fe-protocol3.c). */
#include "conninfo_int.h"

#include <pgseal/wire.h>

static const struct {
    const char *env;
    const char *name;
} gucs[PGSEAL_ENV_GUCS] = {{"PGDATESTYLE", "datestyle"}, {"PGTZ", "timezone"}, {"PGGEQO", "geqo"}};

int pgseal__startup_env(struct pgseal_conninfo *ci, const struct pgseal_world *world,
                        struct pgseal_err *err)
{
    ci->opt.client_encoding = pgseal__given(ci, PGSEAL_P_client_encoding);
    for (size_t i = 0; i < PGSEAL_ENV_GUCS; i++) {
        const char *value = pgseal__env(world, gucs[i].env);

        if (value == NULL || pgseal__strcasecmp(value, "default") == 0)
            continue;
        ci->env_guc[i] = pgseal__strdup(value);
        if (ci->env_guc[i] == NULL)
            return pgseal__nomem(err);
    }
    return 0;
}

size_t pgseal_conninfo_startup(const struct pgseal_conninfo *ci, struct pgseal_param *out,
                               size_t cap)
{
    const struct pgseal_options *o = &ci->opt;
    const struct pgseal_param all[] = {
        {"user", o->user},
        {"database", o->dbname},
        {"replication", o->replication},
        {"options", o->options},
        {"application_name", o->application_name},
        {"client_encoding", o->client_encoding},
        {gucs[0].name, ci->env_guc[0]},
        {gucs[1].name, ci->env_guc[1]},
        {gucs[2].name, ci->env_guc[2]},
    };
    size_t n = 0;

    if (!ci->finished)
        return 0;
    for (size_t i = 0; i < PGSEAL_COUNT(all) && n < cap; i++) {
        if (all[i].value != NULL)
            out[n++] = all[i];
    }
    return n;
}
