/* SPDX-License-Identifier: PostgreSQL */
/* What a certificate says, as plain values: names, validity, key, signature; and what verified. */
#include "cert_int.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <inttypes.h>

/* Days since 1970-01-01 of a day in the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int pgseal__asn1_time(const ASN1_TIME *t, int64_t *unix_s)
{
    struct tm tm = {0};

    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return -1;
    *unix_s = days_of(tm.tm_year + INT64_C(1900), tm.tm_mon + 1, tm.tm_mday) * 86400 +
              tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    return 0;
}

const char *pgseal__span(char out[40], int64_t seconds)
{
    static const struct {
        int64_t unit;
        const char *one, *many;
    } units[] = {{86400, "day", "days"}, {3600, "hour", "hours"}, {60, "minute", "minutes"}};
    uint64_t s = seconds < 0 ? 0 - (uint64_t)seconds : (uint64_t)seconds;

    for (size_t i = 0; i < PGSEAL_COUNT(units); i++) {
        uint64_t n = s / (uint64_t)units[i].unit;

        if (n > 0) {
            pgseal__format(out, 40, "%" PRIu64 " %s", n, n == 1 ? units[i].one : units[i].many);
            return out;
        }
    }
    pgseal__format(out, 40, "%" PRIu64 " second%s", s, s == 1 ? "" : "s");
    return out;
}

/* One "CN=value" behind what is in out; what has a meaning in RFC 2253 gets a backslash. */
static void add_entry(const X509_NAME_ENTRY *entry, char *out, size_t cap)
{
    int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    uint8_t *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    char type[80];
    char value[600];
    char quoted[1200];
    size_t used = 0;

    if (nid != NID_undef)
        pgseal__format(type, sizeof(type), "%s", OBJ_nid2sn(nid));
    else
        OBJ_obj2txt(type, sizeof(type), X509_NAME_ENTRY_get_object(entry), 1);
    pgseal__escape(value, sizeof(value), utf8, n > 0 ? (size_t)n : 0, 512);
    for (const char *p = value; *p != '\0'; p++) {
        if (strchr(",+\"<>;", *p) != NULL)
            quoted[used++] = '\\';
        quoted[used++] = *p;
    }
    quoted[used] = '\0';
    pgseal__append(out, cap, "%s%s=%s", out[0] != '\0' ? ", " : "", type, quoted);
    OPENSSL_free(utf8);
    ERR_clear_error();
}

void pgseal__name_text(const X509_NAME *name, char *out, size_t cap)
{
    int cn = name != NULL ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;

    out[0] = '\0';
    if (name == NULL)
        return;
    if (cn >= 0)
        add_entry(X509_NAME_get_entry(name, cn), out, cap);
    for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--)
        if (i != cn)
            add_entry(X509_NAME_get_entry(name, i), out, cap);
}

void pgseal__name_short(const X509_NAME *name, char *out, size_t cap)
{
    int cn = name != NULL ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;

    out[0] = '\0';
    if (cn >= 0)
        add_entry(X509_NAME_get_entry(name, cn), out, cap);
    else
        pgseal__name_text(name, out, cap);
    if (out[0] == '\0')
        pgseal__format(out, cap, "(no name)");
}

static void hex(const uint8_t *p, size_t n, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        pgseal__append(out, cap, "%02x", p[i]);
}

void pgseal__fingerprint(const X509 *cert, char out[65])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (X509_digest(cert, EVP_sha256(), md, &n) != 1)
        n = 0;
    hex(md, n, out, 65);
}

