/* SPDX-License-Identifier: PostgreSQL */
/* One line of progress on a terminal's standard error, redrawn in place. */
#include "progress_int.h"

#include <time.h>
#include <unistd.h>

#define DRAW_MS 100

int64_t cli_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool cli_progress_due(struct cli_progress *p)
{
    int64_t now = cli_now_ms();

    if (!p->on || (p->last_ms != 0 && now - p->last_ms < DRAW_MS))
        return false;
    p->last_ms = now;
    return true;
}

void cli_progress(struct cli_progress *p, const char *fmt, ...)
{
    char text[256];
    int columns = cli_columns(STDERR_FILENO);
    va_list ap;

    if (!p->on)
        return;
    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "\r%.*s\033[K", columns - 1, text); /* never the last column: it would wrap */
    fflush(stderr);
    p->shown = true;
}

void cli_progress_clear(struct cli_progress *p)
{
    if (!p->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->shown = false;
}
