# SPDX-License-Identifier: PostgreSQL
"""What the fake server does after the StartupMessage: honest, hostile and malformed authentication."""
import base64
import hashlib
import hmac
import os
import socket
import struct
import time

PASSWORD = "secret"
SCRIPTS = {}
MECHS_PLUS = (b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256")


class Gone(Exception):
    """The connection is over."""


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def error_response(severity, code, text, *more):
    fields = [b"S" + severity.encode(), b"V" + severity.encode(), b"C" + code.encode(), b"M" + text.encode()]
    return message(b"E", b"".join(f + b"\0" for f in fields + list(more)) + b"\0")


def auth(code, body=b""):
    return message(b"R", struct.pack("!I", code) + body)


def ask(io, data):
    """Sends an authentication request; the event is recorded once per connection."""
    if not io.asked:
        io.record("authask")
        io.asked = True
    io.write(data)


def deny(io, code, text, *more):
    io.record("authfail")
    io.write(error_response("FATAL", code, text, *more))
    return False


def script(name):
    def register(f):
        SCRIPTS[name] = f
        return f
    return register


def raw(name, *parts, event=None):
    """A script that writes fixed bytes and waits for the client to go."""
    def run(io):
        if event:
            io.record(event)
        io.write(b"".join(parts))
        io.typed()
        return False
    SCRIPTS[name] = run


@script("trust")
def _trust(io):
    io.write(auth(0))
    return True


@script("reject")
def _reject(io):
    return deny(io, "28000", 'no pg_hba.conf entry for host "127.0.0.1", user "%s"' % io.user)


@script("starting")
def _starting(io):
    return deny(io, "57P03", "the database system is starting up")


@script("baddb")
def _baddb(io):
    io.record("authok")
    io.write(auth(0))
    io.record("backenderror")
    io.write(error_response("FATAL", "3D000", 'database "nowhere" does not exist'))
    return False


@script("detail")
def _detail(io):
    return deny(io, "28000", "first line\nsecond line", b"Dthe detail", b"Hthe hint", b"Fauth.c", b"L42", b"Rf")


@script("full")
def _full(io):
    return deny(io, "53300", "sorry, too many clients already")


@script("eof")
def _eof(io):
    io.record("eof")
    return False


@script("notify")
def _notify(io):
    """close_notify, then the end."""
    if io.tls:
        io.sock.settimeout(0.2)
        try:
            io.sock.unwrap()
        except OSError:
            pass
    return False


@script("rst")
def _rst(io):
    io.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise Gone("reset")


@script("silent")
def _silent(io):
    io.typed()
    return False


@script("drip-for-ever")
def _drip(io):
    """A notice of 2000 bytes, one byte at a time, slowly."""
    io.write(auth(0))
    for byte in message(b"N", b"SNOTICE\0" + b"M" + b"x" * 2000 + b"\0\0"):
        io.write(bytes([byte]))
        time.sleep(0.05)
    return False


@script("trust-then-eof")
def _trust_then_eof(io):
    """Opens the session, then closes without a word."""
    io.write(auth(0) + message(b"K", b"\0\0\0\7key!") + message(b"Z", b"I"))
    io.typed()
    return False


@script("trust-and-goodbye")
def _trust_and_goodbye(io):
    """Opens the session and ends TLS in the same segment."""
    cork = socket.IPPROTO_TCP, socket.TCP_CORK
    io.sock.setsockopt(*cork, 1)
    io.write(auth(0) + message(b"K", b"\0\0\0\7key!") + message(b"Z", b"I"))
    io.sock.settimeout(0)
    try:
        io.sock.unwrap()  # says close_notify; the answer is not waited for
    except OSError:
        pass
    io.sock.setsockopt(*cork, 0)
    return False


def password_script(name, request, check):
    @script(name)
    def _run(io):
        ask(io, request)
        kind, body = io.typed()
        if kind != b"p":
            raise Gone("no password message")
        io.passwords.append((io.tls, body.rstrip(b"\0").decode(errors="replace")))
        if check(io, body.rstrip(b"\0").decode(errors="replace")):
            io.write(auth(0))
            return True
        return deny(io, "28P01", 'password authentication failed for user "%s"' % io.user)


def _md5(io, given):
    inner = hashlib.md5((PASSWORD + io.user).encode()).hexdigest()
    return given == "md5" + hashlib.md5(inner.encode() + b"salt").hexdigest()


password_script("cleartext", auth(3), lambda io, given: given == PASSWORD)
password_script("md5", auth(5, b"salt"), _md5)
password_script("badpw", auth(3), lambda io, given: False)

for _code, _name in ((2, "krb5"), (4, "crypt"), (6, "scm"), (7, "gss"), (8, "gsscont"), (9, "sspi"),
                     (99, "unknown")):
    raw(_name, auth(_code, b"ab" if _code == 4 else b""))
raw("saslcontinue", auth(11, b"r=x"))
raw("saslfinal", auth(12, b"v=x"))
raw("md5short", auth(5, b"s"))
raw("authshort", message(b"R", b"\0\0"))
raw("authempty", message(b"R"))
raw("authlong", message(b"R", struct.pack("!I", 3) + b"x" * 3000))
raw("authhuge", b"R\x7f\xff\xff\xff\0\0\0\3")
raw("cleartextmore", auth(3, b"more"))
for _kind in "ZSKT1zG":
    raw("type-" + _kind, message(_kind.encode(), b"\0" * 8))
raw("type-N", message(b"N", b"SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"), auth(99))
raw("noticethenreject", message(b"N", b"SWARNING\0VWARNING\0C01000\0Mbe warned\0\0"),
    error_response("FATAL", "28000", "go away"), event="authfail")
raw("zerotype", b"\0\0\0\0\4")
raw("http", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
raw("errorold", b"EFATAL:  an old server says no\n\0", event="authfail")
raw("errorlong", b"E" + struct.pack("!I", 40000) + b"M" + b"x" * 39994 + b"\0", event="authfail")
raw("errorhuge", b"E\x7f\xff\xff\xffSFATAL\0", event="authfail")
raw("errorshort", b"E\0\0\0\7abc", event="authfail")
raw("errorempty", message(b"E", b"\0"), event="authfail")
raw("errornoend", message(b"E", b"SFATAL\0C28000\0Mno end"), event="authfail")


def negotiate(name, body, then_ok=True, times=1):
    @script(name)
    def _run(io):
        io.write(message(b"v", body) * times)
        if then_ok:
            io.write(auth(0))
            return True
        io.typed()
        return False


def _npv(minor, *options, count=None):
    return (struct.pack("!II", 0x30000 | minor, len(options) if count is None else count)
            + b"".join(o + b"\0" for o in options))


negotiate("v-same", _npv(0))
negotiate("v-older", struct.pack("!II", 0x20000, 0), False)
negotiate("v-newer", _npv(9), False)
negotiate("v-option", _npv(0, b"_pq_.x"), False)
negotiate("v-option2", _npv(0, b"plain"), False)
negotiate("v-count", _npv(0, b"_pq_.x", count=5), False)
negotiate("v-short", b"\0\3", False)
negotiate("v-empty", b"", False)
negotiate("v-twice", _npv(0), False, times=2)
negotiate("v-long", _npv(0) + b"more", False)


@script("v-honest")
def _v_honest(io):
    """Speaks 3.0 to 3.<minor>: downgrades what asks for more, as PostgreSQL does."""
    if io.minor > io.behaviour.minor:
        io.write(message(b"v", _npv(io.behaviour.minor)))
    io.write(auth(0))
    return True


def _fields(text):
    return dict(p.split(b"=", 1) for p in text.split(b",") if b"=" in p)


class Scram:
    """Server side of RFC 5802 and 7677; hostile variants override a step."""

    mechs = None
    iterations = b"4096"
    salt = base64.b64encode(b"0123456789abcdef")

    def offered(self, io):
        return self.mechs if self.mechs is not None else MECHS_PLUS if io.tls else MECHS_PLUS[1:]

    def server_first(self, nonce):
        return b"r=" + nonce + b",s=" + self.salt + b",i=" + self.iterations

    def server_final(self, signature):
        return b"v=" + base64.b64encode(signature)

    def nonce(self, client):
        return client + base64.b64encode(os.urandom(18))

    def run(self, io):
        ask(io, auth(10, b"".join(m + b"\0" for m in self.offered(io)) + b"\0"))
        kind, body = io.typed()
        if kind != b"p":
            raise Gone("no SASL answer")
        mechanism, rest = body.split(b"\0", 1)
        io.record("mechanism: " + mechanism.decode(errors="replace"))
        first = rest[4:]
        bare = first.split(b",", 2)[2]
        server_first = self.server_first(self.nonce(_fields(bare)[b"r"]))
        io.write(auth(11, server_first))
        kind, final = io.typed()
        if kind != b"p":
            raise Gone("no SASL final")
        without = final.rsplit(b",p=", 1)[0]
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), base64.b64decode(self.salt), 4096)
        covered = bare + b"," + server_first + b"," + without
        stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
        proof = base64.b64decode(_fields(final)[b"p"])
        key = bytes(a ^ b for a, b in zip(proof, _mac(stored, covered)))
        if hashlib.sha256(key).digest() != stored or not self.binding_ok(io, mechanism, final):
            return deny(io, "28P01", 'password authentication failed for user "%s"' % io.user)
        return self.finish(io, _mac(_mac(salted, b"Server Key"), covered))

    def binding_ok(self, io, mechanism, final):
        if not mechanism.endswith(b"-PLUS"):
            return True
        given = base64.b64decode(_fields(final)[b"c"])
        head = b"p=tls-server-end-point,,"
        digest = given[len(head):]
        expected = [hashlib.new(n, io.certificate_der()).digest() for n in ("sha256", "sha384", "sha512")]
        return given.startswith(head) and digest in expected

    def finish(self, io, signature):
        io.write(auth(12, self.server_final(signature)) + auth(0))
        return True


