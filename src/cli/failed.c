/* SPDX-License-Identifier: PostgreSQL */
/* Tells how a verb failed: the story for people, an object with "error" for programs. */
#include "json_int.h"
#include "out_int.h"

#include <unistd.h>

int cli_failed(const struct pgseal_err *err, FILE *json, int code)
{
    struct cli_log log = {.err = stderr, .out = stdout, .colour = cli_may_colour(STDERR_FILENO)};
    struct cli_str story = {0};

    cli_say(&log, CLI_ERROR, "%s", err->msg);
    cli_story(&story, err, cli_columns(STDERR_FILENO), log.colour);
    fputs(cli_str(&story), stderr);
    cli_str_done(&story);
    if (json != NULL) {
        json_t *o = cli_json_object();

        cli_json_put(o, "error", cli_json_error(err));
        (void)cli_json_print(json, o);
    }
    return code;
}
