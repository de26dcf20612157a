/* SPDX-License-Identifier: PostgreSQL */
/* Reads tests/data/scram.tbl and plays the server of its rows. */
#include "table.h"

#include "core/auth/auth_int.h"

#include "t.h"

/* Keys of "secret" with the salt of {S} and 4096 iterations: {CK} and {SK}. */
static const uint8_t client_key[32] = {
    0x50, 0x36, 0x01, 0x24, 0x57, 0xa4, 0x19, 0x45, 0x82, 0x5e, 0xac, 0x0c, 0xa5, 0x6b, 0x47, 0xa2,
    0x8c, 0xc7, 0x4a, 0xc8, 0xe7, 0x3f, 0xe9, 0x09, 0x0c, 0x1f, 0xcc, 0xf7, 0x74, 0x12, 0xf1, 0xcc};
static const uint8_t server_key[32] = {
    0x56, 0x96, 0x25, 0x06, 0xec, 0x72, 0xcd, 0xe0, 0x88, 0xd4, 0xa9, 0xdc, 0xb6, 0xb7, 0x9f, 0x76,
    0x58, 0xe9, 0x07, 0x59, 0xa4, 0xdc, 0x6a, 0x7b, 0xb0, 0x12, 0x3f, 0xb7, 0x5d, 0x7e, 0x36, 0x44};
static const char salt[] = "MDEyMzQ1Njc4OWFiY2RlZg==";

static void set_text(char *out, size_t cap, const char *text)
{
    size_t n = strlen(text);

    assert_true(n < cap);
    memcpy(out, text, n + 1);
}

static void read_messages(struct row *r, char *text)
{
    char *save = NULL;

    r->count = 0;
    for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        assert_true(r->count < ROW_MESSAGES_MAX && strlen(w) < sizeof(r->messages[0]));
        snprintf(r->messages[r->count++], sizeof(r->messages[0]), "%s", w);
    }
}

static void read_outcome(struct row *r, const char *text)
{
    size_t n = 0;

    if (strncmp(text, "own: ", 5) == 0)
        text += 5;
    if (*text == '"')
        text++;
    for (; *text != '\0' && n + 1 < sizeof(r->outcome); text++) {
        if (text[0] == '\\' && text[1] == 'n') {
            r->outcome[n++] = '\n';
            text++;
        } else if (text[0] != '"' || text[1] != '\0') {
            r->outcome[n++] = *text;
        }
    }
    r->outcome[n] = '\0';
}

bool table_next(FILE *f, int *line, struct row *out)
{
    char text[2048];

    while (fgets(text, sizeof(text), f) != NULL) {
        char *transport, *messages, *outcome;

        ++*line;
        text[strcspn(text, "\n")] = '\0';
        if (text[0] == '\0' || text[0] == '#')
            continue;
        transport = strstr(text, " | ");
        messages = transport != NULL ? strstr(transport + 3, " | ") : NULL;
        outcome = messages != NULL ? strstr(messages, " -> ") : NULL;
        if (outcome == NULL)
            fail_msg("scram.tbl:%d is not a row", *line);
        *transport = *messages = *outcome = '\0';
        memset(out, 0, sizeof(*out));
        out->line = *line;
        set_text(out->settings, sizeof(out->settings), text);
        out->tls = strncmp(transport + 3, "tls", 3) == 0;
        read_messages(out, messages + 3);
        read_outcome(out, outcome + 4);
        return true;
    }
    return false;
}

static uint32_t require_auth(char *list)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } names[] = {{"none", PGSEAL_AUTH_NONE},  {"password", PGSEAL_AUTH_PASSWORD},
                 {"md5", PGSEAL_AUTH_MD5},    {"gss", PGSEAL_AUTH_GSS},
                 {"sspi", PGSEAL_AUTH_SSPI},  {"scram-sha-256", PGSEAL_AUTH_SCRAM},
                 {"oauth", PGSEAL_AUTH_OAUTH}};
    uint32_t bits = 0, all = 0;
    bool negative = list[0] == '!';
    char *save = NULL;

    if (list[0] == '\0')
        return PGSEAL_AUTH_NONE;
    for (char *w = strtok_r(list, ",", &save); w != NULL; w = strtok_r(NULL, ",", &save)) {
        for (size_t i = 0; i < PGSEAL_COUNT(names); i++) {
            all |= names[i].bit;
            if (strcmp(w + (negative ? 1 : 0), names[i].name) == 0)
                bits |= names[i].bit;
        }
    }
    return negative ? all & ~bits : bits;
}

