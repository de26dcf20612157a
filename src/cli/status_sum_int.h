/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status --sessions, --watch, --log`: everybody's sessions, and who would break. */
#ifndef PGSEAL_CLI_STATUS_SUM_INT_H
#define PGSEAL_CLI_STATUS_SUM_INT_H

#include "findings_int.h"
#include "progress_int.h"
#include "target_int.h"

#include "status/status.h"

/** Places of the rows of status_sum.def, which stand behind those of target.def. */
enum cli_sum_row {
#define PGSEAL_ROW(id, letter, name, arg, group, help) CLI_SUM_##id,
#include "status_sum.def"
#undef PGSEAL_ROW
    CLI_SUM_ROWS
};

/** How to look, and how to tell. Strings lend from argv. */
struct cli_sum_opts {
    bool sessions;
    bool all, json;
    int64_t watch_ms;    /**< --watch; 0 = one snapshot */
    int64_t interval_ms; /**< --interval; 0 = not given */
    const char **file;   /**< ours. --log and the operands behind it; "-" is standard input */
    size_t nfiles;
};
/** Takes the option of a row. 0, or < 0 (`why` filled). */
int cli_sum_take(struct cli_sum_opts *o, size_t row, const char *arg, struct cli_str *why);
/** True when it is everybody's sessions that were asked for. */
bool cli_sum_asked(const struct cli_sum_opts *o);
/** Takes an operand as one more file. False when --log was not given: it is the server's. */
bool cli_sum_operand(struct cli_sum_opts *o, const char *operand);
/** What does not go together. 0, or < 0 (`why` filled). */
int cli_sum_check(struct cli_sum_opts *o, const struct cli_target_opts *target,
                  struct cli_str *why);
void cli_sum_opts_done(struct cli_sum_opts *o);

/** Does what was asked for. The exit code. */
int cli_status_sum(struct cli_target *t, const struct cli_sum_opts *o);
/** --sessions and --watch: opens the target and looks. The exit code. */
int cli_status_sessions(struct cli_target *t, const struct cli_sum_opts *o);
/** --log. The exit code. */
int cli_status_log(const struct cli_log *log, const struct cli_sum_opts *o);
/** "2", "0.5", "10m", "1h" as milliseconds. False for anything else, and for 0. */
bool cli_duration_ms(const char *text, int64_t *out);

/** Judges, prints, and gives the exit code. */
int cli_status_report(struct status_report *r, struct status_sum *sum, const struct cli_log *log,
                      const struct cli_sum_opts *o);
/** The printers of it. */
void cli_status_report_text(struct cli_str *out, const struct status_report *r,
                            const struct findings *found, bool all, int columns, bool colour);
bool cli_status_report_json(FILE *f, const struct status_report *r, const struct findings *found);

#endif
