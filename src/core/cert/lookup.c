/* SPDX-License-Identifier: PostgreSQL */
/* The one lookup method of a store: OpenSSL's own would read files itself. */
#include "lookup_int.h"

#include <openssl/err.h>

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

/*
 * OpenSSL asks here for a certificate only when the store has none of that name, and always for a
 * CRL (X509_STORE_CTX_get_by_subject). Files come first, as they would lie in the store already.
 */
static int by_subject(X509_LOOKUP *ctx, X509_LOOKUP_TYPE type, const X509_NAME *name,
                      X509_OBJECT *ret)
{
    struct pgseal__lookup *l = X509_LOOKUP_get_method_data(ctx);
    X509_STORE *store = X509_LOOKUP_get_store(ctx);
    unsigned long hash;
    int ok = 0;

    if (name == NULL || (type != X509_LU_X509 && type != X509_LU_CRL))
        return 0;
    hash = X509_NAME_hash_ex(name, NULL, NULL, &ok);
    if (!ok)
        return 0;
    if (type == X509_LU_X509) {
        pgseal__shelf_take(&l->shelf, store, hash);
        if (answer(store, type, name, ret))
            return 1;
    }
    /* crypto/x509/by_dir.c, get_cert_by_subject_ex; CRLs are read again at each look. */
    for (const struct pgseal__dir *d = l->dirs; d != NULL; d = d->next) {
        pgseal__dir_take(d, store, type, hash);
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
    struct pgseal__lookup *l = X509_LOOKUP_get_method_data(ctx);

    if (l == NULL)
        return;
    for (struct pgseal__dir *d = l->dirs; d != NULL;) {
        struct pgseal__dir *next = d->next;

        pgseal__free(d);
        d = next;
    }
    for (struct pgseal__kept *k = l->texts; k != NULL;) {
        struct pgseal__kept *next = k->next;

        pgseal__free(k->text);
        pgseal__free(k);
        k = next;
    }
    pgseal__free(l->shelf.v);
    X509_LOOKUP_meth_free(l->method);
    pgseal__free(l);
}

struct pgseal__lookup *pgseal__lookup_of(struct pgseal_trust *t)
{
    struct pgseal__lookup *l = t->lookup;
    X509_LOOKUP *lookup = NULL;

    if (l != NULL)
        return l;
    l = pgseal__alloc(sizeof(*l));
    if (l == NULL)
        return NULL;
    l->method = X509_LOOKUP_meth_new("pgseal");
    if (l->method != NULL && X509_LOOKUP_meth_set_get_by_subject(l->method, by_subject) == 1 &&
        X509_LOOKUP_meth_set_free(l->method, lookup_free) == 1)
        lookup = X509_STORE_add_lookup(t->store, l->method);
    if (lookup == NULL) {
        X509_LOOKUP_meth_free(l->method);
        pgseal__free(l);
        return NULL;
    }
    X509_LOOKUP_set_method_data(lookup, l);
    t->lookup = l;
    return l;
}
