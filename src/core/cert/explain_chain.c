/* SPDX-License-Identifier: PostgreSQL */
/* Chains that do not reach a trusted root: missing intermediate, wrong bundle, altered root. */
#include "explain_int.h"

#include <openssl/x509v3.h>

/* The issuer that was looked for and not found. */
struct search {
    X509 *top;                        /* last certificate of the chain */
    int depth;                        /* ... its place */
    const X509_NAME *want;            /* its issuer */
    char want_text[400];              /* ... for people */
    bool self;                        /* top names itself as issuer */
    struct pgseal__rds rds;           /* of the issuer, or of top */
    bool is_rds;                      /* rds is filled */
    const struct pgseal__anchor *own; /* top as it stands in a file, or NULL */
};

static const char *peer_of(const struct pgseal__story *st)
{
    return st->e->server_side ? "client" : "server";
}

static void key_id_text(const ASN1_OCTET_STRING *id, char *out, size_t cap)
{
    out[0] = '\0';
    for (int i = 0; id != NULL && i < ASN1_STRING_length(id); i++)
        pgseal__append(out, cap, "%02x", ASN1_STRING_get0_data(id)[i]);
}

/* ---- what was seen -------------------------------------------------------------------------- */

static void say_start(struct pgseal__story *st, const struct search *s)
{
    char files[900];
    char who[600];

    pgseal__story_files(st, files, sizeof(files));
    pgseal__story_who(st, s->top, s->depth, who, sizeof(who));
    if (s->self && s->depth == 0)
        pgseal__say(st, "%s vouches only for itself (self-signed), and is not in %s.", who, files);
    else if (s->self)
        pgseal__say(st, "the %s's chain ends at a root it sent itself, %s, and that is not in %s.",
                    peer_of(st), who, files);
    else if (s->own != NULL)
        pgseal__say(st,
                    "%s is from \"%s\" line %d, but it is no root: its issuer \"%s\" is neither "
                    "in a trusted file nor sent.",
                    who, s->own->source->name, s->own->line, s->want_text);
    else
        pgseal__say(st,
                    "%s was issued by \"%s\", which the %s did not send and which is not in "
                    "%s.",
                    who, s->want_text, peer_of(st), files);
}

/* Certificates the peer sent that have no place in the chain. */
static void say_unused(struct pgseal__story *st)
{
    int said = 0;

    for (int i = 0; st->e->sent != NULL && i < sk_X509_num(st->e->sent) && said < 2; i++) {
        X509 *cert = sk_X509_value(st->e->sent, i);
        bool used = st->e->leaf != NULL && X509_cmp(cert, st->e->leaf) == 0;
        char name[400];

        for (int j = 0; st->chain != NULL && j < sk_X509_num(st->chain); j++)
            used = used || X509_cmp(cert, sk_X509_value(st->chain, j)) == 0;
        if (used)
            continue;
        pgseal__name_short(X509_get_subject_name(cert), name, sizeof(name));
        pgseal__say(st, "The %s also sent \"%s\", which has no place in this chain.", peer_of(st),
                    name);
        said++;
    }
}

/* A block of a file that has the name we want, and that OpenSSL does not see. */
static bool say_hidden(struct pgseal__story *st, const struct search *s)
{
    const struct pgseal_trust *t = st->e->trust;

    for (size_t i = 0; t != NULL && i < t->n_sources; i++) {
        const struct pgseal__source *src = &t->sources[i];
        struct pgseal__block b;
        size_t at = 0;
        int line = 1;

        while (src->text != NULL && pgseal__next_block(src->text, src->len, &at, &line, &b)) {
            size_t n = 0;
            uint8_t *der = b.hidden ? pgseal__block_der(&b, &n, NULL) : NULL;
            const uint8_t *p = der;
            X509 *cert = der != NULL ? d2i_X509(NULL, &p, (long)n) : NULL;
            bool hit = cert != NULL && X509_NAME_cmp(X509_get_subject_name(cert), s->want) == 0;

            X509_free(cert);
            pgseal__free(der);
            if (!hit)
                continue;
            pgseal__say(st,
                        "\"%s\" has it at line %d, but something stands before its -----BEGIN, so "
                        "OpenSSL does not see it.",
                        src->name, b.line);
            pgseal__hint(st->err,
                         "Remove what stands before -----BEGIN CERTIFICATE----- at line %d of "
                         "\"%s\": sed -i 's/^[^-]*-----BEGIN/-----BEGIN/' %s",
                         b.line, src->name, src->name);
            return true;
        }
    }
    return false;
}

