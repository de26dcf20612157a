/* SPDX-License-Identifier: PostgreSQL */
/* Every row of tests/data/chains.tbl: OpenSSL's verdict, and the story told about it. */
#include "core/cert/cert_int.h"

#include "certs.h"
#include "t.h"

#include <openssl/x509v3.h>

/* One line "case ...". */
struct row {
    char name[64], send[256], trust[256], crl[256], code[80];
    char *words; /* behind the first " | ", or NULL */
    long now, level;
    int depth; /* -1 = not said */
    bool system;
};

static void read_row(char *line, struct row *r)
{
    char *arrow = strstr(line, " -> ");
    char *rest = NULL;
    char *word;

    *r = (struct row){.level = 2, .depth = -1};
    assert_non_null(arrow);
    *arrow = '\0';
    arrow += 4;
    r->words = strstr(arrow, " | ");
    if (r->words != NULL) {
        *r->words = '\0';
        r->words += 3;
    }
    assert_true(sscanf(arrow, "%79s %d", r->code, &r->depth) >= 1);
    word = strtok_r(line, " \n", &rest); /* "case" */
    snprintf(r->name, sizeof(r->name), "%s", strtok_r(NULL, " \n", &rest));
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        char *value = strchr(word, '=');

        if (strcmp(word, "system") == 0) {
            r->system = true;
            continue;
        }
        assert_non_null(value);
        *value++ = '\0';
        if (strcmp(word, "send") == 0)
            snprintf(r->send, sizeof(r->send), "%s", value);
        else if (strcmp(word, "trust") == 0)
            snprintf(r->trust, sizeof(r->trust), "%s", value);
        else if (strcmp(word, "crl") == 0)
            snprintf(r->crl, sizeof(r->crl), "%s", value);
        else if (strcmp(word, "now") == 0)
            r->now = strtol(value, NULL, 10);
        else if (strcmp(word, "level") == 0)
            r->level = strtol(value, NULL, 10);
        else
            fail_msg("%s: unknown word \"%s\"", r->name, word);
    }
}

/* The PEM texts of a list of names, one behind the other. */
static void pem_of(struct t_certs *pki, const char *names, char *out, size_t cap)
{
    char list[256];
    char *rest = NULL;

    out[0] = '\0';
    snprintf(list, sizeof(list), "%s", names);
    for (char *s = strtok_r(list, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest)) {
        const struct t_cert_item *item = t_certs_get(pki, s + (s[0] == '!'));

        pgseal__append(out, cap, "%s%s", s[0] == '!' ? "    " : "",
                       item->cert != NULL ? pgseal_minted_cert_pem(item->cert) : item->crl_pem);
    }
}

static struct pgseal_trust *trust_of(struct t_certs *pki, const struct row *r)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    char text[16384];

    pem_of(pki, r->trust, text, sizeof(text));
    if (text[0] != '\0')
        assert_true(pgseal_trust_add_pem(t, "root.pem", (const uint8_t *)text, strlen(text), NULL) >
                    0);
    pem_of(pki, r->crl, text, sizeof(text));
    if (text[0] != '\0') {
        assert_true(pgseal_trust_add_pem(t, "root.crl", (const uint8_t *)text, strlen(text), NULL) >
                    0);
        pgseal_trust_check_crls(t);
    }
    t->system = r->system;
    return t;
}

static STACK_OF(X509) * sent_of(struct t_certs *pki, const struct row *r)
{
    STACK_OF(X509) *sent = sk_X509_new_null();
    char list[256];
    char *rest = NULL;

    snprintf(list, sizeof(list), "%s", r->send);
    for (char *s = strtok_r(list, ",", &rest); s != NULL; s = strtok_r(NULL, ",", &rest)) {
        X509 *cert = t_certs_get(pki, s)->cert->cert;

        X509_up_ref(cert);
        sk_X509_push(sent, cert);
    }
    return sent;
}

/* The first error, as a TLS handshake with the usual callback (return preverify_ok) sees it. */
static void judge(struct pgseal__evidence *e)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    bool ok;

    assert_int_equal(X509_STORE_CTX_init(ctx, pgseal__trust_store(e->trust), e->leaf, e->sent), 1);
    X509_STORE_CTX_set_default(ctx, "ssl_server");
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, e->now_unix_s);
    X509_VERIFY_PARAM_set_auth_level(param, e->auth_level);
    ok = X509_verify_cert(ctx) == 1;
    assert_int_equal(ok, X509_STORE_CTX_get_error(ctx) == X509_V_OK);
    e->error = X509_STORE_CTX_get_error(ctx);
    e->depth = X509_STORE_CTX_get_error_depth(ctx);
    e->at = X509_STORE_CTX_get_current_cert(ctx);
    if (e->at != NULL)
        X509_up_ref(e->at);
    X509_STORE_CTX_free(ctx);
}

