/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca show`: its options and its two ways to print. */
#ifndef PGSEAL_CLI_CA_SHOW_INT_H
#define PGSEAL_CLI_CA_SHOW_INT_H

#include "findings_int.h"

#include "ca/ca.h"

struct cli_ca_style {
    bool all;          /**< each certificate, however many there are */
    bool fingerprints; /**< whole */
    bool colour;
    int columns;
};
/** Appends what is said of one file: headline, findings, certificates. */
void cli_ca_show_text(struct cli_str *out, const struct ca_file *f, const struct cli_ca_style *s);
/** The same as a value. */
json_t *cli_ca_show_json(const struct ca_file *f);
/** One certificate as a value. */
json_t *cli_ca_item_json(const struct ca_item *it, int64_t now_unix_s);
/** "sha384" of "sha384WithRSAEncryption" and "ecdsa-with-SHA384". */
void cli_ca_digest(const char *sig_alg, char *out, size_t cap);

#endif
