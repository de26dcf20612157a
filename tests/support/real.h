/* SPDX-License-Identifier: PostgreSQL */
/* Real files of Amazon's authorities, which are not part of the project: ../shared, PGSEAL_SHARED.
 */
#ifndef T_REAL_H
#define T_REAL_H

#include <stddef.h>

/* The bytes of a file below data/rds, NUL behind them; test_free() it. NULL when it is not there.
 */
char *t_real_find(const char *name, size_t *n);
/* The same; skips the test when it is not there. */
char *t_real_file(const char *name, size_t *n);

#endif
