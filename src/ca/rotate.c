/* SPDX-License-Identifier: PostgreSQL */
/* Replaces an own authority's root in steps, each of which leaves every client working. */
#include "own_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#define PERMITS_MAX 64

bool ca_rotate_waits_for(const struct ca_store *s, const struct ca_record *c, int64_t now_unix_s)
{
    return c->latest && c->root != s->newest && c->info.not_after_unix_s > now_unix_s;
}

enum ca_phase ca_rotate_phase(const struct ca_store *s, int64_t now_unix_s)
{
    if (s->oldest == s->newest)
        return CA_STEADY;
    for (size_t i = 0; i < s->ncerts; i++)
        if (ca_rotate_waits_for(s, &s->cert[i], now_unix_s))
            return CA_STARTED;
    return CA_SWITCHED;
}

const char *ca_phase_name(enum ca_phase phase)
{
    switch (phase) {
    case CA_STEADY:
        return "steady";
    case CA_STARTED:
        return "started";
    case CA_SWITCHED:
        return "switched";
    }
    return "";
}

/* "NAME" and "NAME G2" become "NAME G3" as root 3. */
static void next_cn(const X509 *old, int number, char out[65])
{
    const X509_NAME *name = X509_get_subject_name(old);
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    uint8_t *utf8 = NULL;
    char base[65] = "pgseal CA";
    int n = at < 0 ? -1
                   : ASN1_STRING_to_UTF8(&utf8,
                                         X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    char *g;

    if (n > 0 && memchr(utf8, 0, (size_t)n) == NULL)
        pgseal__format(base, sizeof(base), "%.*s", n, (const char *)utf8);
    OPENSSL_free(utf8);
    g = strrchr(base, ' ');
    if (g != NULL && g[1] == 'G' && g[2] != '\0' && strspn(g + 2, "0123456789") == strlen(g + 2))
        *g = '\0';
    pgseal__format(out, 65, "%.57s G%d", base, number);
}

/* One permitted subtree as pgseal_mint_options.permit has it. False: no kind of ours. */
static bool permit_text(const GENERAL_NAME *name, char out[CA_NAME_CAP])
{
    const ASN1_OCTET_STRING *ip = name->d.iPAddress;
    char text[INET6_ADDRSTRLEN];
    const uint8_t *p;
    int n, bits = 0;

    if (name->type == GEN_DNS) {
        pgseal__format(out, CA_NAME_CAP, "DNS:%.*s", ASN1_STRING_length(name->d.dNSName),
                       (const char *)ASN1_STRING_get0_data(name->d.dNSName));
        return true;
    }
    if (name->type != GEN_IPADD || (ASN1_STRING_length(ip) != 8 && ASN1_STRING_length(ip) != 32))
        return false;
    p = ASN1_STRING_get0_data(ip);
    n = ASN1_STRING_length(ip) / 2;
    for (int i = n; i < 2 * n; i++)
        bits += __builtin_popcount(p[i]);
    if (inet_ntop(n == 4 ? AF_INET : AF_INET6, p, text, sizeof(text)) == NULL)
        return false;
    pgseal__format(out, CA_NAME_CAP, "IP:%s/%d", text, bits);
    return true;
}

int ca_root_permits(const char *pem, char out[][CA_NAME_CAP], int max)
{
    X509 *cert = ca_own_cert(pem);
    NAME_CONSTRAINTS *nc =
        cert != NULL ? X509_get_ext_d2i(cert, NID_name_constraints, NULL, NULL) : NULL;
    int n = 0;

    for (int i = 0; nc != NULL && i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees) && n < max; i++)
        if (permit_text(sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base, out[n]))
            n++;
    NAME_CONSTRAINTS_free(nc);
    X509_free(cert);
    ERR_clear_error();
    return n;
}

/* The next root signed by the one there is, as long as both last. */
static struct pgseal_minted *cross_sign(const struct ca_store *s, const struct pgseal_minted *next,
                                        int64_t now_unix_s, int64_t end_unix_s,
                                        struct pgseal_err *err)
{
    const struct ca_root *old = ca_store_issuer(s);
    struct pgseal_mint_options m = {
        .size = sizeof(m),
        .like = pgseal_minted_cert_pem(next),
        .digest = ca_own_digest(old->info.key),
        .pathlen = 0, /* it signs servers, not authorities */
        .not_before_unix_s = now_unix_s - CA_BACKDATE_S,
        .not_after_unix_s =
            old->info.not_after_unix_s < end_unix_s ? old->info.not_after_unix_s : end_unix_s,
    };

    return pgseal_mint(&m, s->signer, err);
}

static int check_start(const struct ca_store *s, int days, const char *cn, int64_t now_unix_s,
                       struct pgseal_err *err)
{
    char end[40], seen[100];

