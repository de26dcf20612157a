/* SPDX-License-Identifier: PostgreSQL */
/* SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, client role: three messages and the server's proof. */
#include "auth_int.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <limits.h>

enum step { FIRST, NONCE_SENT, PROOF_SENT, FINISHED };

struct scram {
    const struct pgseal_auth_options *o;
    bool plus;
    enum step step;
    bool proved;
    int iterations;
    char *password; /* prepared; NULL with scram_client_key */
    char *nonce;    /* ours */
    char *first_bare;
    char *server_first;
    char *final_bare; /* client-final-message-without-proof */
    uint8_t *salt;
    long salt_len;
    uint8_t salted[PGSEAL__SCRAM_KEY_LEN];
};

static const char binding_header[] = "p=tls-server-end-point,,";

static void scram_free(void *state)
{
    struct scram *s = state;

    if (s == NULL)
        return;
    pgseal__wipe_free_str(s->password);
    pgseal__wipe_free_str(s->nonce);
    pgseal__wipe_free_str(s->first_bare);
    pgseal__wipe_free_str(s->server_first);
    pgseal__wipe_free_str(s->final_bare);
    pgseal__free(s->salt);
    pgseal__wipe_free(s, sizeof(*s));
}

static int make_nonce(struct scram *s, struct pgseal_err *err)
{
    uint8_t raw[PGSEAL__SCRAM_NONCE_LEN];

    if (s->o->INSECURE_test_nonce != NULL) {
        s->nonce = pgseal__strdup(s->o->INSECURE_test_nonce);
        return s->nonce != NULL ? 0 : pgseal__nomem(err);
    }
    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return pgseal__fail(err, PGSEAL_E_SCRAM, "could not generate nonce");
    s->nonce = pgseal__alloc(PGSEAL__BASE64_SIZE(sizeof(raw)));
    if (s->nonce == NULL)
        return pgseal__nomem(err);
    pgseal__base64_encode(raw, sizeof(raw), s->nonce);
    return 0;
}

static int prepare_password(struct scram *s, const char *password, struct pgseal_err *err)
{
    size_t cap = PGSEAL_SASLPREP_SIZE(strlen(password));
    int n;

    s->password = pgseal__alloc(cap);
    if (s->password == NULL)
        return pgseal__nomem(err);
    n = pgseal_saslprep(password, s->password, cap);
    return n >= 0 ? 0 : pgseal__nomem(err);
}

static int scram_init(const struct pgseal_auth_options *o, const struct pgseal__mech_row *row,
                      const char *password, void **state, struct pgseal_err *err)
{
    struct scram *s = pgseal__alloc(sizeof(*s));
    int rc;

    if (s == NULL)
        return pgseal__nomem(err);
    s->o = o;
    s->plus = row->plus;
    rc = password != NULL ? prepare_password(s, password, err) : 0;
    if (rc == 0)
        rc = make_nonce(s, err);
    if (rc < 0)
        scram_free(s);
    else
        *state = s;
    return rc;
}

static int malformed(struct pgseal_err *err, const char *what)
{
    pgseal__fail(err, PGSEAL_E_SCRAM, "malformed SCRAM message (%s)", what);
    return PGSEAL_E_SCRAM;
}

/* The gs2 header's flag: bound, could be bound but the server does not offer it, cannot. */
static char flag(const struct scram *s)
{
    if (s->plus)
        return 'p';
    return s->o->tls && s->o->opt->channel_binding != PGSEAL_DISABLE ? 'y' : 'n';
}

/* Allocates as printf would write it. */
static char *build(const char *a, const char *b, const char *c, const char *d)
{
    size_t n = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
    char *out = pgseal__alloc(n);

    if (out != NULL)
        pgseal__format(out, n, "%s%s%s%s", a, b, c, d);
    return out;
}

/* The user name stays empty: the server takes the startup packet's (libpq fe-auth-scram.c). */
static int client_first(struct scram *s, char **out, struct pgseal_err *err)
{
    const char *header = s->plus ? binding_header : flag(s) == 'y' ? "y,," : "n,,";

    s->first_bare = build("n=,r=", s->nonce, "", "");
    if (s->first_bare != NULL)
        *out = build(header, s->first_bare, "", "");
    return *out != NULL ? 0 : pgseal__nomem(err);
}

