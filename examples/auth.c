/* SPDX-License-Identifier: PostgreSQL */
/* auth.h: what a server asks is judged before it is answered. */
#include <pgseal/auth.h>

#include <stdio.h>
#include <string.h>

/* AuthenticationCleartextPassword, and AuthenticationOk. */
static const uint8_t cleartext[4] = {0, 0, 0, 3};
static const uint8_t ok[4] = {0, 0, 0, 0};

static void ask(const struct pgseal_options *opt, bool verified, bool strict)
{
    struct pgseal_auth_options o = {.size = sizeof(o),
                                    .opt = opt,
                                    .password = "tops3cret",
                                    .verified = verified,
                                    .strict = strict};
    struct pgseal_err err;
    struct pgseal_auth_facts facts;
    struct pgseal_auth *a = pgseal_auth_new(&o, &err);
    struct pgseal_buf reply;
    const char *warning;
    int rc;

    pgseal_buf_init(&reply, 1000);
    reply.secret = true;
    rc = a != NULL ? pgseal_auth_step(a, cleartext, sizeof(cleartext), &reply, &err) : -1;
    if (rc == PGSEAL_MORE) { /* show the warning before the reply is sent */
        warning = pgseal_auth_warning(a);
        printf("%zu bytes to send%s%s\n", pgseal_buf_len(&reply), warning != NULL ? "; " : "",
               warning != NULL ? warning : "");
        rc = pgseal_auth_step(a, ok, sizeof(ok), &reply, &err);
    }
    if (rc == PGSEAL_READY) {
        pgseal_auth_facts(a, &facts);
        printf("in by %s\n", facts.method);
    } else {
        printf("%s: %s\n", pgseal_err_id(&err), err.msg);
    }
    pgseal_buf_done(&reply);
    pgseal_auth_free(a);
}

int main(void)
{
    struct pgseal_options opt = {.user = "app",
                                 .channel_binding = PGSEAL_ALLOW_OR_PREFER,
                                 .sslcertmode = PGSEAL_ALLOW_OR_PREFER};

    ask(&opt, true, false);
    ask(&opt, false, false);
    ask(&opt, false, true);
    opt.require_auth_text = "scram-sha-256";
    opt.require_auth = PGSEAL_AUTH_SCRAM;
    ask(&opt, true, false);
    return 0;
}
