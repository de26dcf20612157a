/* SPDX-License-Identifier: PostgreSQL */
/* What status finds: rows of findings.def with what was seen on this connection. */
#include "status_int.h"

#include "core/base/base.h"

#define DAY_S     86400
#define SOON_DAYS 30

/* Everything there is to look at, and where findings go. */
struct look {
    const struct status_client *c;
    const struct status_server *s;
    const struct status_judgement *j;
    const struct status_plaintext *p;
    struct findings *out;
    char where[320]; /* "db.example.com:5432" */
};

static struct finding *found(struct look *l, enum finding_id id)
{
    return finding_add(l->out, id, "%s", l->where);
}

/* ---- this connection ------------------------------------------------------------------------- */

/* "encrypted: yes here, no at the server". */
static void say_proof(const struct look *l, struct finding *f)
{
    int n = 0;

    for (int i = 0; i < STATUS_POINTS; i++) {
        const struct status_point_row *row = status_point_row((enum status_point_id)i);
        const struct status_point *p = &l->j->point[i];

        if (row->weight == STATUS_PROOF && p->match == STATUS_DIFFERENT)
            finding_seen(f, "%s%s: %s here, %s at the server", n++ > 0 ? "; " : "", row->label,
                         p->ours, p->theirs);
    }
    finding_seen(f, ".");
}

static void look_at_verdict(struct look *l)
{
    char text[2048];
    struct finding *f;

    if (l->j->verdict == STATUS_AGREE)
        return;
    status_verdict_text(l->c, l->s, l->j, text, sizeof(text));
    if (l->j->verdict == STATUS_CANNOT_TELL) {
        f = found(l, FINDING_ID_STATUS_ONE_END);
        finding_seen(f, "%s", text);
        finding_fix(f, "Ask a PostgreSQL server: an administration console of a pooler, or a "
                       "database that only speaks the protocol, has no pg_stat_ssl.");
        return;
    }
    f = found(l, FINDING_ID_STATUS_MIDDLEBOX);
    say_proof(l, f);
    finding_fix(f, "If you know what it is, verify it (its certificate is the one that counts "
                   "here) and look after the hop behind it. If not, do not go on: find out who "
                   "answers at this address, and connect to the server itself.");
    if (l->c->view.tls == STATUS_YES &&
        strcmp(l->j->point[STATUS_POINT_ENCRYPTED].theirs, "no") == 0 &&
        l->s->client.tcp == STATUS_YES && !status__is_loopback(&l->s->client)) {
        f = found(l, FINDING_ID_STATUS_HOP_PLAINTEXT);
        finding_seen(f, "The server says that this session came from %s without encryption.",
                     l->j->point[STATUS_POINT_CLIENT_ADDRESS].theirs);
        finding_fix(f, "Let what is in between use TLS to the server, and verify it. PgBouncer:\n"
                       "  server_tls_sslmode = verify-full\n"
                       "  server_tls_ca_file = /path/of/the/root.pem");
    }
}

static void look_at_encryption(struct look *l)
{
    struct finding *f;

    if (l->c->view.tls == STATUS_YES || l->c->local.tcp != STATUS_YES)
        return;
    f = found(l, FINDING_ID_STATUS_PLAINTEXT);
    finding_seen(f, "The session of role %s from %s has no TLS.", l->c->user,
                 l->j->point[STATUS_POINT_CLIENT_ADDRESS].ours);
    if (l->c->plain_because != NULL)
        finding_seen(f, " %s", l->c->plain_because);
    finding_fix(f, "Connect with sslmode=verify-full sslrootcert=FILE, and see below how to have "
                   "the server refuse what is not encrypted.");
}

