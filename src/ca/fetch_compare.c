/* SPDX-License-Identifier: PostgreSQL */
/* Compares a fetched bundle with the file it would replace: what comes, what goes, what must stay.
 */
#include "fetch_int.h"

#include "core/base/base.h"

#include <openssl/evp.h>

/* What would be lost, and is not ours to drop. */
struct loss {
    const struct ca_item *foreign;   /* an authority of others */
    const struct ca_item *elsewhere; /* a root of another partition */
    size_t shared;                   /* in both: it is the same bundle, older */
};

static bool has(const struct ca_fetched *f, const char *sha256, bool **added)
{
    bool found = false;

    for (size_t i = 0; i < f->file.n; i++)
        if (strcmp(f->file.item[i].info.sha256, sha256) == 0) {
            (*added)[i] = false;
            found = true;
        }
    return found;
}

/* What was altered, or only bears a published root's name, is lost for the good of everybody. */
static bool is_needed(const struct ca_item *it)
{
    return it->kind == CA_KIND_ROOT && !it->ended && it->standing != CA_POSED &&
           it->signature == CA_SIG_FITS;
}

static int lose(struct ca_fetched *f, const struct ca_item *it, struct pgseal_err *err)
{
    struct ca_gone *gone = pgseal__realloc(f->gone, (f->ngone + 1) * sizeof(*gone));

    if (gone == NULL)
        return pgseal__nomem(err);
    f->gone = gone;
    gone += f->ngone++;
    *gone =
        (struct ca_gone){.not_after_unix_s = it->info.not_after_unix_s, .needed = is_needed(it)};
    pgseal__format(gone->cn, sizeof(gone->cn), "%s", it->cn);
    pgseal__format(gone->sha256, sizeof(gone->sha256), "%s", it->info.sha256);
    return 0;
}

static int walk(const struct ca_judge_options *o, struct ca_fetched *f, const struct ca_file *old,
                struct loss *loss, struct pgseal_err *err)
{
    const char *here = pgseal_aws_partition_str(o->source->partition);
    int rc = 0;

    for (size_t i = 0; i < old->n && rc == 0; i++) {
        const struct ca_item *it = &old->item[i];

        if (!it->is_cert || it->twin_line != 0)
            continue;
        f->before++;
        if (has(f, it->info.sha256, &f->added)) {
            loss->shared++;
            continue;
        }
        /* Amazon Trust Services are no bundle of RDS's either: RDS Proxy needs them. */
        if (it->partition[0] == '\0' && loss->foreign == NULL)
            loss->foreign = it;
        if (it->partition[0] != '\0' && strcmp(it->partition, here) != 0 && loss->elsewhere == NULL)
            loss->elsewhere = it;
        rc = lose(f, it, err);
    }
    return rc;
}

/* The page that an earlier download left, or a certificate, however damaged. */
static bool was_meant_for_a_bundle(const struct ca_file *old)
{
    static const char *const WHOLES[] = {"empty", "html"};

    for (size_t i = 0; i < PGSEAL_COUNT(WHOLES) && old->whole != NULL; i++)
        if (strcmp(old->whole, WHOLES[i]) == 0)
            return true;
    for (size_t i = 0; i < old->n && old->whole == NULL; i++)
        if (old->item[i].is_cert || strcmp(old->item[i].what, "certificate") == 0)
            return true;
    return findings_have(&old->findings, FINDING_ID_CA_PLACEHOLDER) ||
           findings_have(&old->findings, FINDING_ID_CA_S3_ERROR);
}

/* "-o server.conf": whatever it is, it is somebody's. */
static int no_bundle(const struct ca_judge_options *o, const struct ca_file *old,
                     struct pgseal_err *err)
{
    pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" is no bundle of certificates and is not replaced",
                 o->output);
    pgseal__detail(err, "%s",
                   old->sentence[0] != '\0' ? old->sentence
                                            : "There is something in it, and no certificate.");
    pgseal__hint(err, "Write the bundle to a file of its own: -o FILE. If this is the one, remove "
                      "what is there first.");
    return PGSEAL_E_EXISTS;
}

static int must_stay(const struct ca_judge_options *o, const struct ca_file *old,
                     const struct loss *loss, struct pgseal_err *err)
{
    const char *name = o->output;

    if (findings_have(&old->findings, FINDING_ID_CA_PRIVATE_KEY)) {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" holds a private key and is not replaced", name);
        pgseal__detail(err, "A bundle of roots has no place for keys.");
        pgseal__hint(err, "Write the bundle to a file of its own: -o FILE.");
        return PGSEAL_E_EXISTS;
    }
    if (!was_meant_for_a_bundle(old))
        return no_bundle(o, old, err);
    if (loss->foreign != NULL) {
        pgseal__fail(err, PGSEAL_E_EXISTS,
                     "\"%s\" also trusts authorities of others and is not replaced", name);
        pgseal__detail(err, "Line %d of it is \"%s\", which is not in the bundle of RDS.",
                       loss->foreign->line, loss->foreign->cn);
        pgseal__hint(err,
                     "Fetch into a file of its own, then put both together:\n"
                     "  pgseal ca fetch rds -o rds-roots.pem\n"
                     "  cat rds-roots.pem other-roots.pem > %s",
                     name);
        return PGSEAL_E_EXISTS;
    }
    if (loss->shared == 0 && loss->elsewhere != NULL) {
        pgseal__fail(err, PGSEAL_E_EXISTS, "\"%s\" has roots of %s and is not replaced", name,
                     loss->elsewhere->partition);
        pgseal__detail(err,
                       "What was fetched has none of them, but those of %s. The bundles of "
                       "all partitions have the same file names.",
                       pgseal_aws_partition_str(o->source->partition));
        pgseal__hint(err, "Write to another file: -o FILE.");
        return PGSEAL_E_EXISTS;
    }
    return 0;
}

static int compare_old(const struct ca_judge_options *o, struct ca_fetched *f,
                       struct pgseal_err *err)
{
    static const struct ca_meant anything = {.said = true};
    struct ca_file old;
    struct loss loss = {0};
    int rc = ca_inspect(o->output, o->old, o->old_n, o->now_unix_s, &anything, &old, err);

    if (rc < 0)
        return rc;
    if (old.findings.nomem) {
        ca_file_done(&old);
        return pgseal__nomem(err);
    }
    f->same_bytes = o->n == o->old_n && memcmp(o->bytes, o->old, o->n) == 0;
    rc = walk(o, f, &old, &loss, err);
    if (rc == 0)
        rc = must_stay(o, &old, &loss, err);
    if (f->before == 0)
        pgseal__format(f->instead, sizeof(f->instead), "%s",
                       old.sentence[0] != '\0' ? old.sentence : "It had no certificate.");
    ca_file_done(&old);
    return rc;
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
    int rc = 0;

    fingerprint(o->bytes, o->n, f->sha256);
    f->added = pgseal__alloc((f->file.n + 1) * sizeof(*f->added));
    if (f->added == NULL)
        return pgseal__nomem(err);
    for (size_t i = 0; i < f->file.n; i++)
        f->added[i] = f->file.item[i].twin_line == 0;
    f->had_file = o->has_old;
    if (o->has_old)
        rc = compare_old(o, f, err);
    for (size_t i = 0; i < f->file.n; i++)
        f->nadded += f->added[i];
    return rc;
}
