/* SPDX-License-Identifier: PostgreSQL */
/* Hashed directories (hash.N, hash.rN), looked up lazily through the caller's world. */
#include "cert_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* One directory. */
struct dir {
    struct dir *next;
    const struct pgseal_world *world;
    bool der_too; /* OpenSSL's default directory is also searched as a store, which reads DER */
    char path[];
};

/* The directories of one store. Belongs to its X509_LOOKUP, and so lives as long as the store. */
struct pgseal__dirs {
    X509_LOOKUP_METHOD *method;
    struct dir *first;
};

static void add_cert(X509_STORE *store, X509 *cert, int *n)
{
    if (cert != NULL && X509_STORE_add_cert(store, cert) == 1)
        (*n)++;
    X509_free(cert);
}

/* crypto/x509/by_file.c, X509_load_cert_file and X509_load_crl_file: until the first failure. */
static int load(X509_STORE *store, X509_LOOKUP_TYPE type, const struct dir *d,
                const struct pgseal_file *f)
{
    BIO *bio = BIO_new_mem_buf(f->len > 0 ? (const void *)f->data : "", (int)f->len);
    static char no_password[] = "";
    int n = 0;

    while (bio != NULL) {
        int before = n;

        if (type == X509_LU_X509) {
            add_cert(store, PEM_read_bio_X509_AUX(bio, NULL, pgseal__no_password, no_password), &n);
        } else {
            X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, pgseal__no_password, no_password);

            if (crl != NULL && X509_STORE_add_crl(store, crl) == 1)
                n++;
            X509_CRL_free(crl);
        }
        if (n == before)
            break;
    }
    BIO_free(bio);
    if (n == 0 && d->der_too && type == X509_LU_X509) {
        const uint8_t *p = f->data;

        add_cert(store, d2i_X509(NULL, &p, (long)f->len), &n);
    }
    return n;
}

/* Gives what the store holds now under `name`, as a lookup method must: without a reference. */
static int answer(X509_STORE *store, X509_LOOKUP_TYPE type, const X509_NAME *name, X509_OBJECT *ret)
{
    X509_OBJECT *found;
    int ok = 0;

    X509_STORE_lock(store);
    found = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), type, name);
    /* set1 takes a reference, and the caller takes another: ours is dropped, the store has one. */
    if (found != NULL && type == X509_LU_X509) {
        ok = X509_OBJECT_set1_X509(ret, X509_OBJECT_get0_X509(found));
        if (ok)
            X509_free(X509_OBJECT_get0_X509(found));
    } else if (found != NULL) {
        ok = X509_OBJECT_set1_X509_CRL(ret, X509_OBJECT_get0_X509_CRL(found));
        if (ok)
            X509_CRL_free(X509_OBJECT_get0_X509_CRL(found));
    }
    X509_STORE_unlock(store);
    return ok;
}

/* What one directory has under a hash goes into the store. */
static void load_all(X509_STORE *store, X509_LOOKUP_TYPE type, unsigned long hash,
                     const struct dir *d)
{
    char path[4096];

    for (int i = 0;; i++) {
        struct pgseal_file f = {0};
        int n;

        if (pgseal__format(path, sizeof(path), "%s/%08lx.%s%d", d->path, hash,
                           type == X509_LU_CRL ? "r" : "", i) >= (int)sizeof(path))
            break;
        d->world->read(d->world->ctx, path, &f);
        n = f.data != NULL && f.len <= INT32_MAX ? load(store, type, d, &f) : 0;
        d->world->release(d->world->ctx, &f);
        if (n == 0)
            break;
    }
}

/* crypto/x509/by_dir.c, get_cert_by_subject_ex; CRLs are read again at each look, as by libpq. */
static int by_subject(X509_LOOKUP *ctx, X509_LOOKUP_TYPE type, const X509_NAME *name,
                      X509_OBJECT *ret)
{
    const struct pgseal__dirs *dirs = X509_LOOKUP_get_method_data(ctx);
    X509_STORE *store = X509_LOOKUP_get_store(ctx);
    unsigned long hash;
    int ok = 0;

    if (name == NULL || (type != X509_LU_X509 && type != X509_LU_CRL))
        return 0;
    hash = X509_NAME_hash_ex(name, NULL, NULL, &ok);
    if (!ok)
        return 0;
    for (const struct dir *d = dirs->first; d != NULL; d = d->next) {
        load_all(store, type, hash, d);
        if (answer(store, type, name, ret)) {
            /* What an empty or broken file left behind is no error once something was found. */
            ERR_clear_error();
            return 1;
        }
    }
    return 0;
}

static void lookup_free(X509_LOOKUP *ctx)
{
    struct pgseal__dirs *dirs = X509_LOOKUP_get_method_data(ctx);

    if (dirs == NULL)
        return;
    for (struct dir *d = dirs->first; d != NULL;) {
        struct dir *next = d->next;

        pgseal__free(d);
        d = next;
    }
    X509_LOOKUP_meth_free(dirs->method);
    pgseal__free(dirs);
}

/* A lookup of our own in the store: OpenSSL's would read files itself. NULL: out of memory. */
static struct pgseal__dirs *new_lookup(X509_STORE *store)
{
    struct pgseal__dirs *dirs = pgseal__alloc(sizeof(*dirs));
    X509_LOOKUP *lookup = NULL;

    if (dirs == NULL)
        return NULL;
    dirs->method = X509_LOOKUP_meth_new("pgseal hashed directories");
    if (dirs->method != NULL &&
        X509_LOOKUP_meth_set_get_by_subject(dirs->method, by_subject) == 1 &&
        X509_LOOKUP_meth_set_free(dirs->method, lookup_free) == 1)
        lookup = X509_STORE_add_lookup(store, dirs->method);
    if (lookup == NULL) {
        X509_LOOKUP_meth_free(dirs->method);
        pgseal__free(dirs);
        return NULL;
    }
    X509_LOOKUP_set_method_data(lookup, dirs);
    return dirs;
}

int pgseal__dir_add(struct pgseal_trust *t, const char *path, const struct pgseal_world *world,
                    bool der_too, struct pgseal_err *err)
{
    size_t n = strlen(path);
    struct dir **end;
    struct dir *d;

    if (t->dirs == NULL)
        t->dirs = new_lookup(t->store);
    d = t->dirs != NULL ? pgseal__alloc(sizeof(*d) + n + 1) : NULL;
    if (d == NULL)
        return pgseal__nomem(err);
    d->world = world;
    d->der_too = der_too;
    memcpy(d->path, path, n);
    for (end = &t->dirs->first; *end != NULL; end = &(*end)->next)
        ;
    *end = d;
    return 0;
}
