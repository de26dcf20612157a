/* SPDX-License-Identifier: PostgreSQL */
/* Messages on standard error, prefixed as psql's are. */
#include "out_int.h"

#include <sys/ioctl.h>
#include <unistd.h>

bool cli_may_colour(int fd)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (no != NULL && no[0] != '\0')
        return false;
    return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

int cli_columns(int fd)
{
    struct winsize w;

    if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
        return w.ws_col;
    return 80;
}

static void prefix(const struct cli_log *log, enum cli_level level)
{
    static const char *const WORD[] = {"", "warning: ", "error: "};
    static const char *const SGR[] = {"", "\033[1;35m", "\033[1;31m"};

    if (!log->terse || log->file != NULL) {
        if (!log->terse)
            fputs("pgseal:", log->err);
        if (log->file != NULL) {
            fprintf(log->err, "%s:", log->file);
            if (log->line > 0)
                fprintf(log->err, "%lu:", log->line);
        }
        fputc(' ', log->err);
    }
    if (log->terse || level == CLI_PLAIN)
        return;
    if (log->colour)
        fprintf(log->err, "%s%s\033[0m", SGR[level], WORD[level]);
    else
        fputs(WORD[level], log->err);
}

void cli_say(const struct cli_log *log, enum cli_level level, const char *fmt, ...)
{
    char small[512];
    char *text = small;
    va_list ap;
    int n;

    fflush(log->out);
    va_start(ap, fmt);
    n = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof(small)) {
        text = cli_alloc((size_t)n + 1);
        va_start(ap, fmt);
        vsnprintf(text, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    if (n > 0 && text[n - 1] == '\n')
        text[n - 1] = '\0';
    prefix(log, level);
    fprintf(log->err, "%s\n", text);
    fflush(log->err);
    if (text != small)
        cli_free(text);
}
