/* SPDX-License-Identifier: PostgreSQL */
/* Findings about a file as a whole: is it what its name says, and does it have all of that? */
#include "inspect_int.h"

#include <inttypes.h>

/* What the certificates of a file are, against what it is meant to be. */
struct set {
    size_t certs, rds, trust_services;
    struct ca_lines in, region, other; /* of the partition; of the region; of neither */
    const char *partition;             /* one that is not the meant one, or "" */
};

static bool is_trust_services(const struct ca_item *it)
{
    return strcmp(it->generation, "amazon-trust-services") == 0;
}

static void count(const struct ca_file *f, struct set *s)
{
    *s = (struct set){.partition = ""};
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (!it->is_cert)
            continue;
        s->certs++;
        s->trust_services += is_trust_services(it);
        if (it->partition[0] == '\0')
            continue;
        s->rds++;
        if (strcmp(it->partition, f->meant.partition) != 0) {
            s->partition = it->partition;
            ca_lines_add(&s->other, it->line);
            continue;
        }
        ca_lines_add(&s->in, it->line);
        if (f->meant.region[0] == '\0')
            continue;
        if (strcmp(it->region, f->meant.region) == 0)
            ca_lines_add(&s->region, it->line);
        else if (it->region[0] != '\0')
            ca_lines_add(&s->other, it->line);
    }
}

/* "us-east-1", "all regions of AWS GovCloud (US)". */
static void meant_text(const struct ca_meant *m, char *out, size_t cap)
{
    if (m->region[0] != '\0')
        pgseal__format(out, cap, "%s", m->region);
    else
        pgseal__format(out, cap, "all regions of %s", m->partition);
}

static void not_rds(const struct ca_look *k, const struct set *s)
{
    struct finding *f;
    const char *who = NULL;
    int line = 0;

    for (size_t i = 0; i < k->f->n; i++)
        if (k->f->item[i].is_cert && line == 0)
            line = k->f->item[i].line;
    f = ca_found(k, FINDING_ID_CA_NOT_RDS, line);
    for (size_t i = 0; i < k->f->n && who == NULL; i++)
        if (k->b->v[i].cert != NULL)
            who = pgseal__public_authority(X509_get_issuer_name(k->b->v[i].cert));
    if (s->trust_services == s->certs)
        finding_seen(f,
                     "All %zu are roots of Amazon Trust Services, which sign for RDS Proxy, "
                     "Aurora Serverless v1 and DSQL, and for no RDS or Aurora instance.",
                     s->certs);
    else
        finding_seen(f, "%s of Amazon RDS%s%s%s.",
                     s->certs == 1 ? "Its certificate is not" : "None of its certificates is",
                     who != NULL ? ", but of the public web (" : "", who != NULL ? who : "",
                     who != NULL ? ")" : "");
    ca_fix_fetch(k, f);
}

static void wrong_place(const struct ca_look *k, struct set *s)
{
    char meant[80];
    bool partition = s->in.n == 0;
    struct finding *f = ca_found(
        k, partition ? FINDING_ID_CA_WRONG_PARTITION : FINDING_ID_CA_WRONG_REGION, s->other.first);

    meant_text(&k->f->meant, meant, sizeof(meant));
    finding_seen(f, "%s for %s, but not one of its %zu certificates is",
                 k->f->meant.said ? "The file is meant" : "By its name the file is", meant, s->rds);
    if (partition)
        finding_seen(f, ": %s %s of %s.", ca_lines_text(&s->other), s->other.n == 1 ? "is" : "are",
                     s->partition);
    else
        finding_seen(f, ": %s %s of other regions.", ca_lines_text(&s->other),
                     s->other.n == 1 ? "is" : "are");
    if (partition && !k->f->meant.said && k->f->meant.region[0] == '\0' &&
        strstr(s->partition, "Gov") != NULL)
        finding_fix(f, "If your servers are in GovCloud, all is well, and --for gov says so. If "
                       "they are not: ");
    ca_fix_fetch(k, f);
}

