/* SPDX-License-Identifier: PostgreSQL */
/* What will end, or has ended, in an own authority: findings. */
#include "own_int.h"

/* A root that lasts no longer than a server's certificate already shortens what it signs. */
#define ROOT_LAST_S (CA_LEAF_DAYS * CA_DAY_S)

static void name_of(struct finding *f, const struct ca_record *c)
{
    char until[40];

    finding_seen(f, "%s%s (%s, until %.10s)", f->seen[0] != '\0' ? ", " : "", c->name,
                 c->client ? "client" : "server", pgseal__utc(until, c->info.not_after_unix_s));
}

static void look_at_certs(const struct ca_store *s, int64_t now_unix_s, struct findings *out)
{
    struct finding *ended = NULL, *due = NULL;

    for (size_t i = 0; i < s->ncerts; i++) {
        const struct ca_record *c = &s->cert[i];

        if (!c->latest || c->info.not_after_unix_s > now_unix_s)
            continue;
        if (ended == NULL)
            ended = finding_add(out, FINDING_ID_CA_OWN_ENDED, "%s", s->dir);
        name_of(ended, c);
    }
    if (ended != NULL) {
        finding_seen(ended, ".");
        finding_fix(ended,
                    "Renew what is in use, one by one, and install it: pgseal ca issue --renew "
                    "NAME. What is not: mkdir -p %s/issued/gone && mv %s/issued/NAME.*.crt "
                    "%s/issued/gone",
                    s->dir, s->dir, s->dir);
    }
    for (size_t i = 0; i < s->ncerts; i++) {
        if (!ca_record_due(s, &s->cert[i], now_unix_s))
            continue;
        if (due == NULL)
            due = finding_add(out, FINDING_ID_CA_OWN_DUE, "%s", s->dir);
        name_of(due, &s->cert[i]);
    }
    if (due != NULL) {
        finding_seen(due, ".");
        finding_fix(due, "Renew them all, for the keys they have, and install them: pgseal ca "
                         "issue --renew");
    }
}

void ca_own_watch(const struct ca_store *s, int64_t now_unix_s, struct findings *out)
{
    const struct ca_root *r = ca_store_issuer(s);
    char until[40];

    look_at_certs(s, now_unix_s, out);
    if (r->info.not_after_unix_s - now_unix_s < ROOT_LAST_S) {
        struct finding *f = finding_add(out, FINDING_ID_CA_OWN_ROOT_ENDS, "%s", s->dir);

        finding_seen(f, "Root %d %s %s.", r->number,
                     r->info.not_after_unix_s <= now_unix_s ? "ended" : "ends",
                     pgseal__utc(until, r->info.not_after_unix_s));
        if (r->info.not_after_unix_s <= now_unix_s)
            finding_fix(f, "Make a new authority, and give its root.crt to all clients: pgseal ca "
                           "init --dir DIR");
        else
            finding_fix(f, "Replace it while it still counts: pgseal ca rotate");
    }
}
