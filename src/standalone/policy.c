/* SPDX-License-Identifier: PostgreSQL */
/* openssl.cnf of another distribution: obeyed, and not refused for one line of that one's patches.
 */
#include "standalone.h"

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * RHEL, Fedora and Amazon Linux have "rh-allow-sha1-signatures" in a section that upstream's
 * OpenSSL reads (crypto/evp/evp_cnf.c) and refuses, and "config_diagnostics = 1", by which one
 * refused line is the end of every TLS connection. The line can go: it governs signatures by
 * SHA-1, which upstream's security level 1 already takes from nobody. The rest of the file is
 * policy.
 */
static void forget_patches(const CONF *conf)
{
    const char *init = NCONF_get_string(conf, NULL, "openssl_conf");
    const char *alg = init != NULL ? NCONF_get_string(conf, init, "alg_section") : NULL;
    STACK_OF(CONF_VALUE) *rows = alg != NULL ? NCONF_get_section(conf, alg) : NULL;

    for (int i = sk_CONF_VALUE_num(rows) - 1; i >= 0; i--)
        if (strncmp(sk_CONF_VALUE_value(rows, i)->name, "rh-", 3) == 0)
            (void)sk_CONF_VALUE_delete(rows, i); /* its few bytes stay until the end */
    ERR_clear_error();                           /* of what was looked for and is not there */
}

/* Errors are ours to tell, so they are not to end everything. */
static void without_diagnostics(const CONF *conf)
{
    STACK_OF(CONF_VALUE) *rows = NCONF_get_section(conf, "default");

    for (int i = 0; i < sk_CONF_VALUE_num(rows); i++) {
        CONF_VALUE *v = sk_CONF_VALUE_value(rows, i);

        if (strcmp(v->name, "config_diagnostics") == 0 && v->value[0] != '\0')
            memcpy(v->value, "0", v->value[1] == '\0' ? 1 : 2);
    }
    ERR_clear_error();
}

/* The first error is the cause; its data names the module or the file. */
static void warn(const char *file)
{
    const char *data = "";
    int flags = 0;
    unsigned long why = ERR_get_error_all(NULL, NULL, NULL, &data, &flags);
    const char *text = why != 0 ? ERR_reason_error_string(why) : NULL;

    fprintf(
        stderr,
        "pgseal: warning: %s cannot be obeyed in full: %s%s%s; OPENSSL_CONF=FILE names another\n",
        file, text != NULL ? text : "no reason given",
        (flags & ERR_TXT_STRING) != 0 && *data != '\0' ? ": " : "",
        (flags & ERR_TXT_STRING) != 0 ? data : "");
    ERR_clear_error();
}

static void load(CONF *conf, const char *file)
{
    if (NCONF_load(conf, file, NULL) <= 0) {
        if (ERR_GET_REASON(ERR_peek_last_error()) != CONF_R_NO_SUCH_FILE)
            warn(file);
        return;
    }
    forget_patches(conf);
    without_diagnostics(conf);
    if (CONF_modules_load(conf, NULL, CONF_MFLAGS_DEFAULT_SECTION) > 0)
        return;
    warn(file);
    /* Once more: what comes behind the module that could not be had is policy too. */
    (void)CONF_modules_load(conf, NULL, CONF_MFLAGS_DEFAULT_SECTION | CONF_MFLAGS_IGNORE_ERRORS);
}

void standalone_start(void)
{
    char *file;
    CONF *conf;

    /* OpenSSL's own loading is done with that. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    file = CONF_get1_default_config_file();
    conf = NCONF_new(NULL);
    if (file != NULL && *file != '\0' && conf != NULL)
        load(conf, file);
    NCONF_free(conf);
    OPENSSL_free(file);
    ERR_clear_error();
}