/*
 * Reads "attr=value" at *p, up to a comma or the end, and moves *p behind it. *value lends; the
 * comma becomes a NUL.
 */
static int read_attribute(char **p, char attr, char **value, struct pgseal_err *err)
{
    char *at = *p, *end, what[64];

    if (*at++ != attr) {
        pgseal__format(what, sizeof(what), "attribute \"%c\" expected", attr);
        return malformed(err, what);
    }
    if (*at++ != '=') {
        pgseal__format(what, sizeof(what), "expected character \"=\" for attribute \"%c\"", attr);
        return malformed(err, what);
    }
    *value = at;
    end = strchr(at, ',');
    *p = end != NULL ? end + 1 : at + strlen(at);
    if (end != NULL)
        *end = '\0';
    return 0;
}

/* Digits as strtol() takes them: leading blanks and a sign are allowed. < 0 = invalid. */
static int read_iterations(const char *text)
{
    long v = 0;

    while (pgseal__is_space(*text))
        text++;
    if (*text == '+')
        text++;
    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        v = v * 10 + (*text - '0');
        if (v > INT_MAX)
            return -1;
    }
    return v >= 1 ? (int)v : -1;
}

static int check_iterations(struct scram *s, const char *text, struct pgseal_err *err)
{
    int n = read_iterations(text);

    if (n < 0)
        return malformed(err, "invalid iteration count");
    if (n > PGSEAL_SCRAM_ITERATIONS_MAX) {
        pgseal__fail(err, PGSEAL_E_LIMIT, "server asks for %d SCRAM iterations, more than %d", n,
                     PGSEAL_SCRAM_ITERATIONS_MAX);
        pgseal__detail(err, "The server chooses this number before it has proved anything, and "
                            "each iteration costs this client time; the usual number is 4096.");
        pgseal__hint(err, "If the role really has so many, set scram_iterations lower and give "
                          "the role its password again.");
        return PGSEAL_E_LIMIT;
    }
    s->iterations = n;
    return 0;
}

/*
 * Takes server-first-message apart, in libpq's order, so that the first thing wrong with it gets
 * libpq's text. *nonce lends from `text`.
 */
static int parse_server_first(struct scram *s, char *text, char **nonce, struct pgseal_err *err)
{
    size_t n = strlen(s->nonce);
    char *salt, *iterations;
    int rc = read_attribute(&text, 'r', nonce, err);

    if (rc < 0)
        return rc;
    /* At once, before anything else of the message is believed. */
    if (strlen(*nonce) < n || CRYPTO_memcmp(*nonce, s->nonce, n) != 0)
        return pgseal__fail(err, PGSEAL_E_SCRAM, "invalid SCRAM response (nonce mismatch)");
    rc = read_attribute(&text, 's', &salt, err);
    if (rc < 0)
        return rc;
    s->salt = pgseal__alloc(strlen(salt) + 1);
    if (s->salt == NULL)
        return pgseal__nomem(err);
    s->salt_len = pgseal__base64_decode(salt, strlen(salt), s->salt);
    if (s->salt_len < 0)
        return malformed(err, "invalid salt");
    rc = read_attribute(&text, 'i', &iterations, err);
    /* What follows are extensions, to be ignored (RFC 5802 5.1); libpq goes on as well. */
    return rc < 0 ? rc : check_iterations(s, iterations, err);
}

/* The c= attribute: the gs2 header, and with PLUS what ties the exchange to this TLS. */
static int binding_attribute(struct scram *s, char out[160], struct pgseal_err *err)
{
    uint8_t raw[sizeof(binding_header) + 64];
    size_t n = sizeof(binding_header) - 1;
    int len;

    if (!s->plus) {
        pgseal__format(out, 160, "c=%s,r=", flag(s) == 'y' ? "eSws" : "biws");
        return 0;
    }
    memcpy(raw, binding_header, sizeof(binding_header));
    len = s->o->binding(s->o->binding_ctx, raw + n, err);
    if (len < 0)
        return len;
    pgseal__format(out, 160, "c=");
    pgseal__base64_encode(raw, n + (size_t)len, out + 2);
    pgseal__append(out, 160, ",r=");
    return 0;
}

