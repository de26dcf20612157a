/* SPDX-License-Identifier: PostgreSQL */
/* What was seen when TLS failed, and what to type: alerts, versions, first bytes, closed ends. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

/* IANA "TLS Alerts"; what it means when the server sends it to us, and what to do about it. */
static const struct alert {
    int number;
    const char *name;
    const char *means;
    const char *fix;
} alerts[] = {
    {0, "close_notify", "it ended the connection politely", ""},
    {10, "unexpected_message", "it lost track of the handshake",
     "Look for a proxy in between that alters TLS."},
    {20, "bad_record_mac", "a record did not decrypt",
     "Look for something in between that alters bytes."},
    {21, "decryption_failed", "a record did not decrypt",
     "Look for something in between that alters bytes."},
    {22, "record_overflow", "a record was too long",
     "Look for something in between that alters bytes."},
    {40, "handshake_failure", "it found no set of parameters in common with us", ""},
    {41, "no_certificate", "it wanted a certificate", "Set sslcert=FILE and sslkey=FILE."},
    {42, "bad_certificate", "it could not use our certificate",
     "Check the client certificate: openssl x509 -in SSLCERT -noout -text"},
    {43, "unsupported_certificate", "it does not take our kind of certificate",
     "Use a client certificate whose purpose is clientAuth: openssl x509 -in SSLCERT -noout "
     "-purpose"},
    {44, "certificate_revoked", "its revocation list names our certificate",
     "Get a new client certificate, or renew ssl_crl_file on the server."},
    {45, "certificate_expired", "our certificate, or one above it, is out of date",
     "Look at the dates: openssl x509 -in SSLCERT -noout -dates"},
    {46, "certificate_unknown", "it found something else wrong with our certificate",
     "Look into the server's log: it names the certificate and the reason."},
    {47, "illegal_parameter", "a field of the handshake was out of range",
     "Look for a proxy in between that alters TLS."},
    {48, "unknown_ca", "no authority it trusts has signed our certificate",
     "Use a client certificate of an authority in the server's ssl_ca_file, send its intermediates "
     "behind it in sslcert, or add sslcertmode=disable."},
    {49, "access_denied", "it took our certificate and denies access",
     "Ask who runs the server which certificates it admits."},
    {50, "decode_error", "it could not parse what we sent",
     "Look for a proxy in between that alters TLS."},
    {51, "decrypt_error", "a signature or finished message did not verify",
     "Look for a proxy in between that ends TLS."},
    {70, "protocol_version", "it takes none of the versions we offered", ""},
    {71, "insufficient_security", "it wants stronger ciphers than we offered",
     "Look at CipherString in openssl.cnf and at ssl_ciphers on the server."},
    {80, "internal_error", "it failed for a reason of its own", "Look into the server's log."},
    {86, "inappropriate_fallback", "it saw a downgrade", "Remove ssl_max_protocol_version."},
    {90, "user_canceled", "it gave up the handshake", "Look into the server's log."},
    {100, "no_renegotiation", "it does not renegotiate", ""},
    {109, "missing_extension", "it misses an extension", "Remove ssl_max_protocol_version."},
    {110, "unsupported_extension", "it got an extension it did not ask for",
     "Look for a proxy in between that alters TLS."},
    {112, "unrecognized_name", "it knows no server of the name we sent",
     "Check the host name, or add sslsni=0."},
    {113, "bad_certificate_status_response", "it disliked an OCSP answer",
     "Look into the server's log."},
    {115, "unknown_psk_identity", "it knows no such session", "Look into the server's log."},
    {116, "certificate_required", "it requires a client certificate and got none",
     "Set sslcert=FILE and sslkey=FILE."},
    {120, "no_application_protocol", "it does not speak \"" TLS_ALPN "\"",
     "Check host and port: something else than PostgreSQL answers there."},
};

static const struct alert *find_alert(int number)
{
    for (size_t i = 0; i < PGSEAL_COUNT(alerts); i++) {
        if (alerts[i].number == number)
            return &alerts[i];
    }
    return NULL;
}

const char *pgseal__tls_alert_name(int number)
{
    const struct alert *a = find_alert(number);

    return a != NULL ? a->name : "unknown alert";
}

const char *pgseal__tls_version_name(int version, char *buf)
{
    switch (version) {
    case SSL3_VERSION:
        return "SSLv3";
    case TLS1_VERSION:
        return "TLSv1";
    case TLS1_1_VERSION:
        return "TLSv1.1";
    case TLS1_2_VERSION:
        return "TLSv1.2";
    case TLS1_3_VERSION:
        return "TLSv1.3";
    default:
        pgseal__format(buf, 24, "version 0x%04x", (unsigned int)version & 0xffffu);
        return buf;
    }
}

