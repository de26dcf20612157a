/* SPDX-License-Identifier: PostgreSQL */
/* What the two files that compare bundles share. */
#ifndef PGSEAL_CA_DIFF_INT_H
#define PGSEAL_CA_DIFF_INT_H

#include "ca/diff.h"
#include "core/base/base.h"

/* Fills d->meaning from what is compared. */
void ca_diff_judge(const struct ca_file *a, const struct ca_file *b, struct ca_diff *d);

#endif
