/* SPDX-License-Identifier: PostgreSQL */
/* libpq's rules for host names in certificates, with all their oddities, and what to do. */
#include "cert_int.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#define SHOWN_MAX 1024

/* One comparison of all names of a certificate with one host. */
struct check {
    const char *host;
    int examined;          /* names looked at so far */
    char first[SHOWN_MAX]; /* the first of them */
    struct pgseal_err *err;
};

/* fe-secure-openssl.c, is_ip_address: whatever inet_aton takes is an address, "1" too. */
static bool is_address(const char *host)
{
    struct in_addr a4;
    struct in6_addr a6;

    return inet_aton(host, &a4) != 0 || inet_pton(AF_INET6, host, &a6) == 1;
}

/*
 * fe-secure-common.c, wildcard_certificate_match. "*.x" stands for one label; the comparison of the
 * first dot lets an empty second label through ("a..x" matches), as libpq does.
 */
static bool wildcard_match(const char *pattern, const char *host)
{
    size_t n_pattern = strlen(pattern);
    size_t n_host = strlen(host);

    if (n_pattern < 3 || pattern[0] != '*' || pattern[1] != '.' || n_pattern > n_host)
        return false;
    if (pgseal__strcasecmp(pattern + 1, host + n_host - n_pattern + 1) != 0)
        return false;
    return strchr(host, '.') >= host + n_host - n_pattern;
}

static void remember(struct check *c, const void *name, size_t n)
{
    if (c->examined == 1)
        pgseal__escape(c->first, sizeof(c->first), name, n, SHOWN_MAX / 4);
}

/* 1 match, 0 none, < 0 error. fe-secure-common.c, pq_verify_peer_name_matches_certificate_name. */
static int check_name(struct check *c, const ASN1_STRING *entry)
{
    const uint8_t *p = entry != NULL ? ASN1_STRING_get0_data(entry) : NULL;
    size_t n = entry != NULL ? (size_t)ASN1_STRING_length(entry) : 0;
    char *name;
    int match;

    c->examined++;
    if (entry == NULL)
        return pgseal__fail(c->err, PGSEAL_E_CERT_NAMES, "SSL certificate's name entry is missing");
    /* CVE-2009-4034. UTF-16 and UTF-32 names end up here too. */
    if (n > 0 && memchr(p, 0, n) != NULL) {
        char shown[SHOWN_MAX];

        pgseal__fail(c->err, PGSEAL_E_CERT_NAMES, "SSL certificate's name contains embedded null");
        pgseal__detail(c->err,
                       "The name \"%s\" in the server's certificate has a zero byte in it%s.",
                       pgseal__escape(shown, sizeof(shown), p, n, 128),
                       ASN1_STRING_type(entry) == V_ASN1_BMPSTRING ||
                               ASN1_STRING_type(entry) == V_ASN1_UNIVERSALSTRING
                           ? ", because it is encoded in two or four bytes per letter (BMPString)"
                           : "");
        pgseal__hint(c->err, "Have a certificate issued whose names are plain ASCII in the "
                             "subject alternative name extension.");
        return PGSEAL_E_CERT_NAMES;
    }
    name = pgseal__strndup((const char *)p, n);
    if (name == NULL)
        return pgseal__nomem(c->err);
    match = pgseal__strcasecmp(name, c->host) == 0 || wildcard_match(name, c->host);
    remember(c, name, n);
    pgseal__free(name);
    return match;
}

/* The longest run of zero words, none shorter than two. */
static void longest_zeros(const unsigned w[8], int *base, int *len)
{
    *base = -1;
    *len = 1;
    for (int i = 0, run = 0; i < 8; i++) {
        run = w[i] == 0 ? run + 1 : 0;
        if (run > *len) {
            *len = run;
            *base = i - run + 1;
        }
    }
}

