/* SPDX-License-Identifier: PostgreSQL */
/* The stable identifier of a failure and its reason, down to OpenSSL's verification errors. */
#include "core/base/base.h"

#include <openssl/x509_vfy.h>

/* clang-format off */
static const struct pgseal__x509_row rows[] = {
#define PGSEAL_ROW(name, why, fix) {X509_V_ERR_##name, "X509_" #name, why, fix},
#include "core/base/x509.def"
#undef PGSEAL_ROW
};
/* clang-format on */

static const struct pgseal__x509_row unknown = {
    0, "X509_UNRECOGNIZED",
    "A newer OpenSSL refused the chain for a reason this version of pgseal "
    "does not know.",
    "Update pgseal; OpenSSL's own words are in what was seen."};

const struct pgseal__x509_row *pgseal__x509_row(int error)
{
    for (size_t i = 0; i < PGSEAL_COUNT(rows); i++)
        if (rows[i].error == error)
            return &rows[i];
    return &unknown;
}

const char *pgseal_err_id(const struct pgseal_err *err)
{
    if (err->code == PGSEAL_E_CERT && err->x509 != 0)
        return pgseal__x509_row(err->x509)->id;
    return pgseal_code_str(err->code);
}

const char *pgseal_err_why(const struct pgseal_err *err)
{
    if (err->code == PGSEAL_E_CERT && err->x509 != 0)
        return pgseal__x509_row(err->x509)->why;
    return pgseal_code_why(err->code);
}