/* ---- the same name, another key ------------------------------------------------------------- */

static bool say_same_name(struct pgseal__story *st, const struct search *s)
{
    const struct pgseal__anchor *a = pgseal__anchor_named(&st->anchors, s->want, 0);
    char have[130];
    char need[130];
    char fetch[1200];
    int why;

    while (a != NULL && X509_cmp(a->cert, s->top) == 0)
        a = pgseal__anchor_named(&st->anchors, s->want, (size_t)(a - st->anchors.v) + 1);
    if (a == NULL)
        return false;
    why = X509_check_issued(a->cert, s->top);
    if (why == X509_V_ERR_KEYUSAGE_NO_CERTSIGN) {
        pgseal__say(st,
                    "\"%s\" line %d has a certificate with that name, but its key usage does not "
                    "let it sign certificates.",
                    a->source->name, a->line);
        pgseal__hint(st->err,
                     "Replace the certificate at line %d of \"%s\" by the authority's CA "
                     "certificate (key usage keyCertSign).",
                     a->line, a->source->name);
        return true;
    }
    key_id_text(X509_get0_subject_key_id(a->cert), have, sizeof(have));
    key_id_text(s->self ? X509_get0_subject_key_id(s->top) : X509_get0_authority_key_id(s->top),
                need, sizeof(need));
    pgseal__say(st, "\"%s\" line %d has a certificate with that name, but it is another one",
                a->source->name, a->line);
    if (have[0] != '\0' && need[0] != '\0' && strcmp(have, need) != 0)
        pgseal__append(st->err->detail, sizeof(st->err->detail),
                       ": its key identifier is %s, the %s is %s.", have,
                       s->self ? "one sent" : "one needed", need);
    else
        pgseal__append(st->err->detail, sizeof(st->err->detail), ", with another key.");
    if (s->is_rds) {
        pgseal__rds_fetch(s->rds.region, a->source->name, fetch, sizeof(fetch));
        pgseal__hint(st->err,
                     "The file was altered, or is of another generation: download it again: %s",
                     fetch);
    } else if (s->self && s->depth == 0) {
        pgseal__hint(st->err,
                     "If the server's certificate was replaced on purpose, copy the new one over "
                     "a safe way into \"%s\"; if not, somebody is in between.",
                     a->source->name);
    } else {
        pgseal__hint(st->err,
                     "The authority has a new key, or the file was altered: get the authority's "
                     "current certificate and put it into \"%s\".",
                     a->source->name);
    }
    return true;
}

/* ---- Amazon RDS ----------------------------------------------------------------------------- */

/* What RDS authorities the files have. */
struct regions {
    size_t certs;                      /* of RDS */
    size_t old;                        /* ... of generations before G1 */
    size_t n;                          /* different regions */
    char list[300];                    /* the first of them */
    const struct pgseal__anchor *root; /* the very root this chain belongs to, or NULL */
    char algs[80];                     /* algorithms there are for the wanted region */
    bool other_partition;
};

static void note_region(struct regions *all, const struct pgseal__rds *r)
{
    char word[48];

    if (r->region[0] == '\0')
        return;
    pgseal__format(word, sizeof(word), "%s%s", r->region, ",");
    if (strstr(all->list, word) != NULL)
        return;
    all->n++;
    if (strlen(all->list) + strlen(word) + 2 < sizeof(all->list))
        pgseal__append(all->list, sizeof(all->list), "%s%s", all->list[0] != '\0' ? " " : "", word);
}

