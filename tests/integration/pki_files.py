# SPDX-License-Identifier: PostgreSQL
"""What a client may be given as sslrootcert, sslcrl, sslcert and sslkey: good files and every kind of bad one."""
import os
import subprocess

from cryptography.hazmat.primitives import serialization

from pki import CLIENTS, der_key, pem_key, pem_of

HTML = b"<!DOCTYPE html>\n<html><body><h1>404 Not Found</h1></body></html>\n"


def _openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True, timeout=30).stdout


def _roots(pki):
    root = pem_of(pki.authority("root"))

    def ca(name):
        return pem_of(pki.authority(name))

    return {
        "good": root,
        "bundle": b"".join(ca(n) for n in ("other", "ecroot", "edroot", "root")),
        "ecroot": ca("ecroot"),
        "edroot": ca("edroot"),
        "other": ca("other"),
        "imposter": ca("imposter"),
        "both": ca("imposter") + root,
        "sub": ca("sub"),
        "rootsub": root + ca("sub"),
        "leaf": pem_of(pki.leaf("good")),
        "selfsigned": pem_of(pki.leaf("selfsigned")),
        "oldroot": ca("oldroot"),
        "comments": b"# the root of our tests\nsubject: x\n\n" + root + b"\ntrailing words\n",
        "crlf": root.replace(b"\n", b"\r\n"),
        "trusted": _openssl("x509", "-trustout", "-addtrust", "serverAuth", data=root),
        "distrusted": _openssl("x509", "-trustout", "-addreject", "serverAuth", data=root),
        "withkey": root + pem_key(pki.key("p256-b")),
        "withcrl": root + pki.crl("root"),
        "indented": root.replace(b"-----BEGIN", b"  -----BEGIN"),
        "twice": root + root,
        "secondbroken": root + ca("other").replace(b"\nM", b"\n!", 1),
        # bad files
        "empty": b"",
        "text": b"dummy\n",
        "html": HTML,
        "der": pki.authority("root").public_bytes(serialization.Encoding.DER),
        "keyonly": pem_key(pki.key("p256-b")),
        "crlonly": pki.crl("root"),
        "badbase64": root.replace(b"\nM", b"\n!", 1),
        "badder": b"-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n",
        "truncated": root[:len(root) // 2],
        "noend": root.replace(b"-----END CERTIFICATE-----", b""),
    }


def _crls(pki):
    root, sub, other = pki.crl("root"), pki.crl("sub"), pki.crl("other")
    leaf = pki.leaf("good")
    return {
        "good": root + sub,
        "leafrevoked": root + pki.crl("sub", [leaf]),
        "subrevoked": pki.crl("root", [pki.authority("sub")]) + sub,
        "subonly": sub,
        "rootonly": root,
        "foreign": other,
        "expired": root + pki.crl("sub", days=(-30, -2)),
        "future": root + pki.crl("sub", days=(2, 30)),
        "withroot": root + sub + pem_of(pki.authority("root")),
        "empty": b"",
        "text": b"dummy\n",
    }


def write_roots(pki):
    """name -> path; 'missing' and 'directory' are there too."""
    made = {n: pki.write("root-%s.pem" % n, data) for n, data in _roots(pki).items()}
    made["missing"] = pki.path("root-that-is-not-there.pem")
    made["directory"] = pki.path("root-directory.pem")
    os.makedirs(made["directory"], exist_ok=True)
    return made


def write_crls(pki):
    made = {n: pki.write("crl-%s.pem" % n, data) for n, data in _crls(pki).items()}
    made["missing"] = pki.path("crl-that-is-not-there.pem")
    leaf = pki.leaf("good")
    dirs = {
        "good": [pki.crl("root"), pki.crl("sub")],
        "leafrevoked": [pki.crl("root"), pki.crl("sub", [leaf])],
        "subonly": [pki.crl("sub")],
        "rootonly": [pki.crl("root")],
        "withroot": [pki.crl("root"), pki.crl("sub"), pem_of(pki.authority("root"))],
        "empty": [],
    }
    dir_paths = {n: pki.hashed("crldir-" + n, parts) for n, parts in dirs.items()}
    dir_paths["missing"] = pki.path("crldir-that-is-not-there")
    return made, dir_paths


def write_clients(pki):
    """name -> (certificate file, key file); variants of the one good pair included."""
    made = {}
    for name in CLIENTS:
        issuer = CLIENTS[name].get("issuer", "clientroot")
        key = pki.key(pki.leaf_key(name, True))
        made[name] = (pki.write(name + ".crt", pem_of(pki.leaf(name, True))
                                + (pem_of(pki.authority(issuer)) if issuer else b"")),
                      pki.write(name + ".key", pem_key(key), 0o600))
    cert, key = made["client"]
    good = pki.key(pki.leaf_key("client", True))
    traditional = good.private_bytes(serialization.Encoding.PEM,
                                     serialization.PrivateFormat.TraditionalOpenSSL,
                                     serialization.BestAvailableEncryption(b"sesame"))
    keys = {
        "der": der_key(good),
        "encrypted": pem_key(good, "sesame"),
        "encryptedold": traditional,
        "other": pem_key(pki.key("p256-b")),
        "text": b"dummy\n",
        "empty": b"",
        "public": good.public_key().public_bytes(serialization.Encoding.PEM,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo),
    }
    for name, data in keys.items():
        made["key-" + name] = (cert, pki.write("client-%s.key" % name, data, 0o600))
    for mode in (0o644, 0o640, 0o660, 0o604, 0o400):
        path = pki.write("client-mode-%o.key" % mode, pem_key(good), mode)
        os.chmod(path, mode)
        made["mode-%o" % mode] = (cert, path)
    made["key-missing"] = (cert, pki.path("no-such.key"))
    made["key-notdir"] = (cert, cert + "/below")
    made["key-loop"] = (cert, pki.path("loop.crt"))
    made["key-directory"] = (cert, pki.path("root-directory.pem"))
    made["cert-missing"] = (pki.path("no-such.crt"), key)
    made["cert-text"] = (pki.write("client-text.crt", b"dummy\n"), key)
    made["cert-empty"] = (pki.write("client-empty.crt", b""), key)
    made["cert-directory"] = (pki.path("root-directory.pem"), key)
    made["cert-notdir"] = (cert + "/below", key)
    made["cert-loop"] = (pki.path("loop.crt"), key)
    if not os.path.islink(pki.path("loop.crt")):
        os.symlink("loop.crt", pki.path("loop.crt"))
    made["cert-der"] = (pki.write("client-der.crt", pki.leaf("client", True).public_bytes(
        serialization.Encoding.DER)), key)
    return made
