/* SPDX-License-Identifier: PostgreSQL */
/* Certificates of a chain or path, for people and programs. */
#ifndef PGSEAL_CLI_CA_CHAIN_INT_H
#define PGSEAL_CLI_CA_CHAIN_INT_H

#include "ca_peer_int.h"
#include "json_int.h"

/** Appends two lines about one certificate; `more` follows them, "" = nothing. */
void cli_chain_cert(struct cli_str *out, size_t depth, const struct pgseal_cert_info *c,
                    int64_t now_unix_s, const char *more);
/** Appends the whole path, the anchor with its file and line. */
void cli_chain_path(struct cli_str *out, const struct pgseal_path *path, int64_t now_unix_s);
/** A path with its anchor and its end. */
json_t *cli_chain_path_json(const struct pgseal_path *path);
/** What a server sent. */
json_t *cli_chain_sent_json(const struct pgseal_chain *sent);

#endif
