/* SPDX-License-Identifier: PostgreSQL */
/* Certificates that ended, or have not begun. */
#include "explain_int.h"

/* Before this a clock was never set: 2020-01-01. */
#define CLOCK_NEVER_SET INT64_C(1577836800)

bool pgseal__validity_text(const X509 *cert, int64_t now, char *out, size_t cap)
{
    int64_t begin = 0;
    int64_t end = 0;
    char when[40];
    char span[40];

    if (pgseal__asn1_time(X509_get0_notAfter(cert), &end) == 0 && end < now)
        pgseal__format(out, cap, "ended %s, %s ago", pgseal__utc(when, end),
                       pgseal__span(span, now - end));
    else if (pgseal__asn1_time(X509_get0_notBefore(cert), &begin) == 0 && begin > now)
        pgseal__format(out, cap, "begins %s, in %s", pgseal__utc(when, begin),
                       pgseal__span(span, begin - now));
    else
        return false;
    return true;
}

static void fix_rds(struct pgseal__story *st, const struct pgseal__rds *r)
{
    char fetch[1200];

    pgseal__rds_fetch(r->region, pgseal__story_file(st), fetch, sizeof(fetch));
    if (r->generation == PGSEAL__RDS_G1)
        pgseal__hint(st->err,
                     "RDS renews this certificate by itself; see what waits for a maintenance "
                     "window and apply it: aws rds describe-pending-maintenance-actions");
    else
        pgseal__hint(st->err,
                     "The rds-ca-%d generation is over: put the current roots into every client "
                     "(%s), then move the server: aws rds modify-db-instance "
                     "--db-instance-identifier NAME --ca-certificate-identifier "
                     "rds-ca-rsa2048-g1 --apply-immediately",
                     (int)r->generation, fetch);
}

static void fix_ended(struct pgseal__story *st)
{
    const struct pgseal__anchor *a = pgseal__anchor_find(&st->anchors, st->at);
    struct pgseal__rds r;

    if (pgseal__rds_of(X509_get_subject_name(st->at), &r) ||
        pgseal__rds_of(X509_get_issuer_name(st->at), &r))
        fix_rds(st, &r);
    else if (st->e->server_side)
        pgseal__hint(st->err, "Have the client's certificate renewed.");
    else if (st->e->depth == 0)
        pgseal__hint(st->err, "Renew the server's certificate (its ssl_cert_file) and load it: "
                              "SELECT pg_reload_conf();");
    else if (a != NULL && !pgseal__was_sent(st, st->at))
        pgseal__hint(st->err,
                     "Replace the certificate at line %d of \"%s\" by its successor from the same "
                     "authority.",
                     a->line, a->source->name);
    else
        pgseal__hint(st->err,
                     "Put the current certificate of that authority behind the server's own in "
                     "the server's ssl_cert_file and load it: SELECT pg_reload_conf();");
}

void pgseal__story_time(struct pgseal__story *st)
{
    int64_t now = st->e->now_unix_s;
    bool early = st->e->error == X509_V_ERR_CERT_NOT_YET_VALID;
    int64_t begin = 0;
    int64_t end = 0;
    char text[200];
    char other[40];

    if (!pgseal__validity_text(st->at, now, text, sizeof(text)))
        pgseal__format(text, sizeof(text), "%s", X509_verify_cert_error_string(st->e->error));
    pgseal__say(st, "%s %s.", st->who, text);
    if (st->e->depth > 0)
        pgseal__say_origin(st, st->at);
    pgseal__asn1_time(X509_get0_notBefore(st->at), &begin);
    pgseal__asn1_time(X509_get0_notAfter(st->at), &end);
    if (!early) {
        pgseal__say(st, "It was valid from %s on.", pgseal__utc(other, begin));
        fix_ended(st);
        return;
    }
    pgseal__say(st, "This machine's clock says %s.", pgseal__utc(other, now));
    if (now < CLOCK_NEVER_SET || begin - now <= 2 * INT64_C(86400))
        pgseal__hint(st->err,
                     "Set this machine's clock; it says %s (timedatectl shows whether it "
                     "is synchronised).",
                     other);
    else
        pgseal__hint(st->err,
                     "Have the server present a certificate that is valid now; this one is for "
                     "later. If %s is not the time, set this machine's clock.",
                     other);
}
