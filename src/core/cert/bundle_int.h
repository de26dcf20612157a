/* SPDX-License-Identifier: PostgreSQL */
/* What a would-be bundle holds, block by block: shared by its scan and its summary. */
#ifndef PGSEAL_CORE_CERT_BUNDLE_INT_H
#define PGSEAL_CORE_CERT_BUNDLE_INT_H

#include "cert_int.h"

/* kind.c: recognises files that are no PEM at all. False: it may be PEM. */
bool pgseal__file_kind(const uint8_t *p, size_t n, struct pgseal__bundle *b);

#endif
