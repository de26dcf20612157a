/* SPDX-License-Identifier: PostgreSQL */
/* Reads host names, addresses and roles as people type them; says what is wrong with them. */
#include "name.h"

#include "core/cert/cert.h"

#include <arpa/inet.h>

/* RFC 1035 2.3.4, RFC 5280's ub-common-name. */
enum { NAME_MAX_CHARS = 253, LABEL_MAX = 63, CN_MAX = 64 };

static int refuse(struct pgseal_err *err, const char *typed, const char *seen, const char *fix)
{
    char shown[128];

    pgseal__fail(err, PGSEAL_E_CA_REQUEST, "\"%s\" is no host name or address",
                 pgseal__escape(shown, sizeof(shown), typed, strlen(typed), 96));
    pgseal__detail(err, "%s", seen);
    pgseal__hint(err, "%s", fix);
    return PGSEAL_E_CA_REQUEST;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* What people type where a host name is wanted, each with its own advice. */
static int look_for_habits(const char *typed, struct pgseal_err *err)
{
    if (typed[0] == '\0')
        return refuse(err, typed, "It is empty.", "Name the host as clients will type it.");
    if (typed[0] == '/' || typed[0] == '@')
        return refuse(err, typed, "It looks like the directory of a Unix-domain socket.",
                      "Sockets have no TLS; name the host as clients will type it.");
    if (strstr(typed, "://") != NULL || strpbrk(typed, "@?=") != NULL)
        return refuse(err, typed, "It looks like a connection string or URI.",
                      "Give the host alone, as it stands in host=.");
    if (typed[0] == '[')
        return refuse(err, typed, "An address in a certificate has no brackets.",
                      "Give it without them: fd00::1.");
    if (strchr(typed, '/') != NULL)
        return refuse(err, typed, "It looks like a range of addresses or a path.",
                      "A certificate is for single names and addresses; list each.");
    if (strchr(typed, '%') != NULL)
        return refuse(
            err, typed, "An address in a certificate has no zone.",
            "Leave %... away, or better use an address or a name that is not link-local.");
    if (strchr(typed, ':') != NULL)
        return refuse(err, typed, "It has a colon and is no IPv6 address: a port?",
                      "A certificate is for a host, whatever the port; give the host alone.");
    for (const char *p = typed; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            return refuse(err, typed, "It has letters outside of ASCII, and libpq compares bytes.",
                          "Give the form that is in the DNS and that clients type: xn--...");
    return 0;
}

/* One label: letters, digits, hyphens; underscores, because services in containers have them. */
static int check_label(const char *typed, const char *label, size_t n, struct pgseal_err *err)
{
    if (n == 0)
        return refuse(err, typed, "There is nothing between two dots, or before the first.",
                      "Give the name with single dots.");
    if (n > LABEL_MAX)
        return refuse(err, typed, "A part between two dots has more than 63 characters.",
                      "DNS allows 63.");
    if (label[0] == '-' || label[n - 1] == '-')
        return refuse(err, typed, "A part begins or ends with a hyphen.",
                      "Give the name as it is in the DNS.");
    for (size_t i = 0; i < n; i++)
        if (label[i] == '*')
            return refuse(err, typed, "libpq takes a * only as the whole first part of a name.",
                          "Type *.example.com, or list each name.");
        else if (!is_name_char(label[i]))
            return refuse(err, typed, "Host names have letters, digits, hyphens and dots.",
                          "Give the name as clients will type it.");
    return 0;
}

/* The labels of a name, without "*.". */
static int check_labels(const char *typed, const char *rest, struct pgseal_err *err)
{
    for (;;) {
        size_t n = strcspn(rest, ".");
        int rc = check_label(typed, rest, n, err);

        if (rc < 0 || rest[n] == '\0')
            return rc;
        rest += n + 1;
        if (*rest == '\0')
            return refuse(err, typed, "It ends with a dot, and libpq compares names as typed.",
                          "Give it without the dot, and have clients type it without.");
    }
}

/* What is well formed, and is no name that a client could be given. */
static int check_sense(const char *typed, const char *rest, struct pgseal_err *err)
{
    const char *last = strrchr(rest, '.');

    /* RFC 1123 2.1: the last part is alphabetic, so that no name is taken for an address. */
    last = last != NULL ? last + 1 : rest;
    if (strspn(last, "0123456789") == strlen(last))
        return refuse(err, typed,
                      "Its last part is a number, as in an address, but it is no address.",
                      "Check the numbers of the address; a certificate has single addresses, "
                      "without *.");
    /* OpenSSL's X509_check_host(), with which clients of Python and others compare, wants two. */
    if (rest != typed && strchr(rest, '.') == NULL)
        return refuse(err, typed,
                      "It is for everything below one word; libpq takes it, clients that leave the "
                      "name to OpenSSL refuse it.",
                      "Put a word between, as in *.db.internal, or list each name.");
    return 0;
}

static void lower(char *out, size_t cap, const char *prefix, const char *text)
{
    pgseal__format(out, cap, "%s%s", prefix, text);
    for (char *p = out + strlen(prefix); *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
}

/* "10.0.0.5", "fd00::1" in their one form. False: no address. */
static bool address_text(const char *typed, char *out, size_t cap)
{
    uint8_t address[16];
    char text[INET6_ADDRSTRLEN];
    int family = inet_pton(AF_INET, typed, address) == 1 ? AF_INET : AF_INET6;

    if (family == AF_INET6 && inet_pton(AF_INET6, typed, address) != 1)
        return false;
    if (inet_ntop(family, address, text, sizeof(text)) == NULL)
        return false;
    pgseal__format(out, cap, "IP:%s", text);
    return true;
}

int ca_name_san(const char *typed, char out[CA_NAME_CAP], struct pgseal_err *err)
{
    const char *rest = strncmp(typed, "*.", 2) == 0 ? typed + 2 : typed;
    struct in_addr any;
    int rc;

    if (address_text(typed, out, CA_NAME_CAP))
        return 0;
    rc = look_for_habits(typed, err);
    if (rc < 0)
        return rc;
    /* libpq takes for an address whatever inet_aton() does, "1" and "10.1" too. */
    if (inet_aton(typed, &any) != 0)
        return refuse(err, typed, "libpq would take it for an address, written in an odd way.",
                      "Write all four numbers of the address.");
    if (strlen(typed) > NAME_MAX_CHARS)
        return refuse(err, typed, "It has more than 253 characters.", "DNS allows 253.");
    rc = check_labels(typed, rest, err);
    if (rc == 0)
        rc = check_sense(typed, rest, err);
    if (rc == 0)
        lower(out, CA_NAME_CAP, "DNS:", typed);
    return rc;
}

int ca_name_permit(const char *typed, char out[CA_NAME_CAP], struct pgseal_err *err)
{
    const char *slash = strchr(typed, '/');
    int rc;

    if (slash != NULL || address_text(typed, out, CA_NAME_CAP)) {
        if (slash == NULL) /* one address */
            pgseal__append(out, CA_NAME_CAP, strchr(typed, ':') != NULL ? "/128" : "/32");
        else
            pgseal__format(out, CA_NAME_CAP, "IP:%s", typed);
        if (pgseal__mint_permit_known(out))
            return 0;
        return refuse(err, typed, "It is no range of addresses, or has bits behind its mask.",
                      "Write it like 10.0.0.0/8 or fd00::/8.");
    }
    rc = look_for_habits(typed, err);
    if (rc == 0)
        rc = check_labels(typed, typed[0] == '.' ? typed + 1 : typed, err);
    if (rc == 0)
        lower(out, CA_NAME_CAP, "DNS:", typed);
    return rc;
}

int ca_name_role(const char *typed, struct pgseal_err *err)
{
    char shown[128];

    if (typed[0] != '\0' && strlen(typed) <= CN_MAX)
        return 0;
    pgseal__fail(err, PGSEAL_E_CA_REQUEST, "\"%s\" cannot be the role of a client's certificate",
                 pgseal__escape(shown, sizeof(shown), typed, strlen(typed), 96));
    pgseal__detail(err,
                   "It has %zu bytes; a common name has 1 to 64, a role of PostgreSQL 1 to 63.",
                   strlen(typed));
    pgseal__hint(err, "Name the role as it is in pg_roles; a map in pg_ident.conf can turn another "
                      "name into it.");
    return PGSEAL_E_CA_REQUEST;
}

void ca_name_file(const char *text, char out[CA_NAME_CAP])
{
    out[0] = '\0';
    if (strncmp(text, "*.", 2) == 0) {
        pgseal__append(out, CA_NAME_CAP, "_wildcard");
        text++;
    }
    for (; *text != '\0'; text++) {
        bool first = out[0] == '\0';
        bool safe = is_name_char(*text) || strchr(".:@+,", *text) != NULL;

        if (first && (*text == '.' || *text == '-'))
            safe = false;
        pgseal__append(out, CA_NAME_CAP, safe ? "%c" : "%%%02X", (unsigned char)*text);
    }
}
