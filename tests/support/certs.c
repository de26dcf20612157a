/* SPDX-License-Identifier: PostgreSQL */
/* Certificates and CRLs made at run time, also such as no authority would issue. */
#include "certs.h"

#include "t.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* What a line says. Values have blanks for "_". */
struct spec {
    struct pgseal_mint_options o;
    char name[32], cn[128], org[64], san[256], key[16], digest[16], eku[32];
    char issuer[32], nc[64], forge[32], revoke[32];
    const char *sans[2];
    bool explicit_curve;
    bool critical, noids, nosign, nocrlsign, tamper, proxy, badfrom, badto, minmax, reject, onlyca;
    long from, to;
};

static void copy(char *to, size_t cap, const char *value)
{
    snprintf(to, cap, "%s", value);
    for (; *to != '\0'; to++)
        if (*to == '_')
            *to = ' ';
}

static bool flag(struct spec *s, const char *word)
{
    const struct {
        const char *word;
        bool *set;
    } flags[] = {{"ca", &s->o.ca},
                 {"critical", &s->critical},
                 {"noids", &s->noids},
                 {"nosign", &s->nosign},
                 {"tamper", &s->tamper},
                 {"nocrlsign", &s->nocrlsign},
                 {"proxy", &s->proxy},
                 {"badfrom", &s->badfrom},
                 {"badto", &s->badto},
                 {"minmax", &s->minmax},
                 {"reject", &s->reject},
                 {"onlyca", &s->onlyca},
                 {"explicit", &s->explicit_curve}};

    for (size_t i = 0; i < PGSEAL_COUNT(flags); i++) {
        if (strcmp(word, flags[i].word) == 0) {
            *flags[i].set = true;
            return true;
        }
    }
    return false;
}

static void set(struct spec *s, char *word)
{
    struct {
        const char *key;
        char *to;
        size_t cap;
    } texts[] = {{"cn", s->cn, sizeof(s->cn)},
                 {"org", s->org, sizeof(s->org)},
                 {"san", s->san, sizeof(s->san)},
                 {"key", s->key, sizeof(s->key)},
                 {"digest", s->digest, 16},
                 {"eku", s->eku, sizeof(s->eku)},
                 {"issuer", s->issuer, 32},
                 {"nc", s->nc, sizeof(s->nc)},
                 {"forge", s->forge, sizeof(s->forge)},
                 {"revoke", s->revoke, 32}};
    char *value = strchr(word, '=');

    if (flag(s, word))
        return;
    assert_non_null(value);
    *value++ = '\0';
    for (size_t i = 0; i < PGSEAL_COUNT(texts); i++) {
        if (strcmp(word, texts[i].key) == 0) {
            copy(texts[i].to, texts[i].cap, value);
            return;
        }
    }
    if (strcmp(word, "pathlen") == 0)
        s->o.pathlen = (int)strtol(value, NULL, 10);
    else if (strcmp(word, "from") == 0)
        s->from = strtol(value, NULL, 10);
    else if (strcmp(word, "to") == 0)
        s->to = strtol(value, NULL, 10);
    else
        fail_msg("unknown word \"%s\" in a description", word);
}

static void read_spec(const char *text, struct spec *s)
{
    char line[512];
    char *rest = NULL;
    char *word;

    *s = (struct spec){.from = -1, .to = 365};
    s->o.size = sizeof(s->o);
    s->o.pathlen = -1;
    snprintf(line, sizeof(line), "%s", text);
    word = strtok_r(line, " \n", &rest); /* "cert" or "crl" */
    word = strtok_r(NULL, " \n", &rest);
    assert_non_null(word);
    snprintf(s->name, sizeof(s->name), "%s", word);
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL)
        set(s, word);
    s->sans[0] = s->san[0] != '\0' ? s->san : NULL;
    s->o.cn = s->cn[0] != '\0' ? s->cn : s->name;
    s->o.org = s->org[0] != '\0' ? s->org : NULL;
    s->o.sans = s->sans;
    s->o.key = s->key[0] != '\0' ? s->key : NULL;
    s->o.digest = s->digest[0] != '\0' ? s->digest : NULL;
    s->o.eku = s->eku[0] != '\0' ? s->eku : NULL;
    s->o.not_before_unix_s = T_TODAY + s->from * T_DAY_S;
    s->o.not_after_unix_s = T_TODAY + s->to * T_DAY_S;
}

static void drop_ext(X509 *cert, int nid)
{
    int at = X509_get_ext_by_NID(cert, nid, -1);

    if (at >= 0)
        X509_EXTENSION_free(X509_delete_ext(cert, at));
}

