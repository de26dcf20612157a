/* SPDX-License-Identifier: PostgreSQL */
/* conninfo.h: what a connection string asks for, and the plan of attempts it leads to. */
#include <pgseal/conninfo.h>

#include <stdio.h>

static const char *nothing(void *ctx, const char *name)
{
    return NULL;
}

static void no_file(void *ctx, const char *path, struct pgseal_file *f)
{
    *f = (struct pgseal_file){.stat_sys = 2, .read_sys = 2};
}

static void release(void *ctx, struct pgseal_file *f)
{
}

static void print_step(const struct pgseal_conninfo *ci, const struct pgseal_attempt *a)
{
    static const char *const actions[] = {"resolve", "connect to", "continue with", "done", "fail"};
    const struct pgseal_host *h = pgseal_conninfo_host(ci, a->host);

    printf("%s", actions[a->action]);
    if (a->action < PGSEAL_ACT_DONE)
        printf(" %s:%s", h->host, h->port);
    if (a->action == PGSEAL_ACT_CONNECT || a->action == PGSEAL_ACT_CONTINUE)
        printf(" by %s%s", a->method == PGSEAL_METHOD_TLS ? "TLS" : "plaintext",
               a->reconnect ? ", again" : "");
    printf("\n");
}

int main(void)
{
    struct pgseal_world world = {.size = sizeof(world),
                                 .env = nothing,
                                 .stat = no_file,
                                 .read = no_file,
                                 .release = release,
                                 .user = "me"};
    /* What happens to each attempt: prefer falls back to plaintext, b is the one that answers. */
    static const enum pgseal_outcome story[] = {PGSEAL_OUT_START,      PGSEAL_OUT_RESOLVED,
                                                PGSEAL_OUT_UNREACHED,  PGSEAL_OUT_RESOLVED,
                                                PGSEAL_OUT_TLS_FAILED, PGSEAL_OUT_OPEN};
    struct pgseal_err err;
    struct pgseal_conninfo *ci = pgseal_conninfo_new(&err);
    struct pgseal_plan *plan = NULL;
    int rc;

    if (ci != NULL && pgseal_conninfo_parse(ci, "postgresql://a,b:6432/shop", &err) == 0 &&
        pgseal_conninfo_finish(ci, &world, &err) == 0)
        plan = pgseal_plan_new(ci, 0, &err);
    for (size_t i = 0; plan != NULL && i < sizeof(story) / sizeof(story[0]); i++) {
        struct pgseal_attempt a;

        if (pgseal_plan_next(plan, story[i], 1, &a, &err) < 0)
            break;
        print_step(ci, &a);
    }
    rc = plan != NULL ? 0 : 1;
    pgseal_plan_free(plan);
    pgseal_conninfo_free(ci);
    return rc;
}