/* Whether the words of a row stand in the story; those after "!" must not. */
static bool words_fit(const struct row *r, const struct pgseal_err *err)
{
    char words[2048];
    bool ok = true;

    if (r->words == NULL)
        return true;
    snprintf(words, sizeof(words), "%s", r->words);
    words[strcspn(words, "\n")] = '\0';
    for (char *w = words, *next; w != NULL; w = next) {
        bool not = w[0] == '!';

        next = strstr(w, " | ");
        if (next != NULL) {
            *next = '\0';
            next += 3;
        }
        if ((strstr(err->detail, w + not ) != NULL || strstr(err->hint, w + not ) != NULL) ==
            not ) {
            print_error("%s: %s \"%s\"\n", r->name, not ? "must not say" : "does not say",
                        w + not );
            ok = false;
        }
    }
    return ok;
}

static bool run_row(struct t_certs *pki, const struct row *r)
{
    struct pgseal_err err = {.code = PGSEAL_E_CERT};
    struct pgseal__evidence e = {.now_unix_s = T_TODAY + r->now * T_DAY_S,
                                 .auth_level = (int)r->level};
    struct pgseal_trust *t = trust_of(pki, r);
    STACK_OF(X509) *sent = sent_of(pki, r);
    bool ok;

    e.trust = t;
    e.sent = sent;
    e.leaf = sk_X509_value(sent, 0);
    judge(&e);
    if (e.error == X509_V_OK) {
        ok = strcmp(r->code, "OK") == 0;
        if (!ok)
            print_error("%s: accepted, not %s\n", r->name, r->code);
    } else {
        pgseal__cert_explain(&e, &err);
        ok = strcmp(pgseal_err_id(&err), r->code) == 0 && (r->depth < 0 || r->depth == err.depth) &&
             words_fit(r, &err) && err.detail[0] != '\0' && err.hint[0] != '\0';
        if (getenv("PGSEAL_SHOW_STORIES") != NULL || !ok)
            print_message("%s: %s depth %d\n  seen: %s\n  fix: %s\n", r->name, pgseal_err_id(&err),
                          err.depth, err.detail, err.hint);
    }
    X509_free(e.at);
    sk_X509_pop_free(sent, X509_free);
    pgseal_trust_free(t);
    return ok;
}

static void test_explain__every_row__verdict_and_words(void **state)
{
    static struct t_certs pki;
    FILE *f = fopen(TEST_DATA "/chains.tbl", "r");
    char line[2048];
    int wrong = 0;
    int rows = 0;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        struct row r;

        if (strncmp(line, "cert ", 5) == 0 || strncmp(line, "crl ", 4) == 0) {
            t_certs_line(&pki, line);
        } else if (strncmp(line, "case ", 5) == 0) {
            read_row(line, &r);
            wrong += !run_row(&pki, &r);
            rows++;
        }
    }
    fclose(f);
    t_certs_done(&pki);
    assert_int_equal(wrong, 0);
    assert_true(rows >= 80);
}

/* A chain and a trust set that everything is right with. */
struct good {
    struct t_certs certs;
    struct pgseal_trust *trust;
    STACK_OF(X509) * sent;
    struct pgseal__evidence e;
};

static void make_good(struct good *g)
{
    const struct row r = {.send = "leaf,sub", .trust = "root", .crl = "rootcrl,subcrl"};

    memset(g, 0, sizeof(*g));
    t_certs_line(&g->certs, "cert root cn=Root ca");
    t_certs_line(&g->certs, "cert sub cn=Sub ca issuer=root");
    t_certs_line(&g->certs, "cert leaf cn=db.example.com san=DNS:db.example.com issuer=sub");
    t_certs_line(&g->certs, "crl rootcrl issuer=root");
    t_certs_line(&g->certs, "crl subcrl issuer=sub");
    g->trust = trust_of(&g->certs, &r);
    g->sent = sent_of(&g->certs, &r);
    g->e = (struct pgseal__evidence){.trust = g->trust,
                                     .sent = g->sent,
                                     .leaf = sk_X509_value(g->sent, 0),
                                     .at = sk_X509_value(g->sent, 0),
                                     .now_unix_s = T_TODAY,
                                     .auth_level = 2};
}

static void drop_good(struct good *g)
{
    sk_X509_pop_free(g->sent, X509_free);
    pgseal_trust_free(g->trust);
    t_certs_done(&g->certs);
}

