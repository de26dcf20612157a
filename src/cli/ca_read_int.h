/* SPDX-License-Identifier: PostgreSQL */
/* What the verbs that look into bundles share: reading files, a day on the command line. */
#ifndef PGSEAL_CLI_CA_READ_INT_H
#define PGSEAL_CLI_CA_READ_INT_H

#include "progress_int.h"

#include <pgseal/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The bytes of a file. */
struct cli_ca_bytes {
    const char *name; /**< as it is shown */
    uint8_t *data;    /**< ours; NULL for a directory */
    size_t n;
};
/** Reads a file, "-" for standard input. CLI_FINE; or CLI_UNREACHED and `err`. */
int cli_ca_read(const char *path, struct cli_ca_bytes *out, struct pgseal_err *err);
void cli_ca_bytes_done(struct cli_ca_bytes *b);

struct ca_file;
struct ca_meant;
/** Reads a file and looks into it. CLI_FINE and `f`; or CLI_UNREACHED or CLI_FOUND, and `err`. */
int cli_ca_look(const char *path, int64_t now_unix_s, const struct ca_meant *meant,
                struct ca_file *f, struct pgseal_err *err);

/** Reads a day, "2027-06-01": its first second in UTC; or "+90": in 90 days. False: it is none. */
bool cli_day(const char *text, int64_t now_unix_s, int64_t *unix_s);

/** Says on a terminal that looking into so many bytes takes a while; cli_progress_clear() ends it.
 */
void cli_ca_slow(struct cli_progress *p, const char *name, size_t bytes);

#endif
