/* SPDX-License-Identifier: PostgreSQL */
/* Reads a would-be bundle block by block, only to explain it: what each is, and what is wrong. */
#include "bundle_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* More than the 45,000 roots that 64 MB hold: a limit for files full of tiny blocks. */
#define ENTRIES_MAX 65536

static struct pgseal__entry *add(struct pgseal__bundle *b, int line, const char *what)
{
    struct pgseal__entry *v = b->v;

    if (b->n >= ENTRIES_MAX)
        return NULL;
    if ((b->n & (b->n - 1)) == 0) /* 0, or a power of two: full */
        v = pgseal__realloc(b->v, (b->n > 0 ? 2 * b->n : 1) * sizeof(*v));
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
        if (pgseal__strcasecmp(label, kinds[i].label) == 0)
            return kinds[i].what;
    return strstr(label, "PRIVATE KEY") != NULL ? "private key" : "unknown block";
}

static void flaw(struct pgseal__entry *e, enum pgseal__flaw flaw, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);
static void flaw(struct pgseal__entry *e, enum pgseal__flaw f, const char *fmt, ...)
{
    va_list ap;

    e->flaws |= 1u << f;
    if (e->flaw != PGSEAL__FLAW_NONE)
        return;
    e->flaw = f;
    va_start(ap, fmt);
    pgseal__vformat(e->problem, sizeof(e->problem), fmt, ap);
    va_end(ap);
}

/* Armour that OpenSSL does not see, or that does not end. */
static void judge_armour(struct pgseal__entry *e, const struct pgseal__block *blk)
{
    if (blk->hidden && blk->begin != NULL && strcmp(blk->begin, "has something before it") == 0)
        flaw(e, PGSEAL__FLAW_HIDDEN,
             "something stands before its -----BEGIN, so OpenSSL does not see it");
    else if (blk->hidden)
        flaw(e, PGSEAL__FLAW_HIDDEN, "its BEGIN line %s, so OpenSSL does not see it",
             blk->begin != NULL ? blk->begin : "is damaged");
    else if (blk->begin != NULL)
        flaw(e, PGSEAL__FLAW_BEGIN, "its BEGIN line %s", blk->begin);
    if (blk->end_line == 0)
        flaw(e, PGSEAL__FLAW_CUT, "it has no -----END line of its own: it was cut off");
    else if (blk->end != NULL)
        flaw(e, PGSEAL__FLAW_CUT, "its END line (line %d) %s", blk->end_line, blk->end);
    else if (!blk->ended)
        flaw(e, PGSEAL__FLAW_BEGIN, "its BEGIN and its END (line %d) do not name the same thing",
             blk->end_line);
}

/* What stands inside of a block. */
struct inside {
    char first[220]; /* the first line, as it may be shown */
    char wrong[220]; /* the first line that is no base64 */
    int wrong_line;  /* ... its number; 0: all are */
    int empty_line;  /* the first empty line; 0: none */
    bool has_base64; /* a line is long enough to be some */
};

static void look_inside(const struct pgseal__block *blk, struct inside *in)
{
    const uint8_t *p = blk->at;
    const uint8_t *end = p + blk->len;
    int line = blk->line + (p[-1] == '\n');

    memset(in, 0, sizeof(*in));
    for (bool first = true; p < end; line++, first = false) {
        const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl != NULL ? nl : end) - p);
        size_t good = 0;

        while (n > 0 && p[n - 1] <= ' ')
            n--;
        while (good < n && pgseal__is_space((char)p[good]))
            good++;
        while (good < n && pgseal__is_base64(p[good]))
            good++;
        if (first)
            pgseal__escape(in->first, sizeof(in->first), p, n, 50);
        if (good < n && in->wrong_line == 0) {
            in->wrong_line = line;
            pgseal__escape(in->wrong, sizeof(in->wrong), p, n, 50);
        }
        if (n == 0 && nl != NULL && in->empty_line == 0)
            in->empty_line = line;
        in->has_base64 = in->has_base64 || (good == n && n >= 40);
        p = nl != NULL ? nl + 1 : end;
    }
}

