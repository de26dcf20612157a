/* SPDX-License-Identifier: PostgreSQL */
/* The demo's certificates: root, subordinate and leaf in the shape of RDS, and wrong ones. */
#include "demo_int.h"

#define DAY 86400

static const char *const sans[] = {"DNS:" DEMO_HOST, "DNS:" DEMO_HOST_RO, "DNS:" DEMO_INSTANCE,
                                   NULL};

/* Everything that is minted; all freed together. */
struct pki {
    struct pgseal_minted *root, *other_root;
    struct pgseal_minted *sub, *expired_sub;
    struct pgseal_minted *leaf, *expired_leaf, *leaf_of_expired_sub;
};

static struct pgseal_minted *mint_ca(const char *cn, int pathlen, int64_t from, int64_t to,
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
        .not_before_unix_s = from,
        .not_after_unix_s = to,
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

static int mint_all(struct pki *k, struct pgseal_err *err)
{
    int64_t now = (int64_t)time(NULL);
    int64_t start = now - 800 * DAY;
    int64_t century = start + (int64_t)36500 * DAY;

    k->root = mint_ca("Amazon RDS ap-northeast-1 Root CA ECC384 G1", -1, start, century, NULL, err);
    k->other_root =
        mint_ca("Amazon RDS us-east-1 Root CA ECC384 G1", -1, start, century, NULL, err);
    if (k->root == NULL || k->other_root == NULL)
        return PGSEAL_E_NOMEM;
    k->sub = mint_ca("Amazon RDS ap-northeast-1 Subordinate CA ECC384 G1.A.2", 0, start,
                     start + 3650 * DAY, k->root, err);
    k->expired_sub = mint_ca("Amazon RDS ap-northeast-1 Subordinate CA ECC384 G1.A.1", 0, start,
                             now - DAY, k->root, err);
    if (k->sub == NULL || k->expired_sub == NULL)
        return PGSEAL_E_NOMEM;
    k->leaf = mint_leaf(now - 30 * DAY, now + 335 * DAY, k->sub, err);
    k->expired_leaf = mint_leaf(now - 366 * DAY, now - DAY, k->sub, err);
    k->leaf_of_expired_sub = mint_leaf(now - 30 * DAY, now + 335 * DAY, k->expired_sub, err);
    if (k->leaf == NULL || k->expired_leaf == NULL || k->leaf_of_expired_sub == NULL)
        return PGSEAL_E_NOMEM;
    return 0;
}

static void free_all(struct pki *k)
{
    pgseal_minted_free(k->leaf_of_expired_sub);
    pgseal_minted_free(k->expired_leaf);
    pgseal_minted_free(k->leaf);
    pgseal_minted_free(k->expired_sub);
    pgseal_minted_free(k->sub);
    pgseal_minted_free(k->other_root);
    pgseal_minted_free(k->root);
}

/* The server's chain file (leaf, subordinate, root, as RDS sends them) and key. */
static int write_identity(struct demo_server *s, const char *name, const struct pgseal_minted *leaf,
                          const struct pgseal_minted *sub, const struct pgseal_minted *root,
                          struct pgseal_err *err)
{
    char path[400];
    char chain[16384];
    int rc;

    pgseal__format(chain, sizeof(chain), "%s%s%s", pgseal_minted_cert_pem(leaf),
                   pgseal_minted_cert_pem(sub), pgseal_minted_cert_pem(root));
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
    struct pki k = {0};
    int rc = mint_all(&k, err);

    if (rc >= 0)
        rc = write_identity(s, "current", k.leaf, k.sub, k.root, err);
    if (rc >= 0)
        rc = write_identity(s, "expired", k.expired_leaf, k.sub, k.root, err);
    if (rc >= 0)
        rc = write_identity(s, "expired-subordinate", k.leaf_of_expired_sub, k.expired_sub, k.root,
                            err);
    if (rc >= 0)
        rc = write_client(s, "ap-northeast-1-bundle.pem", pgseal_minted_cert_pem(k.root), err);
    if (rc >= 0)
        rc = write_client(s, "us-east-1-bundle.pem", pgseal_minted_cert_pem(k.other_root), err);
    if (rc >= 0)
        rc = write_client(s, "dummy.pem", "dummy\n", err);
    free_all(&k);
    return rc;
}