    if (s->oldest != s->newest) {
        pgseal__format(seen, sizeof(seen), "Root %d is replacing root %d.", s->newest, s->oldest);
        return ca_own_refuse(err, seen, "Finish it: pgseal ca rotate says what is next.",
                             "a rotation has been started already");
    }
    if (ca_store_issuer(s)->info.not_after_unix_s <= now_unix_s)
        return ca_own_refuse(err,
                             "What it would sign verifies nowhere, so there is nothing to "
                             "rotate from.",
                             "Make a new authority with pgseal ca init --dir DIR, and give its "
                             "root.crt to all clients.",
                             "the root ended %s",
                             pgseal__utc(end, ca_store_issuer(s)->info.not_after_unix_s));
    if (days < 0 || days > CA_DAYS_MAX)
        return ca_own_refuse(err, NULL, "Take 1 to 36500; 3650 is usual for a root.",
                             "a root of %d days cannot be made", days);
    if (cn != NULL && (cn[0] == '\0' || strlen(cn) > 64))
        return ca_own_refuse(err, "A common name has 1 to 64 bytes.", "Take a shorter name.",
                             "a root cannot have this name");
    return 0;
}

/* The new root as `cn`, `key` and `days` say; what is not said is as the old one has it. */
static struct pgseal_minted *make_next(const struct ca_store *s, const char *cn, const char *key,
                                       int days, const char *passphrase, int64_t now_unix_s,
                                       struct pgseal_err *err)
{
    const struct ca_root *old = ca_store_issuer(s);
    X509 *cert = ca_own_cert(old->pem);
    char name[65];
    char permit[PERMITS_MAX][CA_NAME_CAP];
    const char *permits[PERMITS_MAX + 1] = {NULL};
    struct ca_init_options o = {
        .key = key != NULL ? key : ca_own_key_option(old->info.key),
        .days = days,
        .passphrase = s->encrypted ? passphrase : NULL,
    };
    int n = ca_root_permits(old->pem, permit, PERMITS_MAX);

    if (cert == NULL) {
        pgseal__nomem(err);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        permits[i] = permit[i];
    if (n > 0)
        o.permit = permits;
    next_cn(cert, s->newest + 1, name);
    X509_free(cert);
    return ca_own_mint_root(&o, cn != NULL ? cn : name, now_unix_s, err);
}

/* Before the state is written none of these files means anything. */
static int put_next(const struct ca_store *s, const struct pgseal_minted *next,
                    const struct pgseal_minted *cross, struct pgseal_err *err)
{
    char file[64];
    int rc = ca_own_put_root(s, s->newest + 1, next, err);

    ca_own_cross_file(s->newest + 1, s->newest, file);
    return rc < 0 ? rc : ca_own_put(s, file, pgseal_minted_cert_pem(cross), 0644, err);
}

int ca_rotate_start(struct ca_store *s, const char *cn, const char *key, int days,
                    const char *passphrase, int64_t now_unix_s, struct pgseal_err *err)
{
    const struct ca_own_state state = {.oldest = s->newest, .newest = s->newest + 1};
    struct pgseal_minted *next, *cross = NULL;
    struct pgseal_cert_info info;
    int rc = check_start(s, days, cn, now_unix_s, err);

    if (rc < 0)
        return rc;
    next = make_next(s, cn, key, days, passphrase, now_unix_s, err);
    if (next != NULL && ca_own_describe(pgseal_minted_cert_pem(next), &info, err) == 0)
        cross = cross_sign(s, next, now_unix_s, info.not_after_unix_s, err);
    rc = cross != NULL ? put_next(s, next, cross, err) : PGSEAL_E_CA_REQUEST;
    if (rc == 0)
        rc = ca_own_commit(s, &state, err);
    pgseal_minted_free(s->signer);
    s->signer = next;
    pgseal_minted_free(cross);
    return rc < 0 ? rc : ca_store_reload(s, err);
}

int ca_rotate_retire(struct ca_store *s, bool forced, int64_t now_unix_s, struct pgseal_err *err)
{
    const struct ca_own_state state = {.oldest = s->newest, .newest = s->newest};
    size_t waiting = 0;
    int rc;

    if (s->oldest == s->newest)
        return ca_own_refuse(err, "The store has one root.", "pgseal ca rotate begins a rotation.",
                             "there is no old root to retire");
    for (size_t i = 0; i < s->ncerts; i++)
        waiting += ca_rotate_waits_for(s, &s->cert[i], now_unix_s);
    if (waiting > 0 && !forced)
        return ca_own_refuse(err, "Clients with the new root alone refuse them.",
                             "Renew them (pgseal ca rotate --switch) and install them, or give "
                             "them up: --force.",
                             "root %d cannot be retired: %zu certificate%s in use "
                             "%s signed by it",
                             s->oldest, waiting, waiting == 1 ? "" : "s",
                             waiting == 1 ? "is" : "are");
    rc = ca_own_commit(s, &state, err);
    return rc < 0 ? rc : ca_store_reload(s, err);
}
