/* SPDX-License-Identifier: PostgreSQL */
/* What `pgseal ca show` found, as JSON. */
#include "ca_show_int.h"

static void put_or_null(json_t *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        cli_json_text(o, key, text);
    else
        cli_json_null(o, key);
}

json_t *cli_ca_item_json(const struct ca_item *it, int64_t now_unix_s)
{
    json_t *o = cli_json_cert(&it->info);
    int64_t left = it->info.not_after_unix_s - now_unix_s;

    cli_json_int(o, "line", it->line);
    cli_json_text(o, "common_name", it->cn);
    cli_json_text(o, "kind", ca_kind_name(it->kind));
    put_or_null(o, "generation", it->generation);
    put_or_null(o, "region", it->region);
    put_or_null(o, "partition", it->partition);
    cli_json_text(o, "standing", ca_standing_name(it->standing));
    cli_json_bool(o, "published", it->standing == CA_PUBLISHED);
    if (it->signature == CA_SIG_NO_ISSUER)
        cli_json_null(o, "signature_fits");
    else
        cli_json_bool(o, "signature_fits", it->signature == CA_SIG_FITS);
    cli_json_bool(o, "self_signed", it->info.self_issued);
    cli_json_bool(o, "loaded", it->loaded);
    cli_json_int(o, "days_left", left >= 0 ? left / 86400 : -((-left + 86399) / 86400));
    cli_json_bool(o, "ended", it->ended);
    cli_json_bool(o, "not_yet_valid", it->early);
    if (it->twin_line != 0)
        cli_json_int(o, "same_as_line", it->twin_line);
    else
        cli_json_null(o, "same_as_line");
    return o;
}

json_t *cli_ca_show_json(const struct ca_file *f)
{
    json_t *o = cli_json_object();
    json_t *certs = cli_json_array();
    json_t *others = cli_json_array();
    char text[1000];

    cli_json_text(o, "file", f->name);
    ca_file_headline(f, text, sizeof(text));
    cli_json_text(o, "headline", text);
    ca_file_summary(f, text, sizeof(text));
    put_or_null(o, "holds", text);
    cli_json_int(o, "loads", f->loads);
    cli_json_bool(o, "refused", f->loads == 0);
    put_or_null(o, "refusal", f->refusal);
    put_or_null(o, "instead", f->whole);
    put_or_null(o, "meant_partition", f->meant.partition);
    put_or_null(o, "meant_region", f->meant.region);
    for (size_t i = 0; i < f->n; i++) {
        const struct ca_item *it = &f->item[i];

        if (it->is_cert) {
            cli_json_add(certs, cli_ca_item_json(it, f->now_unix_s));
        } else {
            json_t *block = cli_json_object();

            cli_json_int(block, "line", it->line);
            cli_json_text(block, "what", it->what);
            cli_json_add(others, block);
        }
    }
    cli_json_put(o, "certificates", certs);
    cli_json_put(o, "other_blocks", others);
    cli_findings_json(o, &f->findings);
    return o;
}
