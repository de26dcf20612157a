/* SPDX-License-Identifier: PostgreSQL */
/* The table of SASL mechanisms, and the one that only explains why it is not there. */
#include "auth_int.h"

static const struct pgseal__mech_row rows[] = {
#define MECH(name, bit, plus, wants, mech, text) {name, bit, plus, wants, &(mech), text},
#include "mechs.def"
#undef MECH
};

const struct pgseal__mech_row *pgseal__mech_find(const char *name)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    }
    return NULL;
}

/*
 * libpq selects OAUTHBEARER when it is offered first and then misses its settings; those settings
 * are refused before we connect, so its text is the whole truth here.
 */
static int oauth_init(const struct pgseal_auth_options *o, const struct pgseal__mech_row *row,
                      const char *password, void **state, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_AUTH_METHOD,
                 "server requires OAuth authentication, but oauth_issuer and oauth_client_id are "
                 "not both set");
    pgseal__detail(err, "The server offers %s first, which pgseal does not have.", row->name);
    pgseal__hint(err, "Let pg_hba.conf ask this role for scram-sha-256, or connect with psql and "
                      "its OAuth settings.");
    return PGSEAL_E_AUTH_METHOD;
}

static int oauth_exchange(void *state, const char *in, size_t n, char **out, struct pgseal_err *err)
{
    return pgseal__fail(err, PGSEAL_E_USAGE, "invalid OAuth exchange state");
}

static bool oauth_bound(const void *state)
{
    return false;
}

static void oauth_facts(const void *state, struct pgseal_auth_facts *out)
{
}

static void oauth_free(void *state)
{
}

const struct pgseal_mech pgseal__mech_oauth = {oauth_init, oauth_exchange, oauth_bound, oauth_facts,
                                               oauth_free};
