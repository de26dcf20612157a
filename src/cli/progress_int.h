/* SPDX-License-Identifier: PostgreSQL */
/* One line of progress on a terminal's standard error. */
#ifndef PGSEAL_CLI_PROGRESS_INT_H
#define PGSEAL_CLI_PROGRESS_INT_H

#include "out_int.h"

/** One line on a terminal that is drawn again and again. {0} with `on` set is ready. */
struct cli_progress {
    bool on;
    bool shown;
    int64_t last_ms;
};
void cli_progress(struct cli_progress *p, const char *fmt, ...) PGSEAL_PRINTF(2, 3);
/** True when it is time to draw again: ten times a second at most. */
bool cli_progress_due(struct cli_progress *p);
/** Takes the line away. */
void cli_progress_clear(struct cli_progress *p);
/** Monotonic. */
int64_t cli_now_ms(void);

#endif