static int binding(void *ctx, uint8_t out[64], struct pgseal_err *err)
{
    memset(out, 0xb1, 32);
    return 32;
}

static void set_option(struct row_options *o, const char *name, char *value)
{
    static char text[256];
    bool require = strcmp(value, "require") == 0;

    if (strcmp(value, "''") == 0)
        value[0] = '\0';
    if (strcmp(name, "nopassword") == 0) {
        o->auth.password = NULL;
    } else if (strcmp(name, "password") == 0) {
        o->auth.password = value;
    } else if (strcmp(name, "channel_binding") == 0) {
        o->opt.channel_binding = require ? PGSEAL_REQUIRE : PGSEAL_DISABLE;
    } else if (strcmp(name, "sslcertmode") == 0) {
        o->opt.sslcertmode = require ? PGSEAL_REQUIRE : PGSEAL_DISABLE;
    } else if (strcmp(name, "scram_client_key") == 0) {
        o->opt.scram_client_key = client_key;
    } else if (strcmp(name, "scram_server_key") == 0) {
        o->opt.scram_server_key = server_key;
    } else if (strcmp(name, "require_auth") == 0) {
        snprintf(text, sizeof(text), "%s", value);
        o->opt.require_auth_text = text;
        o->opt.require_auth = require_auth(value);
    } else {
        fail_msg("scram.tbl: setting %s", name);
    }
}