/* src/port/inet_net_ntop.c: RFC 5952, and IPv4 inside of IPv6 with dots. */
void pgseal__address_text(const uint8_t *p, size_t n, char *out, size_t cap)
{
    unsigned w[8];
    int base;
    int len;

    if (n == 4) {
        pgseal__format(out, cap, "%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
        return;
    }
    if (n != 16) {
        pgseal__format(out, cap, "(%zu bytes)", n);
        return;
    }
    for (int i = 0; i < 8; i++)
        w[i] = pgseal__get16(p + 2 * i);
    longest_zeros(w, &base, &len);
    out[0] = '\0';
    for (int i = 0; i < 8; i++) {
        if (base >= 0 && i >= base && i < base + len) {
            if (i == base)
                pgseal__append(out, cap, ":");
            continue;
        }
        if (i != 0)
            pgseal__append(out, cap, ":");
        if (i == 6 && base == 0 && (len == 6 || (len == 5 && w[5] == 0xffff))) {
            pgseal__append(out, cap, "%d.%d.%d.%d", p[12], p[13], p[14], p[15]);
            return;
        }
        pgseal__append(out, cap, "%x", w[i]);
    }
    if (base >= 0 && base + len == 8)
        pgseal__append(out, cap, ":");
}

/* 1 match, 0 none, < 0 error. fe-secure-common.c, pq_verify_peer_name_matches_certificate_ip. */
static int check_address(struct check *c, const ASN1_OCTET_STRING *entry)
{
    const uint8_t *p = entry != NULL ? ASN1_STRING_get0_data(entry) : NULL;
    size_t n = entry != NULL ? (size_t)ASN1_STRING_length(entry) : 0;
    struct in_addr a4;
    struct in6_addr a6;
    int match = 0;
    char text[64];

    c->examined++;
    if (entry == NULL)
        return pgseal__fail(c->err, PGSEAL_E_CERT_NAMES,
                            "SSL certificate's address entry is missing");
    if (n == 4) {
        match = inet_aton(c->host, &a4) != 0 && memcmp(p, &a4.s_addr, 4) == 0;
    } else if (n == 16) {
        match = inet_pton(AF_INET6, c->host, &a6) == 1 && memcmp(p, &a6, 16) == 0;
    } else {
        pgseal__fail(c->err, PGSEAL_E_CERT_NAMES,
                     "certificate contains IP address with invalid length %zu", n);
        pgseal__detail(c->err, "An address in a certificate has 4 bytes (IPv4) or 16 (IPv6).%s",
                       n == 8 || n == 32 ? " This one has a network mask behind it, as a name "
                                           "constraint has."
                                         : "");
        pgseal__hint(c->err, "Have the server's certificate issued again with correct addresses.");
        return PGSEAL_E_CERT_NAMES;
    }
    pgseal__address_text(p, n, text, sizeof(text));
    remember(c, text, strlen(text));
    return match;
}

/*
 * The subject alternative names. NULL without them, and as libpq has it, also when they are
 * malformed or there twice; but not because memory was short, which would let the common name count
 * instead.
 */
static int get_sans(X509 *cert, GENERAL_NAMES **sans)
{
    unsigned long e;
    int crit = 0;

    ERR_clear_error();
    *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, &crit, NULL);
    if (*sans != NULL || crit < 0)
        return 0;
    while ((e = ERR_get_error()) != 0)
        if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
            return PGSEAL_E_NOMEM;
    *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL); /* it may not have said so */
    return 0;
}

/* fe-secure-openssl.c, pgtls_verify_peer_name_matches_certificate_guts. */
static int check_all(struct check *c, X509 *cert)
{
    GENERAL_NAMES *sans;
    int own_type = is_address(c->host) ? GEN_IPADD : GEN_DNS;
    bool use_cn = true;
    int rc = get_sans(cert, &sans);

    if (rc < 0)
        return pgseal__nomem(c->err);
    for (int i = 0; sans != NULL && rc == 0 && i < sk_GENERAL_NAME_num(sans); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);

        if (san->type == own_type)
            use_cn = false;
        if (san->type == GEN_DNS)
            rc = check_name(c, san->d.dNSName);
        else if (san->type == GEN_IPADD)
            rc = check_address(c, san->d.iPAddress);
    }
    GENERAL_NAMES_free(sans);
    ERR_clear_error();
    if (rc == 0 && use_cn) {
        const X509_NAME *subject = X509_get_subject_name(cert);
        int cn = subject != NULL ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;

        if (cn >= 0)
            rc = check_name(c, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, cn)));
    }
    return rc;
}

