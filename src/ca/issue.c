/* SPDX-License-Identifier: PostgreSQL */
/* Issues and renews certificates of an own authority; nothing is written that would not verify. */
#include "own_int.h"

#include "host/files.h"
#include "name.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CA_KEY_FILE_MAX 16384 /* RSA 4096 takes 3300 */

/* 112 bits of strength: RSA 2048 (NIST SP 800-57). */
#define KEY_BITS_MIN 112

/* One certificate on its way. */
struct job {
    struct ca_store *store;
    int64_t now_unix_s;
    char san[CA_NAMES_MAX][CA_NAME_CAP];
    const char *sans[CA_NAMES_MAX + 1], *hosts[CA_NAMES_MAX + 1];
    size_t nsans;
    int64_t not_after_unix_s;
    char *key; /* of NAME.key that was there, or the request; NULL = a new one */
    struct pgseal_minted *made;
    char *chain; /* what NAME.crt will hold */
    struct ca_issued *out;
};

static void job_done(struct job *j)
{
    pgseal_minted_free(j->made);
    pgseal__wipe_free_str(j->key);
    pgseal__free(j->chain);
}

static int add_name(struct job *j, const char *typed, struct pgseal_err *err)
{
    char san[CA_NAME_CAP];
    int rc = ca_name_san(typed, san, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < j->nsans; i++)
        if (strcmp(j->san[i], san) == 0)
            return 0;
    if (j->nsans == CA_NAMES_MAX)
        return ca_own_refuse(err, NULL, "Issue several certificates.",
                             "a certificate for more than %d names is not issued", CA_NAMES_MAX);
    pgseal__format(j->san[j->nsans], CA_NAME_CAP, "%s", san);
    j->sans[j->nsans] = j->san[j->nsans];
    j->hosts[j->nsans] = strchr(j->san[j->nsans], ':') + 1;
    j->nsans++;
    return 0;
}

/* "DNS:a, IP:b", or the common name when there is nothing else. */
static int names_of_request(struct job *j, const struct pgseal_request_info *info,
                            struct pgseal_err *err)
{
    const char *p = info->names;
    int rc = 0;

    while (rc == 0 && *p != '\0') {
        size_t n = strcspn(p, ",");
        char name[2048];
        const char *typed = name;

        pgseal__format(name, sizeof(name), "%.*s", (int)n, p);
        if (strncmp(name, "DNS:", 4) == 0)
            typed = name + 4;
        else if (strncmp(name, "IP:", 3) == 0)
            typed = name + 3;
        rc = add_name(j, typed, err); /* "email:x", "URI:x" are refused with the rest */
        p += n;
        p += strspn(p, ", ");
    }
    if (rc == 0 && j->nsans == 0 && info->cn[0] != '\0')
        rc = add_name(j, info->cn, err);
    return rc;
}

static int read_request(struct job *j, const struct ca_issue_options *o, struct pgseal_err *err)
{
    struct pgseal_request_info info;
    struct pgseal_err why = {0};
    int rc = pgseal_request_describe(o->csr, o->csr_len, &info, &why);

    if (rc < 0)
        return ca_own_refuse(err, why.msg,
                             "Make one on the server: openssl req -new -newkey ec -pkeyopt "
                             "ec_paramgen_curve:P-256 -nodes -keyout db1.key -out db1.csr "
                             "-subj /CN=db1.example.com",
                             "the certificate request cannot be used");
    if (info.security_bits < KEY_BITS_MIN) {
        char seen[100];

        pgseal__format(seen, sizeof(seen),
                       "Its key is %s: %d bits of strength, and 112 are the least.", info.key,
                       info.security_bits);
        return ca_own_refuse(err, seen, "Make a new key: P-256, or RSA with 2048 bits or more.",
                             "the certificate request has too weak a key");
    }
    /* The names on the command line count; those of the request only when there are none. */
    if (j->nsans == 0 && o->client == NULL)
        rc = names_of_request(j, &info, err);
    return rc;
}

