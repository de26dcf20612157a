/* SPDX-License-Identifier: PostgreSQL */
/* Own certificate and key: from memory, by the rules libpq and OpenSSL have for files. */
#include "tls_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ui.h>

#include <sys/stat.h>

#define PATH_CAP 1024 /* libpq's MAXPGPATH: longer names are cut there too */

/* What the password callback needs, and what it found. */
struct password {
    const char *text; /* NULL = none was given */
    bool asked, truncated;
};

/*
 * Never prompts. Without a password the answer is what psql gets where there is no terminal:
 * a failed dialogue, which OpenSSL words "processing error".
 */
static int give_password(char *buf, int size, int rwflag, void *arg)
{
    struct password *p = arg;
    size_t n;

    p->asked = true;
    if (p->text == NULL || p->text[0] == '\0') {
        ERR_raise(ERR_LIB_UI, UI_R_PROCESSING_ERROR);
        return -1;
    }
    n = strlen(p->text);
    if (n + 1 > (size_t)size) {
        p->truncated = true;
        n = (size_t)size - 1;
    }
    memcpy(buf, p->text, n);
    buf[n] = '\0';
    return (int)n;
}

/* The certificates behind the first one. 0, or -1 with OpenSSL's queue filled. */
static int use_rest(SSL_CTX *s, BIO *in, struct password *none)
{
    X509 *ca;
    unsigned long last;

    SSL_CTX_clear_chain_certs(s);
    while ((ca = PEM_read_bio_X509(in, NULL, give_password, none)) != NULL) {
        if (!SSL_CTX_add0_chain_cert(s, ca)) {
            X509_free(ca);
            return -1;
        }
    }
    last = ERR_peek_last_error();
    if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
        return -1;
    ERR_clear_error(); /* the end of the text */
    return 0;
}

/*
 * Own chain, leaf first, as SSL_CTX_use_certificate_chain_file() takes it: the first certificate
 * may be a trusted one; a key that was loaded before and does not fit is an error; so is anything
 * behind the last certificate that looks like PEM and is not. 0, or -1 with the queue filled.
 */
int pgseal__tls_use_chain(struct pgseal_tls_ctx *c, const void *pem, size_t n)
{
    struct password none = {0};
    X509 *leaf = NULL;
    BIO *in;
    int rc = -1;

    ERR_clear_error();
    in = BIO_new_mem_buf(n > 0 ? pem : "", (int)n);
    if (in == NULL)
        return -1;
    leaf = PEM_read_bio_X509_AUX(in, NULL, give_password, &none);
    if (leaf != NULL && SSL_CTX_use_certificate(c->ssl_ctx, leaf) == 1 && ERR_peek_error() == 0)
        rc = use_rest(c->ssl_ctx, in, &none);
    X509_free(leaf);
    BIO_free(in);
    return rc;
}

static int use_pkey(struct pgseal_tls_ctx *c, EVP_PKEY *key)
{
    int ok = key != NULL && SSL_CTX_use_PrivateKey(c->ssl_ctx, key) == 1;

    EVP_PKEY_free(key);
    return ok ? 0 : -1;
}

/*
 * Own key: PEM, then (for files of people) DER; when both fail the reason is PEM's, because a
 * wrong password is the likelier story. Fills `reason` on failure. What PEM left in OpenSSL's
 * queue when DER succeeded stays there, because libpq's next message repeats it.
 */
int pgseal__tls_use_key(struct pgseal_tls_ctx *c, const void *p, size_t n, const char *password,
                        bool der_too, unsigned long *reason)
{
    struct password pw = {.text = password};
    BIO *in = BIO_new_mem_buf(n > 0 ? p : "", (int)n);
    EVP_PKEY *key;
    int rc = -1;

    ERR_clear_error();
    if (in != NULL) {
        key = PEM_read_bio_PrivateKey(in, NULL, give_password, &pw);
        if (key == NULL)
            ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB);
        rc = use_pkey(c, key);
        *reason = ERR_get_error();
    }
    BIO_free(in);
    if (rc < 0 && der_too && (in = BIO_new_mem_buf(n > 0 ? p : "", (int)n)) != NULL) {
        rc = use_pkey(c, d2i_PrivateKey_bio(in, NULL));
        BIO_free(in);
    }
    if (pw.truncated && pgseal__tls_ctx_warn(c, "WARNING: sslpassword truncated") < 0)
        return -1;
    return rc;
}

/* `given`, else `name` in the home directory, else "". Cut as libpq cuts it. */
static void choose(char out[PATH_CAP], const char *given, const struct pgseal_world *w,
                   const char *name)
{
    if (given != NULL && given[0] != '\0')
        snprintf(out, PATH_CAP, "%s", given);
    else if (w->home != NULL)
        snprintf(out, PATH_CAP, "%s/%s", w->home, name);
    else
        out[0] = '\0';
}

