/* SPDX-License-Identifier: PostgreSQL */
/* Pairs the certificates of two bundles: in both, gone, new, or the same under another guise. */
#include "diff_int.h"

const char *ca_change_name(enum ca_change_kind kind)
{
    switch (kind) {
    case CA_GONE:
        return "gone";
    case CA_NEW:
        return "new";
    case CA_REISSUED:
        return "re-issued";
    case CA_RENAMED:
        return "renamed";
    case CA_REKEYED:
        return "another key";
    case CA_TAMPERED:
        break;
    }
    return "altered";
}

bool ca_diff_counts(const struct ca_file *f, const struct ca_item *it)
{
    return it->is_cert && it->twin_line == 0 && (it->loaded || f->loads == 0);
}

/* Certificates by one of their texts, then in their order; a bundle may have 45,000. */
struct text_of {
    const char *text;
    size_t i;
};
struct index {
    struct text_of *v;
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    const struct text_of *x = a;
    const struct text_of *y = b;
    int d = strcmp(x->text, y->text);

    return d != 0 ? d : (x->i > y->i) - (x->i < y->i);
}

/* The first place whose text is this one or comes behind it. */
static size_t first_of(const struct index *x, const char *text)
{
    size_t low = 0;
    size_t high = x->n;

    while (high > low) {
        size_t mid = low + (high - low) / 2;

        if (strcmp(x->v[mid].text, text) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_at(const struct index *x, size_t at, const char *text)
{
    return at < x->n && strcmp(x->v[at].text, text) == 0;
}

static int index_file(const struct ca_file *f, struct index *x)
{
    *x = (struct index){.v = pgseal__alloc((f->n + 1) * sizeof(*x->v))};
    if (x->v == NULL)
        return PGSEAL_E_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        if (ca_diff_counts(f, &f->item[i]))
            x->v[x->n++] = (struct text_of){.text = f->item[i].info.sha256, .i = i};
    qsort(x->v, x->n, sizeof(*x->v), by_text);
    return 0;
}

/* What two different certificates have to do with each other; CA_NEW: nothing. */
static enum ca_change_kind kinship(const struct ca_item *a, const struct ca_item *b)
{
    bool name = strcmp(a->info.subject, b->info.subject) == 0 && a->kind == b->kind;
    bool key = strcmp(a->key_id, b->key_id) == 0;

    if (name && (a->signature == CA_SIG_BROKEN || b->signature == CA_SIG_BROKEN))
        return CA_TAMPERED;
    if (name && key)
        return CA_REISSUED;
    if (key)
        return CA_RENAMED;
    return name ? CA_REKEYED : CA_NEW;
}

/* Everything that is only in A, then everything that is only in B. */
static int only(const struct ca_file *f, const struct ca_file *other, bool is_a, struct ca_diff *d)
{
    struct index x;
    int rc = index_file(other, &x);

    for (size_t i = 0; rc == 0 && i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (!ca_diff_counts(f, it))
            continue;
        if (is_at(&x, first_of(&x, it->info.sha256), it->info.sha256)) {
            d->both += is_a;
            continue;
        }
        d->v[d->n++] = (struct ca_change){
            .kind = is_a ? CA_GONE : CA_NEW, .a = is_a ? it : NULL, .b = is_a ? NULL : it};
    }
    pgseal__free(x.v);
    return rc;
}

static const char *text_for(enum ca_change_kind kind, const struct ca_item *it)
{
    return kind == CA_RENAMED ? it->key_id : it->info.subject;
}

/* Gone and new ones that are kin in one way become one change. */
static void pair_as(struct ca_diff *d, enum ca_change_kind kind, struct index *x)
{
    x->n = 0;
    for (size_t j = 0; j < d->n; j++)
        if (d->v[j].kind == CA_NEW && d->v[j].b != NULL)
            x->v[x->n++] = (struct text_of){.text = text_for(kind, d->v[j].b), .i = j};
    qsort(x->v, x->n, sizeof(*x->v), by_text);
    for (size_t i = 0; i < d->n; i++) {
        const char *text = d->v[i].kind == CA_GONE ? text_for(kind, d->v[i].a) : NULL;

        for (size_t at = text != NULL ? first_of(x, text) : x->n; is_at(x, at, text); at++) {
            struct ca_change *c = &d->v[x->v[at].i];

            if (c->b == NULL || kinship(d->v[i].a, c->b) != kind)
                continue;
            d->v[i] = (struct ca_change){.kind = kind, .a = d->v[i].a, .b = c->b};
            c->b = NULL;
            break;
        }
    }
}

/* The closest kind of kinship first. */
static int pair(struct ca_diff *d)
{
    static const enum ca_change_kind order[] = {CA_TAMPERED, CA_REISSUED, CA_RENAMED, CA_REKEYED};
    struct index x = {.v = pgseal__alloc((d->n + 1) * sizeof(*x.v))};
    size_t kept = 0;

    if (x.v == NULL)
        return PGSEAL_E_NOMEM;
    for (size_t k = 0; k < PGSEAL_COUNT(order); k++)
        pair_as(d, order[k], &x);
    pgseal__free(x.v);
    for (size_t i = 0; i < d->n; i++)
        if (d->v[i].a != NULL || d->v[i].b != NULL)
            d->v[kept++] = d->v[i];
    d->n = kept;
    return 0;
}

int ca_diff(const struct ca_file *a, const struct ca_file *b, struct ca_diff *out,
            struct pgseal_err *err)
{
    *out = (struct ca_diff){.n = 0};
    out->v = pgseal__alloc((a->n + b->n + 1) * sizeof(*out->v));
    if (out->v == NULL)
        return pgseal__nomem(err);
    if (only(a, b, true, out) < 0 || only(b, a, false, out) < 0 || pair(out) < 0) {
        ca_diff_done(out);
        return pgseal__nomem(err);
    }
    ca_diff_judge(a, b, out);
    return out->n > 0;
}

void ca_diff_done(struct ca_diff *d)
{
    pgseal__free(d->v);
    d->v = NULL;
    d->n = 0;
}
