/* SPDX-License-Identifier: PostgreSQL */
/* What the name of a file or of a certificate says: partition, region, generation. */
#include "inspect_int.h"

#define GOV "AWS GovCloud (US)"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_word_char(char c)
{
    c = lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Whether a word stands in a text with no letter or digit on either side. */
static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        if ((at == text || !is_word_char(at[-1])) && !is_word_char(at[n]))
            return true;
    return false;
}

/* The longest region of the table whose name stands in a text; "us-gov-west-1" is no "west-1". */
static const char *region_in(const char *text)
{
    static const char *const china[] = {"cn-north-1", "cn-northwest-1"};
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);
    const char *found = "";

    for (size_t i = 0; i < n; i++)
        if (strlen(rows[i].region) > strlen(found) && has_word(text, rows[i].region))
            found = rows[i].region;
    for (size_t i = 0; i < PGSEAL_COUNT(china); i++)
        if (has_word(text, china[i]))
            found = china[i];
    return found;
}

static void mean(struct ca_meant *out, const char *partition, const char *region)
{
    pgseal__format(out->partition, sizeof(out->partition), "%s", partition);
    pgseal__format(out->region, sizeof(out->region), "%s", region);
}

void ca_meant_by_name(const char *path, struct ca_meant *out)
{
    const char *base = strrchr(path, '/');
    char name[256];
    const char *region;

    memset(out, 0, sizeof(*out));
    pgseal__format(name, sizeof(name), "%s", base != NULL ? base + 1 : path);
    for (char *p = name; *p != '\0'; p++)
        *p = lower(*p);
    region = region_in(name);
    out->whole = strstr(name, "bundle") != NULL;
    if (region[0] != '\0')
        mean(out, pgseal__rds_partition(region), region);
    else if (has_word(name, "gov") || strstr(name, "govcloud") != NULL)
        mean(out, GOV, "");
    else if (has_word(name, "china") || has_word(name, "cn"))
        mean(out, "AWS China", "");
    else if (strstr(name, "global-bundle") != NULL || strstr(name, "rds-combined-ca") != NULL ||
             strstr(name, "rds-ca-") != NULL)
        mean(out, "AWS", "");
    else
        out->whole = false;
}

bool ca_meant_by_word(const char *word, struct ca_meant *out)
{
    memset(out, 0, sizeof(*out));
    out->said = true;
    out->whole = true;
    if (strcmp(word, "any") == 0)
        out->whole = false;
    else if (strcmp(word, "global") == 0)
        mean(out, "AWS", "");
    else if (strcmp(word, "gov") == 0)
        mean(out, GOV, "");
    else if (strcmp(word, "china") == 0)
        mean(out, "AWS China", "");
    else if (word[0] != '\0' && strcmp(region_in(word), word) == 0)
        mean(out, pgseal__rds_partition(word), word);
    else
        return false;
    return true;
}

/* The row of the table with this common name, or NULL. */
static const struct pgseal_known_ca *known_name(const char *cn)
{
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows);

    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].cn, cn) == 0)
            return &rows[i];
    return NULL;
}

/* What is read out of a name that no row has. */
static void from_name(struct ca_item *it, const struct pgseal__rds *r)
{
    const char *partition = pgseal__rds_partition(r->region);

    pgseal__format(it->region, sizeof(it->region), "%s", r->region);
    for (char *p = it->region; *p != '\0'; p++)
        *p = *p == ' ' ? '-' : lower(*p);
    if (r->generation == PGSEAL__RDS_G1)
        pgseal__format(it->generation, sizeof(it->generation), "rds-ca-%s-g1", r->alg);
    else if (strcmp(partition, GOV) == 0)
        pgseal__format(it->generation, sizeof(it->generation), "rds-ca-2017-us-gov");
    else
        pgseal__format(it->generation, sizeof(it->generation), "rds-ca-%d", (int)r->generation);
    for (char *p = it->generation; *p != '\0'; p++)
        *p = lower(*p);
}

void ca_name_item(struct ca_item *it, const X509 *cert)
{
    const struct pgseal_known_ca *known = pgseal_known_ca(it->info.sha256);
    const struct pgseal_known_ca *row = known != NULL ? known : known_name(it->cn);
    struct pgseal__rds r;

    it->standing = CA_FOREIGN;
    it->partition = "";
    if (row != NULL) {
        it->standing = known != NULL ? CA_PUBLISHED : CA_POSED;
        it->root_name = row->root;
        pgseal__format(it->generation, sizeof(it->generation), "%s", row->generation);
        pgseal__format(it->region, sizeof(it->region), "%s", row->region);
    } else if (pgseal__rds_of(X509_get_subject_name(cert), &r)) {
        it->standing = CA_UNPUBLISHED;
        from_name(it, &r);
    } else {
        return;
    }
    if (strncmp(it->generation, "rds-", 4) == 0)
        it->partition = pgseal__rds_partition(it->region);
    if (strcmp(it->generation, "rds-ca-2017-us-gov") == 0)
        it->partition = GOV;
}