/* The request as PEM, which is what the mint takes. */
static int keep_request(struct job *j, const struct ca_issue_options *o, struct pgseal_err *err)
{
    static const char head[] = "-----BEGIN CERTIFICATE REQUEST-----\n";
    static const char tail[] = "-----END CERTIFICATE REQUEST-----\n";
    size_t n = o->csr_len, cap = sizeof(head) + sizeof(tail) + n * 2 + 64;
    EVP_ENCODE_CTX *ctx;
    int len = 0, more = 0;

    if (o->csr[0] != 0x30) {
        j->key = pgseal__strndup((const char *)o->csr, n);
        return j->key != NULL ? 0 : pgseal__nomem(err);
    }
    ctx = EVP_ENCODE_CTX_new();
    j->key = pgseal__alloc(cap);
    if (ctx == NULL || j->key == NULL) {
        EVP_ENCODE_CTX_free(ctx);
        return pgseal__nomem(err);
    }
    memcpy(j->key, head, sizeof(head) - 1);
    EVP_EncodeInit(ctx);
    EVP_EncodeUpdate(ctx, (uint8_t *)j->key + sizeof(head) - 1, &len, o->csr, (int)n);
    EVP_EncodeFinal(ctx, (uint8_t *)j->key + sizeof(head) - 1 + len, &more);
    memcpy(j->key + sizeof(head) - 1 + len + more, tail, sizeof(tail));
    EVP_ENCODE_CTX_free(ctx);
    return 0;
}

/* How long: never longer than the root. */
static int choose_end(struct job *j, int days, struct pgseal_err *err)
{
    int64_t root_end = ca_store_issuer(j->store)->info.not_after_unix_s;
    int64_t left_days = (root_end - j->now_unix_s) / CA_DAY_S;
    char end[40], fix[160];

    pgseal__utc(end, root_end);
    if (root_end <= j->now_unix_s)
        return ca_own_refuse(err, "Nothing that it signs would verify.",
                             "Make a new authority with pgseal ca init --dir DIR, and give its "
                             "root.crt to all clients.",
                             "the root ended %s", end);
    if (days < 0 || days > CA_DAYS_MAX)
        return ca_own_refuse(err, NULL, "Take 1 to 36500; 397 is the default.",
                             "a certificate of %d days cannot be issued", days);
    if (days > 0 && days > left_days) {
        pgseal__format(fix, sizeof(fix),
                       "Take %lld or less, or replace the root first: pgseal ca "
                       "rotate.",
                       (long long)left_days);
        return ca_own_refuse(err, "A certificate that outlives its root stops verifying with it.",
                             fix, "%d days are longer than the root has, which ends %s", days, end);
    }
    j->not_after_unix_s = j->now_unix_s + (days > 0 ? days : CA_LEAF_DAYS) * CA_DAY_S;
    j->out->shortened = j->not_after_unix_s > root_end;
    if (j->out->shortened)
        j->not_after_unix_s = root_end;
    return 0;
}

static void choose_paths(struct job *j, const char *out_dir)
{
    const char *dir = out_dir != NULL && out_dir[0] != '\0' ? out_dir : ".";
    const char *sep = dir[strlen(dir) - 1] == '/' ? "" : "/";

    if (strcmp(dir, ".") == 0)
        dir = sep = "";
    pgseal__format(j->out->crt_path, CA_PATH_CAP, "%s%s%s.crt", dir, sep, j->out->cert.name);
    pgseal__format(j->out->key_path, CA_PATH_CAP, "%s%s%s.key", dir, sep, j->out->cert.name);
}

/* What an interrupted run left beside the files. */
static void sweep_out(const struct job *j, const char *out_dir)
{
    char name[CA_NAME_CAP + 8];

    pgseal__format(name, sizeof(name), "%s.crt", j->out->cert.name);
    ca_own_sweep(out_dir != NULL && out_dir[0] != '\0' ? out_dir : ".", name);
    pgseal__format(name, sizeof(name), "%s.key", j->out->cert.name);
    ca_own_sweep(out_dir != NULL && out_dir[0] != '\0' ? out_dir : ".", name);
}

/*
 * What is in a file that is ours alone; NULL and `why` when it is not. In a directory where others
 * may write somebody could have put a key that he knows: a link, or a file of his own. Looked at
 * through the descriptor, so that it is not another file a moment later.
 */
static char *read_own_key(const char *path, const char **why)
{
    char text[CA_KEY_FILE_MAX + 1];
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *key = NULL;
    struct stat st;
    ssize_t n;

    *why = "It is there without its certificate, and is no file that can be read.";
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if (st.st_uid != geteuid())
            *why = "It is there without its certificate, and belongs to somebody else, who knows "
                   "it.";
        else if ((st.st_mode & 077) != 0 || st.st_nlink != 1)
            *why = "It is there without its certificate, and others can read or write it.";
        else if ((n = read(fd, text, sizeof(text) - 1)) >= 0)
            key = pgseal__strndup(text, (size_t)n);
    }
    close(fd);
    OPENSSL_cleanse(text, sizeof(text));
    return key;
}

