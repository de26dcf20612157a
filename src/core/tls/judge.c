/* SPDX-License-Identifier: PostgreSQL */
/* A verdict on certificates at hand, as a handshake would give it; and what a peer sent. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

/*
 * Verifies as ssl_verify_cert_chain() of OpenSSL's ssl/ssl_cert.c does for a client: the same
 * store, level, purpose and parameters, in its order. `ssl` is there for what it inherited from the
 * context and openssl.cnf. Returns 1, or what X509_verify_cert() said.
 */
static int verify(SSL *ssl, X509_STORE_CTX *xs, STACK_OF(X509) * sent, int64_t now_unix_s)
{
    X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
    X509_VERIFY_PARAM *param;

    if (!X509_STORE_CTX_init(xs, store, sk_X509_value(sent, 0), sent))
        return -1;
    param = X509_STORE_CTX_get0_param(xs);
    X509_VERIFY_PARAM_set_auth_level(param, SSL_get_security_level(ssl));
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), (time_t)now_unix_s);
    if (!X509_STORE_CTX_set_default(xs, "ssl_server") ||
        !X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl)))
        return -1;
    return X509_verify_cert(xs);
}

static int refuse(const struct pgseal_tls_ctx *ctx, SSL *ssl, X509_STORE_CTX *xs,
                  int64_t now_unix_s, struct pgseal_err *err)
{
    struct tls_verdict v = {0};
    int rc;

    if (X509_STORE_CTX_get_error(xs) == X509_V_ERR_OUT_OF_MEM)
        return pgseal__nomem(err);
    pgseal__tls_verdict_keep(&v, xs);
    rc = pgseal__tls_fail_cert(ctx, &v, SSL_get_security_level(ssl), now_unix_s,
                               ERR_PACK(ERR_LIB_SSL, 0, SSL_R_CERTIFICATE_VERIFY_FAILED), err);
    pgseal__tls_verdict_done(&v);
    return rc;
}

int pgseal_tls_judge(struct pgseal_tls_ctx *ctx, const struct pgseal_chain *sent, const char *host,
                     int64_t now_unix_s, struct pgseal_path *path, struct pgseal_err *err)
{
    SSL *ssl;
    X509_STORE_CTX *xs;
    int rc;

    if (ctx->server || !ctx->verify || pgseal_chain_count(sent) == 0)
        return pgseal__fail(err, PGSEAL_E_USAGE,
                            "a verdict needs certificates and a client that verifies");
    ERR_clear_error();
    ssl = SSL_new(ctx->ssl_ctx);
    xs = X509_STORE_CTX_new();
    if (ssl == NULL || xs == NULL)
        rc = pgseal__nomem(err);
    else if (verify(ssl, xs, pgseal__chain_certs(sent), now_unix_s) == 1)
        rc = 0;
    else
        rc = refuse(ctx, ssl, xs, now_unix_s, err);
    if (rc == 0 && host != NULL)
        rc = pgseal__cert_check_host(X509_STORE_CTX_get0_cert(xs), host, err);
    if (rc == 0 && path != NULL) {
        pgseal__cert_path(ctx->trust, X509_STORE_CTX_get0_chain(xs), path);
        path->verified.name = host != NULL;
    }
    X509_STORE_CTX_free(xs);
    SSL_free(ssl);
    ERR_clear_error();
    return rc;
}

/* A refused chain was kept by the verdict: OpenSSL forgets it with the handshake. */
struct pgseal_chain *pgseal_tls_sent(const struct pgseal_tls *t)
{
    STACK_OF(X509) *sent = t->verdict.sent;
    X509 *own = SSL_get0_peer_certificate(t->ssl);
    STACK_OF(X509) * all;
    struct pgseal_chain *c;

    if (sent != NULL)
        return pgseal__chain_new(sent);
    sent = SSL_get_peer_cert_chain(t->ssl);
    if (!t->ctx->server)
        return sent != NULL && sk_X509_num(sent) > 0 ? pgseal__chain_new(sent) : NULL;
    /* On a server OpenSSL keeps the client's own certificate beside the chain. */
    if (own == NULL)
        return NULL;
    all = sent != NULL ? sk_X509_dup(sent) : sk_X509_new_null();
    c = all != NULL && sk_X509_unshift(all, own) > 0 ? pgseal__chain_new(all) : NULL;
    sk_X509_free(all);
    return c;
}
