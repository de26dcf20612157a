/* SPDX-License-Identifier: PostgreSQL */
/* Where a bundle is fetched from: AWS's own URLs, or another place that was asked for. */
#include "fetch_int.h"

#include "core/base/base.h"

#include <ctype.h>
#include <strings.h>

/*
 * AuroraUserGuide UsingWithRDS.SSL, and the China and GovCloud editions of the same page: every
 * partition has the same tree, {global|REGION}/{global|REGION}-bundle.pem.
 */
static const char *base_of(enum pgseal_aws_partition partition)
{
    switch (partition) {
    case PGSEAL_AWS_COMMERCIAL:
        return "https://truststore.pki.rds.amazonaws.com";
    case PGSEAL_AWS_GOV:
        return "https://truststore.pki.us-gov-west-1.rds.amazonaws.com";
    case PGSEAL_AWS_CHINA:
        return "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn";
    case PGSEAL_AWS_ISO:
    case PGSEAL_AWS_EUSC:
        break;
    }
    return NULL;
}

/* "ap-northeast-1", "us-gov-west-1": lower case words and a number, joined by '-'. */
static bool is_region(const char *s)
{
    size_t dashes = 0;
    char last = '-';

    if (strlen(s) > 40)
        return false;
    for (; *s != '\0'; s++) {
        if (*s == '-' && last == '-')
            return false;
        if (*s != '-' && !islower((unsigned char)*s) && !isdigit((unsigned char)*s))
            return false;
        dashes += *s == '-';
        last = *s;
    }
    return dashes >= 2 && isdigit((unsigned char)last);
}

static bool is_among(const char **names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

size_t ca_known_regions(const char **out, size_t cap)
{
    /* Their roots are in no table of ours, but the regions are no secret. */
    static const char *const china[] = {"cn-north-1", "cn-northwest-1"};
    const struct pgseal_known_ca *rows;
    size_t n = pgseal_known_cas(&rows), used = 0;

    for (size_t i = 0; i < PGSEAL_COUNT(china) && used < cap; i++)
        out[used++] = china[i];
    /* Not those of Amazon's own trials, which have a word more: "beta-us-east-1". */
    for (size_t i = 0; i < n && used < cap; i++)
        if (rows[i].served && is_region(rows[i].region) && rows[i].region[2] == '-' &&
            !is_among(out, used, rows[i].region))
            out[used++] = rows[i].region;
    return used;
}

/* A URL may have a password in it: "https://user:secret@mirror/". Nothing of it is shown. */
static void mask(const char *from, char *out, size_t cap)
{
    const char *start = strstr(from, "://");
    size_t host = start != NULL ? strcspn(start + 3, "/?#") : 0;
    const char *at = start != NULL ? memrchr(start + 3, '@', host) : NULL;

    if (at == NULL)
        pgseal__format(out, cap, "%s", from);
    else
        pgseal__format(out, cap, "%.*s***%s", (int)(start + 3 - from), from, at);
}

static int plan_from(const char *from, struct ca_source *out, struct pgseal_err *err)
{
    const char *colon = strstr(from, "://");
    size_t n = colon != NULL ? (size_t)(colon - from) : 0;
    char shown[sizeof(out->shown)];

    if (strlen(from) >= sizeof(out->from))
        return pgseal__fail(err, PGSEAL_E_OPTION, "--from is longer than %zu characters",
                            sizeof(out->from) - 1);
    if (colon == NULL && from[0] == '\0')
        return pgseal__fail(err, PGSEAL_E_OPTION, "--from is empty");
    mask(from, shown, sizeof(shown));
    if (n == 4 && strncasecmp(from, "http", 4) == 0) {
        pgseal__fail(err, PGSEAL_E_OPTION, "cannot fetch from \"%s\": http is not https", shown);
        pgseal__detail(err, "Over http everybody on the way can put roots of their own into the "
                            "file, and with them be any server.");
        pgseal__hint(err, "Ask for the same by https:\n  --from https%s", shown + 4);
        return PGSEAL_E_OPTION;
    }
    if (n == 4 && strncasecmp(from, "file", 4) == 0 && from[7] == '/') {
        from += 7;
    } else if (colon != NULL && !(n == 5 && strncasecmp(from, "https", 5) == 0)) {
        pgseal__fail(err, PGSEAL_E_OPTION, "cannot fetch from \"%s\": \"%.*s\" is not https", shown,
                     (int)n, from);
        pgseal__hint(err, "Name an https:// URL, or a file.");
        return PGSEAL_E_OPTION;
    }
    out->is_file = colon == NULL || from[0] == '/';
    pgseal__format(out->from, sizeof(out->from), "%s", from);
    return 0;
}

int ca_source_plan(const char *region, enum pgseal_aws_partition partition, const char *from,
                   struct ca_source *out, struct pgseal_err *err)
{
    struct ca_source s = {.partition = partition};
    const char *folder = "global";
    const char *base;

    if (region != NULL && region[0] != '\0') {
        if (!is_region(region)) {
            pgseal__fail(err, PGSEAL_E_OPTION, "\"%s\" is not the name of a region", region);
            pgseal__hint(err, "Name it as AWS does: --region ap-northeast-1. The second part of "
                              "an endpoint's name is "
                              "it: db1.abcdefghijkl.ap-northeast-1.rds.amazonaws.com.");
            return PGSEAL_E_OPTION;
        }
        pgseal__format(s.region, sizeof(s.region), "%s", region);
        s.partition = pgseal_aws_partition_of(region);
        folder = s.region;
    }
    pgseal__format(s.name, sizeof(s.name), "%s-bundle.pem", folder);
    base = base_of(s.partition);
    if (from != NULL) {
        int rc = plan_from(from, &s, err);

        if (rc < 0)
            return rc;
    } else if (base == NULL) {
        pgseal__fail(err, PGSEAL_E_OPTION, "the bundle of %s has no public address",
                     pgseal_aws_partition_str(s.partition));
        pgseal__hint(err, "Bring the file yourself and name it: --from FILE.");
        return PGSEAL_E_OPTION;
    } else {
        s.official = true;
        pgseal__format(s.from, sizeof(s.from), "%s/%s/%s", base, folder, s.name);
    }
    mask(s.from, s.shown, sizeof(s.shown));
    *out = s;
    return 0;
}
