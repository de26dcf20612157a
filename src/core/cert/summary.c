/* SPDX-License-Identifier: PostgreSQL */
/* Sums a would-be bundle up in a few sentences, and says what to do with it. */
#include "bundle_int.h"

#include <openssl/x509v3.h>

/* What there is of everything. */
struct tally {
    size_t certs; /* that OpenSSL sees and can read */
    size_t roots, selves, subs, leaves, rds, ended, duplicates;
    size_t regions;
    char list[4000]; /* ... their names */
    int64_t last_end;
    bool govcloud, china, commercial;
    const struct pgseal__entry *odd[3]; /* certificates with a grave flaw */
    size_t n_odd;                       /* how many there are */
    const struct pgseal__entry *other;  /* the first block that is no certificate */
    const struct pgseal__entry *public_root;
};

static bool is_grave(enum pgseal__flaw f)
{
    return f >= PGSEAL__FLAW_HIDDEN && f <= PGSEAL__FLAW_UNSIGNED;
}

static void add_once(char *list, size_t cap, const char *word, size_t *n)
{
    char whole[64];

    pgseal__format(whole, sizeof(whole), "%s,", word);
    if (word[0] == '\0' || strstr(list, whole) != NULL)
        return;
    (*n)++;
    if (strlen(list) + strlen(whole) + 2 < cap)
        pgseal__append(list, cap, "%s%s", list[0] != '\0' ? " " : "", whole);
}

static void count_cert(struct tally *t, const struct pgseal__entry *e, int64_t now)
{
    struct pgseal__rds r;
    int64_t end = 0;

    t->certs++;
    if (X509_self_signed(e->cert, 0) == 1 && X509_check_ca(e->cert) == 0)
        t->selves++;
    else if (X509_self_signed(e->cert, 0) == 1)
        t->roots++;
    else if (e->flaw == PGSEAL__FLAW_LEAF)
        t->leaves++;
    else
        t->subs++;
    t->duplicates += e->flaw == PGSEAL__FLAW_DUPLICATE;
    if (pgseal__asn1_time(X509_get0_notAfter(e->cert), &end) == 0 && end > t->last_end)
        t->last_end = end;
    t->ended += now > 0 && end != 0 && end < now;
    if (pgseal__rds_of(X509_get_subject_name(e->cert), &r)) {
        const char *partition = pgseal__rds_partition(r.region);

        t->rds++;
        t->govcloud = t->govcloud || strstr(partition, "GovCloud") != NULL;
        t->china = t->china || strstr(partition, "China") != NULL;
        t->commercial = t->commercial || strcmp(partition, "AWS") == 0;
        add_once(t->list, sizeof(t->list), r.region, &t->regions);
    } else if (pgseal__public_authority(X509_get_subject_name(e->cert)) != NULL) {
        t->public_root = e;
    }
}

static void take(const struct pgseal__bundle *b, struct tally *t)
{
    memset(t, 0, sizeof(*t));
    for (size_t i = 0; i < b->n; i++) {
        const struct pgseal__entry *e = &b->v[i];

        if (is_grave(e->flaw)) {
            if (t->n_odd < PGSEAL_COUNT(t->odd))
                t->odd[t->n_odd] = e;
            t->n_odd++;
        }
        if (strcmp(e->what, "certificate") != 0) {
            t->other = t->other != NULL ? t->other : e;
            continue;
        }
        if (e->cert != NULL && e->flaw != PGSEAL__FLAW_HIDDEN)
            count_cert(t, e, b->now_unix_s);
    }
    if (t->list[0] != '\0')
        t->list[strlen(t->list) - 1] = '\0';
}

static void odd_text(const struct pgseal__entry *e, char *out, size_t cap)
{
    char name[300];

    pgseal__append(out, cap, " Line %d", e->line);
    if (e->cert != NULL) {
        pgseal__name_short(X509_get_subject_name(e->cert), name, sizeof(name));
        pgseal__append(out, cap, ", \"%s\"", name);
    }
    pgseal__append(out, cap, ": %s.", e->problem);
}

static void say_odd(const struct tally *t, char *out, size_t cap)
{
    for (size_t i = 0; i < t->n_odd && i < PGSEAL_COUNT(t->odd); i++)
        odd_text(t->odd[i], out, cap);
    if (t->n_odd > PGSEAL_COUNT(t->odd))
        pgseal__append(out, cap, " And %zu more like that.", t->n_odd - PGSEAL_COUNT(t->odd));
}

