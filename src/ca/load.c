/* SPDX-License-Identifier: PostgreSQL */
/* Loads certificates from whatever form they come in; what is damaged is never passed on. */
#include "text_int.h"

#include "core/cert/cert.h"
#include "export.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#define CERTS_MAX 5000

struct load {
    const char *name;
    struct ca_certs *l;
    size_t before; /* certificates of files loaded earlier */
    ca_note_fn note;
    void *ctx;
    struct pgseal_err *err;
};

static void note(const struct load *o, const char *fmt, ...) PGSEAL_PRINTF(2, 3);

static void note(const struct load *o, const char *fmt, ...)
{
    char text[700];
    va_list ap;

    if (o->note == NULL)
        return;
    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    o->note(o->ctx, text);
}

static int refuse(const struct load *o, int line, const char *why)
{
    pgseal__fail(o->err, PGSEAL_E_ROOT_UNUSABLE, "\"%s\" is not exported: line %d", o->name, line);
    pgseal__detail(o->err, "%s", why);
    pgseal__hint(o->err, "Get a whole copy of the file, or take this block out of it.");
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* Marks of a TRUSTED CERTIFICATE (openssl-x509, -addreject and -addtrust) that no other form has:
 * what refuses a use, or vouches for no server, would come out as trusted for everything. */
static bool is_marked_down(X509 *x509)
{
    return sk_ASN1_OBJECT_num(X509_get0_reject_objects(x509)) > 0 ||
           X509_check_trust(x509, X509_TRUST_SSL_SERVER, 0) == X509_TRUST_REJECTED;
}

/* Not left out either: below a root that stays, OpenSSL would then trust what the mark refuses. */
static int refuse_marked(const struct load *o, X509 *x509, int line)
{
    X509_free(x509);
    refuse(o, line,
           "A TRUSTED CERTIFICATE block says that this certificate is not to be trusted, for "
           "servers or for another use. The copy could not say so, and would trust it.");
    pgseal__hint(o->err,
                 "Find out who marked it, and why. Then take the block out of the file; or, "
                 "if the mark is wrong, put a plain copy of the block in its place: "
                 "openssl x509 -in BLOCK -out PLAIN");
    return PGSEAL_E_ROOT_UNUSABLE;
}

/* Takes a certificate; a second copy is left out. */
static int take(const struct load *o, X509 *x509, int line)
{
    struct ca_cert *c;
    int rc;

    if (is_marked_down(x509)) /* also when a plain copy of it was taken before */
        return refuse_marked(o, x509, line);
    if (o->l->n >= CERTS_MAX) {
        X509_free(x509);
        return pgseal__fail(o->err, PGSEAL_E_LIMIT, "more than %d certificates", CERTS_MAX);
    }
    rc = ca_certs_add(o->l, x509, line, o->err);
    if (rc < 0)
        return rc;
    c = &o->l->v[o->l->n - 1];
    if (c->duplicate) {
        X509_free(c->x509);
        o->l->n--;
        return 0;
    }
    if (X509_self_signed(c->x509, 0) == 1 && X509_self_signed(c->x509, 1) != 1) {
        ERR_clear_error();
        return refuse(o, line,
                      "The certificate does not fit its own key: it was altered after it was "
                      "signed, and is not the authority it names.");
    }
    ERR_clear_error();
    if (c->impostor)
        return refuse(o, line,
                      "The certificate bears the name of a published root of Amazon, and is not "
                      "that root.");
    return 1;
}

static int take_p7(const struct load *o, const uint8_t *der, size_t n, int line)
{
    const uint8_t *p = der;
    PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)n);
    STACK_OF(X509) *certs = NULL;
    int rc = 0;

    if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
        certs = p7->d.sign->cert;
    for (int i = 0; rc >= 0 && i < sk_X509_num(certs); i++) {
        X509 *x509 = sk_X509_value(certs, i);

        X509_up_ref(x509);
        rc = take(o, x509, line);
    }
    ERR_clear_error();
    if (certs == NULL)
        rc = refuse(o, line, "This PKCS#7 container holds no certificates, or is damaged.");
    PKCS7_free(p7);
    return rc < 0 ? rc : 0;
}

