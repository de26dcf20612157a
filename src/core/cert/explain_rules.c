/* SPDX-License-Identifier: PostgreSQL */
/* Certificates that are too weak, or that do what they were not issued for. */
#include "explain_int.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

/* ---- strength ------------------------------------------------------------------------------- */

/* Least bits of security at each level (SSL_CTX_set_security_level(3)), and the RSA size for it. */
static const int level_bits[] = {0, 80, 112, 128, 192, 256};
static const int level_rsa[] = {0, 1024, 2048, 3072, 7680, 15360};
static const char *const level_curve[] = {"P-256", "P-256", "P-256", "P-256", "P-384", "P-521"};

static int level_of(const struct pgseal__story *st)
{
    int level = st->e->auth_level;

    return level < 0 ? 0 : level > 5 ? 5 : level;
}

void pgseal__story_strength(struct pgseal__story *st)
{
    int level = level_of(st);
    struct pgseal__rds r;
    char key[64];

    if (st->e->error == X509_V_ERR_CA_MD_TOO_WEAK) {
        int digest = NID_undef;
        int nid = X509_get_signature_nid(st->at);

        OBJ_find_sigid_algs(nid, &digest, NULL);
        pgseal__say(st, "%s is signed with %s, whose digest %s is too weak for security level %d.",
                    st->who, OBJ_nid2ln(nid), digest != NID_undef ? OBJ_nid2sn(digest) : "", level);
    } else {
        pgseal__key_text(X509_get0_pubkey(st->at), key, sizeof(key));
        if (X509_get0_pubkey(st->at) == NULL)
            pgseal__format(key, sizeof(key), "that this OpenSSL cannot read");
        pgseal__say(st,
                    "%s has a key %s (%d bits of security); security level %d wants %d (RSA %d, "
                    "or %s).",
                    st->who, key, EVP_PKEY_get_security_bits(X509_get0_pubkey(st->at)), level,
                    level_bits[level], level_rsa[level], level_curve[level]);
    }
    if (st->e->depth > 0)
        pgseal__say_origin(st, st->at);
    pgseal__say(st, "The level comes from OpenSSL's configuration (openssl.cnf, CipherString) or "
                    "its default.");
    if (pgseal__rds_of(X509_get_subject_name(st->at), &r) ||
        pgseal__rds_of(X509_get_issuer_name(st->at), &r))
        pgseal__hint(st->err,
                     "That is the rds-ca-%d generation; move the server to a current authority: "
                     "aws rds modify-db-instance --db-instance-identifier NAME "
                     "--ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately",
                     (int)r.generation);
    else if (st->e->error == X509_V_ERR_EE_KEY_TOO_SMALL)
        pgseal__hint(st->err, "Give the %s a key of at least %d bits RSA or a %s key.",
                     st->e->server_side ? "client" : "server", level_rsa[level],
                     level_curve[level]);
    else if (st->e->error == X509_V_ERR_CA_KEY_TOO_SMALL)
        pgseal__hint(st->err, "Move to an authority with a key of at least %d bits RSA or %s.",
                     level_rsa[level], level_curve[level]);
    else
        pgseal__hint(st->err, "%s", pgseal__x509_row(st->e->error)->fix);
}

/* ---- what a certificate may do -------------------------------------------------------------- */

static void say_uses(struct pgseal__story *st)
{
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(st->at, NID_ext_key_usage, NULL, NULL);
    char list[400] = "";

    for (int i = 0; uses != NULL && i < sk_ASN1_OBJECT_num(uses); i++) {
        char use[80];

        OBJ_obj2txt(use, sizeof(use), sk_ASN1_OBJECT_value(uses, i), 0);
        pgseal__append(list, sizeof(list), "%s%s", i > 0 ? ", " : "", use);
    }
    EXTENDED_KEY_USAGE_free(uses);
    if (list[0] != '\0')
        pgseal__say(st, "%s may be used only for: %s; this use is TLS Web %s Authentication.",
                    st->who, list, st->e->server_side ? "Client" : "Server");
    else
        pgseal__say(st, "%s may not be used by a TLS %s: its key usage forbids it.", st->who,
                    st->e->server_side ? "client" : "server");
    if (st->e->server_side)
        pgseal__hint(st->err, "Give the client a certificate with extended key usage clientAuth.");
    else if (st->e->depth > 0)
        pgseal__hint(st->err, "Have the server's certificate issued by an authority that is "
                              "allowed to issue for TLS servers.");
}

