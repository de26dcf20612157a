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

static const struct ca_item *same_in(const struct ca_file *f, const struct ca_item *it)
{
    for (size_t i = 0; i < f->n; i++)
        if (ca_diff_counts(f, &f->item[i]) && strcmp(f->item[i].info.sha256, it->info.sha256) == 0)
            return &f->item[i];
    return NULL;
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
static void only(const struct ca_file *f, const struct ca_file *other, bool is_a, struct ca_diff *d)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (!ca_diff_counts(f, it))
            continue;
        if (same_in(other, it) != NULL) {
            d->both += is_a;
            continue;
        }
        d->v[d->n++] = (struct ca_change){
            .kind = is_a ? CA_GONE : CA_NEW, .a = is_a ? it : NULL, .b = is_a ? NULL : it};
    }
}

/* Gone and new ones that are kin become one change: the closest kind of kinship first. */
static void pair(struct ca_diff *d)
{
    static const enum ca_change_kind order[] = {CA_TAMPERED, CA_REISSUED, CA_RENAMED, CA_REKEYED};
    size_t kept = 0;

    for (size_t k = 0; k < PGSEAL_COUNT(order); k++)
        for (size_t i = 0; i < d->n; i++)
            for (size_t j = 0; j < d->n && d->v[i].kind == CA_GONE && d->v[i].a != NULL; j++)
                if (d->v[j].kind == CA_NEW && d->v[j].b != NULL &&
                    kinship(d->v[i].a, d->v[j].b) == order[k]) {
                    d->v[i] = (struct ca_change){.kind = order[k], .a = d->v[i].a, .b = d->v[j].b};
                    d->v[j].b = NULL;
                }
    for (size_t i = 0; i < d->n; i++)
        if (d->v[i].a != NULL || d->v[i].b != NULL)
            d->v[kept++] = d->v[i];
    d->n = kept;
}

int ca_diff(const struct ca_file *a, const struct ca_file *b, struct ca_diff *out,
            struct pgseal_err *err)
{
    *out = (struct ca_diff){.n = 0};
    out->v = pgseal__alloc((a->n + b->n + 1) * sizeof(*out->v));
    if (out->v == NULL)
        return pgseal__nomem(err);
    only(a, b, true, out);
    only(b, a, false, out);
    pair(out);
    ca_diff_judge(a, b, out);
    return out->n > 0;
}

void ca_diff_done(struct ca_diff *d)
{
    pgseal__free(d->v);
    d->v = NULL;
    d->n = 0;
}
