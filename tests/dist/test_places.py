# SPDX-License-Identifier: PostgreSQL
"""The static client finds roots and openssl.cnf where each family of distributions keeps them, and trusts no more."""
import json
import subprocess

import pytest

from pki import HOST

DEBIAN = "etc/ssl/certs/ca-certificates.crt"
RHEL = "etc/pki/tls/certs/ca-bundle.crt"
EXTRACTED = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
# What RHEL 9 and Amazon Linux 2023 have in /etc/pki/tls/openssl.cnf and in the policy it includes, shortened.
RHEL_CNF = """
openssl_conf = openssl_init
config_diagnostics = 1
[openssl_init]
providers = provider_sect
ssl_conf = ssl_module
[provider_sect]
default = default_sect
[default_sect]
activate = 1
[ssl_module]
system_default = crypto_policy
[crypto_policy]
.include = /etc/crypto-policies/back-ends/opensslcnf.config
"""
RHEL_POLICY = """
CipherString = @SECLEVEL=2:kEECDH:kRSA:kEDH:kPSK:kDHEPSK:kECDHEPSK:kRSAPSK:-aDSS:-3DES:!DES:!RC4:!RC2:!IDEA:-SEED:!eNULL:!aNULL:!MD5
Ciphersuites = TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256
TLS.MinProtocol = TLSv1.2
TLS.MaxProtocol = TLSv1.2
SignatureAlgorithms = ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:rsa_pss_rsae_sha256:RSA+SHA256:RSA+SHA384:RSA+SHA512

[openssl_init]
alg_section = evp_properties

[evp_properties]
rh-allow-sha1-signatures = no
"""


def connect(jail, server, rootcert="system", more="", env=None, options=("-Atqc", "select 'in'")):
    jail.put("etc/hosts", f"127.0.0.1 {HOST}\n")
    return jail.run("connect", f"host={HOST} port={server.port} user=anyuser dbname=postgres sslmode=verify-full sslrootcert={rootcert} {more}",
                    *options, env=env)


def debian(jail, pem):
    jail.put(DEBIAN, pem)


def amazon(jail, pem):
    jail.put(EXTRACTED, pem).link(RHEL, "/" + EXTRACTED).link("etc/pki/tls/cert.pem", "/" + RHEL).link("etc/ssl/certs", "../pki/tls/certs")


def rhel_without_links(jail, pem):
    jail.put(EXTRACTED, pem)


def suse(jail, pem):
    jail.put("var/lib/ca-certificates/ca-bundle.pem", pem).link("etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem")


def alpine(jail, pem):
    jail.put(DEBIAN, pem).link("etc/ssl/cert.pem", "certs/ca-certificates.crt")


def alpine_bare(jail, pem):
    jail.put("etc/ssl/cert.pem", pem)


LAYOUTS = [debian, amazon, rhel_without_links, suse, alpine, alpine_bare]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_system_roots__of_a_distribution__are_found(jail, server, pki, layout):
    layout(jail, pki.pem("other") + pki.pem("root"))
    p = connect(jail, server)
    assert (p.returncode, p.stdout, p.stderr) == (0, "in\n", "")


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda f: f.__name__)
def test_system_roots__without_the_servers_root__refuse_it(jail, server, pki, layout):
    layout(jail, pki.pem("other"))
    p = connect(jail, server)
    assert (p.returncode, p.stdout) == (2, "")
    assert "certificate verify failed" in p.stderr


def test_system_roots__a_hashed_folder__is_looked_into(jail, server, pki):
    name = subprocess.run(["openssl", "x509", "-noout", "-hash"], input=pki.pem("root"), capture_output=True, text=True,
                          check=True, timeout=20).stdout
    jail.put(f"etc/ssl/certs/{name.strip()}.0", pki.pem("root"))
    assert connect(jail, server).stdout == "in\n"


def test_system_roots__of_two_families__are_not_added_up(jail, server, pki):
    debian(jail, pki.pem("other"))
    jail.put(RHEL, pki.pem("root"))
    assert "certificate verify failed" in connect(jail, server).stderr


