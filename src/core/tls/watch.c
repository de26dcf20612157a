/* SPDX-License-Identifier: PostgreSQL */
/* Callbacks that watch OpenSSL work: alerts, messages, certificate requests, ALPN, key log. */
#include "tls_int.h"

/* The highest known version in a list of them, or `version` when it names none. */
static int highest(const uint8_t *p, size_t n, int version)
{
    int best = 0;

    for (size_t i = 0; i + 2 <= n; i += 2) {
        int v = pgseal__get16(p + i);

        if (v <= TLS1_3_VERSION && v > best) /* what is above is made up (RFC 8701) */
            best = v;
    }
    return best != 0 ? best : version;
}

/* What a Hello chooses (server) or offers at most (client): its supported_versions extension (RFC
 * 8446 4.2.1), else legacy_version. Only for explanations: what does not parse is left alone. */
static int hello_version(const uint8_t *p, size_t n, bool client)
{
    size_t at = 4 + 2 + 32; /* header, legacy_version, random */
    int version;

    if (n < at + 1)
        return 0;
    version = pgseal__get16(p + 4);
    at += 1u + p[at]; /* session id */
    if (client && at + 2 <= n)
        at += 2u + pgseal__get16(p + at); /* ciphers */
    else
        at += 2; /* cipher */
    if (at < n)
        at += client ? 1u + p[at] : 1u; /* compression */
    for (at += 2; at + 4 <= n;) {       /* behind the length of the extensions */
        size_t len = pgseal__get16(p + at + 2);

        if (at + 4 + len > n)
            break;
        if (pgseal__get16(p + at) == TLSEXT_TYPE_supported_versions) {
            if (!client && len == 2)
                return pgseal__get16(p + at + 4);
            if (client && len > 1)
                return highest(p + at + 5, len - 1, version);
        }
        at += 4 + len;
    }
    return version;
}

static void on_message(int out, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
    struct pgseal_tls *t = arg;
    const uint8_t *b = p;

    if (out || type != SSL3_RT_HANDSHAKE || n < 4)
        return;
    if (t->phase != TLS_HANDSHAKE)
        t->idle_messages++;
    if (b[0] == (t->ctx->server ? SSL3_MT_CLIENT_HELLO : SSL3_MT_SERVER_HELLO)) {
        t->seen.hello_version = hello_version(b, n, t->ctx->server);
        t->seen.hello_done = true;
    } else if (b[0] == SSL3_MT_CERTIFICATE_REQUEST) {
        t->seen.cert_request = true;
    }
}

static void on_info(const SSL *ssl, int where, int ret)
{
    struct pgseal_tls *t = SSL_get_app_data(ssl);

    if ((where & SSL_CB_ALERT) == 0 || t == NULL)
        return;
    if (where & SSL_CB_READ)
        t->seen.alert_received = ret & 0xff;
    else
        t->seen.alert_sent = ret & 0xff;
}

void pgseal__tls_watch(struct pgseal_tls *t)
{
    t->seen.alert_received = t->seen.alert_sent = -1;
    SSL_set_info_callback(t->ssl, on_info);
    SSL_set_msg_callback(t->ssl, on_message);
    SSL_set_msg_callback_arg(t->ssl, t);
}

/* The server asked for a certificate. libpq's cert_cb notes the same two facts. */
int pgseal__tls_cert_cb(SSL *ssl, void *arg)
{
    struct pgseal_tls *t = SSL_get_app_data(ssl);

    if (t == NULL)
        return 0;
    t->seen.cert_request = true;
    if (SSL_get_certificate(ssl) != NULL)
        t->seen.own_cert_sent = true;
    return 1;
}

/* A server since 17 takes "postgresql" or refuses (be-secure-openssl.c alpn_cb). */
int pgseal__tls_alpn_cb(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                        const unsigned char *in, unsigned int inlen, void *arg)
{
    unsigned int at = 0;

    while (at < inlen) {
        unsigned int len = in[at];

        if (len == 0 || len > inlen - at - 1)
            break;
        if (len == strlen(TLS_ALPN) && memcmp(in + at + 1, TLS_ALPN, len) == 0) {
            *out = in + at + 1;
            *outlen = (unsigned char)len;
            return SSL_TLSEXT_ERR_OK;
        }
        at += 1 + len;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void pgseal__tls_keylog(const SSL *ssl, const char *line)
{
    struct pgseal_tls *t = SSL_get_app_data(ssl);
    const struct pgseal_world *w;
    char text[1024], sys[128];
    int failed;

    if (t == NULL)
        return;
    w = t->ctx->world;
    pgseal__format(text, sizeof(text), "%s\n", line);
    failed = w->append(w->ctx, t->ctx->keylog_path, text);
    pgseal__wipe(text, sizeof(text));
    if (failed == 0 || t->warning != NULL)
        return;
    pgseal__format(text, sizeof(text), "WARNING: could not open SSL key logging file \"%s\": %s",
                   t->ctx->keylog_path, pgseal__tls_sys_text(failed, sys, sizeof(sys)));
    t->warning = pgseal__strdup(text);
}