/* A key that is there already, as of a run that was interrupted behind it. */
static int take_over_key(struct job *j, struct pgseal_err *err)
{
    const char *path = j->out->key_path;
    char fix[2 * CA_PATH_CAP + 100];
    const char *why;

    if (!ca_own_exists(path))
        return 0;
    j->key = read_own_key(path, &why);
    if (j->key == NULL) {
        pgseal__format(fix, sizeof(fix),
                       "Move it away, and a new key is made: mv \"%s\" \"%s.old\". If it is your "
                       "own and nobody else has read it: chmod 600 \"%s\"",
                       path, path, path);
        return ca_own_refuse(err, why, fix, "the key \"%s\" is not taken", path);
    }
    if (strstr(j->key, "PRIVATE KEY-----") == NULL || strstr(j->key, "ENCRYPTED") != NULL) {
        pgseal__format(fix, sizeof(fix), "Move it away: mv \"%s\" \"%s.old\"", path, path);
        return ca_own_refuse(err, "It is no private key in PEM, or an encrypted one.", fix,
                             "the file \"%s\" is in the way", path);
    }
    j->out->key_kept = true;
    return 0;
}

/* The files must not be there: a server may be using them. */
static int check_free(struct job *j, struct pgseal_err *err)
{
    char fix[2 * CA_PATH_CAP + 200];

    if (!ca_own_exists(j->out->crt_path))
        return 0;
    pgseal__format(fix, sizeof(fix),
                   "To renew it with the key it has: pgseal ca issue --renew %s. "
                   "For a new key move both files away.",
                   j->out->cert.name);
    return ca_own_refuse(err, "It may be the certificate of a running server.", fix,
                         "\"%s\" is there already", j->out->crt_path);
}

/* NAME.crt: the certificate, and what leads from the old root to its issuer. */
static int make_chain(struct job *j, struct pgseal_err *err)
{
    const char *leaf = pgseal_minted_cert_pem(j->made);
    size_t cap;

    j->out->with_cross =
        j->store->cross_pem != NULL && j->store->cross_until_unix_s > j->now_unix_s;
    cap = strlen(leaf) + (j->out->with_cross ? strlen(j->store->cross_pem) : 0) + 1;
    j->chain = pgseal__alloc(cap);
    if (j->chain == NULL)
        return pgseal__nomem(err);
    pgseal__format(j->chain, cap, "%s%s", leaf, j->out->with_cross ? j->store->cross_pem : "");
    return ca_issue_judge(j->store, j->chain, j->out->cert.client, j->nsans > 0 ? j->hosts : NULL,
                          j->now_unix_s, err);
}

static void record_file(const struct ca_record *c, char out[CA_NAME_CAP + 100])
{
    pgseal__format(out, CA_NAME_CAP + 100, "issued/%s.%s.crt", c->name, c->info.serial);
}

/* Into the store: what was signed is on record before anybody has it. */
static int put_record(struct job *j, struct pgseal_err *err)
{
    struct ca_record *c = &j->out->cert;
    char file[CA_NAME_CAP + 100];

    c->pem = pgseal__strdup(pgseal_minted_cert_pem(j->made));
    if (c->pem == NULL)
        return pgseal__nomem(err);
    c->root = j->store->newest;
    c->latest = true;
    if (ca_own_describe(c->pem, &c->info, err) < 0)
        return PGSEAL_E_NOMEM;
    record_file(c, file);
    return ca_own_put(j->store, file, c->pem, 0644, err);
}

/* The directory for the files, looked at before anything is signed: the common mistakes. */
static int check_out(const char *out_dir, struct pgseal_err *err)
{
    const char *dir = out_dir != NULL && out_dir[0] != '\0' ? out_dir : ".";
    char slashed[CA_PATH_CAP];

    pgseal__format(slashed, sizeof(slashed), "%s/", dir);
    /* The slash: ENOTDIR for a file. A network's or a full disk's refusals come later. */
    if (faccessat(AT_FDCWD, slashed, W_OK | X_OK, AT_EACCESS) == 0)
        return 0;
    return ca_own_refuse(err, strerrordesc_np(errno), "Name another directory with --out.",
                         "no file can be written into \"%s\"", dir);
}

