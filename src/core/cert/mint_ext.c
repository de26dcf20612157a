/* SPDX-License-Identifier: PostgreSQL */
/* The extensions of a minted certificate: RFC 5280 4.2. */
#include "mint_int.h"

#include <openssl/x509v3.h>

#include <arpa/inet.h>

bool pgseal__mint_ext(X509 *cert, int nid, void *value, bool critical)
{
    return value != NULL && X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) == 1;
}

bool pgseal__mint_basic(X509 *cert, bool ca, int pathlen)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    bool ok = bc != NULL;

    if (ok)
        bc->ca = ca ? 0xff : 0;
    if (ok && ca && pathlen >= 0) {
        bc->pathlen = ASN1_INTEGER_new();
        ok = bc->pathlen != NULL && ASN1_INTEGER_set_int64(bc->pathlen, pathlen) == 1;
    }
    ok = ok && pgseal__mint_ext(cert, NID_basic_constraints, bc, true);
    BASIC_CONSTRAINTS_free(bc);
    return ok;
}

/* Bits of KeyUsage, RFC 5280 4.2.1.3. */
enum {
    KU_DIGITAL_SIGNATURE_BIT = 0,
    KU_KEY_ENCIPHERMENT_BIT = 2,
    KU_CERT_SIGN_BIT = 5,
    KU_CRL_BIT
};

bool pgseal__mint_usage(X509 *cert, bool ca, bool rsa)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool ok = bits != NULL;

    if (ca)
        ok = ok && ASN1_BIT_STRING_set_bit(bits, KU_CERT_SIGN_BIT, 1) == 1 &&
             ASN1_BIT_STRING_set_bit(bits, KU_CRL_BIT, 1) == 1;
    else
        ok = ok && ASN1_BIT_STRING_set_bit(bits, KU_DIGITAL_SIGNATURE_BIT, 1) == 1 &&
             (!rsa || ASN1_BIT_STRING_set_bit(bits, KU_KEY_ENCIPHERMENT_BIT, 1) == 1);
    ok = ok && pgseal__mint_ext(cert, NID_key_usage, bits, true);
    ASN1_BIT_STRING_free(bits);
    return ok;
}

bool pgseal__mint_eku(X509 *cert, const char *eku)
{
    EXTENDED_KEY_USAGE *uses;
    ASN1_OBJECT *use;
    bool ok;

    if (eku == NULL)
        return true;
    uses = EXTENDED_KEY_USAGE_new();
    use = OBJ_txt2obj(eku, 0);
    ok = uses != NULL && use != NULL && sk_ASN1_OBJECT_push(uses, use) > 0;
    if (!ok)
        ASN1_OBJECT_free(use);
    ok = ok && pgseal__mint_ext(cert, NID_ext_key_usage, uses, false);
    EXTENDED_KEY_USAGE_free(uses);
    return ok;
}