/* A record begins with its type, 20 to 24, and a version 3.x (RFC 8446 5.1). */
bool pgseal__tls_first_is_tls(const struct tls_seen *s)
{
    if (s->nfirst >= 1 && (s->first[0] < 20 || s->first[0] > 24))
        return false;
    return s->nfirst < 2 || s->first[1] == 3;
}

static const char *peer_name(const struct pgseal_tls *t)
{
    return t->ctx->server ? "client" : "server";
}

/* The peer speaks something else. */
static void tell_garbage(const struct pgseal_tls *t, struct pgseal_err *err)
{
    const struct tls_seen *s = &t->seen;
    char shown[4 * sizeof(s->first) + 8];
    const char *looks = "";

    if (s->nfirst >= 5 && memcmp(s->first, "HTTP/", 5) == 0)
        looks = " An HTTP server answers there.";
    else if (s->nfirst >= 4 && memcmp(s->first, "SSH-", 4) == 0)
        looks = " An SSH server answers there.";
    else if (s->nfirst >= 5 && (s->first[0] == 'E' || s->first[0] == 'R') && s->first[1] == 0)
        looks = " They look like a PostgreSQL message in plain text.";
    pgseal__detail(err, "The first bytes of the %s are no TLS record: \"%s\".%s", peer_name(t),
                   pgseal__escape(shown, sizeof(shown), s->first, s->nfirst, sizeof(s->first)),
                   looks);
    pgseal__hint(err, t->ctx->server
                          ? "Something else than a TLS client connects to this port."
                          : "Check host and port, and whether something in between answers for the "
                            "server.");
}

/* Server: the client's Hello does not fit. */
static void tell_no_fit(const struct pgseal_tls *t, unsigned long ecode, struct pgseal_err *err)
{
    char buf[24];

    if (ERR_GET_REASON(ecode) == SSL_R_NO_SHARED_CIPHER) {
        pgseal__detail(err,
                       "The client's Hello names no cipher, group and signature algorithm that "
                       "fit ours and our key.");
        pgseal__hint(err,
                     "Look at the kind of our key (RSA, EC) and at the ciphers of both sides.");
        return;
    }
    pgseal__detail(err, "We allow %s to %s; the client offers at most %s.", t->ctx->min_text,
                   t->ctx->max_text, pgseal__tls_version_name(t->seen.hello_version, buf));
    pgseal__hint(err, "Look at the protocol limits of both sides; the ranges must overlap.");
}

/* Client: there is no version or cipher in common. */
static void tell_version(const struct pgseal_tls *t, unsigned long ecode, struct pgseal_err *err)
{
    const struct tls_seen *s = &t->seen;
    const char *min = t->ctx->min_text, *max = t->ctx->max_text;
    char buf[128];

    pgseal__hint(err, "Look at ssl_min_protocol_version and ssl_max_protocol_version, here and in "
                      "the server's configuration; the ranges must overlap.");
    if (s->alert_received == SSL_AD_PROTOCOL_VERSION) {
        pgseal__detail(err,
                       "We offered %s to %s; the server sent the alert protocol_version (70): it "
                       "takes none of them.",
                       min, max);
    } else if (s->alert_received >= 0) {
        pgseal__detail(
            err,
            "We offered %s to %s; the server sent the alert %s (%d) before its Hello: no "
            "version, cipher, group or signature algorithm in common.",
            min, max, pgseal__tls_alert_name(s->alert_received), s->alert_received);
        pgseal__hint(err, "Compare the server's ssl_ciphers, ssl_groups and certificate key with "
                          "what this OpenSSL offers: openssl ciphers -s -v");
    } else if (s->hello_done) {
        pgseal__detail(err, "We allow %s to %s; the server answered with %s.", min, max,
                       pgseal__tls_version_name(s->hello_version, buf));
    } else { /* we did not come as far as a Hello */
        pgseal__detail(err, "We allow %s to %s; OpenSSL says: %s.", min, max,
                       pgseal__tls_reason(ecode, buf, sizeof(buf)));
        pgseal__hint(err,
                     "Limits in openssl.cnf count too: look there for MinProtocol, MaxProtocol "
                     "and CipherString (openssl version -d names its directory).");
    }
}

