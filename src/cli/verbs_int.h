/* SPDX-License-Identifier: PostgreSQL */
/* One function per row of verbs.def: argv[0] is the verb's name. Returns the exit code. */
#ifndef PGSEAL_CLI_VERBS_INT_H
#define PGSEAL_CLI_VERBS_INT_H

#define PGSEAL_ROW(name, build, text) int cli_verb_##name(int argc, char **argv);
#include "verbs.def"
#undef PGSEAL_ROW

#endif