static int cert_fail(struct pgseal_err *err, const char *path, const char *verb, const char *why)
{
    pgseal__fail(err, PGSEAL_E_CLIENT_CERT, "could not %s certificate file \"%s\": %s", verb, path,
                 why);
    pgseal__detail(err, "This is the client's own certificate (sslcert), which is read even when "
                        "the server does not ask for one.");
    pgseal__hint(err, "Name a PEM file with the certificate first and its intermediates behind it "
                      "in sslcert, or add sslcertmode=disable to connect without one.");
    return PGSEAL_E_CLIENT_CERT;
}

/* 1 = loaded, 0 = there is none, < 0. */
static int load_cert(struct pgseal_tls_ctx *c, const struct pgseal_options *o,
                     const struct pgseal_world *w, struct pgseal_err *err)
{
    struct pgseal_file f = {0};
    char path[PATH_CAP], text[128];
    int rc = 1;

    choose(path, o->sslcert, w, ".postgresql/postgresql.crt");
    if (o->sslcertmode == PGSEAL_DISABLE || path[0] == '\0')
        return 0;
    w->read(w->ctx, path, &f);
    if (f.stat_sys == ENOENT || f.stat_sys == ENOTDIR) {
        rc = 0;
    } else if (f.stat_sys != 0) {
        rc = cert_fail(err, path, "open", pgseal__tls_sys_text(f.stat_sys, text, sizeof(text)));
    } else if (f.read_sys != 0 && f.kind != PGSEAL_FILE_DIRECTORY) {
        rc = cert_fail(err, path, "read", pgseal__tls_sys_text(f.read_sys, text, sizeof(text)));
    } else if (pgseal__tls_use_chain(c, f.data, f.len) < 0) { /* a directory reads as empty */
        rc = cert_fail(err, path, "read", pgseal__tls_reason(ERR_get_error(), text, sizeof(text)));
    }
    w->release(w->ctx, &f);
    return rc;
}

static int key_fail(struct pgseal_err *err, const char *detail, const char *hint)
{
    pgseal__detail(err, "%s", detail);
    pgseal__hint(err, "%s", hint);
    return PGSEAL_E_CLIENT_KEY;
}

/* The rules for the file itself. Root may own it group-readable, as for system-wide keys. */
static int check_key_file(const struct pgseal_file *f, const char *path, struct pgseal_err *err)
{
    uint32_t forbidden = f->uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    char text[128];

    if (f->stat_sys == ENOENT) {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY,
                     "certificate present, but not private key file \"%s\"", path);
        return key_fail(err, "A client certificate was found; it cannot be used without its key.",
                        "Name its key in sslkey, or add sslcertmode=disable.");
    }
    if (f->stat_sys != 0) {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "could not stat private key file \"%s\": %s", path,
                     pgseal__tls_sys_text(f->stat_sys, text, sizeof(text)));
        return key_fail(err, "The operating system does not let us look at it.",
                        "Check the name in sslkey and the permissions of its directories.");
    }
    if (f->kind != PGSEAL_FILE_REGULAR) {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "private key file \"%s\" is not a regular file",
                     path);
        return key_fail(err,
                        f->kind == PGSEAL_FILE_DIRECTORY ? "It is a directory."
                                                         : "It is a device, pipe or socket.",
                        "Name a file with the key in sslkey.");
    }
    if (f->mode & forbidden) {
        pgseal__fail(err, PGSEAL_E_CLIENT_KEY,
                     "private key file \"%s\" has group or world access; file must have "
                     "permissions u=rw (0600) or less if owned by the current user, or permissions "
                     "u=rw,g=r (0640) or less if owned by root",
                     path);
        pgseal__detail(err, "Its permissions are %04o and its owner is user %u.", f->mode & 07777,
                       f->uid);
        pgseal__hint(err, "chmod 600 %s", path);
        return PGSEAL_E_CLIENT_KEY;
    }
    return 0;
}

/* What a file that holds no usable key holds instead, and how to make a key of it. */
static void explain_content(struct pgseal_err *err, const struct pgseal_file *f, const char *path)
{
    const char *text = f->data != NULL ? (const char *)f->data : "";
    const uint8_t *p = f->data;
    X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)f->len);
    PKCS12 *p12;

    p = f->data;
    p12 = d2i_PKCS12(NULL, &p, (long)f->len);
    if (f->len == 0)
        pgseal__detail(err, "The file is empty.");
    else if (strstr(text, "-----BEGIN CERTIFICATE-----") != NULL)
        pgseal__detail(err, "The file holds a certificate and no private key.");
    else if (strstr(text, "-----BEGIN PUBLIC KEY-----") != NULL)
        pgseal__detail(err, "The file holds a public key.");
    else if (p12 != NULL)
        pgseal__detail(err, "The file is a PKCS#12 store; a PEM or DER key is needed.");
    else if (sig != NULL)
        pgseal__detail(err, "The file is an encrypted key in DER; encrypted keys must be PEM.");
    else
        pgseal__detail(err, "The file holds no key that OpenSSL reads, neither as PEM nor as DER.");
    if (p12 != NULL)
        pgseal__hint(err, "openssl pkcs12 -in %s -nocerts -nodes -out KEYFILE", path);
    else if (sig != NULL)
        pgseal__hint(err, "openssl pkcs8 -inform DER -in %s -out KEYFILE", path);
    else
        pgseal__hint(err, "Name the file with the private key of the certificate in sslkey.");
    PKCS12_free(p12);
    X509_SIG_free(sig);
}

