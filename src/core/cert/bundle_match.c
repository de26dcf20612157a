/* SPDX-License-Identifier: PostgreSQL */
/* Finds which certificates of a would-be bundle are loaded, the same, or signed by one another. */
#include "bundle_int.h"

#include <openssl/x509v3.h>

/* Different certificates of one name that are tried as an issuer. Amazon's largest family has 3. */
#define NAMESAKES_MAX 256

/* A certificate by its fingerprint; i is its place among its like. */
struct print {
    uint8_t md[32];
    size_t i;
};

static int by_print(const void *a, const void *b)
{
    const struct print *x = a;
    const struct print *y = b;
    int d = memcmp(x->md, y->md, sizeof(x->md));

    return d != 0 ? d : (x->i > y->i) - (x->i < y->i);
}

static bool add_print(struct print *v, size_t *n, const X509 *cert, size_t i)
{
    if (cert == NULL)
        return true;
    v[*n].i = i;
    return X509_digest(cert, EVP_sha256(), v[(*n)++].md, NULL) == 1;
}

static bool is_same(const struct print *a, const struct print *b)
{
    return memcmp(a->md, b->md, sizeof(a->md)) == 0;
}

/* Where a group that begins at `from` ends. */
static size_t group_end(const struct print *v, size_t n, size_t from)
{
    size_t to = from + 1;

    while (to < n && is_same(&v[from], &v[to]))
        to++;
    return to;
}

/* The first of a sorted list that is not before a key. */
static size_t first_from(const struct print *v, size_t n, const struct print *key)
{
    size_t low = 0;

    while (n > low) {
        size_t mid = low + (n - low) / 2;

        if (by_print(&v[mid], key) < 0)
            low = mid + 1;
        else
            n = mid;
    }
    return low;
}

/* Entries and what OpenSSL loads, each sorted by fingerprint, then place. */
struct match {
    struct print *own, *loads;
    size_t n_own, n_loads;
};

/* Which entries OpenSSL loads: its list is in the order of the file, as ours. */
static void mark_loaded(struct pgseal__bundle *b, struct match *m)
{
    size_t at = 0;

    /* m->own is still in the order of the file. */
    for (size_t i = 0; i < m->n_own; i++) {
        struct pgseal__entry *e = &b->v[m->own[i].i];
        struct print key = m->own[i];
        size_t j;

        if ((e->flaws & (1u << PGSEAL__FLAW_HIDDEN)) != 0)
            continue;
        key.i = at;
        j = first_from(m->loads, m->n_loads, &key);
        e->loaded = j < m->n_loads && is_same(&m->loads[j], &key);
        if (e->loaded)
            at = m->loads[j].i + 1;
    }
}

/* What we took for hidden, and OpenSSL loads all the same: it cuts lines at 254 bytes, for one. The
 * last one of a group first. */
static void mark_unexpected(struct pgseal__bundle *b, const struct match *m)
{
    for (size_t from = 0, to; from < m->n_loads; from = to) {
        struct print key = m->loads[from];
        size_t loaded = 0;
        size_t first;
        size_t last;

        to = group_end(m->loads, m->n_loads, from);
        key.i = 0;
        first = first_from(m->own, m->n_own, &key);
        for (last = first; last < m->n_own && is_same(&m->own[last], &key); last++)
            loaded += b->v[m->own[last].i].loaded;
        for (; last > first && loaded < to - from; last--) {
            struct pgseal__entry *hidden = &b->v[m->own[last - 1].i];

            if (hidden->loaded)
                continue;
            hidden->loaded = true;
            hidden->flaws = 0;
            hidden->flaw = PGSEAL__FLAW_NONE;
            hidden->problem[0] = '\0';
            loaded++;
        }
    }
}

static void find_twins(struct pgseal__bundle *b, const struct match *m)
{
    for (size_t from = 0, to; from < m->n_own; from = to) {
        to = group_end(m->own, m->n_own, from);
        for (size_t i = from + 1; i < to; i++)
            b->v[m->own[i].i].twin = &b->v[m->own[from].i];
    }
}

int pgseal__bundle_match(struct pgseal__bundle *b, const STACK_OF(X509_INFO) * infos)
{
    int n = infos != NULL ? sk_X509_INFO_num(infos) : 0;
    struct match m = {.own = pgseal__alloc((b->n + 1) * sizeof(*m.own)),
                      .loads = pgseal__alloc(((size_t)n + 1) * sizeof(*m.loads))};
    bool ok = m.own != NULL && m.loads != NULL;

    for (size_t i = 0; ok && i < b->n; i++)
        ok = add_print(m.own, &m.n_own, b->v[i].cert, i);
    for (int i = 0; ok && i < n; i++) {
        ok = add_print(m.loads, &m.n_loads, sk_X509_INFO_value(infos, i)->x509, (size_t)i);
        b->lists += sk_X509_INFO_value(infos, i)->crl != NULL;
    }
    if (ok) {
        b->loads = (int)m.n_loads;
        qsort(m.loads, m.n_loads, sizeof(*m.loads), by_print);
        mark_loaded(b, &m);
        qsort(m.own, m.n_own, sizeof(*m.own), by_print);
        mark_unexpected(b, &m);
        find_twins(b, &m);
    }
    pgseal__free(m.own);
    pgseal__free(m.loads);
    return ok ? 0 : PGSEAL_E_NOMEM;
}

/* ---- who has signed whom --------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct pgseal__named *x = a;
    const struct pgseal__named *y = b;
    int d = X509_NAME_cmp(x->name, y->name);

    return d != 0 ? d : (x->e > y->e) - (x->e < y->e);
}

int pgseal__bundle_names(struct pgseal__bundle *b, struct pgseal__names *out)
{
    *out = (struct pgseal__names){.v = pgseal__alloc((b->n + 1) * sizeof(*out->v))};
    if (out->v == NULL)
        return PGSEAL_E_NOMEM;
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i].cert != NULL && b->v[i].twin == NULL)
            out->v[out->n++] =
                (struct pgseal__named){.name = X509_get_subject_name(b->v[i].cert), .e = &b->v[i]};
    qsort(out->v, out->n, sizeof(*out->v), by_name);
    return 0;
}

const struct pgseal__entry *pgseal__bundle_issuer(const struct pgseal__names *names, X509 *cert,
                                                  bool *vouched)
{
    const X509_NAME *name = X509_get_issuer_name(cert);
    const struct pgseal__entry *issuer = NULL;
    size_t low = 0;
    size_t high = names->n;

    *vouched = false;
    while (high > low) {
        size_t mid = low + (high - low) / 2;

        if (X509_NAME_cmp(names->v[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i < names->n && X509_NAME_cmp(names->v[i].name, name) == 0; i++) {
        X509 *other = names->v[i].e->cert;

        if (i - low == NAMESAKES_MAX)
            return NULL; /* one of the others may be it: nothing is said */
        if (X509_check_issued(other, cert) != X509_V_OK)
            continue;
        issuer = names->v[i].e;
        *vouched = X509_verify(cert, X509_get0_pubkey(other)) == 1;
        if (*vouched)
            break;
    }
    return issuer;
}
