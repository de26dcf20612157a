/* SPDX-License-Identifier: PostgreSQL */
/* Judges a certificate before anybody gets it, as the clients of each root will. */
#include "own_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Debian's and Red Hat's default: 112 bits. */
#define SECURITY_LEVEL 2

/* The key of a certificate or private key in PEM. */
static EVP_PKEY *key_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = NULL;

    if (bio != NULL && strstr(pem, "PRIVATE KEY-----") != NULL) {
        key = PEM_read_bio_PrivateKey(bio, NULL, pgseal__no_password, NULL);
    } else if (bio != NULL) {
        X509 *cert = PEM_read_bio_X509(bio, NULL, pgseal__no_password, NULL);

        key = cert != NULL ? X509_get_pubkey(cert) : NULL;
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

bool ca_own_same_key(const char *path, const char *cert_pem)
{
    char *text = ca_own_read(path, NULL);
    EVP_PKEY *there = text != NULL ? key_of(text) : NULL;
    EVP_PKEY *ours = key_of(cert_pem);
    bool same = there != NULL && ours != NULL && EVP_PKEY_eq(there, ours) == 1;

    EVP_PKEY_free(there);
    EVP_PKEY_free(ours);
    pgseal__wipe_free_str(text);
    ERR_clear_error();
    return same;
}

static struct pgseal_chain *read_chain(const char *pem, struct pgseal_err *err)
{
    return pgseal_chain_parse("the certificate", (const uint8_t *)pem, strlen(pem), err);
}

static int refuse(int error, int depth, const char *who, struct pgseal_err *err)
{
    const struct pgseal__x509_row *row = pgseal__x509_row(error);
    char seen[300];

    pgseal__format(seen, sizeof(seen),
                   "Who trusts %s would say of certificate %d of the chain: %s.", who, depth + 1,
                   X509_verify_cert_error_string(error));
    return ca_own_refuse(err, seen,
                         error == X509_V_ERR_PERMITTED_VIOLATION ||
                                 error == X509_V_ERR_EXCLUDED_VIOLATION
                             ? "This authority was made with --permit, for some names only "
                               "(pgseal ca list shows them); ask for such a name, or make "
                               "another authority."
                             : row->fix,
                         "the certificate was not issued: clients would refuse it");
}

/* The chain is verified by whoever trusts these roots. */
static int verify(const struct pgseal_chain *c, const char *roots_pem, const char *who, bool client,
                  int64_t now_unix_s, struct pgseal_err *err)
{
    struct pgseal_chain *trusted = read_chain(roots_pem, err);
    STACK_OF(X509) *chain = pgseal__chain_certs(c);
    STACK_OF(X509) *roots = trusted != NULL ? pgseal__chain_certs(trusted) : NULL;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    bool ok = store != NULL && ctx != NULL && roots != NULL;
    int rc = 0;

    for (int i = 0; ok && i < sk_X509_num(roots); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1;
    ok = ok && X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) == 1;
    if (ok) {
        param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_purpose(param,
                                      client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
        X509_VERIFY_PARAM_set_time(param, (time_t)now_unix_s);
        X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
        /* libpq is not so strict, Python since 3.13 is. */
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
        if (X509_verify_cert(ctx) != 1)
            rc = refuse(X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx), who,
                        err);
    } else {
        rc = pgseal__nomem(err);
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    pgseal_chain_free(trusted);
    ERR_clear_error();
    return rc;
}

static int check_names(X509 *leaf, const char *const *hosts, struct pgseal_err *err)
{
    for (; hosts != NULL && *hosts != NULL; hosts++) {
        char host[CA_NAME_CAP];
        struct pgseal_err why = {0};

        /* Any one label stands for the star. */
        pgseal__format(host, sizeof(host), "%s%s", (*hosts)[0] == '*' ? "any" : "",
                       *hosts + ((*hosts)[0] == '*' ? 1 : 0));
        if (pgseal__cert_check_host(leaf, host, &why) < 0)
            return ca_own_refuse(err, why.msg, "Please report this.",
                                 "the certificate was not issued: it would not match \"%s\"", host);
    }
    return 0;
}

/* Roots that are valid now: nobody verifies anything with the others. */
static bool is_valid(const struct ca_root *r, int64_t now_unix_s)
{
    return r->info.not_before_unix_s <= now_unix_s && r->info.not_after_unix_s >= now_unix_s;
}

int ca_issue_judge(const struct ca_store *s, const char *chain_pem, bool client,
                   const char *const *hosts, int64_t now_unix_s, struct pgseal_err *err)
{
    struct pgseal_chain *chain = read_chain(chain_pem, err);
    bool two = s->newest != s->oldest;
    char both[16384];
    int rc = chain != NULL ? 0 : PGSEAL_E_NOMEM;

    for (int i = 0; rc == 0 && i <= s->newest - s->oldest; i++) {
        char who[64];

        pgseal__format(who, sizeof(who), "root %d alone", s->root[i].number);
        if (is_valid(&s->root[i], now_unix_s) || !two)
            rc = verify(chain, s->root[i].pem, who, client, now_unix_s, err);
    }
    if (rc == 0 && two) {
        pgseal__format(both, sizeof(both), "%s%s", s->root[1].pem, s->root[0].pem);
        rc = verify(chain, both, "both roots", client, now_unix_s, err);
    }
    if (rc == 0)
        rc = check_names(sk_X509_value(pgseal__chain_certs(chain), 0), hosts, err);
    pgseal_chain_free(chain);
    return rc;
}
