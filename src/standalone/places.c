/* SPDX-License-Identifier: PostgreSQL */
/* Where this machine keeps its roots and openssl.cnf: a static OpenSSL knows only its build's
 * Debian. */
#include <openssl/x509.h>

#include <stddef.h>
#include <unistd.h>

/*
 * These are OpenSSL's own functions (crypto/x509/x509_def.c), all of that file so that the linker
 * takes none of it. What they give is used in its own places: SSL_CERT_FILE, SSL_CERT_DIR and
 * OPENSSL_CONF come first, as always.
 */

/*
 * File and folder are one system's pair: trust of two systems is never added up. The last row is
 * what a message names when there is nothing.
 */
static const struct roots {
    const char *file, *dir;
} ROOTS[] = {
    {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs"},   /* Debian, Ubuntu, Alpine */
    {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/tls/certs"}, /* Amazon Linux, RHEL, Fedora */
    {"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs"}, /* the same */
    {"/etc/ssl/ca-bundle.pem", "/etc/ssl/certs"},                                /* SUSE */
    {"/var/lib/ca-certificates/ca-bundle.pem", "/etc/ssl/certs"},                /* the same */
    {"/etc/ssl/cert.pem", "/etc/ssl/certs"}, /* OpenSSL's own names; Alpine */
};

static const struct roots *roots(void)
{
    size_t i = 0;

    while (i + 1 < sizeof(ROOTS) / sizeof(ROOTS[0]) && access(ROOTS[i].file, R_OK) != 0)
        i++;
    return &ROOTS[i];
}

const char *X509_get_default_cert_file(void)
{
    return roots()->file;
}

const char *X509_get_default_cert_dir(void)
{
    return roots()->dir;
}

/* The folder of openssl.cnf. On RHEL that file includes the system's crypto policy. */
const char *X509_get_default_cert_area(void)
{
    if (access("/etc/ssl/openssl.cnf", R_OK) != 0 && access("/etc/pki/tls/openssl.cnf", R_OK) == 0)
        return "/etc/pki/tls";
    return "/etc/ssl";
}

const char *X509_get_default_private_dir(void)
{
    return "/etc/ssl/private";
}

const char *X509_get_default_cert_file_env(void)
{
    return "SSL_CERT_FILE";
}

const char *X509_get_default_cert_dir_env(void)
{
    return "SSL_CERT_DIR";
}
