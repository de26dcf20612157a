/* SPDX-License-Identifier: PostgreSQL */
/* This end of the connection: what handshake, login and socket say. */
#include "core/base/base.h"
#include "host/ends.h"
#include "status.h"

#include <openssl/bn.h>

#include <errno.h>
#include <time.h>

static void take_end(const struct host_end *from, bool is_unix, struct status_address *to)
{
    to->tcp = is_unix ? STATUS_NO : from->tcp ? STATUS_YES : STATUS_UNKNOWN;
    pgseal__format(to->host, sizeof(to->host), "%s", from->host);
    to->port = from->port;
}

/* TLS 1.3 has (EC)DHE only; below, static RSA is what has no group (RFC 5246 7.4.7.1). */
static bool is_forward_secret(const struct pgseal_tls_facts *t)
{
    return strcmp(t->version, "TLSv1.3") == 0 ||
           (t->group[0] != '\0' && strcmp(t->group, "RSA") != 0);
}

static const char *missing_root(const struct pgseal_options *o)
{
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};

    if (o->sslrootcert == NULL || o->sslrootcert[0] == '\0' ||
        strcmp(o->sslrootcert, "system") == 0)
        return NULL;
    w->stat(w->ctx, o->sslrootcert, &f);
    return f.stat_sys == ENOENT || f.stat_sys == ENOTDIR ? o->sslrootcert : NULL;
}

/* pg_stat_ssl has the serial in decimal; cert_info in hex. */
static void take_cert(void *ctx, const struct pgseal_bundle_item *item)
{
    struct status_view *v = ctx;
    BIGNUM *n = NULL;
    char *decimal;

    if (item->cert == NULL || v->cert_name[0] != '\0')
        return;
    pgseal__format(v->cert_name, sizeof(v->cert_name), "%s", item->cert->subject);
    if (BN_hex2bn(&n, item->cert->serial) == 0)
        return;
    decimal = BN_bn2dec(n);
    if (decimal != NULL)
        pgseal__format(v->cert_serial, sizeof(v->cert_serial), "%s", decimal);
    OPENSSL_free(decimal);
    BN_free(n);
}

/* The certificate that was sent: the first of the file, as libpq's default path has it. */
static void take_own_cert(const struct pgseal_options *o, struct status_view *v)
{
    const struct pgseal_world *w = pgseal_world_host();
    struct pgseal_file f = {0};
    char path[4096] = "";

    if (o->sslcert != NULL && o->sslcert[0] != '\0')
        pgseal__format(path, sizeof(path), "%s", o->sslcert);
    else if (w->home != NULL)
        pgseal__format(path, sizeof(path), "%s/.postgresql/postgresql.crt", w->home);
    w->read(w->ctx, path, &f);
    if (f.data != NULL)
        (void)pgseal_bundle_scan(f.data, f.len, 0, take_cert, v, NULL);
    w->release(w->ctx, &f);
}

static void take_tls(const struct pgseal_tls_facts *t, struct status_client *c)
{
    c->view.tls = STATUS_YES;
    pgseal__format(c->view.version, sizeof(c->view.version), "%s", t->version);
    pgseal__format(c->view.cipher, sizeof(c->view.cipher), "%s", t->cipher);
    c->view.bits = t->bits;
    c->view.cert = t->cert_sent ? STATUS_YES : STATUS_NO;
    c->chain = t->verified.chain;
    c->name = t->verified.name;
    c->until_unix_s = t->verified.until_unix_s;
    c->forward_secret = is_forward_secret(t);
    c->cert_sha256 = t->has_peer ? t->peer.sha256 : "";
    c->cert_issuer = t->has_peer ? t->peer.issuer : "";
    c->cert_names = t->has_peer ? t->peer.names : "";
}

void status_client(const struct pgseal_session *s, const struct pgseal_options *o,
                   struct status_client *out)
{
    const struct pgseal_conn_facts *f = pgseal_session_facts(s);
    const struct pgseal_host *host = pgseal_session_host(s);
    struct host_end local, peer;

    memset(out, 0, sizeof(*out));
    out->view.tls = STATUS_NO;
    out->cert_sha256 = out->cert_issuer = out->cert_names = "";
    if (f->tls)
        take_tls(&f->tls_facts, out);
    if (out->view.cert == STATUS_YES)
        take_own_cert(o, &out->view);
    host_socket_ends(pgseal_session_fd(s), &local, &peer);
    take_end(&local, f->is_unix, &out->local);
    take_end(&peer, f->is_unix, &out->peer);
    out->host = f->is_unix ? NULL : host->host;
    out->user = o->user;
    out->dbname = o->dbname;
    out->pid = f->cancel.pid;
    out->bound = f->auth.channel_bound && f->auth.server_proved;
    out->auth = f->auth.method != NULL ? f->auth.method : "none";
    out->root_missing = f->tls && !f->tls_facts.verified.chain ? missing_root(o) : NULL;
    out->now_unix_s = (int64_t)time(NULL);
}
