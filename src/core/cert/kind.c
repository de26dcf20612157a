/* SPDX-License-Identifier: PostgreSQL */
/* Recognises what people have in place of a PEM file: error pages, keystores, other encodings. */
#include "bundle_int.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>

#define AGAIN "Download it again, with curl --fail so that an error page is not saved"

static bool starts(const uint8_t *p, size_t n, const char *what, size_t len)
{
    return n >= len && memcmp(p, what, len) == 0;
}
#define STARTS(p, n, literal) starts(p, n, literal, sizeof(literal) - 1)

static void is(struct pgseal__bundle *b, const char *whole, const char *sentence, const char *fix)
{
    b->whole = whole;
    pgseal__format(b->sentence, sizeof(b->sentence), "%s", sentence);
    pgseal__format(b->fix, sizeof(b->fix), "%s", fix);
}

/* Letters of ASCII compared without case. */
static bool starts_word(const uint8_t *p, size_t n, const char *word)
{
    for (; *word != '\0'; p++, n--, word++)
        if (n == 0 || (*p | 0x20) != (*word | 0x20))
            return false;
    return true;
}

/* The text between <tag> and </, escaped; "" when there is none. */
static void element(const uint8_t *p, size_t n, const char *tag, char *out, size_t cap)
{
    const uint8_t *at = memmem(p, n, tag, strlen(tag));
    const uint8_t *end;

    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(tag);
    end = memchr(at, '<', (size_t)(p + n - at));
    if (end != NULL)
        pgseal__escape(out, cap, at, (size_t)(end - at), 100);
}

static bool is_markup(const uint8_t *p, size_t n, struct pgseal__bundle *b)
{
    char code[420] = "";
    char text[420] = "";

    if (n == 0 || p[0] != '<')
        return false;
    if (starts_word(p, n, "<!doctype html") || starts_word(p, n, "<html")) {
        element(p, n, "<title>", text, sizeof(text));
        is(b, "html", "The file is an HTML page, not PEM", AGAIN ".");
        pgseal__append(b->sentence, sizeof(b->sentence), text[0] != '\0' ? ": \"%s\"." : ".%s",
                       text);
        return true;
    }
    element(p, n, "<Code>", code, sizeof(code));
    element(p, n, "<Message>", text, sizeof(text));
    is(b, "xml",
       code[0] != '\0' ? "The file is an S3 error page (XML), not PEM"
                       : "The file is XML, "
                         "not PEM",
       AGAIN "; the address of the old rds-combined-ca-bundle.pem no longer works. For Amazon RDS: "
             "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem");
    if (code[0] != '\0')
        pgseal__append(b->sentence, sizeof(b->sentence), ": %s (%s).", code, text);
    else
        pgseal__append(b->sentence, sizeof(b->sentence), ".");
    return true;
}

static int pkcs7_certs(PKCS7 *p7)
{
    STACK_OF(X509) *certs = NULL;

    if (OBJ_obj2nid(p7->type) == NID_pkcs7_signed && p7->d.sign != NULL)
        certs = p7->d.sign->cert;
    return certs != NULL ? sk_X509_num(certs) : 0;
}

static bool is_pkcs7(const uint8_t *p, size_t n, struct pgseal__bundle *b)
{
    const uint8_t *at = p;
    PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)n);

    if (p7 == NULL)
        return false;
    is(b, "pkcs7", "",
       "Turn it into PEM: openssl pkcs7 -inform der -print_certs -in FILE -out "
       "new.pem");
    pgseal__format(b->sentence, sizeof(b->sentence),
                   "The file is a PKCS#7 container (DER, usually .p7b) with %d certificate%s, "
                   "not PEM.",
                   pkcs7_certs(p7), pkcs7_certs(p7) == 1 ? "" : "s");
    PKCS7_free(p7);
    return true;
}

/* A SEQUENCE from the first to the last byte: some DER. */
static bool is_der(const uint8_t *p, size_t n, struct pgseal__bundle *b)
{
    const uint8_t *at = p;
    X509 *cert;
    X509_CRL *crl;
    PKCS12 *p12;
    EVP_PKEY *key;
    X509_REQ *req;
    char name[300];

    if (n < 16 || n > INT32_MAX || p[0] != 0x30 ||
        (p[1] != 0x80 && p[1] != 0x81 && p[1] != 0x82 && p[1] != 0x83 && p[1] != n - 2))
        return false;
    if ((cert = d2i_X509(NULL, &at, (long)n)) != NULL) {
        pgseal__name_short(X509_get_subject_name(cert), name, sizeof(name));
        is(b, "der certificate", "",
           "Turn it into PEM: openssl x509 -inform der -in FILE -out new.pem");
        pgseal__format(b->sentence, sizeof(b->sentence),
                       "The file is the certificate \"%s\" in DER (binary), not PEM.", name);
        X509_free(cert);
        return true;
    }
    if (is_pkcs7(p, n, b))
        return true;
    at = p;
    if ((p12 = d2i_PKCS12(NULL, &at, (long)n)) != NULL) {
        is(b, "pkcs12", "The file is a PKCS#12 keystore (.p12, .pfx), not PEM.",
           "Export its authorities as PEM: openssl pkcs12 -in FILE -cacerts -nokeys -out new.pem");
        PKCS12_free(p12);
        return true;
    }
    at = p;
    if ((crl = d2i_X509_CRL(NULL, &at, (long)n)) != NULL) {
        is(b, "der crl", "The file is a CRL in DER (binary), not PEM.",
           "Turn it into PEM: openssl crl -inform der -in FILE -out new.crl");
        X509_CRL_free(crl);
        return true;
    }
    at = p;
    if ((key = d2i_AutoPrivateKey(NULL, &at, (long)n)) != NULL) {
        is(b, "der private key", "The file is a private key in DER (binary).",
           "Name a PEM file of root certificates; a private key belongs to sslkey.");
        EVP_PKEY_free(key);
        return true;
    }
    at = p;
    if ((req = d2i_X509_REQ(NULL, &at, (long)n)) != NULL) {
        is(b, "der csr", "The file is a certificate signing request in DER (binary).",
           "A certificate signing request is a question, not a certificate: name the authority's "
           "root certificate.");
        X509_REQ_free(req);
        return true;
    }
    is(b, "der", "The file is binary (DER), but no certificate.",
       "Name a PEM file of root certificates.");
    return true;
}

