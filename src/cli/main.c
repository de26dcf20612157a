/* SPDX-License-Identifier: PostgreSQL */
/* The program `pgseal`: finds the verb and runs it. */
#include <stdio.h>

int main(void)
{
    fputs("pgseal: no verbs yet\n", stderr);
    return 2;
}