/* AuthMessage of RFC 5802 section 3. */
static char *auth_message(const struct scram *s)
{
    size_t n = strlen(s->first_bare) + strlen(s->server_first) + strlen(s->final_bare) + 3;
    char *out = pgseal__alloc(n);

    if (out != NULL)
        pgseal__format(out, n, "%s,%s,%s", s->first_bare, s->server_first, s->final_bare);
    return out;
}

static int client_key(struct scram *s, uint8_t out[PGSEAL__SCRAM_KEY_LEN], const char **why)
{
    int rc;

    if (s->o->opt->scram_client_key != NULL) {
        memcpy(out, s->o->opt->scram_client_key, PGSEAL__SCRAM_KEY_LEN);
        return 0;
    }
    rc = pgseal__scram_salted(s->password, s->salt, (size_t)s->salt_len, s->iterations, s->salted,
                              why);
    return rc < 0 ? rc : pgseal__scram_hmac(s->salted, "Client Key", out, why);
}

/* ClientProof := ClientKey XOR HMAC(H(ClientKey), AuthMessage) */
static int client_proof(struct scram *s, const char *message, uint8_t out[PGSEAL__SCRAM_KEY_LEN],
                        const char **why)
{
    uint8_t key[PGSEAL__SCRAM_KEY_LEN], stored[PGSEAL__SCRAM_KEY_LEN];
    int rc = client_key(s, key, why);

    if (rc == 0)
        rc = pgseal__scram_h(key, stored, why);
    if (rc == 0)
        rc = pgseal__scram_hmac(stored, message, out, why);
    for (size_t i = 0; rc == 0 && i < sizeof(key); i++)
        out[i] ^= key[i];
    pgseal__wipe(key, sizeof(key));
    pgseal__wipe(stored, sizeof(stored));
    return rc;
}

static int append_proof(struct scram *s, char **out, struct pgseal_err *err)
{
    uint8_t proof[PGSEAL__SCRAM_KEY_LEN];
    char text[PGSEAL__BASE64_SIZE(PGSEAL__SCRAM_KEY_LEN)];
    char *message = auth_message(s);
    const char *why = NULL;
    int rc;

    if (message == NULL)
        return pgseal__nomem(err);
    rc = client_proof(s, message, proof, &why);
    pgseal__wipe_free_str(message);
    if (rc < 0)
        return pgseal__fail(err, rc, "could not calculate client proof: %s", why);
    pgseal__base64_encode(proof, sizeof(proof), text);
    *out = build(s->final_bare, ",p=", text, "");
    pgseal__wipe(proof, sizeof(proof));
    pgseal__wipe(text, sizeof(text));
    return *out != NULL ? 0 : pgseal__nomem(err);
}

/* Reads server-first-message and answers with client-final-message. */
static int client_final(struct scram *s, const char *in, char **out, struct pgseal_err *err)
{
    char *copy = pgseal__strdup(in), *nonce = NULL, binding[160];
    int rc;

    s->server_first = pgseal__strdup(in);
    if (copy == NULL || s->server_first == NULL)
        rc = pgseal__nomem(err);
    else
        rc = parse_server_first(s, copy, &nonce, err);
    if (rc == 0)
        rc = binding_attribute(s, binding, err);
    if (rc == 0 && nonce != NULL) {
        s->final_bare = build(binding, nonce, "", "");
        rc = s->final_bare != NULL ? append_proof(s, out, err) : pgseal__nomem(err);
    }
    pgseal__wipe_free_str(copy);
    return rc;
}

static int server_said_error(char *text, struct pgseal_err *err)
{
    char *value, shown[4 * 128 + 4];
    int rc = read_attribute(&text, 'e', &value, err);

    if (rc < 0)
        return rc;
    pgseal__escape(shown, sizeof(shown), value, strlen(value), 128);
    return pgseal__fail(err, PGSEAL_E_SCRAM, "error received from server in SCRAM exchange: %s",
                        shown);
}

/* Takes server-final-message apart: e=... or v=signature. */
static int parse_server_final(char *text, uint8_t signature[PGSEAL__SCRAM_KEY_LEN],
                              struct pgseal_err *err)
{
    char *value;
    uint8_t *raw;
    long n;
    int rc;

