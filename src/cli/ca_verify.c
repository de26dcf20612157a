/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal ca verify`: what a server sends, or a certificate file, judged as sslmode=verify-full
 * does.
 */
#include "ca_chain_int.h"
#include "ca_int.h"
#include "ca_read_int.h"
#include "findings_int.h"
#include "front_int.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct cli_optrow OPTS[] = {
    CLI_PEER_OPTROWS("the server; for a certificate file the name it must be for",
                     "roots to verify with, or system (default: as connect finds them)"),
};

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    return cli_peer_operand(ctx, argc - first, argv + first, "server or file",
                            "which server, or which certificate file?", why);
}

static const struct cli_front FRONT = {
    .name = "ca verify",
    .usage = "[OPTION]... HOST[:PORT] | CONNINFO | CERTIFICATE",
    .about = "pgseal ca verify judges what a server sends, or a certificate file with its "
             "intermediates, as\nsslmode=verify-full does. Nobody logs in, and nothing of yours is "
             "sent.\n",
    .more = "  pgseal ca verify db1.example.com --with root.pem\n"
            "  pgseal ca verify server.crt --host db1.example.com --with root.pem --at +90\n",
    .rows = OPTS,
    .n = PGSEAL_COUNT(OPTS),
    .take = cli_peer_take,
    .check = check,
};

static void print_path(const struct cli_peers *p, const struct cli_peer *peer,
                       const struct pgseal_path *path)
{
    struct cli_str s = {0};
    char until[40], when[48];

    cli_str_add(&s, peer->label);
    if (peer->address[0] != '\0' && strcmp(peer->address, peer->host) != 0)
        cli_str_addf(&s, " (%s)", peer->address);
    cli_str_addf(&s, " is verified by %s%s\n", p->system ? "the system's roots" : p->with,
                 path->verified.name ? "" : "; no name was compared: add --host NAME");
    cli_chain_path(&s, path, p->now_unix_s);
    cli_str_addf(&s, "Until %s, %s: then certificate %d ends.\n",
                 pgseal__utc(until, path->verified.until_unix_s),
                 cli_when(when, path->verified.until_unix_s, p->now_unix_s),
                 path->verified.until_depth);
    fputs(cli_str(&s), stdout);
    cli_str_done(&s);
}

static json_t *as_json(const struct cli_peers *p, const struct cli_peer *peer,
                       const struct pgseal_path *path, const struct pgseal_err *err)
{
    json_t *o = cli_json_object();

    cli_json_text(o, p->is_file ? "file" : "server", peer->label);
    cli_json_text(o, "host", peer->host[0] != '\0' ? peer->host : NULL);
    cli_json_text(o, "address", peer->address[0] != '\0' ? peer->address : NULL);
    cli_json_text(o, "with", p->with);
    cli_json_time(o, "at", p->now_unix_s);
    cli_json_bool(o, "verified", err == NULL);
    cli_json_bool(o, "name_compared", err == NULL && path->verified.name);
    if (err == NULL)
        cli_json_put(o, "by", cli_chain_path_json(path));
    else
        cli_json_put(o, "error", cli_json_error(err));
    cli_json_put(o, "sent", cli_chain_sent_json(peer->sent));
    return o;
}

/* The name a file is for need not be asked; that of a server is what verify-full is about. */
static const char *name_to_compare(const struct cli_peers *p, const struct cli_peer *peer)
{
    return p->is_file && peer->host[0] == '\0' ? NULL : peer->host;
}

/* With a large file of roots saying why it is refused takes longest. */
static int judge(const struct cli_peers *p, const struct cli_peer *peer, struct pgseal_path *path,
                 struct pgseal_err *refusal)
{
    struct cli_progress progress;
    struct stat st;
    int rc;

    cli_ca_slow(&progress, p->with, stat(p->with, &st) == 0 ? (size_t)st.st_size : 0);
    rc = pgseal_tls_judge(p->ctx, peer->sent, name_to_compare(p, peer), p->now_unix_s, path,
                          refusal);
    cli_progress_clear(&progress);
    return rc;
}

static int verify(struct cli_peers *p, size_t i, json_t *array)
{
    struct cli_peer *peer = &p->v[i];
    const struct pgseal_err *err = NULL;
    struct pgseal_err refusal = {0};
    struct pgseal_path path;
    int code = CLI_FINE;

    if (p->ctx == NULL) {
        err = &p->ctx_err;
        code = CLI_FOUND;
    } else if (!cli_peers_look(p, i)) {
        err = &peer->err;
        code = cli_peer_failed_exit(err);
    } else if (judge(p, peer, &path, &refusal) < 0) {
        err = &refusal;
        code = CLI_FOUND;
    }
    if (err != NULL)
        cli_peers_say(p, peer, err);
    if (array != NULL)
        cli_json_add(array, as_json(p, peer, &path, err));
    else if (err == NULL)
        print_path(p, peer, &path);
    return code;
}

int cli_ca_verify(int argc, char **argv)
{
    struct cli_peers p = {0};
    json_t *o = NULL, *array = NULL;
    int code = CLI_FINE;
    bool opened;

    if (cli_enter(&FRONT, &p, argc, argv, &code) < 0)
        return code;
    if (p.o.json && !cli_json_ready())
        return CLI_USAGE;
    code = cli_peers_open(&p, true, argc, argv);
    opened = code == CLI_FINE;
    if (opened && p.o.json) {
        o = cli_json_object();
        array = cli_json_array();
    }
    for (size_t i = 0; opened && p.v != NULL && i < p.n; i++) {
        int one = verify(&p, i, array);

        /* What was refused matters more than what could not be asked. */
        if (one != CLI_FINE && (code == CLI_FINE || one == CLI_FOUND))
            code = one;
    }
    if (o != NULL) {
        cli_json_bool(o, "verified", code == CLI_FINE);
        cli_json_put(o, "looked_at", array);
        (void)cli_json_print(stdout, o);
    }
    cli_peers_done(&p);
    return code;
}
