/* SPDX-License-Identifier: PostgreSQL */
/* Reads the names of Amazon RDS's own authorities: generation, region, algorithm, root or not. */
#include "cert_int.h"

/* The common name as plain ASCII, or "". */
static void common_name(const X509_NAME *name, char *out, size_t cap)
{
    int at = name != NULL ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;
    const ASN1_STRING *s;

    out[0] = '\0';
    if (at < 0)
        return;
    s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    pgseal__escape(out, cap, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), cap);
}

static void cut(char *out, size_t cap, const char *from, const char *to)
{
    pgseal__format(out, cap, "%.*s", (int)(to - from), from);
}

/* "us-east-1 Root CA RSA2048 G1", "us-east-1 Subordinate CA RSA2048 G1.A.3", "us-gov-west-1 RSA2048
 * G1": `g1` points at the blank before G1. */
static void read_g1(const char *rest, const char *g1, struct pgseal__rds *r)
{
    const char *root = strstr(rest, " Root CA ");
    const char *sub = strstr(rest, " Subordinate CA ");
    const char *alg = g1;

    while (alg > rest && alg[-1] != ' ')
        alg--;
    cut(r->alg, sizeof(r->alg), alg, g1);
    r->generation = PGSEAL__RDS_G1;
    r->root = root != NULL;
    if (root == NULL)
        root = sub != NULL ? sub : alg > rest ? alg - 1 : alg;
    cut(r->region, sizeof(r->region), rest, root);
}

/*
 * Names of RDS's authorities have letters, digits, hyphens and blanks. Others come from somebody
 * who hopes that a part of them will be typed into a shell.
 */
static bool is_plain(const char *s)
{
    for (; *s != '\0'; s++)
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') && !(*s >= '0' && *s <= '9') &&
            *s != '-' && *s != ' ')
            return false;
    return true;
}

bool pgseal__rds_of(const X509_NAME *name, struct pgseal__rds *r)
{
    static const char prefix[] = "Amazon RDS ";
    char cn[128];
    const char *rest = cn + sizeof(prefix) - 1;
    const char *at;

    memset(r, 0, sizeof(*r));
    common_name(name, cn, sizeof(cn));
    if (strncmp(cn, prefix, sizeof(prefix) - 1) != 0)
        return false;
    if ((at = strstr(rest, " G1")) != NULL) {
        read_g1(rest, at, r);
    } else if ((at = strstr(rest, "2019 CA")) != NULL) {
        r->generation = PGSEAL__RDS_2019;
        r->root = strstr(rest, "Root 2019 CA") != NULL;
        if (!r->root)
            cut(r->region, sizeof(r->region), rest, at > rest ? at - 1 : at);
    } else if (strcmp(rest, "Root CA") == 0) {
        r->generation = PGSEAL__RDS_2015;
        r->root = true;
    } else if ((at = strstr(rest, " Root CA")) != NULL) {
        r->generation = PGSEAL__RDS_2019; /* regions that had a root of their own */
        r->root = true;
        cut(r->region, sizeof(r->region), rest, at);
    } else if ((at = strstr(rest, " CA")) != NULL) {
        r->generation = PGSEAL__RDS_2015;
        cut(r->region, sizeof(r->region), rest, at);
    } else {
        return false;
    }
    return is_plain(r->region) && is_plain(r->alg);
}

/* "us-east-1", but not "Beta us-east-1" or "GovCloud": a region whose bundle can be fetched. */
static bool is_region(const char *region)
{
    return region[0] >= 'a' && region[0] <= 'z' && strchr(region, ' ') == NULL &&
           strchr(region, '-') != NULL && strncmp(region, "preview", 7) != 0;
}

void pgseal__rds_fetch(const char *region, const char *file, char *out, size_t cap)
{
    if (strncmp(region, "cn-", 3) == 0)
        pgseal__format(out, cap, "pgseal ca fetch rds --china -o %s", file);
    else if (is_region(region))
        pgseal__format(out, cap, "pgseal ca fetch rds --region %s -o %s", region, file);
    else
        pgseal__format(out, cap, "pgseal ca fetch rds -o %s", file);
}

const char *pgseal__rds_partition(const char *region)
{
    /* The 2017 root of us-gov-east-1 is called "Amazon RDS CN Root CA". */
    if (strncmp(region, "us-gov-", 7) == 0 || strcmp(region, "GovCloud") == 0 ||
        strcmp(region, "CN") == 0)
        return "AWS GovCloud (US)";
    if (strncmp(region, "cn-", 3) == 0)
        return "AWS China";
    return "AWS";
}

const char *pgseal__public_authority(const X509_NAME *name)
{
    /* Authorities whose roots are in every system store, and that issue for databases. */
    static const char *const known[] = {"Amazon",
                                        "Starfield Technologies, Inc.",
                                        "DigiCert Inc",
                                        "DigiCert, Inc.",
                                        "Internet Security Research Group",
                                        "Let's Encrypt",
                                        "Google Trust Services",
                                        "Google Trust Services LLC",
                                        "Sectigo Limited",
                                        "The USERTRUST Network",
                                        "COMODO CA Limited",
                                        "Microsoft Corporation",
                                        "GlobalSign",
                                        "GlobalSign nv-sa",
                                        "GoDaddy.com, Inc.",
                                        "VeriSign, Inc.",
                                        "Baltimore",
                                        "ZeroSSL",
                                        "SSL Corporation"};
    int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
    const ASN1_STRING *s;

    if (at < 0)
        return NULL;
    s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    for (size_t i = 0; i < PGSEAL_COUNT(known); i++)
        if (strlen(known[i]) == (size_t)ASN1_STRING_length(s) &&
            memcmp(known[i], ASN1_STRING_get0_data(s), strlen(known[i])) == 0)
            return known[i];
    return NULL;
}
