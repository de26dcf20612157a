# SPDX-License-Identifier: PostgreSQL
"""A server that misbehaves on purpose, in one thread per connection, and remembers what it saw."""
import dataclasses
import socket
import ssl
import struct
import threading
import time
import warnings

import fake_auth
from fake_auth import Gone, error_response, message
from listener import Listener

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """What the server does; the defaults are an honest server with TLS that lets everybody in."""
    answer: str = "S"           # to SSLRequest: S N E E-text X eof silent stuffed late rst
    direct: bool = True         # TLS without SSLRequest is served (else: closed without a byte)
    cert: str = "good"          # row of pki.LEAVES
    alpn: tuple = ("postgresql",)
    tls_min: str = ""           # TLSv1_2 ...
    tls_max: str = ""
    ciphers: str = ""
    client_ca: str = ""         # authority whose client certificates are asked for
    client_must: bool = False   # and needed
    handshake: str = ""         # instead of TLS: eof garbage plain alert silent; "" = TLS
    auth: str = "trust"         # script of fake_auth.SCRIPTS
    auth_plain: str = ""        # another one without TLS
    drip: bool = False          # every byte on its own
    minor: int = 0              # highest 3.x it speaks
    version: str = "15.18"      # server_version it reports
    session: str = ""           # standby, readonly; servers before 14 tell it only when asked

    @property
    def old(self):
        return int(self.version.split(".")[0]) < 14

    @property
    def standby(self):
        return "on" if self.session == "standby" else "off"

    @property
    def readonly(self):
        """Sessions of a standby are read-only; the setting that is reported since 14 need not say so."""
        return "on" if self.session == "readonly" or self.session == "standby" and self.old else "off"


class Io:
    """One connection's bytes, plain or TLS."""

    def __init__(self, sock, behaviour, record):
        self.sock, self.behaviour, self.record = sock, behaviour, record
        self.tls = False
        self.user = self.minor = None
        self.asked = False

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise Gone("client closed")
            data += part
        return data

    def write(self, data):
        if not self.behaviour.drip:
            self.sock.sendall(data)
            return
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])
            if i % 8 == 0:
                time.sleep(0.001)

    def packet(self):
        """An untyped packet (startup, requests): (code, body)."""
        length, code = struct.unpack("!II", self.read(8))
        if not 8 <= length <= 10000:
            raise Gone("invalid packet length")
        return code, self.read(length - 8)

    def typed(self):
        kind, length = struct.unpack("!cI", self.read(5))
        return kind, self.read(length - 4)

    def certificate_der(self):
        return self.behaviour_der