static const char *words_for(const char *what)
{
    static const struct {
        const char *what, *words;
    } kinds[] = {{"private key", "a private key"},
                 {"csr", "a certificate signing request"},
                 {"pkcs7", "a PKCS#7 container"},
                 {"crl", "a CRL"},
                 {"public key", "a public key"}};

    for (size_t i = 0; i < PGSEAL_COUNT(kinds); i++)
        if (strcmp(what, kinds[i].what) == 0)
            return kinds[i].words;
    return "a block of an unknown kind";
}

/* A file from which OpenSSL loads no certificate. */
static void say_useless(const struct pgseal__bundle *b, const struct tally *t, char *out,
                        size_t cap)
{
    bool all_placeholders = t->n_odd > 0;

    for (size_t i = 0; i < b->n; i++)
        all_placeholders = all_placeholders && b->v[i].flaw == PGSEAL__FLAW_PLACEHOLDER;
    if (t->n_odd == 0 && t->certs == 0 && t->other != NULL) {
        pgseal__format(out, cap, "The file has %s (line %d) and no certificate.",
                       words_for(t->other->what), t->other->line);
    } else if (all_placeholders) {
        pgseal__format(out, cap,
                       "The file has %zu PEM block%s and not one certificate: only placeholders.",
                       b->n, b->n == 1 ? "" : "s");
        odd_text(t->odd[0], out, cap);
    } else if (t->certs > 0) {
        pgseal__format(out, cap,
                       "The file has %zu readable certificate%s, but OpenSSL refuses the whole "
                       "file because of one that is damaged.",
                       t->certs, t->certs == 1 ? "" : "s");
        say_odd(t, out, cap);
    } else {
        pgseal__format(out, cap, "The file has no certificate that OpenSSL can load.");
        say_odd(t, out, cap);
    }
}

static void say_kinds(const struct tally *t, char *out, size_t cap)
{
    const struct {
        size_t n;
        const char *one, *many;
    } kinds[] = {{t->roots, "root", "roots"},
                 {t->subs, "intermediate", "intermediates"},
                 {t->selves, "self-signed certificate of a server", "self-signed certificates"},
                 {t->leaves, "certificate of a server or client", "certificates of servers"}};
    const char *sep = ": ";

    for (size_t i = 0; i < PGSEAL_COUNT(kinds); i++) {
        if (kinds[i].n == 0)
            continue;
        pgseal__append(out, cap, "%s%zu %s", sep, kinds[i].n,
                       kinds[i].n == 1 ? kinds[i].one : kinds[i].many);
        sep = ", ";
    }
    pgseal__append(out, cap, ".");
}

static void say_rds(const struct tally *t, char *out, size_t cap)
{
    if (t->rds == 0) {
        if (t->public_root != NULL)
            pgseal__append(out, cap, " They are of public authorities; none is of Amazon RDS.");
        return;
    }
    if (t->govcloud && !t->commercial)
        pgseal__append(out, cap, " They are for AWS GovCloud (US) only:");
    else if (t->china && !t->commercial)
        pgseal__append(out, cap, " They are for AWS China only:");
    else if (t->rds < t->certs)
        pgseal__append(out, cap, " %zu %s of Amazon RDS:", t->rds, t->rds == 1 ? "is" : "are");
    else
        pgseal__append(out, cap, " %s of Amazon RDS:", t->rds == 1 ? "It is" : "All are");
    if (t->regions == 0)
        pgseal__append(out, cap, " for all regions, of a generation before 2021.");
    else if (t->regions <= 6)
        pgseal__append(out, cap, " %s.", t->list);
    else
        pgseal__append(out, cap, " %zu regions.", t->regions);
}

static void say_useful(const struct pgseal__bundle *b, const struct tally *t, char *out, size_t cap)
{
    char when[40];

    pgseal__format(out, cap, "The file has %d certificate%s", b->loads, b->loads == 1 ? "" : "s");
    say_kinds(t, out, cap);
    say_rds(t, out, cap);
    if (t->duplicates > 0)
        pgseal__append(out, cap, " %zu %s twice.", t->duplicates,
                       t->duplicates == 1 ? "is there" : "are there");
    if (t->ended > 0 && t->last_end < b->now_unix_s)
        pgseal__append(out, cap, " %s ended%s %s.", t->certs == 1 ? "It" : "All of them have",
                       t->certs == 1 ? "" : ", the last", pgseal__utc(when, t->last_end));
    else if (t->ended > 0)
        pgseal__append(out, cap, " %zu %s ended.", t->ended, t->ended == 1 ? "has" : "have");
    if (t->roots + t->selves == 0)
        pgseal__append(out, cap,
                       " There is no root in it, so nothing can be verified with "
                       "this file alone.");
    say_odd(t, out, cap);
}

