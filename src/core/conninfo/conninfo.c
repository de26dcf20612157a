/* SPDX-License-Identifier: PostgreSQL */
/* The settings object: values with their origin, set one by one or by a string. */
#include "conninfo_int.h"

struct pgseal_conninfo *pgseal_conninfo_new(struct pgseal_err *err)
{
    struct pgseal_conninfo *ci = pgseal__alloc(sizeof(*ci));

    if (ci == NULL)
        pgseal__nomem(err);
    return ci;
}

static void warnings_done(struct pgseal__warnings *w)
{
    for (size_t i = 0; i < w->n; i++)
        pgseal__free(w->text[i]);
    pgseal__free(w->text);
    *w = (struct pgseal__warnings){0};
}

struct pgseal_conninfo *pgseal_conninfo_free(struct pgseal_conninfo *ci)
{
    if (ci == NULL)
        return NULL;
    for (int i = 0; i < PGSEAL_P_COUNT; i++)
        pgseal__value_done(&ci->v[i]);
    for (size_t i = 0; i < ci->nhosts; i++) {
        /* A misread URI puts pieces of a password into any of these. */
        pgseal__wipe_free_str(ci->hosts[i].host);
        pgseal__wipe_free_str(ci->hosts[i].hostaddr);
        pgseal__wipe_free_str(ci->hosts[i].port);
        pgseal__wipe_free_str(ci->hosts[i].password);
    }
    pgseal__free(ci->hosts);
    for (size_t i = 0; i < PGSEAL_ENV_GUCS; i++)
        pgseal__free(ci->env_guc[i]);
    warnings_done(&ci->warn);
    pgseal__wipe_free(ci, sizeof(*ci));
    return NULL;
}

char *pgseal__text(const char *fmt, ...)
{
    va_list ap;
    va_list again;
    char one[1];

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(one, sizeof(one), fmt, ap);
    char *text = n < 0 ? NULL : pgseal__alloc((size_t)n + 1);

    if (text != NULL)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return text;
}

int pgseal__value_set(struct pgseal__value *v, const char *val, const char *origin,
                      char *origin_own, struct pgseal_err *err)
{
    char *copy = pgseal__strdup(val);

    if (copy == NULL) {
        pgseal__free(origin_own);
        return pgseal__nomem(err);
    }
    pgseal__value_done(v);
    v->val = copy;
    v->origin_own = origin_own;
    v->origin = origin_own != NULL ? origin_own : origin;
    return 0;
}

void pgseal__value_done(struct pgseal__value *v)
{
    pgseal__wipe_free_str(v->val);
    pgseal__free(v->origin_own);
    *v = (struct pgseal__value){0};
}

void pgseal__parsed_done(struct pgseal__parsed *p)
{
    for (int i = 0; i < PGSEAL_P_COUNT; i++)
        pgseal__value_done(&p->v[i]);
    warnings_done(&p->warn);
}

static int warn_take(struct pgseal__warnings *w, char *text, struct pgseal_err *err)
{
    char **more = NULL;

    if (text != NULL)
        more = pgseal__realloc(w->text, (w->n + 1) * sizeof(*w->text));
    if (more == NULL) {
        pgseal__free(text);
        return pgseal__nomem(err);
    }
    w->text = more;
    w->text[w->n++] = text;
    return 0;
}

int pgseal__warn(struct pgseal__warnings *w, struct pgseal_err *err, const char *fmt, ...)
{
    char text[1200];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    return warn_take(w, pgseal__strdup(text), err);
}

const char *pgseal__given(const struct pgseal_conninfo *ci, int param)
{
    const char *val = ci->v[param].val;

    return val != NULL && val[0] != '\0' ? val : NULL;
}

const char *pgseal__shown(const struct pgseal_conninfo *ci, int param)
{
    return ci->v[param].hidden ? PGSEAL_MASK : ci->v[param].val;
}

void pgseal__say_source(const struct pgseal_conninfo *ci, int param, struct pgseal_err *err)
{
    const char *keyword = pgseal_conninfo_param((size_t)param)->keyword;
    const char *origin = ci->v[param].origin;

    if (strcmp(origin, "default") == 0)
        pgseal__detail(err, "%s is not set, so it is %s.", keyword, ci->v[param].val);
    else
        pgseal__detail(err, "%s is set by %s.", keyword, origin);
}

