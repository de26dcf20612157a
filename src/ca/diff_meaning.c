/* SPDX-License-Identifier: PostgreSQL */
/* What the difference of two bundles means: generations, regions, and whether B can replace A. */
#include "diff_int.h"

#define NAMES_SHOWN 10

static void say(struct ca_diff *d, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
static void say(struct ca_diff *d, const char *fmt, ...)
{
    va_list ap;

    if (d->meanings == CA_MEANINGS)
        return;
    va_start(ap, fmt);
    pgseal__vformat(d->meaning[d->meanings++], sizeof(d->meaning[0]), fmt, ap);
    va_end(ap);
}

static const char *s_of(size_t n)
{
    return n == 1 ? "" : "s";
}

/* Names without repetition: "a, b and 3 more". */
struct names {
    const char *v[64];
    size_t n;
};

static void add_name(struct names *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i], name) == 0)
            return;
    if (l->n < PGSEAL_COUNT(l->v))
        l->v[l->n++] = name;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *names_text(struct names *l, char *out, size_t cap)
{
    qsort(l->v, l->n, sizeof(l->v[0]), by_text);
    out[0] = '\0';
    for (size_t i = 0; i < l->n && i < NAMES_SHOWN; i++)
        pgseal__append(out, cap, "%s%s", i > 0 ? ", " : "", l->v[i]);
    if (l->n > NAMES_SHOWN)
        pgseal__append(out, cap, " and %zu more", l->n - NAMES_SHOWN);
    return out;
}

/* ---- the files as they are ---------------------------------------------------------------------
 */

static void unusable(const struct ca_file *f, const char *which, struct ca_diff *d)
{
    char text[400];

    if (f->loads > 0)
        return;
    ca_file_headline(f, text, sizeof(text));
    if (f->whole != NULL)
        say(d, "%s cannot be used: %s", which, f->sentence);
    else
        say(d, "%s cannot be used: %s.", which, text);
}

static const char *partition_of(const struct ca_file *f)
{
    const char *found = "";

    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (!ca_diff_counts(f, it) || it->partition[0] == '\0')
            continue;
        if (found[0] != '\0' && strcmp(found, it->partition) != 0)
            return ""; /* of several */
        found = it->partition;
    }
    return found;
}

static bool partitions(const struct ca_file *a, const struct ca_file *b, struct ca_diff *d)
{
    const char *pa = partition_of(a);
    const char *pb = partition_of(b);

    if (pa[0] == '\0' || pb[0] == '\0' || strcmp(pa, pb) == 0)
        return false;
    say(d, "A is for %s, B for %s: B verifies none of the servers that A verifies.", pa, pb);
    return true;
}

static void suspicious(struct ca_diff *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct ca_change *c = &d->v[i];

        if (c->kind == CA_TAMPERED)
            say(d, "\"%s\" was altered: the signature in %s does not fit (line %d). Do not use %s.",
                c->a->cn, c->b->signature == CA_SIG_BROKEN ? "B" : "A",
                c->b->signature == CA_SIG_BROKEN ? c->b->line : c->a->line,
                c->b->signature == CA_SIG_BROKEN ? "B" : "A");
        else if (c->kind == CA_REKEYED && c->b->kind == CA_KIND_ROOT)
            say(d, "\"%s\" has another key in B%s: servers that A verifies by it, B refuses.",
                c->a->cn,
                c->b->standing == CA_POSED   ? ", which Amazon did not publish"
                : c->a->standing == CA_POSED ? "; the one in A Amazon did not publish"
                                             : "");
    }
}

/* ---- generations and regions -------------------------------------------------------------------
 */

static bool is_live(const struct ca_item *it)
{
    return !it->ended && it->signature != CA_SIG_BROKEN;
}

static bool has_generation(const struct ca_file *f, const char *generation, bool live)
{
    for (size_t i = 0; i < f->n; i++)
        if (ca_diff_counts(f, &f->item[i]) && (!live || is_live(&f->item[i])) &&
            strcmp(f->item[i].generation, generation) == 0)
            return true;
    return false;
}

/* A region counts when something of it is valid: what has ended verifies nobody. */
static bool has_region(const struct ca_file *f, const char *region)
{
    for (size_t i = 0; i < f->n; i++)
        if (ca_diff_counts(f, &f->item[i]) && is_live(&f->item[i]) &&
            strcmp(f->item[i].region, region) == 0)
            return true;
    return false;
}

/* Generations that a file has and the other has not: those with a valid certificate, or without. */
static size_t generations_of(const struct ca_file *f, const struct ca_file *other, bool live,
                             struct names *out, int64_t *last)
{
    size_t n = 0;

