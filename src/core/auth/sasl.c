/* SPDX-License-Identifier: PostgreSQL */
/* SASL around the mechanisms: which one is taken, and what may follow what. */
#include "auth_int.h"

#include <pgseal/wire.h>

/* RFC 7677 section 4: fewer make a stolen proof cheap to guess from. */
enum { FEWEST_ITERATIONS = 4096 };

/* Chooses as pg_SASL_init() does. 0 or < 0; *out may stay NULL. */
static int choose(struct pgseal_auth *a, const uint8_t *body, size_t n,
                  const struct pgseal__mech_row **out, struct pgseal_err *err)
{
    struct pgseal_reader r = pgseal_reader(body, n);

    for (;;) {
        const char *name = pgseal_read_str(&r);
        const struct pgseal__mech_row *row;

        if (r.bad)
            return pgseal__fail(err, PGSEAL_E_PROTO,
                                "fe_sendauth: invalid authentication request from server: "
                                "invalid list of authentication mechanisms");
        if (*name == '\0')
            return r.n == 0 ? 0
                            : pgseal__fail(err, PGSEAL_E_PROTO,
                                           "received invalid authentication request");
        row = pgseal__mech_find(name);
        if (row == NULL)
            continue;
        if (row->plus && !a->o.tls) {
            pgseal__fail(err, PGSEAL_E_BINDING,
                         "server offered %s authentication over a non-SSL connection", name);
            pgseal__detail(err, "A server offers this over TLS only: its end of the connection is "
                                "encrypted and ours is not.");
            pgseal__hint(err, "Something in between took TLS off. Connect with sslmode=verify-full "
                              "sslrootcert=FILE.");
            return PGSEAL_E_BINDING;
        }
        if (row->plus ? a->o.opt->channel_binding != PGSEAL_DISABLE : *out == NULL)
            *out = row;
    }
}

static int not_bound(struct pgseal_auth *a, const struct pgseal__mech_row *row,
                     struct pgseal_err *err)
{
    if (a->o.opt->channel_binding == PGSEAL_REQUIRE) {
        pgseal__fail(err, PGSEAL_E_BINDING,
                     "channel binding is required, but server did not offer an authentication "
                     "method that supports channel binding");
        pgseal__detail(err, "The server offers %s and no SCRAM-SHA-256-PLUS.", row->name);
        return PGSEAL_E_BINDING;
    }
    if (!a->o.strict || !a->o.tls || !a->o.verified || row->bit != PGSEAL_AUTH_SCRAM)
        return 0;
    pgseal__fail(err, PGSEAL_E_BINDING,
                 "strict: server and client agreed on %s without channel binding", row->name);
    pgseal__detail(err, "%s",
                   a->o.opt->channel_binding == PGSEAL_DISABLE
                       ? "channel_binding=disable was asked for."
                       : "The server does not offer SCRAM-SHA-256-PLUS.");
    pgseal__hint(err, "Without it a party that holds the server's certificate key need not hold "
                      "the role's secret. Connect without --strict to accept that.");
    return PGSEAL_E_BINDING;
}

static int check_choice(struct pgseal_auth *a, const struct pgseal__mech_row *row,
                        struct pgseal_err *err)
{
    const struct pgseal_options *opt = a->o.opt;

    if (row == NULL) {
        pgseal__fail(err, PGSEAL_E_AUTH_METHOD,
                     "none of the server's SASL authentication mechanisms are supported");
        pgseal__detail(err, "The server offers none of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS.");
        pgseal__hint(err, "Let pg_hba.conf ask this role for scram-sha-256.");
        return PGSEAL_E_AUTH_METHOD;
    }
    if (opt->require_auth_text != NULL && (opt->require_auth & row->bit) == 0) {
        pgseal__fail(err, PGSEAL_E_AUTH_REQUIRED,
                     "authentication method requirement \"%s\" failed: server requested %s "
                     "authentication",
                     opt->require_auth_text, row->name);
        pgseal__detail(err, "The server offers %s; nothing was answered.", row->name);
        pgseal__hint(err, "Add scram-sha-256 to require_auth, or change the method in the server's "
                          "pg_hba.conf.");
        return PGSEAL_E_AUTH_REQUIRED;
    }
    return row->plus ? 0 : not_bound(a, row, err);
}

/* SASLInitialResponse: mechanism, length, bytes. */
static int send_initial(struct pgseal_auth *a, const char *text, struct pgseal_buf *reply,
                        struct pgseal_err *err)
{
    struct pgseal_buf body;
    uint8_t length[4];
    int rc;