/* What OpenSSL has read of the file already: making a certificate takes longest of all. */
struct done {
    const STACK_OF(X509_INFO) * infos;
    int at; /* the next of them, in the order of the file */
};

/* The next certificate OpenSSL loads, when it is this one. Gives, or NULL. */
static X509 *read_already(struct done *d, const uint8_t *der, size_t n)
{
    int count = d->infos != NULL ? sk_X509_INFO_num(d->infos) : 0;
    X509 *cert = NULL;
    uint8_t *own = NULL;
    int len;

    while (d->at < count && (cert = sk_X509_INFO_value(d->infos, d->at)->x509) == NULL)
        d->at++;
    if (cert == NULL || X509_get0_trust_objects(cert) != NULL ||
        X509_get0_reject_objects(cert) != NULL)
        return NULL;
    len = i2d_X509(cert, &own);
    if (len < 0 || (size_t)len != n || memcmp(own, der, n) != 0 || X509_up_ref(cert) != 1)
        cert = NULL;
    OPENSSL_free(own);
    d->at += cert != NULL;
    return cert;
}

static X509 *make_cert(struct done *d, bool trusted, const uint8_t *der, size_t n)
{
    const uint8_t *p = der;
    X509 *cert = trusted ? NULL : read_already(d, der, n);

    ERR_clear_error();
    if (cert != NULL)
        return cert;
    return trusted ? d2i_X509_AUX(NULL, &p, (long)n) : d2i_X509(NULL, &p, (long)n);
}

static int read_cert(struct pgseal__entry *e, const struct pgseal__block *blk, struct done *d)
{
    size_t n = 0;
    bool nomem;
    uint8_t *der = pgseal__block_der(blk, &n, &nomem);
    struct inside in;

    if (nomem)
        return PGSEAL_E_NOMEM;
    look_inside(blk, &in);
    judge_armour(e, blk);
    e->odd_line = in.wrong_line != 0 ? in.wrong_line : in.empty_line;
    if (der == NULL && in.has_base64) {
        flaw(e, PGSEAL__FLAW_BASE64, "line %d of it is no base64: \"%s\"", in.wrong_line, in.wrong);
    } else if (der == NULL) {
        flaw(e, strchr(in.first, ' ') != NULL ? PGSEAL__FLAW_PLACEHOLDER : PGSEAL__FLAW_BROKEN,
             "between BEGIN and END stands no base64, but \"%s\"", in.first);
    } else if (n < 100) {
        flaw(e, PGSEAL__FLAW_PLACEHOLDER, "a placeholder: %zu bytes (\"%s\") are no certificate", n,
             in.first);
    } else {
        e->cert = make_cert(d, strcmp(blk->label, "TRUSTED CERTIFICATE") == 0, der, n);
        if (e->cert == NULL && in.wrong_line != 0)
            flaw(e, PGSEAL__FLAW_BASE64, "line %d of it is no base64: \"%s\"", in.wrong_line,
                 in.wrong);
        else if (e->cert == NULL)
            flaw(e, PGSEAL__FLAW_BROKEN, "its DER is broken (%s)",
                 ERR_reason_error_string(ERR_peek_error()));
    }
    pgseal__free(der);
    ERR_clear_error();
    return 0;
}

