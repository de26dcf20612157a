/* SPDX-License-Identifier: PostgreSQL */
/* Asking a person on the terminal. */
#ifndef PGSEAL_CLI_TTY_INT_H
#define PGSEAL_CLI_TTY_INT_H

/**
 * Asks for a secret without showing it: on /dev/tty, else standard error and input (PG15
 * src/common/sprompt.c). Gives (pgseal__wipe_free_str()) what was typed, "" at the end of input,
 * NULL when it was interrupted.
 */
char *cli_ask_secret(const char *prompt);

#endif
