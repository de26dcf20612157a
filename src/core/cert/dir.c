/* SPDX-License-Identifier: PostgreSQL */
/* Hashed directories (hash.N, hash.rN), looked up lazily through the caller's world. */
#include "lookup_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static void add_cert(X509_STORE *store, X509 *cert, int *n)
{
    if (cert != NULL && X509_STORE_add_cert(store, cert) == 1)
        (*n)++;
    X509_free(cert);
}

/* crypto/x509/by_file.c, X509_load_cert_file and X509_load_crl_file: until the first failure. */
static int load(X509_STORE *store, X509_LOOKUP_TYPE type, const struct pgseal__dir *d,
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

void pgseal__dir_take(const struct pgseal__dir *d, X509_STORE *store, X509_LOOKUP_TYPE type,
                      unsigned long hash)
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

int pgseal__dir_add(struct pgseal_trust *t, const char *path, const struct pgseal_world *world,
                    bool der_too, struct pgseal_err *err)
{
    struct pgseal__lookup *l = pgseal__lookup_of(t);
    size_t n = strlen(path);
    struct pgseal__dir **end;
    struct pgseal__dir *d = l != NULL ? pgseal__alloc(sizeof(*d) + n + 1) : NULL;

    if (d == NULL)
        return pgseal__nomem(err);
    d->world = world;
    d->der_too = der_too;
    memcpy(d->path, path, n);
    for (end = &l->dirs; *end != NULL; end = &(*end)->next)
        ;
    *end = d;
    return 0;
}
