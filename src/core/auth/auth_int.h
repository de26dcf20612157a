/* SPDX-License-Identifier: PostgreSQL */
/* What the files of the authentication share: one authentication, mechanisms, SCRAM's parts. */
#ifndef PGSEAL_AUTH_INT_H
#define PGSEAL_AUTH_INT_H

#include "core/base/base.h"

#include <pgseal/auth.h>

/* AuthenticationRequest codes. PG18 protocol-message-formats.html, libpq/protocol.h. */
enum pgseal__areq {
    PGSEAL__AREQ_OK = 0,
    PGSEAL__AREQ_KRB4 = 1,
    PGSEAL__AREQ_KRB5 = 2,
    PGSEAL__AREQ_PASSWORD = 3,
    PGSEAL__AREQ_CRYPT = 4,
    PGSEAL__AREQ_MD5 = 5,
    PGSEAL__AREQ_GSS = 7,
    PGSEAL__AREQ_GSS_CONT = 8,
    PGSEAL__AREQ_SSPI = 9,
    PGSEAL__AREQ_SASL = 10,
    PGSEAL__AREQ_SASL_CONT = 11,
    PGSEAL__AREQ_SASL_FINAL = 12
};

/* What an exchange of a mechanism achieved; < 0 is a failure. As libpq's SASLStatus. */
enum pgseal__sasl { PGSEAL__SASL_CONTINUE = 0, PGSEAL__SASL_COMPLETE = 1 };

struct pgseal__mech_row;

/*
 * One SASL mechanism, client role. The idea is libpq's fe-auth-sasl.h: the caller moves messages,
 * the mechanism knows what is in them. State is opaque, made by init, wiped by free.
 */
struct pgseal_mech {
    /* password: keeps, until free; NULL when the mechanism needs none. */
    int (*init)(const struct pgseal_auth_options *o, const struct pgseal__mech_row *row,
                const char *password, void **state, struct pgseal_err *err);
    /*
     * in: n bytes with a NUL behind them, or NULL to begin. *out: a message to send, allocated
     * here, freed by the caller with pgseal__wipe_free_str(); NULL = nothing to send.
     */
    int (*exchange)(void *state, const char *in, size_t n, char **out, struct pgseal_err *err);
    /* The exchange is complete and tied to the TLS connection. */
    bool (*bound)(const void *state);
    /* Fills iterations and server_proved. */
    void (*facts)(const void *state, struct pgseal_auth_facts *out);
    void (*free)(void *state);
};

/* One row of mechs.def. */
struct pgseal__mech_row {
    const char *name;
    uint32_t bit; /* of require_auth */
    bool plus;    /* binds the channel: only over TLS, unless channel_binding=disable */
    bool wants_password;
    const struct pgseal_mech *mech;
    const char *text;
};
/* The row of a name, or NULL. */
const struct pgseal__mech_row *pgseal__mech_find(const char *name);

extern const struct pgseal_mech pgseal__mech_scram;
extern const struct pgseal_mech pgseal__mech_oauth;

/* One authentication. */
struct pgseal_auth {
    struct pgseal_auth_options o;
    struct pgseal_auth_facts facts;
    bool finished; /* the client's side is complete: libpq's client_finished_auth */
    const struct pgseal__mech_row *mech;
    void *mech_state;
    char warning[512];
    bool warning_new;
};

/* The password, or NULL when there is none or an empty one (libpq: the same). */
const char *pgseal__auth_password(struct pgseal_auth *a);
/* Fails with libpq's text and notes that a password is needed. */
int pgseal__auth_no_password(struct pgseal_auth *a, struct pgseal_err *err);
/*
 * Looks at the risk of answering with a password (what: "the password in clear text", ...):
 * refuses when strict, else leaves a warning. 0 or PGSEAL_E_PASSWORD_RISK.
 */
int pgseal__auth_risk(struct pgseal_auth *a, const char *what, const char *so,
                      struct pgseal_err *err);
/* Keeps a warning for pgseal_auth_warning(). */
void pgseal__auth_warn(struct pgseal_auth *a, const char *fmt, ...) PGSEAL_PRINTF(2, 3);

/* Answers a request for a password in clear text, or as MD5 when salt is not NULL. */
int pgseal__auth_password_reply(struct pgseal_auth *a, const uint8_t *salt,
                                struct pgseal_buf *reply, struct pgseal_err *err);
/* Writes "md5" and 32 hexadecimal digits; p NUL-terminated, salt n bytes. 0 or < 0. */
int pgseal__md5(const char *p, const void *salt, size_t n, char out[36], struct pgseal_err *err);

/* AuthenticationSASL with its list of mechanisms. */
int pgseal__sasl_begin(struct pgseal_auth *a, const uint8_t *body, size_t n,
                       struct pgseal_buf *reply, struct pgseal_err *err);
/* AuthenticationSASLContinue and, with `final`, AuthenticationSASLFinal. */
int pgseal__sasl_continue(struct pgseal_auth *a, const uint8_t *body, size_t n, bool final,
                          struct pgseal_buf *reply, struct pgseal_err *err);

/* ---- SCRAM-SHA-256, RFC 5802 and 7677 ------------------------------------------------------ */

#define PGSEAL__SCRAM_KEY_LEN   32 /* SHA-256 */
#define PGSEAL__SCRAM_NONCE_LEN 18 /* bytes before base64, as libpq: 24 characters, no padding */

/* All of them: 0, or < 0 when OpenSSL fails; *why then gets OpenSSL's reason. */
int pgseal__scram_salted(const char *password, const uint8_t *salt, size_t salt_len, int iterations,
                         uint8_t out[PGSEAL__SCRAM_KEY_LEN], const char **why);
int pgseal__scram_hmac(const uint8_t key[PGSEAL__SCRAM_KEY_LEN], const char *text,
                       uint8_t out[PGSEAL__SCRAM_KEY_LEN], const char **why);
int pgseal__scram_h(const uint8_t in[PGSEAL__SCRAM_KEY_LEN], uint8_t out[PGSEAL__SCRAM_KEY_LEN],
                    const char **why);

/* Base64 without line ends. Bytes needed for n bytes, NUL included. */
#define PGSEAL__BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
/* out has PGSEAL__BASE64_SIZE(n) bytes. */
void pgseal__base64_encode(const uint8_t *p, size_t n, char *out);
/* out has room for n / 4 * 3 bytes. Length, or -1. Accepts what libpq's pg_b64_decode does. */
long pgseal__base64_decode(const char *p, size_t n, uint8_t *out);

/* OpenSSL's reason for what just failed, empties its queue; never NULL. */
const char *pgseal__auth_ossl_reason(void);

#endif
