/* SPDX-License-Identifier: PostgreSQL */
/* The demo's certificates: root, subordinate and leaf in the shape of RDS, and wrong ones. */
#include "demo_int.h"

#define DAY 86400

static const char *const sans[] = {"DNS:" DEMO_HOST, "DNS:" DEMO_HOST_RO, "DNS:" DEMO_INSTANCE,
                                   NULL};

static struct pgseal_minted *mint_ca(const char *cn, int pathlen, int64_t now, int years,
                                     const struct pgseal_minted *issuer, struct pgseal_err *err)
{
    struct pgseal_mint_options o = {
        .size = sizeof(o),
        .cn = cn,
        .org = "pgseal demo",
        .key = "P-384",
        .digest = "SHA384",
        .ca = true,
        .pathlen = pathlen,
        .not_before_unix_s = now - 400 * DAY,
        .not_after_unix_s = now + (int64_t)years * 365 * DAY,
    };

    return pgseal_mint(&o, issuer, err);
}

static struct pgseal_minted *mint_leaf(int64_t from, int64_t to, const struct pgseal_minted *issuer,
                                       struct pgseal_err *err)
{
    struct pgseal_mint_options o = {
        .size = sizeof(o),
        .cn = DEMO_INSTANCE,
        .org = "pgseal demo",
        .sans = sans,
        .key = "P-256",
        .digest = "SHA384",
        .eku = "serverAuth",
        .pathlen = -1,
        .not_before_unix_s = from,
        .not_after_unix_s = to,
    };

    return pgseal_mint(&o, issuer, err);
}

/* The server's chain file (leaf, then subordinate) and key, in its data directory. */
static int write_identity(struct demo_server *s, const char *name, const struct pgseal_minted *leaf,
                          const struct pgseal_minted *sub, struct pgseal_err *err)
{
    char path[400];
    char chain[16384];
    int rc;

    pgseal__format(chain, sizeof(chain), "%s%s", pgseal_minted_cert_pem(leaf),
                   pgseal_minted_cert_pem(sub));
    pgseal__format(path, sizeof(path), "%s/%s.pem", s->data, name);
    rc = demo_write(s, path, chain, 0644, true, err);
    pgseal__format(path, sizeof(path), "%s/%s.key", s->data, name);
    return rc < 0 ? rc : demo_write(s, path, pgseal_minted_key_pem(leaf), 0600, true, err);
}

static int write_client(struct demo_server *s, const char *name, const char *text,
                        struct pgseal_err *err)
{
    char path[400];

    pgseal__format(path, sizeof(path), "%s/%s", s->client, name);
    return demo_write(s, path, text, 0644, false, err);
}

int demo_pki_write(struct demo_server *s, struct pgseal_err *err)
{
    int64_t now = (int64_t)time(NULL);
    struct pgseal_minted *root =
        mint_ca("pgseal demo ap-northeast-1 Root CA ECC384 G1", -1, now, 100, NULL, err);
    struct pgseal_minted *other =
        mint_ca("pgseal demo us-east-1 Root CA ECC384 G1", -1, now, 100, NULL, err);
    struct pgseal_minted *sub = NULL;
    struct pgseal_minted *leaf = NULL;
    struct pgseal_minted *old = NULL;
    int rc = PGSEAL_E_NOMEM;

    if (root != NULL)
        sub = mint_ca("pgseal demo ap-northeast-1 Subordinate CA ECC384 G1.A.1", 0, now, 10, root,
                      err);
    if (sub != NULL) {
        leaf = mint_leaf(now - 30 * DAY, now + 335 * DAY, sub, err);
        old = mint_leaf(now - 366 * DAY, now - DAY, sub, err);
    }
    if (root != NULL && other != NULL && leaf != NULL && old != NULL) {
        rc = write_identity(s, "current", leaf, sub, err);
        if (rc >= 0)
            rc = write_identity(s, "expired", old, sub, err);
        if (rc >= 0)
            rc = write_client(s, "ap-northeast-1-bundle.pem", pgseal_minted_cert_pem(root), err);
        if (rc >= 0)
            rc = write_client(s, "us-east-1-bundle.pem", pgseal_minted_cert_pem(other), err);
        if (rc >= 0)
            rc = write_client(s, "dummy.pem", "dummy\n", err);
    }
    pgseal_minted_free(old);
    pgseal_minted_free(leaf);
    pgseal_minted_free(sub);
    pgseal_minted_free(other);
    pgseal_minted_free(root);
    return rc;
}