static void others(const struct ca_look *k, struct set *s)
{
    struct finding *f = ca_found(k, FINDING_ID_CA_OTHER_REGION, s->other.first);
    char meant[80];

    meant_text(&k->f->meant, meant, sizeof(meant));
    finding_seen(f, "%zu certificate%s not for %s: %s.", s->other.n,
                 s->other.n == 1 ? " is" : "s are", meant, ca_lines_text(&s->other));
    finding_fix(f, "Nothing has to be done; who wants to trust as little as possible takes them "
                   "out.");
}

/* What of today's published roots is not in the file. */
struct missing {
    size_t roots, regions; /* of regions the file has or is for; whole regions */
    char root_list[600], region_list[600];
    bool default_ca; /* RSA2048 is among the roots */
};

static bool has_region(const struct ca_file *f, const char *region)
{
    if (strcmp(f->meant.region, region) == 0)
        return true;
    for (size_t i = 0; i < f->n; i++)
        if (f->item[i].is_cert && strcmp(f->item[i].region, region) == 0)
            return true;
    return false;
}

static bool has_cert(const struct ca_file *f, const char *sha256)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->item[i].is_cert && strcmp(f->item[i].info.sha256, sha256) == 0)
            return true;
    return false;
}

static void list(char *out, size_t cap, const char *word, const char *with)
{
    char entry[100];

    pgseal__format(entry, sizeof(entry), "%s%s%s", word, with[0] != '\0' ? " " : "", with);
    if (strlen(out) + strlen(entry) + 6 < cap)
        pgseal__append(out, cap, "%s%s", out[0] != '\0' ? ", " : "", entry);
    else if (strcmp(out + strlen(out) - 3, "...") != 0)
        pgseal__append(out, cap, "...");
}

static void take_missing(const struct ca_file *f, const struct pgseal_known_ca *row,
                         struct missing *m)
{
    if (!row->served || !row->root || strncmp(row->generation, "rds-", 4) != 0 ||
        strcmp(pgseal__rds_partition(row->region), f->meant.partition) != 0 ||
        (f->meant.region[0] != '\0' && strcmp(f->meant.region, row->region) != 0) ||
        has_cert(f, row->sha256))
        return;
    if (has_region(f, row->region)) {
        m->roots++;
        m->default_ca = m->default_ca || strcmp(row->generation, "rds-ca-rsa2048-g1") == 0;
        list(m->root_list, sizeof(m->root_list), row->region, row->generation);
    } else if (strcmp(row->generation, "rds-ca-rsa2048-g1") == 0) {
        m->regions++;
        list(m->region_list, sizeof(m->region_list), row->region, "");
    }
}

static void judge_missing(const struct ca_look *k)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);
    struct missing m = {.roots = 0};
    struct finding *f;

    for (size_t i = 0; i < n; i++)
        take_missing(k->f, &rows[i], &m);
    if (m.roots > 0) {
        f = ca_found(k, FINDING_ID_CA_ROOT_MISSING, 0);
        finding_seen(f, "%zu root%s that Amazon publishes for %s not in it: %s.%s", m.roots,
                     m.roots == 1 ? "" : "s",
                     k->f->meant.region[0] != '\0' ? "this region are" : "regions of this file are",
                     m.root_list,
                     m.default_ca ? " rds-ca-rsa2048-g1 is the default CA of new instances." : "");
        ca_fix_fetch(k, f);
    }
    if (m.regions > 0) {
        f = ca_found(k, FINDING_ID_CA_REGION_MISSING, 0);
        finding_seen(f, "Today's file has %zu region%s more: %s.", m.regions,
                     m.regions == 1 ? "" : "s", m.region_list);
        ca_fix_fetch(k, f);
    }
}

void ca_judge_set(const struct ca_look *k)
{
    struct set s;

    count(k->f, &s);
    if (k->f->meant.partition[0] == '\0' || s.certs == 0)
        return;
    if (s.rds == 0) {
        not_rds(k, &s);
    } else if (s.in.n == 0 ||
               (k->f->meant.region[0] != '\0' && s.region.n == 0 && s.other.n == s.rds)) {
        wrong_place(k, &s);
    } else {
        if (s.other.n > 0)
            others(k, &s);
        if (k->f->meant.whole && k->f->loads > 0 &&
            !findings_have(&k->f->findings, FINDING_ID_CA_ALL_EXPIRED))
            judge_missing(k);
    }
}
