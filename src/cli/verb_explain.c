/* SPDX-License-Identifier: PostgreSQL */
/* `pgseal explain`: the page about a code, a parameter, a finding, a topic or a pasted message. */
#include "explain_int.h"
#include "findings_int.h"
#include "front_int.h"
#include "json_int.h"
#include "run_int.h"
#include "verbs_int.h"

#include <unistd.h>

#define PASTE_MAX   65536
#define COLUMNS_MAX 100 /* longer lines of prose are hard to read */
#define NAMES_MAX   36  /* columns of the names in a list on a narrow terminal */
#define BEST_MAX    10  /* pages of a list for one message */
#define NEAR_MAX    4

enum option { OPT_SEARCH = 0, OPT_JSON, OPT_HELP };
static const struct cli_optrow ROWS[] = {
    [OPT_SEARCH] = {0, "search", NULL, "Options",
                    "list the pages that have every one of the words"},
    [OPT_JSON] = {0, "json", NULL, "Options",
                  "print name, kind, summary and Markdown text as JSON"},
    [OPT_HELP] = {'?', "help", NULL, "Options", "show this text"},
};

struct ask {
    bool search, json;
    char *text; /* what was asked, the operands with a blank between; NULL = nothing */
    struct cli_log log;
    struct cli_hit *hits;
    size_t n;
};

static int take(void *ctx, size_t row, const char *arg, struct cli_str *why)
{
    struct ask *a = ctx;

    (void)arg;
    (void)why;
    a->search = a->search || row == OPT_SEARCH;
    a->json = a->json || row == OPT_JSON;
    return 0;
}

static int check(void *ctx, int argc, char **argv, int first, struct cli_str *why)
{
    const struct ask *a = ctx;

    (void)argv;
    if (!a->search || first < argc)
        return 0;
    cli_str_add(why, "pgseal: error: --search needs words to look for\n");
    return -1;
}

static const struct cli_front FRONT = {
    .name = "explain",
    .usage = "[OPTION]... [NAME | MESSAGE | -]",
    .about =
        "pgseal explain shows the page about a code, a parameter, a finding or a topic. Without "
        "a name\nit lists all pages. A message may be pasted as it was printed, by pgseal, "
        "libpq or OpenSSL;\n- reads it from standard input.\n",
    .more = "  pgseal explain X509_CERT_HAS_EXPIRED     what \"code:\" of a story says\n"
            "  pgseal explain sslmode                   also PGSSLMODE, sslmode=require\n"
            "  pgseal explain no pg_hba.conf entry      also \"certificate verify failed\"\n"
            "  pgseal connect ... 2>&1 | pgseal explain -\n"
            "\n"
            "Exit codes: 0 a page was found, 1 none, 2 usage.\n",
    .rows = ROWS,
    .n = PGSEAL_COUNT(ROWS),
    .take = take,
    .check = check,
};

/* ---- output ---------------------------------------------------------------------------------- */

static int columns(void)
{
    int n = isatty(STDOUT_FILENO) ? cli_columns(STDOUT_FILENO) : 80;

    return n > COLUMNS_MAX ? COLUMNS_MAX : n;
}

/* Rows of the screen that a text takes; a line wider than it takes several. */
static size_t rows_of(const char *text, size_t screen)
{
    size_t rows = 0;

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        rows += n > screen ? (n + screen - 1) / screen : 1;
        text += n + (text[n] == '\n');
    }
    return rows;
}

/* To the terminal, through the pager when it is longer than the screen. */
static void show(const struct cli_str *s)
{
    struct cli_run run = {.out = stdout};
    FILE *f = stdout;

    if (isatty(STDOUT_FILENO) && isatty(STDIN_FILENO)) {
        (void)setenv("LESS", "FRX", 0); /* as git does: colours are colours in less */
        f = cli_pager_open(&run, rows_of(cli_str(s), (size_t)cli_columns(STDOUT_FILENO)), 0);
    }
    fputs(cli_str(s), f);
    if (f != stdout)
        cli_pager_close(&run, f);
}

static int width_of(const char *text)
{
    int width = 0, height = 0;

    cli_cell_size(CLI_ENC_UTF8, (const uint8_t *)text, strlen(text), &width, &height);
    return width;
}

/* A line of a list. On a terminal a summary ends at its edge. */
static void list_line(struct cli_str *s, const struct cli_page *p, int names)
{
    int left = columns() - names - 4;
    size_t n = strlen(p->summary);

    cli_str_addf(s, "  %-*s  ", names, p->name);
    if (isatty(STDOUT_FILENO) && left > 20 && width_of(p->summary) > left) {
        while (n > (size_t)left - 3 || (n > 0 && p->summary[n - 1] != ' '))
            n--;
        cli_str_addn(s, p->summary, n);
        cli_str_add(s, "...\n");
    } else {
        cli_str_addf(s, "%s\n", p->summary);
    }
}