void pgseal__key_text(EVP_PKEY *key, char *out, size_t cap)
{
    static const struct {
        const char *group, *shown;
    } curves[] = {{"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};
    const char *type;
    char group[64] = "";

    if (key == NULL) {
        pgseal__format(out, cap, "unknown");
        return;
    }
    type = EVP_PKEY_get0_type_name(key);
    if (type == NULL)
        type = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
    if (EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1) {
        for (size_t i = 0; i < PGSEAL_COUNT(curves); i++)
            if (strcmp(group, curves[i].group) == 0)
                pgseal__format(group, sizeof(group), "%s", curves[i].shown);
        pgseal__format(out, cap, "EC %s", group);
    } else if (EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1) {
        pgseal__format(out, cap, "%s", type);
    } else {
        pgseal__format(out, cap, "%s %d", type != NULL ? type : "unknown", EVP_PKEY_get_bits(key));
    }
    ERR_clear_error();
}

void pgseal__serial_text(const X509 *cert, char *out, size_t cap)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

    hex(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), out, cap);
}

int pgseal__cert_describe(X509 *cert, struct pgseal_cert_info *out)
{
    memset(out, 0, sizeof(*out));
    pgseal__name_text(X509_get_subject_name(cert), out->subject, sizeof(out->subject));
    pgseal__name_text(X509_get_issuer_name(cert), out->issuer, sizeof(out->issuer));
    pgseal__names_text(cert, out->names, sizeof(out->names));
    pgseal__serial_text(cert, out->serial, sizeof(out->serial));
    pgseal__fingerprint(cert, out->sha256);
    pgseal__key_text(X509_get0_pubkey(cert), out->key, sizeof(out->key));
    pgseal__format(out->sig_alg, sizeof(out->sig_alg), "%s",
                   OBJ_nid2ln(X509_get_signature_nid(cert)));
    pgseal__asn1_time(X509_get0_notBefore(cert), &out->not_before_unix_s);
    pgseal__asn1_time(X509_get0_notAfter(cert), &out->not_after_unix_s);
    out->is_ca = X509_check_ca(cert) > 0;
    out->self_issued = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
    ERR_clear_error();
    return 0;
}

int pgseal_cert_describe(const uint8_t *der, size_t n, struct pgseal_cert_info *out,
                         struct pgseal_err *err)
{
    const uint8_t *p = der;
    X509 *cert = n <= INT32_MAX ? d2i_X509(NULL, &p, (long)n) : NULL;
    int rc;

    if (cert == NULL) {
        ERR_clear_error();
        return pgseal__fail(err, PGSEAL_E_CERT, "certificate of %zu bytes cannot be parsed", n);
    }
    rc = pgseal__cert_describe(cert, out);
    X509_free(cert);
    return rc;
}

void pgseal__cert_verified(const struct pgseal_trust *t, STACK_OF(X509) * chain,
                           struct pgseal_verified *out)
{
    int n = chain != NULL ? sk_X509_num(chain) : 0;
    const char *file;

    memset(out, 0, sizeof(*out));
    if (n == 0)
        return;
    out->chain = true;
    out->revocation = t != NULL && t->check_crls;
    pgseal__cert_describe(sk_X509_value(chain, n - 1), &out->root);
    if (t != NULL && pgseal__trust_where(t, sk_X509_value(chain, n - 1), &file, &out->root_line))
        pgseal__format(out->root_file, sizeof(out->root_file), "%s", file);
    for (int i = 0; i < n; i++) {
        int64_t end = 0;

        if (pgseal__asn1_time(X509_get0_notAfter(sk_X509_value(chain, i)), &end) < 0)
            continue;
        if (i == 0 || end < out->until_unix_s) {
            out->until_unix_s = end;
            out->until_depth = i;
        }
    }
}

void pgseal__cert_path(const struct pgseal_trust *t, STACK_OF(X509) * chain,
                       struct pgseal_path *out)
{
    int n = chain != NULL ? sk_X509_num(chain) : 0;

    memset(out, 0, sizeof(*out));
    pgseal__cert_verified(t, chain, &out->verified);
    out->n = (size_t)n;
    for (int i = 0; i < n && i < PGSEAL_PATH_MAX; i++)
        pgseal__cert_describe(sk_X509_value(chain, i), &out->cert[i]);
}