void pgseal__general_names_text(const GENERAL_NAMES *sans, char *out, size_t cap)
{
    out[0] = '\0';
    for (int i = 0; sans != NULL && i < sk_GENERAL_NAME_num(sans); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);
        const char *sep = out[0] != '\0' ? ", " : "";
        char text[SHOWN_MAX];

        if (san->type == GEN_DNS) {
            pgseal__escape(text, sizeof(text), ASN1_STRING_get0_data(san->d.dNSName),
                           (size_t)ASN1_STRING_length(san->d.dNSName), 253);
            pgseal__append(out, cap, "%sDNS:%s", sep, text);
        } else if (san->type == GEN_IPADD) {
            pgseal__address_text(ASN1_STRING_get0_data(san->d.iPAddress),
                                 (size_t)ASN1_STRING_length(san->d.iPAddress), text, sizeof(text));
            pgseal__append(out, cap, "%sIP:%s", sep, text);
        } else if (san->type == GEN_URI || san->type == GEN_EMAIL) {
            pgseal__escape(text, sizeof(text), ASN1_STRING_get0_data(san->d.ia5),
                           (size_t)ASN1_STRING_length(san->d.ia5), 253);
            pgseal__append(out, cap, "%s%s:%s", sep, san->type == GEN_URI ? "URI" : "email", text);
        }
    }
}

void pgseal__names_text(X509 *cert, char *out, size_t cap)
{
    GENERAL_NAMES *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    pgseal__general_names_text(sans, out, cap);
    GENERAL_NAMES_free(sans);
    ERR_clear_error();
}

int pgseal__cert_check_host(X509 *cert, const char *host, struct pgseal_err *err)
{
    struct check c = {.host = host, .err = err};
    int rc;

    if (host == NULL || host[0] == '\0') {
        pgseal__fail(err, PGSEAL_E_USAGE,
                     "host name must be specified for a verified SSL connection");
        pgseal__detail(err, "verify-full compares the certificate with the name in \"host\", and "
                            "there is none.");
        pgseal__hint(err, "Add host=NAME beside hostaddr: the name is verified, the address is "
                          "connected to.");
        return PGSEAL_E_USAGE;
    }
    rc = check_all(&c, cert);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (c.examined == 0) {
        pgseal__fail(err, PGSEAL_E_CERT_NAMES,
                     "could not get server's host name from server certificate");
        pgseal__detail(err, "The server's certificate has no DNS name, no address and no common "
                            "name.");
        pgseal__hint(err,
                     "Have a certificate issued that has DNS:%s among its subject alternative "
                     "names.",
                     host);
        return PGSEAL_E_CERT_NAMES;
    }
    if (c.examined > 1)
        pgseal__fail(err, PGSEAL_E_CERT_NAME,
                     c.examined == 2 ? "server certificate for \"%s\" (and %d other name) does "
                                       "not match host name \"%s\""
                                     : "server certificate for \"%s\" (and %d other names) does "
                                       "not match host name \"%s\"",
                     c.first, c.examined - 1, host);
    else
        pgseal__fail(err, PGSEAL_E_CERT_NAME,
                     "server certificate for \"%s\" does not match host name \"%s\"", c.first,
                     host);
    pgseal__name_hint(cert, host, err);
    return PGSEAL_E_CERT_NAME;
}

int pgseal_cert_match_host(const uint8_t *der, size_t n, const char *host, struct pgseal_err *err)
{
    const uint8_t *p = der;
    X509 *cert = n <= INT32_MAX ? d2i_X509(NULL, &p, (long)n) : NULL;
    int rc;

    if (cert == NULL) {
        ERR_clear_error();
        return pgseal__fail(err, PGSEAL_E_CERT, "certificate of %zu bytes cannot be parsed", n);
    }
    rc = pgseal__cert_check_host(cert, host, err);
    X509_free(cert);
    return rc;
}
