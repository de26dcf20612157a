/* SPDX-License-Identifier: PostgreSQL */
/* Puts values into JSON, and prints it; jansson is loaded when somebody asks. */
#include "json_int.h"

#include "core/base/base.h"

static const struct cli_json_api *api;

bool cli_json_ready(void)
{
    if (api == NULL)
        api = cli_json_api();
    if (api == NULL)
        fputs("pgseal: error: --json needs libjansson.so.4\n", stderr);
    return api != NULL;
}

json_t *cli_json_object(void)
{
    return api->json_object();
}

json_t *cli_json_array(void)
{
    return api->json_array();
}

void cli_json_put(json_t *o, const char *key, json_t *value)
{
    api->json_object_set_new(o, key, value);
}

json_t *cli_json_string(const char *text)
{
    json_t *v = text != NULL ? api->json_string(text) : NULL;

    /* json_string() is NULL for what is no UTF-8, which a name on the command line may be. */
    return v != NULL ? v : api->json_null();
}

void cli_json_text(json_t *o, const char *key, const char *text)
{
    cli_json_put(o, key, cli_json_string(text));
}

void cli_json_int(json_t *o, const char *key, int64_t n)
{
    cli_json_put(o, key, api->json_integer(n));
}

void cli_json_bool(json_t *o, const char *key, bool b)
{
    cli_json_put(o, key, b ? api->json_true() : api->json_false());
}

void cli_json_null(json_t *o, const char *key)
{
    cli_json_put(o, key, api->json_null());
}

/* ISO 8601, so that any language reads it. */
void cli_json_time(json_t *o, const char *key, int64_t unix_s)
{
    char text[40];
    size_t n;

    pgseal__utc(text, unix_s);
    n = strlen(text);
    if (n > 4 && strcmp(text + n - 4, " UTC") == 0) {
        text[n - 4] = 'Z';
        text[n - 3] = '\0';
    }
    for (char *p = text; *p != '\0'; p++)
        if (*p == ' ')
            *p = 'T';
    cli_json_text(o, key, text);
}

void cli_json_add(json_t *array, json_t *value)
{
    api->json_array_append_new(array, value);
}

json_t *cli_json_cert(const struct pgseal_cert_info *c)
{
    json_t *o = api->json_object();

    cli_json_text(o, "subject", c->subject);
    cli_json_text(o, "issuer", c->issuer);
    cli_json_text(o, "names", c->names);
    cli_json_text(o, "serial", c->serial);
    cli_json_text(o, "sha256", c->sha256);
    cli_json_text(o, "key", c->key);
    cli_json_text(o, "signature", c->sig_alg);
    cli_json_time(o, "not_before", c->not_before_unix_s);
    cli_json_time(o, "not_after", c->not_after_unix_s);
    return o;
}

json_t *cli_json_error(const struct pgseal_err *err)
{
    json_t *o = api->json_object();

    cli_json_text(o, "code", pgseal_err_id(err));
    cli_json_text(o, "message", err->msg);
    cli_json_text(o, "seen", err->detail);
    cli_json_text(o, "why", pgseal_err_why(err));
    cli_json_text(o, "fix", err->hint);
    cli_json_text(o, "sqlstate", err->sqlstate[0] != '\0' ? err->sqlstate : NULL);
    return o;
}

bool cli_json_print(FILE *f, json_t *value)
{
    bool ok = api->json_dumpf(value, f, JSON_INDENT(2)) == 0;

    fputc('\n', f);
    api->json_delete(value);
    return ok && fflush(f) == 0;
}
