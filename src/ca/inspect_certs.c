/* SPDX-License-Identifier: PostgreSQL */
/* Findings about certificates as such: altered, ended, twice, weak, no authority. */
#include "inspect_int.h"

#define SOON_S       (INT64_C(90) * 86400)
#define STRENGTH_MIN 112 /* OpenSSL level 2: RSA 2048, P-224, SHA-224 */
#define FEW          20 /* roots: more are a public store, where one that ends is nothing special */
#define EACH_MAX     10
#define PUBLISHED    "https://truststore.pki.rds.amazonaws.com"

/* A certificate whose signature does not fit, or who has the name of another. */
static void forged(const struct ca_look *k, size_t i)
{
    const struct ca_item *it = &k->f->item[i];
    bool broken = it->signature == CA_SIG_BROKEN;
    struct finding *f =
        ca_found(k, broken ? FINDING_ID_CA_ALTERED : FINDING_ID_CA_IMPOSTOR, it->line);

    finding_seen(f, "Line %d, \"%s\": ", it->line, it->cn);
    if (broken)
        finding_seen(f, "%s.",
                     ca_has(it, PGSEAL__FLAW_ALTERED) ? "its signature does not fit its own key"
                                                      : k->b->v[i].problem);
    else
        finding_seen(f, "%sit is not the certificate that Amazon published under this name.",
                     it->signature == CA_SIG_FITS ? "its signature fits, but " : "");
    if (it->standing == CA_POSED)
        finding_seen(f, " Its fingerprint %.16s... is not the published one%s.", it->info.sha256,
                     it->loaded && it->kind == CA_KIND_ROOT
                         ? "; OpenSSL loads and trusts it all the same"
                         : "");
    else if (it->loaded && it->kind == CA_KIND_ROOT)
        finding_seen(f, " OpenSSL loads and trusts it all the same.");
    ca_fix_fetch(k, f);
}

/* By its name, and not by what it is: one letter changed in its issuer or in a key identifier makes
 * OpenSSL see no root any more. Intermediates are issued again under the same name. */
static bool is_posed_root(const struct ca_item *it)
{
    return it->standing == CA_POSED && (it->root_name || it->info.self_issued);
}

static bool is_forged(const struct ca_item *it)
{
    return it->is_cert && it->twin_line == 0 &&
           (it->signature == CA_SIG_BROKEN || is_posed_root(it));
}

static void judge_forged(const struct ca_look *k)
{
    size_t told = 0;
    size_t left = 0;
    int line = 0;

    for (size_t i = 0; i < k->f->n; i++) {
        if (!is_forged(&k->f->item[i]))
            continue;
        if (told++ < EACH_MAX) {
            forged(k, i);
            continue;
        }
        line = left == 0 ? k->f->item[i].line : line;
        left++;
    }
    if (left > 0)
        finding_seen(ca_found(k, FINDING_ID_CA_ALTERED, line),
                     "And %zu more like those, the first at line %d.", left, line);
}

typedef bool (*pick_fn)(const struct ca_look *k, const struct ca_item *it);

/* Lines of all that are picked. */
static size_t pick(const struct ca_look *k, pick_fn fn, struct ca_lines *l)
{
    *l = (struct ca_lines){.n = 0};
    for (size_t i = 0; i < k->f->n; i++)
        if (k->f->item[i].is_cert && fn(k, &k->f->item[i]))
            ca_lines_add(l, k->f->item[i].line);
    return l->n;
}

static bool is_unknown(const struct ca_look *k, const struct ca_item *it)
{
    return it->twin_line == 0 && it->signature != CA_SIG_BROKEN &&
           (it->standing == CA_UNPUBLISHED || (it->standing == CA_POSED && !is_posed_root(it)));
}

static bool is_anchor(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && it->info.self_issued && it->kind != CA_KIND_INTERMEDIATE;
}

static bool is_live_anchor(const struct ca_look *k, const struct ca_item *it)
{
    return is_anchor(k, it) && !it->ended;
}

static bool is_ended(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && it->ended;
}

static bool is_early(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && it->early;
}

static bool is_distrusted(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && it->distrusted;
}

static bool is_soon(const struct ca_look *k, const struct ca_item *it)
{
    return is_live_anchor(k, it) && (k->f->certs <= FEW || it->partition[0] != '\0') &&
           it->info.not_after_unix_s < k->f->now_unix_s + SOON_S;
}

static bool is_twin(const struct ca_look *k, const struct ca_item *it)
{
    return it->twin_line != 0;
}

static bool is_weak(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && !it->ended && it->twin_line == 0 && it->strength < STRENGTH_MIN;
}

static bool is_middle(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && it->kind == CA_KIND_INTERMEDIATE && !it->ended &&
           it->twin_line == 0;
}

static bool is_leaf(const struct ca_look *k, const struct ca_item *it)
{
    return ca_counts(k->f, it) && it->kind == CA_KIND_LEAF && !it->info.self_issued;
}

/* The last end of those who have ended; or the first of those who have not. */
static int64_t end_of(const struct ca_look *k, pick_fn fn, bool last)
{
    int64_t end = 0;

    for (size_t i = 0; i < k->f->n; i++) {
        const struct ca_item *it = &k->f->item[i];

        if (!it->is_cert || !fn(k, it))
            continue;
        if (end == 0 || (last ? it->info.not_after_unix_s > end : it->info.not_after_unix_s < end))
            end = it->info.not_after_unix_s;
    }
    return end;
}

