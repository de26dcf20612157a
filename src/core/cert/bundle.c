/* SPDX-License-Identifier: PostgreSQL */
/* Reads a would-be bundle block by block, only to explain it: what each is, and what is wrong. */
#include "bundle_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Comparing each with each: more than any real bundle, and still fast. */
#define ENTRIES_MAX 2000

static struct pgseal__entry *add(struct pgseal__bundle *b, int line, const char *what)
{
    struct pgseal__entry *v;

    if (b->n >= ENTRIES_MAX)
        return NULL;
    v = pgseal__realloc(b->v, (b->n + 1) * sizeof(*v));
    if (v == NULL)
        return NULL;
    b->v = v;
    v += b->n++;
    memset(v, 0, sizeof(*v));
    v->line = line;
    v->what = what;
    return v;
}

static const char *what_of(const char *label)
{
    static const struct {
        const char *label, *what;
    } kinds[] = {{"CERTIFICATE", "certificate"},
                 {"X509 CERTIFICATE", "certificate"},
                 {"TRUSTED CERTIFICATE", "certificate"},
                 {"X509 CRL", "crl"},
                 {"CERTIFICATE REQUEST", "csr"},
                 {"NEW CERTIFICATE REQUEST", "csr"},
                 {"PKCS7", "pkcs7"},
                 {"CMS", "pkcs7"},
                 {"PKCS #7 SIGNED DATA", "pkcs7"},
                 {"PUBLIC KEY", "public key"},
                 {"RSA PUBLIC KEY", "public key"}};

    for (size_t i = 0; i < PGSEAL_COUNT(kinds); i++)
        if (strcmp(label, kinds[i].label) == 0)
            return kinds[i].what;
    return strstr(label, "PRIVATE KEY") != NULL ? "private key" : "unknown block";
}

static void flaw(struct pgseal__entry *e, enum pgseal__flaw flaw, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);
static void flaw(struct pgseal__entry *e, enum pgseal__flaw f, const char *fmt, ...)
{
    va_list ap;

    if (e->flaw != PGSEAL__FLAW_NONE)
        return;
    e->flaw = f;
    va_start(ap, fmt);
    pgseal__vformat(e->problem, sizeof(e->problem), fmt, ap);
    va_end(ap);
}

/* The first line inside of a block, as it may be shown. */
static void first_line(const struct pgseal__block *blk, char *out, size_t cap)
{
    const uint8_t *nl = memchr(blk->at, '\n', blk->len);

    pgseal__escape(out, cap, blk->at, nl != NULL ? (size_t)(nl - blk->at) : blk->len, 50);
}

static int read_cert(struct pgseal__entry *e, const struct pgseal__block *blk)
{
    size_t n = 0;
    bool nomem;
    uint8_t *der = pgseal__block_der(blk, &n, &nomem);
    const uint8_t *p = der;
    bool trusted = strcmp(blk->label, "TRUSTED CERTIFICATE") == 0;
    char line[220];

    if (nomem)
        return PGSEAL_E_NOMEM;
    first_line(blk, line, sizeof(line));
    if (blk->indented)
        flaw(e, PGSEAL__FLAW_HIDDEN,
             "something stands before its -----BEGIN, so OpenSSL does not see it");
    if (!blk->ended)
        flaw(e, PGSEAL__FLAW_BROKEN, "it has no -----END line of its own: it was cut off");
    if (der == NULL) {
        flaw(e, strchr(line, ' ') != NULL ? PGSEAL__FLAW_PLACEHOLDER : PGSEAL__FLAW_BROKEN,
             "between BEGIN and END stands no base64, but \"%s\"", line);
        return 0;
    }
    if (n < 100) {
        flaw(e, PGSEAL__FLAW_PLACEHOLDER, "a placeholder: %zu bytes (\"%s\") are no certificate", n,
             line);
    } else {
        ERR_clear_error();
        e->cert = trusted ? d2i_X509_AUX(NULL, &p, (long)n) : d2i_X509(NULL, &p, (long)n);
        if (e->cert == NULL)
            flaw(e, PGSEAL__FLAW_BROKEN, "its DER is broken (%s)",
                 ERR_reason_error_string(ERR_peek_error()));
    }
    pgseal__free(der);
    ERR_clear_error();
    return 0;
}

/* CRLs and keys that cannot be read refuse the whole file as well. */
static int read_other(struct pgseal__entry *e, const struct pgseal__block *blk)
{
    size_t n = 0;
    bool nomem;
    uint8_t *der = pgseal__block_der(blk, &n, &nomem);
    const uint8_t *p = der;
    bool crl = strcmp(e->what, "crl") == 0;

    if (nomem)
        return PGSEAL_E_NOMEM;
    if (!blk->indented && !blk->ended)
        flaw(e, PGSEAL__FLAW_BROKEN, "it has no -----END line of its own: it was cut off");
    /* An encrypted key has headers, or another label; nobody opens it here. */
    if (der != NULL && !blk->indented && crl) {
        X509_CRL *parsed = d2i_X509_CRL(NULL, &p, (long)n);

        if (parsed == NULL)
            flaw(e, PGSEAL__FLAW_BROKEN, "this CRL is damaged (%s)",
                 ERR_reason_error_string(ERR_peek_error()));
        X509_CRL_free(parsed);
    } else if (der != NULL && !blk->indented && strcmp(blk->label, "PRIVATE KEY") == 0) {
        EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)n);

        if (key == NULL)
            flaw(e, PGSEAL__FLAW_BROKEN, "this private key is damaged");
        EVP_PKEY_free(key);
    }
    pgseal__wipe_free(der, n);
    ERR_clear_error();
    return 0;
}