    *out = (struct names){.n = 0};
    *last = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (!ca_diff_counts(f, it) || it->generation[0] == '\0' ||
            has_generation(other, it->generation, false) ||
            has_generation(f, it->generation, true) != live)
            continue;
        add_name(out, it->generation);
        n++;
        if (it->info.not_after_unix_s > *last)
            *last = it->info.not_after_unix_s;
    }
    return n;
}

static void generations(const struct ca_file *a, const struct ca_file *b, struct ca_diff *d)
{
    struct names l;
    char text[400];
    char day[40];
    int64_t last;
    size_t n;

    if ((n = generations_of(a, b, true, &l, &last)) > 0)
        say(d, "B drops %s (%zu certificate%s): clients of servers still on %s break.",
            names_text(&l, text, sizeof(text)), n, s_of(n), l.n == 1 ? "it" : "one of them");
    if ((n = generations_of(a, b, false, &l, &last)) > 0)
        say(d,
            "B drops %s (%zu certificate%s), which ended by %.10s: no client of a working "
            "server misses %s.",
            names_text(&l, text, sizeof(text)), n, s_of(n), pgseal__utc(day, last),
            l.n == 1 ? "it" : "them");
    if ((n = generations_of(b, a, true, &l, &last)) > 0)
        say(d, "B adds %s (%zu certificate%s): clients need %s before servers are changed to %s.",
            names_text(&l, text, sizeof(text)), n, s_of(n), l.n == 1 ? "it" : "them",
            l.n == 1 ? "it" : "one of them");
    if ((n = generations_of(b, a, false, &l, &last)) > 0)
        say(d, "B adds %s (%zu certificate%s), which ended by %.10s and %s nothing.",
            names_text(&l, text, sizeof(text)), n, s_of(n), pgseal__utc(day, last),
            l.n == 1 ? "verifies" : "verify");
}

/* Regions with valid certificates of `f` of which the other has none. */
static size_t missing_regions(const struct ca_file *f, const struct ca_file *other,
                              struct names *out)
{
    *out = (struct names){.n = 0};
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (ca_diff_counts(f, it) && is_live(it) && it->region[0] != '\0' &&
            !has_region(other, it->region))
            add_name(out, it->region);
    }
    return out->n;
}

static void regions(const struct ca_file *a, const struct ca_file *b, struct ca_diff *d)
{
    struct names l;
    char text[500];

    if (missing_regions(a, b, &l) > 0)
        say(d, "B lacks %zu region%s: %s. Clients of servers there break.", l.n, s_of(l.n),
            names_text(&l, text, sizeof(text)));
    if (missing_regions(b, a, &l) > 0)
        say(d, "B has %zu region%s more: %s.", l.n, s_of(l.n), names_text(&l, text, sizeof(text)));
}

/* ---- the verdict -------------------------------------------------------------------------------
 */

/* Whether what hangs on a root is verified by another file: its name and key are what counts. */
static bool stands_in(const struct ca_file *f, const struct ca_item *root)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (ca_diff_counts(f, it) && is_live(it) && it->info.self_issued &&
            strcmp(it->info.subject, root->info.subject) == 0 &&
            strcmp(it->key_id, root->key_id) == 0)
            return true;
    }
    return false;
}

static void verdict(const struct ca_file *a, const struct ca_file *b, struct ca_diff *d)
{
    struct names gone = {.n = 0};
    size_t live = 0;
    char text[600];

    for (size_t i = 0; a->loads > 0 && i < a->n; i++) {
        const struct ca_item *it = &a->item[i];

        if (!ca_diff_counts(a, it) || !is_live(it) || !it->info.self_issued)
            continue;
        live++;
        if (b->loads == 0 || !stands_in(b, it))
            add_name(&gone, it->cn);
    }
    if (a->loads > 0 && live == 0)
        say(d, "A has no root that is valid today: nothing can be verified with it.");
    else if (live > 0 && gone.n == 0)
        say(d, "Every server that A verifies today, B verifies too: B can take A's place.");
    else if (live > 0)
        say(d, "%zu of %zu valid roots of A %s not in B, and servers below %s are refused: %s.",
            gone.n, live, gone.n == 1 ? "is" : "are", gone.n == 1 ? "it" : "them",
            names_text(&gone, text, sizeof(text)));
}

void ca_diff_judge(const struct ca_file *a, const struct ca_file *b, struct ca_diff *d)
{
    bool other;

    unusable(a, "A", d);
    unusable(b, "B", d);
    if (d->n == 0)
        return;
    other = partitions(a, b, d);
    suspicious(d);
    if (a->loads > 0 && b->loads > 0 && !other) {
        generations(a, b, d);
        regions(a, b, d);
    }
    verdict(a, b, d);
}
