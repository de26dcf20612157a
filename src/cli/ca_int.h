/* SPDX-License-Identifier: PostgreSQL */
/* One function per row of ca.def: argv[0] is the name. Returns the exit code. */
#ifndef PGSEAL_CLI_CA_INT_H
#define PGSEAL_CLI_CA_INT_H

#define PGSEAL_ROW(name, group, text) int cli_ca_##name(int argc, char **argv);
#include "ca.def"
#undef PGSEAL_ROW

#endif
