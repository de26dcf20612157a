/* SPDX-License-Identifier: PostgreSQL */
/* Our getaddrinfo, getnameinfo and getpw* beside glibc's: prints where they differ. */
#include <arpa/inet.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int (*theirs)(const char *, const char *, const struct addrinfo *,
                     struct addrinfo **) = getaddrinfo;
static int (*their_name)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t,
                         int) = getnameinfo;
static int (*their_uid)(uid_t, struct passwd *, char *, size_t, struct passwd **) = getpwuid_r;
static int (*their_user)(const char *, struct passwd *, char *, size_t,
                         struct passwd **) = getpwnam_r;

/* From here on these names are ours. */
#define getaddrinfo     our_getaddrinfo
#define freeaddrinfo    our_freeaddrinfo
#define getnameinfo     our_getnameinfo
#define gethostbyname   our_gethostbyname
#define getservbyname   our_getservbyname
#define getservbyport_r our_getservbyport_r
#define getpwuid_r      our_getpwuid_r
#define getpwnam_r      our_getpwnam_r
#define getpwuid        our_getpwuid
#define getpwnam        our_getpwnam
#include "standalone/names.c"
#define find find_user
#include "standalone/users.c"
#undef freeaddrinfo

static int differences;

static void text_of(int rc, const struct addrinfo *ai, char *out, size_t n)
{
    size_t len = (size_t)snprintf(out, n, "%d", rc);

    for (; rc == 0 && ai != NULL && len < n; ai = ai->ai_next) {
        char host[80] = "";
        char port[8] = "";

        their_name(ai->ai_addr, ai->ai_addrlen, host, sizeof(host), port, sizeof(port),
                   NI_NUMERICHOST | NI_NUMERICSERV);
        len += (size_t)snprintf(out + len, n - len, " [%s]:%s type %d proto %d canon %s", host,
                                port, ai->ai_socktype, ai->ai_protocol,
                                ai->ai_canonname != NULL ? ai->ai_canonname : "-");
    }
}

static void compare(const char *node, const char *service, int family, int flags)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *a = NULL;
    struct addrinfo *b = NULL;
    char ours[1024];
    char glibcs[1024];
    int rc = our_getaddrinfo(node, service, &hints, &a);

    text_of(rc, a, ours, sizeof(ours));
    our_freeaddrinfo(rc == 0 ? a : NULL);
    rc = theirs(node, service, &hints, &b);
    text_of(rc, b, glibcs, sizeof(glibcs));
    if (rc == 0)
        freeaddrinfo(b);
    if (strcmp(ours, glibcs) != 0) {
        printf("%s %s family %d flags %d: ours %s, glibc's %s\n", node, service, family, flags,
               ours, glibcs);
        differences++;
    }
}

static void addresses(void)
{
    static const char *const NODES[] = {"127.0.0.1",  "127.1",       "0x7f.1",
                                        "0177.0.0.1", "2130706433",  "256.0.0.1",
                                        "1.2.3.4.5",  "::1",         "::",
                                        "fe80::1%lo", "fe80::1%1",   "::ffff:1.2.3.4",
                                        "1::2::3",    "2001:db8::1", "127.0.0.1 ",
                                        "1.2.3",      "0",           "255.255.255.255",
                                        "::1%lo",     "[::1]",       ""};
    static const char *const SERVICES[] = {"5432", "0", "65535", NULL};
    static const int FAMILIES[] = {AF_UNSPEC, AF_INET, AF_INET6};
    static const int FLAGS[] = {AI_NUMERICHOST, AI_NUMERICHOST | AI_NUMERICSERV,
                                AI_NUMERICHOST | AI_CANONNAME};

    for (size_t i = 0; i < sizeof(NODES) / sizeof(NODES[0]); i++)
        for (size_t s = 0; s < sizeof(SERVICES) / sizeof(SERVICES[0]); s++)
            for (size_t f = 0; f < sizeof(FAMILIES) / sizeof(FAMILIES[0]); f++)
                for (size_t g = 0; g < sizeof(FLAGS) / sizeof(FLAGS[0]); g++)
                    compare(NODES[i], SERVICES[s], FAMILIES[f], FLAGS[g]);
    for (size_t f = 0; f < sizeof(FAMILIES) / sizeof(FAMILIES[0]); f++) {
        compare(NULL, "5432", FAMILIES[f], 0);
        compare(NULL, "5432", FAMILIES[f], AI_PASSIVE);
        compare(NULL, NULL, FAMILIES[f], 0);
        compare("127.0.0.1", "", FAMILIES[f], AI_NUMERICSERV);
        compare("127.0.0.1", "54x", FAMILIES[f], AI_NUMERICSERV);
    }
    compare("127.0.0.1", "5432", AF_UNIX, 0);
    compare("localhost", "5432", AF_INET, 0);
}

static void user(const char *name, uid_t uid)
{
    struct passwd a;
    struct passwd b;
    struct passwd *ours = NULL;
    struct passwd *glibcs = NULL;
    char room_a[4096];
    char room_b[4096];
    int rc = name != NULL ? our_getpwnam_r(name, &a, room_a, sizeof(room_a), &ours)
                          : our_getpwuid_r(uid, &a, room_a, sizeof(room_a), &ours);
    int rd = name != NULL ? their_user(name, &b, room_b, sizeof(room_b), &glibcs)
                          : their_uid(uid, &b, room_b, sizeof(room_b), &glibcs);

    if (rc != rd || (ours == NULL) != (glibcs == NULL) ||
        (ours != NULL &&
         (strcmp(a.pw_name, b.pw_name) != 0 || a.pw_uid != b.pw_uid ||
          strcmp(a.pw_dir, b.pw_dir) != 0 || strcmp(a.pw_shell, b.pw_shell) != 0))) {
        printf("user %s %u: ours %d, glibc's %d\n", name, (unsigned)uid, rc, rd);
        differences++;
    }
}

static void users(void)
{
    static const char *const NAMES[] = {"root", "nobody", "postgres", "nosuchuser", ""};
    static const uid_t UIDS[] = {0, 1, 65534, 4242};
    char small[8];
    struct passwd pw;
    struct passwd *found = &pw;

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        user(NAMES[i], 0);
    for (size_t i = 0; i < sizeof(UIDS) / sizeof(UIDS[0]); i++)
        user(NULL, UIDS[i]);
    if (our_getpwuid_r(0, &pw, small, sizeof(small), &found) != ERANGE || found != NULL) {
        printf("a room that is too small is not said to be\n");
        differences++;
    }
}

int main(void)
{
    addresses();
    users();
    printf("%d differences\n", differences);
    return differences != 0;
}
