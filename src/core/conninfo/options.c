/* SPDX-License-Identifier: PostgreSQL */
/* Validates the settings and turns them into typed options (PG18 fe-connect.c pqConnectOptions2).
 */
#include "conninfo_int.h"

#include <pgseal/wire.h>

#include <errno.h>
#include <limits.h>

struct word {
    const char *name;
    int value;
};

/* The value among `words`, or -1. libpq compares exactly; an empty value is none of them. */
static int find_word(const struct word *words, const char *text)
{
    for (size_t i = 0; words[i].name != NULL; i++) {
        if (strcmp(words[i].name, text) == 0)
            return words[i].value;
    }
    return -1;
}

static void list_words(const struct word *words, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; words[i].name != NULL; i++)
        pgseal__append(out, cap, "%s%s", i > 0 ? ", " : "", words[i].name);
}

int pgseal__bad_value(const struct pgseal_conninfo *ci, int param, const char *value,
                      const char *allowed, struct pgseal_err *err)
{
    const char *keyword = pgseal_conninfo_param((size_t)param)->keyword;
    bool quoted = param == PGSEAL_P_ssl_min_protocol_version ||
                  param == PGSEAL_P_ssl_max_protocol_version; /* as libpq has it */

    pgseal__fail(err, PGSEAL_E_OPTION,
                 quoted ? "invalid \"%s\" value: \"%s\"" : "invalid %s value: \"%s\"", keyword,
                 ci->v[param].hidden ? PGSEAL_MASK : value);
    pgseal__say_source(ci, param, err);
    pgseal__hint(err, "%s is one of: %s.", keyword, allowed);
    return PGSEAL_E_OPTION;
}

/* The value of a parameter that is one of some words; `fallback` when it is not set at all. */
static int take_word(const struct pgseal_conninfo *ci, int param, const struct word *words,
                     int fallback, int *out, struct pgseal_err *err)
{
    const char *text = ci->v[param].val;
    char allowed[256];

    *out = text != NULL ? find_word(words, text) : fallback;
    if (*out >= 0)
        return 0;
    list_words(words, allowed, sizeof(allowed));
    return pgseal__bad_value(ci, param, text, allowed, err);
}

static const struct word sslmodes[] = {{"disable", PGSEAL_SSLMODE_DISABLE},
                                       {"allow", PGSEAL_SSLMODE_ALLOW},
                                       {"prefer", PGSEAL_SSLMODE_PREFER},
                                       {"require", PGSEAL_SSLMODE_REQUIRE},
                                       {"verify-ca", PGSEAL_SSLMODE_VERIFY_CA},
                                       {"verify-full", PGSEAL_SSLMODE_VERIFY_FULL},
                                       {NULL, 0}};
static const struct word negotiations[] = {{"postgres", 0}, {"direct", 1}, {NULL, 0}};
static const struct word bindings[] = {{"disable", PGSEAL_DISABLE},
                                       {"prefer", PGSEAL_ALLOW_OR_PREFER},
                                       {"require", PGSEAL_REQUIRE},
                                       {NULL, 0}};
static const struct word certmodes[] = {{"disable", PGSEAL_DISABLE},
                                        {"allow", PGSEAL_ALLOW_OR_PREFER},
                                        {"require", PGSEAL_REQUIRE},
                                        {NULL, 0}};
static const struct word gssmodes[] = {{"disable", 0}, {"prefer", 1}, {"require", 2}, {NULL, 0}};
static const struct word sessions[] = {{"any", PGSEAL_SESSION_ANY},
                                       {"read-write", PGSEAL_SESSION_READ_WRITE},
                                       {"read-only", PGSEAL_SESSION_READ_ONLY},
                                       {"primary", PGSEAL_SESSION_PRIMARY},
                                       {"standby", PGSEAL_SESSION_STANDBY},
                                       {"prefer-standby", PGSEAL_SESSION_PREFER_STANDBY},
                                       {NULL, 0}};
static const struct word balances[] = {{"disable", 0}, {"random", 1}, {NULL, 0}};
static const struct word protocols[] = {
    {"3.0", PGSEAL_PROTO_3_0}, {"3.2", PGSEAL_PROTO_3_2}, {"latest", PGSEAL_PROTO_3_2}, {NULL, 0}};

