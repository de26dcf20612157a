/* SPDX-License-Identifier: PostgreSQL */
/* tls-server-end-point (RFC 5929 4.1): a hash of the server's certificate, chosen as libpq does. */
#include "tls_int.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* Says why there is no binding. Returns `code`. */
static int undefined(X509 *cert, struct pgseal_err *err, int code)
{
    pgseal__detail(err,
                   "The server's certificate is signed with %s, for which OpenSSL names no digest; "
                   "RFC 5929 leaves channel binding undefined then.",
                   cert != NULL ? OBJ_nid2ln(X509_get_signature_nid(cert)) : "nothing");
    pgseal__hint(err, "Add channel_binding=disable, or have the certificate signed by an RSA or "
                      "ECDSA key with SHA-256.");
    return code;
}

int pgseal_tls_binding(const struct pgseal_tls *t, uint8_t out[64], struct pgseal_err *err)
{
    const EVP_MD *md;
    X509 *cert;
    unsigned int n = 0;
    int nid = NID_undef;

    if (t->phase != TLS_OPEN)
        return pgseal__fail(err, PGSEAL_E_USAGE, "the handshake is not complete");
    cert = t->ctx->server ? SSL_get_certificate(t->ssl) : SSL_get0_peer_certificate(t->ssl);
    ERR_clear_error();
    if (cert == NULL || !X509_get_signature_info(cert, &nid, NULL, NULL, NULL)) {
        ERR_clear_error();
        return undefined(
            cert, err,
            pgseal__fail(err, PGSEAL_E_BINDING,
                         "could not determine server certificate signature algorithm"));
    }
    md = nid == NID_md5 || nid == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(nid);
    if (md == NULL) {
        ERR_clear_error();
        return undefined(cert, err,
                         pgseal__fail(err, PGSEAL_E_BINDING, "could not find digest for NID %s",
                                      OBJ_nid2sn(nid)));
    }
    if (!X509_digest(cert, md, out, &n) || n > 64) {
        ERR_clear_error();
        return pgseal__fail(err, PGSEAL_E_BINDING, "could not generate peer certificate hash");
    }
    return (int)n;
}