static void judge_time(const struct ca_look *k)
{
    struct ca_lines l;
    struct ca_lines anchors;
    struct finding *f;
    char when[40];

    if (pick(k, is_ended, &l) > 0) {
        bool all = pick(k, is_live_anchor, &anchors) == 0;

        pgseal__utc(when, end_of(k, is_ended, true));
        f = ca_found(k, all ? FINDING_ID_CA_ALL_EXPIRED : FINDING_ID_CA_EXPIRED, l.first);
        if (all && k->f->certs == 1)
            finding_seen(f, "Its only certificate ended %s.", when);
        else if (all && l.n == k->f->certs)
            finding_seen(f, "All %zu certificates have ended, the last %s.", l.n, when);
        else
            finding_seen(f, "%zu of %zu certificates %s ended, the last %s: %s.", l.n, k->f->certs,
                         l.n == 1 ? "has" : "have", when, ca_lines_text(&l));
        if (all)
            ca_fix_fetch(k, f);
        else
            finding_fix(f, "Nothing has to be done; today's file is without them.");
    }
    if (pick(k, is_early, &l) > 0) {
        pgseal__utc(when, end_of(k, is_early, false));
        f = ca_found(k, FINDING_ID_CA_NOT_YET_VALID, l.first);
        finding_seen(f, "%s: not valid before its first day, which is still to come.",
                     ca_lines_begin(&l));
        finding_fix(f, "Look at the clock of this machine (date -u); if it is right, keep the old "
                       "root in the file as well.");
    }
    if (pick(k, is_soon, &l) > 0) {
        pgseal__utc(when, end_of(k, is_soon, false));
        f = ca_found(k, FINDING_ID_CA_ENDS_SOON, l.first);
        finding_seen(f, "%s: %zu root%s end%s within 90 days, the first %s.", ca_lines_begin(&l),
                     l.n, l.n == 1 ? "" : "s", l.n == 1 ? "s" : "", when);
        finding_fix(f, "Add the root that comes after it to this file, then change the servers.");
    }
}

static void judge_role(const struct ca_look *k)
{
    struct ca_lines l;
    struct finding *f;
    bool root = pick(k, is_anchor, &l) > 0;

    if (!root && k->f->certs > 0 && k->f->loads > 0) {
        f = ca_found(k, FINDING_ID_CA_NO_ROOT, k->f->item[0].line);
        finding_seen(f, "None of the %d certificate%s that libpq loads is self-signed.",
                     k->f->loads, k->f->loads == 1 ? "" : "s");
        ca_fix_fetch(k, f);
    }
    if (pick(k, is_distrusted, &l) > 0) {
        f = ca_found(k, FINDING_ID_CA_DISTRUSTED, l.first);
        finding_seen(f,
                     "%s: a TRUSTED CERTIFICATE block that refuses servers, or allows other uses "
                     "only.",
                     ca_lines_begin(&l));
        finding_fix(f,
                    "Somebody marked it on purpose: find out why before you change it. If it is to "
                    "verify servers, put a plain copy of this block in its place:\n"
                    " openssl x509 -in BLOCK -out PLAIN");
    }
    if (pick(k, is_leaf, &l) > 0) {
        f = ca_found(k, FINDING_ID_CA_LEAF, l.first);
        finding_seen(f, "%s: the certificate of a server or client, no authority.",
                     ca_lines_begin(&l));
        finding_fix(f, "Put the root of who signed it in its place.");
    }
    if (pick(k, is_middle, &l) > 0) {
        f = ca_found(k, FINDING_ID_CA_INTERMEDIATE, l.first);
        finding_seen(f, "%s: intermediate%s; libpq trusts only chains that reach a root.",
                     ca_lines_begin(&l), l.n == 1 ? "" : "s");
        finding_fix(f, "Nothing has to be done as long as the root is in the file too.");
    }
}

static void judge_rest(const struct ca_look *k)
{
    struct ca_lines l;
    struct finding *f;

    if (pick(k, is_unknown, &l) > 0) {
        f = ca_found(k, FINDING_ID_CA_UNKNOWN, l.first);
        finding_seen(f,
                     "%s: named as Amazon RDS names its authorities, but not among the %zu "
                     "published certificates this program knows.",
                     ca_lines_begin(&l), pgseal_known_cas(&(const struct pgseal_known_ca *){NULL}));
        finding_fix(
            f,
            "Compare the fingerprint (--fingerprints) with a download of your own from " PUBLISHED
            "; a newer pgseal may know it.");
    }
    if (pick(k, is_weak, &l) > 0) {
        f = ca_found(k, FINDING_ID_CA_WEAK, l.first);
        finding_seen(f,
                     "%s: a key below RSA 2048 or P-224, or a SHA-1 signature that clients check.",
                     ca_lines_begin(&l));
        finding_fix(f, "Replace it: OpenSSL's default security level refuses chains through it.");
    }
    if (pick(k, is_twin, &l) > 0) {
        f = ca_found(k, FINDING_ID_CA_DUPLICATE, l.first);
        finding_seen(f, "%zu certificate%s there before: %s.", l.n, l.n == 1 ? " is" : "s are",
                     ca_lines_text(&l));
        finding_fix(f, "Nothing has to be done.");
    }
}

void ca_judge_certs(const struct ca_look *k)
{
    judge_forged(k);
    judge_time(k);
    judge_role(k);
    judge_rest(k);
}
