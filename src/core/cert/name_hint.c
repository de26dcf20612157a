/* SPDX-License-Identifier: PostgreSQL */
/* What to type when a certificate is for another name than the one asked for. */
#include "cert_int.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

/* Calls fn with each DNS name of the certificate, or with its CN when it has none. */
static void each_name(X509 *cert, void (*fn)(void *ctx, const char *name), void *ctx)
{
    GENERAL_NAMES *sans = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    const X509_NAME *subject = X509_get_subject_name(cert);
    int cn = subject != NULL ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;
    char name[256];
    bool any = false;

    for (int i = 0; sans != NULL && i < sk_GENERAL_NAME_num(sans); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);

        if (san->type != GEN_DNS)
            continue;
        any = true;
        fn(ctx, pgseal__escape(name, sizeof(name), ASN1_STRING_get0_data(san->d.dNSName),
                               (size_t)ASN1_STRING_length(san->d.dNSName), 253));
    }
    if (!any && cn >= 0) {
        const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, cn));

        fn(ctx, pgseal__escape(name, sizeof(name), ASN1_STRING_get0_data(s),
                               (size_t)ASN1_STRING_length(s), 253));
    }
    GENERAL_NAMES_free(sans);
    ERR_clear_error();
}

/* What the names of the certificate have to do with the host that was typed. */
struct nearest {
    const char *host;
    char plain[256];     /* the first name that could be typed as it is */
    char same_head[256]; /* a name that begins with the host and a dot */
    char wildcard[256];  /* a wildcard whose suffix the host has, with too many labels */
    bool without_dot;    /* the host without its final dot is one of the names */
};

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);

    return n >= m && pgseal__strcasecmp(s + n - m, suffix) == 0;
}

/* A host, not a person or a product; and nothing that a shell would take for more than a word. */
static bool is_typeable(const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if (strchr("$`;&|<>()'\"\\ *?[]{}~#!", *p) != NULL)
            return false;
    return strchr(name, '.') != NULL && name[0] != '-';
}

static void look(void *ctx, const char *name)
{
    struct nearest *near = ctx;
    size_t n = strlen(near->host);
    size_t m = strlen(name);
    char head[256];

    if (name[0] == '*') {
        if (ends_with(near->host, name + 1))
            pgseal__format(near->wildcard, sizeof(near->wildcard), "%s", name);
        return;
    }
    if (!is_typeable(name))
        return;
    if (near->plain[0] == '\0')
        pgseal__format(near->plain, sizeof(near->plain), "%s", name);
    if (n > 0 && near->host[n - 1] == '.' && n - 1 == m) {
        pgseal__format(head, sizeof(head), "%.*s", (int)m, near->host);
        near->without_dot = near->without_dot || pgseal__strcasecmp(head, name) == 0;
    }
    if (m > n && name[n] == '.') {
        pgseal__format(head, sizeof(head), "%.*s", (int)n, name);
        if (pgseal__strcasecmp(head, near->host) == 0)
            pgseal__format(near->same_head, sizeof(near->same_head), "%s", name);
    }
}

static void say_names(X509 *cert, struct pgseal_err *err)
{
    char names[1400];
    char subject[400];

    pgseal__names_text(cert, names, sizeof(names));
    pgseal__name_short(X509_get_subject_name(cert), subject, sizeof(subject));
    if (names[0] != '\0')
        pgseal__detail(err, "The certificate \"%s\" is for: %s.", subject, names);
    else
        pgseal__detail(err,
                       "The certificate \"%s\" has no subject alternative names, so its common "
                       "name counts.",
                       subject);
}

void pgseal__name_hint(X509 *cert, const char *host, struct pgseal_err *err)
{
    struct nearest near = {.host = host};
    struct in_addr a4;
    struct in6_addr a6;
    char shown[300];

    if (err == NULL)
        return;
    say_names(cert, err);
    each_name(cert, look, &near);
    pgseal__escape(shown, sizeof(shown), host, strlen(host), 253);
    if (near.without_dot)
        pgseal__hint(err, "Type the host without its final dot: host=%s", near.plain);
    else if (near.same_head[0] != '\0')
        pgseal__hint(err, "Type the whole name: host=%s", near.same_head);
    else if (inet_pton(AF_INET, host, &a4) == 1 || inet_pton(AF_INET6, host, &a6) == 1) {
        if (near.plain[0] != '\0')
            pgseal__hint(err,
                         "If this address is the server %s, give the name to verify and the "
                         "address to connect to: \"host=%s hostaddr=%s\".",
                         near.plain, near.plain, shown);
        else
            pgseal__hint(err, "Connect by a name the certificate has, or have one issued with "
                              "this address in it.");
    } else if (near.wildcard[0] != '\0')
        pgseal__hint(err,
                     "%s stands for exactly one label before the dot. Use an endpoint with one "
                     "label there, or have a certificate issued for %s.",
                     near.wildcard, shown);
    else if (near.plain[0] != '\0')
        pgseal__hint(err,
                     "If %s (an alias, a tunnel, a load balancer) leads to the server %s, verify "
                     "that name and connect to the address: \"host=%s hostaddr=ADDRESS\". If not, "
                     "you reached another server: do not go on.",
                     shown, near.plain, near.plain);
    else
        pgseal__hint(err,
                     "Have a certificate issued that has DNS:%s among its subject "
                     "alternative names.",
                     shown);
}
