/* SPDX-License-Identifier: PostgreSQL */
/* Takes a PEM bundle apart strictly: what is no certificate is a reason to refuse all of it. */
#include "certs.h"

#include "lines_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#define CERTS_MAX 5000 /* the largest real bundle has 166 */

static const char BEGIN[] = "-----BEGIN CERTIFICATE-----";
static const char END[] = "-----END CERTIFICATE-----";

static int refuse(struct pgseal_err *err, const char *what, const char *fmt, ...)
    PGSEAL_PRINTF(3, 4);

static int refuse(struct pgseal_err *err, const char *what, const char *fmt, ...)
{
    char detail[1024];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE, "%s is not a bundle of certificates", what);
    pgseal__detail(err, "%s", detail);
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* A line that stands where only blank lines, comments and BEGIN may. */
static int refuse_line(struct pgseal_err *err, const char *what, const struct ca_lines *l)
{
    char text[160];

    pgseal__escape(text, sizeof(text), l->p, l->n, 60);
    if (l->n > 11 && memcmp(l->p, "-----BEGIN ", 11) == 0)
        return refuse(err, what, "Line %d begins something that is no certificate: \"%s\".",
                      l->number, text);
    return refuse(err, what, "Line %d is text outside of a certificate: \"%s\".", l->number, text);
}

/* The block whose BEGIN is at hand: its DER, malloc'ed, or NULL with err. */
static uint8_t *block(struct ca_lines *l, const char *what, size_t *n, struct pgseal_err *err)
{
    int begin = l->number;
    const uint8_t *end = memmem(l->next, (size_t)(l->end - l->next), END, sizeof(END) - 1);
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    uint8_t *der = pgseal__alloc((size_t)((end != NULL ? end : l->end) - l->next) / 4 * 3 + 4);
    size_t used = 0;
    int got = 0, rc = -1;

    if (ctx != NULL && der != NULL) {
        EVP_DecodeInit(ctx);
        rc = 1;
    } else {
        pgseal__nomem(err);
    }
    while (rc > 0) {
        if (!ca_lines_next(l)) {
            refuse(err, what,
                   "The certificate that begins in line %d has no end: the file was cut off there.",
                   begin);
            rc = -1;
        } else if (ca_lines_is(l, END)) {
            rc = 0;
        } else if (!ca_lines_base64(l)) {
            refuse_line(err, what, l);
            rc = -1;
        } else if (EVP_DecodeUpdate(ctx, der + used, &got, l->p, (int)l->n) < 0) {
            refuse(err, what, "Line %d is no base64.", l->number);
            rc = -1;
        } else {
            used += (size_t)got;
        }
    }
    if (rc == 0 && EVP_DecodeFinal(ctx, der + used, &got) < 0) {
        refuse(err, what, "The certificate in line %d is no whole base64.", begin);
        rc = -1;
    }
    EVP_ENCODE_CTX_free(ctx);
    ERR_clear_error();
    if (rc < 0) {
        pgseal__free(der);
        return NULL;
    }
    *n = used + (size_t)got;
    return der;
}

static int take_block(struct ca_lines *l, const char *what, struct ca_certs *out,
                      struct pgseal_err *err)
{
    int begin = l->number;
    char reason[256] = "nothing";
    size_t n = 0;
    uint8_t *der = block(l, what, &n, err);
    const uint8_t *p = der;
    X509 *x509;

    if (der == NULL)
        return err != NULL ? err->code : PGSEAL_E_ROOT_UNUSABLE;
    x509 = n > 0 ? d2i_X509(NULL, &p, (long)n) : NULL;
    if (x509 != NULL && p != der + n) {
        pgseal__format(reason, sizeof(reason), "%zu bytes too many", (size_t)(der + n - p));
        X509_free(x509);
        x509 = NULL;
    } else if (x509 == NULL && n > 0) {
        pgseal__format(reason, sizeof(reason), "%s", ERR_reason_error_string(ERR_peek_error()));
    }
    ERR_clear_error();
    pgseal__free(der);
    if (x509 == NULL)
        return refuse(err, what,
                      "What stands between BEGIN and END in line %d is no certificate (%s).", begin,
                      reason);
    return ca_certs_add(out, x509, begin, err);
}

