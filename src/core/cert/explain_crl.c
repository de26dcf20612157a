/* SPDX-License-Identifier: PostgreSQL */
/* Revocation: certificates taken back, and lists that are missing, old or of another authority. */
#include "explain_int.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>

/* The newest CRL of an issuer among the files, or NULL. */
static const struct pgseal__anchor *crl_of(const struct pgseal__story *st, const X509_NAME *issuer)
{
    const struct pgseal__anchor *best = NULL;

    for (size_t i = 0; i < st->anchors.n; i++) {
        const struct pgseal__anchor *a = &st->anchors.v[i];

        if (a->crl == NULL || X509_NAME_cmp(X509_CRL_get_issuer(a->crl), issuer) != 0)
            continue;
        if (best == NULL || ASN1_TIME_compare(X509_CRL_get0_lastUpdate(a->crl),
                                              X509_CRL_get0_lastUpdate(best->crl)) > 0)
            best = a;
    }
    return best;
}

/* Which CRLs there are. */
static void say_crls(struct pgseal__story *st)
{
    const struct pgseal_trust *t = st->e->trust;
    int n = 0;
    char list[700] = "";

    for (size_t i = 0; i < st->anchors.n; i++) {
        const struct pgseal__anchor *a = &st->anchors.v[i];
        char name[200];

        if (a->crl == NULL || ++n > 4)
            continue;
        pgseal__name_short(X509_CRL_get_issuer(a->crl), name, sizeof(name));
        pgseal__append(list, sizeof(list), "%s\"%s\" (\"%s\" line %d)", n > 1 ? ", " : "", name,
                       a->source->name, a->line);
    }
    if (n > 0)
        pgseal__say(st, "There %s %d CRL%s, of %s%s.", n == 1 ? "is" : "are", n, n == 1 ? "" : "s",
                    list, n > 4 ? ", ..." : "");
    for (size_t i = 0; t != NULL && i < t->n_sources; i++)
        if (t->sources[i].is_dir)
            pgseal__say(st, "Directory \"%s\" was searched for %08lx.r0.", t->sources[i].name,
                        X509_NAME_hash_ex(X509_get_issuer_name(st->at), NULL, NULL, NULL));
}

static const char *reason_text(long reason)
{
    switch (reason) {
    case CRL_REASON_KEY_COMPROMISE:
        return ", because its key was stolen";
    case CRL_REASON_CA_COMPROMISE:
        return ", because its authority's key was stolen";
    case CRL_REASON_SUPERSEDED:
        return ", because it was replaced";
    case CRL_REASON_CESSATION_OF_OPERATION:
        return ", because it is no longer in use";
    case CRL_REASON_AFFILIATION_CHANGED:
        return ", because its owner changed";
    case CRL_REASON_CERTIFICATE_HOLD:
        return ", on hold";
    default:
        return "";
    }
}

static void say_revoked(struct pgseal__story *st)
{
    const struct pgseal__anchor *a = crl_of(st, X509_get_issuer_name(st->at));
    X509_REVOKED *entry = NULL;
    ASN1_ENUMERATED *reason;
    int64_t when = 0;
    char serial[64];
    char text[40];

    pgseal__serial_text(st->at, serial, sizeof(serial));
    if (a == NULL || X509_CRL_get0_by_cert(a->crl, &entry, st->at) < 1 || entry == NULL) {
        pgseal__say(st, "%s, serial %s, is listed as revoked.", st->who, serial);
        say_crls(st);
        return;
    }
    reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    pgseal__asn1_time(X509_REVOKED_get0_revocationDate(entry), &when);
    pgseal__say(st, "%s, serial %s, was revoked %s%s: \"%s\" line %d.", st->who, serial,
                pgseal__utc(text, when),
                reason_text(reason != NULL ? ASN1_ENUMERATED_get(reason) : -1), a->source->name,
                a->line);
    ASN1_ENUMERATED_free(reason);
    if (!st->e->server_side && st->e->depth == 0)
        pgseal__hint(st->err,
                     "Do not use this server before its certificate was replaced "
                     "(ssl_cert_file, then SELECT pg_reload_conf();): ask the authority why this "
                     "one was revoked.");
}

static void say_dates(struct pgseal__story *st, const char *issuer)
{
    const struct pgseal__anchor *a = crl_of(st, X509_get_issuer_name(st->at));
    bool old = st->e->error == X509_V_ERR_CRL_HAS_EXPIRED;
    int64_t when = 0;
    char text[40];
    char span[40];

    if (a == NULL ||
        pgseal__asn1_time(old ? X509_CRL_get0_nextUpdate(a->crl) : X509_CRL_get0_lastUpdate(a->crl),
                          &when) < 0) {
        pgseal__say(st, "the CRL of \"%s\", needed for %s, %s.", issuer, st->who,
                    old ? "is out of date" : "is not valid yet");
        say_crls(st);
        return;
    }
    pgseal__say(st, "the CRL of \"%s\" (\"%s\" line %d), needed for %s, %s %s, %s %s.", issuer,
                a->source->name, a->line, st->who,
                old ? "was to be replaced by" : "is valid only from", pgseal__utc(text, when),
                pgseal__span(span, st->e->now_unix_s - when), old ? "ago" : "from now");
    if (old)
        pgseal__hint(st->err, "Download the current CRL of \"%s\" over line %d of \"%s\".", issuer,
                     a->line, a->source->name);
}

void pgseal__story_crl(struct pgseal__story *st)
{
    char issuer[400];

    pgseal__name_short(X509_get_issuer_name(st->at), issuer, sizeof(issuer));
    switch (st->e->error) {
    case X509_V_ERR_CERT_REVOKED:
        say_revoked(st);
        break;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        say_dates(st, issuer);
        break;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        pgseal__say(st,
                    "%s cannot be checked for revocation: there is no CRL of its issuer \"%s\".",
                    st->who, issuer);
        say_crls(st);
        pgseal__hint(st->err,
                     "Add the CRL of \"%s\" to sslcrl (or to sslcrldir, named by openssl rehash). "
                     "Every authority of the chain needs one, the root too; to check no CRLs, "
                     "leave sslcrl and sslcrldir out.",
                     issuer);
        break;
    default:
        pgseal__say(st, "the CRL of \"%s\", needed for %s: %s.", issuer, st->who,
                    X509_verify_cert_error_string(st->e->error));
        say_crls(st);
    }
}
