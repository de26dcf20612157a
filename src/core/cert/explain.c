/* SPDX-License-Identifier: PostgreSQL */
/* Why a certificate was refused: which one, by which rule, from which file, and what to do. */
#include "explain_int.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

void pgseal__say(struct pgseal__story *st, const char *fmt, ...)
{
    char *out = st->err->detail;
    size_t cap = sizeof(st->err->detail);
    size_t used = strlen(out);
    va_list ap;

    if (used + 2 >= cap)
        return;
    if (used > 0)
        out[used++] = ' ';
    va_start(ap, fmt);
    pgseal__vformat(out + used, cap - used, fmt, ap);
    va_end(ap);
}

X509 *pgseal__issuer_of(const struct pgseal__story *st, int depth)
{
    int n = st->chain != NULL ? sk_X509_num(st->chain) : 0;

    return depth + 1 < n ? sk_X509_value(st->chain, depth + 1) : NULL;
}

bool pgseal__was_sent(const struct pgseal__story *st, const X509 *cert)
{
    if (st->e->leaf != NULL && X509_cmp(st->e->leaf, cert) == 0)
        return true;
    for (int i = 0; st->e->sent != NULL && i < sk_X509_num(st->e->sent); i++)
        if (X509_cmp(sk_X509_value(st->e->sent, i), cert) == 0)
            return true;
    return false;
}

void pgseal__story_who(const struct pgseal__story *st, const X509 *cert, int depth, char *out,
                       size_t cap)
{
    int n = st->chain != NULL ? sk_X509_num(st->chain) : 0;
    char name[400];

    pgseal__name_short(X509_get_subject_name(cert), name, sizeof(name));
    pgseal__format(out, cap, "certificate %d of %d (depth %d) \"%s\"", depth + 1,
                   n > depth ? n : depth + 1, depth, name);
}

static size_t count_of(const struct pgseal__story *st, const struct pgseal__source *s)
{
    size_t n = 0;

    for (size_t i = 0; i < st->anchors.n; i++)
        n += st->anchors.v[i].source == s && st->anchors.v[i].cert != NULL;
    return n;
}

void pgseal__story_files(const struct pgseal__story *st, char *out, size_t cap)
{
    const struct pgseal_trust *t = st->e->trust;
    size_t shown = t != NULL ? t->n_sources : 0;

    pgseal__format(out, cap, "%s", t != NULL && t->system ? "the system's trusted roots: " : "");
    for (size_t i = 0; i < shown && i < 4; i++) {
        const struct pgseal__source *s = &t->sources[i];
        size_t n = count_of(st, s);

        pgseal__append(out, cap, "%s", i > 0 ? ", " : "");
        if (s->is_dir)
            pgseal__append(out, cap, "directory \"%s\"", s->name);
        else
            pgseal__append(out, cap, "\"%s\" (%zu certificate%s)", s->name, n, n == 1 ? "" : "s");
    }
    if (shown == 0)
        pgseal__append(out, cap, "any file: none is trusted here");
}

const char *pgseal__story_file(const struct pgseal__story *st)
{
    const struct pgseal_trust *t = st->e->trust;

    return t != NULL && t->n_sources > 0 && !t->system ? t->sources[0].name : "sslrootcert";
}

void pgseal__say_origin(struct pgseal__story *st, const X509 *cert)
{
    const struct pgseal__anchor *a = pgseal__anchor_find(&st->anchors, cert);
    const char *peer = st->e->server_side ? "client" : "server";

    if (st->e->leaf != NULL && X509_cmp(st->e->leaf, cert) == 0)
        pgseal__say(st, "It is the %s's own.", peer);
    else if (a != NULL)
        pgseal__say(st, "It is from \"%s\" line %d%s.", a->source->name, a->line,
                    pgseal__was_sent(st, cert) ? ", and the peer sent it too" : "");
    else if (pgseal__was_sent(st, cert))
        pgseal__say(st, "The %s sent it.", peer);
    else
        pgseal__say(st, "It is from a trusted directory.");
}

/* ---- the second verification ---------------------------------------------------------------- */

/* Goes on after every error and writes it down. */
static int note(int ok, X509_STORE_CTX *ctx)
{
    /* NULL: the context of a CRL's own signer, which OpenSSL makes inside. */
    struct pgseal__story *st = X509_STORE_CTX_get_app_data(ctx);
    struct pgseal__finding *f;

    if (ok != 0 || st == NULL || st->n_found >= PGSEAL_COUNT(st->found))
        return 1;
    f = &st->found[st->n_found];
    f->error = X509_STORE_CTX_get_error(ctx);
    f->depth = X509_STORE_CTX_get_error_depth(ctx);
    f->cert = X509_STORE_CTX_get_current_cert(ctx);
    if (f->cert != NULL && X509_up_ref(f->cert) != 1)
        f->cert = NULL;
    st->n_found++;
    return 1;
}

