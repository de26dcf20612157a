/* SPDX-License-Identifier: PostgreSQL */
/* Runs commands in turns and prints what each run cost: wall clock, CPU, peak memory. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * A small program of its own, because a child's ru_maxrss begins with the memory of the process
 * that forked it: under Python every program would seem to need Python's 15 MB.
 */
static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

/* One run, with stdin and stdout on /dev/null. Prints a CSV row. Returns the exit status. */
static int run(int turn, int which, char **argv)
{
    struct rusage usage;
    int status = 0;
    int64_t start = now_us();
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 0);
        dup2(null, 1);
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        perror("measure");
        exit(2);
    }
    printf("%d,%d,%lld,%lld,%ld,%d\n", turn, which, (long long)(now_us() - start),
           (long long)(us(usage.ru_utime) + us(usage.ru_stime)), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return status;
}

/* usage: measure TURNS COMMAND... [-- COMMAND...]. Rows: turn,command,wall_us,cpu_us,maxrss_kb,exit
 */
int main(int argc, char **argv)
{
    char **commands[8];
    int n = 0;
    int turns = argc > 2 ? (int)strtol(argv[1], NULL, 10) : 0;
    int bad = 0;

    if (turns < 1) {
        fprintf(stderr, "usage: measure TURNS COMMAND... [-- COMMAND...]\n");
        return 2;
    }
    commands[n++] = argv + 2;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0 && n < 8) {
            argv[i] = NULL;
            commands[n++] = argv + i + 1;
        }
    }
    for (int turn = 0; turn < turns; turn++) {
        for (int which = 0; which < n; which++)
            bad |= run(turn, which, commands[which]);
    }
    return bad != 0;
}
