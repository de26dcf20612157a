# SPDX-License-Identifier: PostgreSQL
"""Certificates, keys and CRLs of every kind the tests need, minted when first asked for."""
import datetime
import ipaddress
import os
import subprocess
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

# What a client asks for: the shape of an Aurora cluster endpoint, reached through hostaddr.
ORG = "pgseal tests"
HOST = "db1.cluster-cexample0.eu-test-1.rds.pgseal.test"
NOW = datetime.datetime.utcnow().replace(microsecond=0)
DAY = datetime.timedelta(days=1)
DIGEST = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(),
          "sha512": hashes.SHA512(), None: None}

# Authorities: name -> key, digest of its own signature, issuer (None: itself), and what is odd about it.
AUTHORITIES = {
    "root": dict(key="rsa", cn="pgseal test Root CA RSA2048 G1"),
    "sub": dict(key="rsa-b", issuer="root", pathlen=0, cn="pgseal test RSA2048 G1 Subordinate CA"),
    "ecroot": dict(key="p384", digest="sha384", cn="pgseal test Root CA ECC384 G1"),
    "ecsub": dict(key="p384-b", digest="sha384", issuer="ecroot", pathlen=0, cn="pgseal test ECC384 G1 Sub"),
    "edroot": dict(key="ed", digest=None, cn="pgseal test Root CA Ed25519"),
    "edsub": dict(key="ed-b", digest=None, issuer="edroot", pathlen=0, cn="pgseal test Ed25519 Sub"),
    "other": dict(key="p256-b", cn="pgseal some other Root CA"),
    # same name as root, another key: found by subject, its signature does not fit
    "imposter": dict(key="p256-b", cn="pgseal test Root CA RSA2048 G1", ski=False),
    "oldroot": dict(key="p256-b", days=(-900, -30), cn="pgseal expired Root CA"),
    "oldsub": dict(key="p256", issuer="root", days=(-900, -30), cn="pgseal expired Subordinate CA"),
    "futuresub": dict(key="p256", issuer="root", days=(30, 900), cn="pgseal future Subordinate CA"),
    "sha1sub": dict(key="p256", issuer="root", digest="sha1", cn="pgseal SHA-1 Subordinate CA"),
    "weaksub": dict(key="rsa1024", issuer="root", cn="pgseal RSA1024 Subordinate CA"),
    "notca": dict(key="p256", issuer="root", is_ca=False, cn="pgseal subordinate that is no CA"),
    "subsub": dict(key="p256", issuer="sub", cn="pgseal one subordinate too many"),
    "nokeysign": dict(key="p256", issuer="root", keysign=False, cn="pgseal CA without keyCertSign"),
    "constrained": dict(key="p256", issuer="root", permitted="pgseal.invalid", cn="pgseal constrained CA"),
    # called as Amazon RDS calls its own, in a region that is none: no published root has such a name
    "rds2048": dict(key="rsa", cn="Amazon RDS ap-test-1 Root CA RSA2048 G1"),
    "rds4096": dict(key="p256-b", cn="Amazon RDS ap-test-1 Root CA RSA4096 G1"),
    "rds384": dict(key="p384", digest="sha384", cn="Amazon RDS ap-test-1 Root CA ECC384 G1"),
    "rdssub": dict(key="rsa-b", issuer="rds2048", pathlen=0, cn="Amazon RDS ap-test-1 Subordinate CA RSA2048 G1.A.3"),
    "rds2019": dict(key="p256-b", days=(-2600, -400), cn="Amazon RDS ap-test-1 Root CA"),
    "rdssub2019": dict(key="p256", issuer="rds2019", days=(-2600, -400), cn="Amazon RDS ap-test-1 2019 CA"),
    "acm": dict(key="p256-b", org="Amazon", cn="Amazon Root CA 99"),
    "acmsub": dict(key="p256", issuer="acm", org="Amazon", cn="Amazon RSA 2048 M99"),
    "clientroot": dict(key="p256", cn="pgseal test Client Root CA"),
    "clientother": dict(key="p256-b", cn="pgseal some other Client Root CA"),
}


def dns(*names):
    return [x509.DNSName(n) for n in names]


def ips(*names):
    return [x509.IPAddress(ipaddress.ip_address(n)) for n in names]


# Endpoints called as RDS calls them, reached through hostaddr.
_RDS = "cx5u2qk1abcd.ap-test-1.rds.amazonaws.com"
RDS_CLUSTER, RDS_INSTANCE, RDS_PROXY = "app.cluster-" + _RDS, "app-1." + _RDS, "pool.proxy-" + _RDS
RDS_NAMES = dict(cn=RDS_INSTANCE, san=dns(RDS_CLUSTER, "app.cluster-ro-" + _RDS, RDS_INSTANCE))

