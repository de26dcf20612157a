/* SPDX-License-Identifier: PostgreSQL */
/* Authentication, client role: what the server asks is checked against what the user demands. */
#include "auth_int.h"

#include <pgseal/wire.h>

/* What is known of one AuthenticationRequest. */
struct request {
    uint32_t code;
    uint32_t bits;           /* of require_auth; any of them allows it */
    const char *name;        /* for the trace, as libpq's fe-trace.c */
    const char *method;      /* for facts; NULL = decided elsewhere */
    const char *asked;       /* completes "authentication method requirement ... failed: " */
    const char *unsupported; /* libpq's text in a build without it, or NULL */
};

static const char unknown[] = "server requested an unknown authentication type";
static const char no_gss[] = "GSSAPI authentication not supported";

static const struct request requests[] = {
    {PGSEAL__AREQ_OK, 0, "AuthenticationOk", NULL, NULL, NULL},
    {PGSEAL__AREQ_KRB4, 0, "AuthenticationKerberosV4", NULL, unknown,
     "Kerberos 4 authentication not supported"},
    {PGSEAL__AREQ_KRB5, 0, "AuthenticationKerberosV5", NULL, unknown,
     "Kerberos 5 authentication not supported"},
    {PGSEAL__AREQ_PASSWORD, PGSEAL_AUTH_PASSWORD, "AuthenticationCleartextPassword", "password",
     "server requested a cleartext password", NULL},
    {PGSEAL__AREQ_CRYPT, 0, "AuthenticationCryptPassword", NULL, unknown,
     "Crypt authentication not supported"},
    {PGSEAL__AREQ_MD5, PGSEAL_AUTH_MD5, "AuthenticationMD5Password", "md5",
     "server requested a hashed password", NULL},
    {PGSEAL__AREQ_GSS, PGSEAL_AUTH_GSS, "AuthenticationGSS", NULL,
     "server requested GSSAPI authentication", no_gss},
    {PGSEAL__AREQ_GSS_CONT, PGSEAL_AUTH_GSS, "AuthenticationGSSContinue", NULL,
     "server requested GSSAPI authentication", no_gss},
    {PGSEAL__AREQ_SSPI, PGSEAL_AUTH_SSPI, "AuthenticationSSPI", NULL,
     "server requested SSPI authentication", "SSPI authentication not supported"},
    {PGSEAL__AREQ_SASL, PGSEAL_AUTH_SCRAM | PGSEAL_AUTH_OAUTH, "AuthenticationSASL", NULL,
     "server requested SASL authentication", NULL},
    {PGSEAL__AREQ_SASL_CONT, PGSEAL_AUTH_SCRAM | PGSEAL_AUTH_OAUTH, "AuthenticationSASLContinue",
     NULL, "server requested SASL authentication", NULL},
    {PGSEAL__AREQ_SASL_FINAL, PGSEAL_AUTH_SCRAM | PGSEAL_AUTH_OAUTH, "AuthenticationSASLFinal",
     NULL, "server requested SASL authentication", NULL},
};

static const struct request *find(uint32_t code)
{
    static const struct request other = {0,    0,       "unknown authentication request",
                                         NULL, unknown, NULL};

    for (size_t i = 0; i < PGSEAL_COUNT(requests); i++) {
        if (requests[i].code == code)
            return &requests[i];
    }
    return &other;
}

struct pgseal_auth *pgseal_auth_new(const struct pgseal_auth_options *o, struct pgseal_err *err)
{
    struct pgseal_auth *a;

