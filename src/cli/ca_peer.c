/* SPDX-License-Identifier: PostgreSQL */
/* From what was typed to what a server shows: operand, settings, trust, one handshake for each
 * host. */
#include "ca_peer_int.h"
#include "findings_int.h"
#include "run_int.h"

#include "core/cert/cert.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int cli_peer_take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct cli_peer_opts *o = &((struct cli_peers *)ctx)->o;
    int64_t ignored;

    switch ((enum cli_peer_row)row) {
    case CLI_PEER_HOST:
        o->host = arg;
        return 0;
    case CLI_PEER_PORT:
        o->port = arg;
        return 0;
    case CLI_PEER_WITH:
        o->with = arg;
        return 0;
    case CLI_PEER_AT:
        if (!cli_day(arg, 0, &ignored)) {
            cli_str_addf(
                why, "pgseal: error: --at is a day like 2027-01-31, or +DAYS, not \"%s\"\n", arg);
            return -1;
        }
        o->at = arg;
        return 0;
    case CLI_PEER_JSON:
        o->json = true;
        return 0;
    case CLI_PEER_ROWS:
        break;
    }
    return 0;
}

/* The environment says which server, as for psql. */
static bool in_env(void)
{
    static const char *const names[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE"};

    for (size_t i = 0; i < PGSEAL_COUNT(names); i++)
        if (getenv(names[i]) != NULL)
            return true;
    return false;
}

int cli_peer_operand(struct cli_peers *p, int n, char **operands, const char *one, const char *none,
                     struct cli_str *why)
{
    if (n > 1) {
        cli_str_addf(why, "pgseal: error: one %s, not %d\n", one, n);
        return -1;
    }
    if (n == 0 && p->o.host == NULL && !in_env()) {
        cli_str_addf(why, "pgseal: error: %s\n", none);
        return -1;
    }
    p->o.operand = n > 0 ? operands[0] : NULL;
    return 0;
}

/* ---- small texts ----------------------------------------------------------------------------- */

static bool copy(char *out, size_t cap, const char *p, size_t n)
{
    if (n == 0 || n >= cap)
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

bool cli_host_port(const char *text, char host[256], char port[16])
{
    const char *colon = strchr(text, ':');
    const char *end;

    port[0] = '\0';
    if (text[0] == '[') { /* "[::1]:5432" */
        end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':') ||
            !copy(host, 256, text + 1, (size_t)(end - text) - 1))
            return false;
        return end[1] == '\0' || copy(port, 16, end + 2, strlen(end + 2));
    }
    if (colon == NULL || strchr(colon + 1, ':') != NULL) /* a name, or an address of IPv6 */
        return copy(host, 256, text, strlen(text));
    return copy(host, 256, text, (size_t)(colon - text)) &&
           copy(port, 16, colon + 1, strlen(colon + 1));
}

const char *cli_when(char out[48], int64_t unix_s, int64_t now_unix_s)
{
    char span[40];

    pgseal__span(span, unix_s - now_unix_s);
    pgseal__format(out, 48, unix_s > now_unix_s ? "in %s" : "%s ago", span);
    return out;
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
    const struct pgseal_world *world = pgseal_world_host();
    struct pgseal_file f = {0};

    world->stat(world->ctx, path, &f);
    return f.stat_sys == 0;
}

/* What was said already, for programs. */
static void error_json(const struct cli_peers *p, const struct pgseal_err *err)
{
    json_t *o;

    if (!p->o.json)
        return;
    o = cli_json_object();
    cli_json_put(o, "error", cli_json_error(err));
    (void)cli_json_print(stdout, o);
}