/* Whether NAME.crt is what was just made; true too when that cannot be told. */
static bool is_delivered(const struct job *j)
{
    struct pgseal_err ignored = {0};
    bool same;
    char *there;

    if (!ca_own_exists(j->out->crt_path))
        return false;
    there = ca_own_read(j->out->crt_path, &ignored);
    same = there == NULL || strcmp(there, j->chain) == 0;
    pgseal__wipe_free_str(there);
    return same;
}

/*
 * The files of somebody whose certificate is on record. When they cannot be written nobody has the
 * certificate, and the record goes too: it would be listed and renewed for ever. A run that is
 * killed here leaves it, which errs on the side of the auditor.
 */
static int deliver(struct job *j, bool renewed, struct pgseal_err *err)
{
    const char *key = renewed || j->key != NULL ? NULL : pgseal_minted_key_pem(j->made);
    int rc = 0;

    /* The key first: a server that starts between the two finds no certificate, and says so. */
    if (key != NULL)
        rc = host_create_file(j->out->key_path, key, strlen(key), 0600, err);
    if (rc == 0)
        rc = (renewed ? host_replace_file : host_create_file)(j->out->crt_path, j->chain,
                                                              strlen(j->chain), 0644, err);
    if (rc < 0 && !is_delivered(j)) {
        char file[CA_NAME_CAP + 100], path[CA_PATH_CAP];

        record_file(&j->out->cert, file);
        (void)unlink(ca_store_path(j->store, file, path));
    }
    return rc;
}

/* An hour ago, but later than what it replaces: the later one is the one in use. */
static int64_t choose_begin(const struct job *j)
{
    int64_t begin = j->now_unix_s - CA_BACKDATE_S;

    for (size_t i = 0; i < j->store->ncerts; i++) {
        const struct ca_record *c = &j->store->cert[i];

        if (strcmp(c->name, j->out->cert.name) == 0 && c->info.not_before_unix_s >= begin)
            begin = c->info.not_before_unix_s + 1;
    }
    return begin < j->now_unix_s ? begin : j->now_unix_s;
}

static int mint(struct job *j, struct pgseal_mint_options *m, struct pgseal_err *err)
{
    struct pgseal_err why = {0};

    m->size = sizeof(*m);
    m->digest = ca_own_digest(ca_store_issuer(j->store)->info.key);
    m->not_before_unix_s = choose_begin(j);
    m->not_after_unix_s = j->not_after_unix_s;
    j->made = pgseal_mint(m, j->store->signer, &why);
    if (j->made != NULL)
        return 0;
    return why.code == PGSEAL_E_NOMEM
               ? pgseal__nomem(err)
               : ca_own_refuse(err, why.detail[0] != '\0' ? why.detail : why.msg, NULL,
                               "the certificate could not be made");
}

static int mint_new(struct job *j, const struct ca_issue_options *o, struct pgseal_err *err)
{
    const char *cn = o->client != NULL ? o->client : j->hosts[0];
    const char *kind = ca_store_issuer(j->store)->info.key;
    struct pgseal_mint_options m = {
        .cn = cn != NULL && strlen(cn) <= 64 ? cn : NULL, /* ub-common-name */
        .sans = j->nsans > 0 ? j->sans : NULL,
        .key = o->key != NULL                 ? o->key
               : strncmp(kind, "RSA", 3) == 0 ? "RSA3072"
                                              : "P-256",
        .eku = o->client != NULL ? "clientAuth" : "serverAuth",
        .key_of = j->key,
    };

    return mint(j, &m, err);
}

static int collect(struct job *j, const struct ca_issue_options *o, struct pgseal_err *err)
{
    int rc = 0;

    if (o->client != NULL)
        rc = ca_name_role(o->client, err);
    for (const char *const *n = o->names; rc == 0 && n != NULL && *n != NULL; n++)
        rc = add_name(j, *n, err);
    if (rc == 0 && o->csr != NULL)
        rc = read_request(j, o, err);
    if (rc == 0 && o->client == NULL && j->nsans == 0)
        rc = ca_own_refuse(err, "Neither the command line nor the request has one.",
                           "Name the server as clients will type it: pgseal ca issue "
                           "db1.example.com",
                           "a certificate without a name is not issued");
    if (rc < 0)
        return rc;
    j->out->cert.client = o->client != NULL;
    ca_name_file(o->client != NULL ? o->client : j->hosts[0], j->out->cert.name);
    if (o->client != NULL)
        pgseal__append(j->out->cert.name, CA_NAME_CAP, "-client");
    return 0;
}

