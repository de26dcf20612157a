/* SPDX-License-Identifier: PostgreSQL */
/* COPY TO STDOUT and COPY FROM STDIN, one buffer at a time. */
#include "run_int.h"

#include <errno.h>
#include <unistd.h>

#define BUFFER 8192

bool cli_copy_out(struct cli_run *run, struct cli_result *res)
{
    struct pgseal_frame f;
    bool ok = true;

    for (;;) {
        if (!cli_read(run, &f, res))
            return false;
        if (f.type == 'd') {
            if (ok && f.len > 0 && fwrite_unlocked(f.body, 1, f.len, run->out) != f.len) {
                /* said once; the rest is read, or the session could not be used again */
                cli_say(&run->log, CLI_ERROR, "could not write COPY data: %s",
                        strerrordesc_np(errno));
                ok = false;
            }
        } else if (f.type == 'C') {
            break;
        } else if (f.type == 'E') {
            fflush(run->out);
            cli_result_from(run, &f, res);
            return false;
        } else if (f.type != 'c') {
            (void)cli_async(run, &f);
        }
    }
    if (ok && fflush(run->out) != 0) {
        cli_say(&run->log, CLI_ERROR, "could not write COPY data: %s", strerrordesc_np(errno));
        ok = false;
    }
    res->kind = CLI_RES_EMPTY; /* no tag: it would look like data */
    return ok;
}

/* Ends the data, with a reason when they are not all there, and reads what the server says. */
static bool finish(struct cli_run *run, struct cli_result *res, const char *why)
{
    const void *body = why != NULL ? why : "";
    size_t n = why != NULL ? strlen(why) + 1 : 0;

    /* What is wrong shows when the answer is read. */
    if (run->link.write(run->link.ctx, why != NULL ? 'f' : 'c', body, n, &run->err) == 0)
        (void)run->link.flush(run->link.ctx, &run->err);
    cli_result_next(run, res);
    return why == NULL && res->kind == CLI_RES_COMMAND;
}

static bool send(struct cli_run *run, const char *p, size_t n)
{
    return n == 0 || run->link.write(run->link.ctx, 'd', p, n, &run->err) == 0;
}

enum input { INPUT_ENDED, INPUT_FAILED, INPUT_INTERRUPTED, INPUT_UNSENT };

static enum input copy_binary(struct cli_run *run)
{
    char buf[BUFFER];

    for (;;) {
        size_t n = fread(buf, 1, sizeof(buf), run->source);

        if (cli_was_interrupted())
            return INPUT_INTERRUPTED;
        if (n == 0)
            return ferror(run->source) ? INPUT_FAILED : INPUT_ENDED;
        if (!send(run, buf, n))
            return INPUT_UNSENT;
    }
}

static bool is_end_mark(const char *line)
{
    return strcmp(line, "\\.\n") == 0 || strcmp(line, "\\.\r\n") == 0;
}

/*
 * Text and CSV, line by line up to "\.", which is not sent: behind it the script goes on. The
 * server's own rule for that line differs between versions and formats; the script's does not.
 */
static enum input copy_text(struct cli_run *run, bool tty)
{
    char buf[BUFFER];
    size_t n = 0;
    bool at_start = true;

    for (;;) {
        char *line = buf + n;

        if (at_start && tty) {
            fputs(">> ", run->out);
            fflush(run->out);
        }
        if (fgets(line, (int)(sizeof(buf) - n), run->source) == NULL) {
            if (cli_was_interrupted())
                return INPUT_INTERRUPTED;
            if (!send(run, buf, n))
                return INPUT_UNSENT;
            return ferror(run->source) ? INPUT_FAILED : INPUT_ENDED;
        }
        if (at_start && is_end_mark(line)) {
            run->log.line += run->log.file != NULL;
            return send(run, buf, n) ? INPUT_ENDED : INPUT_UNSENT;
        }
        n += strlen(line);
        at_start = n > 0 && buf[n - 1] == '\n';
        if (at_start && run->log.file != NULL)
            run->log.line++;
        /* Room for a whole end mark is kept, so that it never comes in two pieces. */
        if (n >= sizeof(buf) - 6) {
            if (!send(run, buf, n))
                return INPUT_UNSENT;
            n = 0;
        }
    }
}

bool cli_copy_in(struct cli_run *run, struct cli_result *res)
{
    bool tty = isatty(fileno(run->source)) != 0;
    enum input how;

    if (tty && !run->quiet)
        fputs("Enter data to be copied followed by a newline.\n"
              "End with a backslash and a period on a line by itself, or an EOF signal.\n",
              run->out);
    how = res->binary ? copy_binary(run) : copy_text(run, tty);
    if (tty)
        clearerr(run->source); /* Ctrl-D ends the data, not the session */
    switch (how) {
    case INPUT_INTERRUPTED:
        cli_interrupt_clear();
        clearerr(run->source);
        run->cancelled = !run->at_prompt;
        return finish(run, res, "canceled by user");
    case INPUT_FAILED:
        return finish(run, res, "aborted because of read failure");
    case INPUT_UNSENT:
    case INPUT_ENDED:
        break;
    }
    return finish(run, res, NULL);
}
