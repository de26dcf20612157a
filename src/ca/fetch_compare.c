/* SPDX-License-Identifier: PostgreSQL */
/* Compares a fetched bundle with the file it would replace: what comes, what goes, what must stay.
 */
#include "fetch_int.h"

#include "core/base/base.h"

#include <openssl/evp.h>

struct walk {
    const struct ca_judge_options *o;
    struct ca_fetched *f;
    size_t shared;   /* in both */
    bool key, nomem; /* a private key is in the file */
    int key_line;
    /* the first that would be lost and is not ours to drop */
    char foreign[256];
    int foreign_line;
    /* the first of another partition */
    char elsewhere[64];
};

static bool is_rds_name(const char *subject)
{
    return strstr(subject, "Amazon RDS ") != NULL || strstr(subject, "aws.amazon.com/rds/") != NULL;
}

/* CN of a subject as it is shown: CN first where there is one. */
static void cn_of(const char *subject, char *out, size_t cap)
{
    const char *from = strncmp(subject, "CN=", 3) == 0 ? subject + 3 : "";

    pgseal__format(out, cap, "%.*s", (int)strcspn(from, ","), from);
}

static bool already_gone(const struct ca_fetched *f, const char *sha256)
{
    for (size_t i = 0; i < f->ngone; i++)
        if (strcmp(f->gone[i].sha256, sha256) == 0)
            return true;
    return false;
}

static void lose(struct walk *w, const struct pgseal_bundle_item *item)
{
    const struct pgseal_cert_info *c = item->cert;
    const struct pgseal_known_ca *known = pgseal_known_ca(c->sha256);
    struct ca_fetched *f = w->f;
    struct ca_gone *gone;
    char cn[256], region[64];

    if (already_gone(f, c->sha256))
        return;
    gone = pgseal__realloc(f->gone, (f->ngone + 1) * sizeof(*gone));
    if (gone == NULL) {
        w->nomem = true;
        return;
    }
    f->gone = gone;
    gone += f->ngone++;
    *gone = (struct ca_gone){.not_after_unix_s = c->not_after_unix_s};
    cn_of(c->subject, cn, sizeof(cn));
    pgseal__format(gone->cn, sizeof(gone->cn), "%s", cn[0] != '\0' ? cn : c->subject);
    pgseal__format(gone->sha256, sizeof(gone->sha256), "%s", c->sha256);
    if (known != NULL ? strcmp(known->generation, "amazon-trust-services") == 0
                      : !is_rds_name(c->subject)) {
        if (w->foreign_line == 0) {
            w->foreign_line = item->line;
            pgseal__format(w->foreign, sizeof(w->foreign), "%s", c->subject);
        }
        return;
    }
    ca_region_of(cn, region, sizeof(region));
    if (known != NULL)
        pgseal__format(region, sizeof(region), "%s", known->region);
    if (region[0] != '\0' && pgseal_aws_partition_of(region) != w->o->source->partition &&
        w->elsewhere[0] == '\0')
        pgseal__format(w->elsewhere, sizeof(w->elsewhere), "%s", region);
}

static void on_item(void *ctx, const struct pgseal_bundle_item *item)
{
    struct walk *w = ctx;
    bool have = false;

    if (strcmp(item->what, "private key") == 0 && !w->key) {
        w->key = true;
        w->key_line = item->line;
    }
    if (item->cert == NULL)
        return;
    w->f->before++;
    for (size_t i = 0; i < w->f->certs.n; i++)
        if (strcmp(w->f->certs.v[i].info.sha256, item->cert->sha256) == 0) {
            w->f->certs.v[i].added = false;
            have = true;
        }
    if (have)
        w->shared++;
    else
        lose(w, item);
}

static int must_stay(const struct walk *w, struct pgseal_err *err)
{
    const char *name = w->o->output;

    if (w->key) {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" holds a private key and is not replaced", name);
        pgseal__detail(err, "Line %d of it begins a private key.", w->key_line);
        pgseal__hint(err, "Write the bundle to a file of its own: -o FILE.");
        return PGSEAL_E_EXISTS;
    }
    if (w->foreign_line > 0) {
        pgseal__fail(err, PGSEAL_E_EXISTS,
                     "\"%s\" also trusts authorities of others and is not replaced", name);
        pgseal__detail(err, "Line %d of it is \"%s\", which is not in the bundle of RDS.",
                       w->foreign_line, w->foreign);
        pgseal__hint(err,
                     "Fetch into a file of its own, then put both together:\n"
                     "  pgseal ca fetch rds -o rds-roots.pem\n"
                     "  cat rds-roots.pem other-roots.pem > %s",
                     name);
        return PGSEAL_E_EXISTS;
    }
    if (w->shared == 0 && w->elsewhere[0] != '\0') {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is the bundle of %s and is not replaced", name,
                     ca_partition_word(pgseal_aws_partition_of(w->elsewhere)));
        pgseal__detail(err,
                       "It has roots of %s; what was fetched has none of them, but those of "
                       "%s. The bundles of all partitions have the same file names.",
                       w->elsewhere, ca_partition_word(w->o->source->partition));
        pgseal__hint(err, "Write to another file: -o FILE.");
        return PGSEAL_E_EXISTS;
    }
    return 0;
}

static void fingerprint(const uint8_t *p, size_t n, char out[65])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(p, n, md, &len, EVP_sha256(), NULL) != 1)
        len = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < len; i++)
        pgseal__format(out + 2 * i, 3, "%02x", md[i]);
}

int ca_compare(const struct ca_judge_options *o, struct ca_fetched *f, struct pgseal_err *err)
{
    struct walk w = {.o = o, .f = f};
    int rc;

    fingerprint(o->bytes, o->n, f->sha256);
    for (size_t i = 0; i < f->certs.n; i++)
        f->certs.v[i].added = true;
    f->had_file = o->has_old;
    if (o->has_old) {
        f->same_bytes = o->n == o->old_n && memcmp(o->bytes, o->old, o->n) == 0;
        rc = pgseal_bundle_scan(o->old, o->old_n, o->now_unix_s, on_item, &w, err);
        if (rc < 0)
            return rc;
        if (w.nomem)
            return pgseal__nomem(err);
        if (f->before == 0)
            pgseal_bundle_summary(o->old, o->old_n, o->now_unix_s, f->instead, sizeof(f->instead));
    }
    for (size_t i = 0; i < f->certs.n; i++)
        f->added += f->certs.v[i].added && !f->certs.v[i].duplicate;
    return must_stay(&w, err);
}
