/* SPDX-License-Identifier: PostgreSQL */
/* Contexts: what every endpoint shares. Built once, immutable, counted. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>

struct pgseal_tls_ctx *pgseal_tls_ctx_ref(struct pgseal_tls_ctx *c)
{
    c->refs++;
    return c;
}

struct pgseal_tls_ctx *pgseal_tls_ctx_free(struct pgseal_tls_ctx *c)
{
    if (c == NULL || --c->refs > 0)
        return NULL;
    SSL_CTX_free(c->ssl_ctx);
    BIO_meth_free(c->bio_method);
    pgseal_trust_free(c->trust);
    pgseal__free(c->keylog_path);
    pgseal__free(c->min_text);
    pgseal__free(c->max_text);
    for (size_t i = 0; i < c->nwarnings; i++)
        pgseal__free(c->warnings[i]);
    pgseal__free(c);
    return NULL;
}

const char *pgseal_tls_ctx_warning(const struct pgseal_tls_ctx *c, size_t i)
{
    return i < c->nwarnings ? c->warnings[i] : NULL;
}

const struct pgseal_trust *pgseal_tls_ctx_trust(const struct pgseal_tls_ctx *c)
{
    return c->trust;
}

bool pgseal_tls_ctx_verifies(const struct pgseal_tls_ctx *c)
{
    return c->verify;
}

int pgseal__tls_ctx_warn(struct pgseal_tls_ctx *c, const char *text)
{
    for (size_t i = 0; i < c->nwarnings; i++) {
        if (strcmp(c->warnings[i], text) == 0)
            return 0;
    }
    if (c->nwarnings == TLS_WARNINGS_MAX)
        return 0;
    c->warnings[c->nwarnings] = pgseal__strdup(text);
    if (c->warnings[c->nwarnings] == NULL)
        return PGSEAL_E_NOMEM;
    c->nwarnings++;
    return 0;
}

/*
 * What holds for both roles. The library context and openssl.cnf are the default ones, as for
 * libpq. SSL_MODE_NO_AUTO_CHAIN only on servers: libpq completes a client's chain from its roots.
 */
