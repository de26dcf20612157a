/* SPDX-License-Identifier: PostgreSQL */
/* Why a certificate was refused: which one, by which rule, from which file, and what to do. */
#include "cert_int.h"

#include <openssl/err.h>

void pgseal__cert_explain(const struct pgseal__evidence *e, struct pgseal_err *err)
{
    char name[400] = "(none)";

    if (err == NULL)
        return;
    err->x509 = e->error;
    err->depth = e->depth;
    if (e->at != NULL)
        pgseal__name_short(X509_get_subject_name(e->at), name, sizeof(name));
    pgseal__detail(err, "certificate at depth %d \"%s\": %s.", e->depth, name,
                   X509_verify_cert_error_string(e->error));
    pgseal__hint(err, "%s", pgseal__x509_row(e->error)->fix);
    ERR_clear_error();
}