static void fix_pem(const struct pgseal__bundle *b, const struct tally *t, const char *name,
                    char *out, size_t cap)
{
    const char *what = t->other != NULL ? t->other->what : "";

    if (b->loads == 0 && t->n_odd == 0 && strcmp(what, "private key") == 0)
        pgseal__format(out, cap,
                       "Name the file with the root certificates in sslrootcert; a private key "
                       "belongs to sslkey.");
    else if (b->loads == 0 && t->n_odd == 0 && strcmp(what, "csr") == 0)
        pgseal__format(out, cap,
                       "A certificate signing request is a question, not a certificate: name the "
                       "authority's root certificate.");
    else if (b->loads == 0 && t->n_odd == 0 && strcmp(what, "pkcs7") == 0)
        pgseal__format(out, cap,
                       "Turn it into PEM certificates: openssl pkcs7 -print_certs -in %s -out "
                       "new.pem",
                       name);
    else if (b->loads == 0 && t->n_odd == 0 && strcmp(what, "crl") == 0)
        pgseal__format(out, cap,
                       "Name the file with the root certificates in sslrootcert; a CRL "
                       "belongs to sslcrl.");
    else if (t->n_odd > 0 && t->odd[0]->flaw == PGSEAL__FLAW_HIDDEN)
        pgseal__format(out, cap,
                       "Remove what stands before -----BEGIN at line %d: sed -i "
                       "'s/^[^-]*-----BEGIN/-----BEGIN/' %s",
                       t->odd[0]->line, name);
    else if (t->n_odd > 0 && t->certs > 0 && t->odd[0]->flaw >= PGSEAL__FLAW_BEGIN &&
             t->odd[0]->flaw <= PGSEAL__FLAW_BROKEN)
        pgseal__format(out, cap, "Download the file again, or remove the block at line %d of %s.",
                       t->odd[0]->line, name);
    else
        pgseal__format(out, cap,
                       "Get the root certificates from their publisher; for Amazon RDS: curl "
                       "--fail -o %s "
                       "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
                       name);
}

/* Differences that people suspect, and that do no harm. */
static void say_harmless(const uint8_t *p, size_t n, char *out, size_t cap)
{
    if (memmem(p, n, "\r\n", 2) != NULL)
        pgseal__append(out, cap, " Its lines end in CRLF, as on Windows, which does no harm.");
    if (n > 0 && p[n - 1] != '\n')
        pgseal__append(out, cap, " Its last line has no end, which does no harm.");
}

static void summarize(const struct pgseal__bundle *b, const struct tally *t, char *out, size_t cap)
{
    if (b->whole != NULL)
        pgseal__format(out, cap, "%s", b->sentence);
    else if (b->loads == 0)
        say_useless(b, t, out, cap);
    else
        say_useful(b, t, out, cap);
}

void pgseal_bundle_summary(const uint8_t *p, size_t n, int64_t now_unix_s, char *out, size_t cap)
{
    struct pgseal__bundle b;
    struct tally t;

    if (cap == 0)
        return;
    out[0] = '\0';
    if (pgseal__bundle_read(p, n, now_unix_s, &b) < 0)
        return;
    take(&b, &t);
    summarize(&b, &t, out, cap);
    if (b.loads > 0)
        say_harmless(p, n, out, cap);
    pgseal__bundle_done(&b);
}

/* FILE of a fix becomes the name; a name that a shell would not take as it is stays FILE. */
static void name_file(const char *fix, const char *name, char *out, size_t cap)
{
    const char *at = strstr(fix, "FILE");

    if (at == NULL || strpbrk(name, " '\"\\$`!&;|<>()*?[]{}~#\n\t") != NULL)
        pgseal__format(out, cap, "%s", fix);
    else
        pgseal__format(out, cap, "%.*s%s%s", (int)(at - fix), fix, name, at + 4);
}

void pgseal__explain_file(const char *name, const uint8_t *p, size_t n, int64_t now_unix_s,
                          struct pgseal_err *err)
{
    struct pgseal__bundle b;
    struct tally t;

    if (err == NULL || pgseal__bundle_read(p, n, now_unix_s, &b) < 0)
        return;
    take(&b, &t);
    summarize(&b, &t, err->detail, sizeof(err->detail));
    if (b.whole != NULL)
        name_file(b.fix, name, err->hint, sizeof(err->hint));
    else
        fix_pem(&b, &t, name, err->hint, sizeof(err->hint));
    pgseal__bundle_done(&b);
}

void pgseal__bundle_warn(const uint8_t *p, size_t n, char *out, size_t cap)
{
    struct pgseal__bundle b;
    struct tally t;

    out[0] = '\0';
    if (pgseal__bundle_read(p, n, 0, &b) < 0)
        return;
    take(&b, &t);
    say_odd(&t, out, cap);
    pgseal__bundle_done(&b);
}