static void policy(struct pgseal_tls_ctx *c)
{
    SSL_CTX *s = c->ssl_ctx;
    long mode = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                SSL_MODE_RELEASE_BUFFERS;

    if (c->server)
        mode |= SSL_MODE_NO_AUTO_CHAIN;
    SSL_CTX_set_mode(s, mode);
    SSL_CTX_set_options(s, SSL_OP_NO_SSLv2 | SSL_OP_NO_SSLv3 | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_cert_verify_callback(s, pgseal__tls_verify, NULL);
    if (c->server) {
        SSL_CTX_set_num_tickets(s, 0);
        SSL_CTX_set_options(s, SSL_OP_CIPHER_SERVER_PREFERENCE);
    } else {
        SSL_CTX_set_cert_cb(s, pgseal__tls_cert_cb, NULL);
    }
}

struct pgseal_tls_ctx *pgseal__tls_ctx_alloc(bool server, struct pgseal_err *err)
{
    struct pgseal_tls_ctx *c = pgseal__alloc(sizeof(*c));
    char reason[128];

    if (c == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    c->refs = 1;
    c->server = server;
    ERR_clear_error();
    c->ssl_ctx = SSL_CTX_new(TLS_method());
    c->bio_method = c->ssl_ctx != NULL ? pgseal__tls_bio_method() : NULL;
    if (c->bio_method == NULL) {
        pgseal__fail(err, PGSEAL_E_TLS, "could not create SSL context: %s",
                     pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
        return pgseal_tls_ctx_free(c);
    }
    policy(c);
    return c;
}

/* The names a server shows clients so that they can choose a certificate (RFC 8446 4.2.4). */
static int client_ca_names(struct pgseal_tls_ctx *c)
{
    STACK_OF(X509) *all = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(c->ssl_ctx));
    int ok = all != NULL;

    for (int i = 0; ok && i < sk_X509_num(all); i++)
        ok = SSL_CTX_add_client_CA(c->ssl_ctx, sk_X509_value(all, i));
    sk_X509_pop_free(all, X509_free);
    return ok;
}

int pgseal__tls_ctx_trust(struct pgseal_tls_ctx *c, struct pgseal_trust *trust,
                          struct pgseal_err *err)
{
    c->trust = pgseal_trust_ref(trust);
    SSL_CTX_set1_cert_store(c->ssl_ctx, pgseal__trust_store(trust));
    if (c->server && (pgseal__trust_load_all(trust, err) < 0 || !client_ca_names(c)))
        return pgseal__nomem(err);
    return 0;
}

int pgseal__tls_ctx_keylog(struct pgseal_tls_ctx *c, const char *path,
                           const struct pgseal_world *world, struct pgseal_err *err)
{
    if (path == NULL || path[0] == '\0')
        return 0;
    if (world == NULL || world->append == NULL)
        return pgseal__fail(err, PGSEAL_E_USAGE, "a key log needs a world that can append");
    c->keylog_path = pgseal__strdup(path);
    if (c->keylog_path == NULL)
        return pgseal__nomem(err);
    c->world = world;
    SSL_CTX_set_keylog_callback(c->ssl_ctx, pgseal__tls_keylog);
    return 0;
}

/* What is not asked for stays as openssl.cnf has it, but never below TLS 1.2. */
static int set_versions(struct pgseal_tls_ctx *c, const struct pgseal_tls_options *o,
                        struct pgseal_err *err)
{
    SSL_CTX *s = c->ssl_ctx;
    int min = o->min, max = o->max;
    char reason[128], name[24];

    if (min == 0 && SSL_CTX_get_min_proto_version(s) < TLS1_2_VERSION)
        min = TLS1_2_VERSION;
    if ((min != 0 && !SSL_CTX_set_min_proto_version(s, min)) ||
        (max != 0 && !SSL_CTX_set_max_proto_version(s, max)))
        return pgseal__fail(err, PGSEAL_E_OPTION, "could not set minimum SSL protocol version: %s",
                            pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    min = (int)SSL_CTX_get_min_proto_version(s);
    max = (int)SSL_CTX_get_max_proto_version(s);
    c->min_text = pgseal__strdup(pgseal__tls_version_name(min, name));
    c->max_text = pgseal__strdup(pgseal__tls_version_name(max != 0 ? max : TLS1_3_VERSION, name));
    return c->min_text != NULL && c->max_text != NULL ? 0 : pgseal__nomem(err);
}

static int set_ciphers(struct pgseal_tls_ctx *c, const struct pgseal_tls_options *o,
                       struct pgseal_err *err)
{
    char reason[128];

    if (o->ciphers != NULL && !SSL_CTX_set_cipher_list(c->ssl_ctx, o->ciphers))
        return pgseal__fail(err, PGSEAL_E_OPTION, "could not set the cipher list \"%s\": %s",
                            o->ciphers,
                            pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    if (o->ciphersuites != NULL && !SSL_CTX_set_ciphersuites(c->ssl_ctx, o->ciphersuites))
        return pgseal__fail(err, PGSEAL_E_OPTION, "could not set the cipher suites \"%s\": %s",
                            o->ciphersuites,
                            pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    return 0;
}

static int set_identity(struct pgseal_tls_ctx *c, const struct pgseal_tls_options *o,
                        struct pgseal_err *err)
{
    unsigned long ecode = 0;
    char reason[128];

    if (o->cert_pem == NULL && o->key_pem == NULL)
        return 0;
    if (o->cert_pem == NULL || o->key_pem == NULL)
        return pgseal__fail(err, PGSEAL_E_USAGE, "a certificate and its key come together");
    if (pgseal__tls_use_chain(c, o->cert_pem, strlen(o->cert_pem)) < 0)
        return pgseal__fail(err, PGSEAL_E_CLIENT_CERT, "could not read the certificate: %s",
                            pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    if (pgseal__tls_use_key(c, o->key_pem, strlen(o->key_pem), NULL, false, &ecode) < 0)
        return pgseal__fail(err, PGSEAL_E_CLIENT_KEY, "could not read the private key: %s",
                            pgseal__tls_reason(ecode, reason, sizeof(reason)));
    return 0;
}

static int set_peer(struct pgseal_tls_ctx *c, const struct pgseal_tls_options *o,
                    struct pgseal_err *err)
{
    int mode = SSL_VERIFY_NONE;

    if (c->server && o->require_peer_cert && o->trust == NULL && !o->INSECURE_no_verify)
        return pgseal__fail(err, PGSEAL_E_USAGE, "client certificates need a trust set");
    c->verify = !o->INSECURE_no_verify && (!c->server || o->trust != NULL);
    if (o->trust != NULL && pgseal__tls_ctx_trust(c, o->trust, err) < 0)
        return PGSEAL_E_NOMEM;
    /* Whatever openssl.cnf may have set beside it: only what is given counts. */
    SSL_CTX_set1_verify_cert_store(c->ssl_ctx, SSL_CTX_get_cert_store(c->ssl_ctx));
    if (!c->server)
        mode = c->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    else if (o->trust != NULL || o->require_peer_cert)
        mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE |
               (o->require_peer_cert ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    SSL_CTX_set_verify(c->ssl_ctx, mode, NULL);
    return 0;
}

static int set_alpn(struct pgseal_tls_ctx *c, bool no_alpn, struct pgseal_err *err)
{
    static const unsigned char list[] = TLS_ALPN_VECTOR;

    if (no_alpn)
        return 0;
    if (c->server)
        SSL_CTX_set_alpn_select_cb(c->ssl_ctx, pgseal__tls_alpn_cb, NULL);
    else if (SSL_CTX_set_alpn_protos(c->ssl_ctx, list, sizeof(list) - 1) != 0)
        return pgseal__nomem(err);
    return 0;
}

struct pgseal_tls_ctx *pgseal_tls_ctx_new(const struct pgseal_tls_options *o,
                                          struct pgseal_err *err)
{
    struct pgseal_tls_ctx *c = pgseal__tls_ctx_alloc(o->server, err);

    if (c == NULL)
        return NULL;
    ERR_clear_error();
    if (set_versions(c, o, err) < 0 || set_ciphers(c, o, err) < 0 || set_peer(c, o, err) < 0 ||
        set_identity(c, o, err) < 0 || set_alpn(c, o->no_alpn, err) < 0 ||
        pgseal__tls_ctx_keylog(c, o->keylog_path, o->world, err) < 0)
        c = pgseal_tls_ctx_free(c);
    ERR_clear_error();
    return c;
}
