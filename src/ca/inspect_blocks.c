/* SPDX-License-Identifier: PostgreSQL */
/* Findings about a file that is no PEM, and about blocks that cannot be read or do not belong. */
#include "inspect_int.h"

/* More findings of one kind than this are told as a number. */
#define EACH_MAX 10
#define EXPORT   "Turn it into PEM:\n pgseal ca export FILE --pem -o new.pem"

/* What a file is instead of PEM, as core/cert/kind.c calls it. */
static const struct {
    const char *whole;
    enum finding_id id;
} WHOLES[] = {{"empty", FINDING_ID_CA_EMPTY},  {"html", FINDING_ID_CA_HTML},
              {"pkcs7", FINDING_ID_CA_PKCS7},  {"der certificate", FINDING_ID_CA_DER},
              {"der crl", FINDING_ID_CA_DER},  {"pkcs12", FINDING_ID_CA_KEYSTORE},
              {"jks", FINDING_ID_CA_KEYSTORE}, {"der private key", FINDING_ID_CA_PRIVATE_KEY},
              {"der csr", FINDING_ID_CA_CSR},  {"git-crypt", FINDING_ID_CA_GIT_CRYPT}};

/* The command of a fix gets the name of the file in the place of FILE. */
static void put_fix(const struct ca_look *k, struct finding *f, const char *fix)
{
    const char *at = strstr(fix, "FILE");

    if (at == NULL)
        finding_fix(f, "%s", fix);
    else
        finding_fix(f, "%.*s%s%s", (int)(at - fix), fix, k->path, at + 4);
}

void ca_judge_whole(const struct ca_look *k)
{
    enum finding_id id = FINDING_ID_CA_NOT_PEM;
    struct finding *f;

    for (size_t i = 0; i < PGSEAL_COUNT(WHOLES); i++)
        if (strcmp(k->b->whole, WHOLES[i].whole) == 0)
            id = WHOLES[i].id;
    if (strcmp(k->b->whole, "xml") == 0 && strstr(k->b->sentence, "S3") != NULL)
        id = FINDING_ID_CA_S3_ERROR;
    f = ca_found(k, id, 1);
    finding_seen(f, "%s", k->b->sentence);
    if (id == FINDING_ID_CA_S3_ERROR || id == FINDING_ID_CA_HTML || id == FINDING_ID_CA_EMPTY)
        ca_fix_fetch(k, f);
    else if (id == FINDING_ID_CA_PKCS7 || strcmp(k->b->whole, "der certificate") == 0)
        put_fix(k, f, EXPORT);
    else
        put_fix(k, f, k->b->fix);
}

/* The certificate that a damaged END makes OpenSSL pass over, or NULL. */
static const struct ca_item *lost_behind(const struct ca_look *k, size_t i)
{
    const struct ca_file *f = k->f;

    if (f->loads > 0 && i + 1 < f->n && f->item[i + 1].is_cert && !f->item[i + 1].loaded)
        return &f->item[i + 1];
    return NULL;
}

static void say_lost(struct finding *f, const struct ca_file *file, const struct ca_item *it)
{
    if (!it->is_cert)
        return;
    if (file->loads > 0)
        finding_seen(f, " Lost, without a word: \"%s\"", it->cn);
    else
        finding_seen(f, " It would be \"%s\"", it->cn);
    if (strcmp(it->generation, "rds-ca-rsa2048-g1") == 0)
        finding_seen(f, ", the default CA of new RDS instances");
    finding_seen(f, ".");
}

/* Whether a block begins on the line the one before ends on: it is told with that one. */
static bool is_glued(const struct ca_look *k, size_t i)
{
    return i > 0 && i < k->f->n && k->b->v[i].line == k->b->v[i - 1].end_line &&
           k->b->v[i - 1].flaw == PGSEAL__FLAW_CUT && k->b->v[i].flaw == PGSEAL__FLAW_HIDDEN;
}

static void fix_both(const struct ca_look *k, const struct pgseal__entry *e, struct finding *f)
{
    finding_fix(f,
                "Make line %d exactly -----BEGIN CERTIFICATE-----, and line %d -----END "
                "CERTIFICATE-----:\n sed -i -e '%ds/.*/-----BEGIN CERTIFICATE-----/' -e "
                "'%ds/.*/-----END CERTIFICATE-----/' %s",
                e->line, e->end_line, e->line, e->end_line, k->path);
}

/* The command that makes OpenSSL see a BEGIN, without losing what else stands on its line. */
static void fix_hidden(const struct ca_look *k, const struct pgseal__entry *e, struct finding *f)
{
    bool one_line = e->end_line == e->line;

    if (one_line || strstr(e->problem, "BEGIN line has something behind it") != NULL)
        finding_fix(f,
                    "Break line %d behind the dashes%s:\n sed -i "
                    "'%d{s/-----BEGIN CERTIFICATE-----/&\\n/%s}' %s",
                    e->line, one_line ? ", and before those of END" : "", e->line,
                    one_line ? "; s/-----END CERTIFICATE-----/\\n&/" : "", k->path);
    else if (strstr(e->problem, "its BEGIN says") != NULL && e->end_line != 0)
        fix_both(k, e, f);
    else
        finding_fix(f,
                    "Make line %d exactly -----BEGIN CERTIFICATE-----:\n sed -i "
                    "'%ds/.*/-----BEGIN CERTIFICATE-----/' %s",
                    e->line, e->line, k->path);
}

