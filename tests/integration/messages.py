# SPDX-License-Identifier: PostgreSQL
"""Every message libpq has for a connection that fails: its class, its text, and why a row cannot provoke it."""
import re

# Classes of outcome. The first three are successes.
CLASSES = ("plain", "tls", "verified", "chain", "revocation", "name", "rootfile", "clientcert", "version",
           "handshake", "negotiation", "protocol", "auth", "scram", "binding", "requirement", "option",
           "conninfo", "service", "reach", "server")

# key: (class, printf text[, why no row provokes it]). [n] = first major version of libpq that says so.
MESSAGES = {
    # options, before connecting
    "bad-value": ("option", 'invalid %s value: "%s"'),
    "bad-version": ("option", 'invalid "%s" value: "%s"'),
    "version-range": ("option", "invalid SSL protocol version range"),
    "weak-direct": ("option", 'weak sslmode "%s" may not be used with sslnegotiation=direct'
                    ' (use "require", "verify-ca", or "verify-full")'),
    "weak-system": ("option", 'weak sslmode "%s" may not be used with sslrootcert=system (use "verify-full")'),
    "auth-twice": ("option", 'require_auth method "%s" is specified more than once'),
    "auth-mixneg": ("option", 'negative require_auth method "%s" cannot be mixed with non-negative methods'),
    "auth-mixpos": ("option", 'require_auth method "%s" cannot be mixed with negative methods'),
    "no-ssl-build": ("option", '%s value "%s" invalid when SSL support is not compiled in',
                     "every libpq here is built with OpenSSL, and so is pgseal"),
    "no-certmode": ("option", '%s value "%s" is not supported (check OpenSSL version)',
                    "only OpenSSL before 1.0.2 lacks SSL_CTX_set_cert_cb"),
    "no-gss-build": ("option", 'gssencmode value "%s" invalid when GSSAPI support is not compiled in'),
    "protocol-range": ("option", '"%s" is greater than "%s"'),
    "count-hostaddr": ("option", "could not match %d host names to %d hostaddr values"),
    "count-port": ("option", "could not match %d port numbers to %d hosts"),
    "bad-port": ("option", 'invalid port number: "%s"'),
    "bad-integer": ("option", 'invalid integer value "%s" for connection option "%s"'),
    # connection strings
    "no-equals": ("conninfo", 'missing "=" after "%s" in connection info string'),
    "no-quote": ("conninfo", "unterminated quoted string in connection info string"),
    "no-option": ("conninfo", 'invalid connection option "%s"'),
    "uri-bracket": ("conninfo", 'end of string reached when looking for matching "]" in IPv6 host address'
                    ' in URI: "%s"'),
    "uri-empty6": ("conninfo", 'IPv6 host address may not be empty in URI: "%s"'),
    "uri-char": ("conninfo", 'unexpected character "%c" at position %d in URI (expected ":" or "/"): "%s"'),
    "uri-noequals": ("conninfo", 'missing key/value separator "=" in URI query parameter: "%s"'),
    "uri-equals": ("conninfo", 'extra key/value separator "=" in URI query parameter: "%s"'),
    "uri-percent": ("conninfo", 'invalid percent-encoded token: "%s"'),
    "uri-nul": ("conninfo", 'forbidden value %%00 in percent-encoded value: "%s"'),
    "uri-spaces": ("conninfo", 'unexpected spaces found in "%s", use percent-encoded spaces (%%20) instead'),
    "uri-param": ("conninfo", 'invalid URI query parameter: "%s"'),
    # service files
    "service-long": ("service", 'line %d too long in service file "%s"'),
    "service-syntax": ("service", 'syntax error in service file "%s", line %d'),
    "service-nested": ("service", 'nested service specifications not supported in service file "%s", line %d'),
    "service-none": ("service", 'definition of service "%s" not found'),
    "service-nofile": ("service", 'service file "%s" not found'),
    # reaching the server
    "no-host": ("reach", 'could not translate host name "%s" to address: %s'),
    "bad-hostaddr": ("reach", 'could not parse network address "%s": %s'),
    "refused": ("reach", "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?"),
    "no-socket": ("reach", "No such file or directory\n\tIs the server running locally and accepting connections"
                  " on that socket?"),
    "socket-long": ("reach", 'Unix-domain socket path "%s" is too long (maximum %d bytes)'),
    "timeout": ("reach", "timeout expired"),
    "closed": ("reach", "server closed the connection unexpectedly\n\tThis probably means the server terminated"
               " abnormally\n\tbefore or while processing the request."),
    "receive": ("reach", "could not receive data from server: %s",
                "a reset says \"closed\"; other errors of recv() need a network to break"),
    "send": ("reach", "could not send data to server: %s",
             "the server would have to vanish between two system calls of the client"),
    "setsockopt": ("reach", "setsockopt(%s) failed: %s"),
    "not-open": ("reach", "connection not open", "says PQexec on a closed connection, not connecting"),
    "peer": ("reach", 'requirepeer specifies "%s", but actual peer user name is "%s"'),
    "not-standby": ("reach", "server is not in hot standby mode"),
    "read-only": ("reach", "session is read-only"),
    "read-write": ("reach", "session is not read-only"),
    "in-standby": ("reach", "server is in hot standby mode"),
    # negotiation
    "send-ssl": ("negotiation", "could not send SSL negotiation packet: %s",
                 "8 bytes always fit into the empty send buffer of a new connection"),
    "send-startup": ("negotiation", "could not send startup packet: %s", "as send-ssl"),
    "send-gss": ("negotiation", "could not send GSSAPI negotiation packet: %s", "no GSS in pgseal or libpq 18 here"),
    "send-cancel": ("negotiation", "could not send cancel packet: %s", "says PQcancel, not connecting"),
    "no-ssl": ("negotiation", "server does not support SSL, but SSL was required"),
    "ssl-error": ("negotiation", "server sent an error response during SSL exchange"),
    "gss-error": ("negotiation", "server sent an error response during GSS encryption exchange",
                  "needs a Kerberos ticket"),
    "ssl-answer": ("negotiation", "received invalid response to SSL negotiation: %c"),
    "gss-answer": ("negotiation", "received invalid response to GSSAPI negotiation: %c", "needs a Kerberos ticket"),
    "ssl-stuffed": ("negotiation", "received unencrypted data after SSL response"),
    "gss-stuffed": ("negotiation", "received unencrypted data after GSSAPI encryption response",
                    "needs a Kerberos ticket"),
    "gss-required": ("negotiation", "server doesn't support GSSAPI encryption, but it was required",
                     "needs a Kerberos ticket"),
    "gss-impossible": ("negotiation", "GSSAPI encryption required but %s",
                       "gssencmode=require is refused before by what is built without GSS (no-gss-build)"),
    "no-alpn": ("negotiation", "direct SSL connection was established without ALPN protocol negotiation extension"),
    "other-alpn": ("negotiation", "SSL connection was established with unexpected ALPN protocol",
                   "a server that picks what was not offered is a TLS library of its own; unit tests play it"),
    "set-alpn": ("negotiation", "could not set SSL ALPN extension: %s", "only when memory is short"),
    # startup answers
    "not-auth": ("protocol", "expected authentication request from server, but received %c"),
    "bad-auth": ("protocol", "received invalid authentication request"),
    "bad-npv0": ("protocol", "received invalid protocol negotiation message"),
    "bad-npv": ("protocol", "received invalid protocol negotiation message: %s"),
    "twice-npv": ("protocol", "received duplicate protocol negotiation message"),
    "bad-error": ("protocol", "received invalid error message"),
    "too-new": ("protocol", 'server only supports protocol version %d.%d, but "%s" was set to %d.%d'),
    # TLS
    "verify-failed": ("chain", "SSL error: certificate verify failed"),
    "verify-empty": ("chain", "SSL error: certificate verify failed: %s",
                     "Debian's own store is never empty, and libpq 18 here reads another directory"),
    "ssl-reason": ("handshake", "SSL error: %s"),
    "version-hint": ("version", "This may indicate that the server does not support any SSL protocol version"
                     " between %s and %s."),
    "ssl-eof": ("handshake", "SSL error: unexpected eof while reading"),
    "ssl-syscall": ("handshake", "SSL SYSCALL error: %s"),
    "ssl-closed": ("handshake", "SSL connection has been closed unexpectedly"),
    "ssl-unknown": ("handshake", "unrecognized SSL error code: %d", "OpenSSL returns no such code"),
    "ssl-code": ("handshake", "SSL error code %lu", "needs an OpenSSL error without a reason text"),
    "ssl-none": ("handshake", "no SSL error reported", "OpenSSL 3 always leaves a reason in these places"),
    "ssl-read": ("handshake", "SSL_read failed but did not provide error information", "an OpenSSL bug would say it"),
    "ssl-context": ("handshake", "could not create SSL context: %s", "only when memory is short"),
    "ssl-establish": ("handshake", "could not establish SSL connection: %s", "only when memory is short"),
    "set-min": ("version", "could not set minimum SSL protocol version: %s", "OpenSSL here knows all four versions"),
    "bad-min": ("version", 'invalid value "%s" for minimum SSL protocol version',
                "refused before as bad-version"),
    "set-sni": ("handshake", "could not set SSL Server Name Indication (SNI): %s"),
    "no-cert": ("handshake", "certificate could not be obtained: %s",
                "only an anonymous cipher would, and libpq's default ciphers have none"),
    # roots
    "root-missing": ("rootfile", 'root certificate file "%s" does not exist\nEither provide the file, use the'
                     " system's trusted roots with sslrootcert=system, or change sslmode to disable server"
                     " certificate verification."),
    "root-nohome": ("rootfile", "could not get home directory to locate root certificate file\nEither provide the"
                    " file, use the system's trusted roots with sslrootcert=system, or change sslmode to disable"
                    " server certificate verification.", "HOME unset falls back to the passwd entry"),
    "root-bad": ("rootfile", 'could not read root certificate file "%s": %s'),
    "root-system": ("rootfile", "could not load system root certificate paths: %s", "only when memory is short"),
    # names
    "name": ("name", 'server certificate for "%s" does not match host name "%s"'),
    "name-one": ("name", 'server certificate for "%s" (and %d other name) does not match host name "%s"'),
    "name-more": ("name", 'server certificate for "%s" (and %d other names) does not match host name "%s"'),
    "name-none": ("name", "could not get server's host name from server certificate"),
    "name-nohost": ("name", "host name must be specified for a verified SSL connection"),
    "name-null": ("name", "SSL certificate's name contains embedded null"),
    "name-entry": ("name", "SSL certificate's name entry is missing", "OpenSSL's parser leaves no empty entry"),
    "name-address": ("name", "SSL certificate's address entry is missing", "as name-entry"),
    "name-length": ("name", "certificate contains IP address with invalid length %zu"),
    "name-convert": ("name", "could not convert certificate's IP address to string: %s", "4 and 16 bytes always can"),
    # client certificate
    "cert-open": ("clientcert", 'could not open certificate file "%s": %s'),
    "cert-read": ("clientcert", 'could not read certificate file "%s": %s'),
    "key-missing": ("clientcert", 'certificate present, but not private key file "%s"'),
    "key-stat": ("clientcert", 'could not stat private key file "%s": %s'),
    "key-irregular": ("clientcert", 'private key file "%s" is not a regular file'),
    "key-access": ("clientcert", 'private key file "%s" has group or world access; file must have permissions u=rw'
                   " (0600) or less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned"
                   " by root"),
    "key-load": ("clientcert", 'could not load private key file "%s": %s'),
    "key-mismatch": ("clientcert", 'certificate does not match private key file "%s": %s',
                     "OpenSSL 3 reports the mismatch when the key is loaded"),
    "engine-load": ("clientcert", 'could not load SSL engine "%s": %s'),
    "engine-init": ("clientcert", 'could not initialize SSL engine "%s": %s', "needs an engine that fails"),
    "engine-read": ("clientcert", 'could not read private SSL key "%s" from engine "%s": %s', "needs an engine"),
    "cert-unasked": ("clientcert", "server did not request an SSL certificate"),
    "cert-unsent": ("clientcert", "server accepted connection without a valid SSL certificate"),
    # authentication
    "cb-nossl": ("binding", "channel binding required, but SSL not in use"),
    "cb-nomech": ("binding", "channel binding is required, but server did not offer an authentication method that"
                  " supports channel binding"),
    "cb-request": ("binding", "channel binding required but not supported by server's authentication request"),
    "cb-without": ("binding", "channel binding required, but server authenticated client without channel binding"),
    "cb-client": ("binding", "channel binding is required, but client does not support it",
                  "needs an OpenSSL without X509_get_signature_nid"),
    "cb-plain": ("binding", "server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection"),
    "cb-nid": ("binding", "could not find digest for NID %s"),
    "cb-algorithm": ("binding", "could not determine server certificate signature algorithm",
                     "OpenSSL refuses such a certificate in the handshake"),
    "cb-hash": ("binding", "could not generate peer certificate hash", "only when memory is short"),
    "sasl-none": ("auth", "none of the server's SASL authentication mechanisms are supported"),
    "sasl-twice": ("auth", "duplicate SASL authentication request"),
    "sasl-early": ("auth", "AuthenticationSASLFinal received from server, but SASL authentication was not completed"),
    "sasl-nothing": ("auth", "no client response found after SASL exchange success",
                     "an internal check: no input reaches it"),
    "sasl-error": ("auth", "fe_sendauth: error in SASL authentication", "every refusal of SCRAM has words of its own"),
    "sasl-request": ("auth", "fe_sendauth: invalid authentication request from server: %s"),
    "oauth-unset": ("auth", "server requires OAuth authentication, but oauth_issuer and oauth_client_id are not both"
                    " set"),
    "auth-gss": ("auth", "GSSAPI authentication not supported"),
    "auth-sspi": ("auth", "SSPI authentication not supported"),
    "no-password": ("auth", "fe_sendauth: no password supplied"),
    "auth-unknown": ("auth", "authentication method %u not supported"),
    "auth-krb5": ("auth", "Kerberos 5 authentication not supported"),
    "auth-crypt": ("auth", "Crypt authentication not supported"),
    "from-file": ("auth", 'password retrieved from file "%s"'),
    "require": ("requirement", 'authentication method requirement "%s" failed: %s'),
    "scram-signature": ("scram", "incorrect server signature"),
    "scram-verify": ("scram", "could not verify server signature: %s", "only when memory is short"),
    "scram-nonce": ("scram", "invalid SCRAM response (nonce mismatch)"),
    "scram-attr": ("scram", 'malformed SCRAM message (attribute "%c" expected)'),
    "scram-equals": ("scram", 'malformed SCRAM message (expected character "=" for attribute "%c")'),
    "scram-empty": ("scram", "malformed SCRAM message (empty message)"),
    "scram-length": ("scram", "malformed SCRAM message (length mismatch)"),
    "scram-tail": ("scram", "malformed SCRAM message (garbage at end of server-first-message)"),
    "scram-finaltail": ("scram", "malformed SCRAM message (garbage at end of server-final-message)"),
    "scram-iter": ("scram", "malformed SCRAM message (invalid iteration count)"),
    "scram-salt": ("scram", "malformed SCRAM message (invalid salt)"),
    "scram-badsig": ("scram", "malformed SCRAM message (invalid server signature)"),
    "scram-state": ("scram", "invalid SCRAM exchange state"),
    "scram-said": ("scram", "error received from server in SCRAM exchange: %s"),
    # what the server says
    "server": ("server", "FATAL:  %s"),
    "server-old": ("server", "failed: %s"),
}


def pattern(key):
    """The regular expression of a message."""
    text = re.escape(MESSAGES[key][1]).replace("%%", "\0")
    text = re.sub(r"%(?:zu|lu|d|u)", r"\\d+", text)
    text = re.sub(r"%c", ".?", text)
    return re.sub(r"%s", ".*", text).replace("\0", "%")


def unreachable(key):
    return MESSAGES[key][2] if len(MESSAGES[key]) > 2 else None
