/* SPDX-License-Identifier: PostgreSQL */
/* The judge's verdict in words: what is proved, by what, and who it may be. */
#include "status_int.h"

#include "core/base/base.h"

static bool differs(const struct status_judgement *j, enum status_point_id id)
{
    return j->point[id].match == STATUS_DIFFERENT;
}

static bool same(const struct status_judgement *j, enum status_point_id id)
{
    return j->point[id].match == STATUS_SAME;
}

/* ---- disagreement --------------------------------------------------------------------------- */

/* "TLSv1.3 with TLS_AES_256_GCM_SHA384", "no TLS", "no TLS, but GSSAPI encryption". */
static void say_view(char *out, size_t cap, const struct status_judgement *j, bool theirs)
{
    const struct status_point *encrypted = &j->point[STATUS_POINT_ENCRYPTED];
    const struct status_point *version = &j->point[STATUS_POINT_PROTOCOL];
    const struct status_point *cipher = &j->point[STATUS_POINT_CIPHER];
    const char *is = theirs ? encrypted->theirs : encrypted->ours;

    if (strcmp(is, "yes") != 0)
        pgseal__append(out, cap, "%s",
                       strcmp(is, "no") == 0 ? "no TLS" : "no TLS (but GSSAPI encryption)");
    else
        pgseal__append(out, cap, "%s with %s", theirs ? version->theirs : version->ours,
                       theirs ? cipher->theirs : cipher->ours);
}

/* What the party in between does, as far as the differences tell. */
static void say_what(char *out, size_t cap, const struct status_client *c,
                     const struct status_server *s, const struct status_judgement *j)
{
    const struct status_point *backend = &j->point[STATUS_POINT_BACKEND];

    if (differs(j, STATUS_POINT_ENCRYPTED) || differs(j, STATUS_POINT_PROTOCOL) ||
        differs(j, STATUS_POINT_CIPHER) || differs(j, STATUS_POINT_BITS)) {
        pgseal__append(out, cap, "Your handshake ended in ");
        say_view(out, cap, j, false);
        pgseal__append(out, cap, "; the server serves this very session with ");
        say_view(out, cap, j, true);
        pgseal__append(out, cap, ".");
    } else if (differs(j, STATUS_POINT_CLIENT_CERT)) {
        pgseal__append(out, cap, "Your client certificate: %s; the one the server was shown: %s.",
                       j->point[STATUS_POINT_CLIENT_CERT].ours,
                       j->point[STATUS_POINT_CLIENT_CERT].theirs);
    } else if (differs(j, STATUS_POINT_BACKEND)) {
        pgseal__append(out, cap, "You were told that backend %s serves you; it is %s.",
                       backend->ours, backend->theirs);
    } else if (differs(j, STATUS_POINT_TRANSPORT)) {
        pgseal__append(out, cap, "You connected by %s, the server was reached by %s.",
                       j->point[STATUS_POINT_TRANSPORT].ours,
                       j->point[STATUS_POINT_TRANSPORT].theirs);
    } else {
        pgseal__append(out, cap, "Both handshakes look alike, but they are two.");
    }
    if (c->view.tls == STATUS_YES && strcmp(j->point[STATUS_POINT_ENCRYPTED].theirs, "no") == 0)
        pgseal__append(out, cap, " %s",
                       s->client.tcp == STATUS_NO
                           ? "Behind it the data goes through a Unix socket of the server's "
                             "machine."
                       : status__is_loopback(&s->client)
                           ? "Behind it the data goes over the loopback interface of the server's "
                             "machine, bare."
                           : "Behind it nothing is encrypted.");
    else if (c->view.tls == STATUS_NO && c->local.tcp == STATUS_YES)
        pgseal__append(out, cap, " Between you and it nothing is encrypted.");
}

/* Aurora Serverless v1 has certificates of Amazon Trust Services; a cluster has one of RDS's own.
 */
static bool is_public_amazon(const char *issuer)
{
    static const char TAIL[] = "O=Amazon";
    size_t n = strlen(issuer);

    return strstr(issuer, "O=Amazon,") != NULL ||
           (n >= sizeof(TAIL) - 1 && strcmp(issuer + n - (sizeof(TAIL) - 1), TAIL) == 0);
}

/*
 * A pooler answers the login itself and invents the backend's number (PgBouncer: random); what only
 * ends TLS forwards the server's own.
 */
