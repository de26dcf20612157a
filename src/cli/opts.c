/* SPDX-License-Identifier: PostgreSQL */
/* The option parser of `pgseal connect`: psql's own letters and long names, from opts.def. */
#include "opts_int.h"
#include "optscan_int.h"

enum opt_id {
#define PGSEAL_ROW(id, letter, name, arg, group, help) OPT_##id,
#include "opts.def"
#undef PGSEAL_ROW
};

#define RUN    "Running"
#define OUTPUT "Output"
#define OTHER  "Other"
#define PSQL   NULL /* known, but psql's */

static const struct cli_optrow OPTS[] = {
#define PGSEAL_ROW(id, letter, name, arg, group, help) {letter, name, arg, group, help},
#include "opts.def"
#undef PGSEAL_ROW
};
#define NOPTS PGSEAL_COUNT(OPTS)

int cli_parse_bool(const char *text, bool *out)
{
    static const struct {
        const char *word;
        size_t least;
        bool value;
    } WORDS[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    size_t n = strlen(text);

    for (size_t i = 0; i < PGSEAL_COUNT(WORDS); i++) {
        if (n >= WORDS[i].least && n <= strlen(WORDS[i].word) &&
            strncasecmp(text, WORDS[i].word, n) == 0) {
            *out = WORDS[i].value;
            return 0;
        }
    }
    return -1;
}

/* -v NAME=VALUE. As psql's: without "=" the variable is unset, with nothing behind it it is on. */
static int set_variable(struct cli_opts *o, const char *text, struct cli_str *why)
{
    const char *eq = strchr(text, '=');
    size_t n = eq != NULL ? (size_t)(eq - text) : strlen(text);
    const char *value = eq == NULL ? "off" : eq[1] == '\0' ? "on" : eq + 1;
    bool *target = NULL;
    char name[64];

    pgseal__format(name, sizeof(name), "%.*s", (int)(n < 60 ? n : 60), text);
    if (strcmp(name, "ON_ERROR_STOP") == 0)
        target = &o->on_error_stop;
    else if (strcmp(name, "QUIET") == 0)
        target = &o->quiet;
    if (target == NULL) {
        cli_str_addf(why,
                     "pgseal: error: variable \"%s\" is psql's: connect knows ON_ERROR_STOP and "
                     "QUIET only\n",
                     name);
        return -2;
    }
    if (cli_parse_bool(value, target) < 0) {
        cli_str_addf(why, "pgseal: error: unrecognized value \"%s\" for \"%s\": Boolean expected\n",
                     value, name);
        return -1;
    }
    return 0;
}

static void add_action(struct cli_opts *o, bool is_file, const char *text)
{
    o->actions = cli_realloc(o->actions, (o->nactions + 1) * sizeof(*o->actions));
    o->actions[o->nactions++] = (struct cli_action){.is_file = is_file, .text = text};
}

static void print_option(struct cli_opts *o, enum opt_id id, const char *arg)
{
    if (id == OPT_NO_ALIGN) {
        o->print.format = CLI_UNALIGNED;
    } else if (id == OPT_CSV) {
        o->print.format = CLI_CSV;
    } else if (id == OPT_EXPANDED) {
        o->print.expanded = true;
    } else if (id == OPT_TUPLES_ONLY) {
        o->print.tuples_only = true;
    } else if (id == OPT_FIELD_SEP) {
        o->print.fieldsep = arg;
        o->print.fieldsep_zero = false;
    } else if (id == OPT_RECORD_SEP) {
        o->print.recordsep = arg;
        o->print.recordsep_zero = false;
    } else if (id == OPT_FIELD_SEP_ZERO) {
        o->print.fieldsep_zero = true;
    } else if (id == OPT_RECORD_SEP_ZERO) {
        o->print.recordsep_zero = true;
    }
}

/* What an option without a value turns on, or NULL. */
static bool *switch_of(struct cli_opts *o, enum opt_id id)
{
    return id == OPT_QUIET     ? &o->quiet
           : id == OPT_TRACE   ? &o->trace
           : id == OPT_JSON    ? &o->json
           : id == OPT_HELP    ? &o->help
           : id == OPT_VERSION ? &o->version
                               : NULL;
}

/* 0, -1, or -2 when psql could do it. */
static int take(struct cli_opts *o, int row, const char *arg, struct cli_str *why)
{
    const struct cli_optrow *opt = &OPTS[row];
    bool *on = switch_of(o, (enum opt_id)row);

    if (row < CLI_TARGET_ROWS) {
        cli_target_take(&o->target, (size_t)row, arg);
        return 0;
    }
    if (opt->group == PSQL) {
        cli_str_addf(why, "pgseal: error: option -%c (--%s) is psql's (it %s)\n", opt->letter,
                     opt->name, opt->help);
        return -2;
    }
    if (strcmp(opt->group, OUTPUT) == 0) {
        print_option(o, (enum opt_id)row, arg);
        return 0;
    }
    if (on != NULL) {
        *on = true;
        return 0;
    }
    switch ((enum opt_id)row) {
    case OPT_SSLKEYLOGFILE:
        o->target.sslkeylogfile = arg;
        return 0;
    case OPT_COMMAND:
    case OPT_FILE:
        add_action(o, row == OPT_FILE, arg);
        return 0;
    case OPT_SET:
    case OPT_VARIABLE:
        return set_variable(o, arg, why);
    default: /* OPT_NO_PSQLRC */
        return 0;
    }
}

/* Options that psql does not have are left out of a command line for psql. */
static bool ours_only(int row)
{
    return row == OPT_STRICT || row == OPT_TRACE || row == OPT_JSON || row == OPT_SSLKEYLOGFILE;
}

static void add_handover(struct cli_str *line, int row, const char *arg)
{
    char *copy;

    if (ours_only(row) || row == OPT_COMMAND || row == OPT_FILE)
        return;
    if (OPTS[row].letter != 0)
        cli_str_addf(line, " -%c", OPTS[row].letter);
    else
        cli_str_addf(line, " --%s", OPTS[row].name);
    if (arg == NULL)
        return;
    copy = cli_strdup(arg);
    cli_drop_secrets(copy);
    cli_str_addc(line, ' ');
    cli_shell_word(line, copy);
    cli_free(copy);
}

static void take_operands(struct cli_opts *o, int argc, char **argv, int first,
                          struct cli_str *line, struct cli_str *why)
{
    for (int i = first; i < argc; i++) {
        char *copy;

        if (!cli_target_operand(&o->target, argv[i])) {
            if (!o->quiet)
                cli_str_addf(why, "pgseal: warning: extra command-line argument \"%s\" ignored\n",
                             argv[i]);
            continue;
        }
        copy = cli_strdup(argv[i]);
        cli_drop_secrets(copy);
        cli_str_addc(line, ' ');
        cli_shell_word(line, copy);
        cli_free(copy);
    }
}

/* One scan: where options go, and the line for psql that grows with them. */
struct scan {
    struct cli_opts *o;
    struct cli_str line;
    bool psqls; /* an option that only psql has */
};

static int take_one(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct scan *s = ctx;
    int got = take(s->o, (int)row, arg, why);

    add_handover(&s->line, (int)row, arg);
    s->psqls |= got == -2;
    return got == -2 ? 0 : got; /* go on: the line for psql is to be complete */
}

int cli_opts_parse(struct cli_opts *o, int argc, char **argv, struct cli_str *why)
{
    struct scan s = {.o = o};
    int first;

    *o = (struct cli_opts){.print = {.fieldsep = "|", .recordsep = "\n"}};
    cli_str_add(&s.line, "psql");
    first = cli_optscan(OPTS, NOPTS, argc, argv, take_one, &s, why);
    if (first >= 0)
        take_operands(o, argc, argv, first, &s.line, why);
    o->handover = s.line.p;
    if (first >= 0 && !s.psqls)
        return 0;
    if (first >= 0)
        cli_str_addf(why, "pgseal: hint: %s\n", o->handover);
    else
        cli_str_add(why, "pgseal: hint: pgseal connect --help\n");
    return -1;
}

void cli_opts_done(struct cli_opts *o)
{
    cli_free(o->actions);
    cli_free(o->handover);
    *o = (struct cli_opts){0};
}

void cli_opts_help(struct cli_str *out)
{
    cli_optrows_help(OPTS, NOPTS, out);
}