    if (o->size == 0 || o->size > sizeof(*o) || o->opt == NULL || (o->tls && o->binding == NULL)) {
        pgseal__fail(err, PGSEAL_E_USAGE, "authentication options are not complete");
        return NULL;
    }
    a = pgseal__alloc(sizeof(*a));
    if (a == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    memcpy(&a->o, o, o->size);
    a->facts.method = "none";
    return a;
}

struct pgseal_auth *pgseal_auth_free(struct pgseal_auth *a)
{
    if (a != NULL && a->mech_state != NULL)
        a->mech->mech->free(a->mech_state);
    pgseal__wipe_free(a, sizeof(*a));
    return NULL;
}

void pgseal_auth_facts(const struct pgseal_auth *a, struct pgseal_auth_facts *out)
{
    *out = a->facts;
}

const char *pgseal_auth_warning(struct pgseal_auth *a)
{
    bool is_new = a->warning_new;

    a->warning_new = false;
    return is_new ? a->warning : NULL;
}

void pgseal__auth_warn(struct pgseal_auth *a, const char *fmt, ...)
{
    char text[sizeof(a->warning)];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (strcmp(text, a->warning) == 0)
        return; /* said before */
    memcpy(a->warning, text, sizeof(text));
    a->warning_new = true;
}

const char *pgseal__auth_password(struct pgseal_auth *a)
{
    return a->o.password != NULL && a->o.password[0] != '\0' ? a->o.password : NULL;
}

int pgseal__auth_no_password(struct pgseal_auth *a, struct pgseal_err *err)
{
    a->facts.needs_password = true;
    pgseal__fail(err, PGSEAL_E_NO_PASSWORD, "fe_sendauth: no password supplied");
    pgseal__detail(err, "The server asks for a password and no source has one%s.",
                   a->o.password != NULL ? " (an empty one counts as none)" : "");
    pgseal__hint(err, "Put a line HOST:PORT:DATABASE:USER:PASSWORD into ~/.pgpass (mode 0600), or "
                      "set PGPASSWORD.");
    return PGSEAL_E_NO_PASSWORD;
}

int pgseal__auth_risk(struct pgseal_auth *a, const char *what, const char *so,
                      struct pgseal_err *err)
{
    const char *why = a->o.tls ? "whose certificate was not verified"
                               : "over a connection without "
                                 "TLS";