/* sslmode and what may not stand beside a weak one. */
static int take_sslmode(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    const char *root = ci->v[PGSEAL_P_sslrootcert].val;
    const char *mode = ci->v[PGSEAL_P_sslmode].val;
    int value;
    int direct;
    int rc = take_word(ci, PGSEAL_P_sslmode, sslmodes, PGSEAL_SSLMODE_PREFER, &value, err);

    if (rc == 0)
        rc = take_word(ci, PGSEAL_P_sslnegotiation, negotiations, 0, &direct, err);
    if (rc < 0)
        return rc;
    ci->opt.sslmode = (enum pgseal_sslmode)value;
    ci->opt.direct = direct != 0;
    if (ci->opt.direct && value < PGSEAL_SSLMODE_REQUIRE)
        rc = pgseal__fail(err, PGSEAL_E_OPTION,
                          "weak sslmode \"%s\" may not be used with sslnegotiation=direct (use "
                          "\"require\", \"verify-ca\", or \"verify-full\")",
                          mode);
    else if (root != NULL && strcmp(root, "system") == 0 && value != PGSEAL_SSLMODE_VERIFY_FULL)
        rc = pgseal__fail(err, PGSEAL_E_OPTION,
                          "weak sslmode \"%s\" may not be used with sslrootcert=system (use "
                          "\"verify-full\")",
                          mode);
    if (rc < 0) {
        pgseal__say_source(ci, PGSEAL_P_sslmode, err);
        pgseal__hint(err, "Write sslmode=verify-full.");
    }
    return rc;
}

/* 0x0301..0x0304, 0 when not set, -1 when it is none. Case does not matter here. */
static int tls_version(const char *text)
{
    static const char *const name[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

    if (text == NULL || text[0] == '\0')
        return 0;
    for (int i = 0; i < (int)PGSEAL_COUNT(name); i++) {
        if (pgseal__strcasecmp(text, name[i]) == 0)
            return 0x0301 + i;
    }
    return -1;
}

static int take_tls_range(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    static const char allowed[] = "TLSv1, TLSv1.1, TLSv1.2, TLSv1.3";
    struct pgseal_options *o = &ci->opt;

    o->tls_min_text = ci->v[PGSEAL_P_ssl_min_protocol_version].val;
    o->tls_max_text = ci->v[PGSEAL_P_ssl_max_protocol_version].val;
    o->tls_min = tls_version(o->tls_min_text);
    o->tls_max = tls_version(o->tls_max_text);
    if (o->tls_min < 0)
        return pgseal__bad_value(ci, PGSEAL_P_ssl_min_protocol_version, o->tls_min_text, allowed,
                                 err);
    if (o->tls_max < 0)
        return pgseal__bad_value(ci, PGSEAL_P_ssl_max_protocol_version, o->tls_max_text, allowed,
                                 err);
    if (o->tls_min == 0 || o->tls_max == 0 || o->tls_min <= o->tls_max)
        return 0;
    pgseal__fail(err, PGSEAL_E_OPTION, "invalid SSL protocol version range");
    pgseal__detail(err, "ssl_min_protocol_version is %s (%s), ssl_max_protocol_version is %s (%s).",
                   pgseal__shown(ci, PGSEAL_P_ssl_min_protocol_version),
                   ci->v[PGSEAL_P_ssl_min_protocol_version].origin,
                   pgseal__shown(ci, PGSEAL_P_ssl_max_protocol_version),
                   ci->v[PGSEAL_P_ssl_max_protocol_version].origin);
    pgseal__hint(err, "Leave ssl_max_protocol_version out.");
    return PGSEAL_E_OPTION;
}

static int take_gssencmode(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    int value;
    int rc = take_word(ci, PGSEAL_P_gssencmode, gssmodes, 0, &value, err);

    if (rc < 0 || value != 2)
        return rc;
    pgseal__fail(err, PGSEAL_E_UNSUPPORTED,
                 "gssencmode value \"%s\" invalid when GSSAPI support is not compiled in",
                 ci->v[PGSEAL_P_gssencmode].val);
    pgseal__say_source(ci, PGSEAL_P_gssencmode, err);
    pgseal__hint(err,
                 "pgseal protects connections by TLS: gssencmode=disable sslmode=verify-full.");
    return PGSEAL_E_UNSUPPORTED;
}

static int take_protocol_range(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    int min;
    int max;
    int rc = take_word(ci, PGSEAL_P_min_protocol_version, protocols, PGSEAL_PROTO_3_0, &min, err);

    if (rc < 0)
        return rc;
    /* Not asked for, 3.0 is what old servers and poolers understand; min asks for more. */
    rc = take_word(ci, PGSEAL_P_max_protocol_version, protocols,
                   min > (int)PGSEAL_PROTO_3_0 ? (int)PGSEAL_PROTO_3_2 : (int)PGSEAL_PROTO_3_0,
                   &max, err);
    if (rc < 0)
        return rc;
    if (min > max) {
        pgseal__fail(err, PGSEAL_E_OPTION,
                     "\"min_protocol_version\" is greater than \"max_protocol_version\"");
        pgseal__detail(err, "min_protocol_version is set by %s, max_protocol_version by %s.",
                       ci->v[PGSEAL_P_min_protocol_version].origin,
                       ci->v[PGSEAL_P_max_protocol_version].origin);
        pgseal__hint(err, "Leave max_protocol_version out.");
        return PGSEAL_E_OPTION;
    }
    ci->opt.proto_min = (uint32_t)min;
    ci->opt.proto_max = (uint32_t)max;
    return 0;
}

bool pgseal__int(const char *text, int *out)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || errno != 0 || value < INT_MIN || value > INT_MAX)
        return false;
    while (pgseal__is_space(*end))
        end++;
    *out = (int)value;
    return *end == '\0';
}