static void add_constraint(X509 *cert, const char *nc, bool minmax)
{
    NAME_CONSTRAINTS *all = NAME_CONSTRAINTS_new();
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    STACK_OF(GENERAL_SUBTREE) *trees = sk_GENERAL_SUBTREE_new_null();
    ASN1_IA5STRING *s = ASN1_IA5STRING_new();

    ASN1_STRING_set(s, nc + 1, -1);
    GENERAL_NAME_set0_value(tree->base, GEN_DNS, s);
    if (minmax) {
        tree->minimum = ASN1_INTEGER_new();
        ASN1_INTEGER_set_int64(tree->minimum, 1);
    }
    sk_GENERAL_SUBTREE_push(trees, tree);
    if (nc[0] == '+')
        all->permittedSubtrees = trees;
    else
        all->excludedSubtrees = trees;
    assert_int_equal(X509_add1_ext_i2d(cert, NID_name_constraints, all, 1, 0), 1);
    NAME_CONSTRAINTS_free(all);
}

static void add_unknown_critical(X509 *cert)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext;

    ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2);
    ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

/* Key usage with this bit alone (RFC 5280 4.2.1.3). */
static void set_usage(X509 *cert, int bit)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

    drop_ext(cert, NID_key_usage);
    ASN1_BIT_STRING_set_bit(bits, bit, 1);
    assert_int_equal(X509_add1_ext_i2d(cert, NID_key_usage, bits, 1, 0), 1);
    ASN1_BIT_STRING_free(bits);
}

/* A proxy certificate (RFC 3820): critical proxyCertInfo, no key usage of an authority. */
static void make_proxy(X509 *cert)
{
    PROXY_CERT_INFO_EXTENSION *pci = PROXY_CERT_INFO_EXTENSION_new();

    pci->proxyPolicy->policyLanguage = OBJ_nid2obj(NID_id_ppl_inheritAll);
    drop_ext(cert, NID_basic_constraints);
    assert_int_equal(X509_add1_ext_i2d(cert, NID_proxyCertInfo, pci, 1, 0), 1);
    PROXY_CERT_INFO_EXTENSION_free(pci);
}

/* Flips a bit of the signature. */
static void tamper(X509 *cert)
{
    const ASN1_BIT_STRING *sig;

    X509_get0_signature(&sig, NULL, cert);
    ((uint8_t *)(uintptr_t)ASN1_STRING_get0_data(sig))[ASN1_STRING_length(sig) - 1] ^= 1;
}

/* The PEM and the X509 again as a reader would get them, after the certificate was changed. */
static void renew(struct pgseal_minted *m)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p;
    long n;

    assert_int_equal(PEM_write_bio_X509(bio, m->cert), 1);
    n = BIO_get_mem_data(bio, &p);
    pgseal__free(m->cert_pem);
    m->cert_pem = pgseal__strndup(p, (size_t)n);
    X509_free(m->cert);
    m->cert = PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL);
    assert_non_null(m->cert);
    BIO_free(bio);
}