/* Builds the chain again with everything the verdict had, to see how far it goes and what else is
 * wrong. Whatever it returns, the verdict stands. */
static void verify_again(struct pgseal__story *st)
{
    const struct pgseal__evidence *e = st->e;
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;

    if (ctx != NULL && e->leaf != NULL && e->trust != NULL &&
        X509_STORE_CTX_init(ctx, e->trust->store, e->leaf, e->sent) == 1) {
        X509_STORE_CTX_set_default(ctx, e->server_side ? "ssl_client" : "ssl_server");
        param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_time(param, e->now_unix_s);
        X509_VERIFY_PARAM_set_auth_level(param, e->auth_level);
        X509_STORE_CTX_set_app_data(ctx, st);
        X509_STORE_CTX_set_verify_cb(ctx, note);
        X509_verify_cert(ctx);
        st->chain = X509_STORE_CTX_get1_chain(ctx);
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
}

/* The certificate the verdict speaks of. */
static X509 *subject_of(const struct pgseal__story *st)
{
    if (st->e->at != NULL)
        return st->e->at;
    if (st->chain != NULL && st->e->depth < sk_X509_num(st->chain))
        return sk_X509_value(st->chain, st->e->depth);
    return st->e->leaf;
}

/* ---- the story ------------------------------------------------------------------------------ */

/* Consequences of a chain without a root, of which one is enough. */
static bool is_no_issuer(int error)
{
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || error == X509_V_ERR_CERT_UNTRUSTED;
}

/* Whether a finding only follows from the verdict, or is the verdict itself. */
static bool follows(const struct pgseal__evidence *e, const struct pgseal__finding *f)
{
    if (f->error == e->error)
        return f->depth == e->depth || is_no_issuer(f->error) ||
               f->error == X509_V_ERR_CERT_NOT_YET_VALID;
    if (is_no_issuer(f->error) && is_no_issuer(e->error))
        return true;
    return f->depth == e->depth &&
           (f->error == X509_V_ERR_INVALID_PURPOSE || f->error == X509_V_ERR_KEYUSAGE_NO_CERTSIGN);
}

/* What else is wrong, so that nobody repairs one thing and meets the next. */
static void say_also(struct pgseal__story *st)
{
    int said = 0;

    for (size_t i = 0; i < st->n_found && said < 3; i++) {
        const struct pgseal__finding *f = &st->found[i];
        char who[600];
        char validity[200];
        bool again = f->cert == NULL || follows(st->e, f);

        for (size_t j = 0; j < i; j++)
            again = again || (st->found[j].error == f->error && st->found[j].depth == f->depth);
        if (again)
            continue;
        pgseal__story_who(st, f->cert, f->depth, who, sizeof(who));
        if ((f->error == X509_V_ERR_CERT_HAS_EXPIRED ||
             f->error == X509_V_ERR_CERT_NOT_YET_VALID) &&
            pgseal__validity_text(f->cert, st->e->now_unix_s, validity, sizeof(validity)))
            pgseal__say(st, "Besides, %s %s.", who, validity);
        else
            pgseal__say(st, "Besides, %s: %s.", who, X509_verify_cert_error_string(f->error));
        said++;
    }
}

static void tell(struct pgseal__story *st)
{
    switch (st->e->error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        pgseal__story_issuer(st);
        break;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        pgseal__story_signature(st);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        pgseal__story_time(st);
        break;
    case X509_V_ERR_CERT_REVOKED:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
        pgseal__story_crl(st);
        break;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        pgseal__story_strength(st);
        break;
    default:
        pgseal__story_rules(st);
    }
}

void pgseal__cert_explain(const struct pgseal__evidence *e, struct pgseal_err *err)
{
    struct pgseal__story st = {.e = e, .err = err};

    if (err == NULL)
        return;
    err->x509 = e->error;
    err->depth = e->depth;
    err->detail[0] = '\0';
    err->hint[0] = '\0';
    pgseal__anchors_of(e->trust, &st.anchors);
    verify_again(&st);
    st.at = subject_of(&st);
    if (st.at != NULL) {
        pgseal__story_who(&st, st.at, e->depth, st.who, sizeof(st.who));
        tell(&st);
        say_also(&st);
    } else {
        pgseal__say(&st, "%s.", X509_verify_cert_error_string(e->error));
    }
    if (err->hint[0] == '\0')
        pgseal__hint(err, "%s", pgseal__x509_row(e->error)->fix);
    for (size_t i = 0; i < st.n_found; i++)
        X509_free(st.found[i].cert);
    sk_X509_pop_free(st.chain, X509_free);
    pgseal__anchors_done(&st.anchors);
    ERR_clear_error();
}
