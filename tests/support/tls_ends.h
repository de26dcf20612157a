/* SPDX-License-Identifier: PostgreSQL */
/* A TLS client and a TLS server in memory, and the throw-away certificates they need. */
#ifndef T_TLS_ENDS_H
#define T_TLS_ENDS_H

#include "pair.h"

#include <pgseal/tls.h>

/* The day everything happens on: 2026-11-23 12:00:00 UTC. */
#define T_NOW INT64_C(1795435200)
#define T_DAY INT64_C(86400)

/* A root, an authority under it and a leaf, as RDS has them. */
struct t_pki {
    struct pgseal_minted *root, *sub, *leaf;
    char *chain_pem; /* leaf and sub */
};
/* key: of all three, as pgseal_mint_options. The leaf is for "db.test" with the given purpose. */
void t_pki_make(struct t_pki *p, const char *key, const char *digest, const char *eku);
void t_pki_done(struct t_pki *p);
/* A leaf of p->sub that differs in one thing; NULL fields take the usual value. */
struct pgseal_minted *t_pki_leaf(const struct t_pki *p, const char *cn, int64_t from, int64_t to);
/* A trust set of one PEM text, named "root.crt". */
struct pgseal_trust *t_trust(const char *pem);
/* Two texts behind each other; free() it. */
char *t_join(const char *a, const char *b);

struct t_ends {
    struct t_pair pair;
    struct pgseal_tls *client, *server;
    int client_rc, server_rc;
    struct pgseal_err client_err, server_err;
};
void t_ends_init(struct t_ends *e, struct pgseal_tls_ctx *client, struct pgseal_tls_ctx *server,
                 const char *host, bool check_name, int64_t now_unix_s, size_t max,
                 const struct t_cut *cut);
/* Steps both and moves bytes until nothing happens any more. An end that failed closes. */
void t_ends_run(struct t_ends *e);
void t_ends_done(struct t_ends *e);

#endif