class FakeServer(Listener):
    """behave() sets what the next connections meet, settled() tells what happened since."""

    def __init__(self, pki):
        self.pki = pki
        self.behaviour, self.connections, self.passwords = Behaviour(), [], []
        self.contexts, self.local = {}, threading.local()
        super().__init__()

    def behave(self, behaviour):
        self.quiet()
        self._context(behaviour)  # here, in the main thread, where warnings can be caught
        self.behaviour, self.connections, self.passwords = behaviour, [], []

    def settled(self):
        """The events, once every connection has ended."""
        self.quiet()
        return [event for events in self.connections for event in events]

    def welcome(self, sock):
        # one list for each connection: a client need not wait for our end of the one before
        events = ["reconnect" if self.connections else "connect"]
        self.connections.append(events)
        return [(self._serve, (sock, self.behaviour, events))]

    def _serve(self, sock, behaviour, events):
        io = Io(sock, behaviour, events.append)
        io.passwords = self.passwords
        try:
            if self._negotiate(io):
                self._session(io)
            self._linger(io)
        except (Gone, OSError, ssl.SSLError, struct.error):
            pass
        finally:
            try:
                io.sock.close()
            except OSError:
                pass

    @staticmethod
    def _linger(io):
        """Closes so that what was written arrives: half-close, then wait for the other side."""
        raw = io.sock
        raw.settimeout(0.5)
        if not io.tls:
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass

    def _negotiate(self, io):
        """True when a StartupMessage may be read."""
        b = io.behaviour
        first = io.sock.recv(1, socket.MSG_PEEK)
        if not first:
            raise Gone("no byte")
        if first == b"\x16":
            io.record("directssl")
            if not b.direct:
                io.record("eof")
                return False
            return self._handshake(io)
        while True:
            peeked = b""
            while len(peeked) < 8:
                peeked = io.sock.recv(8, socket.MSG_PEEK)
                if not peeked:
                    raise Gone("short")
            code = struct.unpack("!I", peeked[4:])[0]
            if code == GSS_REQUEST:
                io.read(8)
                io.write(b"N")
            elif code == SSL_REQUEST:
                io.read(8)
                io.record("sslrequest")
                if not self._answer(io):
                    return False
                if io.tls:
                    return True
            else:
                return True

    def _answer(self, io):
        """Answers SSLRequest; True to go on."""
        a = io.behaviour.answer
        names = {"S": "sslaccept", "N": "sslreject", "E": "sslerror", "E-text": "sslerror", "X": "sslgarbage",
                 "eof": "eof", "stuffed": "sslstuffed",
                 "stuffed-end": "sslstuffed", "late": "sslaccept"}
        io.record(names.get(a, a))
        if a == "N":
            io.write(b"N")
            return True
        if a in ("S", "late"):
            io.write(b"S")
            return self._handshake(io)
        if a in ("stuffed", "stuffed-end"):
            io.sock.sendall(b"S" + error_response("FATAL", "XX000", "stuffed"))
            return a == "stuffed" and self._handshake(io)
        if a == "E":
            io.sock.sendall(error_response("FATAL", "53300", "sorry, too many clients already"))
        elif a == "E-text":
            io.sock.sendall(b"Eunsupported frontend protocol\n\0")
        elif a == "X":
            io.sock.sendall(b"X")
        elif a == "silent":
            _wait_for_end(io.sock)
        elif a == "rst":
            io.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            io.sock.close()
        return False

    def _context(self, b):
        wanted = (b.cert, b.alpn, b.tls_min, b.tls_max, b.ciphers, b.client_ca, b.client_must)
        if wanted not in self.contexts:
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ctx.set_ciphers(b.ciphers or "DEFAULT@SECLEVEL=0")
            ctx.load_cert_chain(*self.pki.server(b.cert))
            with warnings.catch_warnings():  # old versions are what some tests are about
                warnings.filterwarnings("ignore", message="ssl.TLSVersion")
                ctx.minimum_version = ssl.TLSVersion[b.tls_min or "TLSv1"]
                ctx.maximum_version = ssl.TLSVersion[b.tls_max or "TLSv1_3"]
            ctx.num_tickets = 0
            ctx.sni_callback = self._name
            if b.alpn:
                ctx.set_alpn_protocols(list(b.alpn))
            if b.client_ca:
                ctx.load_verify_locations(cadata=self.pki.pem(b.client_ca))
                ctx.verify_mode = ssl.CERT_REQUIRED if b.client_must else ssl.CERT_OPTIONAL
            self.contexts[wanted] = ctx
        return self.contexts[wanted]

    def _name(self, sock, name, ctx):
        self.local.io.record("sni: %s" % name)

    def _handshake(self, io):
        b = io.behaviour
        self.local.io = io
        if not io.sock.recv(1, socket.MSG_PEEK):
            raise Gone("closed instead of a ClientHello")
        if b.handshake:
            return self._no_handshake(io)
        try:
            io.sock = self._context(b).wrap_socket(io.sock, server_side=True, suppress_ragged_eofs=True)
        except (ssl.SSLError, OSError) as e:
            io.record("tlsfail")
            io.record("reason: %s" % getattr(e, "reason", e))
            raise Gone("handshake") from None
        io.tls = True
        io.behaviour_der = ssl.PEM_cert_to_DER_cert(self.pki.pem_of_leaf(b.cert))
        # The client may have sent its alert after its Finished (TLS 1.3): only bytes prove "tlsok".
        try:
            if b.alpn and io.sock.selected_alpn_protocol() != "postgresql":
                io.record("alpn: %s" % io.sock.selected_alpn_protocol())
            data = io.sock.recv(1)
        except ssl.SSLError as e:
            io.record("tlsfail")
            io.record("reason: %s" % e.reason)
            raise Gone("alert") from None
        io.record("tlsok")
        if not data:
            raise Gone("closed after the handshake")
        io.first = data
        io.sock = _Pushed(io.sock, data)
        return True

    def _no_handshake(self, io):
        kind = io.behaviour.handshake
        if kind == "plain":
            io.write(error_response("FATAL", "53300", "sorry, too many clients already"))
        elif kind == "garbage":
            io.sock.recv(5)
            io.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        elif kind == "alert":
            io.sock.recv(5)
            io.write(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal handshake_failure
        elif kind == "alert-internal":
            io.sock.recv(5)
            io.write(b"\x15\x03\x03\x00\x02\x02\x50")  # fatal internal_error
        elif kind == "eof":
            io.sock.recv(5)
        elif kind == "rst":
            io.sock.recv(5)
            io.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            io.sock.close()
        elif kind == "silent":
            _wait_for_end(io.sock)
        io.record("tlsfail")
        return False

    def _session(self, io):
        code, body = io.packet()
        if code == CANCEL_REQUEST:
            io.record("cancel")
            return
        io.record("startup-tls" if io.tls else "startup-plain")
        fields = body.split(b"\0")
        params = dict(zip(fields[0::2], fields[1::2]))
        io.user = params.get(b"user", b"").decode(errors="replace")
        io.minor = code & 0xFFFF
        io.params = params
        io.record("asks: 3.%d %s" % (io.minor, sorted(p for p in params.items() if p[0] != b"application_name")))
        b = io.behaviour
        script = b.auth if io.tls or not b.auth_plain else b.auth_plain
        if fake_auth.SCRIPTS[script](io):
            self._ready(io)

    def _ready(self, io):
        io.record("authok")
        b = io.behaviour
        out = b""
        for name, value in (("server_version", b.version), ("server_encoding", "UTF8"),
                            ("client_encoding", "UTF8"), ("DateStyle", "ISO, MDY"), ("is_superuser", "off"),
                            ("standard_conforming_strings", "on"), ("integer_datetimes", "on"),
                            ("in_hot_standby", b.standby), ("default_transaction_read_only", b.readonly)):
            if b.old and ("standby" in name or "read_only" in name):
                continue
            out += message(b"S", name.encode() + b"\0" + value.encode() + b"\0")
        key = b"\0\0\0\7" + b"k" * (32 if min(b.minor, io.minor) >= 2 else 4)
        io.write(out + message(b"K", key) + message(b"Z", b"I"))
        while True:
            kind, body = io.typed()
            if kind == b"X":
                return
            if kind == b"Q":
                io.write(self._row(io, body) + message(b"Z", b"I"))

    @staticmethod
    def _row(io, query):
        """One row for any query: ssl, version, cipher, user, as the parity query asks PostgreSQL."""
        version, cipher = (io.sock.version(), io.sock.cipher()[0]) if io.tls else (None, None)
        values = ["t" if io.tls else "f", version, cipher, io.user]
        names = ["ssl", "version", "cipher", "current_user"]
        if b"read_only" in query:
            values, names = [io.behaviour.readonly], ["transaction_read_only"]
        elif b"in_recovery" in query:
            values, names = ["t" if io.behaviour.standby == "on" else "f"], ["pg_is_in_recovery"]
        described = b"".join(n.encode() + b"\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0) for n in names)
        row = b"".join(struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v.encode()
                       for v in values)
        return (message(b"T", struct.pack("!H", len(names)) + described)
                + message(b"D", struct.pack("!H", len(names)) + row) + message(b"C", b"SELECT 1\0"))


class _Pushed:
    """An SSL socket with one byte read ahead."""

    def __init__(self, sock, data):
        self._sock, self._data = sock, data

    def recv(self, n):
        if self._data:
            data, self._data = self._data, b""
            return data
        return self._sock.recv(n)

    def __getattr__(self, name):
        return getattr(self._sock, name)


def _wait_for_end(sock):
    """Reads until the other side has enough (bounded by the socket's timeout)."""
    while sock.recv(4096):
        pass
