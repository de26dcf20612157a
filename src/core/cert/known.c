/* SPDX-License-Identifier: PostgreSQL */
/* Looks a fingerprint up among the certificates that Amazon published for RDS. */
#include "cert_int.h"

#include <stdlib.h>

static const struct pgseal_known_ca KNOWN[] = {
#define PGSEAL_ROW(sha256, generation, region, root, cn, key, digest, from, until, served) \
    {sha256, generation, region, root, cn, key, digest, from, until, served},
#include "known.def"
#undef PGSEAL_ROW
};

size_t pgseal_known_cas(const struct pgseal_known_ca **rows)
{
    *rows = KNOWN;
    return PGSEAL_COUNT(KNOWN);
}

static int by_fingerprint(const void *key, const void *row)
{
    return pgseal__strcasecmp(key, ((const struct pgseal_known_ca *)row)->sha256);
}

const struct pgseal_known_ca *pgseal_known_ca(const char *sha256)
{
    return bsearch(sha256, KNOWN, PGSEAL_COUNT(KNOWN), sizeof(KNOWN[0]), by_fingerprint);
}