    if (a->o.verified)
        return 0;
    if (!a->o.strict) {
        pgseal__auth_warn(a, "%s goes to a server %s: %s; use sslmode=verify-full sslrootcert=FILE",
                          what, why, so);
        return 0;
    }
    pgseal__fail(err, PGSEAL_E_PASSWORD_RISK, "strict: %s would go to a server %s", what, why);
    pgseal__detail(err, "Nothing was sent. Had it been, %s.", so);
    pgseal__hint(err, "Connect with sslmode=verify-full sslrootcert=FILE.");
    return PGSEAL_E_PASSWORD_RISK;
}

static int cert_required(struct pgseal_auth *a, struct pgseal_err *err)
{
    if (a->o.opt->sslcertmode != PGSEAL_REQUIRE || (a->o.cert_requested && a->o.cert_sent))
        return 0;
    if (!a->o.cert_requested) {
        pgseal__fail(err, PGSEAL_E_CERT_REQUIRED, "server did not request an SSL certificate");
        pgseal__detail(err, "%s",
                       a->o.tls ? "The server let us in over TLS without asking for a "
                                  "client certificate."
                                : "The connection has no TLS, so no certificate could "
                                  "be shown.");
        pgseal__hint(err, "Set ssl_ca_file on the server, or leave out sslcertmode=require.");
    } else {
        pgseal__fail(err, PGSEAL_E_CERT_REQUIRED,
                     "server accepted connection without a valid SSL certificate");
        pgseal__detail(err,
                       "The server asked for a client certificate, we had none to show, and it "
                       "let us in all the same.");
        pgseal__hint(err, "Give sslcert=FILE and sslkey=FILE, issued by a CA in the server's "
                          "ssl_ca_file.");
    }
    return PGSEAL_E_CERT_REQUIRED;
}

static int auth_required(struct pgseal_auth *a, const struct request *r, struct pgseal_err *err)
{
    const struct pgseal_options *opt = a->o.opt;
    const char *reason = r->asked;

    if (opt->require_auth_text == NULL)
        return 0;
    if (r->code == PGSEAL__AREQ_OK && r->asked == NULL) {
        if ((opt->require_auth & PGSEAL_AUTH_NONE) != 0 || a->finished)
            return 0;
        reason = "server did not complete authentication";
    } else if ((opt->require_auth & r->bits) != 0) {
        return 0;
    }
    pgseal__fail(err, PGSEAL_E_AUTH_REQUIRED, "authentication method requirement \"%s\" failed: %s",
                 opt->require_auth_text, reason);
    if (r->code == PGSEAL__AREQ_OK && r->asked == NULL)
        pgseal__detail(err, "The server let us in without finishing a login, as trust and cert in "
                            "pg_hba.conf do, and as an impostor would.");
    else
        pgseal__detail(err, "The server asks for %s; nothing was answered.", r->name);
    pgseal__hint(err, "Change the method in the server's pg_hba.conf, or allow it in require_auth "
                      "if you know why this server asks for it.");
    return PGSEAL_E_AUTH_REQUIRED;
}

static int binding_required(struct pgseal_auth *a, const struct request *r, struct pgseal_err *err)
{
    if (a->o.opt->channel_binding != PGSEAL_REQUIRE)
        return 0;
    if ((r->bits & PGSEAL_AUTH_SCRAM) != 0)
        return 0;
    if (r->code != PGSEAL__AREQ_OK || r->asked != NULL) {
        pgseal__fail(err, PGSEAL_E_BINDING,
                     "channel binding required but not supported by server's authentication "
                     "request");
        pgseal__detail(err, "The server asks for %s, which cannot be bound to TLS.", r->name);
        pgseal__hint(err, "Let pg_hba.conf ask this role for scram-sha-256 and give the role its "
                          "password again.");
        return PGSEAL_E_BINDING;
    }
    if (a->mech_state != NULL && a->mech->mech->bound(a->mech_state))
        return 0;
    pgseal__fail(err, PGSEAL_E_BINDING,
                 "channel binding required, but server authenticated client without channel "
                 "binding");
    pgseal__detail(err, "%s",
                   a->mech_state != NULL
                       ? "The server let us in before it had proved that it knows the secret."
                       : "The server let us in without asking for a proof (trust, peer or cert).");
    return PGSEAL_E_BINDING;
}

/* libpq's order: certificate, require_auth, channel binding. PG18 check_expected_areq(). */
static int check_expected(struct pgseal_auth *a, const struct request *r, struct pgseal_err *err)
{
    int rc = 0;

    if (r->code == PGSEAL__AREQ_OK && r->asked == NULL)
        rc = cert_required(a, err);
    if (rc == 0)
        rc = auth_required(a, r, err);
    return rc < 0 ? rc : binding_required(a, r, err);
}

static int malformed(struct pgseal_err *err)
{
    return pgseal__fail(err, PGSEAL_E_PROTO, "received invalid authentication request");
}

static int answer(struct pgseal_auth *a, uint32_t code, const uint8_t *body, size_t n,
                  struct pgseal_buf *reply, struct pgseal_err *err)
{
    switch (code) {
    case PGSEAL__AREQ_OK:
        return n == 0 ? PGSEAL_READY : malformed(err);
    case PGSEAL__AREQ_PASSWORD:
        return n == 0 ? pgseal__auth_password_reply(a, NULL, reply, err) : malformed(err);
    case PGSEAL__AREQ_MD5:
        if (n > 4)
            return malformed(err);
        if (n < 4 && pgseal__auth_password(a) != NULL)
            return pgseal__fail(err, PGSEAL_E_PROTO,
                                "fe_sendauth: error sending password authentication");
        return pgseal__auth_password_reply(a, body, reply, err);
    case PGSEAL__AREQ_SASL:
        return pgseal__sasl_begin(a, body, n, reply, err);
    case PGSEAL__AREQ_SASL_CONT:
        return pgseal__sasl_continue(a, body, n, false, reply, err);
    case PGSEAL__AREQ_SASL_FINAL:
        return pgseal__sasl_continue(a, body, n, true, reply, err);
    default:
        return pgseal__fail(err, PGSEAL_E_AUTH_METHOD, "authentication method %u not supported",
                            code);
    }
}

int pgseal_auth_step(struct pgseal_auth *a, const uint8_t *body, size_t n, struct pgseal_buf *reply,
                     struct pgseal_err *err)
{
    const struct request *r;
    uint32_t code;
    int rc;

    if (n < 4 || n + 4 > PGSEAL_AUTH_REQUEST_MAX)
        return malformed(err);
    code = pgseal__get32(body);
    r = find(code);
    pgseal__emit(&a->o.trace, PGSEAL_EV_AUTH, r->name);
    rc = check_expected(a, r, err);
    if (rc < 0)
        return rc;
    if (r->method != NULL)
        a->facts.method = r->method;
    if (r->unsupported != NULL)
        return pgseal__fail(err, PGSEAL_E_AUTH_METHOD, "%s", r->unsupported);
    rc = answer(a, code, body + 4, n - 4, reply, err);
    if (rc == PGSEAL_READY)
        pgseal__emit(&a->o.trace, PGSEAL_EV_AUTHOK, NULL);
    return rc;
}