# Server certificates. Default: issued by sub for HOST as a dNSName, valid, RSA key, serverAuth.
LEAVES = {
    "good": dict(),
    "ec": dict(issuer="ecsub", key="p256"),
    "ed25519": dict(issuer="edsub", key="ed-c", digest=None),
    "edkey": dict(key="ed-c"),
    "sha384": dict(digest="sha384"),
    "sha512": dict(digest="sha512"),
    "rsapss": dict(pss=True),
    "selfsigned": dict(issuer=None),
    "byroot": dict(issuer="root", chain=[]),
    "nochain": dict(chain=[]),
    "withroot": dict(chain=["sub", "root"]),
    "wrongchain": dict(chain=["ecsub"]),
    "expired": dict(days=(-400, -2)),
    "future": dict(days=(2, 400)),
    "expiredsub": dict(issuer="oldsub"),
    "futuresub": dict(issuer="futuresub"),
    "sha1": dict(digest="sha1"),
    "sha1sub": dict(issuer="sha1sub"),
    "weakkey": dict(key="rsa1024"),
    "weaksub": dict(issuer="weaksub"),
    "notca": dict(issuer="notca"),
    "pathlen": dict(issuer="subsub", chain=["subsub", "sub"]),
    "nokeysign": dict(issuer="nokeysign"),
    "constrained": dict(issuer="constrained"),
    "clientonly": dict(eku=[ExtendedKeyUsageOID.CLIENT_AUTH]),
    "anyeku": dict(eku=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
    "noeku": dict(eku=[]),
    "critical": dict(critical=True),
    "oldroot": dict(issuer="oldroot", chain=[]),
    "ecleaf": dict(key="p256"),
    # a proxy certificate (RFC 3820); addresses 10/8 (RFC 3779) that no issuer has; the same, listed twice
    "proxy": dict(cn=HOST, san=None, ext=("1.3.6.1.5.5.7.1.14", "300c300a06082b06010505071501")),
    "resources": dict(ext=("1.3.6.1.5.5.7.1.7", "300c300a0402000130040302000a")),
    "resourcestwice": dict(ext=("1.3.6.1.5.5.7.1.7", "3010300e0402000130080302000a0302000a")),
    # names
    "cn": dict(cn=HOST, san=None),
    "cncase": dict(cn=HOST.upper(), san=None),
    "cnwild": dict(cn="*." + HOST.split(".", 1)[1], san=None),
    "cntwo": dict(cn=["first.pgseal.test", HOST], san=None),
    "cnother": dict(cn="other.pgseal.test", san=None),
    "cnip": dict(cn="127.0.0.1", san=None),
    "nocn": dict(cn=[], san=None),
    "cnnul": dict(cn=HOST + "\0.evil.test", san=None),
    "cnbmp": dict(cn=HOST, san=None, cn_type=_ASN1Type.BMPString),
    "san": dict(cn="other.pgseal.test"),
    "sanother": dict(cn=HOST, san=dns("other.pgseal.test")),
    "santwo": dict(san=dns("a.pgseal.test", "b.pgseal.test")),
    "santhree": dict(san=dns("a.pgseal.test", "b.pgseal.test", "c.pgseal.test")),
    "sanlast": dict(san=dns("a.pgseal.test", "b.pgseal.test", HOST)),
    "sanwild": dict(san=dns("*." + HOST.split(".", 1)[1])),
    "sanpart": dict(san=dns("db*." + HOST.split(".", 1)[1])),
    "sanmid": dict(san=dns("db1.*." + HOST.split(".", 2)[2])),
    "sandeep": dict(san=dns("*." + HOST.split(".", 2)[2])),
    "sanstar": dict(san=dns("*")),
    "santld": dict(san=dns("*.test")),
    "sannul": dict(san=dns(HOST + "\0.evil.test", HOST)),
    "sandot": dict(san=dns(HOST + ".")),
    "sanempty": dict(san=dns("")),
    "sanip": dict(cn=HOST, san=ips("127.0.0.1")),
    "sanipother": dict(cn=HOST, san=ips("192.0.2.1")),
    "sanip6": dict(cn="x", san=ips("::1")),
    "sanmapped": dict(cn="x", san=ips("::ffff:127.0.0.1")),
    "sanipbad": dict(san_der=b"\x30\x05\x87\x03\x7f\x00\x01"),
    "sanipdns": dict(cn="x", san=dns("127.0.0.1")),
    "sanwildip": dict(cn="x", san=dns("*.0.0.1")),
    "sanmail": dict(cn=HOST, san=[x509.RFC822Name("dba@pgseal.test")]),
    "sanuri": dict(cn=HOST, san=[x509.UniformResourceIdentifier("https://pgseal.test/")]),
    "sanlong": dict(san=dns(("x" * 60 + ".") * 3 + "pgseal.test")),
    # as RDS has them: for one year where the engine needs no restart for a new one, else for three
    "rdsyear": dict(RDS_NAMES, issuer="rdssub", chain=["rdssub", "rds2048"], days=(-30, 335)),
    "rdsstuck": dict(RDS_NAMES, issuer="rdssub", days=(-250, 115)),
    "rdsstuck3": dict(cn=RDS_INSTANCE, san=dns(RDS_INSTANCE), issuer="rdssub", days=(-700, 395)),
    "rdsold": dict(cn=RDS_INSTANCE, san=dns(RDS_INSTANCE), issuer="rdssub2019", days=(-2500, -450)),
    "rdsproxy": dict(cn="*.proxy-" + _RDS, san=dns("*.proxy-" + _RDS), issuer="acmsub"),
    "endssoon": dict(days=(-345, 20)),
}

# Client certificates: CN is the database user.
CLIENTS = {
    "client": dict(cn="certuser"),
    "clientany": dict(cn="anyuser"),
    "clientrsa": dict(cn="certuser", key="rsa-client"),
    "clientexpired": dict(cn="certuser", days=(-400, -2)),
    "clientfuture": dict(cn="certuser", days=(2, 400)),
    "clientrevoked": dict(cn="certuser"),
    "clientforeign": dict(cn="certuser", issuer="clientother"),
    "clientserver": dict(cn="certuser", eku=[ExtendedKeyUsageOID.SERVER_AUTH]),
    "clientself": dict(cn="certuser", issuer=None),
}


class Pki:
    """Mints into one directory; every file is written once and named after what it holds."""

    def __init__(self, directory):
        self.dir = directory
        self._keys, self._certs, self._serial = {}, {}, 1000

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data, mode=0o644):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def key(self, kind):
        if kind not in self._keys:
            family = kind.split("-")[0]
            self._keys[kind] = {
                "rsa": lambda: rsa.generate_private_key(65537, 2048),
                "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
                "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
                "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
                "ed": ed25519.Ed25519PrivateKey.generate,
            }[family]()
        return self._keys[kind]

    def authority(self, name):
        if ("ca", name) not in self._certs:
            spec = AUTHORITIES[name]
            days = spec.get("days", (-10, 3650))
            key = self.key(spec["key"])
            issuer = spec.get("issuer")
            b = self._builder(self._name(spec["cn"], org=spec.get("org", ORG)), key.public_key(), issuer, days)
            if spec.get("is_ca", True):
                b = b.add_extension(x509.BasicConstraints(True, spec.get("pathlen")), True)
                b = b.add_extension(self._usage(spec.get("keysign", True)), True)
            else:
                b = b.add_extension(x509.BasicConstraints(False, None), True)
            if spec.get("permitted"):
                b = b.add_extension(x509.NameConstraints([x509.DNSName(spec["permitted"])], None), True)
            if spec.get("ski", True):
                b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            signer = self.key(AUTHORITIES[issuer]["key"]) if issuer else key
            self._certs["ca", name] = self._sign(b, signer, spec.get("digest", "sha256"))
        return self._certs["ca", name]

    def _builder(self, subject, public, issuer, days):
        self._serial += 1
        return (x509.CertificateBuilder().subject_name(subject)
                .issuer_name(self.authority(issuer).subject if issuer else subject)
                .public_key(public).serial_number(self._serial)
                .not_valid_before(NOW + days[0] * DAY).not_valid_after(NOW + days[1] * DAY))

    @staticmethod
    def _name(cn, cn_type=_ASN1Type.UTF8String, org=ORG):
        names = [cn] if isinstance(cn, str) else cn
        fixed = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, org)]
        return x509.Name(fixed + [x509.NameAttribute(NameOID.COMMON_NAME, n, cn_type) for n in names])

    @staticmethod
    def _usage(keysign):
        return x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                             data_encipherment=False, key_agreement=False, key_cert_sign=keysign,
                             crl_sign=True, encipher_only=False, decipher_only=False)

    @staticmethod
    def _sign(builder, key, digest):
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return builder.sign(key, None)
        with warnings.catch_warnings():  # weak certificates are what some tests are about
            warnings.filterwarnings("ignore", message="SHA1 signatures")
            return builder.sign(key, DIGEST[digest])

    def leaf(self, name, client=False):
        """The certificate object of a row of LEAVES or CLIENTS."""
        if ("leaf", name) not in self._certs:
            spec = (CLIENTS if client else LEAVES)[name]
            default = "clientroot" if client else "sub"
            issuer = spec.get("issuer", default)
            key = self.key(self.leaf_key(name, client))
            b = self._builder(self._name(spec.get("cn", "db1"), spec.get("cn_type", _ASN1Type.UTF8String)),
                              key.public_key(), issuer, spec.get("days", (-5, 365)))
            usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
            if spec.get("eku", [usage]):
                b = b.add_extension(x509.ExtendedKeyUsage(spec.get("eku", [usage])), False)
            san = spec.get("san", None if client else dns(HOST))
            if "san_der" in spec:
                b = b.add_extension(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
                                                               spec["san_der"]), False)
            elif san is not None:
                b = b.add_extension(x509.SubjectAlternativeName(san), False)
            if spec.get("critical"):
                oid = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
                b = b.add_extension(x509.UnrecognizedExtension(oid, b"\x05\x00"), True)
            if "ext" in spec:
                oid, der = spec["ext"]
                ext = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bytes.fromhex(der))
                b = b.add_extension(ext, True)
            signer = self.key(AUTHORITIES[issuer]["key"]) if issuer else key
            self._certs["leaf", name] = self._sign(b, signer, spec.get("digest", "sha256"))
        return self._certs["leaf", name]

    @staticmethod
    def leaf_key(name, client=False):
        return (CLIENTS if client else LEAVES)[name].get("key", "p256-client" if client else "rsa-leaf")

    def server(self, name):
        """Paths of (chain, key) for a row of LEAVES."""
        cert, key = self.path(name + ".crt"), self.path(name + ".key")
        if not os.path.exists(cert):
            spec = LEAVES[name]
            issuer = spec.get("issuer", "sub")
            chain = spec.get("chain", [issuer] if issuer else [])
            pem = pem_of(self.leaf(name)) + b"".join(pem_of(self.authority(c)) for c in chain)
            self.write(key, pem_key(self.key(self.leaf_key(name))), 0o600)
            if spec.get("pss"):
                pem = self._pss(pem, cert, key)
            self.write(cert, pem)
        return cert, key

    def pem(self, authority):
        return pem_of(self.authority(authority)).decode()

    def pem_of_leaf(self, name):
        """The leaf as the server presents it (first certificate of its chain file)."""
        with open(self.server(name)[0]) as f:
            return f.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"

    def _pss(self, pem, cert, key):
        """The same leaf signed again with RSA-PSS, which cryptography 38 cannot do."""
        self.write(cert, pem)
        issuer = self.write("pss-issuer.pem", pem_of(self.authority("sub")))
        signer = self.write("pss-issuer.key", pem_key(self.key("rsa-b")), 0o600)
        ext = self.write("pss.ext", "subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n" % HOST)
        csr = subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=db1"], check=True,
                             capture_output=True, timeout=30).stdout
        made = subprocess.run(["openssl", "x509", "-req", "-CA", issuer, "-CAkey", signer, "-days", "300",
                               "-sha256", "-sigopt", "rsa_padding_mode:pss", "-extfile", ext,
                               "-set_serial", "4711"], input=csr, check=True, capture_output=True, timeout=30)
        return made.stdout + pem_of(self.authority("sub"))

    def crl(self, ca, revoked=(), days=(-2, 30)):
        b = (x509.CertificateRevocationListBuilder().issuer_name(self.authority(ca).subject)
             .last_update(NOW + days[0] * DAY).next_update(NOW + days[1] * DAY))
        for cert in revoked:
            b = b.add_revoked_certificate(x509.RevokedCertificateBuilder()
                                          .serial_number(cert.serial_number)
                                          .revocation_date(NOW - DAY).build())
        return pem_of(self._sign(b, self.key(AUTHORITIES[ca]["key"]), "sha256"))

    def hashed(self, name, parts):
        """A directory with the names OpenSSL looks up: HASH.N for certificates, HASH.rN for CRLs."""
        directory = self.path(name)
        if os.path.isdir(directory):
            return directory
        os.mkdir(directory, 0o755)
        for pem in parts:
            kind, suffix = ("crl", ".r%d") if b"X509 CRL" in pem else ("x509", ".%d")
            done = subprocess.run(["openssl", kind, "-hash", "-noout"], input=pem, check=True,
                                  capture_output=True, timeout=30)
            stem = os.path.join(name, done.stdout.decode().strip())
            free = next(n for n in range(10) if not os.path.exists(self.path(stem + suffix % n)))
            self.write(stem + suffix % free, pem)
        return directory


def pem_of(thing):
    return thing.public_bytes(serialization.Encoding.PEM)


def pem_key(key, password=None):
    scheme = (serialization.BestAvailableEncryption(password.encode()) if password
              else serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, scheme)


def der_key(key):
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())
