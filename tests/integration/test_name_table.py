# SPDX-License-Identifier: PostgreSQL
"""libpq judges tests/data/names.tbl: each row's certificate and host, given to psql and to pgseal connect."""
import ipaddress
import os
import re
import socket
import ssl
import struct
import subprocess
import threading

import installs
import pki as pki_module
import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, NameOID

TABLE = os.path.join(installs.ROOT, "tests/data/names.tbl")
KINDS = {"DNS": 0x82, "email": 0x81, "URI": 0x86}  # context tags of GeneralName, RFC 5280 4.2.1.6
REACHED = "the name was accepted"


def rows():
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield pytest.param(*[part.strip() for part in line.rstrip("\n").split(" | ")][1:],
                                   id=line.split(" | ")[0].strip())


def raw(text):
    """Bytes of a name of the table: \\NN is a byte in hex."""
    return re.sub(rb"\\([0-9a-f]{2})", lambda m: bytes.fromhex(m.group(1).decode()), text.encode())


def tlv(tag, value):
    length = bytes([len(value)]) if len(value) < 128 else bytes([0x81, len(value)])
    return bytes([tag]) + length + value


def general_name(text):
    kind, _, value = text.partition(":")
    if kind in KINDS:
        return tlv(KINDS[kind], raw(value))
    if value.startswith("#"):
        return tlv(0x87, bytes.fromhex(value[1:]))
    return tlv(0x87, ipaddress.ip_address(value).packed)


def subject(cns):
    names = []
    for cn in [] if cns == "-" else cns.split(","):
        bmp = cn.startswith("BMP:")
        names.append(x509.NameAttribute(NameOID.COMMON_NAME, raw(cn[4:] if bmp else cn).decode(),
                                        _ASN1Type.BMPString if bmp else _ASN1Type.UTF8String))
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "pgseal tests")] + names)


def leaf_files(pki, sans, cns):
    """Chain and key of a certificate with these names, as files."""
    key = pki.key("p256")
    days = pki_module.DAY
    builder = (x509.CertificateBuilder().subject_name(subject(cns)).issuer_name(pki.authority("ecroot").subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(pki_module.NOW - days).not_valid_after(pki_module.NOW + days))
    if sans != "-":
        der = tlv(0x30, b"".join(map(general_name, sans.split(","))))
        builder = builder.add_extension(
            x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, der), False)
    cert = pki._sign(builder, pki.key(pki_module.AUTHORITIES["ecroot"]["key"]), "sha384")
    return (pki.write("names-leaf.crt", pki_module.pem_of(cert)),
            pki.write("names-leaf.key", pki_module.pem_key(key), 0o600))


class Server:
    """Answers one connection after another: S, TLS, and an error for whoever sends a startup packet."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.files = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            try:
                self._serve(conn)
            except (OSError, ValueError):
                pass
            finally:
                conn.close()

    def _serve(self, conn):
        conn.settimeout(10)
        conn.recv(8)
        conn.sendall(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files)
        with context.wrap_socket(conn, server_side=True) as tls:
            if len(tls.recv(65536)) > 0:
                body = b"SFATAL\0C28000\0M" + REACHED.encode() + b"\0\0"
                tls.sendall(b"E" + struct.pack("!i", len(body) + 4) + body)
                tls.recv(1)


@pytest.fixture(scope="module")
def server():
    it = Server()
    yield it
    it.sock.close()


def told(command, conninfo, prefix):
    """What a program says after "failed: ", its first line."""
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8",
           **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}
    done = subprocess.run(command + [conninfo, "-c", "select 1"], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=25, check=False)
    line = done.stderr.decode("utf-8", "replace").split("\n")[0]
    assert line.startswith(prefix), done.stderr.decode("utf-8", "replace")
    assert done.returncode == 2
    return line.partition("failed: ")[2]


@pytest.mark.parametrize("sans, cns, host, want", rows())
def test_names__row__psql_and_pgseal_say_the_same(pki, server, program, sans, cns, host, want):
    if sans == "X:":
        pytest.skip("OpenSSL does not serve a certificate with a malformed extension")
    server.files = leaf_files(pki, sans, cns)
    root = pki.write("names-root.pem", pki.pem("ecroot"))
    conninfo = (f"host='{host}' hostaddr=127.0.0.1 port={server.port} user=u dbname=d connect_timeout=10 "
                f"sslmode=verify-full sslrootcert={root}")
    expected = "FATAL:  " + REACHED if want == "match" else want
    assert told([installs.find(15).psql, "-w", "-X"], conninfo, "psql: error: ") == expected
    assert told([program, "connect", "-w", "-X"], conninfo, "pgseal: error: ") == expected
