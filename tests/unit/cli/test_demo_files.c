/* SPDX-License-Identifier: PostgreSQL */
/* Tests of the demo's files: written as root into directories of another user. */
#include "cli/demo_int.h"

#include "t.h"

#include <sys/stat.h>
#include <unistd.h>

static void read_all(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    out[fread(out, 1, cap - 1, f)] = '\0';
    fclose(f);
}

/* Whoever owns the directory may have put a link where the file is to be, under either name. */
static void test_write__a_link_is_in_the_way__it_is_replaced_and_not_followed(void **state)
{
    char dir[] = "/tmp/pgseal-test-XXXXXX";
    char path[64], fresh[64], target[64], text[64];
    struct demo_server s = {.uid = geteuid(), .gid = getegid()};
    struct pgseal_err err;
    struct stat st;
    FILE *f;

    assert_non_null(mkdtemp(dir));
    pgseal__format(path, sizeof(path), "%s/pg_hba.conf", dir);
    pgseal__format(fresh, sizeof(fresh), "%s/pg_hba.conf.new", dir);
    pgseal__format(target, sizeof(target), "%s/shadow", dir);
    f = fopen(target, "w");
    assert_non_null(f);
    fputs("not yours", f);
    fclose(f);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(symlink(target, fresh), 0);
    assert_int_equal(demo_write(&s, path, "host\n", 0640, true, &err), 0);
    read_all(target, text, sizeof(text));
    assert_string_equal(text, "not yours");
    read_all(path, text, sizeof(text));
    assert_string_equal(text, "host\n");
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(access(fresh, F_OK), -1);
    unlink(path);
    unlink(target);
    rmdir(dir);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__a_link_is_in_the_way__it_is_replaced_and_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
