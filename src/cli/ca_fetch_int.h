/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca fetch`: what its files share. */
#ifndef PGSEAL_CLI_CA_FETCH_INT_H
#define PGSEAL_CLI_CA_FETCH_INT_H

#include "findings_int.h"
#include "text_int.h"

#include "ca/ca.h"

/** What a fetch ended with. */
struct cli_fetched {
    const struct ca_source *source;
    const struct ca_place *place; /**< NULL: standard output */
    const struct ca_fetched *facts;
    const struct findings *findings;
    size_t n;     /**< bytes */
    bool written; /**< false: unchanged, or only compared */
};
/** Appends the report of a fetch. `columns`: of the terminal. */
void cli_fetch_text(struct cli_str *out, const struct cli_fetched *f, int columns, bool colour);
/** The same facts for programs. */
json_t *cli_fetch_json(const struct cli_fetched *f);

#endif