/* The peer refused with an alert. */
static void tell_alert(const struct pgseal_tls *t, struct pgseal_err *err)
{
    const struct tls_seen *s = &t->seen;
    const struct alert *a = find_alert(s->alert_received);
    X509 *own = SSL_get_certificate(t->ssl);
    struct pgseal_cert_info info;
    bool about_cert = (s->alert_received >= 41 && s->alert_received <= 49) ||
                      s->alert_received == SSL_AD_DECRYPT_ERROR;

    pgseal__detail(err, "The %s sent the fatal alert %s (%d)%s%s.", peer_name(t),
                   pgseal__tls_alert_name(s->alert_received), s->alert_received,
                   a != NULL ? ": " : "", a != NULL ? a->means : "");
    if (t->ctx->server) {
        pgseal__hint(err, "%s",
                     about_cert
                         ? "The client judges our certificate: give it the root of our chain, "
                           "and look at its own messages."
                         : "Look at the client's own messages.");
        return;
    }
    pgseal__hint(err, "%s",
                 a != NULL && a->fix[0] != '\0' ? a->fix : "Look into the server's log.");
    if (s->own_cert_sent && about_cert && own != NULL && pgseal__cert_describe(own, &info) == 0)
        pgseal__append(err->detail, sizeof(err->detail), " We sent the client certificate \"%s\".",
                       info.subject);
    else if (s->cert_request && !s->own_cert_sent)
        pgseal__append(err->detail, sizeof(err->detail),
                       " It had asked for a client certificate and we sent none.");
    else if (about_cert)
        pgseal__append(err->detail, sizeof(err->detail), " We sent no certificate.");
    if (s->alert_received == SSL_AD_HANDSHAKE_FAILURE && s->cert_request && !s->own_cert_sent)
        pgseal__hint(err, "Set sslcert=FILE and sslkey=FILE.");
}

static void tell_closed(const struct pgseal_tls *t, struct pgseal_err *err)
{
    const struct tls_seen *s = &t->seen;

    if (t->phase == TLS_OPEN) {
        pgseal__detail(err,
                       "The %s closed the connection without close_notify: nobody can tell whether "
                       "data is missing.",
                       peer_name(t));
        pgseal__hint(
            err, t->ctx->server
                     ? "Look at the client: a crash, or something in between that cuts "
                       "connections."
                     : "Look into the server's log: a crash, a restart, or something in between "
                       "that cuts connections.");
        return;
    }
    if (s->bytes_in == 0)
        pgseal__detail(err, "The %s closed the connection when TLS began, without sending a byte.",
                       peer_name(t));
    else
        pgseal__detail(err,
                       "The %s closed the connection inside the handshake, after %llu byte%s and "
                       "without a fatal alert.",
                       peer_name(t), (unsigned long long)s->bytes_in, s->bytes_in == 1 ? "" : "s");
    if (s->alert_received > 0 && err != NULL)
        pgseal__append(err->detail, sizeof(err->detail), " It had sent the warning %s (%d).",
                       pgseal__tls_alert_name(s->alert_received), s->alert_received);
    if (t->ctx->server)
        pgseal__hint(err, "Look at the client's own messages.");
    else if (t->need_alpn && s->bytes_in == 0)
        pgseal__hint(err, "Direct TLS needs PostgreSQL 17 or later: use sslnegotiation=postgres.");
    else
        pgseal__hint(err, "Look into the server's log, and for a proxy in between that has its own "
                          "rules for TLS.");
}

/* We refused what the peer did. */
static void tell_ours(const struct pgseal_tls *t, unsigned long ecode, struct pgseal_err *err)
{
    const struct tls_seen *s = &t->seen;
    char text[256];

    ERR_error_string_n(ecode, text, sizeof(text));
    if (s->alert_sent >= 0)
        pgseal__detail(err, "We refused what the %s sent with the alert %s (%d). OpenSSL says: %s",
                       peer_name(t), pgseal__tls_alert_name(s->alert_sent), s->alert_sent, text);
    else
        pgseal__detail(err, "OpenSSL says: %s", text);
    if (t->ctx->server) {
        pgseal__hint(err, "Look at the client's own messages.");
        return;
    }
    switch (ERR_GET_REASON(ecode)) {
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
    case SSL_R_WRONG_SIGNATURE_TYPE:
        pgseal__hint(err,
                     "This OpenSSL's security level is %d: strengthen the server's keys and "
                     "parameters (CipherString in openssl.cnf sets the level).",
                     SSL_get_security_level(t->ssl));
        break;
    default:
        pgseal__hint(err,
                     "Try the same with: openssl s_client -starttls postgres -connect HOST:PORT");
        break;
    }
}

void pgseal__tls_story(struct pgseal_tls *t, unsigned long ecode, struct pgseal_err *err)
{
    if (err == NULL)
        return;
    switch (err->code) {
    case PGSEAL_E_CLOSED:
        tell_closed(t, err);
        break;
    case PGSEAL_E_TLS_VERSION:
        if (t->ctx->server)
            tell_no_fit(t, ecode, err);
        else
            tell_version(t, ecode, err);
        break;
    case PGSEAL_E_TLS_ALERT:
        tell_alert(t, err);
        break;
    default:
        if (t->phase == TLS_HANDSHAKE && t->seen.nfirst > 0 && !pgseal__tls_first_is_tls(&t->seen))
            tell_garbage(t, err);
        else
            tell_ours(t, ecode, err);
        break;
    }
}