/* Explains why a key could not be loaded. The text above is libpq's. */
static void explain_key(struct pgseal_err *err, unsigned long reason, const char *password,
                        const struct pgseal_file *f, const char *path)
{
    int lib = ERR_GET_LIB(reason), why = ERR_GET_REASON(reason);

    if (lib == ERR_LIB_UI) {
        pgseal__detail(err, "The key is encrypted and no password was given.");
        pgseal__hint(err,
                     "Add sslpassword=... to the connection string, or decrypt the key: "
                     "openssl pkey -in %s -out KEYFILE",
                     path);
    } else if (lib == ERR_LIB_X509 && why == X509_R_KEY_VALUES_MISMATCH) {
        pgseal__detail(err, "The key is readable but belongs to another certificate.");
        pgseal__hint(err,
                     "Compare them: openssl x509 -in SSLCERT -noout -pubkey; "
                     "openssl pkey -in %s -pubout",
                     path);
    } else if (password != NULL && f->data != NULL &&
               strstr((const char *)f->data, "ENCRYPTED") != NULL) {
        pgseal__detail(err, "The key is encrypted; sslpassword does not decrypt it.%s",
                       strlen(password) > 1023 ? " OpenSSL takes its first 1023 bytes only." : "");
        pgseal__hint(err, "Check sslpassword: openssl pkey -in %s -noout", path);
    } else {
        explain_content(err, f, path);
    }
}

static int load_key_file(struct pgseal_tls_ctx *c, const char *path, const char *password,
                         const struct pgseal_world *w, struct pgseal_err *err)
{
    struct pgseal_file f = {0};
    unsigned long reason = 0;
    char text[128];
    int rc;

    w->read(w->ctx, path, &f);
    rc = check_key_file(&f, path, err);
    if (rc == 0 && f.read_sys != 0) {
        rc = pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "could not load private key file \"%s\": %s",
                          path, pgseal__tls_sys_text(f.read_sys, text, sizeof(text)));
        key_fail(err, "The file exists and cannot be read.",
                 "Run as its owner, or change the owner.");
    } else if (rc == 0 && pgseal__tls_use_key(c, f.data, f.len, password, true, &reason) < 0) {
        rc = pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "could not load private key file \"%s\": %s",
                          path, pgseal__tls_reason(reason, text, sizeof(text)));
        explain_key(err, reason, password, &f, path);
        if (err != NULL)
            err->ossl = reason;
    }
    w->release(w->ctx, &f);
    return rc;
}

/*
 * The client's certificate and key, as the second half of libpq's initialize_SSL. A colon in
 * sslkey means "engine:key" there; engines load code from outside and are refused here.
 */
int pgseal__tls_client_identity(struct pgseal_tls_ctx *c, const struct pgseal_options *o,
                                const struct pgseal_world *w, struct pgseal_err *err)
{
    char path[PATH_CAP], text[128];
    int rc = load_cert(c, o, w, err);

    if (rc <= 0)
        return rc;
    if (o->sslkey != NULL && strchr(o->sslkey, ':') != NULL) {
        pgseal__fail(err, PGSEAL_E_UNSUPPORTED,
                     "sslkey \"%s\" names a key in an OpenSSL engine, which pgseal does not load",
                     o->sslkey);
        pgseal__hint(err, "Name a key file without a colon in sslkey.");
        return PGSEAL_E_UNSUPPORTED;
    }
    choose(path, o->sslkey, w, ".postgresql/postgresql.key");
    if (path[0] != '\0') {
        rc = load_key_file(c, path, o->sslpassword, w, err);
        if (rc < 0)
            return rc;
    }
    if (SSL_CTX_check_private_key(c->ssl_ctx) == 1)
        return 0;
    pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "certificate does not match private key file \"%s\": %s",
                 path, pgseal__tls_reason(ERR_get_error(), text, sizeof(text)));
    if (path[0] == '\0')
        return key_fail(err,
                        "A client certificate was found; its key would be looked for in the "
                        "home directory, which is unknown.",
                        "Name its key in sslkey, or add sslcertmode=disable.");
    return key_fail(err, "The key is of another kind (RSA, EC, ...) than the certificate.",
                    "Name the key of this certificate in sslkey.");
}
