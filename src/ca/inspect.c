/* SPDX-License-Identifier: PostgreSQL */
/* Looks into a would-be bundle: its blocks as items, then every judge in turn. */
#include "inspect_int.h"

#include <inttypes.h>

#define LINES_SHOWN 8
#define YEAR_S      31556952 /* 365.2425 days */

const char *ca_kind_name(enum ca_kind kind)
{
    switch (kind) {
    case CA_KIND_ROOT:
        return "root";
    case CA_KIND_INTERMEDIATE:
        return "intermediate";
    case CA_KIND_LEAF:
        break;
    }
    return "leaf";
}

const char *ca_standing_name(enum ca_standing standing)
{
    switch (standing) {
    case CA_PUBLISHED:
        return "published";
    case CA_VOUCHED:
        return "vouched";
    case CA_UNPUBLISHED:
        return "unknown";
    case CA_POSED:
        return "impostor";
    case CA_FOREIGN:
        break;
    }
    return "foreign";
}

void ca_span_text(int64_t unix_s, int64_t now_unix_s, char *out, size_t cap)
{
    int64_t s = unix_s > now_unix_s ? unix_s - now_unix_s : now_unix_s - unix_s;
    char span[40];

    if (s >= 2 * (int64_t)YEAR_S)
        pgseal__format(span, sizeof(span), "%" PRId64 " years", s / YEAR_S);
    else
        pgseal__span(span, s);
    if (unix_s > now_unix_s)
        pgseal__format(out, cap, "in %s", span);
    else
        pgseal__format(out, cap, "%s ago", span);
}

void ca_lines_add(struct ca_lines *l, int line)
{
    if (l->n == 0)
        l->first = line;
    if (l->n < LINES_SHOWN)
        pgseal__append(l->text, sizeof(l->text), "%s%d", l->n > 0 ? ", " : "", line);
    l->n++;
}

const char *ca_lines_begin(struct ca_lines *l)
{
    (void)ca_lines_text(l);
    l->text[0] = 'L';
    return l->text;
}

const char *ca_lines_text(struct ca_lines *l)
{
    char all[200];

    if (l->n > LINES_SHOWN)
        pgseal__format(all, sizeof(all), "lines %s and %zu more", l->text, l->n - LINES_SHOWN);
    else
        pgseal__format(all, sizeof(all), "line%s %s", l->n == 1 ? "" : "s", l->text);
    memcpy(l->text, all, sizeof(all));
    return l->text;
}

bool ca_has(const struct ca_item *it, enum pgseal__flaw flaw)
{
    return (it->flaws & (1u << flaw)) != 0;
}

bool ca_counts(const struct ca_file *f, const struct ca_item *it)
{
    return it->is_cert && (it->loaded || f->loads == 0);
}

struct finding *ca_found(const struct ca_look *k, enum finding_id id, int line)
{
    if (line > 0)
        return finding_add(&k->f->findings, id, "%s:%d", k->f->name, line);
    return finding_add(&k->f->findings, id, "%s", k->f->name);
}

static bool has_rds(const struct ca_file *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->item[i].is_cert && f->item[i].partition[0] != '\0')
            return true;
    return false;
}

void ca_fix_fetch(const struct ca_look *k, struct finding *f)
{
    const struct ca_meant *m = &k->f->meant;
    const char *what = m->region[0] != '\0'                                          ? m->region
                       : strcmp(m->partition, "AWS China") == 0                      ? "--china"
                       : m->partition[0] == '\0' || strcmp(m->partition, "AWS") == 0 ? "--global"
                                                                                     : "--gov";

    if (m->partition[0] == '\0' && !has_rds(k->f)) {
        finding_fix(f,
                    "Get it again from who publishes it; for Amazon RDS:\n pgseal ca fetch rds "
                    "--global -o %s",
                    k->path);
        return;
    }
    finding_fix(f, "Fetch today's file:\n pgseal ca fetch rds %s%s -o %s",
                m->region[0] != '\0' ? "--region " : "", what, k->path);
}

/* The kind of a certificate, and what its signature is worth. */
static void judge_item(struct ca_item *it, const struct pgseal__entry *e)
{
    bool self = X509_self_signed(e->cert, 0) == 1;
    const EVP_PKEY *key = X509_get0_pubkey(e->cert);
    int bits = 0;

    it->strength = key != NULL ? EVP_PKEY_get_security_bits(key) : 0;
    /* Nobody checks the signature of a root: its digest does not matter. */
    if (!self && X509_get_signature_info(e->cert, NULL, NULL, &bits, NULL) == 1 &&
        bits < it->strength)
        it->strength = bits;

    /* A TRUSTED CERTIFICATE may have a list of uses behind it, or of what it is refused for. */
    it->distrusted = X509_check_trust(e->cert, X509_TRUST_SSL_SERVER, 0) == X509_TRUST_REJECTED;

    it->kind = !it->info.is_ca ? CA_KIND_LEAF : self ? CA_KIND_ROOT : CA_KIND_INTERMEDIATE;
    it->signature = e->vouched ? CA_SIG_FITS
                    : ca_has(it, PGSEAL__FLAW_ALTERED) || ca_has(it, PGSEAL__FLAW_UNSIGNED)
                        ? CA_SIG_BROKEN
                        : CA_SIG_NO_ISSUER;
}