const char *pgseal__env(const struct pgseal_world *world, const char *name)
{
    return world != NULL && world->env != NULL ? world->env(world->ctx, name) : NULL;
}

int pgseal_conninfo_set(struct pgseal_conninfo *ci, const char *keyword, const char *value,
                        const char *origin, struct pgseal_err *err)
{
    const char *near;

    if (ci->tried_finish)
        return pgseal__fail(err, PGSEAL_E_USAGE, "connection settings are already finished");
    if (value == NULL || value[0] == '\0')
        return 0;
    int param = pgseal__param_find(keyword);

    if (param >= 0)
        return pgseal__value_set(&ci->v[param], value, origin, NULL, err);
    near = pgseal__param_near(keyword);
    pgseal__fail(err, PGSEAL_E_OPTION, "invalid connection option \"%s\"", keyword);
    if (near != NULL)
        pgseal__hint(err, "Did you mean \"%s\"?", near);
    return PGSEAL_E_OPTION;
}

bool pgseal_conninfo_is_string(const char *dbname)
{
    return dbname != NULL && (pgseal__uri_prefix(dbname) != 0 || strchr(dbname, '=') != NULL);
}

/* Moves what was parsed into the settings. Fails before it changes anything. */
static int take_over(struct pgseal_conninfo *ci, struct pgseal__parsed *p, struct pgseal_err *err)
{
    if (p->warn.n > 0) {
        size_t n = ci->warn.n + p->warn.n;
        char **more = pgseal__realloc(ci->warn.text, n * sizeof(*more));

        if (more == NULL)
            return pgseal__nomem(err);
        memcpy(more + ci->warn.n, p->warn.text, p->warn.n * sizeof(*more));
        ci->warn.text = more;
        ci->warn.n = n;
        p->warn.n = 0;
    }
    for (int i = 0; i < PGSEAL_P_COUNT; i++) {
        if (p->v[i].val == NULL)
            continue;
        pgseal__value_done(&ci->v[i]);
        ci->v[i] = p->v[i];
        p->v[i] = (struct pgseal__value){0};
    }
    return 0;
}

int pgseal_conninfo_parse(struct pgseal_conninfo *ci, const char *text, struct pgseal_err *err)
{
    struct pgseal__parsed parsed = {0};
    int rc;

    if (ci->tried_finish)
        return pgseal__fail(err, PGSEAL_E_USAGE, "connection settings are already finished");
    if (pgseal__uri_prefix(text) != 0)
        rc = pgseal__parse_uri(text, &parsed, err);
    else
        rc = pgseal__parse_pairs(text, &parsed, err);
    if (rc == 0)
        rc = take_over(ci, &parsed, err);
    pgseal__parsed_done(&parsed);
    return rc;
}

const char *pgseal_conninfo_get(const struct pgseal_conninfo *ci, const char *keyword)
{
    int param = pgseal__param_find(keyword);

    return param >= 0 ? ci->v[param].val : NULL;
}

const char *pgseal_conninfo_origin(const struct pgseal_conninfo *ci, const char *keyword)
{
    int param = pgseal__param_find(keyword);

    return param >= 0 && ci->v[param].val != NULL ? ci->v[param].origin : NULL;
}

const char *pgseal_conninfo_warning(const struct pgseal_conninfo *ci, size_t i)
{
    return i < ci->warn.n ? ci->warn.text[i] : NULL;
}

const struct pgseal_options *pgseal_conninfo_options(const struct pgseal_conninfo *ci)
{
    return ci->finished ? &ci->opt : NULL;
}

size_t pgseal_conninfo_hosts(const struct pgseal_conninfo *ci)
{
    return ci->finished ? ci->nhosts : 0;
}

const struct pgseal_host *pgseal_conninfo_host(const struct pgseal_conninfo *ci, size_t i)
{
    return ci->finished && i < ci->nhosts ? &ci->hosts[i].pub : NULL;
}
