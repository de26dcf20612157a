/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal status --log FILE...`: reads server logs and tells who would break. */
#include "run_int.h"
#include "status_sum_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 262144 /* bytes read at once */

struct reader {
    const struct cli_log *log;
    const struct cli_sum_opts *o;
    struct status_sum sum;
    struct status_log *parser;
    struct cli_progress progress;
    int64_t start_ms;
    int64_t size; /* of the file at hand; < 0 = not known */
    char *piece;
    char name[256]; /* of the file at hand, safe to show */
};

static void show_progress(struct reader *r, uint64_t done)
{
    const struct status_log_facts *f = status_log_facts(r->parser);
    double s = (double)(cli_now_ms() - r->start_ms) / 1e3;
    char part[32] = "";

    if (!cli_progress_due(&r->progress))
        return;
    if (r->size > 0)
        pgseal__format(part, sizeof(part), " (%d %%)", (int)((double)done * 100 / (double)r->size));
    /* The name comes last: what is too long for the line is cut there. */
    cli_progress(&r->progress, "%.0f MB%s, %.0f MB/s, %llu in plaintext, %llu with TLS: %s",
                 (double)done / 1e6, part, s > 0 ? (double)f->bytes / 1e6 / s : 0,
                 (unsigned long long)f->plain, (unsigned long long)f->tls, r->name);
}

/* The story on standard error, and for programs. */
static int refuse(struct reader *r, const struct pgseal_err *err)
{
    struct cli_str s = {0};

    cli_progress_clear(&r->progress);
    if (r->o->json) {
        json_t *o = cli_json_object();

        cli_json_put(o, "error", cli_json_error(err));
        (void)cli_json_print(stdout, o);
    }
    cli_say(r->log, CLI_ERROR, "%s", err->msg);
    cli_story(&s, err, cli_columns(STDERR_FILENO), r->log->colour);
    fputs(cli_str(&s), stderr);
    cli_str_done(&s);
    return -1;
}

static int refuse_packed(struct reader *r, enum status_packed packed, const char *file)
{
    static const struct {
        const char *what, *tool;
    } KINDS[] = {
        {"", ""},
        {"compressed by gzip", "zcat"},
        {"compressed by bzip2", "bzcat"},
        {"compressed by xz", "xzcat"},
        {"compressed by zstd", "zstdcat"},
        {"a zip archive", "unzip -p"},
        {"text in UTF-16", "iconv -f UTF-16 -t UTF-8"},
        {"JSON of aws rds download-db-log-file-portion (--output text is lines)",
         "jq -r .LogFileData"},
    };
    struct pgseal_err err = {0};
    struct cli_str fix = {0};

    if (strcmp(file, "-") == 0) {
        cli_str_addf(&fix, "... | %s | pgseal status --log -", KINDS[packed].tool);
    } else {
        cli_str_addf(&fix, "%s ", KINDS[packed].tool);
        cli_shell_word(&fix, file);
        cli_str_add(&fix, " | pgseal status --log -");
    }
    pgseal__fail(&err, PGSEAL_E_FILE, "\"%s\" is %s", r->name, KINDS[packed].what);
    pgseal__hint(&err, "Only text is read. Unpack it on the way:\n  %s", cli_str(&fix));
    cli_str_done(&fix);
    return refuse(r, &err);
}

static int refuse_file(struct reader *r, const char *verb, int sys)
{
    struct pgseal_err err = {0};

    pgseal__fail(&err, PGSEAL_E_FILE, "could not %s \"%s\": %s", verb, r->name,
                 strerrordesc_np(sys));
    err.sys = sys;
    if (sys == EACCES)
        pgseal__hint(&err, "A server's log often belongs to postgres, or to the group adm: sudo "
                           "cat FILE | pgseal status --log -");
    if (sys == ENOENT)
        pgseal__hint(&err, "The server knows where its log is: select pg_current_logfile(), or "
                           "/var/log/postgresql on Debian.");
    return refuse(r, &err);
}

/* Reads until the piece is full or the input ends, so that its first bytes are at hand. < 0: errno.
 */
static ssize_t fill(int fd, char *p, size_t n)
{
    ssize_t got;

    do
        got = read(fd, p, n);
    while (got < 0 && errno == EINTR && !cli_was_interrupted());
    return got;
}

static int read_fd(struct reader *r, int fd, const char *file)
{
    struct pgseal_err err = {0};
    uint64_t done = 0;
    size_t have = 0;

    /* The first bytes may come one by one through a pipe. */
    while (have < 8) {
        ssize_t n = fill(fd, r->piece + have, PIECE - have);

        if (n < 0 && !cli_was_interrupted())
            return refuse_file(r, "read", errno);
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    if (status_log_packed(r->piece, have) != STATUS_PACKED_NOT)
        return refuse_packed(r, status_log_packed(r->piece, have), file);
    while (have > 0 && !cli_was_interrupted()) {
        ssize_t n;

        if (status_log_feed(r->parser, r->piece, have, &err) < 0)
            return refuse(r, &err);
        done += have;
        show_progress(r, done);
        n = fill(fd, r->piece, PIECE);
        if (n < 0 && !cli_was_interrupted())
            return refuse_file(r, "read", errno);
        have = n > 0 ? (size_t)n : 0;
    }
    if (status_log_end(r->parser, &err) < 0)
        return refuse(r, &err);
    return 0;
}

static int read_file(struct reader *r, const char *file)
{
    bool is_stdin = strcmp(file, "-") == 0;
    struct stat st;
    int fd = STDIN_FILENO, rc;

    r->size = -1;
    pgseal__escape(r->name, sizeof(r->name), is_stdin ? "standard input" : file,
                   strlen(is_stdin ? "standard input" : file), sizeof(r->name));
    if (!is_stdin) {
        fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return refuse_file(r, "open", errno);
    } else if (isatty(fd)) {
        cli_say(r->log, CLI_PLAIN, "reading a server's log from the terminal; Ctrl-D ends it");
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        r->size = st.st_size;
    rc = read_fd(r, fd, file);
    if (!is_stdin)
        close(fd);
    return rc;
}

static int report(struct reader *r)
{
    struct status_report what = {
        .way = STATUS_WAY_LOG,
        .log = status_log_facts(r->parser),
        .where = r->o->nfiles == 1 ? r->name : "all files",
    };

    cli_progress_clear(&r->progress);
    if (cli_was_interrupted())
        cli_say(r->log, CLI_WARNING, "interrupted: this is what was read so far");
    return cli_status_report(&what, &r->sum, r->log, r->o);
}

int cli_status_log(const struct cli_log *log, const struct cli_sum_opts *o)
{
    struct reader r = {.log = log,
                       .o = o,
                       .progress = {.on = isatty(STDERR_FILENO) == 1},
                       .start_ms = cli_now_ms()};
    struct pgseal_err err = {0};
    int code = CLI_UNREACHED;
    size_t i = 0;

    status_sum_init(&r.sum, 0);
    r.piece = cli_alloc(PIECE);
    r.parser = status_log_new(&r.sum, &err);
    if (r.parser == NULL)
        (void)refuse(&r, &err);
    while (r.parser != NULL && i < o->nfiles && !cli_was_interrupted() &&
           read_file(&r, o->file[i]) == 0)
        i++;
    if (r.parser != NULL && (i == o->nfiles || cli_was_interrupted()))
        code = report(&r);
    status_log_free(r.parser);
    status_sum_done(&r.sum);
    cli_free(r.piece);
    return code;
}
