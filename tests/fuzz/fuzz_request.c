/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes what an own authority is asked for: requests, names as typed, permitted ranges, state. */
#include "ca/ca.h"
#include "core/cert/cert.h"
#include "fuzz.h"

#define NOW INT64_C(1800000000)

static struct pgseal_minted *root;

static struct pgseal_minted *mint(const char *san, const char *permit, const char *key_of)
{
    const char *const sans[] = {san, NULL}, *const permits[] = {permit, NULL};
    struct pgseal_mint_options o = {.size = sizeof(o),
                                    .sans = san != NULL ? sans : NULL,
                                    .permit = permit != NULL ? permits : NULL,
                                    .ca = san == NULL,
                                    .pathlen = 1,
                                    .key_of = key_of,
                                    .not_before_unix_s = NOW - 86400,
                                    .not_after_unix_s = NOW + 86400};

    return pgseal_mint(&o, root, NULL);
}

/* A name that is taken is one that libpq finds again, as it was typed. */
static void check_name(const char *typed)
{
    char san[CA_NAME_CAP], permit[CA_NAME_CAP], file[CA_NAME_CAP], host[CA_NAME_CAP + 8];
    struct pgseal_err err = {0};
    int rc = ca_name_san(typed, san, &err);

    must(rc == 0 || (rc == PGSEAL_E_CA_REQUEST && err.detail[0] != '\0' && err.hint[0] != '\0'));
    must_be_text(err.msg, sizeof(err.msg), "");
    if (rc == 0) {
        struct pgseal_minted *m = mint(san, NULL, pgseal_minted_cert_pem(root));
        struct pgseal_chain *c;

        must(m != NULL);
        pgseal__format(host, sizeof(host), "%s%s", typed[0] == '*' ? "any" : "",
                       typed + (typed[0] == '*'));
        c = pgseal_chain_parse("x", (const uint8_t *)pgseal_minted_cert_pem(m),
                               strlen(pgseal_minted_cert_pem(m)), NULL);
        must(c != NULL &&
             pgseal__cert_check_host(sk_X509_value(pgseal__chain_certs(c), 0), host, NULL) == 0);
        pgseal_chain_free(c);
        pgseal_minted_free(m);
    }
    if (ca_name_permit(typed, permit, &err) == 0) {
        struct pgseal_minted *m = mint(NULL, permit, NULL);

        must(m != NULL);
        pgseal_minted_free(m);
    }
    if (strlen(typed) <= 64) {
        ca_name_file(typed, file);
        must_be_text(file, sizeof(file), "");
        must(strchr(file, '/') == NULL && file[0] != '.' && file[0] != '-');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pgseal_request_info info;
    struct pgseal_err err = {0};
    char *text;
    int rc;

    if (size > 65536)
        return 0;
    if (root == NULL)
        root = mint(NULL, NULL, NULL);
    must(root != NULL);
    rc = pgseal_request_describe(data, size, &info, &err);
    must(rc == 0 || rc == err.code);
    must_be_text(err.msg, sizeof(err.msg), "");
    if (rc == 0) {
        must_be_text(info.cn, sizeof(info.cn), "");
        must_be_text(info.names, sizeof(info.names), "");
        must_be_text(info.key, sizeof(info.key), "");
        must(info.security_bits >= 0);
    }
    text = pgseal__strndup((const char *)data, size);
    must(text != NULL);
    pgseal_minted_free(mint("DNS:a", NULL, text));
    pgseal_minted_free(pgseal_minted_load(text, text, "secret", NULL));
    if (strlen(text) < CA_NAME_CAP - 8)
        check_name(text);
    pgseal__wipe_free_str(text);
    return 0;
}
