/* SPDX-License-Identifier: PostgreSQL */
/* The prompt: psql's, with libedit's line editing and a history. */
#include "lazy_int.h"
#include "run_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_LINES 500

/* One terminal. */
struct term {
    const struct cli_edit_api *api; /* NULL: no editing */
    EditLine *el;
    History *hist;
    char history_file[1024]; /* "" = none */
    char prompt[256];
    mbstate_t partial;
};

void cli_prompt_text(const struct cli_run *run, enum cli_prompt prompt, char *out, size_t cap)
{
    static const char MARKS[] = "=-'\"$*("; /* in the order of enum cli_prompt */
    const char *super = run->open ? run->link.param(run->link.ctx, "is_superuser") : NULL;
    char mark = MARKS[prompt];
    const char *txn = "";

    if (prompt == CLI_PROMPT_READY && !run->open)
        mark = '!';
    if (!run->open)
        txn = "?";
    else if (run->txn == 'T' || run->txn == 'A')
        txn = "*";
    else if (run->txn == 'E')
        txn = "!";
    pgseal__format(out, cap, "%s%c%s%c ", run->open ? run->host.dbname : "", mark, txn,
                   super != NULL && strcmp(super, "on") == 0 ? '#' : '>');
}

static char *prompt_of(EditLine *el)
{
    static char none[] = "";
    struct term *t = NULL;

    return cli_edit_api()->el_get(el, EL_CLIENTDATA, &t) == 0 && t != NULL ? t->prompt : none;
}

static volatile sig_atomic_t resized;

static void on_resize(int sig)
{
    (void)sig;
    resized = 1;
}

/*
 * One character for libedit, whose own reader swallows the first Ctrl-C. SIGINT is blocked but
 * inside of ppoll(), so that none can slip between the look and the wait.
 */
static int read_char(EditLine *el, wchar_t *out)
{
    struct term *t = NULL;
    sigset_t block, before;
    int rc = -1;

    cli_edit_api()->el_get(el, EL_CLIENTDATA, &t);
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &before);
    while (rc < 0 && !cli_was_interrupted()) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        char c;
        size_t got;

        if (resized) {
            resized = 0;
            t->api->el_resize(el);
        }
        if (ppoll(&p, 1, NULL, &before) < 0)
            continue;
        if (read(STDIN_FILENO, &c, 1) <= 0) {
            rc = 0;
            break;
        }
        got = mbrtowc(out, &c, 1, &t->partial);
        if (got == (size_t)-1) { /* not of this locale: shown as it is */
            memset(&t->partial, 0, sizeof(t->partial));
            *out = (wchar_t)(unsigned char)c;
            rc = 1;
        } else if (got != (size_t)-2) {
            rc = 1;
        }
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (rc < 0)
        errno = EINTR;
    return rc;
}

/* PGSEAL_HISTORY, else a file in the home directory; none where that is no file of its own. */
static void find_history(struct term *t)
{
    const char *path = getenv("PGSEAL_HISTORY");
    const char *home = getenv("HOME");
    struct stat st;

    if (path != NULL)
        pgseal__format(t->history_file, sizeof(t->history_file), "%s", path);
    else if (home != NULL && home[0] != '\0')
        pgseal__format(t->history_file, sizeof(t->history_file), "%s/.pgseal_history", home);
    /* libedit sets the mode of what it writes: never of /dev/null. */
    if (t->history_file[0] != '\0' && stat(t->history_file, &st) == 0 && !S_ISREG(st.st_mode))
        t->history_file[0] = '\0';
}

static void start_editing(struct term *t)
{
    const struct cli_edit_api *api = cli_edit_api();
    HistEvent ev;
    EditLine *el;

    if (api == NULL)
        return;
    el = api->el_init("pgseal", stdin, stdout, stderr);
    if (el == NULL)
        return;
    t->api = api;
    t->el = el;
    api->el_set(el, EL_CLIENTDATA, t);
    api->el_set(el, EL_PROMPT, prompt_of);
    api->el_set(el, EL_EDITOR, "emacs");
    api->el_set(el, EL_SIGNAL, 0);
    api->el_set(el, EL_GETCFN, read_char);
    api->el_set(el, EL_BIND, "^I", "ed-insert", NULL); /* a tab in pasted text is a tab */
    api->el_set(el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    api->el_set(el, EL_BIND, "\\e[3~", "ed-delete-next-char", NULL);
    t->hist = api->history_init();
    if (t->hist == NULL)
        return;
    api->history(t->hist, &ev, H_SETSIZE, HISTORY_LINES);
    api->history(t->hist, &ev, H_SETUNIQUE, 1);
    api->el_set(el, EL_HIST, api->history, t->hist);
    find_history(t);
    if (t->history_file[0] != '\0')
        api->history(t->hist, &ev, H_LOAD, t->history_file);
}

static void stop_editing(struct term *t)
{
    HistEvent ev;
    mode_t mask;

    if (t->el == NULL)
        return;
    if (t->hist != NULL) {
        mask = umask(077); /* what was typed is nobody else's business */
        if (t->history_file[0] != '\0')
            t->api->history(t->hist, &ev, H_SAVE, t->history_file);
        umask(mask);
        t->api->history_end(t->hist);
    }
    t->api->el_end(t->el);
}

static bool next_line(void *ctx, struct cli_run *run, enum cli_prompt prompt, struct cli_str *line)
{
    struct term *t = ctx;
    const char *text;
    int n = 0;

    cli_prompt_text(run, prompt, t->prompt, sizeof(t->prompt));
    if (t->el != NULL) {
        text = t->api->el_gets(t->el, &n);
        if (cli_was_interrupted())
            return false;
        if (text == NULL || n <= 0) {
            fputs(run->quiet ? "\n" : "\\q\n", run->out);
            return false;
        }
        cli_str_addn(line, text, (size_t)n);
    } else {
        char buf[512];

        fputs(t->prompt, run->out);
        fflush(run->out);
        do {
            if (fgets(buf, sizeof(buf), stdin) == NULL) {
                clearerr(stdin);
                break;
            }
            cli_str_add(line, buf);
            /* Only a full buffer is a piece of a line; a NUL byte ends one, too. */
        } while (strlen(buf) == sizeof(buf) - 1 && line->p[line->len - 1] != '\n');
        if (line->len == 0) {
            if (!cli_was_interrupted())
                fputs(run->quiet ? "\n" : "\\q\n", run->out);
            return false;
        }
    }
    while (line->len > 0 && (line->p[line->len - 1] == '\n' || line->p[line->len - 1] == '\r'))
        cli_str_cut(line, line->len - 1);
    return true;
}

/* A line that names a password stays out of the history, in memory and in the file. */
static void remember(void *ctx, const char *line)
{
    struct term *t = ctx;
    HistEvent ev;

    if (t->hist == NULL || line[strspn(line, " \t")] == '\0' ||
        strcasestr(line, "password") != NULL)
        return;
    t->api->history(t->hist, &ev, H_ENTER, line);
}

int cli_repl(struct cli_run *run)
{
    struct term t = {0};
    struct cli_lines_in in = {.ctx = &t, .next = next_line, .remember = remember};
    struct sigaction act = {.sa_handler = on_resize};
    int code;

    sigemptyset(&act.sa_mask);
    sigaction(SIGWINCH, &act, NULL);
    run->at_prompt = true;
    run->source = stdin;
    start_editing(&t);
    code = cli_main_loop(run, &in);
    stop_editing(&t);
    return code;
}
