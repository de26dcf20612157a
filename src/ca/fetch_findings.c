/* SPDX-License-Identifier: PostgreSQL */
/* What a person should look at after a fetch, and how a fetch that failed ends. */
#include "fetch_int.h"

#include "core/base/base.h"

#include <errno.h>

#define SHOWN 6 /* names in a finding; the rest is a number */

int ca_fetch_exit(const struct pgseal_err *err)
{
    switch ((enum pgseal_code)err->code) {
    case PGSEAL_E_OPTION:
    case PGSEAL_E_USAGE:
        return 2;
    case PGSEAL_E_UNSUPPORTED: /* no libcurl: the file can come another way */
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

static bool is_unknown(const struct ca_item *it)
{
    return it->twin_line == 0 && (it->standing == CA_UNPUBLISHED || it->standing == CA_POSED);
}

static bool is_foreign(const struct ca_item *it)
{
    return it->twin_line == 0 && it->standing == CA_FOREIGN;
}

/* In the file before already, or not. */
enum which { WHICH_ALL, WHICH_ADDED };

/* The first few of a kind, each with the fingerprint to compare. Returns the first. */
static const struct ca_item *name(struct finding *f, const struct ca_fetched *all, enum which which,
                                  bool (*pick)(const struct ca_item *))
{
    const struct ca_file *file = &all->file;
    const struct ca_item *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < file->n; i++) {
        const struct ca_item *it = &file->item[i];
        char until[40];

        if (!pick(it) || (which == WHICH_ADDED && !all->added[i]))
            continue;
        first = first != NULL ? first : it;
        if (++n <= SHOWN)
            finding_seen(f, "%sline %d: \"%s\", %s, until %.10s,\n  sha256 %s", n > 1 ? "\n" : "",
                         it->line, it->cn, it->info.key,
                         pgseal__utc(until, it->info.not_after_unix_s), it->info.sha256);
    }
    if (n > SHOWN)
        finding_seen(f, "\nand %zu more (--json lists all).", n - SHOWN);
    return first;
}

/*
 * Amazon's API tells the SHA-1 of each root as Thumbprint: another way, with an account's own
 * credentials, to learn what is genuine (describe-certificates, RDS API Reference).
 */
static void unknown(const struct ca_judge_options *o, const struct ca_fetched *f,
                    struct findings *l)
{
    struct finding *g;
    const struct ca_item *it;

    if (f->unknown == 0)
        return;
    g = finding_add(l, o->source->official ? FINDING_ID_CA_FETCH_NEW : FINDING_ID_CA_FETCH_UNKNOWN,
                    "%s", o->output);
    it = name(g, f, WHICH_ALL, is_unknown);
    if (it != NULL)
        finding_fix(g,
                    "Compare with what Amazon's API says, where the SHA-1 (Thumbprint) of \"%s\" "
                    "is %s:\n  aws rds describe-certificates --region %s",
                    it->cn, it->sha1, it->region[0] != '\0' ? it->region : "REGION");
}

static void foreign(const struct ca_judge_options *o, const struct ca_fetched *f,
                    struct findings *l)
{
    struct finding *g;

    if (f->foreign == 0)
        return;
    g = finding_add(l, FINDING_ID_CA_FETCH_FOREIGN, "%s", o->output);
    (void)name(g, f, WHICH_ALL, is_foreign);
    finding_fix(g, "Whoever holds the key of one of these can be any server for you. Take them out "
                   "of the file unless you know why they are in it.");
}

/* What ca_inspect() found that is no reason to refuse, and worth a look. */
static void others(const struct ca_fetched *f, struct findings *l)
{
    for (size_t i = 0; i < f->file.findings.n; i++) {
        const struct finding *from = &f->file.findings.item[i];
        struct finding *g;

        if (from->id != FINDING_ID_CA_ENDS_SOON && from->id != FINDING_ID_CA_NOT_YET_VALID &&
            from->id != FINDING_ID_CA_WEAK)
            continue;
        g = finding_add(l, from->id, "%s", from->where);
        finding_seen(g, "%s", from->seen);
        finding_fix(g, "%s", from->fix);
    }
}

/* The first few of those that are gone and have not ended; `needed`: only the genuine roots. */
static size_t name_gone(struct finding *g, const struct ca_judge_options *o,
                        const struct ca_fetched *f, bool needed)
{
    size_t n = 0;

    for (size_t i = 0; i < f->ngone; i++) {
        const struct ca_gone *one = &f->gone[i];
        char until[40];

        if (one->not_after_unix_s < o->now_unix_s || (needed && !one->needed))
            continue;
        if (++n <= SHOWN && g != NULL)
            finding_seen(g, "%s\"%s\", until %.10s,\n  sha256 %s", n > 1 ? "\n" : "", one->cn,
                         pgseal__utc(until, one->not_after_unix_s), one->sha256);
    }
    if (n > SHOWN && g != NULL)
        finding_seen(g, "\nand %zu more (--check --json lists all).", n - SHOWN);
    return n;
}

static void gone(const struct ca_judge_options *o, const struct ca_fetched *f, struct findings *l)
{
    struct finding *g;

    if (name_gone(NULL, o, f, false) == 0)
        return;
    g = finding_add(l, FINDING_ID_CA_FETCH_GONE, "%s", o->output);
    (void)name_gone(g, o, f, false);
    finding_fix(g,
                "If you meant to have fewer regions, all is well. If not, put the file back and "
                "find out which servers need them:\n  mv %s~ %s",
                o->path, o->path);
}

/* ---- what is refused unless it was allowed -----------------------------------------------------
 */

/* Who comes in is trusted for every name from then on, and nobody reads a report afterwards. */
static int refuse_foreign(const struct ca_judge_options *o, const struct ca_fetched *f,
                          const char *what, struct findings *why, struct pgseal_err *err)
{
    const struct ca_item *first = NULL;
    struct finding *g;

    for (size_t i = 0; i < f->file.n && first == NULL; i++)
        if (is_foreign(&f->file.item[i]) && f->added[i])
            first = &f->file.item[i];
    if (first == NULL)
        return 0;
    g = finding_add(why, FINDING_ID_CA_FETCH_FOREIGN, "%s", o->source->shown);
    (void)name(g, f, WHICH_ADDED, is_foreign);
    finding_fix(g, "Fetch from Amazon itself, without --from. If you know these authorities and "
                   "want every client of this file to trust them: --allow-foreign.");
    pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE,
                 "%s is refused: it has authorities that are not Amazon RDS's", what);
    pgseal__detail(err, "\"%s\", sha256 %s.", first->cn, first->info.sha256);
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* A bundle that was cut between two certificates looks like this, and so does one region's. */
static int refuse_gone(const struct ca_judge_options *o, const struct ca_fetched *f,
                       const char *what, struct findings *why, struct pgseal_err *err)
{
    size_t n = name_gone(NULL, o, f, true);
    struct finding *g;

    if (n == 0)
        return 0;
    g = finding_add(why, FINDING_ID_CA_FETCH_GONE, "%s", o->output);
    (void)name_gone(g, o, f, true);
    finding_fix(g, "If you want fewer regions, or know that no server hangs on them: --allow-gone. "
                   "If not, fetch the bundle that has them, or write this one to another file: -o "
                   "FILE.");
    pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE,
                 "%s is refused: it lacks %zu root%s of \"%s\" that %s not ended", what, n,
                 n == 1 ? "" : "s", o->output, n == 1 ? "has" : "have");
    pgseal__detail(err, "A server whose certificate hangs on one of them would be refused.");
    return PGSEAL_E_ROOT_UNUSABLE;
}

