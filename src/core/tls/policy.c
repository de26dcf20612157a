/* SPDX-License-Identifier: PostgreSQL */
/* The client context a connection string asks for: libpq 18's initialize_SSL, step by step. */
#include "tls_int.h"

#include "core/cert/cert.h"

#include <openssl/err.h>

#define PATH_CAP 1024 /* libpq's MAXPGPATH */

static int set_version(struct pgseal_tls_ctx *c, bool min, int version, struct pgseal_err *err)
{
    char reason[128];
    int ok;

    if (version == 0) /* the library's own, openssl.cnf included */
        return 0;
    ok = min ? SSL_CTX_set_min_proto_version(c->ssl_ctx, version)
             : SSL_CTX_set_max_proto_version(c->ssl_ctx, version);
    if (ok)
        return 0;
    pgseal__fail(err, PGSEAL_E_OPTION, "could not set %s SSL protocol version: %s",
                 min ? "minimum" : "maximum",
                 pgseal__tls_reason(ERR_get_error(), reason, sizeof(reason)));
    pgseal__detail(err, "OpenSSL refuses the version, perhaps because it was built without it.");
    pgseal__hint(err, "Choose another %s.",
                 min ? "ssl_min_protocol_version" : "ssl_max_protocol_version");
    return PGSEAL_E_OPTION;
}

/* As typed, because libpq's message repeats what was typed. */
static int set_range(struct pgseal_tls_ctx *c, const struct pgseal_options *o,
                     struct pgseal_err *err)
{
    c->min_text = pgseal__strdup(o->tls_min_text != NULL ? o->tls_min_text : "TLSv1");
    c->max_text = pgseal__strdup(o->tls_max_text != NULL ? o->tls_max_text : "TLSv1.3");
    if (c->min_text == NULL || c->max_text == NULL)
        return pgseal__nomem(err);
    if (set_version(c, true, o->tls_min, err) < 0)
        return PGSEAL_E_OPTION;
    return set_version(c, false, o->tls_max, err);
}

#define EITHER                                                                                    \
    "Either provide the file, use the system's trusted roots with sslrootcert=system, or change " \
    "sslmode to disable server certificate verification."

static int root_missing(const char *path, int stat_sys, struct pgseal_err *err)
{
    char text[128];

    if (path[0] == '\0') {
        pgseal__fail(err, PGSEAL_E_ROOT_MISSING,
                     "could not get home directory to locate root certificate file\n" EITHER);
        pgseal__detail(err,
                       "sslrootcert is not set, and neither HOME nor the user database names a "
                       "home directory.");
        pgseal__hint(err, "Add sslrootcert=FILE.");
        return PGSEAL_E_ROOT_MISSING;
    }
    pgseal__fail(err, PGSEAL_E_ROOT_MISSING, "root certificate file \"%s\" does not exist\n" EITHER,
                 path);
    pgseal__detail(err, "Looking at \"%s\" says: %s.", path,
                   pgseal__tls_sys_text(stat_sys, text, sizeof(text)));
    pgseal__hint(err, "Check the name, or add sslrootcert=FILE with the certificate authority of "
                      "the server.");
    return PGSEAL_E_ROOT_MISSING;
}

static int root_unreadable(const char *path, int sys, struct pgseal_err *err)
{
    char text[128];

    pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE, "could not read root certificate file \"%s\": %s",
                 path, pgseal__tls_sys_text(sys, text, sizeof(text)));
    pgseal__detail(err, "The file exists and cannot be read, which is an error in every sslmode "
                        "that tries TLS.");
    pgseal__hint(err, "Make it readable: chmod a+r %s", path);
    return PGSEAL_E_ROOT_UNUSABLE;
}

/*
 * CRLs, with libpq's oddities: the default file only when neither parameter is set; a file that
 * cannot be used drops the directory beside it too, silently; a directory is not looked at before
 * it is needed; certificates in either become trusted as well.
 */
static int add_crls(struct pgseal_trust *trust, const struct pgseal_options *o,
                    const struct pgseal_world *w, struct pgseal_err *err)
{
    const char *file = o->sslcrl != NULL && o->sslcrl[0] != '\0' ? o->sslcrl : NULL;
    const char *dir = o->sslcrldir != NULL && o->sslcrldir[0] != '\0' ? o->sslcrldir : NULL;
    struct pgseal_file f = {0};
    char path[PATH_CAP];
    int rc = 0;

    if (file == NULL && dir == NULL && w->home != NULL) {
        snprintf(path, sizeof(path), "%s/.postgresql/root.crl", w->home);
        file = path;
    }
    if (file == NULL && dir == NULL)
        return 0;
    if (file != NULL) {
        w->read(w->ctx, file, &f);
        if (f.stat_sys != 0 || f.read_sys != 0)
            rc = PGSEAL_E_ROOT_UNUSABLE;
        else
            rc = pgseal_trust_add_pem(trust, file, f.data, f.len, NULL);
        w->release(w->ctx, &f);
    }
    if (rc >= 0 && dir != NULL)
        rc = pgseal_trust_add_dir(trust, dir, w, NULL);
    if (rc == PGSEAL_E_NOMEM)
        return pgseal__nomem(err);
    if (rc >= 0)
        pgseal_trust_check_crls(trust);
    return 0;
}

