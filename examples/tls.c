/* SPDX-License-Identifier: PostgreSQL */
/* tls.h: a client and a server shake hands in memory; the chain and the name are verified. */
#include <pgseal/tls.h>

#include <stdio.h>
#include <string.h>

#define YEAR_S (365 * 86400)
static const int64_t now_unix_s = 1800000000; /* the core has no clock: 2027-01-15 */

static struct pgseal_minted *mint(const char *cn, const char *san, const struct pgseal_minted *by)
{
    const char *sans[] = {san, NULL};
    struct pgseal_mint_options o = {.size = sizeof(o),
                                    .cn = cn,
                                    .ca = by == NULL,
                                    .pathlen = -1,
                                    .sans = san != NULL ? sans : NULL,
                                    .not_before_unix_s = now_unix_s - YEAR_S,
                                    .not_after_unix_s = now_unix_s + YEAR_S};

    return pgseal_mint(&o, by, NULL);
}

static void shake_hands(struct pgseal_tls_ctx *client_ctx, struct pgseal_tls_ctx *server_ctx,
                        const char *host)
{
    struct pgseal_tls *client = pgseal_tls_new(client_ctx, host, true, true, now_unix_s, NULL);
    struct pgseal_tls *server = pgseal_tls_new(server_ctx, NULL, false, false, now_unix_s, NULL);
    struct pgseal_io c, s;
    struct pgseal_err err = {0};
    struct pgseal_tls_facts f;
    int rc = PGSEAL_MORE;

    pgseal_io_init(&c, 65536);
    pgseal_io_init(&s, 65536);
    for (int i = 0; client != NULL && server != NULL && rc == PGSEAL_MORE && i < 20; i++) {
        rc = pgseal_tls_step(client, &c, &err);
        if (pgseal_buf_move(&s.wire_in, &c.wire_out, NULL) < 0 ||
            pgseal_tls_step(server, &s, NULL) < 0 ||
            pgseal_buf_move(&c.wire_in, &s.wire_out, NULL) < 0)
            break;
    }
    if (rc == PGSEAL_READY && pgseal_tls_facts(client, &f, &err) == 0)
        printf("%s: %s, ALPN %s, verified by \"%s\" of %s\n", host, f.version, f.alpn,
               f.verified.root.subject, f.verified.root_file);
    else
        printf("%s: %s\n  seen: %s\n  fix:  %s\n", host, err.msg, err.detail, err.hint);
    pgseal_io_done(&c);
    pgseal_io_done(&s);
    pgseal_tls_free(client);
    pgseal_tls_free(server);
}

int main(void)
{
    struct pgseal_minted *root = mint("Example Root", NULL, NULL);
    struct pgseal_minted *leaf = mint("db1", "DNS:db1.example.com", root);
    struct pgseal_trust *trust = pgseal_trust_new(NULL);
    struct pgseal_tls_options co = {.size = sizeof(co), .trust = trust};
    struct pgseal_tls_options so = {.size = sizeof(so), .server = true, .INSECURE_no_verify = true};
    struct pgseal_tls_ctx *client, *server;
    const char *pem;

    if (root == NULL || leaf == NULL || trust == NULL)
        return 1;
    pem = pgseal_minted_cert_pem(root);
    if (pgseal_trust_add_pem(trust, "root.pem", (const uint8_t *)pem, strlen(pem), NULL) < 0)
        return 1;
    so.cert_pem = pgseal_minted_cert_pem(leaf);
    so.key_pem = pgseal_minted_key_pem(leaf);
    client = pgseal_tls_ctx_new(&co, NULL);
    server = pgseal_tls_ctx_new(&so, NULL);
    if (client == NULL || server == NULL)
        return 1;
    shake_hands(client, server, "db1.example.com");
    shake_hands(client, server, "db2.example.com");
    pgseal_tls_ctx_free(client);
    pgseal_tls_ctx_free(server);
    pgseal_trust_free(trust);
    pgseal_minted_free(leaf);
    pgseal_minted_free(root);
    return 0;
}
