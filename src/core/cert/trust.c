/* SPDX-License-Identifier: PostgreSQL */
/* Trust sets: certificates and CRLs of files and directories, loaded exactly as libpq does. */
#include "lookup_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdatomic.h>

#define SOURCES_MAX 64

int pgseal__no_password(char *buf, int size, int rwflag, void *ctx)
{
    if (size > 0)
        buf[0] = '\0';
    return 0;
}

struct pgseal_trust *pgseal_trust_new(struct pgseal_err *err)
{
    struct pgseal_trust *t = pgseal__alloc(sizeof(*t));

    if (t != NULL)
        t->store = X509_STORE_new();
    if (t == NULL || t->store == NULL) {
        pgseal__free(t);
        pgseal__nomem(err);
        return NULL;
    }
    atomic_init(&t->owners, 1);
    return t;
}

struct pgseal_trust *pgseal_trust_ref(struct pgseal_trust *t)
{
    atomic_fetch_add_explicit(&t->owners, 1, memory_order_relaxed);
    return t;
}

static void free_source(struct pgseal__source *s)
{
    pgseal__free(s->name);
    if (!s->lent)
        pgseal__free(s->text);
}

static void drop_source(struct pgseal_trust *t)
{
    t->n_sources--;
    free_source(&t->sources[t->n_sources]);
}

struct pgseal_trust *pgseal_trust_free(struct pgseal_trust *t)
{
    if (t == NULL || atomic_fetch_sub_explicit(&t->owners, 1, memory_order_acq_rel) != 1)
        return NULL;
    while (t->n_sources > 0)
        drop_source(t);
    pgseal__free(t->sources);
    X509_STORE_free(t->store);
    pgseal__free(t);
    return NULL;
}

X509_STORE *pgseal__trust_store(const struct pgseal_trust *t)
{
    return t->store;
}

size_t pgseal_trust_count(const struct pgseal_trust *t)
{
    return t->certs;
}

