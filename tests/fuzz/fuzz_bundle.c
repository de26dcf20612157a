/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes files of roots: what is loaded is what OpenSSL loads, and what is said of them is tame. */
#include "core/cert/lookup_int.h"

#include "ca/ca.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static void tame(const char *s)
{
    for (; *s != '\0'; s++)
        must((uint8_t)*s >= 0x20 && *s != 0x7f);
}

/* Certificates and CRLs of X509_load_cert_crl_file(): -1 when it refuses the file. */
static int openssl_loads(const uint8_t *p, size_t n, int *certs)
{
    static char no_password[] = "";
    BIO *bio = BIO_new_mem_buf(n > 0 ? (const void *)p : "", (int)n);
    STACK_OF(X509_INFO) * infos;
    int all;

    ERR_clear_error(); /* an old error would be taken for the end of the file */
    infos = PEM_X509_INFO_read_bio(bio, NULL, pgseal__no_password, no_password);
    all = infos != NULL ? 0 : -1;
    *certs = 0;
    for (int i = 0; infos != NULL && i < sk_X509_INFO_num(infos); i++) {
        const X509_INFO *info = sk_X509_INFO_value(infos, i);

        *certs += info->x509 != NULL;
        all += (info->x509 != NULL) + (info->crl != NULL);
    }
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return all;
}

struct seen {
    int line;
    int items;
};

static void see(void *ctx, const struct pgseal_bundle_item *item)
{
    struct seen *s = ctx;

    must(item->line >= s->line && item->what[0] != '\0');
    s->line = item->line;
    s->items++;
    tame(item->problem);
    if (item->cert != NULL)
        tame(item->cert->subject);
}

/* What `pgseal ca show` says of the file, and of it beside itself. */
static void inspect(const uint8_t *data, size_t size, int certs)
{
    struct ca_meant meant;
    struct ca_file f;
    struct ca_diff d;
    char text[1000];
    int loaded = 0;

    must(ca_meant_by_word(size % 2 == 0 ? "us-east-1" : "any", &meant));
    must(ca_inspect("roots.pem", data, size, 1800000000, &meant, &f, NULL) == 0);
    must(f.loads == certs);
    for (size_t i = 0; i < f.n; i++) {
        loaded += f.item[i].loaded;
        must(!f.item[i].loaded || f.item[i].is_cert);
        tame(f.item[i].cn);
    }
    must(loaded == certs);
    must(f.loads > 0 || f.findings.n > 0);
    must((size_t)loaded == f.certs || findings_worst(&f.findings) == FINDING_ERROR);
    for (size_t i = 0; i < f.findings.n; i++) {
        must(f.findings.item[i].seen[0] != '\0');
        tame(f.findings.item[i].seen);
        tame(f.findings.item[i].where);
    }
    ca_file_headline(&f, text, sizeof(text));
    tame(text);
    ca_file_summary(&f, text, sizeof(text));
    tame(text);
    must(ca_diff(&f, &f, &d, NULL) == 0);
    ca_diff_done(&d);
    ca_file_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_err err = {0};
    struct seen seen = {.line = 1};
    struct pgseal__shelf shelf = {0};
    char summary[2048];
    int certs;
    int all = openssl_loads(data, size, &certs);
    int shelved = size > 0 ? pgseal__shelf_fill(&shelf, data, size) : 0;
    int rc = pgseal_trust_add_pem(t, "roots.pem", data, size, &err);

    /* The shelf takes a file as OpenSSL would, or leaves it to OpenSSL. */
    must(shelved == 0 || (shelved == certs && certs == all));
    pgseal__free(shelf.v);
    must(rc == (all > 0 ? all : PGSEAL_E_ROOT_UNUSABLE));
    must(rc < 0 || pgseal_trust_count(t) == (size_t)certs);
    must(rc > 0 || (err.msg[0] != '\0' && err.detail[0] != '\0' && err.hint[0] != '\0'));
    tame(err.detail);
    tame(err.hint);
    must(pgseal_bundle_scan(data, size, 1800000000, see, &seen, NULL) == certs);
    pgseal_bundle_summary(data, size, 1800000000, summary, sizeof(summary));
    must(summary[0] != '\0');
    tame(summary);
    inspect(data, size, certs);
    must(pgseal__trust_load_all(t, NULL) == 0);
    pgseal_trust_free(t);
    return 0;
}
