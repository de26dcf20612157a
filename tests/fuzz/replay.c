/* SPDX-License-Identifier: PostgreSQL */
/* Runs a fuzz harness over files: every seed, and every crash that was ever found, on each test
 * run. */
#include "fuzz.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t len = 0, n;

    if (f == NULL) {
        perror(path);
        return -1;
    }
    do {
        uint8_t *more = realloc(data, len + 65536);
        if (more == NULL)
            abort();
        data = more;
        n = fread(data + len, 1, 65536, f);
        len += n;
    } while (n > 0);
    fclose(f);
    /* An exact copy, so that ASan sees a read behind the last byte. NULL for an empty input, as
     * libFuzzer may. */
    uint8_t *exact = len > 0 ? malloc(len) : NULL;
    if (len > 0 && exact == NULL)
        abort();
    if (len > 0)
        memcpy(exact, data, len);
    free(data);
    printf("%s, %zu bytes\n", path, len);
    fflush(stdout); /* the last line names the input that crashed */
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* usage: replay_NAME FOLDER. Fails when there is no seed: a test that runs nothing proves nothing.
 */
int main(int argc, char **argv)
{
    struct dirent **names;
    char path[4096];
    int n = argc == 2 ? scandir(argv[1], &names, visible, alphasort) : -1;
    int bad = 0;

    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
        bad |= replay_file(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    if (n <= 0) {
        fprintf(stderr, "usage: %s FOLDER with at least one seed\n", argv[0]);
        return 2;
    }
    return bad != 0;
}