static int name_columns(struct cli_hit *hits, size_t n)
{
    int names = 0;

    for (size_t i = 0; i < n; i++)
        if (width_of(hits[i].page->name) > names)
            names = width_of(hits[i].page->name);
    return isatty(STDOUT_FILENO) && names > NAMES_MAX && columns() < COLUMNS_MAX ? NAMES_MAX
                                                                                 : names;
}

static void list(struct cli_str *s, struct cli_hit *hits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        list_line(s, hits[i].page, name_columns(hits, n));
}

static void heading(struct cli_str *s, const char *text)
{
    bool colour = cli_may_colour(STDOUT_FILENO);

    cli_str_addf(s, "%s%s%s%s\n", s->len > 0 ? "\n" : "", colour ? "\033[1m" : "", text,
                 colour ? "\033[0m" : "");
}

static void list_all(const struct ask *a)
{
    static const char *const HEADINGS[CLI_PAGE_KINDS] = {"Topics", "Parameters", "Findings",
                                                         "Errors"};
    struct cli_str s = {0};

    for (size_t kind = 0; kind < CLI_PAGE_KINDS; kind++) {
        size_t n = 0;

        for (size_t i = 0; i < cli_pages_n; i++)
            if (cli_pages[i].kind == (enum cli_page_kind)kind)
                a->hits[n++] = (struct cli_hit){&cli_pages[i], 1};
        if (n == 0)
            continue;
        heading(&s, HEADINGS[kind]);
        list(&s, a->hits, n);
    }
    cli_str_add(&s, "\npgseal explain NAME shows a page; it also takes an error message.\n");
    show(&s);
    cli_str_done(&s);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *json_page(const struct cli_page *p, bool text)
{
    json_t *o = cli_json_object();

    cli_json_text(o, "name", p->name);
    cli_json_text(o, "kind", cli_page_kind_str(p->kind));
    cli_json_text(o, "summary", p->summary);
    if (text)
        cli_json_text(o, "text", p->text);
    return o;
}

/* One page is that page; a list is its names and summaries. */
static int print_json(const struct ask *a, bool whole)
{
    json_t *o, *pages;

    if (!cli_json_ready())
        return CLI_FOUND;
    if (whole && a->n == 1) {
        o = json_page(a->hits[0].page, true);
    } else {
        o = cli_json_object();
        pages = cli_json_array();
        for (size_t i = 0; i < a->n; i++)
            cli_json_add(pages, json_page(a->hits[i].page, false));
        cli_json_put(o, "pages", pages);
    }
    (void)cli_json_print(stdout, o);
    return a->n > 0 ? CLI_FINE : CLI_FOUND;
}

/* ---- what was asked -------------------------------------------------------------------------- */

/* Standard input, as much of it as a message can have. */
static char *read_paste(void)
{
    char *text = cli_alloc(PASTE_MAX + 1);
    size_t n = fread(text, 1, PASTE_MAX, stdin);

    text[n] = '\0';
    return text;
}

static void trim(char *text)
{
    size_t n = strlen(text);
    size_t from = strspn(text, " \t\r\n");

    while (n > from && pgseal__is_space(text[n - 1]))
        n--;
    memmove(text, text + from, n - from);
    text[n - from] = '\0';
}

static char *operands(int argc, char **argv, int at)
{
    struct cli_str s = {0};

    if (at >= argc)
        return NULL;
    if (at == argc - 1 && strcmp(argv[at], "-") == 0)
        return read_paste();
    for (int i = at; i < argc; i++) {
        if (i > at)
            cli_str_addc(&s, ' ');
        cli_str_add(&s, argv[i]);
    }
    return s.p;
}

/* The first line of what was asked, for a message about it. */
static void quote(struct cli_str *s, const char *asked)
{
    char shown[200];

    pgseal__escape(shown, sizeof(shown), asked, strcspn(asked, "\r\n"), 128);
    cli_str_addf(s, "\"%s\"", shown);
}

/* "Did you mean A, B or C?" */
static void name_near(const struct ask *a, struct cli_str *fix)
{
    const struct cli_page *near[NEAR_MAX];
    size_t n = cli_explain_near(cli_pages, cli_pages_n, a->text, near, NEAR_MAX);

    for (size_t i = 0; i < n; i++)
        cli_str_addf(fix, "%s%s",
                     i == 0      ? "Did you mean "
                     : i + 1 < n ? ", "
                                 : " or ",
                     near[i]->name);
    cli_str_add(fix, n > 0 ? "? " : "");
}

/* The pages where the word is, as far as they can be told apart. */
static void name_found(const struct ask *a, struct cli_str *fix)
{
    size_t n = cli_explain_search(cli_pages, cli_pages_n, a->text, a->hits);

    for (size_t i = 0; i < n && i < NEAR_MAX; i++)
        cli_str_addf(fix, "%s%s", i == 0 ? "Pages that speak of it: " : ", ",
                     a->hits[i].page->name);
    if (n > NEAR_MAX)
        cli_str_addf(fix, " and %zu more", n - NEAR_MAX);
    cli_str_add(fix, n > 0 ? ". " : "");
}

static int nothing(const struct ask *a)
{
    struct cli_str what = {0}, fix = {0}, out = {0};

    if (a->json && print_json(a, false) != CLI_FOUND)
        return CLI_FOUND;
    quote(&what, a->text);
    if (a->search) {
        cli_str_add(&fix, "Fewer words, or other ones; pgseal explain lists all pages.");
    } else {
        name_near(a, &fix);
        name_found(a, &fix);
        cli_str_add(&fix, "pgseal explain --search WORD... looks into the pages, pgseal explain "
                          "lists them all.");
    }
    cli_say(&a->log, CLI_ERROR, a->search ? "no page has the words %s" : "no page about %s",
            cli_str(&what));
    cli_story_part(&out, "fix:", cli_str(&fix), cli_columns(STDERR_FILENO), a->log.colour);
    fputs(cli_str(&out), stderr);
    cli_str_done(&out);
    cli_str_done(&fix);
    cli_str_done(&what);
    return CLI_FOUND;
}

static int show_list(const struct ask *a, const char *before, size_t max)
{
    struct cli_str s = {0};
    size_t n = a->n < max ? a->n : max;

    if (a->json)
        return print_json(a, false);
    cli_str_add(&s, before);
    list(&s, a->hits, n);
    if (n < a->n)
        cli_str_addf(&s, "  ... and %zu more, that fit less\n", a->n - n);
    show(&s);
    cli_str_done(&s);
    return CLI_FINE;
}

static int show_page(const struct ask *a)
{
    struct cli_str s = {0};

    if (a->json)
        return print_json(a, true);
    cli_markdown(&s, a->hits[0].page->text, columns(), cli_may_colour(STDOUT_FILENO));
    show(&s);
    cli_str_done(&s);
    return CLI_FINE;
}

/* True when the first page fits so much better than the others that it is the one. */
static bool is_clear(const struct ask *a)
{
    return a->n == 1 || a->hits[1].score * 3 < a->hits[0].score * 2;
}

static int explain(struct ask *a)
{
    enum cli_found how = cli_explain_find(cli_pages, cli_pages_n, a->text, a->hits, &a->n);

    if (how == CLI_FOUND_NOTHING)
        return nothing(a);
    if (how == CLI_FOUND_MESSAGE && is_clear(a))
        a->n = 1;
    if (a->n == 1)
        return show_page(a);
    return show_list(a,
                     how == CLI_FOUND_NAME ? "Several pages have this name:\n\n"
                                           : "Several pages have this message; the first fits "
                                             "best:\n\n",
                     BEST_MAX);
}

static int search(struct ask *a)
{
    a->n = cli_explain_search(cli_pages, cli_pages_n, a->text, a->hits);
    return a->n > 0 ? show_list(a, "", cli_pages_n) : nothing(a);
}

static int everything(struct ask *a)
{
    if (!a->json) {
        list_all(a);
        return CLI_FINE;
    }
    for (a->n = 0; a->n < cli_pages_n; a->n++)
        a->hits[a->n] = (struct cli_hit){&cli_pages[a->n], 1};
    return print_json(a, false);
}

int cli_verb_explain(int argc, char **argv)
{
    struct ask a = {.log = {.err = stderr, .out = stdout, .colour = cli_may_colour(STDERR_FILENO)}};
    int code = CLI_FINE;
    int first = cli_enter(&FRONT, &a, argc, argv, &code);

    if (first < 0)
        return code;
    a.text = operands(argc, argv, first);
    if (a.text != NULL)
        trim(a.text);
    a.hits = cli_alloc(cli_pages_n * sizeof(*a.hits));
    code = a.text == NULL ? everything(&a) : a.search ? search(&a) : explain(&a);
    cli_free(a.hits);
    cli_free(a.text);
    return code;
}