static int issue(struct job *j, const struct ca_issue_options *o, struct pgseal_err *err)
{
    int rc = collect(j, o, err);

    if (rc == 0)
        rc = choose_end(j, o->days, err);
    if (rc < 0)
        return rc;
    choose_paths(j, o->out_dir);
    rc = check_out(o->out_dir, err);
    if (rc < 0)
        return rc;
    sweep_out(j, o->out_dir);
    rc = check_free(j, err);
    if (rc == 0)
        rc = o->csr != NULL ? keep_request(j, o, err) : take_over_key(j, err);
    if (rc == 0)
        rc = mint_new(j, o, err);
    if (rc == 0)
        rc = make_chain(j, err);
    if (rc == 0)
        rc = put_record(j, err);
    if (rc == 0)
        rc = deliver(j, false, err);
    if (o->csr != NULL)
        j->out->key_path[0] = '\0';
    return rc;
}

int ca_issue(struct ca_store *s, const struct ca_issue_options *o, int64_t now_unix_s,
             struct ca_issued *out, struct pgseal_err *err)
{
    struct job *j = pgseal__alloc(sizeof(*j));
    int rc;

    memset(out, 0, sizeof(*out));
    if (j == NULL)
        return pgseal__nomem(err);
    *j = (struct job){.store = s, .now_unix_s = now_unix_s, .out = out};
    rc = issue(j, o, err);
    job_done(j);
    pgseal__free(j);
    return rc;
}

/* ---- renewing ------------------------------------------------------------------------------- */

static int check_same(const struct job *j, const struct ca_record *c, struct pgseal_err *err)
{
    char fix[CA_PATH_CAP + 100];

    for (int i = 0; i < 2; i++) {
        const char *path = i == 0 ? j->out->crt_path : j->out->key_path;

        if (!ca_own_exists(path) || ca_own_same_key(path, c->pem))
            continue;
        pgseal__format(fix, sizeof(fix),
                       "Name another directory with --out, or move it away: mv "
                       "\"%s\" \"%s.old\"",
                       path, path);
        return ca_own_refuse(err, "It is of another key than the certificate that is renewed.", fix,
                             "\"%s\" is in the way", path);
    }
    return 0;
}

static int renew(struct job *j, const struct ca_record *c, const char *out_dir, int days,
                 struct pgseal_err *err)
{
    struct pgseal_mint_options m = {.like = c->pem, .pathlen = -1};
    int rc;

    j->out->cert.client = c->client;
    j->out->key_kept = true;
    pgseal__format(j->out->cert.name, CA_NAME_CAP, "%s", c->name);
    choose_paths(j, out_dir);
    rc = choose_end(j, days, err);
    if (rc == 0)
        rc = check_out(out_dir, err);
    if (rc == 0) {
        sweep_out(j, out_dir);
        rc = check_same(j, c, err);
    }
    if (rc == 0)
        rc = mint(j, &m, err);
    if (rc == 0)
        rc = make_chain(j, err);
    if (rc == 0)
        rc = put_record(j, err);
    if (rc == 0)
        rc = deliver(j, true, err);
    if (!ca_own_exists(j->out->key_path))
        j->out->key_path[0] = '\0';
    return rc;
}

int ca_renew(struct ca_store *s, const struct ca_record *c, const char *out_dir, int days,
             int64_t now_unix_s, struct ca_issued *out, struct pgseal_err *err)
{
    struct job *j = pgseal__alloc(sizeof(*j));
    int rc;

    memset(out, 0, sizeof(*out));
    if (j == NULL)
        return pgseal__nomem(err);
    *j = (struct job){.store = s, .now_unix_s = now_unix_s, .out = out};
    rc = renew(j, c, out_dir, days, err);
    job_done(j);
    pgseal__free(j);
    return rc;
}

void ca_issued_done(struct ca_issued *i)
{
    pgseal__free(i->cert.pem);
    memset(i, 0, sizeof(*i));
}

bool ca_record_due(const struct ca_store *s, const struct ca_record *c, int64_t now_unix_s)
{
    int64_t life = c->info.not_after_unix_s - c->info.not_before_unix_s;

    if (!c->latest || c->info.not_after_unix_s <= now_unix_s)
        return false;
    return c->root != s->newest || c->info.not_after_unix_s - now_unix_s < life / 3;
}