static void say_ca(struct pgseal__story *st)
{
    BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(st->at, NID_basic_constraints, NULL, NULL);
    X509 *below = st->chain != NULL && st->e->depth > 0 && st->e->depth - 1 < sk_X509_num(st->chain)
                      ? sk_X509_value(st->chain, st->e->depth - 1)
                      : NULL;
    const struct pgseal__anchor *a;
    char name[400] = "another certificate";

    if (below != NULL)
        pgseal__name_short(X509_get_subject_name(below), name, sizeof(name));
    pgseal__say(st, "%s signed \"%s\", but it is no authority: %s.", st->who, name,
                bc == NULL    ? "it has no basicConstraints"
                : bc->ca == 0 ? "its basicConstraints say CA:FALSE"
                              : "its key usage has no keyCertSign");
    BASIC_CONSTRAINTS_free(bc);
    pgseal__say_origin(st, st->at);
    a = pgseal__anchor_find(&st->anchors, st->at);
    if (a != NULL && !pgseal__was_sent(st, st->at))
        pgseal__hint(st->err,
                     "Replace the certificate at line %d of \"%s\" by the authority's CA "
                     "certificate (CA:TRUE, key usage keyCertSign).",
                     a->line, a->source->name);
}

static void say_pathlen(struct pgseal__story *st)
{
    long limit = X509_get_pathlen(st->at);

    pgseal__say(st, "%s allows %ld authorit%s between itself and the server, and there are more.",
                st->who, limit, limit == 1 ? "y" : "ies");
    pgseal__say_origin(st, st->at);
}

static void add_subtrees(const STACK_OF(GENERAL_SUBTREE) * trees, const char *word, char *out,
                         size_t cap)
{
    for (int i = 0; trees != NULL && i < sk_GENERAL_SUBTREE_num(trees); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(trees, i)->base;
        char text[300];

        if (base->type == GEN_DNS || base->type == GEN_EMAIL || base->type == GEN_URI)
            pgseal__escape(text, sizeof(text), ASN1_STRING_get0_data(base->d.ia5),
                           (size_t)ASN1_STRING_length(base->d.ia5), 253);
        else if (base->type == GEN_IPADD)
            pgseal__format(text, sizeof(text), "addresses");
        else
            pgseal__format(text, sizeof(text), "other names");
        pgseal__append(out, cap, "%s%s %s", out[0] != '\0' ? ", " : "", word, text);
    }
}

/* Name constraints: those of every authority above. */
static void say_constraints(struct pgseal__story *st)
{
    char names[500];

    pgseal__names_text(st->at, names, sizeof(names));
    pgseal__say(st, "%s is for %s%s.", st->who, names[0] != '\0' ? names : "its common name",
                st->e->error == X509_V_ERR_EXCLUDED_VIOLATION ? ", which is excluded"
                                                              : ", which is not permitted");
    for (int i = st->e->depth + 1; st->chain != NULL && i < sk_X509_num(st->chain); i++) {
        X509 *ca = sk_X509_value(st->chain, i);
        NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
        char rules[600] = "";
        char name[400];

        if (nc == NULL)
            continue;
        add_subtrees(nc->permittedSubtrees, "permitted", rules, sizeof(rules));
        add_subtrees(nc->excludedSubtrees, "excluded", rules, sizeof(rules));
        NAME_CONSTRAINTS_free(nc);
        pgseal__name_short(X509_get_subject_name(ca), name, sizeof(name));
        pgseal__say(st, "The name constraints of \"%s\": %s.", name, rules);
    }
}

static void say_critical(struct pgseal__story *st)
{
    for (int i = 0; i < X509_get_ext_count(st->at); i++) {
        X509_EXTENSION *ext = X509_get_ext(st->at, i);
        char text[100];

        if (X509_EXTENSION_get_critical(ext) == 0 || X509_supported_extension(ext) == 1)
            continue;
        OBJ_obj2txt(text, sizeof(text), X509_EXTENSION_get_object(ext), 0);
        pgseal__say(st, "%s has the critical extension %s, which OpenSSL does not know.", st->who,
                    text);
        return;
    }
    pgseal__say(st, "%s has a critical extension that OpenSSL does not know.", st->who);
}

void pgseal__story_rules(struct pgseal__story *st)
{
    switch (st->e->error) {
    case X509_V_ERR_INVALID_PURPOSE:
        say_uses(st);
        break;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        say_ca(st);
        break;
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
        say_pathlen(st);
        break;
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
        say_constraints(st);
        break;
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
        say_critical(st);
        break;
    default:
        pgseal__say(st, "%s: %s.", st->who, X509_verify_cert_error_string(st->e->error));
        if (st->e->depth > 0)
            pgseal__say_origin(st, st->at);
    }
}