int ca_fetch_allowed(const struct ca_judge_options *o, const struct ca_fetched *f, const char *what,
                     struct findings *why, struct pgseal_err *err)
{
    int foreign_rc = o->allow_foreign ? 0 : refuse_foreign(o, f, what, why, err);
    int gone_rc = o->allow_gone ? 0 : refuse_gone(o, f, what, why, foreign_rc < 0 ? NULL : err);

    if (why->nomem)
        return pgseal__nomem(err);
    return foreign_rc < 0 ? foreign_rc : gone_rc;
}

static void missing(const struct ca_judge_options *o, const struct ca_fetched *f,
                    struct findings *l)
{
    struct finding *g;

    if (f->nmissing == 0)
        return;
    g = finding_add(l, FINDING_ID_CA_FETCH_MISSING, "%s", o->source->shown);
    for (size_t i = 0; i < f->nmissing && i < SHOWN; i++)
        finding_seen(g, "%s\"%s\"", i > 0 ? "\n" : "", f->missing[i].row->cn);
    if (f->nmissing > SHOWN)
        finding_seen(g, "\nand %zu more (--json lists all).", f->nmissing - SHOWN);
    finding_fix(g, o->source->official
                       ? "Amazon took them out of its bundle. See what its announcements say of "
                         "these regions before you change servers."
                       : "Fetch the whole bundle from AWS: pgseal ca fetch rds, without --from.");
}

void ca_fetch_findings(const struct ca_judge_options *o, const struct ca_fetched *f,
                       struct findings *l)
{
    foreign(o, f, l);
    unknown(o, f, l);
    gone(o, f, l);
    missing(o, f, l);
    others(f, l);
}
