# SPDX-License-Identifier: PostgreSQL
"""The one table of differences that are tolerated, each with its reason.

pgseal says what libpq 18 says on the OpenSSL it runs with. psql 15 is on the same OpenSSL; each row of FROM_15
turns what it says into what libpq 18 says, so that both can judge (and psql 15 alone where libpq 18 is not there).
"""
import re

# pattern, replacement, reason
FROM_15 = [
    (r'invalid (ssl_m\w+_protocol_version) value: ', r'invalid "\1" value: ',
     "reworded in 17: the name is quoted"),
    (r"SCM_CRED authentication method not supported", "authentication method 6 not supported",
     "16 forgot SCM credentials"),
    (r"SSL SYSCALL error: EOF detected", "SSL error: unexpected eof while reading",
     "17 gave its BIO an answer to BIO_CTRL_EOF, so OpenSSL 3 sees the end of the stream itself"),
    (r"(root certificate file \".*\" does not exist|could not get home directory to locate root certificate file)"
     r"\nEither provide the file or change sslmode",
     r"\1\nEither provide the file, use the system's trusted roots with sslrootcert=system, or change sslmode",
     "16 learned sslrootcert=system"),
]



def from_15(text):
    for pattern, replacement, _ in FROM_15:
        text = re.sub(pattern, replacement, text)
    return text
