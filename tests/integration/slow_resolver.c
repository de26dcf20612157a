/* SPDX-License-Identifier: PostgreSQL */
/* Preloaded: a getaddrinfo(3) that takes 30 seconds for names under .slow, as a dead name server
 * does. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    size_t n = node != NULL ? strlen(node) : 0;

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (n > 5 && strcmp(node + n - 5, ".slow") == 0) {
        sleep(30);
        return EAI_AGAIN;
    }
    return real(node, service, hints, res);
}
