/* SPDX-License-Identifier: PostgreSQL */
/* What the commands of the own authority share: finding it, its passphrase, telling what was made.
 */
#ifndef PGSEAL_CLI_OWN_INT_H
#define PGSEAL_CLI_OWN_INT_H

#include "front_int.h"
#include "json_int.h"

#include "ca/ca.h"

/** Which authority, and how to unlock it; lends from argv. */
struct cli_own {
    const char *dir;             /**< --dir; NULL = the default */
    const char *passphrase_file; /**< --passphrase-file, or NULL */
    bool json;
    char *passphrase; /**< ours, wiped by cli_own_done() */
    char path[CA_PATH_CAP];
};
/**
 * What a command of the own authority is: its command line, then `run`, with keys kept out of core
 * dumps and wiped at the end. Returns the exit code.
 *
 * @param app  for the front and for run; `own` is a part of it.
 */
int cli_own_main(const struct cli_front *front, void *app, struct cli_own *own, int argc,
                 char **argv, int (*run)(void *app));

/** Where the authority is; NULL and `err` when nothing tells. */
const char *cli_own_dir(struct cli_own *o, struct pgseal_err *err);
/** Tells what the command fails of, as JSON too when it was asked for. Returns CLI_FOUND. */
int cli_own_failed(const struct cli_own *o, const struct pgseal_err *err);
/** Takes the passphrase from its file, or asks (`twice`: a new one). 0, or < 0 and `err`. */
int cli_own_passphrase(struct cli_own *o, bool twice, struct pgseal_err *err);
/** Opens the authority, to write and unlocked unless `to_read`. NULL, and it is told. */
struct ca_store *cli_own_open(struct cli_own *o, bool to_read);
/** A number of days. 0, or `why` is filled. */
int cli_own_days(const char *arg, int *out, struct cli_str *why);
/** One of the kinds of keys. 0, or `why` is filled. */
int cli_own_key(const char *arg, bool leaf, const char **out, struct cli_str *why);

/** Prints "label  text" as the commands do. */
void cli_own_line(const char *label, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
/** Prints a root: subject, fingerprint, key, end. */
void cli_own_root(const struct ca_store *s, const struct ca_root *r);
json_t *cli_own_root_json(const struct ca_store *s, const struct ca_root *r);
/** Prints what was issued, one line a file. */
void cli_own_issued(const struct ca_issued *i);
json_t *cli_own_issued_json(const struct ca_issued *i);
/** Tells, on standard error, what to type on the server to use it. */
void cli_own_install(const struct ca_store *s, const struct ca_issued *i);

#endif