static void hidden(const struct ca_look *k, size_t i)
{
    const struct pgseal__entry *e = &k->b->v[i];
    struct finding *f = ca_found(k, FINDING_ID_CA_HIDDEN_BEGIN, e->line);

    finding_seen(f, "Line %d: %s.", e->line, e->problem);
    say_lost(f, k->f, &k->f->item[i]);
    if (e->flaw == PGSEAL__FLAW_LOST)
        ca_fix_fetch(k, f);
    else
        fix_hidden(k, e, f);
}

static void begin(const struct ca_look *k, size_t i)
{
    const struct pgseal__entry *e = &k->b->v[i];
    struct finding *f = ca_found(k, FINDING_ID_CA_DAMAGED_BEGIN, e->line);

    finding_seen(f, "Line %d: %s.", e->line, e->problem);
    if (k->f->loads == 0)
        finding_seen(f, " OpenSSL refuses the whole file for it.");
    else
        say_lost(f, k->f, &k->f->item[i]);
    if (!k->f->item[i].is_cert || e->end_line == 0)
        ca_fix_fetch(k, f);
    else
        fix_both(k, e, f);
}

static void cut(const struct ca_look *k, size_t i)
{
    const struct pgseal__entry *e = &k->b->v[i];
    const struct ca_item *lost = lost_behind(k, i);
    struct finding *f =
        ca_found(k, FINDING_ID_CA_DAMAGED_END, e->end_line != 0 ? e->end_line : e->line);

    finding_seen(f, "Line %d: %s.", e->line, e->problem);
    if (k->f->loads == 0)
        finding_seen(f, " OpenSSL refuses the whole file for it.");
    else if (lost != NULL)
        say_lost(f, k->f, lost);
    if (!k->f->item[i].is_cert)
        ca_fix_fetch(k, f);
    else if (e->end_line == 0)
        finding_fix(f, "Add a line -----END CERTIFICATE----- where the base64 ends.");
    else if (is_glued(k, i + 1))
        finding_fix(f,
                    "Break line %d between END and the next BEGIN:\n sed -i "
                    "'%ds/-----END CERTIFICATE-----/&\\n/' %s",
                    e->end_line, e->end_line, k->path);
    else
        finding_fix(f, "Make line %d exactly -----END CERTIFICATE-----, alone on its line.",
                    e->end_line);
}

static void broken(const struct ca_look *k, size_t i, enum finding_id id)
{
    const struct pgseal__entry *e = &k->b->v[i];
    struct finding *f = ca_found(k, id, e->odd_line != 0 ? e->odd_line : e->line);

    finding_seen(f, "The block at line %d: %s.", e->line, e->problem);
    say_lost(f, k->f, &k->f->item[i]);
    if (k->f->loads == 0 && k->f->certs > 0)
        finding_seen(f,
                     " OpenSSL refuses the whole file for it, with %zu certificate%s that can be "
                     "read.",
                     k->f->certs, k->f->certs == 1 ? "" : "s");
    ca_fix_fetch(k, f);
}

static enum finding_id id_of(const struct pgseal__entry *e)
{
    switch (e->flaw) {
    case PGSEAL__FLAW_HIDDEN:
    case PGSEAL__FLAW_LOST:
        return FINDING_ID_CA_HIDDEN_BEGIN;
    case PGSEAL__FLAW_BEGIN:
        return FINDING_ID_CA_DAMAGED_BEGIN;
    case PGSEAL__FLAW_CUT:
        return FINDING_ID_CA_DAMAGED_END;
    case PGSEAL__FLAW_BASE64:
        return FINDING_ID_CA_BROKEN_BASE64;
    case PGSEAL__FLAW_BROKEN:
        return strncmp(e->problem, "its DER", 7) == 0 ? FINDING_ID_CA_BROKEN_DER
                                                      : FINDING_ID_CA_REFUSED;
    case PGSEAL__FLAW_PLACEHOLDER:
        return FINDING_ID_CA_PLACEHOLDER;
    case PGSEAL__FLAW_NONE:
    case PGSEAL__FLAW_ALTERED:
    case PGSEAL__FLAW_UNSIGNED:
    case PGSEAL__FLAW_DUPLICATE:
    case PGSEAL__FLAW_ENDED:
    case PGSEAL__FLAW_EARLY:
    case PGSEAL__FLAW_LEAF:
        break;
    }
    return FINDING_IDS;
}

/* Whether it is told with the END before it. */
static bool is_told(const struct ca_look *k, size_t i)
{
    return is_glued(k, i) || (k->b->v[i].flaw == PGSEAL__FLAW_LOST && i > 0 &&
                              k->b->v[i - 1].flaw == PGSEAL__FLAW_CUT);
}

