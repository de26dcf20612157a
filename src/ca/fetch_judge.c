/* SPDX-License-Identifier: PostgreSQL */
/* Judges a fetched bundle before anything is replaced: in memory, with the time as an argument. */
#include "fetch_int.h"
#include "inspect_int.h"
#include "text_int.h"

/* What all the steps share. */
struct judge {
    const struct ca_judge_options *o;
    struct ca_fetched f;
    char what[1200]; /* "what https://... sent" */
};

static int refuse(const struct judge *j, struct pgseal_err *err, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);

static int refuse(const struct judge *j, struct pgseal_err *err, const char *fmt, ...)
{
    char why[700];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(why, sizeof(why), fmt, ap);
    va_end(ap);
    return pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE, "%s %s", j->what, why);
}

/* ---- certificates and nothing else -------------------------------------------------------------
 */

/* Blank lines and lines that begin with '#' may stand between the blocks: OpenSSL, and so libpq,
 * passes over any text, but other readers of the file do not. */
static int judge_text(const struct judge *j, struct pgseal_err *err)
{
    struct ca_text t = {.next = j->o->bytes, .end = j->o->bytes + j->o->n};
    bool inside = false;
    char line[160];

    while (ca_text_next(&t)) {
        if (inside) {
            inside = !ca_text_is(&t, "-----END CERTIFICATE-----");
            continue;
        }
        if (t.n == 0 || t.p[0] == '#')
            continue;
        inside = ca_text_is(&t, "-----BEGIN CERTIFICATE-----");
        if (inside)
            continue;
        pgseal__escape(line, sizeof(line), t.p, t.n, 60);
        refuse(j, err, "is not certificates alone");
        pgseal__detail(err, "Line %d is something else: \"%s\".", t.number, line);
        pgseal__hint(err,
                     "If its certificates are what you want, take them out of the rest:\n"
                     "  pgseal ca export %s --pem -o clean.pem",
                     j->o->source->is_file ? j->o->source->from : "FILE");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    return 0;
}

/* What ca_inspect() says of a file that is there may be less than what a new one must be. */
static bool is_bad(enum finding_id id)
{
    switch ((int)id) {
    case FINDING_ID_CA_CRL:
    case FINDING_ID_CA_LEAF:
        return true;
    case FINDING_ID_CA_ROOT_MISSING: /* told as CA_FETCH_MISSING */
        return false;
    default:
        return finding_row(id)->severity >= FINDING_WARNING;
    }
}

/* How to get another file: the finding speaks of one that is in use. */
static void put_fix(const struct judge *j, const char *fix, struct finding *f)
{
    const struct ca_source *s = j->o->source;

    if (s->official)
        finding_fix(f,
                    "Something answers in Amazon's place, or changes what Amazon sends: a proxy, a "
                    "portal. Look at it:\n  curl -v %s",
                    s->shown);
    else if (s->is_file && strstr(fix, "pgseal ca fetch") == NULL)
        finding_fix(f, "%s", fix);
    else
        finding_fix(f, "Fetch from Amazon itself, without --from%s.",
                    s->is_file ? ", or bring today's file" : "");
}

static void copy(const struct judge *j, const struct finding *from, struct findings *why)
{
    struct finding *f = finding_add(why, from->id, "%s", from->where);

    finding_seen(f, "%s", from->seen);
    put_fix(j, from->fix, f);
}

static int judge_findings(const struct judge *j, struct findings *why, struct pgseal_err *err)
{
    const struct findings *l = &j->f.file.findings;
    const struct finding *worst = NULL;

    if (l->nomem)
        return pgseal__nomem(err);
    for (size_t i = 0; i < l->n; i++) {
        if (!is_bad(l->item[i].id))
            continue;
        if (worst == NULL ||
            finding_row(l->item[i].id)->severity > finding_row(worst->id)->severity)
            worst = &l->item[i];
        copy(j, &l->item[i], why);
    }
    if (worst == NULL)
        return 0;
    refuse(j, err, "is refused: %s", finding_row(worst->id)->title);
    pgseal__detail(err, "%s", worst->seen);
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* Who is in no table must at least be what it says it is: signed by itself, or by one beside it. A
 * letter changed in the issuer's or its own name would make an intermediate of unknown origin. */
static int judge_origin(const struct judge *j, struct pgseal_err *err)
{
    for (size_t i = 0; i < j->f.file.n; i++) {
        const struct ca_item *it = &j->f.file.item[i];

        if (it->standing == CA_PUBLISHED || it->signature == CA_SIG_FITS)
            continue;
        refuse(j, err, "has a certificate of unknown origin in line %d", it->line);
        pgseal__detail(err,
                       "\"%s\", issued by \"%s\", is not published, and neither itself nor a "
                       "certificate beside it has signed it.",
                       it->cn, it->info.issuer);
        pgseal__hint(err, "Fetch from Amazon itself, without --from. If this was from Amazon: look "
                          "at what answers in its place.");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    return 0;
}

/* ---- counting ----------------------------------------------------------------------------------
 */

static void count_one(struct ca_fetched *f, const struct ca_item *it)
{
    f->certs++;
    f->published += it->standing == CA_PUBLISHED;
    f->vouched += it->standing == CA_VOUCHED;
    f->unknown += it->standing == CA_UNPUBLISHED || it->standing == CA_POSED;
    f->foreign += it->standing == CA_FOREIGN;
    f->ended += it->ended;
    if (!it->ended && (f->until_unix_s == 0 || it->info.not_after_unix_s < f->until_unix_s))
        f->until_unix_s = it->info.not_after_unix_s;
}

static void count(struct ca_fetched *f)
{
    for (size_t i = 0; i < f->file.n; i++) {
        const struct ca_item *it = &f->file.item[i];
        bool seen = it->region[0] == '\0';

        if (it->twin_line != 0) {
            f->twins++;
            continue;
        }
        count_one(f, it);
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(f->file.item[k].region, it->region) == 0;
        f->regions += !seen;
    }
}

/* Published for what was asked for, and still valid. */
static bool is_due(const struct ca_judge_options *o, const struct pgseal_known_ca *row)
{
    const struct ca_source *s = o->source;

    if (!row->served || row->region[0] == '\0' || row->not_after_unix_s < o->now_unix_s)
        return false;
    return s->region[0] != '\0' ? strcmp(s->region, row->region) == 0
                                : pgseal_aws_partition_of(row->region) == s->partition;
}

/* What the table says is published there today, and did not come. */
static int list_missing(struct judge *j, struct pgseal_err *err)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);
    struct ca_fetched *f = &j->f;

    f->missing = pgseal__alloc((n + 1) * sizeof(*f->missing));
    if (f->missing == NULL)
        return pgseal__nomem(err);
    for (size_t i = 0; i < n; i++) {
        bool have = !is_due(j->o, &rows[i]);

        for (size_t k = 0; k < f->file.n && !have; k++)
            have = strcmp(f->file.item[k].info.sha256, rows[i].sha256) == 0;
        if (!have)
            f->missing[f->nmissing++].row = &rows[i];
    }
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static int inspect(struct judge *j, struct pgseal_err *err)
{
    struct ca_meant meant = {.whole = true, .said = true};
    const struct ca_source *s = j->o->source;

    pgseal__format(meant.partition, sizeof(meant.partition), "%s",
                   pgseal_aws_partition_str(s->partition));
    pgseal__format(meant.region, sizeof(meant.region), "%s", s->region);
    return ca_inspect(s->shown, j->o->bytes, j->o->n, j->o->now_unix_s, &meant, &j->f.file, err);
}

int ca_judge(const struct ca_judge_options *o, struct ca_fetched *out, struct findings *why,
             struct pgseal_err *err)
{
    struct judge j = {.o = o};
    int rc;

    pgseal__format(j.what, sizeof(j.what), o->source->is_file ? "file \"%s\"" : "what %s sent",
                   o->source->shown);
    rc = inspect(&j, err);
    if (rc == 0)
        rc = judge_findings(&j, why, err);
    if (rc == 0)
        rc = judge_text(&j, err);
    if (rc == 0)
        rc = judge_origin(&j, err);
    if (rc == 0) {
        count(&j.f);
        rc = list_missing(&j, err);
    }
    if (rc == 0)
        rc = ca_compare(o, &j.f, err);
    if (rc == 0)
        rc = ca_fetch_allowed(o, &j.f, j.what, why, err);
    if (rc < 0) {
        ca_fetched_done(&j.f);
        return rc;
    }
    *out = j.f;
    return 0;
}

void ca_fetched_done(struct ca_fetched *f)
{
    ca_file_done(&f->file);
    pgseal__free(f->added);
    pgseal__free(f->gone);
    pgseal__free(f->missing);
    *f = (struct ca_fetched){0};
}
