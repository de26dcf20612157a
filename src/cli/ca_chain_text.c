/* SPDX-License-Identifier: PostgreSQL */
/* Certificates of a chain or path as lines: depth and name, then key, validity, where it is
 * trusted. */
#include "ca_chain_int.h"

#include <inttypes.h>

void cli_chain_cert(struct cli_str *out, size_t depth, const struct pgseal_cert_info *c,
                    int64_t now_unix_s, const char *more)
{
    char from[40], until[40], when[48];
    size_t n = 0;

    /* The common name alone: the rest of a subject says the same of all servers. */
    while (c->subject[n] != '\0' && !(c->subject[n] == ',' && n > 0 && c->subject[n - 1] != '\\'))
        n++;
    cli_str_addf(out, "  %zu  %.*s\n", depth,
                 strncmp(c->subject, "CN=", 3) == 0 ? (int)n : (int)strlen(c->subject), c->subject);
    cli_str_addf(out, "     %s, %.10s to %.10s (%s %s)%s%s\n", c->key,
                 pgseal__utc(from, c->not_before_unix_s), pgseal__utc(until, c->not_after_unix_s),
                 c->not_after_unix_s > now_unix_s ? "ends" : "ended",
                 cli_when(when, c->not_after_unix_s, now_unix_s), more[0] != '\0' ? ", " : "",
                 more);
}

void cli_chain_path(struct cli_str *out, const struct pgseal_path *path, int64_t now_unix_s)
{
    const struct pgseal_verified *v = &path->verified;
    char where[1200] = "";

    if (v->root_file[0] != '\0')
        pgseal__format(where, sizeof(where), "anchor %s:%d", v->root_file, v->root_line);
    for (size_t i = 0; i < path->n; i++)
        if (i + 1 == path->n)
            cli_chain_cert(out, i, &v->root, now_unix_s, where[0] != '\0' ? where : "anchor");
        else if (i < PGSEAL_PATH_MAX)
            cli_chain_cert(out, i, &path->cert[i], now_unix_s, "");
}

json_t *cli_chain_path_json(const struct pgseal_path *path)
{
    const struct pgseal_verified *v = &path->verified;
    json_t *o = cli_json_object();
    json_t *array = cli_json_array();

    for (size_t i = 0; i < path->n && i < PGSEAL_PATH_MAX; i++)
        cli_json_add(array, cli_json_cert(&path->cert[i]));
    cli_json_put(o, "path", array);
    cli_json_put(o, "anchor", cli_json_cert(&v->root));
    cli_json_text(o, "anchor_file", v->root_file[0] != '\0' ? v->root_file : NULL);
    cli_json_int(o, "anchor_line", v->root_line);
    cli_json_time(o, "until", v->until_unix_s);
    cli_json_int(o, "until_depth", v->until_depth);
    cli_json_bool(o, "revocation", v->revocation);
    return o;
}

json_t *cli_chain_sent_json(const struct pgseal_chain *sent)
{
    json_t *array = cli_json_array();
    struct pgseal_cert_info info;

    for (size_t i = 0; pgseal_chain_describe(sent, i, &info) == 0; i++)
        cli_json_add(array, cli_json_cert(&info));
    return array;
}
