/* SPDX-License-Identifier: PostgreSQL */
/* A TLS client and a TLS server in memory, and the throw-away certificates they need. */
#include "tls_ends.h"

#include "t.h"

static struct pgseal_minted *mint(const struct pgseal_mint_options *o,
                                  const struct pgseal_minted *issuer)
{
    struct pgseal_err err = {0};
    struct pgseal_minted *m = pgseal_mint(o, issuer, &err);

    if (m == NULL)
        fail_msg("cannot mint %s: %s", o->cn, err.msg);
    return m;
}

char *t_join(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 1;
    char *out = malloc(n);

    assert_non_null(out);
    snprintf(out, n, "%s%s", a, b);
    return out;
}

void t_pki_make(struct t_pki *p, const char *key, const char *digest, const char *eku)
{
    static const char *const names[] = {"DNS:db.test", "IP:127.0.0.1", NULL};
    struct pgseal_mint_options ca = {
        .size = sizeof(ca),
        .org = "pgseal tests",
        .key = key,
        .digest = digest,
        .ca = true,
        .pathlen = -1,
        .not_before_unix_s = T_NOW - 1000 * T_DAY,
        .not_after_unix_s = T_NOW + 1000 * T_DAY,
    };
    struct pgseal_mint_options leaf = ca;

    ca.cn = "test root";
    p->root = mint(&ca, NULL);
    ca.cn = "test authority";
    ca.pathlen = 0;
    p->sub = mint(&ca, p->root);
    leaf.ca = false;
    leaf.cn = "db.test";
    leaf.sans = names;
    leaf.eku = eku;
    leaf.not_before_unix_s = T_NOW - T_DAY;
    leaf.not_after_unix_s = T_NOW + 30 * T_DAY;
    p->leaf = mint(&leaf, p->sub);
    p->chain_pem = t_join(pgseal_minted_cert_pem(p->leaf), pgseal_minted_cert_pem(p->sub));
}

void t_pki_done(struct t_pki *p)
{
    p->root = pgseal_minted_free(p->root);
    p->sub = pgseal_minted_free(p->sub);
    p->leaf = pgseal_minted_free(p->leaf);
    free(p->chain_pem);
    p->chain_pem = NULL;
}

struct pgseal_minted *t_pki_leaf(const struct t_pki *p, const char *cn, int64_t from, int64_t to)
{
    struct pgseal_mint_options o = {
        .size = sizeof(o),
        .cn = cn,
        .pathlen = -1,
        .not_before_unix_s = from,
        .not_after_unix_s = to,
    };

    return mint(&o, p->sub);
}

struct pgseal_trust *t_trust(const char *pem)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_err err = {0};

    assert_non_null(t);
    if (pgseal_trust_add_pem(t, "root.crt", (const uint8_t *)pem, strlen(pem), &err) < 0)
        fail_msg("%s", err.msg);
    return t;
}

void t_ends_init(struct t_ends *e, struct pgseal_tls_ctx *client, struct pgseal_tls_ctx *server,
                 const char *host, bool check_name, int64_t now_unix_s, size_t max,
                 const struct t_cut *cut)
{
    memset(e, 0, sizeof(*e));
    t_pair_init(&e->pair, max, cut);
    e->client = pgseal_tls_new(client, host, true, check_name, now_unix_s, &e->client_err);
    e->server = pgseal_tls_new(server, NULL, false, false, now_unix_s, &e->server_err);
    assert_non_null(e->client);
    assert_non_null(e->server);
}

void t_ends_run(struct t_ends *e)
{
    for (long turn = 0; turn < 2000000; turn++) {
        size_t before =
            pgseal_buf_len(&e->pair.client.plain_in) + pgseal_buf_len(&e->pair.server.plain_in);
        int c = e->client_rc, s = e->server_rc;
        bool moved;

        if (e->client_rc >= 0)
            e->client_rc = pgseal_tls_step(e->client, &e->pair.client, &e->client_err);
        if (e->server_rc >= 0)
            e->server_rc = pgseal_tls_step(e->server, &e->pair.server, &e->server_err);
        e->pair.client_closed |= e->client_rc < 0;
        e->pair.server_closed |= e->server_rc < 0;
        if (e->client_rc < 0) /* nobody reads what a failed end is sent */
            pgseal_buf_consume(&e->pair.client.wire_in, pgseal_buf_len(&e->pair.client.wire_in));
        if (e->server_rc < 0)
            pgseal_buf_consume(&e->pair.server.wire_in, pgseal_buf_len(&e->pair.server.wire_in));
        moved = t_pair_move(&e->pair);
        if (!moved && c == e->client_rc && s == e->server_rc &&
            before ==
                pgseal_buf_len(&e->pair.client.plain_in) + pgseal_buf_len(&e->pair.server.plain_in))
            return;
    }
    fail_msg("the two ends do not come to rest");
}

void t_ends_done(struct t_ends *e)
{
    e->client = pgseal_tls_free(e->client);
    e->server = pgseal_tls_free(e->server);
    t_pair_done(&e->pair);
}
