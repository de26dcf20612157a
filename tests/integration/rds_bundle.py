# SPDX-License-Identifier: PostgreSQL
"""Bundles shaped like Amazon's, minted here, and the real ones where they are."""
import datetime
import functools
import ipaddress
import os
import pathlib
import ssl
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL = pathlib.Path(os.environ.get("PGSEAL_SHARED", ROOT.parent / "shared")) / "data/rds"
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    TLS_1_1 = ssl.TLSVersion.TLSv1_1
NOW = datetime.datetime.utcnow().replace(microsecond=0)


def name(cn):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class Minted:
    """A certificate with its key."""

    def __init__(self, cn, issuer=None, ca=True, days=(-10, 36000), sans=()):
        self.key = ec.generate_private_key(ec.SECP256R1())
        b = (x509.CertificateBuilder().subject_name(name(cn)).issuer_name(issuer.cert.subject if issuer else name(cn))
             .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
             .not_valid_before(NOW + datetime.timedelta(days=days[0])).not_valid_after(NOW + datetime.timedelta(days=days[1]))
             .add_extension(x509.BasicConstraints(ca, None), True))
        if sans:
            b = b.add_extension(x509.SubjectAlternativeName(sans), False)
        self.cert = b.sign((issuer or self).key, hashes.SHA256())

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())

    @property
    def sha256(self):
        return self.cert.fingerprint(hashes.SHA256()).hex()


def rds(region, algorithm="ECC384", **how):
    """A root as Amazon names them, of a region that is in no table."""
    return Minted(f"Amazon RDS {region} Root CA {algorithm} G1", **how)


def dns(*names):
    return [x509.DNSName(n) for n in names]


LOOPBACK = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


@functools.lru_cache(None)
def bundle():
    """Three roots of a region, as bytes."""
    return b"".join(rds("eu-minted-1", a).pem for a in ("RSA2048", "RSA4096", "ECC384"))


def real(path):
    """Bytes of a real file, or None."""
    return (REAL / path).read_bytes() if (REAL / path).is_file() else None
