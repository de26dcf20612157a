# SPDX-License-Identifier: PostgreSQL
"""Parity rows: what openssl.cnf and OpenSSL's environment change, for libpq and so for pgseal."""
from fake_server import Behaviour
from parity import Pg, row

HEAD = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"


def conf(*lines):
    """OPENSSL_CONF and the file it names."""
    return dict(env={"OPENSSL_CONF": "{home}/o.cnf"}, files=[("{home}/o.cnf", HEAD + "\n".join(lines) + "\n", 0o644)])


def rows():
    for level in range(5):
        given = conf("CipherString = DEFAULT@SECLEVEL=%d" % level)
        for cert in ("good", "ec", "sha1", "sha1sub", "weakkey", "weaksub"):
            least = {"good": 2, "ec": 3, "sha1": 0, "sha1sub": 0, "weakkey": 1, "weaksub": 1}[cert]
            for mode in ("require", "verify-full"):
                root = {"root": "ecroot" if cert == "ec" else "good"} if mode == "verify-full" else {}
                want = "verified" if root else "tls"
                if level == 4 and cert == "ec":
                    want = "ssl-reason"  # its key is too short for the server's offer
                elif level > least and root:
                    want = "verify-failed"
                yield row("level%d-%s-%s" % (level, cert, mode), Behaviour(cert=cert), want, sslmode=mode, **given, **root)
    only13, only12 = Behaviour(tls_min="TLSv1_3"), Behaviour(tls_max="TLSv1_2")
    only11 = Behaviour(tls_max="TLSv1_1")
    for name, lines, server, want, more in (
            ("min13", ["MinProtocol = TLSv1.3"], only12, "tls", {}),
            ("min13-empty", ["MinProtocol = TLSv1.3"], only12, ("ssl-reason", "version-hint"),
             {"ssl_min_protocol_version": ""}),
            ("max12", ["MaxProtocol = TLSv1.2"], only13, ("ssl-reason", "version-hint"), {}),
            ("max12-named", ["MaxProtocol = TLSv1.2"], only13, "tls", {"ssl_max_protocol_version": "TLSv1.3"}),
            ("max12-session", ["MaxProtocol = TLSv1.2"], Behaviour(), "tls", {}),
            ("old", ["MinProtocol = TLSv1", "CipherString = DEFAULT@SECLEVEL=0"], only11,
             ("ssl-reason", "version-hint"), {}),
            ("old-named", ["MinProtocol = TLSv1", "CipherString = DEFAULT@SECLEVEL=0"], only11, "tls",
             {"ssl_min_protocol_version": "TLSv1.1"}),
            ("old-empty", ["MinProtocol = TLSv1", "CipherString = DEFAULT@SECLEVEL=0"], only11, "tls",
             {"ssl_min_protocol_version": ""}),
            ("suites", ["Ciphersuites = TLS_CHACHA20_POLY1305_SHA256"], Behaviour(), "tls", {}),
            ("suites12", ["CipherString = ECDHE-RSA-AES128-GCM-SHA256"], only12, "tls", {}),
            ("suitesnone", ["CipherString = ECDHE-ECDSA-AES128-GCM-SHA256"], only12, "ssl-reason", {}),
            ("groups", ["Groups = P-384"], Behaviour(), "tls", {}),
            ("groupsnone", ["Groups = ffdhe8192"], Pg(), "ssl-reason", {}),
            ("sigalgs", ["SignatureAlgorithms = ed25519"], Behaviour(), "ssl-reason", {}),
            ("options", ["Options = -SessionTicket"], Behaviour(), "tls", {})):
        yield row("cnf-%s" % name, server, want, sslmode="require", **more, **conf(*lines))
        if want != "tls":
            yield row("cnf-%s-prefer" % name, server, "plain", sslmode="prefer", **more, **conf(*lines))
    # verification may be asked for there as well; roots not (a command for certificates, refused in system_default)
    for mode in ("prefer", "require", "verify-ca"):
        yield row("cnf-peer-%s" % mode, Pg(), "plain" if mode == "prefer" else "root-missing" if mode == "verify-ca"
                  else "verify-failed", sslmode=mode, **conf("VerifyMode = Peer"))
        for root, file in (("good", "other"), ("other", "good")):
            given = conf("VerifyMode = Peer", "VerifyCAFile = {root:%s}" % file)
            want = "verified" if root == "good" else "plain" if mode == "prefer" else "verify-failed"
            yield row("cnf-cafile-%s-%s" % (mode, file), Pg(), want, sslmode=mode, root=root, **given)
    for name, text in (("empty", ""), ("garbage", "what is this\n"), ("nosection", "openssl_conf = a\n"),
                       ("unknown", HEAD + "NoSuchCommand = 1\n"), ("badvalue", HEAD + "MinProtocol = TLSv9\n"),
                       ("badcipher", HEAD + "CipherString = NONSENSE\n")):
        yield row("cnf-file-%s" % name, Behaviour(), "tls", sslmode="require",
                  env={"OPENSSL_CONF": "{home}/o.cnf"}, files=[("{home}/o.cnf", text, 0o644)])
    yield row("cnf-file-missing", Behaviour(), "tls", sslmode="require", env={"OPENSSL_CONF": "{home}/nowhere.cnf"})
    for name, env, want in (("file", {"SSL_CERT_FILE": "{root:good}"}, "verified"),
                            ("otherfile", {"SSL_CERT_FILE": "{root:other}"}, "verify-failed"),
                            ("nofile", {"SSL_CERT_FILE": "{home}/nowhere"}, "verify-failed"),
                            ("dir", {"SSL_CERT_DIR": "{crldir:withroot}"}, "verified"),
                            ("otherdir", {"SSL_CERT_DIR": "{crldir:empty}"}, "verify-failed"),
                            ("crlsindir", {"SSL_CERT_DIR": "{crldir:good}"}, "ssl-reason")):
        yield row("system-env-%s" % name, Pg(), want, sslmode="verify-full", sslrootcert="system", env=env, only=18,
                  because="libpq 15 takes system for a file name")

