/* SPDX-License-Identifier: PostgreSQL */
/* A growing list of certificates. */
#include "certs.h"

#include "inspect_int.h"

#include <openssl/err.h>

/* As it is written, without cut or change: aliases are made of it. */
static void common_name(const X509 *x509, char *out, size_t cap)
{
    const X509_NAME *name = X509_get_subject_name(x509);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    unsigned char *utf8 = NULL;
    int n;

    out[0] = '\0';
    if (at < 0)
        return;
    n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n >= 0)
        pgseal__escape(out, cap, utf8, (size_t)n, cap);
    OPENSSL_free(utf8);
    ERR_clear_error();
}

int ca_certs_add(struct ca_certs *l, X509 *x509, int line, struct pgseal_err *err)
{
    struct ca_cert *v = pgseal__realloc(l->v, (l->n + 1) * sizeof(*v));
    struct ca_item it = {.is_cert = true};

    if (v == NULL) {
        X509_free(x509);
        return pgseal__nomem(err);
    }
    l->v = v;
    v += l->n;
    memset(v, 0, sizeof(*v));
    v->x509 = x509;
    v->line = line;
    if (pgseal__cert_describe(x509, &v->info) < 0) {
        X509_free(x509);
        return pgseal__nomem(err);
    }
    common_name(x509, v->cn, sizeof(v->cn));
    it.info = v->info;
    pgseal__format(it.cn, sizeof(it.cn), "%s", v->cn);
    ca_name_item(&it, x509);
    pgseal__format(v->region, sizeof(v->region), "%s", it.region);
    v->impostor = it.standing == CA_POSED && (it.root_name || v->info.self_issued);
    for (size_t i = 0; i < l->n && !v->duplicate; i++)
        v->duplicate = strcmp(l->v[i].info.sha256, v->info.sha256) == 0;
    l->n++;
    return 0;
}

void ca_certs_done(struct ca_certs *l)
{
    for (size_t i = 0; i < l->n; i++)
        X509_free(l->v[i].x509);
    pgseal__free(l->v);
    *l = (struct ca_certs){0};
}