/* 1 = roots are loaded, 0 = there are none and none are needed, < 0. */
static int add_roots(struct pgseal_trust *trust, const struct pgseal_options *o,
                     const struct pgseal_world *w, struct pgseal_err *err)
{
    struct pgseal_file f = {0};
    char path[PATH_CAP] = "";
    int rc;

    if (o->sslrootcert != NULL && o->sslrootcert[0] != '\0')
        snprintf(path, sizeof(path), "%s", o->sslrootcert);
    else if (w->home != NULL)
        snprintf(path, sizeof(path), "%s/.postgresql/root.crt", w->home);
    if (strcmp(path, "system") == 0) {
        rc = pgseal_trust_add_system(trust, w, err);
        return rc < 0 ? rc : 1;
    }
    if (path[0] != '\0')
        w->read(w->ctx, path, &f);
    if (path[0] == '\0' || f.stat_sys != 0) {
        rc = o->sslmode >= PGSEAL_SSLMODE_VERIFY_CA ? root_missing(path, f.stat_sys, err) : 0;
    } else if (f.read_sys != 0 && f.kind != PGSEAL_FILE_DIRECTORY) {
        rc = root_unreadable(path, f.read_sys, err);
    } else {
        /* stdio opens a directory and reads nothing: "no certificate or crl found" */
        rc = pgseal_trust_add_pem(trust, path, f.data, f.len, err);
        if (rc >= 0)
            rc = add_crls(trust, o, w, err);
        if (rc >= 0)
            rc = 1;
    }
    w->release(w->ctx, &f);
    return rc;
}

/* libpq drops what was asked for without a word, and so nothing is checked for revocation. */
static int warn_no_crls(struct pgseal_tls_ctx *c, const struct pgseal_trust *trust,
                        const struct pgseal_options *o)
{
    bool file = o->sslcrl != NULL && o->sslcrl[0] != '\0';
    bool dir = o->sslcrldir != NULL && o->sslcrldir[0] != '\0';
    bool system = o->sslrootcert != NULL && strcmp(o->sslrootcert, "system") == 0;
    char text[PATH_CAP + 200];

    if ((!file && !dir) || pgseal__trust_checks_crls(trust))
        return 0;
    pgseal__format(text, sizeof(text),
                   "%s \"%s\" %s, so nothing is checked for revocation (libpq does the same "
                   "without saying it)",
                   file ? "sslcrl" : "sslcrldir", file ? o->sslcrl : o->sslcrldir,
                   system ? "is not used with sslrootcert=system"
                          : "could not be read as a file of CRLs");
    return pgseal__tls_ctx_warn(c, text);
}

static int set_roots(struct pgseal_tls_ctx *c, const struct pgseal_options *o,
                     const struct pgseal_world *w, struct pgseal_err *err)
{
    struct pgseal_trust *trust = pgseal_trust_new(err);
    int rc;

    if (trust == NULL)
        return PGSEAL_E_NOMEM;
    rc = add_roots(trust, o, w, err);
    if (rc > 0) {
        SSL_CTX_set_verify(c->ssl_ctx, SSL_VERIFY_PEER, NULL);
        rc = pgseal__tls_ctx_trust(c, trust, err);
        if (rc >= 0 && warn_no_crls(c, trust, o) < 0)
            rc = pgseal__nomem(err);
    } else if (rc == 0) {
        c->trust = pgseal_trust_ref(trust); /* nothing in it; the store stays openssl.cnf's */
    }
    /* VerifyMode in openssl.cnf turns verification on for libpq too, whatever sslmode says. */
    c->verify = (SSL_CTX_get_verify_mode(c->ssl_ctx) & SSL_VERIFY_PEER) != 0;
    pgseal_trust_free(trust);
    return rc;
}

static int set_alpn(struct pgseal_tls_ctx *c, struct pgseal_err *err)
{
    static const unsigned char alpn[] = TLS_ALPN_VECTOR;

    if (SSL_CTX_set_alpn_protos(c->ssl_ctx, alpn, sizeof(alpn) - 1) != 0)
        return pgseal__nomem(err);
    return 0;
}

struct pgseal_tls_ctx *pgseal_tls_ctx_look(const struct pgseal_options *o,
                                           const struct pgseal_world *world, struct pgseal_err *err)
{
    struct pgseal_tls_ctx *c = pgseal__tls_ctx_alloc(false, err);

    if (c == NULL)
        return NULL;
    ERR_clear_error();
    if (set_range(c, o, err) < 0 || pgseal__tls_ctx_keylog(c, o->sslkeylogfile, world, err) < 0 ||
        set_alpn(c, err) < 0)
        c = pgseal_tls_ctx_free(c);
    else
        SSL_CTX_set_verify(c->ssl_ctx, SSL_VERIFY_NONE, NULL); /* whatever openssl.cnf says */
    ERR_clear_error();
    return c;
}

struct pgseal_tls_ctx *pgseal_tls_ctx_client(const struct pgseal_options *o,
                                             const struct pgseal_world *world, int64_t now_unix_s,
                                             struct pgseal_err *err)
{
    struct pgseal_tls_ctx *c = pgseal__tls_ctx_alloc(false, err);

    if (c == NULL)
        return NULL;
    ERR_clear_error();
    if (set_range(c, o, err) < 0 || set_roots(c, o, world, err) < 0 ||
        pgseal__tls_client_identity(c, o, world, err) < 0 ||
        pgseal__tls_ctx_keylog(c, o->sslkeylogfile, world, err) < 0 || set_alpn(c, err) < 0)
        c = pgseal_tls_ctx_free(c);
    ERR_clear_error();
    return c;
}