static void check_told(const struct pgseal__evidence *e)
{
    struct pgseal_err err = {.code = PGSEAL_E_CERT};

    pgseal__cert_explain(e, &err);
    assert_int_equal(err.x509, e->error);
    assert_int_equal(err.depth, e->depth);
    if (err.detail[0] == '\0' || err.hint[0] == '\0')
        fail_msg("%s: \"%s\" \"%s\"", pgseal_err_id(&err), err.detail, err.hint);
}

/* Also those that OpenSSL never gives here, and with as little as can be known. */
static void test_explain__every_code__has_a_story(void **state)
{
    struct good g;

    make_good(&g);
    for (int error = 1; error <= 120; error++) {
        struct pgseal__evidence e = g.e;

        e.error = error;
        check_told(&e);
        e.depth = 1;
        e.at = sk_X509_value(g.sent, 1);
        e.server_side = true;
        check_told(&e);
        e.depth = 3;
        e.at = NULL;
        e.sent = NULL;
        check_told(&e);
        e.trust = NULL;
        check_told(&e);
        e.leaf = NULL;
        check_told(&e);
    }
    pgseal__cert_explain(&g.e, NULL);
    drop_good(&g);
}

/* More certificates than OpenSSL follows (100 authorities). */
static void test_explain__chain_too_long__said(void **state)
{
    static struct t_certs certs;
    struct pgseal__evidence e = {.now_unix_s = T_TODAY, .auth_level = 2};
    struct pgseal_err err = {.code = PGSEAL_E_CERT};
    struct row r = {.trust = "ca0"};
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct pgseal_trust *t;
    char line[100];

    t_certs_line(&certs, "cert ca0 cn=ca0 ca");
    for (int i = 1; i <= 103; i++) {
        snprintf(line, sizeof(line), "cert ca%d cn=ca%d ca issuer=ca%d", i, i, i - 1);
        t_certs_line(&certs, line);
        snprintf(line, sizeof(line), "ca%d", i);
        sk_X509_unshift(sent, t_certs_get(&certs, line)->cert->cert);
    }
    t = trust_of(&certs, &r);
    e.trust = t;
    e.sent = sent;
    e.leaf = sk_X509_value(sent, 0);
    judge(&e);
    assert_int_equal(e.error, X509_V_ERR_CERT_CHAIN_TOO_LONG);
    pgseal__cert_explain(&e, &err);
    assert_string_equal(pgseal_err_id(&err), "X509_CERT_CHAIN_TOO_LONG");
    assert_non_null(strstr(err.hint, "only its certificate and the intermediates it needs"));
    X509_free(e.at);
    sk_X509_free(sent);
    pgseal_trust_free(t);
    t_certs_done(&certs);
}

static void test_explain__verdict_stands(void **state)
{
    struct good g;
    struct pgseal_err err = {.code = PGSEAL_E_CERT};

    make_good(&g);
    g.e.at = NULL;
    judge(&g.e);
    assert_int_equal(g.e.error, X509_V_OK);
    X509_free(g.e.at);
    g.e.at = NULL;
    g.e.error = X509_V_ERR_CERT_REVOKED; /* told by others: not doubted, not repeated */
    pgseal__cert_explain(&g.e, &err);
    assert_int_equal(err.x509, X509_V_ERR_CERT_REVOKED);
    judge(&g.e);
    assert_int_equal(g.e.error, X509_V_OK);
    X509_free(g.e.at);
    drop_good(&g);
}

static void test_explain__allocation_fails__tells_what_it_can(void **state)
{
    static const int errors[] = {X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_UNABLE_TO_GET_CRL,
                                 X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY};
    struct good g;

    make_good(&g);
    for (size_t i = 0; i < PGSEAL_COUNT(errors); i++) {
        long live = pgseal__alloc_live();
        long failed = 0;

        for (long n = 0;; n++) {
            long calls = pgseal__alloc_calls();

            g.e.error = errors[i];
            pgseal__alloc_fail_after(n);
            check_told(&g.e);
            pgseal__alloc_fail_after(-1);
            assert_int_equal(pgseal__alloc_live(), live);
            if (pgseal__alloc_calls() - calls <= n)
                break;
            failed++;
        }
        assert_true(failed >= 4);
    }
    drop_good(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain__every_row__verdict_and_words),
        cmocka_unit_test(test_explain__every_code__has_a_story),
        cmocka_unit_test(test_explain__chain_too_long__said),
        cmocka_unit_test(test_explain__verdict_stands),
        cmocka_unit_test(test_explain__allocation_fails__tells_what_it_can),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
