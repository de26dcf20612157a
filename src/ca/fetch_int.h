/* SPDX-License-Identifier: PostgreSQL */
/* What the files of fetch share. Private to this folder. */
#ifndef PGSEAL_CA_FETCH_INT_H
#define PGSEAL_CA_FETCH_INT_H

#include "ca/fetch.h"

/*
 * fetch_compare.c: fills what is added, gone and same of `f`, whose certificates were judged.
 * 0, or PGSEAL_E_EXISTS when the file at hand must not be replaced by this.
 */
int ca_compare(const struct ca_judge_options *o, struct ca_fetched *f, struct pgseal_err *err);
/*
 * fetch_findings.c: refuses who would come in, and who would go, unless that was allowed. 0, or
 * PGSEAL_E_ROOT_UNUSABLE with a finding in `why`. `what`: "what https://... sent".
 */
int ca_fetch_allowed(const struct ca_judge_options *o, const struct ca_fetched *f, const char *what,
                     struct findings *why, struct pgseal_err *err);

#endif
