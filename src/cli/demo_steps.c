/* SPDX-License-Identifier: PostgreSQL */
/* The demo's steps: what is typed, what must come out of it, and why it matters. */
#include "demo_steps_int.h"

/*
 * To add a step: a row here. `needs` are words its output must have (a leading '!': must not
 * have); together with the exit status they decide whether the step went as the story says.
 */
const struct demo_step demo_steps[] = {
    {.chapter = "Look: is this connection encrypted?",
     .args = {"-c", "create extension sslinfo"},
     .needs = {"CREATE EXTENSION"},
     .why = "sslinfo lets SQL ask the server what it knows about this very connection."},
    {.chapter = "Compare: without TLS",
     .env = {"PGSSLMODE=disable"},
     .args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres"},
     .typed = "select ssl_is_used();\n\\q",
     .needs = {"\n f\n", "(1 row)", "!SSL connection"},
     .why = "No SSL line in the banner, and the server agrees: everything on the path can read and "
            "change this session."},
    {.chapter = "Compare: with TLS, nothing configured",
     .args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres"},
     .typed = "select ssl_is_used();\nselect ssl_cipher();\n\\q",
     .needs = {"SSL connection (protocol: TLSv1.", "bits: ", "\n t\n", "TLS_AES_"},
     .why = "Encrypted by default (sslmode=prefer), but no certificate was checked: only SCRAM's "
            "channel binding vouches for this server, and with an IAM token, md5 or trust nothing "
            "would. And the step before shows that plaintext is still let in."},
    {.args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres", "-c",
              "select ssl, version, cipher, bits from pg_stat_ssl where pid = pg_backend_pid()"},
     .needs = {" t ", "TLSv1.", "(1 row)"},
     .why = "The server's view of the same connection. Both ends agree: no sign of something in "
            "between that ends TLS."},
    {.chapter = "Enforce: refuse plaintext",
     .note = "-- on Aurora: rds.force_ssl = 1; here the same in pg_hba.conf: host becomes hostssl",
     .before = DEMO_FORCE_SSL,
     .env = {"PGSSLMODE=disable"},
     .args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres", "-c", "select 1"},
     .exit = 2,
     .needs = {"no pg_hba.conf entry for host", "no encryption"},
     .why = "Plaintext is refused now. The last words of the message are how to tell this from a "
            "missing user or address."},
    {.args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres", "-At", "-c",
              "select ssl_is_used()"},
     .needs = {"t\n"},
     .why =
         "The default mode still gets in, with TLS. Enforcement says nothing about who answered: "
         "that is the next chapter."},
    {.note = "-- rds.force_ssl = 0: back again",
     .before = DEMO_ALLOW_PLAIN,
     .env = {"PGSSLMODE=disable"},
     .args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres", "-At", "-c",
              "select ssl_is_used()"},
     .needs = {"f\n"},
     .why = "Switched off, plaintext is let in again: enforcement is the server's setting, not the "
            "client's."},
    {.chapter = "Trust: verify who answers",
     .args = {"host=$HOST sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem user=postgres "
              "dbname=postgres"},
     .typed = "select ssl_is_used();\n\\q",
     .needs = {"SSL connection (protocol: TLSv1.", "ap-northeast-1-bundle.pem", "Root CA ECC384 G1",
               "\n t\n"},
     .why =
         "Verified: the chain ends at a root from a file you chose, and the certificate names the "
         "host you typed. The banner says which root, from which file, until when."},
    {.env = {"PGSSLMODE=verify-full", "PGSSLROOTCERT=ap-northeast-1-bundle.pem"},
     .args = {"-h", "$HOST", "-U", "postgres", "-d", "postgres"},
     .typed = "select ssl_is_used();\n\\q",
     .needs = {"SSL connection (protocol: TLSv1.", "ap-northeast-1-bundle.pem", "\n t\n"},
     .why = "The same by environment: every libpq program understands these two variables. A value "
            "in the connection string would win."},
    {.chapter = "When trust fails, say why",
     .args = {"host=$HOST sslmode=verify-full sslrootcert=dummy.pem user=postgres dbname=postgres"},
     .exit = 2,
     .needs = {"could not read root certificate file \"dummy.pem\"", "ROOT_UNUSABLE"},
     .why = "A file that exists but holds no certificate: no session, back at the shell."},
    {.args = {"host=$HOST sslmode=verify-full sslrootcert=missing.pem user=postgres "
              "dbname=postgres"},
     .exit = 2,
     .needs = {"root certificate file \"missing.pem\" does not exist", "ROOT_MISSING"},
     .why = "A file that is not there is another mistake with another fix."},
    {.args = {"host=$HOST sslmode=require sslrootcert=missing.pem user=postgres dbname=postgres",
              "-At", "-c", "select ssl_is_used()"},
     .needs = {"t\n", "missing.pem"},
     .why = "The trap: with `require` a missing file means no verification at all. psql connects "
            "without a word; pgseal says so."},
    {.args = {"host=$HOST sslmode=require sslrootcert=us-east-1-bundle.pem user=postgres "
              "dbname=postgres",
              "-c", "select 1"},
     .exit = 2,
     .needs = {"SSL error: certificate verify failed", "us-east-1"},
     .why = "And with `require` an existing file does verify the chain: here it holds another "
            "region's root."},
    {.args = {"host=wrong.example.com sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem "
              "user=postgres dbname=postgres",
              "-c", "select 1"},
     .exit = 2,
     .needs = {"does not match host name \"wrong.example.com\"", "CERT_NAME"},
     .why = "A valid certificate for another name is what an impostor inside the same cloud would "
            "show."},
    {.args = {"host=wrong.example.com sslmode=verify-ca sslrootcert=ap-northeast-1-bundle.pem "
              "user=postgres dbname=postgres",
              "-At", "-c", "select ssl_is_used()"},
     .needs = {"t\n"},
     .why = "verify-ca does not look at the name and lets it pass: use verify-full."},
    {.note = "-- the server now presents a certificate that ended yesterday",
     .before = DEMO_EXPIRED,
     .args = {"host=$HOST sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem user=postgres "
              "dbname=postgres",
              "-c", "select 1"},
     .exit = 2,
     .needs = {"SSL error: certificate verify failed", "X509_CERT_HAS_EXPIRED"},
     .why =
         "libpq has one text for an expired certificate, a wrong root and a missing intermediate. "
         "The lines below it tell them apart."},
    {.note = "-- a current certificate again, but the authority that signed it ended yesterday",
     .before = DEMO_EXPIRED_SUB,
     .args = {"host=$HOST sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem user=postgres "
              "dbname=postgres",
              "-c", "select 1"},
     .exit = 2,
     .needs = {"SSL error: certificate verify failed", "X509_CERT_HAS_EXPIRED", "depth 1"},
     .why = "The same words from libpq; the certificate to look at is another one."},
    {.chapter = "Rotate",
     .note = "-- the certificate is renewed under the same root",
     .before = DEMO_CURRENT,
     .args = {"host=$HOST sslmode=verify-full sslrootcert=ap-northeast-1-bundle.pem user=postgres "
              "dbname=postgres",
              "-At", "-c", "select ssl_is_used()"},
     .needs = {"t\n"},
     .why =
         "Clients that trust the root survive a renewal without a change. That is why only roots "
         "belong into the file, never the server's own certificate."},
};

const size_t demo_step_count = PGSEAL_COUNT(demo_steps);
