/* SPDX-License-Identifier: PostgreSQL */
/* What the files of export share. Private to this folder. */
#ifndef PGSEAL_CA_EXPORT_INT_H
#define PGSEAL_CA_EXPORT_INT_H

#include "ca/export.h"

/* Appends bytes. 0, or PGSEAL_E_NOMEM. */
int ca_bytes_add(struct ca_bytes *b, const void *p, size_t n, struct pgseal_err *err);
/* Appends what a memory BIO holds. 0, or PGSEAL_E_NOMEM. */
int ca_bytes_add_bio(struct ca_bytes *b, BIO *bio, struct pgseal_err *err);

/* export_alias.c: the next character of UTF-8; a byte that is none stands for itself. */
uint32_t ca_utf8_next(const char **text);

#endif
