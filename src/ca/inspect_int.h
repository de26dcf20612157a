/* SPDX-License-Identifier: PostgreSQL */
/* One look into a file while it is being taken. */
#ifndef PGSEAL_CA_INSPECT_INT_H
#define PGSEAL_CA_INSPECT_INT_H

#include "ca/show.h"
#include "core/base/base.h"
#include "core/cert/cert.h"

struct ca_look {
    struct ca_file *f;
    const struct pgseal__bundle *b; /* its entries and f->item go together */
    const char *path;               /* the name as a shell takes it: for commands */
};

/* Lines of blocks as text: "1, 25, 49 and 12 more". */
struct ca_lines {
    char text[200];
    int first;
    size_t n;
};
void ca_lines_add(struct ca_lines *l, int line);
/* "line 1", "lines 1, 25 and 49": may be called once. */
const char *ca_lines_text(struct ca_lines *l);
const char *ca_lines_begin(struct ca_lines *l); /* "Lines 1, 25 and 49": begins a sentence */

bool ca_has(const struct ca_item *it, enum pgseal__flaw flaw);
/* Another finding, where = FILE:LINE (no line when it is 0). */
struct finding *ca_found(const struct ca_look *k, enum finding_id id, int line);
/* How to get today's bundle of what the file is meant to be. */
void ca_fix_fetch(const struct ca_look *k, struct finding *f);
/* Whether libpq could be told to trust it: what OpenSSL loads, or would without the refusal. */
bool ca_counts(const struct ca_file *f, const struct ca_item *it);

void ca_name_item(struct ca_item *it, const X509 *cert); /* inspect_name.c */
void ca_judge_whole(const struct ca_look *k);            /* inspect_blocks.c */
void ca_judge_blocks(const struct ca_look *k);           /* inspect_blocks.c */
void ca_judge_certs(const struct ca_look *k);            /* inspect_certs.c */
void ca_judge_set(const struct ca_look *k);              /* inspect_set.c */

#endif