static int take_der(const struct load *o, const char *label, const uint8_t *der, size_t n, int line)
{
    const uint8_t *p = der;
    X509 *x509;

    if (strcmp(label, "PKCS7") == 0 || strcmp(label, "CMS") == 0)
        return take_p7(o, der, n, line);
    x509 = strcmp(label, "TRUSTED CERTIFICATE") == 0 ? d2i_X509_AUX(NULL, &p, (long)n)
                                                     : d2i_X509(NULL, &p, (long)n);
    if (x509 == NULL || p != der + n) {
        char why[300];

        pgseal__format(why, sizeof(why), "What stands there is no whole certificate (%s).",
                       x509 != NULL ? "there is more behind it"
                                    : ERR_reason_error_string(ERR_peek_error()));
        X509_free(x509);
        ERR_clear_error();
        return refuse(o, line, why);
    }
    return take(o, x509, line) < 0 ? o->err->code : 0;
}

/* "CERTIFICATE" of a line "-----BEGIN CERTIFICATE-----", blanks before it passed over. */
static bool label_of(const struct ca_text *l, const char *head, char label[64], bool *indented)
{
    const uint8_t *p = l->p;
    size_t n = l->n, h = strlen(head);

    *indented = false;
    if (l->number == 1 && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
        n -= 3;
    }
    while (n > 0 && (*p == ' ' || *p == '\t')) {
        *indented = true;
        p++;
        n--;
    }
    if (n < h + 5 || n - h - 5 >= 64 || memcmp(p, head, h) != 0 ||
        memcmp(p + n - 5, "-----", 5) != 0)
        return false;
    memcpy(label, p + h, n - h - 5);
    label[n - h - 5] = '\0';
    return true;
}

static bool is_wanted(const char *label)
{
    static const char *const WANTED[] = {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE",
                                         "PKCS7", "CMS"};

    for (size_t i = 0; i < PGSEAL_COUNT(WANTED); i++)
        if (strcmp(label, WANTED[i]) == 0)
            return true;
    return false;
}

/* The lines up to END, decoded. 1 = done, 0 = a block nobody wants, < 0. */
static int body(const struct load *o, struct ca_text *l, const char *label, uint8_t *der, size_t *n)
{
    EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
    int begin = l->number, got = 0, rc = 2;
    bool indented;
    char end[64];

    *n = 0;
    if (ctx == NULL)
        return pgseal__nomem(o->err);
    EVP_DecodeInit(ctx);
    while (rc == 2) {
        if (!ca_text_next(l)) {
            rc = refuse(o, begin, "The block that begins there has no end: the file was cut off.");
            break;
        }
        while (l->n > 0 && (*l->p == ' ' || *l->p == '\t')) {
            l->p++;
            l->n--;
        }
        if (label_of(l, "-----END ", end, &indented)) {
            rc = 1;
        } else if (!is_wanted(label)) {
            continue;
        } else if (!ca_text_base64(l) ||
                   EVP_DecodeUpdate(ctx, der + *n, &got, l->p, (int)l->n) < 0) {
            rc = refuse(o, begin, "What stands there is no base64.");
        } else {
            *n += (size_t)got;
        }
    }
    if (rc == 1 && is_wanted(label)) {
        if (EVP_DecodeFinal(ctx, der + *n, &got) < 0)
            rc = refuse(o, begin, "What stands there is no whole base64.");
        else
            *n += (size_t)got;
    }
    EVP_ENCODE_CTX_free(ctx);
    ERR_clear_error();
    return rc == 1 && !is_wanted(label) ? 0 : rc;
}

