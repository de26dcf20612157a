/* SPDX-License-Identifier: PostgreSQL */
/* What `pgseal ca show` found, as text: problems first, then certificates, by region when many. */
#include "ca_show_int.h"
#include "out_int.h"

#include "core/base/base.h"

/* More certificates than this are shown by region. */
#define EACH_MAX 12
#define CELL     18
#define WIDE     110 /* columns: there is room for fingerprints */

static const char *const GENERATIONS[] = {"rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1",
                                          "rds-ca-ecc384-g1"};

void cli_ca_digest(const char *sig_alg, char *out, size_t cap)
{
    const char *rsa = strstr(sig_alg, "WithRSAEncryption");

    if (rsa != NULL)
        pgseal__format(out, cap, "%.*s", (int)(rsa - sig_alg), sig_alg);
    else if (strncmp(sig_alg, "ecdsa-with-SHA", 14) == 0)
        pgseal__format(out, cap, "sha%s", sig_alg + 14);
    else
        pgseal__format(out, cap, "%s", sig_alg);
}

/* What is to be known of a certificate in one word. */
static const char *state(const struct ca_file *f, const struct ca_item *it, char out[24])
{
    if (f->loads > 0 && !it->loaded)
        return "LOST";
    if (it->signature == CA_SIG_BROKEN)
        return "ALTERED";
    if (it->standing == CA_POSED && it->kind == CA_KIND_ROOT)
        return "IMPOSTOR";
    if (it->twin_line != 0) {
        pgseal__format(out, 24, "as %d", it->twin_line);
        return out;
    }
    if (it->ended)
        return "ended";
    if (it->early)
        return "early";
    return it->standing == CA_POSED ? "unknown" : ca_standing_name(it->standing);
}

static const char *standing_text(const struct ca_item *it)
{
    switch (it->standing) {
    case CA_PUBLISHED:
        return "published by Amazon";
    case CA_VOUCHED:
        return "signed by a published one";
    case CA_UNPUBLISHED:
        return "unknown: not among the published";
    case CA_POSED:
        return "not the published one of this name";
    case CA_FOREIGN:
        break;
    }
    return "not of Amazon RDS";
}

static const char *signature_text(const struct ca_item *it)
{
    if (it->signature == CA_SIG_NO_ISSUER)
        return "signature not checked: its issuer is not here";
    if (it->signature == CA_SIG_BROKEN)
        return "SIGNATURE DOES NOT FIT";
    return it->info.self_issued ? "its own signature fits" : "its issuer's signature fits";
}

/* "GovCloud" of "AWS GovCloud (US)": a line has 80 columns. */
static const char *short_partition(const char *partition)
{
    return strstr(partition, "Gov") != NULL     ? "GovCloud"
           : strstr(partition, "China") != NULL ? "China"
                                                : partition;
}

static void each(struct cli_str *out, const struct ca_file *f, const struct ca_item *it,
                 const struct cli_ca_style *s)
{
    char from[40];
    char until[40];
    char span[60];
    char digest[48];

    if (!it->is_cert) {
        cli_str_addf(out, "%5d  (%s%s)\n", it->line, it->what,
                     strcmp(it->what, "certificate") == 0 ? ", not readable" : "");
        return;
    }
    cli_ca_digest(it->info.sig_alg, digest, sizeof(digest));
    ca_span_text(it->info.not_after_unix_s, f->now_unix_s, span, sizeof(span));
    pgseal__utc(from, it->info.not_before_unix_s);
    pgseal__utc(until, it->info.not_after_unix_s);
    cli_str_addf(out, "%5d  %s", it->line, it->cn);
    if (!s->fingerprints)
        cli_str_addf(out, "  %.12s", it->info.sha256);
    cli_str_addf(out, "\n       %s, ", ca_kind_name(it->kind));
    if (it->generation[0] != '\0')
        cli_str_addf(out, "%s, ", it->generation);
    if (it->region[0] != '\0')
        cli_str_addf(out, "%s, ", it->region);
    if (it->partition[0] != '\0')
        cli_str_addf(out, "%s, ", short_partition(it->partition));
    cli_str_addf(out, "%s, %s\n", it->info.key, digest);
    cli_str_addf(out, "       %.10s to %.10s, %s %s\n", from, until, it->ended ? "ended" : "ends",
                 span);
    cli_str_addf(out, "       %s; %s", standing_text(it), signature_text(it));
    if (f->loads > 0 && !it->loaded)
        cli_str_add(out, "; LOST");
    if (it->twin_line != 0)
        cli_str_addf(out, "; the same as at line %d", it->twin_line);
    if (s->fingerprints)
        cli_str_addf(out, "\n       SHA-256 %s", it->info.sha256);
    cli_str_addc(out, '\n');
}

/* ---- many: a line for each region --------------------------------------------------------------
 */

