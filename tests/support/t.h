/* SPDX-License-Identifier: PostgreSQL */
/* cmocka behind the headers it wants before it: the first include of every unit test. */
#ifndef T_H
#define T_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#endif
