/* SPDX-License-Identifier: PostgreSQL */
/* Sums a look up in two lines: what libpq makes of the file, and what is in it. */
#include "inspect_int.h"

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* Readable certificates that OpenSSL passes over. */
static size_t lost(const struct ca_file *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += f->item[i].is_cert && !f->item[i].loaded;
    return n;
}

void ca_file_headline(const struct ca_file *f, char *out, size_t cap)
{
    size_t gone = lost(f);

    if (f->loads == 0 && f->certs > 0)
        pgseal__format(out, cap, "libpq refuses the whole file, with %zu readable certificate%s",
                       f->certs, plural(f->certs));
    else if (f->loads == 0 && f->lists > 0)
        pgseal__format(out, cap,
                       "libpq loads revocation lists, and no certificate: it trusts nobody");
    else if (f->loads == 0)
        pgseal__format(out, cap, "libpq refuses the file: there is no certificate in it");
    else if (gone > 0)
        pgseal__format(out, cap,
                       "libpq loads %d of %zu certificates, and says nothing of the other%s",
                       f->loads, f->loads + gone, gone == 1 ? "" : "s");
    else if (f->loads == 1)
        pgseal__format(out, cap, "libpq loads its one certificate");
    else
        pgseal__format(out, cap, "libpq loads all %d certificates", f->loads);
}

/* What is in a file, counted. */
struct sum {
    size_t kinds[3];
    size_t rds, published, regions;
    const char *region; /* one of them */
    const char *partition;
    bool mixed;        /* of several partitions */
    int64_t first_end; /* of roots that are still valid; 0: none */
};

static bool seen_before(const struct ca_file *f, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (f->item[j].is_cert && strcmp(f->item[j].region, f->item[i].region) == 0)
            return true;
    return false;
}

static void sum_up(const struct ca_file *f, struct sum *s)
{
    *s = (struct sum){.region = ""};
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (!it->is_cert)
            continue;
        s->kinds[it->kind]++;
        s->published += it->standing == CA_PUBLISHED || it->standing == CA_VOUCHED;
        if (it->kind == CA_KIND_ROOT && !it->ended &&
            (s->first_end == 0 || it->info.not_after_unix_s < s->first_end))
            s->first_end = it->info.not_after_unix_s;
        if (it->partition[0] == '\0')
            continue;
        s->mixed = s->mixed || (s->rds > 0 && strcmp(s->partition, it->partition) != 0);
        s->partition = it->partition;
        s->rds++;
        if (it->region[0] != '\0' && !seen_before(f, i)) {
            s->regions++;
            s->region = it->region;
        }
    }
}

static void kinds(const struct sum *s, char *out, size_t cap)
{
    static const struct {
        const char *one, *many;
    } names[] = {{"root", "roots"},
                 {"intermediate", "intermediates"},
                 {"certificate of a server", "certificates of servers"}};

    for (size_t i = 0; i < 3; i++)
        if (s->kinds[i] > 0)
            pgseal__append(out, cap, "%s%zu %s", out[0] != '\0' ? ", " : "", s->kinds[i],
                           s->kinds[i] == 1 ? names[i].one : names[i].many);
}

static void origin(const struct ca_file *f, const struct sum *s, char *out, size_t cap)
{
    if (s->rds == 0) {
        pgseal__append(out, cap,
                       s->published == f->certs ? " of Amazon Trust Services"
                                                : ", none of Amazon RDS");
        return;
    }
    if (s->rds < f->certs)
        pgseal__append(out, cap, "; %zu of Amazon RDS", s->rds);
    else
        pgseal__append(out, cap, " of Amazon RDS");
    if (!s->mixed)
        pgseal__append(out, cap, " (%s)", s->partition);
    if (s->regions == 1)
        pgseal__append(out, cap, ", %s", s->region);
    else if (s->regions > 1)
        pgseal__append(out, cap, ", %zu regions", s->regions);
    if (s->published == f->certs)
        pgseal__append(out, cap, ", %s published by Amazon", f->certs == 1 ? "as" : "all as");
    else
        pgseal__append(out, cap, ", %zu as published by Amazon", s->published);
}

void ca_file_summary(const struct ca_file *f, char *out, size_t cap)
{
    struct sum s;
    char when[40];
    char span[60];

    out[0] = '\0';
    if (f->certs == 0)
        return;
    sum_up(f, &s);
    kinds(&s, out, cap);
    origin(f, &s, out, cap);
    if (s.first_end == 0)
        return;
    pgseal__utc(when, s.first_end);
    ca_span_text(s.first_end, f->now_unix_s, span, sizeof(span));
    pgseal__append(out, cap, "; %s ends %.10s, %s", s.kinds[0] == 1 ? "the root" : "the first root",
                   when, span);
}