void pgseal_trust_check_crls(struct pgseal_trust *t)
{
    X509_STORE_set_flags(t->store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    t->check_crls = true;
}

bool pgseal__trust_checks_crls(const struct pgseal_trust *t)
{
    return t->check_crls;
}

/* Remembers where certificates come from. text NULL: a directory. */
static int add_source(struct pgseal_trust *t, const char *name, const uint8_t *text, size_t n,
                      struct pgseal_err *err)
{
    struct pgseal__source *s;

    if (t->n_sources >= SOURCES_MAX)
        return pgseal__fail(err, PGSEAL_E_LIMIT, "more than %d certificate files and directories",
                            SOURCES_MAX);
    s = pgseal__realloc(t->sources, (t->n_sources + 1) * sizeof(*s));
    if (s == NULL)
        return pgseal__nomem(err);
    t->sources = s;
    s += t->n_sources;
    *s = (struct pgseal__source){.is_dir = text == NULL, .len = n};
    s->name = pgseal__strdup(name);
    if (text != NULL)
        s->text = pgseal__alloc(n + 1);
    if (s->name == NULL || (text != NULL && s->text == NULL)) {
        pgseal__free(s->name);
        pgseal__free(s->text);
        return pgseal__nomem(err);
    }
    if (text != NULL)
        memcpy(s->text, text, n);
    t->n_sources++;
    return 0;
}

/*
 * Puts the file on the shelf: what libpq does at once is done when a name is looked up. Not beside
 * certificates that are in the store already, because of those OpenSSL would not ask for others of
 * the same name. How many certificates; 0: it cannot be; or PGSEAL_E_NOMEM.
 */
static int shelve(struct pgseal_trust *t, struct pgseal__source *s)
{
    struct pgseal__lookup *l;
    struct pgseal__kept *k;
    int n;

    if (t->stored || s->len == 0)
        return 0;
    l = pgseal__lookup_of(t);
    k = l != NULL ? pgseal__alloc(sizeof(*k)) : NULL;
    if (k == NULL)
        return PGSEAL_E_NOMEM;
    n = pgseal__shelf_fill(&l->shelf, s->text, s->len);
    if (n <= 0) {
        pgseal__free(k);
        return n;
    }
    *k = (struct pgseal__kept){.next = l->texts, .text = s->text};
    l->texts = k;
    s->lent = true;
    t->certs += (size_t)n;
    return n;
}

int pgseal__trust_load_all(struct pgseal_trust *t, struct pgseal_err *err)
{
    bool ok = t->lookup == NULL || pgseal__shelf_empty(&t->lookup->shelf, t->store);

    t->stored = true;
    ERR_clear_error();
    return ok ? 0 : pgseal__nomem(err);
}

/*
 * The contents of a PEM file into the store (crypto/x509/by_file.c, X509_load_cert_crl_file_ex):
 * one broken block refuses the whole file, private keys and unknown blocks are passed over, and a
 * failure while adding ends it without undoing what was added.
 */
static int load_pem(struct pgseal_trust *t, const uint8_t *p, size_t n, unsigned long *why)
{
    static char no_password[] = "";
    BIO *bio = BIO_new_mem_buf(n > 0 ? (const void *)p : "", (int)n);
    STACK_OF(X509_INFO) *infos = NULL;
    int added = 0;

    ERR_clear_error();
    if (bio != NULL)
        infos = PEM_X509_INFO_read_bio(bio, NULL, pgseal__no_password, no_password);
    BIO_free(bio);
    for (int i = 0; infos != NULL && i < sk_X509_INFO_num(infos); i++) {
        X509_INFO *info = sk_X509_INFO_value(infos, i);

        if (info->x509 != NULL) {
            if (pgseal__trust_load_all(t, NULL) < 0 ||
                X509_STORE_add_cert(t->store, info->x509) != 1)
                break;
            t->certs++;
            added++;
        }
        if (info->crl != NULL) {
            if (X509_STORE_add_crl(t->store, info->crl) != 1)
                break;
            t->crls++;
            added++;
        }
    }
    /* libpq reports the oldest error of the queue (SSLerrmessage(ERR_get_error())). */
    *why = ERR_peek_error();
    if (infos == NULL && *why == 0)
        *why = ERR_PACK(ERR_LIB_X509, 0, ERR_R_PEM_LIB);
    if (infos != NULL && added == 0 && *why == 0)
        *why = ERR_PACK(ERR_LIB_X509, 0, X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    ERR_clear_error();
    return added;
}

int pgseal_trust_add_pem(struct pgseal_trust *t, const char *name, const uint8_t *p, size_t n,
                         struct pgseal_err *err)
{
    unsigned long why;
    int added;
    int rc;

    if (n > INT32_MAX)
        return pgseal__fail(err, PGSEAL_E_LIMIT, "certificate file \"%s\" is too large", name);
    rc = add_source(t, name, p != NULL ? p : (const uint8_t *)"", n, err);
    if (rc < 0)
        return rc;
    added = shelve(t, &t->sources[t->n_sources - 1]);
    if (added == 0)
        added = load_pem(t, p, n, &why);
    if (added > 0)
        return added;
    drop_source(t);
    if (added < 0)
        return pgseal__nomem(err);
    if (ERR_GET_REASON(why) == ERR_R_MALLOC_FAILURE)
        return pgseal__nomem(err);
    if (why != 0 && ERR_reason_error_string(why) == NULL)
        rc = pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE,
                          "could not read root certificate file \"%s\": SSL error code %lu", name,
                          why);
    else
        rc = pgseal__fail(err, PGSEAL_E_ROOT_UNUSABLE,
                          "could not read root certificate file \"%s\": %s", name,
                          why != 0 ? ERR_reason_error_string(why) : "no SSL error reported");
    if (err != NULL)
        err->ossl = why;
    pgseal__explain_file(name, p, n, 0, err);
    return rc;
}

int pgseal_trust_add_dir(struct pgseal_trust *t, const char *dir, const struct pgseal_world *world,
                         struct pgseal_err *err)
{
    int rc = add_source(t, dir, NULL, 0, err);

    if (rc < 0)
        return rc;
    rc = pgseal__dir_add(t, dir, world, false, err);
    if (rc < 0)
        drop_source(t);
    return rc;
}

int pgseal_trust_add_system(struct pgseal_trust *t, const struct pgseal_world *world,
                            struct pgseal_err *err)
{
    const char *file = world->env(world->ctx, X509_get_default_cert_file_env());
    const char *dirs = world->env(world->ctx, X509_get_default_cert_dir_env());
    struct pgseal_file f = {0};
    unsigned long why;
    int rc = 0;

    if (file == NULL)
        file = X509_get_default_cert_file();
    if (dirs == NULL)
        dirs = X509_get_default_cert_dir();
    t->system = true;
    /* An unreadable or empty default file is no error (X509_STORE_set_default_paths_ex). */
    world->read(world->ctx, file, &f);
    if (f.data != NULL && f.len <= INT32_MAX) {
        rc = add_source(t, file, f.data, f.len, err);
        if (rc == 0) {
            rc = shelve(t, &t->sources[t->n_sources - 1]);
            if (rc == 0 && load_pem(t, f.data, f.len, &why) == 0)
                drop_source(t);
            rc = rc < 0 ? pgseal__nomem(err) : 0;
        }
    }
    world->release(world->ctx, &f);
    /* A list with ':' (crypto/x509/by_dir.c, add_cert_dir). */
    while (rc == 0 && *dirs != '\0') {
        size_t len = strcspn(dirs, ":");
        char *dir = len > 0 ? pgseal__strndup(dirs, len) : NULL;

        if (len > 0 && dir == NULL)
            return pgseal__nomem(err);
        if (dir != NULL) {
            rc = add_source(t, dir, NULL, 0, err);
            if (rc == 0)
                rc = pgseal__dir_add(t, dir, world, true, err);
            pgseal__free(dir);
        }
        dirs += len + (dirs[len] == ':');
    }
    return rc;
}

bool pgseal__trust_where(const struct pgseal_trust *t, const X509 *cert, const char **file,
                         int *line)
{
    uint8_t *der = NULL;
    int n = i2d_X509(cert, &der);
    bool found = false;

    for (size_t i = 0; n > 0 && !found && i < t->n_sources; i++) {
        const struct pgseal__source *s = &t->sources[i];
        struct pgseal__block b;
        size_t at = 0;
        int at_line = 1;

        while (s->text != NULL && !found &&
               pgseal__next_block(s->text, s->len, &at, &at_line, &b)) {
            size_t block_n = 0;
            uint8_t *block = b.hidden ? NULL : pgseal__block_der(&b, &block_n, NULL);

            /* A TRUSTED CERTIFICATE has more bytes behind the certificate itself. */
            found = block != NULL && block_n >= (size_t)n && memcmp(block, der, (size_t)n) == 0;
            pgseal__free(block);
        }
        if (found) {
            *file = s->name;
            *line = b.line;
        }
    }
    OPENSSL_free(der);
    return found;
}
