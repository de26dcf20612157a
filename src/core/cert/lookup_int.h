/* SPDX-License-Identifier: PostgreSQL */
/* Where a store finds certificates when a chain asks for a name: shelved files, then directories.
 */
#ifndef PGSEAL_CORE_CERT_LOOKUP_INT_H
#define PGSEAL_CORE_CERT_LOOKUP_INT_H

#include "cert_int.h"

/* A certificate of a file that is not in the store yet. */
struct pgseal__shelved {
    const uint8_t *at; /* its text, from the end of the one before */
    size_t len;
    unsigned long hash; /* of its subject, X509_NAME_hash_ex() */
    bool stored;
};
struct pgseal__shelf {
    struct pgseal__shelved *v;
    size_t n, cap;
};

/* A text that entries of the shelf point into. */
struct pgseal__kept {
    struct pgseal__kept *next;
    uint8_t *text;
};

struct pgseal__dir {
    struct pgseal__dir *next;
    const struct pgseal_world *world;
    bool der_too; /* OpenSSL's default directory is also searched as a store, which reads DER */
    char path[];
};

/* Belongs to the X509_LOOKUP of a store, and so lives as long as the store. */
struct pgseal__lookup {
    X509_LOOKUP_METHOD *method;
    struct pgseal__shelf shelf;
    struct pgseal__kept *texts;
    struct pgseal__dir *dirs;
};

/*
 * Puts all certificates of a file on the shelf. How many; 0: it holds anything but plain
 * certificates in order, and nothing was added; or PGSEAL_E_NOMEM.
 */
int pgseal__shelf_fill(struct pgseal__shelf *shelf, const uint8_t *text, size_t n);
/* Puts those whose subject has this hash into the store. */
void pgseal__shelf_take(struct pgseal__shelf *shelf, X509_STORE *store, unsigned long hash);
/* Puts all into the store. False: out of memory. */
bool pgseal__shelf_empty(struct pgseal__shelf *shelf, X509_STORE *store);

/* The lookup of a trust set, made when it is first needed. NULL: out of memory. */
struct pgseal__lookup *pgseal__lookup_of(struct pgseal_trust *t);
/* What a directory has under a hash goes into the store. */
void pgseal__dir_take(const struct pgseal__dir *d, X509_STORE *store, X509_LOOKUP_TYPE type,
                      unsigned long hash);

#endif
