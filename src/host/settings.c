/* SPDX-License-Identifier: PostgreSQL */
/* ParameterStatus values, kept for the whole session. */
#include "host_int.h"

/* A server reports about a dozen; extensions may add some. */
#define SETTINGS_MAX 1024u

int host__note_setting(struct pgseal_session *s, const char *name, const char *value,
                       struct pgseal_err *err)
{
    size_t i = 0;
    char *copy = pgseal__strdup(value);
    struct setting *more;

    if (copy == NULL)
        return pgseal__nomem(err);
    while (i < s->nsettings && strcmp(s->settings[i].name, name) != 0)
        i++;
    if (i == s->nsettings) {
        if (i == SETTINGS_MAX) {
            pgseal__free(copy);
            return 0;
        }
        more = pgseal__realloc(s->settings, (i + 1) * sizeof(*more));
        if (more != NULL) {
            s->settings = more;
            more[i] = (struct setting){.name = pgseal__strdup(name)};
        }
        if (more == NULL || more[i].name == NULL) {
            pgseal__free(copy);
            return pgseal__nomem(err);
        }
        s->nsettings++;
    }
    pgseal__free(s->settings[i].value);
    s->settings[i].value = copy;
    return 0;
}

void host__settings_done(struct pgseal_session *s)
{
    for (size_t i = 0; i < s->nsettings; i++) {
        pgseal__free(s->settings[i].name);
        pgseal__free(s->settings[i].value);
    }
    pgseal__free(s->settings);
    s->settings = NULL;
    s->nsettings = 0;
}

const char *pgseal_session_param(const struct pgseal_session *s, const char *name)
{
    for (size_t i = 0; i < s->nsettings; i++)
        if (strcmp(s->settings[i].name, name) == 0)
            return s->settings[i].value;
    return s->conn != NULL ? pgseal_conn_param(s->conn, name) : NULL;
}
