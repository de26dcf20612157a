/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes what is said of a peer's certificate: its facts, its names, why its chain is refused. */
#include "core/base/base.h"
#include "core/cert/cert.h"
#include "fuzz.h"

#include <openssl/err.h>

#define NOW INT64_C(1800000000)

static struct pgseal_trust *trust;
static struct pgseal_minted *root;

static void make_trust(void)
{
    const struct pgseal_mint_options o = {.size = sizeof(o),
                                          .cn = "Root",
                                          .ca = true,
                                          .pathlen = -1,
                                          .not_before_unix_s = NOW - 86400,
                                          .not_after_unix_s = NOW + 86400};
    const char *pem;

    root = pgseal_mint(&o, NULL, NULL);
    trust = pgseal_trust_new(NULL);
    must(root != NULL && trust != NULL);
    pem = pgseal_minted_cert_pem(root);
    must(pgseal_trust_add_pem(trust, "root.pem", (const uint8_t *)pem, strlen(pem), NULL) == 1);
}

static void check_names(const uint8_t *der, size_t n)
{
    static const char *const hosts[] = {"db.example.com", "192.0.2.1", "2001:db8::1", "a.b"};

    for (size_t i = 0; i < PGSEAL_COUNT(hosts); i++) {
        struct pgseal_err err = {0};
        int rc = pgseal_cert_match_host(der, n, hosts[i], &err);

        must(rc == 0 || rc == err.code);
        must(rc == 0 || err.msg[0] != '\0');
        must(rc != PGSEAL_E_CERT_NAME || err.hint[0] != '\0');
        must_be_text(err.msg, sizeof(err.msg), "");
        must_be_text(err.detail, sizeof(err.detail), "");
        must_be_text(err.hint, sizeof(err.hint), "");
    }
}

/* Judged, and told about: nothing minted by a fuzzer verifies, unless it is the root itself. */
static void check_story(X509 *leaf, int error)
{
    struct pgseal_err err = {.code = PGSEAL_E_CERT};
    struct pgseal__evidence e = {.trust = trust,
                                 .leaf = leaf,
                                 .at = leaf,
                                 .error = error,
                                 .now_unix_s = NOW,
                                 .auth_level = 2};

    pgseal__cert_explain(&e, &err);
    must(err.x509 == error && err.detail[0] != '\0' && err.hint[0] != '\0');
    must_be_text(err.detail, sizeof(err.detail), "");
    must_be_text(err.hint, sizeof(err.hint), "");
}

static void check_verdict(X509 *leaf)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();

    must(ctx != NULL && X509_STORE_CTX_init(ctx, pgseal__trust_store(trust), leaf, NULL) == 1 &&
         X509_STORE_CTX_set_default(ctx, "ssl_server") == 1);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
    if (X509_verify_cert(ctx) == 1) {
        struct pgseal_verified v;

        pgseal__cert_verified(trust, X509_STORE_CTX_get0_chain(ctx), &v);
        must(v.chain && v.root_line == 1);
    } else {
        check_story(leaf, X509_STORE_CTX_get_error(ctx));
    }
    X509_STORE_CTX_free(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgseal_cert_info info;
    const uint8_t *p = data;
    X509 *cert;

    if (trust == NULL)
        make_trust();
    if (size > 65536)
        return 0;
    cert = d2i_X509(NULL, &p, (long)size);
    must((pgseal_cert_describe(data, size, &info, NULL) == 0) == (cert != NULL));
    if (cert != NULL) {
        must_be_text(info.subject, sizeof(info.subject), "");
        must_be_text(info.issuer, sizeof(info.issuer), "");
        must_be_text(info.names, sizeof(info.names), "");
        must_be_text(info.key, sizeof(info.key), "");
        check_names(data, size);
        check_verdict(cert);
        for (size_t i = 0; i < 3; i++)
            check_story(cert, (int)(size * 7 + i * 31) % 96 + 1);
    }
    X509_free(cert);
    ERR_clear_error();
    return 0;
}
