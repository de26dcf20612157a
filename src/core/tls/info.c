/* SPDX-License-Identifier: PostgreSQL */
/* What a finished handshake agreed on, as plain values. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>
#include <openssl/objects.h>

static const char *group_name(SSL *ssl, int nid)
{
    switch (nid) {
    case NID_X9_62_prime256v1:
        return "P-256";
    case NID_secp384r1:
        return "P-384";
    case NID_secp521r1:
        return "P-521";
    case NID_X25519:
        return "X25519";
    case NID_X448:
        return "X448";
    default: {
        const char *name = SSL_group_to_name(ssl, nid);

        return name != NULL ? name : "";
    }
    }
}

static void fill_group(SSL *ssl, char *out, size_t cap)
{
    int nid = (int)SSL_get_negotiated_group(ssl);
    const SSL_CIPHER *c = SSL_get_current_cipher(ssl);
    EVP_PKEY *key = NULL;

    if (nid > 0) {
        pgseal__format(out, cap, "%s", group_name(ssl, nid));
    } else if (c != NULL && SSL_CIPHER_get_kx_nid(c) == NID_kx_rsa) {
        pgseal__format(out, cap, "RSA");
    } else if (SSL_get_peer_tmp_key(ssl, &key) == 1) {
        pgseal__format(out, cap, "DHE %d", EVP_PKEY_get_bits(key));
        EVP_PKEY_free(key);
    }
}

static void fill_names(SSL *ssl, struct pgseal_tls_facts *f)
{
    const unsigned char *alpn;
    unsigned int n;
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    SSL_get0_alpn_selected(ssl, &alpn, &n);
    if (alpn != NULL)
        pgseal__escape(f->alpn, sizeof(f->alpn), alpn, n, sizeof(f->alpn));
    if (sni != NULL)
        pgseal__escape(f->sni, sizeof(f->sni), sni, strlen(sni), sizeof(f->sni));
}

static void fill_peer(const struct pgseal_tls *t, struct pgseal_tls_facts *f)
{
    X509 *peer = SSL_get0_peer_certificate(t->ssl);
    STACK_OF(X509) *sent = SSL_get_peer_cert_chain(t->ssl);
    STACK_OF(X509) *verified = SSL_get0_verified_chain(t->ssl);

    if (peer == NULL)
        return;
    f->has_peer = pgseal__cert_describe(peer, &f->peer) == 0;
    f->chain_len = sent != NULL ? sk_X509_num(sent) : 0;
    if (t->ctx->server) /* OpenSSL keeps the client's own certificate beside the chain */
        f->chain_len++;
    if (t->ctx->verify && SSL_get_verify_result(t->ssl) == X509_V_OK && verified != NULL)
        pgseal__cert_verified(t->ctx->trust, verified, &f->verified);
    f->verified.name = t->name_ok && f->verified.chain;
}

int pgseal_tls_facts(const struct pgseal_tls *t, struct pgseal_tls_facts *out,
                     struct pgseal_err *err)
{
    struct pgseal_tls_facts f = {0};

    if (t->phase != TLS_OPEN && !(t->phase == TLS_FAILED && SSL_is_init_finished(t->ssl)))
        return pgseal__fail(err, PGSEAL_E_USAGE, "the handshake is not complete");
    ERR_clear_error();
    pgseal__format(f.version, sizeof(f.version), "%s", SSL_get_version(t->ssl));
    pgseal__format(f.cipher, sizeof(f.cipher), "%s", SSL_get_cipher_name(t->ssl));
    f.bits = SSL_get_cipher_bits(t->ssl, NULL);
    fill_group(t->ssl, f.group, sizeof(f.group));
    fill_names(t->ssl, &f);
    f.resumed = SSL_session_reused(t->ssl) == 1;
    f.cert_requested = !t->ctx->server && t->seen.cert_request;
    f.cert_sent = t->seen.own_cert_sent;
    fill_peer(t, &f);
    ERR_clear_error();
    *out = f;
    return 0;
}

const uint8_t *pgseal_tls_peer_der(const struct pgseal_tls *t, size_t *n)
{
    *n = t->peer_der_len;
    return t->peer_der;
}
