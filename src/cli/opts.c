/* SPDX-License-Identifier: PostgreSQL */
/* The option parser of `pgseal connect`: psql's own letters and long names, from opts.def. */
#include "opts_int.h"

#include <getopt.h>

enum opt_id {
#define PGSEAL_ROW(id, letter, name, arg, group, help) OPT_##id,
#include "opts.def"
#undef PGSEAL_ROW
};

enum opt_group { CONNECT, RUN, OUTPUT, OTHER, PSQL };

static const struct opt {
    char letter;
    const char *name, *arg;
    enum opt_group group;
    const char *help;
} OPTS[] = {
#define PGSEAL_ROW(id, letter, name, arg, group, help) {letter, name, arg, group, help},
#include "opts.def"
#undef PGSEAL_ROW
};
#define NOPTS PGSEAL_COUNT(OPTS)

/* getopt_long's own tables, and the answer codes: 256 + row, so that none is a letter. */
#define ROW_BASE 256

struct tables {
    struct option longs[NOPTS + 1];
    char shorts[2 * NOPTS + 2];
};

static void fill(struct tables *t)
{
    char *s = t->shorts;

    *s++ = ':'; /* a missing argument is ':' and not '?' */
    for (size_t i = 0; i < NOPTS; i++) {
        t->longs[i] = (struct option){
            .name = OPTS[i].name,
            .has_arg = OPTS[i].arg != NULL ? required_argument : no_argument,
            .val = ROW_BASE + (int)i,
        };
        if (OPTS[i].letter == 0 || OPTS[i].letter == '?')
            continue;
        *s++ = OPTS[i].letter;
        if (OPTS[i].arg != NULL)
            *s++ = ':';
    }
    *s = '\0';
}

static int row_of(int c)
{
    if (c >= ROW_BASE)
        return c - ROW_BASE;
    for (size_t i = 0; i < NOPTS; i++)
        if (OPTS[i].letter == c)
            return (int)i;
    return -1;
}

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
    return id == OPT_STRICT    ? &o->strict
           : id == OPT_QUIET   ? &o->quiet
           : id == OPT_TRACE   ? &o->trace
           : id == OPT_JSON    ? &o->json
           : id == OPT_HELP    ? &o->help
           : id == OPT_VERSION ? &o->version
                               : NULL;
}

