/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes a forecast: a host name, a line, then what a server sent. Nothing of it becomes a command.
 */
#include "ca/forecast.h"
#include "core/base/base.h"
#include "fuzz.h"

#include <openssl/err.h>

#define NOW INT64_C(1800000000)

/* A line that is a command: outside of single quotes only what we wrote runs something. */
static void harmless(const char *p, size_t n)
{
    static const char ours[] = "$(aws sts get-caller-identity ";
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        if (!quoted && p[i] == '\\' && i + 1 < n) {
            i++;
            continue;
        }
        if (p[i] == '\'')
            quoted = !quoted;
        if (quoted)
            continue;
        must(p[i] != '`' && p[i] != ';' && p[i] != '|' && p[i] != '"');
        must(p[i] != '$' || (n - i > sizeof(ours) && memcmp(p + i, ours, sizeof(ours) - 1) == 0));
    }
    must(!quoted);
}

static void check_steps(const struct ca_forecast *f)
{
    struct ca_steps steps;

    ca_forecast_steps(f, &steps);
    for (size_t i = 0; i < steps.n; i++) {
        must_be_text(steps.v[i].text, sizeof(steps.v[i].text), "\n");
        if (strlen(steps.v[i].text) + 1 == sizeof(steps.v[i].text))
            continue; /* cut, and marked as such */
        for (const char *at = steps.v[i].text; at != NULL; at = strchr(at, '\n')) {
            at += *at == '\n';
            if (*at == ' ')
                harmless(at, strcspn(at, "\n"));
        }
    }
}

/* Trusts what is in the input, so that verdicts of both kinds are met. */
static struct pgseal_tls_ctx *context(const uint8_t *pem, size_t n)
{
    struct pgseal_trust *t = pgseal_trust_new(NULL);
    struct pgseal_tls_options o = {.size = sizeof(o), .trust = t};
    struct pgseal_tls_ctx *ctx = NULL;

    if (t != NULL && pgseal_trust_add_pem(t, "roots.pem", pem, n, NULL) > 0)
        ctx = pgseal_tls_ctx_new(&o, NULL);
    pgseal_trust_free(t);
    return ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nl = memchr(data, '\n', size > 300 ? 300 : size);
    struct ca_forecast_in in = {.file = "roots.pem", .now_unix_s = NOW};
    struct pgseal_err unusable = {0};
    struct pgseal_chain *sent;
    struct ca_forecast f;
    char host[1300];

    if (nl == NULL || size > 65536)
        return 0;
    pgseal__escape(host, sizeof(host), data, (size_t)(nl - data), 256);
    nl++;
    sent = pgseal_chain_parse("sent.pem", nl, (size_t)(data + size - nl), NULL);
    in.host = in.target = host;
    in.sent = sent;
    in.bundle = nl;
    in.bundle_n = (size_t)(data + size - nl);
    in.ctx = context(in.bundle, in.bundle_n);
    in.unusable = &unusable;
    in.n_known = pgseal_known_cas(&in.known);
    if (sent != NULL && ca_forecast_make(&in, &f, NULL) == 0) {
        for (size_t i = 0; i < f.findings.n; i++) {
            must_be_text(f.findings.item[i].seen, sizeof(f.findings.item[i].seen), "\n");
            must_be_text(f.findings.item[i].fix, sizeof(f.findings.item[i].fix), "\n");
        }
        check_steps(&f);
        ca_forecast_done(&f);
    }
    pgseal_chain_free(sent);
    pgseal_tls_ctx_free(in.ctx);
    ERR_clear_error();
    return 0;
}