/* ---- judging a certificate among the others -------------------------------------------------- */

static void judge_signature(const struct pgseal__bundle *b, struct pgseal__entry *e)
{
    const struct pgseal__entry *issuer = NULL;
    char name[300];

    if (X509_self_signed(e->cert, 0) == 1) {
        if (X509_self_signed(e->cert, 1) != 1)
            flaw(e, PGSEAL__FLAW_ALTERED,
                 "it does not fit its own key: it was altered after it was signed, and is not the "
                 "authority it names");
        return;
    }
    for (size_t i = 0; i < b->n; i++) {
        const struct pgseal__entry *o = &b->v[i];

        if (o->cert == NULL || X509_check_issued(o->cert, e->cert) != X509_V_OK)
            continue;
        if (X509_verify(e->cert, X509_get0_pubkey(o->cert)) == 1)
            return;
        issuer = o;
    }
    if (issuer == NULL)
        return;
    pgseal__name_short(X509_get_subject_name(issuer->cert), name, sizeof(name));
    flaw(e, PGSEAL__FLAW_UNSIGNED,
         "it was not signed by the key of \"%s\" at line %d: one of the two was altered", name,
         issuer->line);
}

static void judge_others(const struct pgseal__bundle *b, struct pgseal__entry *e)
{
    char when[40];
    int64_t t = 0;

    for (const struct pgseal__entry *o = b->v; o < e; o++)
        if (o->cert != NULL && X509_cmp(o->cert, e->cert) == 0)
            flaw(e, PGSEAL__FLAW_DUPLICATE, "the same as at line %d", o->line);
    if (b->now_unix_s > 0 && pgseal__asn1_time(X509_get0_notAfter(e->cert), &t) == 0 &&
        t < b->now_unix_s)
        flaw(e, PGSEAL__FLAW_ENDED, "it ended %s", pgseal__utc(when, t));
    if (b->now_unix_s > 0 && pgseal__asn1_time(X509_get0_notBefore(e->cert), &t) == 0 &&
        t > b->now_unix_s)
        flaw(e, PGSEAL__FLAW_EARLY, "it begins only %s", pgseal__utc(when, t));
    if (X509_check_ca(e->cert) == 0 && X509_self_signed(e->cert, 0) != 1)
        flaw(e, PGSEAL__FLAW_LEAF, "a server's or client's own certificate, no authority");
}

/* What X509_load_cert_crl_file() would make of it. */
static int count_loads(const uint8_t *p, size_t n)
{
    static char no_password[] = "";
    BIO *bio = BIO_new_mem_buf(n > 0 ? (const void *)p : "", (int)n);
    STACK_OF(X509_INFO) *infos = NULL;
    int loads = 0;

    ERR_clear_error(); /* PEM_X509_INFO_read_bio() looks at what is left of others' errors */
    if (bio != NULL)
        infos = PEM_X509_INFO_read_bio(bio, NULL, pgseal__no_password, no_password);
    BIO_free(bio);
    for (int i = 0; infos != NULL && i < sk_X509_INFO_num(infos); i++)
        loads += sk_X509_INFO_value(infos, i)->x509 != NULL;
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    ERR_clear_error();
    return loads;
}

int pgseal__bundle_read(const uint8_t *p, size_t n, int64_t now_unix_s, struct pgseal__bundle *b)
{
    struct pgseal__block blk;
    size_t at = 0;
    int line = 1;

    *b = (struct pgseal__bundle){.now_unix_s = now_unix_s};
    if (n > INT32_MAX)
        n = INT32_MAX;
    b->loads = count_loads(p, n);
    if (b->loads == 0 && pgseal__file_kind(p, n, b))
        return 0;
    while (b->n < ENTRIES_MAX && pgseal__next_block(p, n, &at, &line, &blk)) {
        struct pgseal__entry *e = add(b, blk.line, what_of(blk.label));
        int rc = PGSEAL_E_NOMEM;

        if (e != NULL)
            rc = strcmp(e->what, "certificate") == 0 ? read_cert(e, &blk) : read_other(e, &blk);
        if (rc < 0) {
            pgseal__bundle_done(b);
            return rc;
        }
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->v[i].cert == NULL)
            continue;
        judge_signature(b, &b->v[i]);
        judge_others(b, &b->v[i]);
    }
    ERR_clear_error();
    return 0;
}

void pgseal__bundle_done(struct pgseal__bundle *b)
{
    for (size_t i = 0; i < b->n; i++)
        X509_free(b->v[i].cert);
    pgseal__free(b->v);
    b->v = NULL;
    b->n = 0;
}

int pgseal_bundle_scan(const uint8_t *p, size_t n, int64_t now_unix_s, pgseal_bundle_fn fn,
                       void *ctx, struct pgseal_err *err)
{
    struct pgseal__bundle b;
    struct pgseal_cert_info info;
    int loads;

    if (pgseal__bundle_read(p, n, now_unix_s, &b) < 0)
        return pgseal__nomem(err);
    if (b.whole != NULL && fn != NULL)
        fn(ctx, &(struct pgseal_bundle_item){.line = 1, .what = b.whole, .problem = b.sentence});
    for (size_t i = 0; fn != NULL && i < b.n; i++) {
        const struct pgseal__entry *e = &b.v[i];

        if (e->cert != NULL)
            pgseal__cert_describe(e->cert, &info);
        fn(ctx, &(struct pgseal_bundle_item){.line = e->line,
                                             .what = e->what,
                                             .problem = e->problem,
                                             .cert = e->cert != NULL ? &info : NULL});
    }
    loads = b.loads;
    pgseal__bundle_done(&b);
    return loads;
}
