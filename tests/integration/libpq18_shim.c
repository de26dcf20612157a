/* SPDX-License-Identifier: PostgreSQL */
/* What libpq 18's objects, compiled with OpenSSL 1.1.1, need to be linked with OpenSSL 3.
 *
 * pgseal's promise is "what libpq 18 says on the OpenSSL we run with". The npm package has libpq 18
 * with an OpenSSL of 2018 only, but also libpq.a: linked again with Debian's OpenSSL it is that
 * referee. Two things differ by compile time in fe-secure-openssl.c: a renamed function, and
 * SSLerrmessage(), which asks strerror() for system errors where OpenSSL 3 no longer knows their
 * text.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <dlfcn.h>
#include <string.h>

#undef SSL_get_peer_certificate
X509 *SSL_get_peer_certificate(const SSL *ssl);

X509 *SSL_get_peer_certificate(const SSL *ssl)
{
    return SSL_get1_peer_certificate(ssl);
}

const char *ERR_reason_error_string(unsigned long e)
{
    static const char *(*real)(unsigned long);

    if (ERR_SYSTEM_ERROR(e))
        return strerror(ERR_GET_REASON(e));
    if (real == NULL) {
        void *crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_NOLOAD);
        void *p = crypto != NULL ? dlsym(crypto, "ERR_reason_error_string") : NULL;

        memcpy(&real, &p, sizeof real);
    }
    return real != NULL ? real(e) : NULL;
}