static void look_at_regions(const struct pgseal__story *st, const struct search *s,
                            struct regions *all)
{
    memset(all, 0, sizeof(*all));
    for (size_t i = 0; i < st->anchors.n; i++) {
        const struct pgseal__anchor *a = &st->anchors.v[i];
        struct pgseal__rds r;

        if (a->cert == NULL || !pgseal__rds_of(X509_get_subject_name(a->cert), &r))
            continue;
        all->certs++;
        all->old += r.generation != PGSEAL__RDS_G1;
        all->other_partition =
            strcmp(pgseal__rds_partition(r.region), pgseal__rds_partition(s->rds.region)) != 0;
        note_region(all, &r);
        if (strcmp(r.region, s->rds.region) != 0 || !r.root || r.generation != s->rds.generation)
            continue;
        if (strcmp(r.alg, s->rds.alg) == 0)
            all->root = a;
        else if (strstr(all->algs, r.alg) == NULL)
            pgseal__append(all->algs, sizeof(all->algs), "%s%s", all->algs[0] != '\0' ? ", " : "",
                           r.alg);
    }
    if (all->list[0] != '\0')
        all->list[strlen(all->list) - 1] = '\0';
}

static void say_region(struct pgseal__story *st, const struct search *s, const struct regions *all)
{
    const char *file = pgseal__story_file(st);

    if (st->e->trust != NULL && st->e->trust->system)
        pgseal__say(st, "Amazon RDS's own authorities are in no system's store, so "
                        "sslrootcert=system can never verify an RDS or Aurora server.");
    else if (all->algs[0] != '\0')
        pgseal__say(st, "\"%s\" has roots of region %s, but only for %s; this server needs %s.",
                    file, s->rds.region, all->algs, s->rds.alg);
    else if (all->certs == 0)
        pgseal__say(st, "This is an Amazon RDS server%s%s, and there is no RDS root in \"%s\".",
                    s->rds.region[0] != '\0' ? " of region " : "", s->rds.region, file);
    else if (all->old == all->certs)
        pgseal__say(st,
                    "\"%s\" has only RDS certificates of 2019 and before, which have all ended; "
                    "this server's authority is of the G1 generation (since 2021).",
                    file);
    else if (s->rds.region[0] == '\0')
        pgseal__say(st,
                    "This server still has a certificate of the rds-ca-%d generation, whose root "
                    "is no longer in \"%s\".",
                    (int)s->rds.generation, file);
    else if (all->other_partition)
        pgseal__say(st,
                    "This server is in %s region %s; \"%s\" has roots of another partition: %s.",
                    pgseal__rds_partition(s->rds.region), s->rds.region, file, all->list);
    else if (all->n <= 6)
        pgseal__say(st, "This server is in region %s; \"%s\" has roots of: %s.", s->rds.region,
                    file, all->list);
    else
        pgseal__say(st, "This server is in region %s; \"%s\" has roots of %zu regions, not this.",
                    s->rds.region, file, all->n);
}

/* One root per region and algorithm: names decide where key identifiers cannot. */
static void say_rds(struct pgseal__story *st, const struct search *s)
{
    struct regions all;
    char fetch[1200];
    char name[400];

    look_at_regions(st, s, &all);
    if (all.root != NULL && !s->rds.root) {
        pgseal__name_short(X509_get_subject_name(all.root->cert), name, sizeof(name));
        pgseal__say(st,
                    "\"%s\" line %d has the root of it, \"%s\": only the intermediate between is "
                    "missing, and an RDS server always sends it.",
                    all.root->source->name, all.root->line, name);
        pgseal__hint(st->err,
                     "Look for what stands between: a proxy or tunnel that ends TLS must send "
                     "\"%s\" behind the server's certificate.",
                     s->want_text);
        return;
    }
    say_region(st, s, &all);
    pgseal__rds_fetch(s->rds.region,
                      st->e->trust != NULL && st->e->trust->system ? "rds.pem"
                                                                   : pgseal__story_file(st),
                      fetch, sizeof(fetch));
    if (st->e->trust != NULL && st->e->trust->system)
        pgseal__hint(st->err,
                     "Download this region's roots and name the file: %s ; then "
                     "sslrootcert=rds.pem",
                     fetch);
    else if (s->rds.generation != PGSEAL__RDS_G1)
        pgseal__hint(st->err,
                     "That generation is over: move the server to a current authority: aws rds "
                     "modify-db-instance --db-instance-identifier NAME "
                     "--ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately");
    else
        pgseal__hint(st->err, "Download this region's roots: %s", fetch);
}

