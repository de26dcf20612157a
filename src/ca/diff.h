/* SPDX-License-Identifier: PostgreSQL */
/* How two bundles differ, and what that means for who verifies with them. Pure. */
#ifndef PGSEAL_CA_DIFF_H
#define PGSEAL_CA_DIFF_H

#include "ca/show.h"

enum ca_change_kind {
    CA_GONE = 0, /**< only in A */
    CA_NEW,      /**< only in B */
    CA_REISSUED, /**< the same name and key, another certificate */
    CA_RENAMED,  /**< the same key under another name */
    CA_REKEYED,  /**< the same name, another key */
    CA_TAMPERED  /**< the same name, and the signature of one of the two does not fit */
};
struct ca_change {
    enum ca_change_kind kind;
    const struct ca_item *a, *b; /**< NULL where there is none */
};

enum { CA_MEANINGS = 16 };
/** How A and B differ. Owned by its caller, ends with ca_diff_done(). */
struct ca_diff {
    struct ca_change *v; /**< ours; points into the items of A and B */
    size_t n;
    size_t both;                     /**< certificates that both have */
    char meaning[CA_MEANINGS][1000]; /**< whole sentences, what matters most first */
    size_t meanings;
};

/**
 * Compares the certificates that libpq loads from two files (of a file that it refuses: those that
 * can be read). Their order, and one that is there twice, make no difference.
 *
 * @param a    borrows; must outlive `out`.
 * @param b    as a; looked into with the same time.
 * @return     1 when they differ, 0 when they do not, or PGSEAL_E_NOMEM.
 */
int ca_diff(const struct ca_file *a, const struct ca_file *b, struct ca_diff *out,
            struct pgseal_err *err);
/** Frees. {0} is fine. */
void ca_diff_done(struct ca_diff *d);
/** "gone", "new", "re-issued", "renamed", "another key", "altered". */
const char *ca_change_name(enum ca_change_kind kind);
/** Whether a certificate takes part in a comparison. */
bool ca_diff_counts(const struct ca_file *f, const struct ca_item *it);

#endif