/* The operand as a host, as settings, or as a file. */
static int take_operand(struct cli_peers *p, bool files)
{
    const char *operand = p->o.operand;
    struct pgseal_err err = {0};
    int code;

    if (operand == NULL)
        return 0;
    if (pgseal_conninfo_is_string(operand)) {
        p->target.opts.dbname = operand;
        return 0;
    }
    if (files && (strcmp(operand, "-") == 0 || strchr(operand, '/') != NULL || is_there(operand))) {
        p->is_file = true;
        code = cli_ca_read(operand, &p->bytes, &err);
        return code == CLI_FINE ? code : cli_failed(&err, p->o.json ? stdout : NULL, code);
    }
    if (!cli_host_port(operand, p->host, p->port)) {
        cli_say(&p->target.log, CLI_ERROR, "\"%s\" is no host", operand);
        fputs("pgseal: hint: HOST, HOST:PORT, [ADDRESS]:PORT or a connection string\n", stderr);
        return CLI_USAGE;
    }
    if (p->o.host != NULL) {
        cli_say(&p->target.log, CLI_ERROR, "the host is named twice: \"%s\" and -h \"%s\"", operand,
                p->o.host);
        return CLI_USAGE;
    }
    p->target.opts.host = p->host;
    if (p->port[0] != '\0')
        p->target.opts.port = p->port;
    return 0;
}

/* What connect would verify with, were it told sslmode=verify-full sslrootcert=WITH. */
static int open_trust(struct cli_peers *p)
{
    const struct pgseal_options *set = pgseal_conninfo_options(p->target.ci);
    struct pgseal_options o = *set;

    o.sslmode = PGSEAL_SSLMODE_VERIFY_FULL;
    o.sslcertmode = PGSEAL_DISABLE; /* our own certificate is nobody's business here */
    if (p->o.with != NULL)
        o.sslrootcert = p->o.with;
    p->with = o.sslrootcert;
    if (p->with == NULL || p->with[0] == '\0') { /* libpq's default */
        const char *home = pgseal_world_host()->home;

        pgseal__format(p->usual, sizeof(p->usual), "%s/.postgresql/root.crt",
                       home != NULL ? home : "~");
        p->with = p->usual;
    }
    p->system = strcmp(p->with, "system") == 0;
    p->ctx = pgseal_tls_ctx_client(&o, pgseal_world_host(), p->now_unix_s, &p->ctx_err);
    if (p->ctx != NULL) {
        const char *text;

        for (size_t i = 0; (text = pgseal_tls_ctx_warning(p->ctx, i)) != NULL; i++)
            cli_say(&p->target.log, CLI_WARNING, "%s", text);
        return 0;
    }
    /* A file that is no bundle is something to find; one that is not there is not. */
    if (p->ctx_err.code == PGSEAL_E_ROOT_UNUSABLE)
        return 0;
    cli_target_failed(&p->target, &p->ctx_err);
    error_json(p, &p->ctx_err);
    return p->ctx_err.code == PGSEAL_E_ROOT_MISSING ? CLI_UNREACHED : CLI_USAGE;
}

static void quote(struct cli_str *s, const char *value)
{
    cli_str_addc(s, '\'');
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            cli_str_addc(s, '\\');
        cli_str_addc(s, *value);
    }
    cli_str_addc(s, '\'');
}

/* What comes from the environment is there the next time, too. */
static const char *typed(const struct pgseal_conninfo *ci, const char *name, const char *value)
{
    const char *origin = pgseal_conninfo_origin(ci, name);

    return origin != NULL && strncmp(origin, "environment", 11) == 0 ? NULL : value;
}

static void setting(struct cli_str *s, const char *name, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:/";

    if (value == NULL || value[0] == '\0')
        return;
    cli_str_addf(s, "%s%s=", s->len > 0 ? " " : "", name);
    if (strspn(value, plain) == strlen(value))
        cli_str_add(s, value);
    else
        quote(s, value);
}

/* The same server as an operand: its name when that is enough, else settings. */
static void name_peer(struct cli_peer *peer, const struct pgseal_conninfo *ci, size_t i)
{
    const struct pgseal_host *h = pgseal_conninfo_host(ci, i);
    const char *hostaddr = typed(ci, "hostaddr", h->hostaddr);
    const char *port = h->port_hidden ? "5432" : h->port;
    bool simple = hostaddr == NULL || hostaddr[0] == '\0';
    bool usual = strcmp(port, "5432") == 0 || typed(ci, "port", port) == NULL;
    struct cli_str s = {0};

    peer->host = h->host != NULL ? h->host : "";
    pgseal__format(peer->label, sizeof(peer->label), "%s:%s",
                   peer->host[0] != '\0' ? peer->host
                   : simple              ? "(socket)"
                                         : h->hostaddr,
                   port);
    if (simple && usual && strchr(peer->host, ':') == NULL) {
        cli_str_add(&s, peer->host);
    } else {
        setting(&s, "host", peer->host);
        setting(&s, "hostaddr", hostaddr);
        setting(&s, "port", usual ? NULL : port);
    }
    pgseal__format(peer->target, sizeof(peer->target), "%s", cli_str(&s));
    cli_str_done(&s);
}

