/* SPDX-License-Identifier: PostgreSQL */
/* require_auth: the list of methods the server may ask for (PG18 fe-connect.c pqConnectOptions2).
 */
#include "conninfo_int.h"

static const struct {
    const char *name;
    uint32_t bit;
} methods[] = {{"password", PGSEAL_AUTH_PASSWORD},
               {"md5", PGSEAL_AUTH_MD5},
               {"gss", PGSEAL_AUTH_GSS},
               {"sspi", PGSEAL_AUTH_SSPI},
               {"scram-sha-256", PGSEAL_AUTH_SCRAM},
               {"oauth", PGSEAL_AUTH_OAUTH},
               {"none", PGSEAL_AUTH_NONE}};

#define ALL_METHODS                                                                \
    (PGSEAL_AUTH_NONE | PGSEAL_AUTH_PASSWORD | PGSEAL_AUTH_MD5 | PGSEAL_AUTH_GSS | \
     PGSEAL_AUTH_SSPI | PGSEAL_AUTH_SCRAM | PGSEAL_AUTH_OAUTH | PGSEAL_AUTH_OTHER)

static const char allowed[] = "password, md5, gss, sspi, scram-sha-256, oauth, none, separated by "
                              "commas, all or none of them with a \"!\" before";

static uint32_t method_bit(const char *name)
{
    for (size_t i = 0; i < PGSEAL_COUNT(methods); i++) {
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].bit;
    }
    return 0;
}

static int refuse(const struct pgseal_conninfo *ci, const char *before, const char *method,
                  const char *after, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_OPTION, "%srequire_auth method \"%s\" %s", before,
                 ci->v[PGSEAL_P_require_auth].hidden ? PGSEAL_MASK : method, after);
    pgseal__say_source(ci, PGSEAL_P_require_auth, err);
    pgseal__hint(err, "require_auth is a list of %s.", allowed);
    return PGSEAL_E_OPTION;
}

/* One element of the list. A duplicate is refused: a typo here would be too dangerous. */
static int take_method(struct pgseal_conninfo *ci, const char *part, bool first, bool *negated,
                       struct pgseal_err *err)
{
    uint32_t *bits = &ci->opt.require_auth;
    const char *method = part;
    uint32_t bit;

    if (part[0] == '!') {
        if (first)
            *bits = ALL_METHODS;
        else if (!*negated)
            return refuse(ci, "negative ", part, "cannot be mixed with non-negative methods", err);
        *negated = true;
        method++;
    } else if (*negated) {
        return refuse(ci, "", part, "cannot be mixed with negative methods", err);
    }
    bit = method_bit(method);
    if (bit == 0)
        return pgseal__bad_value(ci, PGSEAL_P_require_auth, method, allowed, err);
    if (((*bits & bit) != 0) != *negated)
        return refuse(ci, "", part, "is specified more than once", err);
    *bits ^= bit;
    return 0;
}

int pgseal__require_auth(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    const char *list = ci->v[PGSEAL_P_require_auth].val;
    bool negated = false;
    bool first = true;
    int rc = 0;

    ci->opt.require_auth_text = list;
    /* libpq (PG18, measured): an empty list is a list. It allows no method, but lets the server ask
     * for none. */
    ci->opt.require_auth = list != NULL && list[0] == '\0' ? PGSEAL_AUTH_NONE : 0;
    if (list != NULL && list[0] == '\0')
        list = NULL;
    while (list != NULL && rc == 0) {
        char *part = pgseal__list_next(&list);

        if (part == NULL)
            return pgseal__nomem(err);
        rc = take_method(ci, part, first, &negated, err);
        first = false;
        pgseal__free(part);
    }
    return rc;
}