/* Which roots verify this very endpoint. */
static void say_roots(const struct status_client *c, struct finding *f)
{
    struct pgseal_aws_endpoint at;

    pgseal_aws_endpoint(c->host, &at);
    if (at.kind != PGSEAL_AWS_NONE && pgseal_aws_public_roots(at.kind))
        finding_fix(f,
                    "%s: its certificate is of Amazon Trust Services, which every system's store "
                    "verifies. Connect with sslmode=verify-full sslrootcert=system.",
                    pgseal_aws_kind_str(at.kind));
    else if (at.kind != PGSEAL_AWS_NONE && at.region[0] != '\0')
        finding_fix(f,
                    "Fetch the roots of its region, then connect with sslmode=verify-full "
                    "sslrootcert=%s-bundle.pem:\n"
                    "  pgseal ca fetch rds --region %s",
                    at.region, at.region);
    else
        finding_fix(f, "Connect with sslmode=verify-full sslrootcert=FILE.");
}

static void look_at_verification(struct look *l)
{
    const struct status_client *c = l->c;
    struct finding *f;

    if (c->view.tls != STATUS_YES)
        return;
    if (!c->chain) {
        f = found(l, FINDING_ID_STATUS_UNVERIFIED);
        if (c->root_missing != NULL)
            finding_seen(f,
                         "sslrootcert names \"%s\", which does not exist, and this sslmode goes "
                         "on without.",
                         c->root_missing);
        else
            finding_seen(f, "Encrypted, but nobody vouched for the certificate.");
        if (c->bound)
            finding_seen(f,
                         " SCRAM channel binding does show that TLS ends at a party that holds "
                         "the secret of role %s.",
                         c->user);
        say_roots(c, f);
    } else if (!c->name) {
        f = found(l, FINDING_ID_STATUS_NAME_UNCHECKED);
        finding_seen(f, "The chain was verified, the host name was not.");
        finding_fix(f, "Connect with sslmode=verify-full.");
    }
    if (c->chain && c->until_unix_s - c->now_unix_s < (int64_t)SOON_DAYS * DAY_S) {
        char until[40];

        f = found(l, FINDING_ID_STATUS_ENDS_SOON);
        finding_seen(f, "The verified path ends %s, in %d days.",
                     pgseal__utc(until, c->until_unix_s),
                     (int)((c->until_unix_s - c->now_unix_s) / DAY_S));
        finding_fix(f, "Renew the certificate that ends first. RDS renews by itself; what waits "
                       "for a maintenance window:\n"
                       "  aws rds describe-pending-maintenance-actions");
    }
}

static void look_at_strength(struct look *l)
{
    const struct status_client *c = l->c;
    const char *stored = status_setting(l->s, "password_encryption");
    struct finding *f;

    if (c->view.tls == STATUS_YES && !c->forward_secret) {
        f = found(l, FINDING_ID_STATUS_NO_FORWARD_SECRECY);
        finding_seen(f, "%s with %s has no ephemeral key exchange.", c->view.version,
                     c->view.cipher);
        finding_fix(f, "Use TLS 1.3, or allow only ECDHE on the server: "
                       "ssl_ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20' (Aurora has a list of names "
                       "instead; leave out those that begin with TLS_RSA_).");
    }
    if (strcmp(c->auth, "md5") == 0 ||
        (stored != NULL && (strcmp(stored, "md5") == 0 || strcmp(stored, "on") == 0))) {
        f = found(l, FINDING_ID_STATUS_MD5);
        if (strcmp(c->auth, "md5") == 0)
            finding_seen(f, "Role %s logged in with md5.", c->user);
        else
            finding_seen(f, "password_encryption = %s: new passwords are stored for md5.", stored);
        finding_fix(f, "Set password_encryption = 'scram-sha-256', then give each role its "
                       "password again.");
    }
}

/* ---- the server -------------------------------------------------------------------------------
 */

/* A name as SQL has it; what is plain stays plain. */
static void quote_ident(const char *name, char *out, size_t cap)
{
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    out[0] = '\0';
    if (name[plain] == '\0' && (name[0] < '0' || name[0] > '9') && name[0] != '\0') {
        pgseal__append(out, cap, "%s", name);
        return;
    }
    pgseal__append(out, cap, "\"");
    for (; *name != '\0'; name++)
        pgseal__append(out, cap, *name == '"' ? "\"\"" : "%c", *name);
    pgseal__append(out, cap, "\"");
}