static int load_pem(const struct load *o, const uint8_t *p, size_t n)
{
    struct ca_text l = {.next = p, .end = p + n};
    char label[64];
    bool indented;
    int rc = 0;

    while (rc >= 0 && ca_text_next(&l)) {
        const uint8_t *end;
        uint8_t *der;
        size_t len;
        int line = l.number;

        if (!label_of(&l, "-----BEGIN ", label, &indented))
            continue;
        end = memmem(l.next, (size_t)(l.end - l.next), "-----END ", 9);
        der = pgseal__alloc((size_t)((end != NULL ? end : l.end) - l.next) / 4 * 3 + 4);
        if (der == NULL)
            return pgseal__nomem(o->err);
        rc = body(o, &l, label, der, &len);
        if (rc == 0)
            note(o, "%s: line %d: a block \"%s\" was left out", o->name, line, label);
        if (rc > 0 && indented)
            note(o, "%s: line %d: blanks before BEGIN hide this block from OpenSSL; it is taken",
                 o->name, line);
        if (rc > 0)
            rc = take_der(o, label, der, len, line);
        pgseal__wipe_free(der, 0);
    }
    return rc;
}

/* A certificate or a PKCS#7 in DER. 1 = it was one. */
static int load_der(const struct load *o, const uint8_t *p, size_t n)
{
    const uint8_t *at = p;
    X509 *x509;
    PKCS7 *p7;

    if (n < 2 || p[0] != 0x30)
        return 0;
    x509 = d2i_X509(NULL, &at, (long)n);
    if (x509 != NULL && at == p + n)
        return take(o, x509, 1) < 0 ? o->err->code : 1;
    X509_free(x509);
    at = p;
    p7 = d2i_PKCS7(NULL, &at, (long)n);
    PKCS7_free(p7);
    ERR_clear_error();
    if (p7 == NULL)
        return 0;
    return take_p7(o, p, n, 1) < 0 ? o->err->code : 1;
}

/* A signature by an issuer in the same file must fit: what was altered is not passed on. */
static int check_issuers(const struct load *o)
{
    for (size_t i = o->before; i < o->l->n; i++) {
        const struct ca_cert *c = &o->l->v[i];
        bool named = false, fits = false;

        if (X509_self_signed(c->x509, 0) == 1)
            continue;
        for (size_t k = 0; k < o->l->n && !fits; k++) {
            if (X509_check_issued(o->l->v[k].x509, c->x509) != X509_V_OK)
                continue;
            named = true;
            fits = X509_verify(c->x509, X509_get0_pubkey(o->l->v[k].x509)) == 1;
        }
        ERR_clear_error();
        if (named && !fits)
            return refuse(o, c->line,
                          "The certificate was not signed by the key of the authority in the file "
                          "whose name it carries: one of the two was altered.");
    }
    return 0;
}

int ca_load(const uint8_t *p, size_t n, const char *name, struct ca_certs *l, ca_note_fn note_fn,
            void *ctx, struct pgseal_err *err)
{
    struct pgseal_err scrap;
    struct load o = {name, l, l->n, note_fn, ctx, err != NULL ? err : &scrap};
    char summary[1024];
    size_t copies;
    int rc = load_der(&o, p, n);

    if (rc == 0)
        rc = load_pem(&o, p, n);
    if (rc >= 0)
        rc = check_issuers(&o);
    if (rc < 0)
        return rc;
    copies = l->n - o.before;
    if (copies == 0 && o.before == 0) {
        pgseal_bundle_summary(p, n, 0, summary, sizeof(summary));
        pgseal__fail(o.err, PGSEAL_E_ROOT_UNUSABLE, "\"%s\" has no certificate", name);
        pgseal__detail(o.err, "%s", summary);
        pgseal__hint(o.err,
                     "Name a bundle of certificates. To fetch Amazon's: pgseal ca fetch rds");
        return PGSEAL_E_ROOT_UNUSABLE;
    }
    return (int)copies;
}

size_t ca_filter(struct ca_certs *l, const struct ca_filter *f)
{
    size_t kept = 0, all = l->n;

    for (size_t i = 0; i < all; i++) {
        struct ca_cert *c = &l->v[i];
        bool wanted = (f->region == NULL || strcmp(f->region, c->region) == 0) &&
                      (!f->valid || c->info.not_after_unix_s >= f->now_unix_s);

        if (wanted)
            l->v[kept++] = *c;
        else
            X509_free(c->x509);
    }
    l->n = kept;
    return all - kept;
}
