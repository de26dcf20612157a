/* SPDX-License-Identifier: PostgreSQL */
/* What the files of a trust set hold, with their lines, as explanations need it. */
#include "cert_int.h"

#include <openssl/err.h>

/* More than the 45,000 roots that 64 MB hold: a limit for many such files. */
#define ANCHORS_MAX 65536

static bool add(struct pgseal__anchors *a, const struct pgseal__source *s, int line, X509 *cert,
                X509_CRL *crl)
{
    struct pgseal__anchor *v = a->v;

    if (a->n >= ANCHORS_MAX)
        return false;
    if ((a->n & (a->n - 1)) == 0) /* 0, or a power of two: full */
        v = pgseal__realloc(a->v, (a->n > 0 ? 2 * a->n : 1) * sizeof(*v));
    if (v == NULL)
        return false;
    a->v = v;
    a->v[a->n++] = (struct pgseal__anchor){.source = s, .line = line, .cert = cert, .crl = crl};
    return true;
}

static void read_block(struct pgseal__anchors *a, const struct pgseal__source *s,
                       const struct pgseal__block *b)
{
    bool trusted = strcmp(b->label, "TRUSTED CERTIFICATE") == 0;
    bool is_cert = strcmp(b->label, "CERTIFICATE") == 0 ||
                   strcmp(b->label, "X509 CERTIFICATE") == 0 || trusted;
    bool is_crl = strcmp(b->label, "X509 CRL") == 0;
    size_t n = 0;
    uint8_t *der = is_cert || is_crl ? pgseal__block_der(b, &n, NULL) : NULL;
    const uint8_t *p = der;
    X509 *cert = NULL;
    X509_CRL *crl = NULL;

    if (der == NULL || n > INT32_MAX) {
        pgseal__free(der);
        return;
    }
    if (is_cert)
        cert = trusted ? d2i_X509_AUX(NULL, &p, (long)n) : d2i_X509(NULL, &p, (long)n);
    else
        crl = d2i_X509_CRL(NULL, &p, (long)n);
    pgseal__free(der);
    if ((cert == NULL && crl == NULL) || !add(a, s, b->line, cert, crl)) {
        X509_free(cert);
        X509_CRL_free(crl);
    }
}

void pgseal__anchors_of(const struct pgseal_trust *t, struct pgseal__anchors *a)
{
    memset(a, 0, sizeof(*a));
    for (size_t i = 0; t != NULL && i < t->n_sources; i++) {
        const struct pgseal__source *s = &t->sources[i];
        struct pgseal__block b;
        size_t at = 0;
        int line = 1;

        while (s->text != NULL && pgseal__next_block(s->text, s->len, &at, &line, &b))
            if (!b.hidden)
                read_block(a, s, &b);
    }
    ERR_clear_error();
}

void pgseal__anchors_done(struct pgseal__anchors *a)
{
    for (size_t i = 0; i < a->n; i++) {
        X509_free(a->v[i].cert);
        X509_CRL_free(a->v[i].crl);
    }
    pgseal__free(a->v);
    memset(a, 0, sizeof(*a));
}

const struct pgseal__anchor *pgseal__anchor_find(const struct pgseal__anchors *a, const X509 *cert)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].cert != NULL && X509_cmp(a->v[i].cert, cert) == 0)
            return &a->v[i];
    return NULL;
}

const struct pgseal__anchor *pgseal__anchor_named(const struct pgseal__anchors *a,
                                                  const X509_NAME *name, size_t from)
{
    for (size_t i = from; i < a->n; i++)
        if (a->v[i].cert != NULL && X509_NAME_cmp(X509_get_subject_name(a->v[i].cert), name) == 0)
            return &a->v[i];
    return NULL;
}

size_t pgseal__anchors_count(const struct pgseal__anchors *a)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++)
        n += a->v[i].cert != NULL;
    return n;
}

/* How much two names have in common: equal entries, and how far their common names agree. */
static int likeness(const X509_NAME *a, const X509_NAME *b)
{
    int score = 0;

    for (int i = 0; i < X509_NAME_entry_count(a); i++) {
        const X509_NAME_ENTRY *ea = X509_NAME_get_entry(a, i);
        int at = X509_NAME_get_index_by_OBJ(b, X509_NAME_ENTRY_get_object(ea), -1);
        const ASN1_STRING *sa = X509_NAME_ENTRY_get_data(ea);
        const ASN1_STRING *sb;
        int n;

        if (at < 0)
            continue;
        sb = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(b, at));
        for (n = 0; n < ASN1_STRING_length(sa) && n < ASN1_STRING_length(sb); n++)
            if (ASN1_STRING_get0_data(sa)[n] != ASN1_STRING_get0_data(sb)[n])
                break;
        score += n;
    }
    return score;
}

const struct pgseal__anchor *pgseal__anchor_nearest(const struct pgseal__anchors *a,
                                                    const X509_NAME *name)
{
    const struct pgseal__anchor *best = NULL;
    int best_score = -1;

    for (size_t i = 0; i < a->n; i++) {
        int score = a->v[i].cert != NULL ? likeness(name, X509_get_subject_name(a->v[i].cert)) : -1;

        if (score > best_score) {
            best = &a->v[i];
            best_score = score;
        }
    }
    return best;
}

size_t pgseal_trust_anchors(const struct pgseal_trust *t, pgseal_anchor_fn fn, void *ctx)
{
    struct pgseal__anchors a;
    size_t n;

    pgseal__anchors_of(t, &a);
    n = pgseal__anchors_count(&a);
    for (size_t i = 0; fn != NULL && i < a.n; i++) {
        struct pgseal_anchor anchor = {.file = a.v[i].source->name, .line = a.v[i].line};

        if (a.v[i].cert != NULL && pgseal__cert_describe(a.v[i].cert, &anchor.cert) == 0)
            fn(ctx, &anchor);
    }
    pgseal__anchors_done(&a);
    return n;
}