static void one(const struct ca_look *k, size_t i)
{
    enum finding_id id = id_of(&k->b->v[i]);

    if (is_told(k, i) || id == FINDING_IDS || id == FINDING_ID_CA_PLACEHOLDER)
        return;
    if (id == FINDING_ID_CA_HIDDEN_BEGIN)
        hidden(k, i);
    else if (id == FINDING_ID_CA_DAMAGED_BEGIN)
        begin(k, i);
    else if (id == FINDING_ID_CA_DAMAGED_END)
        cut(k, i);
    else
        broken(k, i, id);
}

static void more(const struct ca_look *k, size_t left, int line)
{
    struct finding *f;

    if (left == 0)
        return;
    f = ca_found(k, FINDING_ID_CA_REFUSED, line);
    finding_seen(f, "And %zu more damaged blocks, the first at line %d.", left, line);
    ca_fix_fetch(k, f);
}

/* Placeholders are usually many, and all the same. */
static void placeholders(const struct ca_look *k)
{
    struct ca_lines l = {.n = 0};
    const char *first = "";
    struct finding *f;

    for (size_t i = 0; i < k->f->n; i++) {
        if (id_of(&k->b->v[i]) != FINDING_ID_CA_PLACEHOLDER)
            continue;
        first = l.n == 0 ? k->b->v[i].problem : first;
        ca_lines_add(&l, k->f->item[i].line);
    }
    if (l.n == 0)
        return;
    f = ca_found(k, FINDING_ID_CA_PLACEHOLDER, l.first);
    finding_seen(f, "%s: %s.%s", ca_lines_begin(&l), first,
                 k->f->loads == 0 && k->f->certs > 0 ? " OpenSSL refuses the whole file for it."
                                                     : "");
    ca_fix_fetch(k, f);
}

/* Blocks that are no certificates, all of one kind in one finding. */
static void strangers(const struct ca_look *k, const char *what, enum finding_id id,
                      const char *words, const char *fix)
{
    struct ca_lines l = {.n = 0};
    struct finding *f;

    for (size_t i = 0; i < k->f->n; i++)
        if (strcmp(k->f->item[i].what, what) == 0)
            ca_lines_add(&l, k->f->item[i].line);
    if (l.n == 0)
        return;
    f = ca_found(k, id, l.first);
    finding_seen(f, "%s at %s.", words, ca_lines_text(&l));
    if (k->f->certs == 0)
        finding_seen(f, " There is no certificate in the file.");
    put_fix(k, f, fix);
}

static void no_certificate(const struct ca_look *k)
{
    struct finding *f;

    if (k->f->certs > 0 || findings_worst(&k->f->findings) >= FINDING_WARNING)
        return;
    f = ca_found(k, FINDING_ID_CA_NO_CERTIFICATE, k->f->n > 0 ? k->f->item[0].line : 0);
    if (k->f->n > 0)
        finding_seen(f, "The file has %zu PEM block%s (the first is: %s) and no certificate.",
                     k->f->n, k->f->n == 1 ? "" : "s", k->f->item[0].what);
    else
        finding_seen(f, "OpenSSL finds no certificate in the file.");
    ca_fix_fetch(k, f);
}

/* A whole file refused, and no block to blame. */
static void unexplained(const struct ca_look *k)
{
    struct finding *f;

    if (k->f->loads > 0 || k->f->refusal[0] == '\0' || k->f->findings.n > 0)
        return;
    f = ca_found(k, FINDING_ID_CA_REFUSED, 0);
    finding_seen(f, "OpenSSL refuses the whole file: %s.", k->f->refusal);
    ca_fix_fetch(k, f);
}

void ca_judge_blocks(const struct ca_look *k)
{
    size_t told = 0;
    size_t left = 0;
    int line = 0;

    for (size_t i = 0; i < k->f->n; i++) {
        size_t before = k->f->findings.n;

        if (told < EACH_MAX) {
            one(k, i);
            told += k->f->findings.n > before;
        } else if (!is_told(k, i) && id_of(&k->b->v[i]) < FINDING_IDS &&
                   id_of(&k->b->v[i]) != FINDING_ID_CA_PLACEHOLDER) {
            line = left == 0 ? k->f->item[i].line : line;
            left++;
        }
    }
    more(k, left, line);
    placeholders(k);
    strangers(k, "private key", FINDING_ID_CA_PRIVATE_KEY, "A private key",
              "Take it out, keep it where only its owner can read it, and think of who has read "
              "this file: who has the key can pose as its certificate.");
    strangers(k, "csr", FINDING_ID_CA_CSR, "A certificate signing request",
              "A request is a question, not a certificate: put the authority's root in its place.");
    strangers(k, "pkcs7", FINDING_ID_CA_PKCS7, "A PKCS#7 container (.p7b in PEM armour)", EXPORT);
    strangers(k, "crl", FINDING_ID_CA_CRL, "A revocation list",
              "Put it into a file of its own and name that in sslcrl.");
    unexplained(k);
    no_certificate(k);
}
