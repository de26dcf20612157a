/* SPDX-License-Identifier: PostgreSQL */
/* The verdict on the peer's chain: X509_verify_cert() as it is, and what it saw kept for people. */
#include "tls_int.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

void pgseal__tls_verdict_done(struct tls_verdict *v)
{
    X509_free(v->cert);
    X509_free(v->leaf);
    sk_X509_pop_free(v->sent, X509_free);
    *v = (struct tls_verdict){0};
}

static X509 *shared(X509 *x)
{
    if (x != NULL)
        X509_up_ref(x);
    return x;
}

void pgseal__tls_verdict_keep(struct tls_verdict *v, X509_STORE_CTX *xs)
{
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(xs);

    pgseal__tls_verdict_done(v);
    v->refused = true;
    v->error = X509_STORE_CTX_get_error(xs);
    if (v->error == X509_V_OK) /* refused without a reason, such as out of memory */
        v->error = X509_V_ERR_UNSPECIFIED;
    v->depth = X509_STORE_CTX_get_error_depth(xs);
    v->cert = shared(X509_STORE_CTX_get_current_cert(xs));
    v->leaf = shared(X509_STORE_CTX_get0_cert(xs));
    if (sent != NULL)
        v->sent = X509_chain_up_ref(sent);
}

/*
 * Stands where OpenSSL would call X509_verify_cert() itself, calls exactly that, and passes its
 * word on: anything but 1 refuses. Only where OpenSSL would ignore the answer (SSL_VERIFY_NONE, as
 * for libpq without a root file and without VerifyMode in openssl.cnf) the work is not done.
 */
int pgseal__tls_verify(X509_STORE_CTX *xs, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(xs, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct pgseal_tls *t = ssl != NULL ? SSL_get_app_data(ssl) : NULL;

    if (t == NULL)
        return 0;
    if ((SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) == 0)
        return 1;
    if (X509_verify_cert(xs) == 1)
        return 1;
    pgseal__tls_verdict_keep(&t->verdict, xs);
    return 0;
}