/* Bytes of an address, 4 or 16; 0 for what is none. */
static size_t address_of(const char *text, uint8_t out[16])
{
    return inet_pton(AF_INET, text, out) == 1 ? 4 : inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* "10.0.0.0/8" as address and mask, the form of a name constraint (RFC 5280 4.2.1.10): 8 or 32
 * bytes, or 0. Bits behind the mask must be zero, or the writer meant something else. */
static size_t range_of(const char *text, uint8_t out[32])
{
    const char *slash = strchr(text, '/');
    char address[64];
    char *end;
    unsigned long bits;
    size_t n;

    if (slash == NULL || slash - text >= (ptrdiff_t)sizeof(address) || slash[1] < '0' ||
        slash[1] > '9')
        return 0;
    pgseal__format(address, sizeof(address), "%.*s", (int)(slash - text), text);
    bits = strtoul(slash + 1, &end, 10);
    n = address_of(address, out);
    if (n == 0 || *end != '\0' || bits > n * 8)
        return 0;
    for (size_t i = 0; i < n; i++) {
        size_t left = bits > i * 8 ? bits - i * 8 : 0;

        out[n + i] = left >= 8 ? 0xff : (uint8_t)(0xff00 >> left);
        if ((out[i] & ~out[n + i]) != 0)
            return 0;
    }
    return 2 * n;
}

static GENERAL_NAME *name_of(int type, ASN1_STRING *s, const void *p, size_t n)
{
    GENERAL_NAME *name = GENERAL_NAME_new();

    if (name == NULL || s == NULL || ASN1_STRING_set(s, p, (int)n) != 1) {
        ASN1_STRING_free(s);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, type, s);
    return name;
}

static GENERAL_NAME *dns_name(const char *text)
{
    return name_of(GEN_DNS, ASN1_IA5STRING_new(), text, strlen(text));
}

static GENERAL_NAME *ip_name(const uint8_t *p, size_t n)
{
    return name_of(GEN_IPADD, ASN1_OCTET_STRING_new(), p, n);
}

bool pgseal__mint_san_known(const char *san)
{
    uint8_t address[16];

    return strncmp(san, "DNS:", 4) == 0 ||
           (strncmp(san, "IP:", 3) == 0 && address_of(san + 3, address) > 0);
}

bool pgseal__mint_permit_known(const char *permit)
{
    uint8_t range[32];

    return (strncmp(permit, "DNS:", 4) == 0 && permit[4] != '\0') ||
           (strncmp(permit, "IP:", 3) == 0 && range_of(permit + 3, range) > 0);
}

/* "DNS:x" or "IP:1.2.3.4" as a general name. */
static GENERAL_NAME *general_name(const char *san)
{
    uint8_t address[16];
    size_t n;

    if (strncmp(san, "DNS:", 4) == 0)
        return dns_name(san + 4);
    n = address_of(san + 3, address);
    return n > 0 ? ip_name(address, n) : NULL;
}

/* Takes the name. */
static bool add_subtree(STACK_OF(GENERAL_SUBTREE) * *trees, GENERAL_NAME *name)
{
    GENERAL_SUBTREE *tree = name != NULL ? GENERAL_SUBTREE_new() : NULL;

    if (tree != NULL) {
        GENERAL_NAME_free(tree->base);
        tree->base = name;
        name = NULL;
    }
    if (*trees == NULL)
        *trees = sk_GENERAL_SUBTREE_new_null();
    if (tree != NULL && *trees != NULL && sk_GENERAL_SUBTREE_push(*trees, tree) > 0)
        return true;
    GENERAL_SUBTREE_free(tree);
    GENERAL_NAME_free(name);
    return false;
}

bool pgseal__mint_permits(X509 *cert, const char *const *permit)
{
    static const uint8_t any[32];
    NAME_CONSTRAINTS *all;
    bool dns = false, ip = false, ok;

    if (permit == NULL || permit[0] == NULL)
        return true;
    all = NAME_CONSTRAINTS_new();
    ok = all != NULL;
    for (; ok && *permit != NULL; permit++) {
        uint8_t range[32];

        if (strncmp(*permit, "DNS:", 4) == 0) {
            dns = true;
            ok = add_subtree(&all->permittedSubtrees, dns_name(*permit + 4));
        } else {
            size_t n = range_of(*permit + 3, range);

            ip = true;
            ok = n > 0 && add_subtree(&all->permittedSubtrees, ip_name(range, n));
        }
    }
    /* A constraint says nothing of kinds it does not name: the others are shut out whole. */
    if (ok && !dns)
        ok = add_subtree(&all->excludedSubtrees, dns_name(""));
    if (ok && !ip)
        ok = add_subtree(&all->excludedSubtrees, ip_name(any, 8)) &&
             add_subtree(&all->excludedSubtrees, ip_name(any, 32));
    ok = ok && pgseal__mint_ext(cert, NID_name_constraints, all, true);
    NAME_CONSTRAINTS_free(all);
    return ok;
}

bool pgseal__mint_copied(X509 *cert, const X509 *like)
{
    static const int nids[] = {NID_key_usage, NID_ext_key_usage, NID_subject_alt_name,
                               NID_name_constraints};

    for (size_t i = 0; i < PGSEAL_COUNT(nids); i++) {
        int at = X509_get_ext_by_NID(like, nids[i], -1);

        if (at >= 0 && X509_add_ext(cert, X509_get_ext(like, at), -1) != 1)
            return false;
    }
    return true;
}

bool pgseal__mint_sans(X509 *cert, const char *const *sans)
{
    GENERAL_NAMES *names;
    bool ok = true;

    if (sans == NULL || sans[0] == NULL)
        return true;
    names = GENERAL_NAMES_new();
    for (; ok && names != NULL && *sans != NULL; sans++) {
        GENERAL_NAME *name = general_name(*sans);

        ok = name != NULL && sk_GENERAL_NAME_push(names, name) > 0;
        if (!ok)
            GENERAL_NAME_free(name);
    }
    ok = ok && pgseal__mint_ext(cert, NID_subject_alt_name, names,
                                X509_NAME_entry_count(X509_get_subject_name(cert)) == 0);
    GENERAL_NAMES_free(names);
    return ok;
}

/* SHA-1 of the public key (RFC 5280 4.2.1.2, method 1). */
static ASN1_OCTET_STRING *key_id(const X509 *cert)
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

    if (id == NULL || X509_pubkey_digest(cert, EVP_sha1(), md, &n) != 1 ||
        ASN1_OCTET_STRING_set(id, md, (int)n) != 1) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    return id;
}

bool pgseal__mint_key_ids(X509 *cert, const X509 *issuer)
{
    ASN1_OCTET_STRING *own = key_id(cert);
    AUTHORITY_KEYID *akid = AUTHORITY_KEYID_new();
    bool ok = own != NULL && akid != NULL &&
              pgseal__mint_ext(cert, NID_subject_key_identifier, own, false);

    if (ok) {
        akid->keyid = key_id(issuer);
        ok = akid->keyid != NULL &&
             pgseal__mint_ext(cert, NID_authority_key_identifier, akid, false);
    }
    AUTHORITY_KEYID_free(akid);
    ASN1_OCTET_STRING_free(own);
    return ok;
}