/* 0, -1, or -2 when psql could do it. */
static int take(struct cli_opts *o, int row, const char *arg, struct cli_str *why)
{
    const struct opt *opt = &OPTS[row];
    bool *on = switch_of(o, (enum opt_id)row);

    if (opt->group == PSQL) {
        cli_str_addf(why, "pgseal: error: option -%c (--%s) is psql's (it %s)\n", opt->letter,
                     opt->name, opt->help);
        return -2;
    }
    if (opt->group == OUTPUT) {
        print_option(o, (enum opt_id)row, arg);
        return 0;
    }
    if (on != NULL) {
        *on = true;
        return 0;
    }
    switch ((enum opt_id)row) {
    case OPT_HOST:
        o->host = arg;
        return 0;
    case OPT_PORT:
        o->port = arg;
        return 0;
    case OPT_USERNAME:
        o->user = arg;
        return 0;
    case OPT_DBNAME:
        o->dbname = arg;
        return 0;
    case OPT_NO_PASSWORD:
    case OPT_PASSWORD:
        o->ask_password = row == OPT_PASSWORD;
        o->never_ask = row == OPT_NO_PASSWORD;
        return 0;
    case OPT_SSLKEYLOGFILE:
        o->sslkeylogfile = arg;
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

/* What getopt could not make sense of. */
static void complain(int c, char **argv, struct cli_str *why)
{
    const char *word = optind > 0 ? argv[optind - 1] : "";
    const char *names[NOPTS];
    const char *near;
    char typed[64];

    if (c == ':') {
        if (optopt > 0 && optopt < ROW_BASE)
            cli_str_addf(why, "pgseal: error: option -%c needs a value\n", optopt);
        else
            cli_str_addf(why, "pgseal: error: option %s needs a value\n", word);
        return;
    }
    if (optopt > 0 && optopt < ROW_BASE) {
        cli_str_addf(why, "pgseal: error: unknown option -%c\n", optopt);
        return;
    }
    if (optopt >= ROW_BASE) {
        cli_str_addf(why, "pgseal: error: option --%s takes no value\n",
                     OPTS[optopt - ROW_BASE].name);
        return;
    }
    pgseal__format(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
    for (size_t i = 0; i < NOPTS; i++)
        names[i] = OPTS[i].name;
    near = cli_nearest(typed[0] == '-' && typed[1] == '-' ? typed + 2 : typed, names, NOPTS);
    cli_str_addf(why, "pgseal: error: unknown option %s", typed);
    if (near != NULL)
        cli_str_addf(why, "; did you mean --%s?", near);
    cli_str_addc(why, '\n');
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

static void take_operands(struct cli_opts *o, int argc, char **argv, struct cli_str *line,
                          struct cli_str *why)
{
    for (int i = optind; i < argc; i++) {
        char *copy;

        if (o->dbname == NULL) {
            o->dbname = argv[i];
        } else if (o->user == NULL) {
            o->user = argv[i];
        } else {
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

int cli_opts_parse(struct cli_opts *o, int argc, char **argv, struct cli_str *why)
{
    struct tables t = {0};
    struct cli_str line = {0};
    int rc = 0;
    int c;

    *o = (struct cli_opts){.print = {.fieldsep = "|", .recordsep = "\n"}};
    fill(&t);
    cli_str_add(&line, "psql");
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    while ((c = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
        int row = row_of(c);
        int got;

        /* -? is how getopt says "unknown", and psql's way to ask for help. */
        if (c == '?' && (optopt == '?' || optopt == 0) && optind > 0 &&
            strcmp(argv[optind - 1], "-?") == 0)
            row = OPT_HELP;
        else if (c == '?' || c == ':')
            row = -1;
        if (row < 0) {
            complain(c, argv, why);
            rc = -1;
            break;
        }
        got = take(o, row, optarg, why);
        add_handover(&line, row, optarg);
        if (got < rc)
            rc = got;
        if (got == -1)
            break;
    }
    if (rc != -1)
        take_operands(o, argc, argv, &line, why);
    o->handover = line.p;
    if (rc == -2)
        cli_str_addf(why, "pgseal: hint: %s\n", o->handover);
    else if (rc == -1)
        cli_str_add(why, "pgseal: hint: pgseal connect --help\n");
    return rc < 0 ? -1 : 0;
}

void cli_opts_done(struct cli_opts *o)
{
    cli_free(o->actions);
    cli_free(o->handover);
    *o = (struct cli_opts){0};
}

void cli_opts_help(struct cli_str *out)
{
    static const char *const GROUPS[] = {"Connecting", "Running", "Output", "Other"};

    for (size_t g = 0; g < PGSEAL_COUNT(GROUPS); g++) {
        cli_str_addf(out, "\n%s:\n", GROUPS[g]);
        for (size_t i = 0; i < NOPTS; i++) {
            size_t start = out->len;
            size_t used;

            if (OPTS[i].group != g)
                continue;
            if (OPTS[i].letter != 0)
                cli_str_addf(out, "  -%c, ", OPTS[i].letter);
            else
                cli_str_add(out, "      ");
            cli_str_addf(out, "--%s%s%s", OPTS[i].name, OPTS[i].arg != NULL ? "=" : "",
                         OPTS[i].arg != NULL ? OPTS[i].arg : "");
            used = out->len - start;
            cli_str_pad(out, used < 34 ? 34 - used : 1);
            cli_str_addf(out, "%s\n", OPTS[i].help);
        }
    }
}