static void say_who(char *out, size_t cap, const struct status_client *c,
                    const struct status_server *s, const struct status_judgement *j)
{
    if (differs(j, STATUS_POINT_ENDPOINT))
        pgseal__append(out, cap, " It is RDS Proxy: the name %s says so.", c->host);
    else if (s->aurora && is_public_amazon(c->cert_issuer))
        pgseal__append(out, cap,
                       " It looks like Aurora Serverless v1, whose routers end TLS: the "
                       "certificate is of Amazon Trust Services, not of RDS.");
    else if (differs(j, STATUS_POINT_BACKEND))
        pgseal__append(out, cap,
                       " It speaks PostgreSQL's protocol itself: a pooler or proxy (PgBouncer, "
                       "Odyssey, PgDog, Pgpool%s), or somebody who should not be there.",
                       s->rds ? ", RDS Proxy behind an alias, Aurora Serverless v1"
                              : ", RDS Proxy");
    else if (same(j, STATUS_POINT_BACKEND))
        pgseal__append(out, cap,
                       " It forwards the server's messages as they are: something that ends TLS "
                       "only (stunnel, HAProxy, Envoy, pgseal gateway, a cloud provider's "
                       "connector), or somebody who should not be there.");
    else
        pgseal__append(out, cap,
                       " It may be a pooler, a proxy, a load balancer, or somebody who should not "
                       "be there.");
    if (c->bound)
        pgseal__append(out, cap, " SCRAM channel binding says that it holds the secret of role %s.",
                       c->user);
}

/* ---- agreement ------------------------------------------------------------------------------ */

/*
 * What differs and has honest reasons as well. Channel binding leaves only those: TLS ends at the
 * holder of the role's secret, whatever the addresses are.
 */
static void say_signs(char *out, size_t cap, const struct status_client *c,
                      const struct status_judgement *j)
{
    if (differs(j, STATUS_POINT_SERVER_CERT))
        pgseal__append(out, cap,
                       " No proof of a middlebox, but a SIGN of one: the certificate you were "
                       "shown is not the one in the server's file.");
    else if (!c->bound && differs(j, STATUS_POINT_CLIENT_ADDRESS))
        pgseal__append(out, cap,
                       " No proof of a middlebox, but a sign: the server sees another address than "
                       "yours. Address translation and tunnels look like that too.");
    else if (!c->bound && differs(j, STATUS_POINT_SERVER_ADDRESS))
        pgseal__append(out, cap,
                       " No proof of a middlebox, but a sign: the address you dialled is not the "
                       "server's own. Address translation and tunnels look like that too.");
    else
        pgseal__append(out, cap, " No sign of a middlebox.");
}

static void say_agreement(char *out, size_t cap, const struct status_client *c,
                          const struct status_judgement *j)
{
    if (c->local.tcp == STATUS_NO)
        pgseal__append(out, cap,
                       "Both ends agree: a Unix socket, no TLS. Nothing leaves this machine.");
    else if (c->view.tls != STATUS_YES)
        pgseal__append(out, cap,
                       "Both ends agree: NOT ENCRYPTED. Whoever is on the way can read and change "
                       "everything.");
    else {
        pgseal__append(out, cap, "Both ends agree: ");
        say_view(out, cap, j, false);
        pgseal__append(out, cap, ".");
        say_signs(out, cap, c, j);
    }
    if (c->view.tls == STATUS_YES && c->bound)
        pgseal__append(out, cap,
                       " SCRAM-SHA-256-PLUS proves that TLS ends at a party that holds the secret "
                       "of role %s.",
                       c->user);
    else if (c->view.tls == STATUS_YES && !c->chain)
        pgseal__append(out, cap,
                       " Nobody vouched for the certificate: somebody in between who chose the "
                       "same protocol and cipher twice would look the same.");
    else if (c->view.tls == STATUS_YES && !c->name)
        pgseal__append(out, cap,
                       " Whether the certificate is this host's was not asked: another server of "
                       "the same authority in between would look the same.");
}

/* ---- all ------------------------------------------------------------------------------------ */

void status_verdict_text(const struct status_client *c, const struct status_server *s,
                         const struct status_judgement *j, char *out, size_t cap)
{
    out[0] = '\0';
    switch (j->verdict) {
    case STATUS_AGREE:
        say_agreement(out, cap, c, j);
        return;
    case STATUS_DISAGREE:
        pgseal__append(out, cap,
                       c->view.tls == STATUS_YES
                           ? "PROOF that something ends TLS between you and the server. "
                           : "PROOF that something stands between you and the server. ");
        say_what(out, cap, c, s, j);
        say_who(out, cap, c, s, j);
        return;
    case STATUS_CANNOT_TELL:
        pgseal__append(out, cap, "Only this end is known: %s. The server did not say what it sees",
                       c->view.tls == STATUS_YES   ? "encrypted"
                       : c->local.tcp == STATUS_NO ? "a Unix socket, no TLS"
                                                   : "NOT ENCRYPTED");
        if (s->refused[0] != '\0')
            pgseal__append(out, cap, ": %s", s->refused);
        pgseal__append(out, cap, ".");
        return;
    }
}