static void thumbprint(const X509 *cert, char out[41])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    out[0] = '\0';
    if (X509_digest(cert, EVP_sha1(), md, &n) != 1 || n != 20)
        return;
    for (unsigned i = 0; i < n; i++)
        pgseal__format(out + 2 * i, 3, "%02x", md[i]);
}

static void open_item(struct ca_file *f, struct ca_item *it, const struct pgseal__entry *e)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    *it = (struct ca_item){.line = e->line,
                           .what = e->what,
                           .loaded = e->loaded,
                           .partition = "",
                           .twin_line = e->twin_line,
                           .flaws = e->flaws};
    if (e->cert == NULL)
        return;
    it->is_cert = true;
    f->certs++;
    pgseal__cert_describe(e->cert, &it->info);
    thumbprint(e->cert, it->sha1);
    pgseal__name_short(X509_get_subject_name(e->cert), it->cn, sizeof(it->cn));
    if (strncmp(it->cn, "CN=", 3) == 0)
        memmove(it->cn, it->cn + 3, strlen(it->cn + 3) + 1);
    it->ended = ca_has(it, PGSEAL__FLAW_ENDED);
    it->early = ca_has(it, PGSEAL__FLAW_EARLY);
    if (X509_pubkey_digest(e->cert, EVP_sha256(), digest, &len) == 1)
        for (unsigned i = 0; i < len; i++)
            pgseal__append(it->key_id, sizeof(it->key_id), "%02x", digest[i]);
    judge_item(it, e);
    ca_name_item(it, e->cert);
}

/* Who is not in the table, but was signed by one that is, is as good. */
static void vouch(struct ca_file *f, const struct pgseal__bundle *b)
{
    for (size_t i = 0; i < f->n; i++) {
        struct ca_item *it = &f->item[i];

        if (!it->is_cert || it->standing == CA_PUBLISHED || it->standing == CA_FOREIGN ||
            !b->v[i].vouched || b->v[i].issuer == NULL)
            continue;
        if (f->item[b->v[i].issuer - b->v].standing == CA_PUBLISHED)
            it->standing = CA_VOUCHED;
    }
}

static int open_items(struct ca_file *f, const struct pgseal__bundle *b, struct pgseal_err *err)
{
    if (b->n == 0)
        return 0;
    f->item = pgseal__alloc(b->n * sizeof(*f->item));
    if (f->item == NULL)
        return pgseal__nomem(err);
    for (f->n = 0; f->n < b->n; f->n++)
        open_item(f, &f->item[f->n], &b->v[f->n]);
    vouch(f, b);
    return 0;
}

/* A name that a shell takes as it is, or FILE. */
static const char *shell_name(const char *name)
{
    return name[0] == '-' || strpbrk(name, " '\"\\$`!&;|<>()*?[]{}~#\n\t") != NULL ? "FILE" : name;
}

int ca_inspect(const char *name, const uint8_t *p, size_t n, int64_t now_unix_s,
               const struct ca_meant *meant, struct ca_file *out, struct pgseal_err *err)
{
    struct ca_look k = {.f = out};
    struct pgseal__bundle b;
    int rc;

    *out = (struct ca_file){.now_unix_s = now_unix_s};
    if (pgseal__bundle_read(p, n, now_unix_s, &b) < 0)
        return pgseal__nomem(err);
    pgseal__escape(out->name, sizeof(out->name), name, strlen(name), sizeof(out->name) - 1);
    out->loads = b.loads;
    out->lists = b.lists;
    out->whole = b.whole;
    memcpy(out->refusal, b.refusal, sizeof(out->refusal));
    memcpy(out->sentence, b.sentence, sizeof(out->sentence));
    if (meant != NULL)
        out->meant = *meant;
    else
        ca_meant_by_name(name, &out->meant);
    k.b = &b;
    k.path = strcmp(shell_name(name), name) == 0 ? out->name : "FILE";
    rc = open_items(out, &b, err);
    if (rc == 0 && b.whole != NULL) {
        ca_judge_whole(&k);
    } else if (rc == 0) {
        ca_judge_blocks(&k);
        ca_judge_certs(&k);
        ca_judge_set(&k);
    }
    pgseal__bundle_done(&b);
    if (rc < 0)
        ca_file_done(out);
    return rc;
}

void ca_file_done(struct ca_file *f)
{
    pgseal__free(f->item);
    findings_done(&f->findings);
    *f = (struct ca_file){0};
}
