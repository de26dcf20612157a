/* SPDX-License-Identifier: PostgreSQL */
/* From OpenSSL's error queue to libpq's text and our code. story.c says what was seen. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

/* The system's text in English, without locale. */
const char *pgseal__tls_sys_text(int sys, char *buf, size_t cap)
{
    const char *text = strerrordesc_np(sys);

    if (text != NULL)
        return text;
    pgseal__format(buf, cap, "Unknown error %d", sys);
    return buf;
}

/* libpq's SSLerrmessage(): never NULL, whatever OpenSSL knows about the code. */
const char *pgseal__tls_reason(unsigned long ecode, char *buf, size_t cap)
{
    const char *text = ecode != 0 ? ERR_reason_error_string(ecode) : "no SSL error reported";

    if (text != NULL)
        return text;
    if (ERR_GET_LIB(ecode) == ERR_LIB_SSL &&
        ERR_GET_REASON(ecode) == SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL)
        return "no application protocol"; /* OpenSSL has no text for this alert */
    if (ERR_SYSTEM_ERROR(ecode))
        return pgseal__tls_sys_text(ERR_GET_REASON(ecode), buf, cap);
    pgseal__format(buf, cap, "SSL error code %lu", ecode);
    return buf;
}

/* The reasons behind which libpq adds its line about protocol versions (open_client_SSL). */
bool pgseal__tls_version_reason(unsigned long ecode)
{
    if (ERR_SYSTEM_ERROR(ecode))
        return false;
    switch (ERR_GET_REASON(ecode)) {
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_UNKNOWN_SSL_VERSION:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_VERSION_TOO_LOW:
        return true;
    default:
        return false;
    }
}

/* Our code for a failure of the TLS layer. The certificate has its own way. */
static int classify(const struct pgseal_tls *t, unsigned long ecode)
{
    int reason = ERR_GET_REASON(ecode);
    const struct tls_seen *s = &t->seen;

    if (ecode == 0 || ERR_GET_LIB(ecode) != ERR_LIB_SSL)
        return reason == ERR_R_MALLOC_FAILURE ? PGSEAL_E_NOMEM : PGSEAL_E_TLS;
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return PGSEAL_E_CLOSED;
    if (reason == ERR_R_MALLOC_FAILURE)
        return PGSEAL_E_NOMEM;
    if (reason > SSL_AD_REASON_OFFSET && s->alert_received >= 0) {
        bool early = t->phase == TLS_HANDSHAKE && !s->hello_done;

        if (s->alert_received == SSL_AD_PROTOCOL_VERSION ||
            (early && s->alert_received == SSL_AD_INSUFFICIENT_SECURITY) ||
            (early && s->alert_received == SSL_AD_HANDSHAKE_FAILURE))
            return PGSEAL_E_TLS_VERSION;
        return PGSEAL_E_TLS_ALERT;
    }
    if (t->phase == TLS_HANDSHAKE && s->nfirst > 0 && !pgseal__tls_first_is_tls(s))
        return PGSEAL_E_TLS;
    if (pgseal__tls_version_reason(ecode) || reason == SSL_R_NO_SHARED_CIPHER ||
        reason == SSL_R_NO_CIPHERS_AVAILABLE)
        return PGSEAL_E_TLS_VERSION;
    return PGSEAL_E_TLS;
}

/* The chain was refused. The text is libpq's; why is for the certificate module to tell. */
int pgseal__tls_fail_cert(const struct pgseal_tls_ctx *ctx, const struct tls_verdict *v, int level,
                          int64_t now_unix_s, unsigned long ecode, struct pgseal_err *err)
{
    struct pgseal__evidence e = {
        .trust = ctx->trust,
        .leaf = v->leaf,
        .sent = v->sent,
        .error = v->error,
        .depth = v->depth,
        .at = v->cert,
        .now_unix_s = now_unix_s,
        .auth_level = level,
        .server_side = ctx->server,
    };
    char reason[128];

    pgseal__fail(err, PGSEAL_E_CERT, "SSL error: %s",
                 pgseal__tls_reason(ecode, reason, sizeof(reason)));
    if (err != NULL) {
        err->x509 = v->error;
        err->depth = v->depth;
        err->ossl = ecode;
        pgseal__cert_explain(&e, err);
    }
    return PGSEAL_E_CERT;
}

static int fail_reason(struct pgseal_tls *t, unsigned long ecode, struct pgseal_err *err)
{
    int code = classify(t, ecode);
    char reason[128];
    const char *text = pgseal__tls_reason(ecode, reason, sizeof(reason));

    if (t->phase == TLS_HANDSHAKE && !t->ctx->server && pgseal__tls_version_reason(ecode))
        pgseal__fail(err, code,
                     "SSL error: %s\nThis may indicate that the server does not support any SSL "
                     "protocol version between %s and %s.",
                     text, t->ctx->min_text, t->ctx->max_text);
    else
        pgseal__fail(err, code, "SSL error: %s", text);
    return code;
}

/* The alert that ended it: the peer's, else ours; none where the bytes just ended. */
static int alert_of(const struct tls_seen *s, unsigned long ecode)
{
    int reason = ERR_GET_LIB(ecode) == ERR_LIB_SSL ? ERR_GET_REASON(ecode) : 0;

    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return 0;
    if (reason > SSL_AD_REASON_OFFSET)
        return s->alert_received > 0 ? s->alert_received : 0;
    return s->alert_sent > 0 ? s->alert_sent : 0;
}

/*
 * An SSL_ call failed with `ssl_error`: fills err. libpq reports the first entry of the queue, so
 * nothing may have touched the queue since.
 */
int pgseal__tls_fail_ssl(struct pgseal_tls *t, int ssl_error, struct pgseal_err *err)
{
    unsigned long ecode = ERR_get_error();
    int code;

    if (t->nomem)
        return pgseal__nomem(err);
    if (t->verdict.refused)
        return pgseal__tls_fail_cert(t->ctx, &t->verdict, SSL_get_security_level(t->ssl),
                                     t->now_unix_s, ecode, err);
    switch (ssl_error) {
    case SSL_ERROR_SSL:
        code = fail_reason(t, ecode, err);
        break;
    case SSL_ERROR_SYSCALL:
        code = pgseal__fail(err, PGSEAL_E_CLOSED, "SSL SYSCALL error: EOF detected");
        break;
    case SSL_ERROR_ZERO_RETURN: /* close_notify inside the handshake; libpq has no words for it */
        code = pgseal__fail(err, PGSEAL_E_CLOSED, "unrecognized SSL error code: %d", ssl_error);
        break;
    default:
        code = pgseal__fail(err, PGSEAL_E_TLS, "unrecognized SSL error code: %d", ssl_error);
        break;
    }
    if (err != NULL) {
        err->ossl = ecode;
        err->alert = alert_of(&t->seen, ecode);
        pgseal__tls_story(t, ecode, err);
    }
    return code;
}
