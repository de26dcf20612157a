/* SPDX-License-Identifier: PostgreSQL */
/* A PKCS#12 truststore that Java reads as trusted certificates. */
#include "export_int.h"

#include "core/base/base.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

/*
 * Without this attribute Java takes the certificates of a PKCS#12 file for the chain of a key that
 * is not there, and shows an empty store. Its value says for what: anything.
 * Source: OpenJDK sun.security.pkcs12.PKCS12KeyStore (TrustedKeyUsage_OID, AnyUsage).
 */
#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"

#define MAC_ITERATIONS 10000 /* as keytool of Java 17 */

/* As BMPString; what is beyond it goes in surrogates, as Java writes it. */
static bool add_name(PKCS12_SAFEBAG *bag, const char *alias)
{
    unsigned char *uni = NULL;
    int n = 0;
    bool ok = OPENSSL_utf82uni(alias, -1, &uni, &n) != NULL && n >= 2 &&
              PKCS12_add_friendlyname_uni(bag, uni, n - 2) == 1;

    OPENSSL_free(uni);
    return ok;
}

static PKCS12_SAFEBAG *bag_of(const struct ca_cert *c, const struct ca_alias *alias)
{
    PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create_cert(c->x509);
    ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);

    if (bag != NULL && add_name(bag, alias->text) &&
        PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT, (unsigned char *)any, -1) ==
            1)
        return bag;
    PKCS12_SAFEBAG_free(bag);
    return NULL;
}

int ca_export_p12(const struct ca_certs *l, const struct ca_alias *aliases, const char *password,
                  struct ca_bytes *out, struct pgseal_err *err)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    STACK_OF(PKCS7) *safes = NULL;
    PKCS12 *p12 = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bags != NULL && bio != NULL;
    int rc;

    for (size_t i = 0; i < l->n && ok; i++) {
        PKCS12_SAFEBAG *bag = bag_of(&l->v[i], &aliases[i]);

        ok = bag != NULL && sk_PKCS12_SAFEBAG_push(bags, bag) > 0;
        if (!ok)
            PKCS12_SAFEBAG_free(bag);
    }
    /* -1: certificates are public; encrypting them would only shut out readers of other ciphers. */
    ok = ok && PKCS12_add_safe(&safes, bags, -1, 0, NULL) == 1;
    if (ok)
        p12 = PKCS12_add_safes(safes, 0);
    ok = p12 != NULL &&
         PKCS12_set_mac(p12, password, -1, NULL, 0, MAC_ITERATIONS, EVP_sha256()) == 1 &&
         i2d_PKCS12_bio(bio, p12) == 1;
    rc = ok ? ca_bytes_add_bio(out, bio, err) : pgseal__nomem(err);
    PKCS12_free(p12);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    BIO_free(bio);
    ERR_clear_error();
    return rc;
}
