/* SPDX-License-Identifier: PostgreSQL */
/* Functions nobody here may call: using one is a compile error that names it. */
#ifndef PGSEAL_CORE_BANNED_H
#define PGSEAL_CORE_BANNED_H

/* The headers that declare them come first, so that only our uses are poisoned. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* clang's fortified headers make macros of these two; a macro cannot be poisoned. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime strerror
#pragma GCC poison strncpy strncat gets
/* rand() is refused by tools/check_pure.sh: OpenSSL's headers have parameters of that name. */

#endif
