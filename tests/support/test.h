/* SPDX-License-Identifier: PostgreSQL */
/* What every unit test includes first: cmocka behind the headers it needs, and the base. */
#ifndef PGSEAL_TEST_H
#define PGSEAL_TEST_H

/* cmocka.h wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "core/base/base.h"

#endif
