/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes files for export: what is loaded comes back the same from PEM, PKCS#7 and DER. */
#include "ca/ca.h"
#include "core/base/base.h"
#include "fuzz.h"

static void tame(void *ctx, const char *text)
{
    must(ctx == NULL && text[0] != '\0');
    for (; *text != '\0'; text++)
        must((uint8_t)*text >= 0x20 && *text != 0x7f);
}

static bool has(const struct ca_certs *l, const char *sha256)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->v[i].info.sha256, sha256) == 0)
            return true;
    return false;
}

/* The same certificates come out of what was written, whatever the order. */
static void comes_back(struct ca_bytes *b, const struct ca_certs *want)
{
    struct ca_certs l = {0};

    must(ca_load(b->p, b->n, "back", &l, tame, NULL, NULL) == (int)want->n && l.n == want->n);
    for (size_t i = 0; i < l.n; i++)
        must(has(want, l.v[i].info.sha256));
    ca_certs_done(&l);
    ca_bytes_done(b);
}

static void stores(const struct ca_certs *l)
{
    struct ca_alias *a = ca_aliases(l);
    struct ca_bytes b = {0};
    char file[260];

    must(a != NULL);
    for (size_t i = 0; i < l->n; i++) {
        must(a[i].text[0] != '\0');
        for (size_t k = 0; k < i; k++)
            must(strcmp(a[i].text, a[k].text) != 0);
        ca_alias_file(&a[i], file, sizeof(file));
        must(file[0] != '.' && strchr(file, '/') == NULL && strlen(file) > 4);
    }
    must(ca_export_p12(l, a, "changeit", &b, NULL) == 0);
    ca_bytes_done(&b);
    must(ca_export_jks(l, a, "changeit", 1800000000, &b, NULL) == 0);
    ca_bytes_done(&b);
    pgseal__free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgseal_err err = {0};
    struct ca_certs l = {0};
    struct ca_bytes b = {0};
    int rc = ca_load(data, size, "roots.pem", &l, tame, NULL, &err);

    must(rc > 0 || (rc == PGSEAL_E_ROOT_UNUSABLE && err.msg[0] != '\0' && err.detail[0] != '\0'));
    if (rc > 0) {
        must((size_t)rc == l.n);
        must(ca_export_pem(&l, size % 2 == 0, &b, NULL) == 0);
        comes_back(&b, &l);
        must(ca_export_p7b(&l, size % 2 == 0, &b, NULL) == 0);
        comes_back(&b, &l);
        must(ca_export_der(&l.v[0], &b, NULL) == 0);
        ca_bytes_done(&b);
        stores(&l);
    }
    ca_certs_done(&l);
    return 0;
}