static bool is_binary(const uint8_t *p, size_t n, struct pgseal__bundle *b)
{
    if (STARTS(p, n, "\0GITCRYPT\0"))
        is(b, "git-crypt", "The file is still encrypted by git-crypt.",
           "Unlock the repository it comes from: git-crypt unlock");
    else if (STARTS(p, n, "\xff\xfe") || STARTS(p, n, "\xfe\xff"))
        is(b, "utf-16",
           "The file is text in UTF-16, as Windows PowerShell writes it; PEM is ASCII.",
           "Convert it: iconv -f UTF-16 -t UTF-8 FILE > new.pem");
    else if (STARTS(p, n, "\xfe\xed\xfe\xed"))
        is(b, "jks", "The file is a Java keystore (JKS), not PEM.",
           "Export each authority as PEM: keytool -exportcert -rfc -keystore FILE -alias NAME");
    else if (STARTS(p, n, "\x1f\x8b"))
        is(b, "gzip", "The file is compressed (gzip).", "Unpack it: gzip -dc FILE > new.pem");
    else if (STARTS(p, n, "PK\x03\x04"))
        is(b, "zip", "The file is a ZIP archive.", "Unpack it: unzip FILE");
    else
        return false;
    return true;
}

static bool is_text(const uint8_t *p, size_t n, struct pgseal__bundle *b)
{
    const uint8_t *nl;
    char line[260];

    if (memmem(p, n, "-----\\n", 7) != NULL && memchr(p, 0, n) == NULL &&
        memchr(p, '\n', n > 200 ? 200 : n) == NULL) {
        is(b, "escaped",
           "The file is PEM whose line ends are written as \\n, as in JSON or in a "
           "variable of the environment.",
           "Write real line ends: printf '%b' \"$(cat FILE)\" > new.pem");
        return true;
    }
    if (memmem(p, n, "-----BEGIN ", 11) != NULL) {
        if (memchr(p, '\n', n) != NULL || memchr(p, '\r', n) == NULL)
            return false;
        is(b, "cr", "The file is PEM whose lines end in CR alone, as on old Macs.",
           "Write other line ends: tr '\\r' '\\n' < FILE > new.pem");
        return true;
    }
    if (STARTS(p, n, "LS0tLS1CRUdJTi")) {
        is(b, "base64", "The file is PEM encoded once more in base64, as in a Kubernetes secret.",
           "Decode it: base64 -d FILE > new.pem");
        return true;
    }
    if (STARTS(p, n, "version https://git-lfs")) {
        is(b, "git-lfs", "The file is a Git LFS pointer, not the file itself.",
           "Fetch the file: git lfs pull");
        return true;
    }
    if (memchr(p, 0, n) != NULL) {
        is(b, "binary", "The file is binary and of no known kind.",
           "Name a PEM file of root certificates.");
        return true;
    }
    nl = memchr(p, '\n', n);
    pgseal__escape(line, sizeof(line), p, nl != NULL ? (size_t)(nl - p) : n, 60);
    is(b, "text", "",
       AGAIN ", or name another file: a PEM file has lines -----BEGIN "
             "CERTIFICATE-----.");
    pgseal__format(b->sentence, sizeof(b->sentence),
                   "The file has %zu bytes of text, beginning \"%s\", and no PEM block.", n, line);
    return true;
}

bool pgseal__file_kind(const uint8_t *p, size_t n, struct pgseal__bundle *b)
{
    const uint8_t *text = p;
    size_t left = n;
    bool known;

    if (p == NULL) {
        is(b, "directory", "It is a directory, or cannot be read.",
           "Name a file with root certificates in PEM.");
        return true;
    }
    if (STARTS(text, left, "\xef\xbb\xbf")) {
        text += 3;
        left -= 3;
    }
    while (left > 0 && pgseal__is_space((char)*text)) {
        text++;
        left--;
    }
    if (left == 0) {
        is(b, "empty", n == 0 ? "The file is empty." : "The file has only blanks.", AGAIN ".");
        return true;
    }
    known =
        is_binary(p, n, b) || is_markup(text, left, b) || is_der(p, n, b) || is_text(text, left, b);
    ERR_clear_error();
    return known;
}
