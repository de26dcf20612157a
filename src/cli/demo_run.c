/* SPDX-License-Identifier: PostgreSQL */
/* Runs a child for the demo, through pipes or on a terminal of its own, with a deadline. */
#include "demo_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

volatile int demo_interrupted;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In the child; only async-signal-safe calls and exec matter from here. */
static void become(const char *const *argv, const char *const *env, const char *cwd)
{
    char *args[32];
    size_t n = 0;

    for (; env != NULL && *env != NULL; env++) {
        const char *eq = strchr(*env, '=');
        char name[64];

        if (eq == NULL) {
            unsetenv(*env);
            continue;
        }
        pgseal__format(name, sizeof(name), "%.*s", (int)(eq - *env), *env);
        setenv(name, eq + 1, 1);
    }
    if (cwd != NULL && chdir(cwd) != 0)
        _exit(127);
    for (; argv[n] != NULL && n + 1 < PGSEAL_COUNT(args); n++)
        args[n] = strdup(argv[n]);
    args[n] = NULL;
    if (n > 0)
        execvp(args[0], args);
    _exit(127);
}

/* Starts the child; *fd reads what it prints (and, on a terminal, types). */
static pid_t start(const char *const *argv, const char *const *env, const char *cwd, bool terminal,
                   int *fd)
{
    struct winsize size = {.ws_row = 50, .ws_col = 100};
    int pipes[2];
    pid_t pid;

    if (terminal) {
        pid = forkpty(fd, NULL, NULL, &size);
        if (pid == 0)
            become(argv, env, cwd);
        return pid;
    }
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY);

        dup2(null, 0);
        dup2(pipes[1], 1);
        dup2(pipes[1], 2);
        become(argv, env, cwd);
    }
    close(pipes[1]);
    if (pid < 0)
        close(pipes[0]);
    *fd = pipes[0];
    return pid;
}

/* True when the last thing on the screen is a prompt of ours: "db=> ", "db=# ". */
static bool at_prompt(const struct demo_output *out)
{
    return out->len >= 3 && (memcmp(out->text + out->len - 3, "=# ", 3) == 0 ||
                             memcmp(out->text + out->len - 3, "=> ", 3) == 0);
}

/* Adds bytes as they would stay on the screen: no carriage returns, no control sequences. */
static void collect(struct demo_output *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\x1b' && i + 1 < n && p[i + 1] == '[') {
            i += 2;
            while (i < n && !(p[i] >= '@' && p[i] <= '~'))
                i++;
            continue;
        }
        if (p[i] == '\b' && out->len > 0)
            out->len--;
        else if ((p[i] == '\n' || p[i] == '\t' || (unsigned char)p[i] >= ' ') &&
                 out->len + 1 < sizeof(out->text))
            out->text[out->len++] = p[i];
    }
    out->text[out->len] = '\0';
}

/*
 * libedit prints its prompt and only then takes over echoing, so what is typed at once is echoed
 * twice. A moment is given to it; without libedit the terminal keeps its mode.
 */
static void wait_for_editor(int fd)
{
    struct termios mode;

    for (int i = 0; i < 50 && tcgetattr(fd, &mode) == 0 && (mode.c_lflag & ICANON) != 0; i++)
        poll(NULL, 0, 10);
}

/* Types the next line of `typed`, with its newline. */
static const char *type_line(int fd, const char *typed)
{
    size_t n = strcspn(typed, "\n");
    ssize_t done = write(fd, typed, n);

    if (done >= 0)
        done = write(fd, "\n", 1);
    (void)done;
    return typed[n] == '\n' ? typed + n + 1 : typed + n;
}

static void watch(int fd, const char *typed, int64_t deadline, struct demo_output *out)
{
    size_t typed_at = 0;
    char chunk[4096];

    while (!demo_interrupted) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - now_ms();
        ssize_t n;

        if (left <= 0) {
            out->timed_out = true;
            return;
        }
        if (poll(&p, 1, (int)(left < 200 ? left : 200)) <= 0)
            continue;
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* a terminal whose last user is gone reads EIO */
            return;
        collect(out, chunk, (size_t)n);
        if (typed != NULL && *typed != '\0' && at_prompt(out) && out->len != typed_at) {
            typed_at = out->len;
            wait_for_editor(fd);
            typed = type_line(fd, typed);
        }
    }
}

int demo_run(const char *const *argv, const char *const *env, const char *cwd, const char *typed,
             int timeout_s, struct demo_output *out, struct pgseal_err *err)
{
    int64_t deadline = now_ms() + (int64_t)timeout_s * 1000;
    int status = 0;
    int fd = -1;
    pid_t pid;

    memset(out, 0, sizeof(*out));
    fflush(NULL);
    pid = start(argv, env, cwd, typed != NULL, &fd);
    if (pid < 0)
        return pgseal__fail(err, PGSEAL_E_IO, "could not start \"%s\": %m", argv[0]);
    watch(fd, typed, deadline, out);
    if (out->timed_out || demo_interrupted)
        kill(pid, SIGKILL);
    close(fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    out->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 0;
}