def test_system_roots__the_environment__comes_first(jail, server, pki):
    debian(jail, pki.pem("other"))
    jail.put("mine.pem", pki.pem("root"))
    assert connect(jail, server, env={"SSL_CERT_FILE": "/mine.pem"}).stdout == "in\n"
    debian(jail, pki.pem("root"))
    p = connect(jail, server, env={"SSL_CERT_FILE": "/nothing.pem", "SSL_CERT_DIR": "/nothing"})
    assert "certificate verify failed" in p.stderr


def test_system_roots__nowhere__is_refused(jail, server):
    p = connect(jail, server)
    assert (p.returncode, p.stdout) == (2, "")
    assert "certificate verify failed" in p.stderr


def protocol(jail, server, pki, env=None, said=""):
    p = connect(jail.put("root.pem", pki.pem("root")), server, "/root.pem", env=env, options=["--json"])
    assert p.returncode == 0, p.stderr
    assert p.stderr == said
    return json.loads(p.stdout)["tls"]["version"]


def test_openssl_cnf__none__is_openssls_own_default(jail, server, pki):
    assert protocol(jail, server, pki) == "TLSv1.3"


@pytest.mark.parametrize("place", ["etc/ssl/openssl.cnf", "etc/pki/tls/openssl.cnf"])
def test_openssl_cnf__of_a_distribution__is_obeyed(jail, server, pki, place):
    jail.put(place, RHEL_CNF).put("etc/crypto-policies/back-ends/opensslcnf.config", RHEL_POLICY)
    assert protocol(jail, server, pki) == "TLSv1.2"


def test_openssl_cnf__of_a_newer_openssl__what_is_known_is_obeyed(jail, server, pki):
    # RHEL 10 names groups and signatures that came with OpenSSL 3.5.
    newer = RHEL_POLICY.replace("SignatureAlgorithms = ", "Groups = *X25519MLKEM768:?SecP256r1MLKEM768/*X25519:secp256r1\nSignatureAlgorithms = mldsa65:")
    jail.put("etc/pki/tls/openssl.cnf", RHEL_CNF).put("etc/crypto-policies/back-ends/opensslcnf.config", newer)
    assert protocol(jail, server, pki) == "TLSv1.2"


def test_openssl_cnf__security_level__is_obeyed(jail, server, pki):
    # Level 5 wants 256 bits, which no RSA key of ours has.
    jail.put("etc/ssl/openssl.cnf", RHEL_CNF).put("etc/crypto-policies/back-ends/opensslcnf.config",
                                                  RHEL_POLICY.replace("SECLEVEL=2", "SECLEVEL=5"))
    p = connect(jail.put("root.pem", pki.pem("root")), server, "/root.pem")
    assert (p.returncode, p.stdout) == (2, "")
    assert "too small" in p.stderr or "too weak" in p.stderr, p.stderr


def test_openssl_cnf__that_cannot_be_read__is_said(jail, server, pki):
    jail.put("etc/ssl/openssl.cnf", "[unclosed\n")
    assert protocol(jail, server, pki, said="pgseal: warning: /etc/ssl/openssl.cnf cannot be obeyed in full: missing close square bracket: "
                    "line 1; OPENSSL_CONF=FILE names another\n") == "TLSv1.3"


def test_openssl_cnf__of_nowhere__is_no_news(jail, server, pki):
    assert protocol(jail, server, pki, {"OPENSSL_CONF": "/nothing.cnf"}) == "TLSv1.3"


def test_openssl_cnf__the_environment__comes_first(jail, server, pki):
    jail.put("etc/ssl/openssl.cnf", RHEL_CNF).put("etc/crypto-policies/back-ends/opensslcnf.config", RHEL_POLICY).put("none.cnf", "")
    assert protocol(jail, server, pki, {"OPENSSL_CONF": "/none.cnf"}) == "TLSv1.3"


def test_openssl_cnf__a_provider_in_a_shared_object__is_not_loaded_and_the_rest_holds(jail, server, pki):
    more = RHEL_CNF.replace("[default_sect]", "pkcs11 = pkcs11_sect\n[pkcs11_sect]\nmodule = /pkcs11.so\nactivate = 1\n[default_sect]")
    jail.put("etc/ssl/openssl.cnf", more).put("etc/crypto-policies/back-ends/opensslcnf.config", RHEL_POLICY).put("pkcs11.so", "")
    assert protocol(jail, server, pki) == "TLSv1.2"
