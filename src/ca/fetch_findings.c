/* SPDX-License-Identifier: PostgreSQL */
/* What a person should look at after a fetch, and how a fetch that failed ends. */
#include "core/base/base.h"
#include "fetch.h"

#include <errno.h>

int ca_fetch_exit(const struct pgseal_err *err)
{
    switch ((enum pgseal_code)err->code) {
    case PGSEAL_E_OPTION:
    case PGSEAL_E_USAGE:
    case PGSEAL_E_UNSUPPORTED:
        return 2;
    case PGSEAL_E_RESOLVE:
    case PGSEAL_E_CONNECT:
    case PGSEAL_E_TIMEOUT:
    case PGSEAL_E_CLOSED:
    case PGSEAL_E_TLS:
        return 3;
    case PGSEAL_E_HTTP:
        return err->sys == EAGAIN ? 3 : 1;
    default:
        return 1;
    }
}

/* The first few of a kind, each with the fingerprint to compare. */
static void name(struct finding *f, const struct ca_certs *l, enum ca_mark mark)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct ca_cert *c = &l->v[i];
        char until[40];

        if (c->mark != mark || c->duplicate)
            continue;
        if (++n <= 6)
            finding_seen(f, "%sline %d: \"%s\", %s, until %.10s,\n  sha256 %s", n > 1 ? "\n" : "",
                         c->line, c->cn[0] != '\0' ? c->cn : c->info.subject, c->info.key,
                         pgseal__utc(until, c->info.not_after_unix_s), c->info.sha256);
    }
    if (n > 6)
        finding_seen(f, "\nand %zu more (--json lists all).", n - 6);
}

/*
 * AWS's API tells the SHA-1 of each root as Thumbprint: another way, with an account's own
 * credentials, to learn what is genuine (describe-certificates, RDS API Reference).
 */
static void compare(struct finding *f, const struct ca_certs *l, enum ca_mark mark)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct ca_cert *c = &l->v[i];

        if (c->mark != mark || c->duplicate)
            continue;
        finding_fix(f,
                    "Compare with what AWS's API says, where the SHA-1 of \"%s\" is "
                    "%s:\n  aws rds describe-certificates --region %s",
                    c->cn[0] != '\0' ? c->cn : c->info.subject, c->sha1,
                    c->region[0] != '\0' ? c->region : "REGION");
        return;
    }
}

static void gone(const struct ca_judge_options *o, const struct ca_fetched *f, struct findings *l)
{
    struct finding *g = NULL;
    size_t n = 0;

    for (size_t i = 0; i < f->ngone; i++) {
        char until[40];

        if (f->gone[i].not_after_unix_s < o->now_unix_s)
            continue;
        if (g == NULL)
            g = finding_add(l, FINDING_ID_CA_FETCH_GONE, "%s", o->output);
        if (++n <= 6)
            finding_seen(g, "%s\"%s\", until %.10s", n > 1 ? "\n" : "", f->gone[i].cn,
                         pgseal__utc(until, f->gone[i].not_after_unix_s));
    }
    if (g == NULL)
        return;
    if (n > 6)
        finding_seen(g, "\nand %zu more (--json lists all).", n - 6);
    finding_fix(g,
                "If you meant to have fewer regions, all is well. If not, put the file back and "
                "find out which servers need them:\n  mv %s~ %s",
                o->path, o->path);
}

static void missing(const struct ca_judge_options *o, const struct ca_fetched *f,
                    struct findings *l)
{
    struct finding *g;

    if (f->nmissing == 0)
        return;
    g = finding_add(l, FINDING_ID_CA_FETCH_MISSING, "%s", o->source->from);
    for (size_t i = 0; i < f->nmissing && i < 6; i++)
        finding_seen(g, "%s\"%s\"", i > 0 ? "\n" : "", f->missing[i]->cn);
    if (f->nmissing > 6)
        finding_seen(g, "\nand %zu more (--json lists all).", f->nmissing - 6);
    finding_fix(g, o->source->official
                       ? "Amazon took them out of its bundle. See what its announcements say of "
                         "these regions before you change servers."
                       : "Fetch the whole bundle from AWS: pgseal ca fetch rds, without --from.");
}

void ca_fetch_findings(const struct ca_judge_options *o, const struct ca_fetched *f,
                       struct findings *l)
{
    struct finding *g;

    if (f->foreign > 0) {
        g = finding_add(l, FINDING_ID_CA_FETCH_FOREIGN, "%s", o->output);
        name(g, &f->certs, CA_MARK_FOREIGN);
        finding_fix(g, "Whoever holds the key of one of these can be any server for you. Take them "
                       "out of the file unless you know why they are in it.");
    }
    if (f->unknown > 0) {
        g = finding_add(l,
                        o->source->official ? FINDING_ID_CA_FETCH_NEW : FINDING_ID_CA_FETCH_UNKNOWN,
                        "%s", o->output);
        name(g, &f->certs, CA_MARK_NEW);
        compare(g, &f->certs, CA_MARK_NEW);
    }
    gone(o, f, l);
    missing(o, f, l);
}