/* The column of a root of which nothing else needs to be said; -1: it gets a line of its own. */
static int column_of(const struct ca_file *f, const struct ca_item *it)
{
    if (!it->is_cert || it->kind != CA_KIND_ROOT || it->ended || it->early || it->twin_line != 0 ||
        it->signature != CA_SIG_FITS ||
        (it->standing != CA_PUBLISHED && it->standing != CA_VOUCHED) ||
        (f->loads > 0 && !it->loaded))
        return -1;
    for (int i = 0; i < (int)PGSEAL_COUNT(GENERATIONS); i++)
        if (strcmp(it->generation, GENERATIONS[i]) == 0)
            return i;
    return -1;
}

/* A root on its way into the table of regions. */
struct cell {
    const struct ca_item *it;
};

static int by_region(const void *a, const void *b)
{
    const struct ca_item *x = ((const struct cell *)a)->it;
    const struct ca_item *y = ((const struct cell *)b)->it;
    int d = strcmp(x->region, y->region);

    return d != 0 ? d : x->line - y->line;
}

static void region_line(struct cli_str *out, const struct ca_file *f, const struct cell *row,
                        size_t n)
{
    cli_str_addf(out, "%-18s", row[0].it->region);
    for (int c = 0; c < (int)PGSEAL_COUNT(GENERATIONS); c++) {
        char text[32] = "";

        for (size_t i = 0; i < n; i++) {
            char until[40];

            if (column_of(f, row[i].it) != c)
                continue;
            pgseal__utc(until, row[i].it->info.not_after_unix_s);
            pgseal__format(text, sizeof(text), "%5d  %.10s", row[i].it->line, until);
        }
        cli_str_addf(out, "  %-*s", CELL, text[0] != '\0' ? text : "    -");
    }
    while (out->len > 0 && out->p[out->len - 1] == ' ')
        cli_str_cut(out, out->len - 1);
    cli_str_addc(out, '\n');
}

static void regions(struct cli_str *out, const struct ca_file *f)
{
    struct cell *v = cli_alloc((f->n + 1) * sizeof(*v));
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (column_of(f, &f->item[i]) >= 0)
            v[n++].it = &f->item[i];
    if (n > 0) {
        qsort(v, n, sizeof(*v), by_region);
        cli_str_addf(out, "%-18s  %-*s  %-*s  %s\n", "region", CELL, GENERATIONS[0], CELL,
                     GENERATIONS[1], GENERATIONS[2]);
        cli_str_addf(out, "%-18s  %-*s  %-*s  %s\n", "", CELL, " line  until", CELL, " line  until",
                     " line  until");
        for (size_t i = 0, j; i < n; i = j) {
            for (j = i + 1; j < n && strcmp(v[i].it->region, v[j].it->region) == 0;)
                j++;
            region_line(out, f, v + i, j - i);
        }
    }
    cli_free(v);
}

static void others(struct cli_str *out, const struct ca_file *f, bool wide)
{
    bool first = true;
    char until[40];
    char word[24];

    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (column_of(f, it) >= 0)
            continue;
        if (first && out->len > 0)
            cli_str_addc(out, '\n');
        if (first)
            cli_str_addf(out, " line  until       kind          state      %sname\n",
                         wide ? "SHA-256       " : "");
        first = false;
        if (!it->is_cert) {
            cli_str_addf(out, "%5d  %-10s  %s\n", it->line, "", it->what);
            continue;
        }
        pgseal__utc(until, it->info.not_after_unix_s);
        cli_str_addf(out, "%5d  %.10s  %-12s  %-9s  ", it->line, until, ca_kind_name(it->kind),
                     state(f, it, word));
        if (wide)
            cli_str_addf(out, "%.12s  ", it->info.sha256);
        cli_str_addf(out, "%s\n", it->cn);
    }
}

static void certificates(struct cli_str *out, const struct ca_file *f, const struct cli_ca_style *s)
{
    struct cli_str table = {0};

    if (f->n <= EACH_MAX || s->all || s->fingerprints) {
        for (size_t i = 0; i < f->n; i++)
            each(&table, f, &f->item[i], s);
    } else {
        regions(&table, f);
        others(&table, f, s->columns >= WIDE);
    }
    if (table.len > 0)
        cli_str_addf(out, "\n%s", cli_str(&table));
    cli_str_done(&table);
}

void cli_ca_show_text(struct cli_str *out, const struct ca_file *f, const struct cli_ca_style *s)
{
    struct cli_str found = {0};
    char text[1000];

    ca_file_headline(f, text, sizeof(text));
    cli_str_addf(out, "%s%s:%s %s\n", s->colour ? "\033[1m" : "", f->name,
                 s->colour ? "\033[0m" : "", text);
    ca_file_summary(f, text, sizeof(text));
    if (text[0] != '\0')
        cli_story_part(out, "has:", text, s->columns, s->colour);
    if (text[0] != '\0' && cli_findings_exit(&f->findings) == CLI_FINE)
        cli_story_part(out, "", "Nothing wrong was found.", s->columns, s->colour);
    cli_findings_text(&found, &f->findings, s->columns, s->colour);
    if (found.len > 0)
        cli_str_addf(out, "\n%s", cli_str(&found));
    cli_str_done(&found);
    certificates(out, f, s);
}
