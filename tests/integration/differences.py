# SPDX-License-Identifier: PostgreSQL
"""The one table of differences that are tolerated, each with its reason.

pgseal says what libpq 18 says on the OpenSSL it runs with. psql 15 is on the same OpenSSL; each row of FROM_15
turns what it says into what libpq 18 says, so that both can judge (and psql 15 alone where libpq 18 is not there).
"""
import re

WHOLE = "pgseal reads a message whole before it judges it; libpq takes bytes too many for the next message"
TAIL = "libpq keeps this complaint without acting on it and shows it only if something else fails"

STUFFED = ("pgseal refuses bytes behind the S when it sees them; libpq looks after the handshake, and when that fails"
           " first, as here, it words it as a failed handshake and prefer goes on in plaintext")

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



# What pgseal means to say differently from libpq 18: pattern in libpq's text, pgseal's, reason. Verdicts never differ.
INTENDED = [
    (r"[\x00-\x08\x0b-\x1f\x7f]", lambda m: "\\x%02x" % ord(m.group()),
     "control characters of a peer never reach the terminal"),
]

# Rows whose text pgseal means to say differently: start of the row's name -> text, reason.
ROWS = {
    "startup-zerotype": (r"(but received )$", r"\1\\x00", "a zero byte is shown, as all control characters"),
    "startup-cleartextmore": (r"fe_sendauth: no password supplied", "received invalid authentication request", WHOLE),
    "npv-v-long": (r"(?s)(: server negotiated|expected auth|received invalid).*",
                   "received invalid protocol negotiation message", WHOLE),
    "npv-v-count": (r"(negotiation message).*", r"\1: message too short", WHOLE),
    "answer-stuffedend-require": ("SSL error: unexpected eof while reading",
                                  "received unencrypted data after SSL response", STUFFED),
    "system-env-crlsindir": ("search only supported for directories", "certificate verify failed",
                             "OpenSSL's store loader leaves an error of its own first in the queue"),
    "scram-extrasig": (r"malformed SCRAM message \(garbage .*\)\n", "", TAIL),
    "scram-finaltailsig": (r"malformed SCRAM message \(garbage .*\)\n", "", TAIL),
    "string-5": ("'b'", "***", "what may be a password is not printed"),
    "clientfile-engine": ("could not load SSL engine .*", 'sslkey "nosuchengine:key" names a key in an OpenSSL engine,'
                          " which pgseal does not load", "engines load code from outside; OpenSSL 3 gave them up"),
}

# Rows that pgseal refuses and libpq accepts: name -> text, reason.
STRICTER = {
    "answer-stuffedend-prefer": ("received unencrypted data after SSL response", STUFFED),
}

# Rows that may look different to the server: start of the row's name -> reason.
WIRE = {
    "bad-connect_timeout": "libpq has connected when it reads the number, pgseal has not",
}

# Warnings of libpq that pgseal gives elsewhere: libpq's, pgseal's, reason.
WARNINGS = {"sslpassword truncated": ("OpenSSL takes its first 1023 bytes",
                                      "the story of a key that cannot be decrypted says it")}


def intended(name, text):
    """libpq's text as pgseal means to say it."""
    for pattern, replacement, _ in INTENDED:
        text = re.sub(pattern, replacement, text)
    for start, (pattern, replacement, _) in ROWS.items():
        if name.startswith(start):
            text, found = re.subn(pattern, replacement, text)
            assert found, "%s: a difference that is none any more: %s" % (name, pattern)
    return text


def from_15(text):
    for pattern, replacement, _ in FROM_15:
        text = re.sub(pattern, replacement, text)
    return text
