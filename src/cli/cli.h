/* SPDX-License-Identifier: PostgreSQL */
/* The face of the command line to main(). */
#ifndef PGSEAL_CLI_CLI_H
#define PGSEAL_CLI_CLI_H

/** Finds the verb and runs it. Returns the exit code. */
int cli_main(int argc, char **argv);

#endif