    pgseal_buf_init(&body, 1024);
    body.secret = true;
    pgseal__put32(length, (uint32_t)strlen(text));
    rc = pgseal_buf_append(&body, a->mech->name, strlen(a->mech->name) + 1, err);
    if (rc == 0)
        rc = pgseal_buf_append(&body, length, sizeof(length), err);
    if (rc == 0)
        rc = pgseal_buf_append(&body, text, strlen(text), err);
    if (rc == 0)
        rc = pgseal_put_message(reply, 'p', pgseal_buf_peek(&body), pgseal_buf_len(&body), err);
    pgseal_buf_done(&body);
    return rc;
}

static int no_answer(struct pgseal_err *err)
{
    return pgseal__fail(err, PGSEAL_E_SCRAM,
                        "no client response found after SASL exchange success");
}

static int start(struct pgseal_auth *a, struct pgseal_buf *reply, struct pgseal_err *err)
{
    const char *password = NULL;
    char *text = NULL;
    int rc;

    if (a->mech->wants_password && a->o.opt->scram_client_key == NULL) {
        password = pgseal__auth_password(a);
        if (password == NULL)
            return pgseal__auth_no_password(a, err);
    }
    rc = a->mech->mech->init(&a->o, a->mech, password, &a->mech_state, err);
    if (rc == 0)
        rc = a->mech->mech->exchange(a->mech_state, NULL, 0, &text, err);
    if (rc >= 0)
        rc = text != NULL ? send_initial(a, text, reply, err) : no_answer(err);
    pgseal__wipe_free_str(text);
    return rc < 0 ? rc : PGSEAL_MORE;
}

int pgseal__sasl_begin(struct pgseal_auth *a, const uint8_t *body, size_t n,
                       struct pgseal_buf *reply, struct pgseal_err *err)
{
    const struct pgseal__mech_row *row = NULL;
    int rc;

    if (a->o.opt->channel_binding == PGSEAL_REQUIRE && !a->o.tls)
        return pgseal__fail(err, PGSEAL_E_BINDING, "channel binding required, but SSL not in use");
    if (a->mech_state != NULL)
        return pgseal__fail(err, PGSEAL_E_PROTO, "duplicate SASL authentication request");
    rc = choose(a, body, n, &row, err);
    if (rc != 0)
        return rc;
    rc = check_choice(a, row, err);
    if (rc != 0)
        return rc;
    if (row->wants_password && a->o.strict && !a->o.verified)
        return pgseal__auth_risk(a, "a proof of the password",
                                 "whoever is in between can guess the password from it", err);
    a->mech = row;
    a->facts.method = row->name;
    return start(a, reply, err);
}

static void warn_if_cheap(struct pgseal_auth *a)
{
    if (a->facts.iterations > 0 && a->facts.iterations < FEWEST_ITERATIONS && !a->o.verified)
        pgseal__auth_warn(a,
                          "an unverified server asks for a proof of the password over only %d "
                          "SCRAM iterations (usual: %d), which makes the password cheap to guess; "
                          "use sslmode=verify-full sslrootcert=FILE",
                          a->facts.iterations, FEWEST_ITERATIONS);
}

/* The message lives NUL-terminated for the mechanism; libpq does the same. */
static int exchange(struct pgseal_auth *a, const uint8_t *body, size_t n, char **out,
                    struct pgseal_err *err)
{
    char *in = pgseal__alloc(n + 1);
    int rc;

    if (in == NULL)
        return pgseal__nomem(err);
    memcpy(in, body, n);
    rc = a->mech->mech->exchange(a->mech_state, in, n, out, err);
    a->mech->mech->facts(a->mech_state, &a->facts);
    pgseal__wipe_free(in, n + 1);
    return rc;
}

int pgseal__sasl_continue(struct pgseal_auth *a, const uint8_t *body, size_t n, bool final,
                          struct pgseal_buf *reply, struct pgseal_err *err)
{
    char *out = NULL;
    int rc;

    if (a->mech_state == NULL)
        return pgseal__fail(err, PGSEAL_E_PROTO,
                            "fe_sendauth: invalid authentication request from server: "
                            "AUTH_REQ_SASL_CONT without AUTH_REQ_SASL");
    rc = exchange(a, body, n, &out, err);
    if (rc == PGSEAL__SASL_CONTINUE && final) {
        rc = pgseal__fail(err, PGSEAL_E_SCRAM,
                          "AuthenticationSASLFinal received from server, but SASL authentication "
                          "was not completed");
    } else if (rc == PGSEAL__SASL_CONTINUE && out == NULL) {
        rc = no_answer(err);
    } else if (rc == PGSEAL__SASL_CONTINUE) {
        warn_if_cheap(a);
        rc = pgseal_put_message(reply, 'p', out, strlen(out), err);
        a->facts.password_used = rc == 0;
    } else if (rc == PGSEAL__SASL_COMPLETE) {
        a->finished = true;
        rc = 0;
    }
    pgseal__wipe_free_str(out);
    return rc < 0 ? rc : PGSEAL_MORE;
}
