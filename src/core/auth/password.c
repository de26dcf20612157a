/* SPDX-License-Identifier: PostgreSQL */
/* Passwords in clear text and as MD5: the two answers that an eavesdropper can use. */
#include "auth_int.h"

#include <pgseal/aws.h>
#include <pgseal/wire.h>

#include <openssl/err.h>
#include <openssl/evp.h>

int pgseal__md5(const char *p, const void *salt, size_t n, char out[36], struct pgseal_err *err)
{
    uint8_t sum[16];
    unsigned len = 0;
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    bool fine;

    ERR_clear_error();
    /* Fetched, so that a FIPS configuration refuses it (and libpq's text says so). */
    md = EVP_MD_fetch(NULL, "MD5", NULL);
    ctx = EVP_MD_CTX_new();
    fine = md != NULL && ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
           EVP_DigestUpdate(ctx, p, strlen(p)) == 1 && EVP_DigestUpdate(ctx, salt, n) == 1 &&
           EVP_DigestFinal_ex(ctx, sum, &len) == 1 && len == sizeof(sum);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    if (!fine)
        return pgseal__fail(err, PGSEAL_E_AUTH_METHOD,
                            "could not encrypt password: %s\n"
                            "fe_sendauth: error sending password authentication",
                            pgseal__auth_ossl_reason());
    pgseal__format(out, 4, "md5");
    for (size_t i = 0; i < sizeof(sum); i++)
        pgseal__format(out + 3 + 2 * i, 3, "%02x", sum[i]);
    pgseal__wipe(sum, sizeof(sum));
    return 0;
}

/* md5(md5(password user) salt), each in hexadecimal. PG18 protocol-flow.html, src/common/md5. */
static int md5_answer(struct pgseal_auth *a, const char *password, const uint8_t salt[4],
                      char out[36], struct pgseal_err *err)
{
    const char *user = a->o.opt->user != NULL ? a->o.opt->user : "";
    char inner[36];
    int rc = pgseal__md5(password, user, strlen(user), inner, err);

    if (rc == 0)
        rc = pgseal__md5(inner + 3, salt, 4, out, err);
    pgseal__wipe(inner, sizeof(inner));
    return rc;
}

/* A token of IAM is for one endpoint. Whoever else gets it can log in there, verified or not. */
static int token_astray(struct pgseal_auth *a, const struct pgseal_aws_token *t,
                        struct pgseal_err *err)
{
    const struct pgseal_aws_login login = {.host = a->o.host, .user = a->o.opt->user};
    unsigned misfits = pgseal_aws_token_check(t, &login);
    char host[300], until[40];

    if ((misfits & (PGSEAL_AWS_OTHER_HOST | PGSEAL_AWS_ALIAS)) == 0)
        return 0;
    pgseal__escape(host, sizeof(host), a->o.host, strlen(a->o.host), 128);
    if (!a->o.strict) {
        if ((misfits & PGSEAL_AWS_OTHER_HOST) != 0) /* an alias may well lead to it */
            pgseal__auth_warn(a,
                              "the IAM token is for %s and goes to %s, which can log in there with "
                              "it until %s; sign a token for the endpoint you connect to",
                              t->host, host, pgseal__utc(until, t->until_unix_s));
        return 0;
    }
    pgseal__fail(err, PGSEAL_E_PASSWORD_RISK, "strict: an IAM token for %s would go to %s", t->host,
                 host);
    pgseal__detail(err,
                   "Nothing was sent. Whoever gets the token can log in to %s with it until %s.",
                   t->host, pgseal__utc(until, t->until_unix_s));
    pgseal__hint(err,
                 "Connect with host=%s (and hostaddr=ADDRESS where the way there is another "
                 "one), or sign a token for the endpoint you connect to.",
                 t->host);
    return PGSEAL_E_PASSWORD_RISK;
}

/* Looks at what sending this password in clear text would give away. */
static int clear_text_risk(struct pgseal_auth *a, const char *password, struct pgseal_err *err)
{
    struct pgseal_aws_token token;
    char so[128], until[40];
    int rc;

    if (!pgseal_aws_token(password, &token))
        return pgseal__auth_risk(a, "the password in clear text", "whoever is in between reads it",
                                 err);
    pgseal__format(so, sizeof(so), "whoever is in between can log in with it until %s",
                   pgseal__utc(until, token.until_unix_s));
    rc = pgseal__auth_risk(a, "an IAM token in clear text", so, err);
    return rc < 0 || !a->o.verified ? rc : token_astray(a, &token, err);
}

int pgseal__auth_password_reply(struct pgseal_auth *a, const uint8_t *salt,
                                struct pgseal_buf *reply, struct pgseal_err *err)
{
    const char *password = pgseal__auth_password(a), *send = password;
    char md5[36] = "";
    int rc;

    if (password == NULL)
        return pgseal__auth_no_password(a, err);
    if (salt != NULL)
        rc = pgseal__auth_risk(a, "an MD5 hash of the password",
                               "whoever is in between can guess the password from it, or log in "
                               "with it at once",
                               err);
    else
        rc = clear_text_risk(a, password, err);
    if (rc == 0 && salt != NULL) {
        rc = md5_answer(a, password, salt, md5, err);
        send = md5;
    }
    if (rc == 0)
        rc = pgseal_put_message(reply, 'p', send, strlen(send) + 1, err);
    pgseal__wipe(md5, sizeof(md5));
    if (rc < 0)
        return rc;
    a->facts.password_used = true;
    a->finished = true; /* nothing more is expected */
    return PGSEAL_MORE;
}
