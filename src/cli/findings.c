/* SPDX-License-Identifier: PostgreSQL */
/* Prints findings: the most severe first, each with what was seen, why it matters, what to type. */
#include "findings_int.h"
#include "out_int.h"

static const char *colour_of(enum finding_severity severity)
{
    return severity == FINDING_ERROR     ? "\033[1;31m"
           : severity == FINDING_WARNING ? "\033[1;35m"
                                         : "\033[1m";
}

static void one(struct cli_str *out, const struct finding *f, int columns, bool colour)
{
    const struct finding_row *row = finding_row(f->id);

    if (out->len > 0)
        cli_str_addc(out, '\n');
    cli_str_addf(out, "%s%s:%s ", colour ? colour_of(row->severity) : "",
                 finding_severity_name(row->severity), colour ? "\033[0m" : "");
    if (f->where[0] != '\0')
        cli_str_addf(out, "%s: ", f->where);
    cli_str_addf(out, "%s\n", row->title);
    cli_story_part(out, "code:", row->id, columns, colour);
    cli_story_part(out, "seen:", f->seen, columns, colour);
    cli_story_part(out, "why:", row->why, columns, colour);
    cli_story_part(out, "fix:", f->fix, columns, colour);
}

/* Calls `fn` for each in the order they are shown in. */
static void each(const struct findings *l, void (*fn)(void *ctx, const struct finding *f),
                 void *ctx)
{
    for (int severity = FINDING_ERROR; severity >= FINDING_INFO; severity--)
        for (size_t i = 0; i < l->n; i++)
            if ((int)finding_row(l->item[i].id)->severity == severity)
                fn(ctx, &l->item[i]);
}

struct text {
    struct cli_str *out;
    int columns;
    bool colour;
};

static void to_text(void *ctx, const struct finding *f)
{
    const struct text *t = ctx;

    one(t->out, f, t->columns, t->colour);
}

void cli_findings_text(struct cli_str *out, const struct findings *l, int columns, bool colour)
{
    struct text t = {.out = out, .columns = columns, .colour = colour};

    each(l, to_text, &t);
    if (l->nomem)
        cli_str_add(out, "error: out of memory: there are more findings than these\n");
}

static void to_json(void *ctx, const struct finding *f)
{
    const struct finding_row *row = finding_row(f->id);
    json_t *o = cli_json_object();

    cli_json_text(o, "id", row->id);
    cli_json_text(o, "severity", finding_severity_name(row->severity));
    cli_json_text(o, "title", row->title);
    cli_json_text(o, "where", f->where);
    cli_json_text(o, "seen", f->seen);
    cli_json_text(o, "why", row->why);
    cli_json_text(o, "fix", f->fix);
    cli_json_add(ctx, o);
}

void cli_findings_json(json_t *o, const struct findings *l)
{
    json_t *array = cli_json_array();

    each(l, to_json, array);
    cli_json_put(o, "findings", array);
}

int cli_findings_exit(const struct findings *l)
{
    return findings_worst(l) >= FINDING_NOTICE || l->nomem ? CLI_FOUND : CLI_FINE;
}