def _mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def scram(name, **overrides):
    variant = type("Scram_" + name, (Scram,), overrides)
    SCRIPTS[name] = lambda io: variant().run(io)


def _first(text):
    return lambda self, nonce: text.replace(b"NONCE", nonce).replace(b"SALT", self.salt)


scram("scram")
scram("scram-noplus", mechs=MECHS_PLUS[1:])
scram("scram-plusonly", mechs=MECHS_PLUS[:1])
scram("scram-plusplain", mechs=MECHS_PLUS)
scram("scram-nomech", mechs=(b"SCRAM-SHA-512", b"EXTERNAL"))
scram("scram-emptylist", mechs=())
scram("scram-oauth", mechs=(b"OAUTHBEARER",))
scram("scram-nonce", nonce=lambda self, client: b"x" + client)
scram("scram-shortnonce", nonce=lambda self, client: client[:-1])
scram("scram-iter0", iterations=b"0")
scram("scram-iterneg", iterations=b"-5")
scram("scram-itertext", iterations=b"many")
scram("scram-itertail", iterations=b"4096x")
scram("scram-nosalt", server_first=_first(b"r=NONCE,i=4096"))
scram("scram-badsalt", server_first=_first(b"r=NONCE,s=!!!!,i=4096"))
scram("scram-noiter", server_first=_first(b"r=NONCE,s=SALT"))
scram("scram-noequals", server_first=_first(b"r"))
scram("scram-extra", server_first=_first(b"r=NONCE,s=SALT,i=4096,x=y"))
scram("scram-extrasig", server_first=_first(b"r=NONCE,s=SALT,i=4096,x=y"),
      server_final=lambda self, s: b"v=" + base64.b64encode(bytes(32)))
