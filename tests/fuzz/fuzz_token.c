/* SPDX-License-Identifier: PostgreSQL */
/* Fuzzes tokens of IAM: whatever stands in one, the story has none of its secrets, and no controls.
 */
#include "core/base/base.h"
#include "fuzz.h"

#include <pgseal/aws.h>

#define MARK "5eb63bbbe01eeed093cb22bb8f5acdc3"

/* Lines of ours are allowed in the fix, other controls nowhere. */
static void must_be_shown(const char *text, size_t cap, bool lines)
{
    size_t n = strnlen(text, cap);

    must(n < cap && strstr(text, MARK) == NULL);
    for (size_t i = 0; i < n; i++)
        must((uint8_t)text[i] >= 0x20 || (lines && text[i] == '\n'));
}

static void try_login(const struct pgseal_aws_token *t, const char *host, const char *method)
{
    const struct pgseal_aws_login login = {
        .host = host, .port = 5432, .user = "app", .method = method, .now_unix_s = 1795453200};
    unsigned misfits = pgseal_aws_token_check(t, &login);
    char seen[600], fix[600];

    must((misfits & PGSEAL_AWS_CUT) == 0 || !t->whole);
    must((misfits & PGSEAL_AWS_ENDED) == 0 || t->whole);
    pgseal_aws_token_story(t, &login, misfits, seen, sizeof(seen), fix, sizeof(fix));
    must_be_shown(seen, sizeof(seen), false);
    must_be_shown(fix, sizeof(fix), true);
}

static void try_token(const char *text)
{
    struct pgseal_aws_token t;
    static const struct pgseal_aws_token none;

    if (!pgseal_aws_token(text, &t)) {
        must(memcmp(&t, &none, sizeof(t)) == 0);
        return;
    }
    must(t.host[0] != '\0' && strlen(t.host) < sizeof(t.host) && t.port >= 0 && t.port <= 65535);
    must(strlen(t.user) < sizeof(t.user) && strlen(t.region) < sizeof(t.region));
    must(t.len == strlen(text) && (!t.whole || t.until_unix_s >= t.signed_unix_s));
    try_login(&t, NULL, NULL);
    try_login(&t, "localhost", "md5");
    try_login(&t, "a.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com.", "password");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 200);

    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    try_token(text);
    pgseal__format(text + strlen(text), 200, "&X-Amz-Security-Token=%s&X-Amz-Signature=%s%s", MARK,
                   MARK, MARK);
    try_token(text);
    free(text);
    return 0;
}
