/* SPDX-License-Identifier: PostgreSQL */
/* Passwords typed on the terminal. */
#include "tty_int.h"

#include "core/base/base.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
    caught = sig;
}

#define SECRET_MAX 65536

/* A line, however long, with its old copies wiped as it grows. NULL when interrupted. */
static char *read_line(int fd)
{
    size_t n = 0, cap = 256;
    char *line = pgseal__alloc(cap);

    while (line != NULL) {
        ssize_t got = read(fd, line + n, 1);

        if (caught != 0) {
            pgseal__wipe_free(line, cap);
            return NULL;
        }
        if (got <= 0 || line[n] == '\n' || n + 2 > SECRET_MAX)
            break;
        if (++n + 1 == cap) {
            char *more = pgseal__alloc(cap * 2);

            if (more != NULL)
                memcpy(more, line, n);
            pgseal__wipe_free(line, cap);
            line = more;
            cap *= 2;
        }
    }
    if (line == NULL)
        return NULL;
    while (n > 0 && line[n - 1] == '\r')
        n--;
    line[n] = '\0';
    return line;
}

char *cli_ask_secret(const char *prompt)
{
    FILE *tty = fopen("/dev/tty", "r+e");
    int fd = tty != NULL ? fileno(tty) : STDIN_FILENO;
    FILE *out = tty != NULL ? tty : stderr;
    struct sigaction act = {.sa_handler = on_signal}, old_int, old_term;
    struct termios old, quiet;
    bool hidden;
    char *line;

    caught = 0;
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, &old_int);
    sigaction(SIGTERM, &act, &old_term);
    hidden = tcgetattr(fd, &old) == 0;
    if (hidden) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fd, TCSAFLUSH, &quiet);
    }
    fputs(prompt, out);
    fflush(out);
    line = read_line(fd);
    if (hidden) {
        tcsetattr(fd, TCSAFLUSH, &old);
        fputc('\n', out);
        fflush(out);
    }
    if (tty != NULL)
        fclose(tty);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    if (caught != 0)
        raise(caught); /* now that the terminal is as it was */
    return line;
}
