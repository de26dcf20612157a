/* SPDX-License-Identifier: PostgreSQL */
/* Compares what both ends say about one connection: the same, different, or not to be compared. */
#include "core/base/base.h"
#include "status.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>

static const struct status_point_row POINTS[STATUS_POINTS] = {
#define PGSEAL_ROW(id, json, label, weight, same, different) \
    {json, label, STATUS_##weight, same, different},
#include "points.def"
#undef PGSEAL_ROW
};

const struct status_point_row *status_point_row(enum status_point_id id)
{
    return &POINTS[id];
}

/* What is being compared, both ends at hand. */
struct bench {
    const struct status_client *c;
    const struct status_server *s;
    struct status_point *point; /* STATUS_POINTS of them */
};

static struct status_point *put(struct bench *b, enum status_point_id id, const char *ours,
                                const char *theirs)
{
    struct status_point *p = &b->point[id];

    pgseal__format(p->ours, sizeof(p->ours), "%s", ours);
    pgseal__format(p->theirs, sizeof(p->theirs), "%s", theirs);
    return p;
}

static void set(struct status_point *p, bool same)
{
    p->match = same ? STATUS_SAME : STATUS_DIFFERENT;
}

static const char *yes_no(enum status_truth t)
{
    return t == STATUS_YES ? "yes" : t == STATUS_NO ? "no" : "";
}

static bool contradicts(const struct status_view *ours, const struct status_view *theirs)
{
    return theirs->tls != STATUS_UNKNOWN &&
           (theirs->tls != ours->tls ||
            (theirs->version[0] != '\0' && strcmp(ours->version, theirs->version) != 0));
}

/* Both views are the backend's own; the one that contradicts us is the one to show. */
static const struct status_view *their_view(const struct bench *b)
{
    const struct status_view *ours = &b->c->view, *stat = &b->s->stat, *info = &b->s->info;

    if (stat->tls == STATUS_UNKNOWN)
        return info;
    return contradicts(ours, info) && !contradicts(ours, stat) ? info : stat;
}

static void compare_encrypted(struct bench *b)
{
    enum status_truth ours = b->c->view.tls, theirs = their_view(b)->tls;
    const char *text = theirs == STATUS_NO && b->s->gss == STATUS_YES ? "no (GSSAPI)" : NULL;
    struct status_point *p =
        put(b, STATUS_POINT_ENCRYPTED, yes_no(ours), text != NULL ? text : yes_no(theirs));

    /* We never speak GSSAPI encryption: when the server's peer does, it is not us. */
    if (theirs == STATUS_NO && b->s->gss == STATUS_YES)
        set(p, false);
    else if (theirs != STATUS_UNKNOWN)
        set(p, ours == theirs);
}

/*
 * One cipher has two names: OpenSSL's and the standard's (RFC 5246, IANA). A server that was built
 * with another library may report the latter.
 */
static bool same_cipher(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    return strcmp(OPENSSL_cipher_name(a), b) == 0 || strcmp(a, OPENSSL_cipher_name(b)) == 0;
}

static void compare_handshake(struct bench *b)
{
    const struct status_view *ours = &b->c->view, *theirs = their_view(b);
    char mine[16] = "", other[16] = "";
    struct status_point *p;

    p = put(b, STATUS_POINT_PROTOCOL, ours->version, theirs->version);
    if (ours->version[0] != '\0' && theirs->version[0] != '\0')
        set(p, strcmp(ours->version, theirs->version) == 0);
    p = put(b, STATUS_POINT_CIPHER, ours->cipher, theirs->cipher);
    if (ours->cipher[0] != '\0' && theirs->cipher[0] != '\0')
        set(p, same_cipher(ours->cipher, theirs->cipher));
    if (ours->bits > 0)
        pgseal__format(mine, sizeof(mine), "%d", ours->bits);
    if (theirs->bits > 0)
        pgseal__format(other, sizeof(other), "%d", theirs->bits);
    p = put(b, STATUS_POINT_BITS, mine, other);
    if (ours->bits > 0 && theirs->bits > 0)
        set(p, ours->bits == theirs->bits);
}

static void cert_text(const struct status_view *v, char *out, size_t cap)
{
    if (v->cert == STATUS_YES)
        pgseal__format(out, cap, "%s", v->cert_name[0] != '\0' ? v->cert_name : "yes");
    else
        pgseal__format(out, cap, "%s", v->cert == STATUS_NO ? "none" : "");
}

/*
 * A server keeps the certificate of every client that sent one: it asks for it only when it can
 * verify it (ssl_ca_file), and one that does not verify ends the handshake (be-secure-openssl.c).
 */
static void compare_client_cert(struct bench *b)
{
    const struct status_view *ours = &b->c->view, *theirs = their_view(b);
    char mine[160], other[160];
    struct status_point *p;

    cert_text(ours, mine, sizeof(mine));
    cert_text(theirs, other, sizeof(other));
    p = put(b, STATUS_POINT_CLIENT_CERT, mine, other);
    if (ours->tls != STATUS_YES || theirs->tls != STATUS_YES || ours->cert == STATUS_UNKNOWN ||
        theirs->cert == STATUS_UNKNOWN)
        return;
    if (ours->cert == STATUS_YES && theirs->cert == STATUS_YES && ours->cert_serial[0] != '\0' &&
        theirs->cert_serial[0] != '\0')
        set(p, strcmp(ours->cert_serial, theirs->cert_serial) == 0);
    else
        set(p, ours->cert == theirs->cert);
}

/*
 * In PostgreSQL both are MyProcPid. A database that merely speaks the protocol may make up either:
 * it counts only where pg_stat_ssl has a row for that number.
 */
static void compare_backend(struct bench *b)
{
    char mine[16] = "", other[24] = "";
    struct status_point *p;

    if (b->c->pid != 0)
        pgseal__format(mine, sizeof(mine), "%u", b->c->pid);
    if (b->s->pid != 0)
        pgseal__format(other, sizeof(other), "%ld", b->s->pid);
    p = put(b, STATUS_POINT_BACKEND, mine, other);
    if (b->c->pid != 0 && b->s->pid != 0 && b->s->stat.tls != STATUS_UNKNOWN)
        set(p, (long)b->c->pid == b->s->pid);
}

/* The name of an RDS Proxy leads to one: its zone is Amazon's. */
static void compare_endpoint(struct bench *b)
{
    struct pgseal_aws_endpoint at;
    struct status_point *p;

    pgseal_aws_endpoint(b->c->host, &at);
    if (at.kind != PGSEAL_AWS_PROXY && at.kind != PGSEAL_AWS_PROXY_ENDPOINT)
        return;
    p = put(b, STATUS_POINT_ENDPOINT, "RDS Proxy", b->s->pid != 0 ? "PostgreSQL" : "");
    if (b->s->pid != 0)
        set(p, false);
}

static void address_text(const struct status_address *a, char *out, size_t cap)
{
    out[0] = '\0';
    if (a->tcp == STATUS_YES)
        pgseal__format(out, cap, strchr(a->host, ':') != NULL ? "[%s]:%d" : "%s:%d", a->host,
                       a->port);
}

/* The 16 bytes of an address, IPv4 mapped into IPv6; a zone ("%eth0") is this machine's business.
 */
static bool address_bytes(const char *text, unsigned char out[16])
{
    static const unsigned char MAPPED[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 2.5.5.2 */
    char plain[64];
    char *zone;

    pgseal__format(plain, sizeof(plain), "%s", text);
    zone = strchr(plain, '%');
    if (zone != NULL)
        *zone = '\0';
    memcpy(out, MAPPED, sizeof(MAPPED));
    return inet_pton(AF_INET, plain, out + 12) == 1 || inet_pton(AF_INET6, plain, out) == 1;
}

static bool same_address(const struct status_address *a, const struct status_address *b)
{
    unsigned char x[16], y[16];

    return address_bytes(a->host, x) && address_bytes(b->host, y) && memcmp(x, y, 16) == 0 &&
           a->port == b->port;
}

static const char *transport_text(const struct status_address *a)
{
    return a->tcp == STATUS_YES ? "TCP" : a->tcp == STATUS_NO ? "Unix socket" : "";
}

static void compare_transport(struct bench *b)
{
    const struct status_address *ours = &b->c->local, *theirs = &b->s->client;
    struct status_point *p =
        put(b, STATUS_POINT_TRANSPORT, transport_text(ours), transport_text(theirs));

    if (ours->tcp != STATUS_UNKNOWN && theirs->tcp != STATUS_UNKNOWN)
        set(p, ours->tcp == theirs->tcp);
}

static void compare_address(struct bench *b, enum status_point_id id,
                            const struct status_address *ours, const struct status_address *theirs)
{
    char mine[96], other[96];
    struct status_point *p;

    address_text(ours, mine, sizeof(mine));
    address_text(theirs, other, sizeof(other));
    p = put(b, id, mine, other);
    if (ours->tcp == STATUS_YES && theirs->tcp == STATUS_YES)
        set(p, same_address(ours, theirs));
}

/* A fingerprint is for machines; people compare its first bytes. */
static void short_print(const char *sha256, char *out, size_t cap)
{
    pgseal__format(out, cap, sha256[0] != '\0' ? "sha256 %.16s..." : "%s", sha256);
}

static void compare_server_cert(struct bench *b)
{
    const char *ours = b->c->cert_sha256 != NULL ? b->c->cert_sha256 : "";
    const char *theirs = b->s->cert_sha256;
    char mine[48], other[48];
    struct status_point *p;

    short_print(ours, mine, sizeof(mine));
    short_print(theirs, other, sizeof(other));
    p = put(b, STATUS_POINT_SERVER_CERT, mine, other);
    if (ours[0] != '\0' && theirs[0] != '\0')
        set(p, pgseal__strcasecmp(ours, theirs) == 0);
}

/* One difference that cannot be is proof. What agrees proves nothing, so it is called a sign. */
static enum status_verdict sum_up(const struct status_judgement *j)
{
    enum status_verdict v = STATUS_CANNOT_TELL;

    for (int i = 0; i < STATUS_POINTS; i++) {
        if (POINTS[i].weight != STATUS_PROOF)
            continue;
        if (j->point[i].match == STATUS_DIFFERENT)
            return STATUS_DISAGREE;
        if (i == STATUS_POINT_ENCRYPTED && j->point[i].match == STATUS_SAME)
            v = STATUS_AGREE;
    }
    return v;
}

void status_judge(const struct status_client *c, const struct status_server *s,
                  struct status_judgement *out)
{
    struct bench b = {.c = c, .s = s, .point = out->point};

    memset(out, 0, sizeof(*out));
    compare_encrypted(&b);
    compare_handshake(&b);
    compare_client_cert(&b);
    compare_backend(&b);
    compare_transport(&b);
    compare_endpoint(&b);
    compare_address(&b, STATUS_POINT_CLIENT_ADDRESS, &c->local, &s->client);
    compare_address(&b, STATUS_POINT_SERVER_ADDRESS, &c->peer, &s->self);
    compare_server_cert(&b);
    out->verdict = sum_up(out);
}
