/* SPDX-License-Identifier: PostgreSQL */
/* An ErrorResponse or NoticeResponse as psql shows it. */
#ifndef PGSEAL_CLI_ERRTEXT_INT_H
#define PGSEAL_CLI_ERRTEXT_INT_H

#include "text_int.h"

#include <pgseal/wire.h>

/**
 * Appends text of a server, who may be anybody: what commands a terminal is escaped ("\x1b"), lines
 * and tabs stay. psql prints it as it comes.
 */
void cli_str_add_peer(struct cli_str *out, const char *text, enum cli_enc enc);

/**
 * Appends the whole message, each line with its newline: severity and text, the line of the query
 * with a caret, DETAIL, HINT, QUERY, and CONTEXT for errors.
 *
 * @param query  the text that was sent, or NULL.
 */
void cli_errtext(struct cli_str *out, const struct pgseal_notice *n, const char *query,
                 enum cli_enc enc, bool is_error);

#endif
