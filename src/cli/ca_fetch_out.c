/* SPDX-License-Identifier: PostgreSQL */
/* Prints what `pgseal ca fetch` found: for people, and the same facts as JSON. */
#include "ca_fetch_int.h"
#include "ca_show_int.h"
#include "opts_int.h"
#include "out_int.h"

#define LIST_MAX 9 /* lines of a list; the rest is a number */

static void part(struct cli_str *out, const char *label, int columns, bool colour, const char *fmt,
                 ...) PGSEAL_PRINTF(5, 6);

static void part(struct cli_str *out, const char *label, int columns, bool colour, const char *fmt,
                 ...)
{
    char text[6000];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    cli_story_part(out, label, text, columns, colour);
}

/* The same, never broken: paths and URLs are to be copied. */
static void line(struct cli_str *out, const char *label, bool colour, const char *fmt, ...)
    PGSEAL_PRINTF(4, 5);

static void line(struct cli_str *out, const char *label, bool colour, const char *fmt, ...)
{
    char text[6000];
    va_list ap;

    va_start(ap, fmt);
    pgseal__vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    cli_str_addf(out, "  %s%s%s %s\n", colour ? "\033[1m" : "", label, colour ? "\033[0m" : "",
                 text);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* "all are known by fingerprint", or how many are and what the others are. */
static void known(char *out, size_t cap, const struct ca_fetched *f)
{
    if (f->published == f->certs) {
        pgseal__format(out, cap, "known by fingerprint: %s", f->certs == 1 ? "yes" : "all");
        return;
    }
    pgseal__format(out, cap, "known by fingerprint: %zu", f->published);
    if (f->vouched > 0)
        pgseal__append(out, cap, ", signed by a known one: %zu", f->vouched);
    if (f->unknown > 0)
        pgseal__append(out, cap, ", unknown: %zu", f->unknown);
    if (f->foreign > 0)
        pgseal__append(out, cap, ", not of RDS: %zu", f->foreign);
}

/* The names behind a count, one a line. */
static void list_added(struct cli_str *out, const struct ca_fetched *f)
{
    size_t shown = 0;

    for (size_t i = 0; i < f->file.n && shown <= LIST_MAX; i++) {
        const struct ca_item *it = &f->file.item[i];
        char until[40];

        if (!f->added[i])
            continue;
        if (shown++ == LIST_MAX)
            cli_str_addf(out, "          ... and %zu more\n", f->nadded - LIST_MAX);
        else
            cli_str_addf(out, "          %s, until %.10s\n", it->cn,
                         pgseal__utc(until, it->info.not_after_unix_s));
    }
}

/* Those that had ended; a finding tells of the others. */
static void list_gone(struct cli_str *out, const struct ca_fetched *f)
{
    size_t ended = 0;

    for (size_t i = 0; i < f->ngone; i++) {
        char until[40];

        if (f->gone[i].not_after_unix_s >= f->file.now_unix_s || ended++ >= LIST_MAX)
            continue;
        cli_str_addf(out, "          %s, ended %.10s\n", f->gone[i].cn,
                     pgseal__utc(until, f->gone[i].not_after_unix_s));
    }
    if (ended > LIST_MAX)
        cli_str_addf(out, "          ... and %zu more that ended\n", ended - LIST_MAX);
}

static void compared(struct cli_str *out, const struct cli_fetched *f, int columns, bool colour)
{
    const struct ca_fetched *c = f->facts;

    if (c->same_bytes || !c->had_file)
        return;
    if (c->before == 0)
        part(out, "was:", columns, colour, "no bundle. %s", c->instead);
    else if (c->nadded == 0 && c->ngone == 0)
        part(out, "new:", columns, colour, "the same certificates, written differently");
    if (c->before > 0 && c->nadded > 0) {
        part(out, "new:", columns, colour, "%zu that the file did not have", c->nadded);
        list_added(out, c);
    }
    if (c->ngone > 0) {
        part(out, "gone:", columns, colour, "%zu that the file had", c->ngone);
        list_gone(out, c);
    }
    if (!f->written || f->place == NULL)
        return;
    if (strcmp(f->place->name, f->place->path) != 0)
        line(out, "kept:", colour, "%s is the file as it was", f->place->backup);
    else
        line(out, "kept:", colour, "%s~ is the file as it was", f->place->name);
}

/* An absolute name: sslrootcert is looked for in the working directory of whoever connects. */
static void usage_line(struct cli_str *out, const struct ca_place *place, bool colour)
{
    char *full = realpath(place->path, NULL);

    line(out, "use: ", colour, "\"host=HOST sslmode=verify-full sslrootcert=%s\"",
         full != NULL ? full : place->path);
    free(full);
}

static const char *status(const struct cli_fetched *f)
{
    return f->written ? "written" : f->facts->same_bytes ? "unchanged" : "differs";
}

void cli_fetch_text(struct cli_str *out, const struct cli_fetched *f, int columns, bool colour)
{
    const struct ca_fetched *c = f->facts;
    char marks[200], until[40];
    size_t n = c->certs;

    cli_str_addf(out, "%s: %s\n", f->place != NULL ? f->place->name : "standard output", status(f));
    if (f->place != NULL && strcmp(f->place->name, f->place->path) != 0)
        line(out, "link:", colour, "to %s", f->place->path);
    line(out, "from:", colour, "%s", f->source->shown);
    known(marks, sizeof(marks), c);
    part(out, "has:", columns, colour, "%zu certificate%s of %zu region%s, %zu bytes; %s", n,
         plural(n), c->regions, plural(c->regions), f->n, marks);
    if (c->twins > 0)
        part(out, "", columns, colour, "%zu of them twice or more", c->twins);
    part(out, "ends:", columns, colour, "%s the first%s", pgseal__utc(until, c->until_unix_s),
         c->ended > 0 ? " of those to come" : "");
    if (c->ended > 0)
        part(out, "past:", columns, colour, "%zu ended before today and verify nothing", c->ended);
    compared(out, f, columns, colour);
    if (f->place != NULL)
        usage_line(out, f->place, colour);
    if (f->findings->n > 0) {
        struct cli_str s = {0};

        cli_findings_text(&s, f->findings, columns, colour);
        cli_str_addf(out, "\n%s", cli_str(&s));
        cli_str_done(&s);
    }
}

json_t *cli_fetch_json(const struct cli_fetched *f)
{
    const struct ca_fetched *c = f->facts;
    json_t *o = cli_json_object();
    json_t *certs = cli_json_array(), *gone = cli_json_array(), *missing = cli_json_array();

    cli_json_text(o, "file", f->place != NULL ? f->place->path : NULL);
    cli_json_text(o, "status", status(f));
    cli_json_text(o, "from", f->source->shown);
    cli_json_bool(o, "official", f->source->official);
    cli_json_int(o, "bytes", (int64_t)f->n);
    cli_json_text(o, "sha256", c->sha256);
    cli_json_time(o, "until", c->until_unix_s);
    cli_json_text(o, "kept",
                  f->place != NULL && f->written && c->had_file ? f->place->backup : NULL);
    for (size_t i = 0; i < c->file.n; i++) {
        json_t *cert = cli_ca_item_json(&c->file.item[i], c->file.now_unix_s);

        cli_json_text(cert, "sha1", c->file.item[i].sha1);
        cli_json_bool(cert, "new", c->added[i]);
        cli_json_add(certs, cert);
    }
    for (size_t i = 0; i < c->ngone; i++) {
        json_t *g = cli_json_object();

        cli_json_text(g, "common_name", c->gone[i].cn);
        cli_json_text(g, "sha256", c->gone[i].sha256);
        cli_json_time(g, "not_after", c->gone[i].not_after_unix_s);
        cli_json_add(gone, g);
    }
    for (size_t i = 0; i < c->nmissing; i++)
        cli_json_add(missing, cli_json_string(c->missing[i].row->sha256));
    cli_json_put(o, "certificates", certs);
    cli_json_put(o, "gone", gone);
    cli_json_put(o, "missing", missing);
    cli_findings_json(o, f->findings);
    return o;
}
