/* SPDX-License-Identifier: PostgreSQL */
/* Findings as people and programs read them. */
#ifndef PGSEAL_CLI_FINDINGS_INT_H
#define PGSEAL_CLI_FINDINGS_INT_H

#include "json_int.h"
#include "text_int.h"

#include "finding/finding.h"

/** Exit codes of every verb but connect and demo. */
enum { CLI_FINE = 0, CLI_FOUND = 1, CLI_USAGE = 2, CLI_UNREACHED = 3 };

/**
 * Appends each finding: "warning: where: title" and the story below it (code, seen, why, fix), most
 * severe first, a blank line between them.
 */
void cli_findings_text(struct cli_str *out, const struct findings *l, int columns, bool colour);
/** Puts an array "findings": id, severity, title, where, seen, why, fix. Same order. */
void cli_findings_json(json_t *o, const struct findings *l);
/** CLI_FOUND when one is NOTICE or worse, or the list is not complete; else CLI_FINE. */
int cli_findings_exit(const struct findings *l);

#endif