scram("scram-finaltailsig", server_final=lambda self, s: b"v=" + base64.b64encode(bytes(32)) + b",x=y")
scram("scram-mext", server_first=_first(b"m=x,r=NONCE,s=SALT,i=4096"))
scram("scram-firsterror", server_first=_first(b"e=other-error"))
scram("scram-nul", server_first=_first(b"r=NONCE\0,s=SALT,i=4096"))
scram("scram-empty", server_first=_first(b""))
scram("scram-sig", server_final=lambda self, s: b"v=" + base64.b64encode(bytes(32)))
scram("scram-sigshort", server_final=lambda self, s: b"v=" + base64.b64encode(s[:8]))
scram("scram-sigbase64", server_final=lambda self, s: b"v=!!!!")
scram("scram-finalerror", server_final=lambda self, s: b"e=invalid-proof")
scram("scram-finaltail", server_final=lambda self, s: b"v=" + base64.b64encode(s) + b",x=y")
scram("scram-finalother", server_final=lambda self, s: b"x=y")
scram("scram-finalempty", server_final=lambda self, s: b"")


def _finish(*replies, ok=False):
    def finish(self, io, signature):
        final = auth(12, self.server_final(signature))
        for reply in replies:
            io.write(final if reply == "final" else reply)
        if not ok:
            io.typed()
        return ok
    return finish


# Accepted by libpq unless a requirement is set: the server never proved that it knows the password.
scram("scram-noproof", finish=_finish(auth(0), ok=True))
scram("scram-twofinal", finish=_finish("final", "final", auth(0)))
scram("scram-continueagain", finish=_finish(auth(11, b"r=x,s=eA==,i=1")))
scram("scram-restart", finish=_finish("final", auth(10, b"SCRAM-SHA-256\0\0")))


def _then_cleartext(self, io, signature):
    io.write(auth(12, self.server_final(signature)) + auth(3))
    io.typed()
    io.write(auth(0))
    return True


scram("scram-thencleartext", finish=_then_cleartext)


@script("scram-dup")
def _dup(io):
    ask(io, auth(10, b"SCRAM-SHA-256\0\0"))
    io.typed()
    io.write(auth(10, b"SCRAM-SHA-256\0\0"))
    io.typed()
    return False


@script("scram-abandon")
def _abandon(io):
    ask(io, auth(10, b"SCRAM-SHA-256\0\0"))
    io.typed()
    io.write(auth(0))
    return True


def _early(name, final):
    @script(name)
    def _run(io):
        ask(io, auth(10, b"SCRAM-SHA-256\0\0"))
        nonce = io.typed()[1].rsplit(b"r=", 1)[1]
        io.write(auth(12, final.replace(b"NONCE", nonce)))
        io.typed()
        return False


_early("scram-earlyfinal", b"r=NONCEx,s=eA==,i=4096")
_early("scram-earlysignature", b"v=" + base64.b64encode(bytes(32)))


@script("scram-badlist")
def _badlist(io):
    ask(io, auth(10, b"SCRAM-SHA-256"))
    io.typed()
    return False


@script("byuser")
def _byuser(io):
    """The users of tests/data/nego.tbl."""
    if io.user == "ssluser" and not io.tls or io.user == "nossluser" and io.tls or io.user == "nouser":
        return SCRIPTS["reject"](io)
    return SCRIPTS[{"badpw": "badpw", "nopw": "scram", "baddb": "baddb",
                    "starting": "starting"}.get(io.user, "trust")](io)
