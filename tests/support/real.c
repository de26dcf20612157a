/* SPDX-License-Identifier: PostgreSQL */
/* Reads real files of Amazon's authorities where they are there. */
#include "real.h"

#include "t.h"

char *t_real_find(const char *name, size_t *n)
{
    const char *root = getenv("PGSEAL_SHARED");
    char path[1024];
    char *data;
    FILE *f;

    snprintf(path, sizeof(path), "%s/data/rds/%s", root != NULL ? root : SOURCE_ROOT "/../shared",
             name);
    f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    data = test_malloc(1 << 20);
    *n = fread(data, 1, (1 << 20) - 1, f);
    data[*n] = '\0';
    fclose(f);
    return data;
}

char *t_real_file(const char *name, size_t *n)
{
    char *data = t_real_find(name, n);

    if (data == NULL) {
        print_message("shared data (PGSEAL_SHARED) is not there: skipped\n");
        skip();
    }
    return data;
}