/* A number >= 0; what is wrong with it is said when a socket is there, as in libpq. */
static int number(const struct pgseal_conninfo *ci, int param, int fallback)
{
    const char *text = ci->v[param].val;
    int value;

    if (text == NULL)
        return fallback;
    if (!pgseal__int(text, &value) || value < 0)
        return 0;
    return value;
}

static void take_numbers(struct pgseal_conninfo *ci)
{
    struct pgseal_options *o = &ci->opt;
    const char *keepalives = ci->v[PGSEAL_P_keepalives].val;
    int on = 1;

    o->connect_timeout_s = number(ci, PGSEAL_P_connect_timeout, 0);
    if (keepalives != NULL && !pgseal__int(keepalives, &on))
        on = 0;
    o->keepalives = on != 0;
    o->keepalives_idle_s = o->keepalives_interval_s = o->keepalives_count = -1;
    if (!o->keepalives)
        return; /* libpq then sets tcp_user_timeout neither */
    o->keepalives_idle_s = number(ci, PGSEAL_P_keepalives_idle, -1);
    o->keepalives_interval_s = number(ci, PGSEAL_P_keepalives_interval, -1);
    o->keepalives_count = number(ci, PGSEAL_P_keepalives_count, -1);
    o->tcp_user_timeout_ms = number(ci, PGSEAL_P_tcp_user_timeout, 0);
}

static void take_texts(struct pgseal_conninfo *ci)
{
    struct pgseal_options *o = &ci->opt;
    const char *sni = ci->v[PGSEAL_P_sslsni].val;
    const char *name = ci->v[PGSEAL_P_application_name].val;

    o->sslsni = sni != NULL && sni[0] == '1';
    o->sslrootcert = pgseal__given(ci, PGSEAL_P_sslrootcert);
    o->sslcrl = pgseal__given(ci, PGSEAL_P_sslcrl);
    o->sslcrldir = pgseal__given(ci, PGSEAL_P_sslcrldir);
    o->sslcert = pgseal__given(ci, PGSEAL_P_sslcert);
    o->sslkey = pgseal__given(ci, PGSEAL_P_sslkey);
    o->sslpassword = pgseal__given(ci, PGSEAL_P_sslpassword);
    o->sslkeylogfile = pgseal__given(ci, PGSEAL_P_sslkeylogfile);
    o->requirepeer = pgseal__given(ci, PGSEAL_P_requirepeer);
    o->user = ci->v[PGSEAL_P_user].val;
    o->dbname = ci->v[PGSEAL_P_dbname].val;
    o->replication = pgseal__given(ci, PGSEAL_P_replication);
    o->options = pgseal__given(ci, PGSEAL_P_options);
    if (name == NULL) /* an empty name is a name: nothing is sent then */
        name = ci->v[PGSEAL_P_fallback_application_name].val;
    o->application_name = name != NULL && name[0] != '\0' ? name : NULL;
}

/* It has no default in the table; libpq sets this one while it validates. */
static int take_certmode(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    struct pgseal__value *v = &ci->v[PGSEAL_P_sslcertmode];
    int value = PGSEAL_ALLOW_OR_PREFER;
    int rc = v->val == NULL ? pgseal__value_set(v, "allow", "default", NULL, err) : 0;

    if (rc == 0)
        rc = take_word(ci, PGSEAL_P_sslcertmode, certmodes, value, &value, err);
    ci->opt.sslcertmode = (enum pgseal_tristate)value;
    return rc;
}

int pgseal__options(struct pgseal_conninfo *ci, struct pgseal_err *err)
{
    struct pgseal_options *o = &ci->opt;
    int value = 0;
    int rc = pgseal__require_auth(ci, err);

    if (rc == 0)
        rc = take_word(ci, PGSEAL_P_channel_binding, bindings, PGSEAL_ALLOW_OR_PREFER, &value, err);
    o->channel_binding = (enum pgseal_tristate)value;
    if (rc == 0)
        rc = take_sslmode(ci, err);
    if (rc == 0)
        rc = take_tls_range(ci, err);
    if (rc == 0)
        rc = take_certmode(ci, err);
    if (rc == 0)
        rc = take_gssencmode(ci, err);
    if (rc == 0)
        rc =
            take_word(ci, PGSEAL_P_target_session_attrs, sessions, PGSEAL_SESSION_ANY, &value, err);
    o->session = (enum pgseal_session_attrs)value;
    if (rc == 0)
        rc = pgseal__scram_keys(ci, err);
    if (rc == 0)
        rc = take_word(ci, PGSEAL_P_load_balance_hosts, balances, 0, &value, err);
    o->load_balance = value == 1;
    if (rc == 0)
        rc = take_protocol_range(ci, err);
    if (rc < 0)
        return rc;
    take_numbers(ci);
    take_texts(ci);
    return 0;
}
