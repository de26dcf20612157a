/* SPDX-License-Identifier: PostgreSQL */
/* What the files of the TLS module share: the context, the endpoint, and their helpers. */
#ifndef PGSEAL_CORE_TLS_TLS_INT_H
#define PGSEAL_CORE_TLS_TLS_INT_H

#include "core/base/base.h"

#include <pgseal/tls.h>

#include <openssl/ssl.h>

/* The one application protocol of PostgreSQL, as RFC 7301 writes a list of one name. */
#define TLS_ALPN        "postgresql"
#define TLS_ALPN_VECTOR "\x0apostgresql"

/* The largest record's plaintext (RFC 8446 5.1), and what sealing may add to it. */
#define TLS_RECORD_MAX  16384u
#define TLS_RECORD_ROOM 512u

/* Handshake messages behind the handshake (KeyUpdate, tickets) in a row without data between. */
#define TLS_IDLE_MESSAGES_MAX 32

#define TLS_WARNINGS_MAX 4

struct pgseal_tls_ctx {
    int refs;
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method; /* one per context: no global, hence no lock */
    bool server;
    bool verify; /* the peer's chain is judged */
    struct pgseal_trust *trust;
    char *keylog_path;
    const struct pgseal_world *world;
    char *min_text, *max_text; /* as typed, for libpq's line about versions */
    char *warnings[TLS_WARNINGS_MAX];
    size_t nwarnings;
};

enum tls_phase { TLS_HANDSHAKE = 0, TLS_OPEN = 1, TLS_FAILED = 2 };

/* What was seen on the wire, for explanations only. Nothing here decides anything. */
struct tls_seen {
    uint8_t first[24]; /* the first bytes of the peer */
    size_t nfirst;
    uint64_t bytes_in, bytes_out;
    int hello_version;                /* of the peer's Hello, negotiated; 0 = none came */
    int alert_received, alert_sent;   /* -1 = none */
    bool cert_request, own_cert_sent; /* client: asked, and answered with a certificate */
    bool hello_done;                  /* the peer's Hello was read */
};

/* Why the chain was refused, kept from X509_verify_cert(). */
struct tls_verdict {
    bool refused;
    int error, depth;
    X509 *cert; /* the certificate at `depth`, or NULL */
    X509 *leaf;
    STACK_OF(X509) * sent; /* what the peer sent, leaf included */
};

struct pgseal_tls {
    struct pgseal_tls_ctx *ctx;
    SSL *ssl;
    struct pgseal_io *io; /* set while a step runs */
    char *host;
    bool check_name, name_ok, need_alpn;
    int64_t now_unix_s;
    enum tls_phase phase;
    bool peer_closed; /* close_notify was read */
    bool we_closed;   /* close_notify was written */
    bool nomem;       /* a queue could not grow */
    int idle_messages;
    struct tls_seen seen;
    struct tls_verdict verdict;
    uint8_t *peer_der;
    size_t peer_der_len;
    char *warning; /* the key log could not be written */
};

/* bio.c */
BIO_METHOD *pgseal__tls_bio_method(void);
int pgseal__tls_set_bio(struct pgseal_tls *t);

/* ctx.c */
struct pgseal_tls_ctx *pgseal__tls_ctx_alloc(bool server, struct pgseal_err *err);
int pgseal__tls_ctx_trust(struct pgseal_tls_ctx *c, struct pgseal_trust *trust,
                          struct pgseal_err *err);
int pgseal__tls_ctx_keylog(struct pgseal_tls_ctx *c, const char *path,
                           const struct pgseal_world *world, struct pgseal_err *err);
int pgseal__tls_ctx_warn(struct pgseal_tls_ctx *c, const char *text);

/* clientcert.c: own certificate and key, from memory */
int pgseal__tls_use_chain(struct pgseal_tls_ctx *c, const void *pem, size_t n);
int pgseal__tls_use_key(struct pgseal_tls_ctx *c, const void *p, size_t n, const char *password,
                        bool der_too, unsigned long *reason);
int pgseal__tls_client_identity(struct pgseal_tls_ctx *c, const struct pgseal_options *o,
                                const struct pgseal_world *world, struct pgseal_err *err);

/* watch.c: callbacks of OpenSSL that only look */
void pgseal__tls_watch(struct pgseal_tls *t);
void pgseal__tls_keylog(const SSL *ssl, const char *line);
int pgseal__tls_cert_cb(SSL *ssl, void *arg);
int pgseal__tls_alpn_cb(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                        const unsigned char *in, unsigned int inlen, void *arg);

/* verify.c */
int pgseal__tls_verify(X509_STORE_CTX *xs, void *arg);
void pgseal__tls_verdict_keep(struct tls_verdict *v, X509_STORE_CTX *xs);
void pgseal__tls_verdict_done(struct tls_verdict *v);

/* errors.c */
const char *pgseal__tls_reason(unsigned long ecode, char *buf, size_t cap);
const char *pgseal__tls_sys_text(int sys, char *buf, size_t cap);
int pgseal__tls_fail_ssl(struct pgseal_tls *t, int ssl_error, struct pgseal_err *err);
int pgseal__tls_fail_cert(const struct pgseal_tls_ctx *ctx, const struct tls_verdict *v, int level,
                          int64_t now_unix_s, unsigned long ecode, struct pgseal_err *err);

/* story.c */
const char *pgseal__tls_alert_name(int alert);
const char *pgseal__tls_version_name(int version, char *buf); /* buf: 24 bytes or more */
bool pgseal__tls_first_is_tls(const struct tls_seen *s);
void pgseal__tls_story(struct pgseal_tls *t, unsigned long ecode, struct pgseal_err *err);
bool pgseal__tls_version_reason(unsigned long ecode);

#endif