static void say_grants(const struct look *l, struct finding *f)
{
    char role[300];

    quote_ident(l->s->user, role, sizeof(role));
    finding_fix(f,
                "Try it (--try-plaintext), ask with a role that may read the rules, or let this "
                "one:\n"
                "  grant select on pg_hba_file_rules to %s;\n"
                "  grant execute on function pg_hba_file_rules() to %s;",
                role, role);
}

static void look_at_refusal(struct look *l)
{
    struct finding *f;

    if (l->p->refused == STATUS_YES || (l->p->refused == STATUS_UNKNOWN && !l->s->answered))
        return;
    f = found(l, l->p->refused == STATUS_NO ? FINDING_ID_STATUS_PLAINTEXT_ALLOWED
                                            : FINDING_ID_STATUS_REFUSAL_UNKNOWN);
    finding_seen(f, "%s", l->p->how);
    if (l->p->refused == STATUS_NO)
        finding_fix(f, "First see who would break (pgseal status --watch 1h, or --log), then type "
                       "what stands under \"To refuse plaintext\".");
    else
        say_grants(l, f);
}

static void look_at_sslinfo(struct look *l)
{
    struct finding *f;

    if (l->s->sslinfo != STATUS_NO)
        return;
    f = found(l, FINDING_ID_STATUS_NO_SSLINFO);
    finding_seen(f, "The extension is not in database %s; pg_stat_ssl was asked alone.",
                 l->s->dbname);
    if (l->s->sslinfo_available == STATUS_YES)
        finding_fix(f, "%s:\n  create extension sslinfo;",
                    l->s->rds ? "As a member of rds_superuser" : "As superuser");
    else
        finding_fix(f, "The server has not even its files: install PostgreSQL's contrib package "
                       "(Debian: postgresql-contrib), then, as superuser:\n"
                       "  create extension sslinfo;");
}

/* The setting came with PostgreSQL 12; '' is whatever OpenSSL allows. */
static void look_at_protocols(struct look *l)
{
    const char *min = status_setting(l->s, "ssl_min_protocol_version");
    const char *ssl = status_setting(l->s, "ssl");
    struct finding *f;

    if (min == NULL || strcmp(min, "TLSv1.2") == 0 || strcmp(min, "TLSv1.3") == 0 ||
        (ssl != NULL && strcmp(ssl, "off") == 0))
        return;
    f = found(l, FINDING_ID_STATUS_OLD_TLS);
    finding_seen(f, "ssl_min_protocol_version = '%s'.", min);
    finding_fix(f, l->s->rds ? "Set ssl_min_protocol_version to TLSv1.2 in the parameter group."
                             : "As superuser:\n"
                               "  alter system set ssl_min_protocol_version = 'TLSv1.2';\n"
                               "  select pg_reload_conf();");
}

static void look_at_hints(struct look *l)
{
    struct finding *f;

    if (l->j->point[STATUS_POINT_SERVER_CERT].match != STATUS_DIFFERENT)
        return;
    f = found(l, FINDING_ID_STATUS_OTHER_CERT);
    finding_seen(f, "You were shown %s; in %s is %s.", l->j->point[STATUS_POINT_SERVER_CERT].ours,
                 status_setting(l->s, "ssl_cert_file"),
                 l->j->point[STATUS_POINT_SERVER_CERT].theirs);
    finding_fix(f, "If the file was just replaced, tell the server, and look again:\n"
                   "  select pg_reload_conf();\n"
                   "If that changes nothing, TLS ends at somebody else.");
}

void status_findings(const struct status_client *c, const struct status_server *s,
                     const struct status_judgement *j, const struct status_plaintext *p,
                     struct findings *out)
{
    struct look l = {.c = c, .s = s, .j = j, .p = p, .out = out};

    if (c->peer.tcp == STATUS_YES)
        pgseal__format(l.where, sizeof(l.where), "%s:%d", c->host != NULL ? c->host : c->peer.host,
                       c->peer.port);
    look_at_verdict(&l);
    look_at_encryption(&l);
    look_at_verification(&l);
    look_at_strength(&l);
    look_at_refusal(&l);
    look_at_sslinfo(&l);
    look_at_protocols(&l);
    look_at_hints(&l);
}