int ca_certs_read(const uint8_t *p, size_t n, const char *what, struct ca_certs *out,
                  struct pgseal_err *err)
{
    struct ca_lines l = {.next = p, .end = p + n};
    struct ca_certs found = {0};
    char summary[1024];
    int rc = 0;

    while (rc == 0 && ca_lines_next(&l)) {
        if (l.n == 0 || l.p[0] == '#')
            continue;
        if (ca_lines_is(&l, BEGIN))
            rc = found.n < CERTS_MAX
                     ? take_block(&l, what, &found, err)
                     : refuse(err, what, "It has more than %d certificates.", CERTS_MAX);
        else
            rc = refuse_line(err, what, &l);
    }
    /* Nothing recognised: what it is instead (a page, XML, a keystore) tells more than line 1. */
    if ((rc == 0 || rc == PGSEAL_E_ROOT_UNUSABLE) && found.n == 0) {
        pgseal_bundle_summary(p, n, 0, summary, sizeof(summary));
        if (rc == 0 || memmem(p, n, BEGIN, strlen(BEGIN)) == NULL)
            rc = refuse(err, what, "%s", summary);
    }
    if (rc < 0) {
        ca_certs_done(&found);
        return rc;
    }
    *out = found;
    return 0;
}

void ca_region_of(const char *cn, char *out, size_t cap)
{
    static const char prefix[] = "Amazon RDS ";
    const char *end;

    out[0] = '\0';
    if (strncmp(cn, prefix, sizeof(prefix) - 1) != 0)
        return;
    cn += sizeof(prefix) - 1;
    /* "ap-northeast-1 Root CA RSA2048 G1", "Preview us-east-2 Root CA", "us-east-1 2019 CA". */
    end = strpbrk(cn, " ");
    if (end == NULL || memchr(cn, '-', (size_t)(end - cn)) == NULL)
        return;
    pgseal__format(out, cap, "%.*s", (int)(end - cn), cn);
}

static void common_name(const X509 *x509, char *out, size_t cap)
{
    const X509_NAME *name = X509_get_subject_name(x509);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *utf8 = NULL;
    int n;

    out[0] = '\0';
    if (at < 0)
        return;
    n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n >= 0)
        pgseal__escape(out, cap, utf8, (size_t)n, cap);
    OPENSSL_free(utf8);
    ERR_clear_error();
}

static void thumbprint(const X509 *x509, char out[41])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    out[0] = '\0';
    if (X509_digest(x509, EVP_sha1(), md, &n) != 1 || n != 20)
        return;
    for (unsigned i = 0; i < n; i++)
        pgseal__format(out + 2 * i, 3, "%02x", md[i]);
}

int ca_certs_add(struct ca_certs *l, X509 *x509, int line, struct pgseal_err *err)
{
    struct ca_cert *v = pgseal__realloc(l->v, (l->n + 1) * sizeof(*v));

    if (v == NULL) {
        X509_free(x509);
        return pgseal__nomem(err);
    }
    l->v = v;
    v += l->n;
    memset(v, 0, sizeof(*v));
    v->x509 = x509;
    v->line = line;
    if (pgseal__cert_describe(x509, &v->info) < 0) {
        X509_free(x509);
        return pgseal__nomem(err);
    }
    common_name(x509, v->cn, sizeof(v->cn));
    thumbprint(x509, v->sha1);
    v->known = pgseal_known_ca(v->info.sha256);
    ca_region_of(v->cn, v->region, sizeof(v->region));
    if (v->known != NULL)
        pgseal__format(v->region, sizeof(v->region), "%s", v->known->region);
    for (size_t i = 0; i < l->n && !v->duplicate; i++)
        v->duplicate = strcmp(l->v[i].info.sha256, v->info.sha256) == 0;
    l->n++;
    return 0;
}

void ca_certs_done(struct ca_certs *l)
{
    for (size_t i = 0; i < l->n; i++)
        X509_free(l->v[i].x509);
    pgseal__free(l->v);
    *l = (struct ca_certs){0};
}
