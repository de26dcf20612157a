/* SPDX-License-Identifier: PostgreSQL */
/* The pager for results taller or wider than the terminal. */
#include "run_int.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *pager_program(void)
{
    const char *p = getenv("PSQL_PAGER");

    if (p == NULL || p[0] == '\0')
        p = getenv("PAGER");
    if (p == NULL)
        return access("/usr/bin/pager", X_OK) == 0 ? "pager" : "less";
    return p[strspn(p, " \t\r\n")] == '\0' ? NULL : p; /* set to nothing: no pager */
}

size_t cli_pager_columns(const struct cli_run *run)
{
    struct winsize w;

    if (ioctl(fileno(run->out), TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
        return SIZE_MAX;
    return w.ws_col;
}

FILE *cli_pager_open(struct cli_run *run, size_t lines, size_t width)
{
    struct winsize w;
    const char *program;
    FILE *f;

    if (ioctl(fileno(run->out), TIOCGWINSZ, &w) < 0 || w.ws_row == 0 || w.ws_col == 0)
        return run->out;
    if (lines < w.ws_row && width <= w.ws_col)
        return run->out;
    program = pager_program();
    if (program == NULL)
        return run->out;
    fflush(run->out);
    /* PAGER is a command line for the shell, as psql has it. NOLINTNEXTLINE(cert-env33-c) */
    f = popen(program, "we"); /* "e": the session's socket is close-on-exec, so is this */
    if (f == NULL)
        return run->out;
    signal(SIGPIPE, SIG_IGN); /* the reader may leave early */
    signal(SIGINT, SIG_IGN);  /* Ctrl-C is the pager's */
    return f;
}

void cli_pager_close(struct cli_run *run, FILE *f)
{
    (void)run;
    pclose(f);
    signal(SIGPIPE, SIG_DFL);
    cli_catch_interrupt();
}