static void list_peers(struct cli_peers *p)
{
    p->n = p->is_file ? 1 : pgseal_conninfo_hosts(p->target.ci);
    p->v = cli_alloc(p->n * sizeof(*p->v));
    if (p->is_file) {
        p->v[0].host = p->o.host != NULL ? p->o.host : "";
        pgseal__format(p->v[0].label, sizeof(p->v[0].label), "%s", p->bytes.name);
        return;
    }
    for (size_t i = 0; i < p->n; i++)
        name_peer(&p->v[i], p->target.ci, i);
}

int cli_peers_open(struct cli_peers *p, bool files, int argc, char **argv)
{
    struct pgseal_err err = {0};
    int code;

    p->now_unix_s = time(NULL);
    if (p->o.at != NULL)
        (void)cli_day(p->o.at, p->now_unix_s, &p->now_unix_s);
    p->target.log = (struct cli_log){.err = stderr, .out = stdout};
    p->target.log.colour = cli_may_colour(STDERR_FILENO);
    p->target.opts.host = p->o.host;
    p->target.opts.port = p->o.port;
    code = take_operand(p, files);
    if (code != 0)
        return code;
    cli_target_hide(&p->target, argc, argv);
    if (cli_target_settings(&p->target, &err) < 0) {
        cli_target_failed(&p->target, &err);
        error_json(p, &err);
        return CLI_USAGE;
    }
    list_peers(p);
    return open_trust(p);
}

/* ---- looking --------------------------------------------------------------------------------- */

static void warn(void *ctx, const char *text)
{
    struct cli_peers *p = ctx;

    cli_say(&p->target.log, CLI_WARNING, "%s", text);
}

bool cli_peers_look(struct cli_peers *p, size_t i)
{
    struct cli_peer *peer = &p->v[i];
    struct pgseal_session_options so = {.size = sizeof(so),
                                        .warn = warn,
                                        .ctx = p,
                                        .trace = {.fn = cli_trace_event, .ctx = &p->target.trace},
                                        .interrupted = &cli_interrupted};
    struct pgseal_session *s;

    if (p->is_file) {
        peer->sent = pgseal_chain_parse(peer->label, p->bytes.data, p->bytes.n, &peer->err);
        return peer->sent != NULL;
    }
    s = pgseal_session_look(p->target.ci, i, &so, &peer->err);
    if (s == NULL)
        return false;
    pgseal__format(peer->address, sizeof(peer->address), "%s", pgseal_session_address(s));
    peer->sent = pgseal_session_sent(s);
    if (peer->sent == NULL)
        pgseal__nomem(&peer->err);
    pgseal_session_close(s);
    return peer->sent != NULL;
}

int cli_peer_failed_exit(const struct pgseal_err *err)
{
    switch (err->code) {
    case PGSEAL_E_RESOLVE:
    case PGSEAL_E_CONNECT:
    case PGSEAL_E_TIMEOUT:
    case PGSEAL_E_CLOSED:
    case PGSEAL_E_IO:
        return CLI_UNREACHED;
    default:
        return CLI_FOUND;
    }
}

void cli_peers_say(const struct cli_peers *p, const struct cli_peer *peer,
                   const struct pgseal_err *err)
{
    struct pgseal_err told = *err;

    /* What a look says has its prefix already; a verdict gets the name of what was judged. */
    if (peer->sent != NULL)
        pgseal__format(told.msg, sizeof(told.msg), "%s: %s", peer->label, err->msg);
    cli_target_failed(&p->target, &told);
}

void cli_peers_done(struct cli_peers *p)
{
    for (size_t i = 0; i < p->n; i++)
        pgseal_chain_free(p->v[i].sent);
    cli_free(p->v);
    cli_ca_bytes_done(&p->bytes);
    pgseal_tls_ctx_free(p->ctx);
    cli_target_done(&p->target);
}
