/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca forecast`: one handshake, the bundle of clients, and what a change would do to them.
 */
#include "ca_forecast_int.h"
#include "ca_int.h"
#include "findings_int.h"
#include "front_int.h"

#include <unistd.h>

static const struct cli_optrow OPTS[] = {
    CLI_PEER_OPTROWS("the server", "what clients trust: a file of roots, or system"),
};

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    return cli_peer_operand(ctx, argc - first, argv + first, "connection",
                            "a forecast for which server?", why);
}

static const struct cli_front FRONT = {
    .name = "ca forecast",
    .usage = "[OPTION]... CONNINFO | HOST[:PORT]",
    .about = "pgseal ca forecast tells what becomes of clients with a bundle of roots when the "
             "server's\ncertificate is renewed or its CA changed, and the steps for this very "
             "server. Nobody logs in.\n",
    .more = "  pgseal ca forecast \"host=HOST sslrootcert=global-bundle.pem\"\n"
            "  pgseal ca forecast HOST --with global-bundle.pem --at +180\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = cli_peer_take,
    .check = check,
};

static int forecast(struct cli_peers *p, size_t i, const struct cli_ca_bytes *trusted,
                    struct cli_str *text, json_t *array)
{
    struct cli_peer *peer = &p->v[i];
    struct cli_forecast f = {.peers = p, .peer = peer};
    struct ca_forecast_in in = {.host = peer->host,
                                .target = peer->target,
                                .file = p->with,
                                .system = p->system,
                                .ctx = p->ctx,
                                .unusable = &p->ctx_err,
                                .now_unix_s = p->now_unix_s};
    struct pgseal_err err = {0};
    int code;

    if (!cli_peers_look(p, i)) {
        cli_peers_say(p, peer, &peer->err);
        if (array != NULL)
            cli_json_add(array, cli_forecast_failed_json(peer));
        return cli_peer_failed_exit(&peer->err);
    }
    in.sent = peer->sent;
    in.bundle = trusted->data;
    in.bundle_n = trusted->n;
    in.n_known = pgseal_known_cas(&in.known);
    if (ca_forecast_make(&in, &f.f, &err) < 0) {
        cli_peers_say(p, peer, &err);
        return CLI_FOUND;
    }
    ca_forecast_steps(&f.f, &f.steps);
    if (array != NULL)
        cli_json_add(array, cli_forecast_json(&f));
    else
        cli_forecast_text(text, &f, cli_columns(STDOUT_FILENO), cli_may_colour(STDOUT_FILENO));
    code = cli_findings_exit(&f.f.findings);
    ca_forecast_done(&f.f);
    return code;
}

int cli_ca_forecast(int argc, char **argv)
{
    struct cli_peers p = {0};
    struct cli_ca_bytes trusted = {0};
    struct cli_str text = {0};
    struct pgseal_err err = {0};
    json_t *array = NULL;
    int code = CLI_FINE;
    bool opened;

    if (cli_enter(&FRONT, &p, argc, argv, &code) < 0)
        return code;
    if (p.o.json && !cli_json_ready())
        return CLI_USAGE;
    code = cli_peers_open(&p, false, argc, argv);
    if (code == CLI_FINE && !p.system)
        code = cli_ca_read(p.with, &trusted, &err);
    if (err.code != 0)
        cli_failed(&err, p.o.json ? stdout : NULL, code);
    opened = code == CLI_FINE;
    if (opened && p.o.json)
        array = cli_json_array();
    for (size_t i = 0; opened && p.v != NULL && i < p.n; i++) {
        int one;

        if (text.len > 0)
            cli_str_addc(&text, '\n');
        one = forecast(&p, i, &trusted, &text, array);
        if (one != CLI_FINE && (code == CLI_FINE || one == CLI_FOUND))
            code = one;
        fputs(cli_str(&text), stdout); /* each as it comes: the next host may be slow */
        (void)fflush(stdout);
        cli_str_cut(&text, 0);
    }
    if (array != NULL) {
        json_t *o = cli_json_object();

        cli_json_put(o, "servers", array);
        (void)cli_json_print(stdout, o);
    }
    cli_str_done(&text);
    cli_ca_bytes_done(&trusted);
    cli_peers_done(&p);
    return code;
}