void table_options(const struct row *r, struct row_options *o)
{
    char *save = NULL;

    memset(o, 0, sizeof(*o));
    o->opt.channel_binding = PGSEAL_ALLOW_OR_PREFER;
    o->opt.sslcertmode = PGSEAL_ALLOW_OR_PREFER;
    o->opt.user = "u";
    o->auth.size = sizeof(o->auth);
    o->auth.opt = &o->opt;
    o->auth.password = "secret";
    o->auth.tls = r->tls;
    o->auth.verified = r->tls;
    o->auth.binding = r->tls ? binding : NULL;
    snprintf(o->words, sizeof(o->words), "%s", r->settings);
    for (char *w = strtok_r(o->words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(w, '=');

        if (strcmp(w, "-") == 0)
            continue;
        if (equals != NULL)
            *equals = '\0';
        set_option(o, w, equals != NULL ? equals + 1 : w + strlen(w));
    }
}

/* The signature a server that knows "secret" sends; {V} */
static void signature(const struct player *p, uint8_t out[32])
{
    const char *s = strstr(p->server_first, ",s=") + 3;
    uint8_t raw[256], salted[32], key[32];
    const char *why = NULL;
    long n = pgseal__base64_decode(s, strcspn(s, ","), raw);
    int iterations = (int)strtol(strstr(p->server_first, ",i=") + 3, NULL, 10);
    char message[1400];

    assert_true(n >= 0);
    snprintf(message, sizeof(message), "%s,%s,%s", p->bare, p->server_first, p->without_proof);
    assert_int_equal(pgseal__scram_salted("secret", raw, (size_t)n, iterations, salted, &why), 0);
    assert_int_equal(pgseal__scram_hmac(salted, "Server Key", key, &why), 0);
    assert_int_equal(pgseal__scram_hmac(key, message, out, &why), 0);
}

/* Writes what {NAME} stands for. */
static size_t value(const struct player *p, const char *name, size_t n, char *out)
{
    uint8_t raw[32] = {0};

    if (strncmp(name, "{N}", n) == 0)
        return (size_t)snprintf(out, 128, "%s", p->nonce);
    if (strncmp(name, "{N-}", n) == 0)
        return (size_t)snprintf(out, 128, "%.*s", (int)strlen(p->nonce) - 1, p->nonce);
    if (strncmp(name, "{S}", n) == 0)
        return (size_t)snprintf(out, 128, "%s", salt);
    if (name[1] == 'V')
        signature(p, raw);
    else
        assert_memory_equal(name, "{X}", 3);
    pgseal__base64_encode(raw, n == 4 ? 8 : 32, out);
    return strlen(out);
}

static size_t expand(const struct player *p, const char *text, char out[2048])
{
    size_t len = 0;

    while (*text != '\0' && *text != ')') {
        if (*text == '{') {
            size_t n = strcspn(text, "}") + 1;

            len += value(p, text, n, out + len);
            text += n;
        } else if (text[0] == '\\' && text[1] == 'x') {
            char hex[3] = {text[2], text[3], '\0'};

            out[len++] = (char)strtol(hex, NULL, 16);
            text += 4;
        } else {
            out[len++] = *text++;
        }
    }
    out[len] = '\0';
    return len;
}

static size_t hex(const char *text, uint8_t *out)
{
    size_t n = 0;

    for (; *text != ')'; text += 2) {
        char digits[3] = {text[0], text[1], '\0'};

        out[n++] = (uint8_t)strtol(digits, NULL, 16);
    }
    return n;
}

/* Mechanism names, each with a NUL, and one more NUL. */
static size_t mechanisms(const char *text, uint8_t *out)
{
    size_t n = 0;

    for (; *text != ')'; text++)
        out[n++] = *text == ',' ? '\0' : (uint8_t)*text;
    if (n > 0)
        out[n++] = '\0';
    out[n++] = '\0';
    return n;
}

static size_t sasl(struct player *p, const char *message, uint8_t *out)
{
    char text[2048];
    size_t n = expand(p, message + (message[0] == 'c' ? 5 : 6), text);

    pgseal__put32(out, message[0] == 'c' ? 11 : 12);
    memcpy(out + 4, text, n);
    if (message[0] == 'c' && p->server_first[0] == '\0')
        set_text(p->server_first, sizeof(p->server_first), text);
    return 4 + n;
}

size_t table_request(struct player *p, const char *message, uint8_t out[4096])
{
    static const struct {
        const char *word;
        uint32_t code;
    } plain[] = {{"ok", 0},  {"krb4", 1}, {"krb5", 2},    {"password", 3}, {"crypt", 4},
                 {"scm", 6}, {"gss", 7},  {"gsscont", 8}, {"sspi", 9}};

    for (size_t i = 0; i < PGSEAL_COUNT(plain); i++) {
        pgseal__put32(out, plain[i].code);
        if (strcmp(message, plain[i].word) == 0)
            return 4;
    }
    if (strcmp(message, "md5") == 0) {
        memcpy(out, "\0\0\0\5salt", 8);
        return 8;
    }
    if (strncmp(message, "auth(", 5) == 0) {
        pgseal__put32(out, (uint32_t)strtoul(message + 5, NULL, 10));
        return 4;
    }
    if (strncmp(message, "long(", 5) == 0) {
        memset(out, 0, 4096);
        pgseal__put32(out, 99);
        return strtoul(message + 5, NULL, 10);
    }
    if (strncmp(message, "raw(", 4) == 0)
        return hex(message + 4, out);
    if (strncmp(message, "sasl(", 5) == 0) {
        pgseal__put32(out, 10);
        return 4 + mechanisms(message + 5, out + 4);
    }
    if (strncmp(message, "cont(", 5) != 0 && strncmp(message, "final(", 6) != 0)
        fail_msg("scram.tbl: message %s", message);
    return sasl(p, message, out);
}

void table_answer(struct player *p, const char *message, const uint8_t *reply, size_t n)
{
    const char *text = (const char *)reply + 5;
    int len = (int)(n - 5);

    assert_int_equal(reply[0], 'p');
    assert_int_equal(pgseal__get32(reply + 1), n - 1);
    if (strncmp(message, "sasl(", 5) == 0) {
        int skip = (int)strlen(text) + 5;
        const char *at = text + skip;

        assert_int_equal(pgseal__get32((const uint8_t *)at - 4), len - skip);
        len -= skip;
        for (int commas = 0; commas < 2; at++, len--)
            commas += *at == ',';
        snprintf(p->bare, sizeof(p->bare), "%.*s", len, at);
        snprintf(p->nonce, sizeof(p->nonce), "%s", strstr(p->bare, "r=") + 2);
    } else if (strncmp(message, "cont(", 5) == 0) {
        snprintf(p->without_proof, sizeof(p->without_proof), "%.*s", len, text);
        *strstr(p->without_proof, ",p=") = '\0';
    }
}
