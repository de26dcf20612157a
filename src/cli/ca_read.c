/* SPDX-License-Identifier: PostgreSQL */
/* Reads the files that `pgseal ca` looks into, and days of the command line. */
#include "ca_read_int.h"
#include "findings_int.h"
#include "text_int.h"

#include "ca/ca.h"

#include <pgseal/drive.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* As much as the world reads of a file. */
#define BYTES_MAX ((size_t)64 << 20)

/* From here on looking takes seconds: 0.15 s for 1 MB. */
#define SLOW_BYTES ((size_t)4 << 20)

static int unread(const char *name, int sys, struct pgseal_err *err)
{
    char reason[128], shown[1024];

    /* `find -exec` gives names that other people chose. */
    pgseal__fail(err, PGSEAL_E_FILE, "could not read \"%s\": %s",
                 pgseal__escape(shown, sizeof(shown), name, strlen(name), 512),
                 strerror_r(sys, reason, sizeof(reason)));
    err->sys = sys;
    return CLI_UNREACHED;
}

static int read_stdin(struct cli_ca_bytes *out, struct pgseal_err *err)
{
    size_t cap = 1 << 16;

    out->name = "standard input";
    out->data = cli_alloc(cap);
    for (;;) {
        ssize_t r = read(STDIN_FILENO, out->data + out->n, cap - out->n);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return unread(out->name, errno, err);
        if (r == 0)
            return CLI_FINE;
        out->n += (size_t)r;
        if (out->n == BYTES_MAX)
            return unread(out->name, EFBIG, err);
        if (out->n == cap) {
            cap *= 2;
            out->data = cli_realloc(out->data, cap);
        }
    }
}

int cli_ca_read(const char *path, struct cli_ca_bytes *out, struct pgseal_err *err)
{
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};
    int sys;

    *out = (struct cli_ca_bytes){.name = path};
    if (strcmp(path, "-") == 0)
        return read_stdin(out, err);
    w->read(w->ctx, path, &f);
    sys = f.stat_sys != 0 ? f.stat_sys : f.read_sys;
    if (sys == EISDIR || (sys == 0 && f.kind == PGSEAL_FILE_DIRECTORY)) {
        w->release(w->ctx, &f);
        return CLI_FINE;
    }
    if (sys == 0 && f.data != NULL) {
        out->data = cli_alloc(f.len + 1);
        memcpy(out->data, f.data, f.len);
        out->n = f.len;
    }
    w->release(w->ctx, &f);
    return sys != 0 ? unread(path, sys, err) : CLI_FINE;
}

void cli_ca_bytes_done(struct cli_ca_bytes *b)
{
    cli_free(b->data);
    *b = (struct cli_ca_bytes){0};
}

void cli_ca_slow(struct cli_progress *p, const char *name, size_t bytes)
{
    char shown[256];

    *p = (struct cli_progress){.on = bytes > SLOW_BYTES && isatty(STDERR_FILENO)};
    cli_progress(p, "looking into %zu MB of %s ...", bytes >> 20,
                 pgseal__escape(shown, sizeof(shown), name, strlen(name), 120));
}

int cli_ca_look(const char *path, int64_t now_unix_s, const struct ca_meant *meant,
                struct ca_file *f, struct pgseal_err *err)
{
    struct cli_ca_bytes bytes;
    struct cli_progress progress;
    int rc = cli_ca_read(path, &bytes, err);

    cli_ca_slow(&progress, bytes.name, bytes.n);
    if (rc == CLI_FINE &&
        ca_inspect(bytes.name, bytes.data, bytes.n, now_unix_s, meant, f, err) < 0)
        rc = CLI_FOUND;
    cli_progress_clear(&progress);
    cli_ca_bytes_done(&bytes);
    return rc;
}

static bool read_offset(const char *text, int64_t now_unix_s, int64_t *unix_s)
{
    char *end;
    long days = strtol(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || days > 999999)
        return false;
    *unix_s = now_unix_s + days * INT64_C(86400);
    return true;
}

bool cli_day(const char *text, int64_t now_unix_s, int64_t *unix_s)
{
    struct tm tm = {0};
    const char *end;
    int day;
    time_t t;

    if (text[0] == '+')
        return read_offset(text + 1, now_unix_s, unix_s);
    end = strptime(text, "%Y-%m-%d", &tm);
    day = tm.tm_mday;
    if (end == NULL || *end != '\0')
        return false;
    t = timegm(&tm);
    *unix_s = (int64_t)t;
    return tm.tm_mday == day; /* 2027-02-30 has become another day */
}