/* A block whose label is misspelt: OpenSSL passes over it, whatever it is. */
static int read_unknown(struct pgseal__entry *e, const struct pgseal__block *blk)
{
    size_t n = 0;
    bool nomem;
    uint8_t *der = pgseal__block_der(blk, &n, &nomem);
    const uint8_t *p = der;

    if (nomem)
        return PGSEAL_E_NOMEM;
    if (der != NULL && n >= 100)
        e->cert = d2i_X509(NULL, &p, (long)n);
    if (e->cert != NULL) {
        e->what = "certificate";
        judge_armour(e, blk);
        if (e->flaw == PGSEAL__FLAW_NONE)
            flaw(e, PGSEAL__FLAW_HIDDEN,
                 "its BEGIN says \"%s\" for CERTIFICATE, so OpenSSL passes over it", blk->label);
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
    if (!blk->hidden)
        judge_armour(e, blk);
    /* An encrypted key has headers, or another label; nobody opens it here. */
    if (der != NULL && !blk->hidden && crl) {
        X509_CRL *parsed = d2i_X509_CRL(NULL, &p, (long)n);

        if (parsed == NULL)
            flaw(e, PGSEAL__FLAW_BROKEN, "this CRL is damaged (%s)",
                 ERR_reason_error_string(ERR_peek_error()));
        X509_CRL_free(parsed);
    } else if (der != NULL && !blk->hidden && strcmp(blk->label, "PRIVATE KEY") == 0) {
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

static void judge_signature(const struct pgseal__names *names, struct pgseal__entry *e)
{
    bool self = X509_self_signed(e->cert, 0) == 1;
    char name[300];

    if (e->twin != NULL) {
        e->vouched = e->twin->vouched;
        e->issuer = e->twin->issuer;
    } else if (self) {
        e->vouched = X509_self_signed(e->cert, 1) == 1;
    } else {
        e->issuer = pgseal__bundle_issuer(names, e->cert, &e->vouched);
    }
    if (self && !e->vouched)
        flaw(e, PGSEAL__FLAW_ALTERED,
             "it does not fit its own key: it was altered after it was signed, and is not the "
             "authority it names");
    if (self || e->issuer == NULL)
        return;
    e->issuer_line = e->issuer->line;
    if (e->vouched)
        return;
    pgseal__name_short(X509_get_subject_name(e->issuer->cert), name, sizeof(name));
    flaw(e, PGSEAL__FLAW_UNSIGNED,
         "it was not signed by the key of \"%s\" at line %d: one of the two was altered", name,
         e->issuer->line);
}

static void judge_others(const struct pgseal__bundle *b, struct pgseal__entry *e)
{
    char when[40];
    int64_t t = 0;

    if (e->twin != NULL) {
        e->twin_line = e->twin->line;
        flaw(e, PGSEAL__FLAW_DUPLICATE, "the same as at line %d", e->twin_line);
    }
    if (b->now_unix_s > 0 && pgseal__asn1_time(X509_get0_notAfter(e->cert), &t) == 0 &&
        t < b->now_unix_s)
        flaw(e, PGSEAL__FLAW_ENDED, "it ended %s", pgseal__utc(when, t));
    if (b->now_unix_s > 0 && pgseal__asn1_time(X509_get0_notBefore(e->cert), &t) == 0 &&
        t > b->now_unix_s)
        flaw(e, PGSEAL__FLAW_EARLY, "it begins only %s", pgseal__utc(when, t));
    if (X509_check_ca(e->cert) == 0 && X509_self_signed(e->cert, 0) != 1)
        flaw(e, PGSEAL__FLAW_LEAF, "a server's or client's own certificate, no authority");
}

/* What X509_load_cert_crl_file() reads from a text; NULL: it refuses, and `why` says why. */
static STACK_OF(X509_INFO) * load(const uint8_t *p, size_t n, char *why, size_t cap)
{
    static char no_password[] = "";
    BIO *bio = BIO_new_mem_buf(n > 0 ? (const void *)p : "", (int)n);
    STACK_OF(X509_INFO) *infos = NULL;
    const char *reason;

    ERR_clear_error(); /* PEM_X509_INFO_read_bio() looks at what is left of others' errors */
    if (bio != NULL)
        infos = PEM_X509_INFO_read_bio(bio, NULL, pgseal__no_password, no_password);
    reason = ERR_reason_error_string(ERR_peek_last_error());
    if (infos == NULL)
        pgseal__format(why, cap, "%s", reason != NULL ? reason : "no reason given");
    BIO_free(bio);
    ERR_clear_error();
    return infos;
}

/* Certificates that are there, look right, and are not loaded. */
static void judge_loss(struct pgseal__bundle *b, const uint8_t *p, size_t n)
{
    char why[120];

    for (size_t i = 0; i < b->n; i++) {
        struct pgseal__entry *e = &b->v[i];
        STACK_OF(X509_INFO) * alone;

        if (e->loaded || e->flaw != PGSEAL__FLAW_NONE)
            continue;
        if (b->loads > 0 && e->cert != NULL) {
            if (i > 0 && (e[-1].flaws & (1u << PGSEAL__FLAW_CUT)) != 0)
                flaw(e, PGSEAL__FLAW_LOST,
                     "OpenSSL passes over it, because the END before it (line %d) is damaged",
                     e[-1].end_line);
            else
                flaw(e, PGSEAL__FLAW_LOST, "OpenSSL passes over it");
        } else if (b->refusal[0] != '\0') {
            alone = load(p + e->from, e->to - e->from, why, sizeof(why));
            if (alone == NULL && e->odd_line != 0)
                flaw(e, PGSEAL__FLAW_BROKEN,
                     "line %d of it is empty, or a header: OpenSSL refuses it (%s)", e->odd_line,
                     why);
            else if (alone == NULL)
                flaw(e, PGSEAL__FLAW_BROKEN, "OpenSSL refuses it (%s)", why);
            sk_X509_INFO_pop_free(alone, X509_INFO_free);
        }
    }
}

static int read_entry(struct pgseal__entry *e, const struct pgseal__block *blk, struct done *d)
{
    if (strcmp(e->what, "certificate") == 0)
        return read_cert(e, blk, d);
    if (strcmp(e->what, "unknown block") == 0)
        return read_unknown(e, blk);
    return read_other(e, blk);
}

static int read_entries(struct pgseal__bundle *b, const uint8_t *p, size_t n,
                        const STACK_OF(X509_INFO) * infos)
{
    struct done done = {.infos = infos};
    struct pgseal__block blk;
    size_t at = 0;
    size_t from = 0;
    int line = 1;

    while (b->n < ENTRIES_MAX && pgseal__next_block(p, n, &at, &line, &blk)) {
        struct pgseal__entry *e = add(b, blk.line, what_of(blk.label));
        int rc = PGSEAL_E_NOMEM;

        if (e != NULL) {
            e->end_line = blk.end_line;
            e->from = from;
            e->to = at;
            rc = read_entry(e, &blk, &done);
        }
        if (rc < 0)
            return rc;
        from = at;
    }
    return 0;
}

static int judge_certs(struct pgseal__bundle *b)
{
    struct pgseal__names names;
    int rc = pgseal__bundle_names(b, &names);

    for (size_t i = 0; rc == 0 && i < b->n; i++) {
        if (b->v[i].cert == NULL)
            continue;
        judge_signature(&names, &b->v[i]);
        judge_others(b, &b->v[i]);
    }
    pgseal__free(names.v);
    return rc;
}

int pgseal__bundle_read(const uint8_t *p, size_t n, int64_t now_unix_s, struct pgseal__bundle *b)
{
    STACK_OF(X509_INFO) * infos;
    int rc = 0;

    *b = (struct pgseal__bundle){.now_unix_s = now_unix_s};
    if (n > INT32_MAX)
        n = INT32_MAX;
    infos = load(p, n, b->refusal, sizeof(b->refusal));
    if (infos == NULL || sk_X509_INFO_num(infos) == 0)
        pgseal__file_kind(p, n, b);
    if (b->whole == NULL)
        rc = read_entries(b, p, n, infos);
    if (rc == 0)
        rc = pgseal__bundle_match(b, infos);
    if (rc == 0)
        judge_loss(b, p, n);
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    if (rc == 0)
        rc = judge_certs(b);
    ERR_clear_error();
    if (rc < 0)
        pgseal__bundle_done(b);
    return rc;
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
