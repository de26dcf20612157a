/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes the passfile: a password comes out of it only by a line that a plain reading also finds.
 */
#include "one_file_world.h"

/* Takes one field off a line: its text without escapes, and whether it was a bare "*". */
static const char *field(const char *p, char *out, bool *star)
{
    *star = p[0] == '*' && p[1] == ':';
    while (*p != '\0' && *p != ':') {
        if (*p == '\\' && p[1] != '\0')
            p++;
        *out++ = *p++;
    }
    *out = '\0';
    return *p == ':' ? p + 1 : NULL;
}

/* A line whose four fields are ours or "*" with a password behind them. */
static bool fits(const char *line, const char *const want[4], const char *password)
{
    char *text = malloc(strlen(line) + 1);
    bool ok = line[0] != '#';
    bool star;

    must(text != NULL);
    for (int i = 0; i < 4 && ok; i++) {
        line = field(line, text, &star);
        ok = line != NULL && (star || strcmp(text, want[i]) == 0);
    }
    if (ok) {
        field(line, text, &star);
        ok = strcmp(text, password) == 0;
    }
    free(text);
    return ok;
}

static bool some_line_fits(const uint8_t *data, size_t size, const char *const want[4],
                           const char *password)
{
    char *copy = malloc(size + 1);
    bool found = false;

    must(copy != NULL);
    memcpy(copy, data, size);
    copy[size] = '\0';
    for (char *p = copy, *next; p != NULL && !found; p = next) {
        size_t n = strcspn(p, "\n");

        next = p[n] == '\n' ? p + n + 1 : NULL;
        while (n > 0 && p[n - 1] == '\r')
            n--;
        p[n] = '\0';
        found = fits(p, want, password);
    }
    free(copy);
    return found;
}

/* Input: the file. A NUL in it is judged only by not crashing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* None with ":": libpq lets a bare one match there too, which a plain reading does not find. */
    static const char *const hosts[] = {"h", "back\\slash", "*", ""};
    long live = pgseal__alloc_live();

    for (size_t i = 0; i < PGSEAL_COUNT(hosts); i++) {
        const char *const want[4] = {hosts[i][0] != '\0' ? hosts[i] : "localhost", "5432", "d",
                                     "u"};
        struct pgseal_conninfo *ci = pgseal_conninfo_new(NULL);
        const struct pgseal_host *h;
        struct pgseal_err err;
        struct one_file w;

        one_file_init(&w, data, size);
        must(ci != NULL && pgseal_conninfo_set(ci, "host", hosts[i], "test", NULL) == 0 &&
             pgseal_conninfo_set(ci, "dbname", "d", "test", NULL) == 0);
        must(pgseal_conninfo_finish(ci, &w.world, &err) == 0);
        must_be_sound(ci);
        h = pgseal_conninfo_host(ci, 0);
        if (h->password != NULL && memchr(data, '\0', size) == NULL)
            must(some_line_fits(data, size, want, h->password));
        pgseal_conninfo_free(ci);
    }
    must(pgseal__alloc_live() == live);
    return 0;
}