/* ---- everybody else ------------------------------------------------------------------------- */

static void say_nearest(struct pgseal__story *st, const struct search *s)
{
    const struct pgseal__anchor *a = pgseal__anchor_nearest(&st->anchors, s->want);
    char name[400];

    if (a == NULL)
        return;
    pgseal__name_short(X509_get_subject_name(a->cert), name, sizeof(name));
    pgseal__say(st, "The nearest is \"%s\" at line %d of \"%s\".", name, a->line, a->source->name);
}

/* The file has a part of the chain, but not its root (PostgreSQL takes no partial chains). */
static bool say_partial(struct pgseal__story *st, const struct search *s)
{
    const struct pgseal__anchor *leaf =
        st->e->leaf != NULL ? pgseal__anchor_find(&st->anchors, st->e->leaf) : NULL;
    const struct pgseal__anchor *a = leaf != NULL ? leaf : s->own;

    if (a == NULL || s->self)
        return false;
    if (leaf != NULL)
        pgseal__say(st,
                    "\"%s\" line %d is the %s's own certificate; PostgreSQL's clients want the "
                    "root above it (no partial chains).",
                    a->source->name, a->line, peer_of(st));
    pgseal__hint(st->err, "Add the root certificate %s\"%s\" to \"%s\", beside or instead of %s.",
                 s->depth == 0 ? "above " : "", s->want_text, a->source->name,
                 leaf != NULL ? "the server's own" : "the intermediate");
    return true;
}

static void fix_other(struct pgseal__story *st, const struct search *s)
{
    const char *authority = pgseal__public_authority(s->want);
    const char *file = pgseal__story_file(st);
    bool system = st->e->trust != NULL && st->e->trust->system;

    if (st->e->server_side) {
        pgseal__hint(st->err,
                     "If this client may log in, add the root that issued its certificate to the "
                     "file of client authorities.");
    } else if (s->self && s->depth == 0) {
        pgseal__hint(st->err,
                     "If this is your server, copy its certificate (ssl_cert_file) over ssh, not "
                     "over this connection, and name that copy in sslrootcert.");
    } else if (system) {
        pgseal__say(st, "The system's store has the roots of public authorities only.");
        pgseal__hint(st->err,
                     "Get the root certificate of \"%s\" from whoever runs the server, and name "
                     "its file: sslrootcert=FILE",
                     s->want_text);
    } else if (authority != NULL) {
        pgseal__say(st, "That is a public authority, whose roots every system has.");
        pgseal__hint(st->err, "Use the system's roots: sslrootcert=system");
    } else if (s->self) {
        pgseal__hint(st->err,
                     "Get the root \"%s\" from its publisher, not from this connection, and add "
                     "it to %s.",
                     s->want_text, file);
    } else if (s->depth == 0) {
        pgseal__say(st, "Either the server fails to send that intermediate, or this is the wrong "
                        "file of roots: the certificate alone does not tell.");
        pgseal__hint(st->err,
                     "Ask who runs the server for the root of \"%s\". If %s has it already, put "
                     "the intermediate behind the server's certificate in its ssl_cert_file and "
                     "load it: SELECT pg_reload_conf();",
                     s->want_text, file);
    } else {
        pgseal__say(st, "Either this is the wrong file of roots, or the server fails to send one "
                        "more intermediate.");
        pgseal__hint(st->err, "Get the root certificate above \"%s\" and add it to %s.",
                     s->want_text, file);
    }
}