/* The curve in numbers instead of by its name. */
static void spell_out(struct pgseal_minted *m)
{
    assert_int_equal(EVP_PKEY_set_utf8_string_param(m->key, OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    assert_int_equal(X509_set_pubkey(m->cert, m->key), 1);
}

static void alter(const struct spec *s, struct pgseal_minted *m, const struct pgseal_minted *issuer)
{
    EVP_PKEY *key = issuer != NULL ? issuer->key : m->key;
    const EVP_MD *md = EVP_get_digestbyname(s->o.digest != NULL ? s->o.digest : "SHA256");

    if (s->noids) {
        drop_ext(m->cert, NID_subject_key_identifier);
        drop_ext(m->cert, NID_authority_key_identifier);
    }
    if (s->nc[0] != '\0')
        add_constraint(m->cert, s->nc, s->minmax);
    if (s->critical)
        add_unknown_critical(m->cert);
    if (s->nosign)
        set_usage(m->cert, 0); /* digitalSignature */
    if (s->nocrlsign)
        set_usage(m->cert, 5); /* keyCertSign */
    if (s->proxy)
        make_proxy(m->cert);
    /* No "Z" at the end: not a time of RFC 5280. */
    if (s->badfrom)
        ASN1_STRING_set(X509_getm_notBefore(m->cert), "270114080000", -1);
    if (s->badto)
        ASN1_STRING_set(X509_getm_notAfter(m->cert), "280114080000", -1);
    if (s->explicit_curve)
        spell_out(m);
    assert_true(X509_sign(m->cert, key, md) > 0);
    if (s->tamper)
        tamper(m->cert);
    renew(m);
}

/* A copy of another certificate with this one's key in it: what an altered file looks like. */
static void forge(struct pgseal_minted *m, const struct pgseal_minted *from)
{
    X509_free(m->cert);
    m->cert = X509_dup(from->cert);
    assert_int_equal(X509_set_pubkey(m->cert, m->key), 1);
    assert_true(i2d_re_X509_tbs(m->cert, NULL) > 0); /* forgets the copied encoding */
    renew(m);
}

/* As `openssl x509 -addreject serverAuth` writes it: a TRUSTED CERTIFICATE with a mark. */
static void reject(struct pgseal_minted *m)
{
    ASN1_OBJECT *use = OBJ_nid2obj(NID_server_auth);
    BIO *bio = BIO_new(BIO_s_mem());
    char *p;
    long n;

    assert_int_equal(X509_add1_reject_object(m->cert, use), 1);
    assert_int_equal(PEM_write_bio_X509_AUX(bio, m->cert), 1);
    n = BIO_get_mem_data(bio, &p);
    pgseal__free(m->cert_pem);
    m->cert_pem = pgseal__strndup(p, (size_t)n);
    BIO_free(bio);
}

static void make_cert(struct t_certs *pki, const struct spec *s, struct t_cert_item *item)
{
    const struct pgseal_minted *issuer =
        s->issuer[0] != '\0' ? t_certs_get(pki, s->issuer)->cert : NULL;
    struct pgseal_err err = {0};

    item->cert = pgseal_mint(&s->o, issuer, &err);
    if (item->cert == NULL)
        fail_msg("%s: %s %s", s->name, err.msg, err.detail);
    if (s->forge[0] != '\0')
        forge(item->cert, t_certs_get(pki, s->forge)->cert);
    else if (s->noids || s->nc[0] != '\0' || s->critical || s->nosign || s->nocrlsign ||
             s->tamper || s->proxy || s->badfrom || s->badto || s->explicit_curve)
        alter(s, item->cert, issuer);
    if (s->reject)
        reject(item->cert);
}

static void make_crl(struct t_certs *pki, const struct spec *s, struct t_cert_item *item)
{
    const struct pgseal_minted *issuer = t_certs_get(pki, s->issuer)->cert;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_new();
    BIO *bio = BIO_new(BIO_s_mem());
    const ASN1_BIT_STRING *sig;
    char *p;
    long n;

    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
    assert_true(pgseal__mint_time(t, s->o.not_before_unix_s));
    X509_CRL_set1_lastUpdate(crl, t);
    if (s->revoke[0] != '\0') {
        X509_REVOKED *r = X509_REVOKED_new();
        ASN1_ENUMERATED *why = ASN1_ENUMERATED_new();

        X509_REVOKED_set_serialNumber(
            r, X509_get_serialNumber(t_certs_get(pki, s->revoke)->cert->cert));
        X509_REVOKED_set_revocationDate(r, t);
        ASN1_ENUMERATED_set(why, CRL_REASON_KEY_COMPROMISE);
        X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, why, 0, 0);
        X509_CRL_add0_revoked(crl, r);
        ASN1_ENUMERATED_free(why);
    }
    assert_true(pgseal__mint_time(t, s->o.not_after_unix_s));
    X509_CRL_set1_nextUpdate(crl, t);
    ASN1_TIME_free(t);
    if (s->onlyca) {
        ISSUING_DIST_POINT *idp = ISSUING_DIST_POINT_new();

        idp->onlyCA = 0xff;
        assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, idp, 1, 0), 1);
        ISSUING_DIST_POINT_free(idp);
    }
    if (s->critical) {
        ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        X509_EXTENSION *ext;

        ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2);
        ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
        assert_int_equal(X509_CRL_add_ext(crl, ext, -1), 1);
        X509_EXTENSION_free(ext);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
    }
    assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    X509_CRL_get0_signature(crl, &sig, NULL);
    if (s->tamper)
        ((uint8_t *)(uintptr_t)ASN1_STRING_get0_data(sig))[ASN1_STRING_length(sig) - 1] ^= 1;
    assert_int_equal(PEM_write_bio_X509_CRL(bio, crl), 1);
    n = BIO_get_mem_data(bio, &p);
    item->crl_pem = pgseal__strndup(p, (size_t)n);
    item->crl = crl;
    BIO_free(bio);
}

void t_certs_line(struct t_certs *pki, const char *line)
{
    struct t_cert_item *item = &pki->items[pki->n];
    struct spec s;

    assert_true(pki->n < PGSEAL_COUNT(pki->items));
    read_spec(line, &s);
    memset(item, 0, sizeof(*item));
    snprintf(item->name, sizeof(item->name), "%s", s.name);
    if (strncmp(line, "crl ", 4) == 0)
        make_crl(pki, &s, item);
    else
        make_cert(pki, &s, item);
    pki->n++;
    ERR_clear_error();
}

int t_certs_lines(struct t_certs *pki, const char *const *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        t_certs_line(pki, lines[i]);
    return 0;
}

struct t_cert_item *t_certs_get(struct t_certs *pki, const char *name)
{
    for (size_t i = 0; i < pki->n; i++)
        if (strcmp(pki->items[i].name, name) == 0)
            return &pki->items[i];
    fail_msg("no certificate or CRL is called \"%s\"", name);
    return NULL;
}

const char *t_certs_pem(struct t_certs *pki, const char *name)
{
    const struct t_cert_item *item = t_certs_get(pki, name);

    return item->crl_pem != NULL ? item->crl_pem : pgseal_minted_cert_pem(item->cert);
}

void t_certs_done(struct t_certs *pki)
{
    for (size_t i = 0; i < pki->n; i++) {
        pgseal_minted_free(pki->items[i].cert);
        X509_CRL_free(pki->items[i].crl);
        pgseal__free(pki->items[i].crl_pem);
    }
    pki->n = 0;
}