    if (*text == 'e')
        return server_said_error(text, err);
    rc = read_attribute(&text, 'v', &value, err);
    if (rc < 0)
        return rc;
    raw = pgseal__alloc(strlen(value) + 1);
    if (raw == NULL)
        return pgseal__nomem(err);
    n = pgseal__base64_decode(value, strlen(value), raw);
    if (n == PGSEAL__SCRAM_KEY_LEN)
        memcpy(signature, raw, PGSEAL__SCRAM_KEY_LEN);
    else
        rc = malformed(err, "invalid server signature");
    pgseal__free(raw);
    return rc;
}

/* ServerSignature := HMAC(ServerKey, AuthMessage) */
static int expected_signature(struct scram *s, uint8_t out[PGSEAL__SCRAM_KEY_LEN],
                              struct pgseal_err *err)
{
    uint8_t key[PGSEAL__SCRAM_KEY_LEN];
    char *message = auth_message(s);
    const char *why = NULL;
    int rc = 0;

    if (message == NULL)
        return pgseal__nomem(err);
    if (s->o->opt->scram_server_key != NULL)
        memcpy(key, s->o->opt->scram_server_key, sizeof(key));
    else
        rc = pgseal__scram_hmac(s->salted, "Server Key", key, &why);
    if (rc == 0)
        rc = pgseal__scram_hmac(key, message, out, &why);
    pgseal__wipe(key, sizeof(key));
    pgseal__wipe_free_str(message);
    return rc == 0 ? 0 : pgseal__fail(err, rc, "could not verify server signature: %s", why);
}

static int wrong_proof(const struct scram *s, struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_SERVER_PROOF, "incorrect server signature");
    pgseal__detail(err, "The server took our proof, but could not prove that it knows the same %s.",
                   s->o->opt->scram_server_key != NULL ? "key as scram_server_key"
                                                       : "password's secret");
    pgseal__hint(err, "Something that does not have the role's secret answers in the server's "
                      "place, or scram_server_key belongs to another password. Find out which "
                      "before you use this password again.");
    return PGSEAL_E_SERVER_PROOF;
}

static int check_server(struct scram *s, const char *in, struct pgseal_err *err)
{
    uint8_t got[PGSEAL__SCRAM_KEY_LEN], want[PGSEAL__SCRAM_KEY_LEN];
    char *copy = pgseal__strdup(in);
    int rc = copy != NULL ? parse_server_final(copy, got, err) : pgseal__nomem(err);

    pgseal__wipe_free_str(copy);
    if (rc == 0)
        rc = expected_signature(s, want, err);
    if (rc == 0 && CRYPTO_memcmp(got, want, sizeof(want)) != 0)
        rc = wrong_proof(s, err);
    s->proved = rc == 0;
    pgseal__wipe(want, sizeof(want));
    return rc;
}

static int scram_exchange(void *state, const char *in, size_t n, char **out, struct pgseal_err *err)
{
    struct scram *s = state;
    int rc = PGSEAL_E_SCRAM;

    if (s->step != FIRST && n == 0)
        return malformed(err, "empty message");
    if (s->step != FIRST && n != strlen(in))
        return malformed(err, "length mismatch");
    switch (s->step) {
    case FIRST:
        rc = client_first(s, out, err);
        s->step = NONCE_SENT;
        break;
    case NONCE_SENT:
        rc = client_final(s, in, out, err);
        s->step = PROOF_SENT;
        break;
    case PROOF_SENT:
        rc = check_server(s, in, err);
        s->step = FINISHED;
        return rc < 0 ? rc : PGSEAL__SASL_COMPLETE;
    case FINISHED:
        return pgseal__fail(err, rc, "invalid SCRAM exchange state");
    }
    return rc < 0 ? rc : PGSEAL__SASL_CONTINUE;
}

static bool scram_bound(const void *state)
{
    const struct scram *s = state;

    return s->plus && s->step == FINISHED && s->proved;
}

static void scram_facts(const void *state, struct pgseal_auth_facts *out)
{
    const struct scram *s = state;

    out->iterations = s->iterations;
    out->server_proved = s->proved;
    out->channel_bound = scram_bound(s);
}

const struct pgseal_mech pgseal__mech_scram = {scram_init, scram_exchange, scram_bound, scram_facts,
                                               scram_free};