static void begin_search(struct pgseal__story *st, struct search *s)
{
    int n = st->chain != NULL ? sk_X509_num(st->chain) : 0;

    memset(s, 0, sizeof(*s));
    s->depth = n > 0 ? n - 1 : st->e->depth;
    s->top = n > 0 ? sk_X509_value(st->chain, n - 1) : st->at;
    s->want = X509_get_issuer_name(s->top);
    pgseal__name_short(s->want, s->want_text, sizeof(s->want_text));
    s->self = X509_NAME_cmp(X509_get_subject_name(s->top), s->want) == 0;
    s->own = pgseal__anchor_find(&st->anchors, s->top);
    s->is_rds =
        pgseal__rds_of(s->want, &s->rds) || pgseal__rds_of(X509_get_subject_name(s->top), &s->rds);
}

/* Certificates of the files that are hidden, altered or damaged: perhaps the one that is missing.
 */
static void say_flaws(struct pgseal__story *st)
{
    const struct pgseal_trust *t = st->e->trust;

    for (size_t i = 0; t != NULL && i < t->n_sources; i++) {
        const struct pgseal__source *s = &t->sources[i];
        char text[900];

        if (s->text == NULL)
            continue;
        pgseal__bundle_warn(s->text, s->len, text, sizeof(text));
        if (text[0] != '\0')
            pgseal__say(st, "In \"%s\", besides:%s", s->name, text);
    }
}

void pgseal__story_issuer(struct pgseal__story *st)
{
    struct search s;

    begin_search(st, &s);
    say_start(st, &s);
    say_unused(st);
    if (say_hidden(st, &s))
        return;
    if (say_same_name(st, &s)) {
        say_flaws(st);
        return;
    }
    if (s.is_rds && !st->e->server_side) {
        say_rds(st, &s);
        say_flaws(st);
        return;
    }
    if (say_partial(st, &s))
        return;
    if ((!s.self || s.depth > 0) && (st->e->trust == NULL || !st->e->trust->system))
        say_nearest(st, &s);
    fix_other(st, &s);
    say_flaws(st);
}

void pgseal__story_signature(struct pgseal__story *st)
{
    X509 *issuer = pgseal__issuer_of(st, st->e->depth);
    const struct pgseal__anchor *a;
    struct pgseal__rds r;
    bool is_rds;
    char name[400];
    char fetch[1200];

    if (issuer == NULL)
        issuer = st->at;
    pgseal__name_short(X509_get_subject_name(issuer), name, sizeof(name));
    a = pgseal__anchor_find(&st->anchors, issuer);
    pgseal__say(st, "the signature of %s was not made by the key of \"%s\".", st->who, name);
    pgseal__say_origin(st, issuer);
    if (a != NULL && X509_self_signed(issuer, 0) == 1 && X509_self_signed(issuer, 1) != 1)
        pgseal__say(st,
                    "The certificate at line %d of \"%s\" does not even fit its own key: it was "
                    "altered, and is not the authority it names.",
                    a->line, a->source->name);
    is_rds = pgseal__rds_of(X509_get_subject_name(issuer), &r);
    if (a == NULL) {
        pgseal__hint(st->err, "Do not use this server before you know who altered its chain: one "
                              "of the certificates it sent is not genuine.");
    } else if (is_rds) {
        pgseal__rds_fetch(r.region, a->source->name, fetch, sizeof(fetch));
        pgseal__hint(st->err, "Download the roots again, and find out who altered them: %s", fetch);
    } else {
        pgseal__hint(st->err,
                     "Get the certificate \"%s\" again from its publisher, compare fingerprints, "
                     "and replace line %d of \"%s\".",
                     name, a->line, a->source->name);
    }
}
