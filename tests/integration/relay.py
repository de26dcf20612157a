# SPDX-License-Identifier: PostgreSQL
"""A TCP relay that names what passes: the events of tests/data/nego.tbl, between any client and any server."""
import socket
import struct
import threading

from listener import Listener

SSL_REQUEST = 80877103
RECORD = {20: "ccs", 21: "alert", 22: "handshake", 23: "data"}


class _Wire:
    """What one connection did, in order. TLS 1.2 at most: there the record types tell the story."""

    def __init__(self):
        self.events, self.lock = [], threading.Lock()
        self.state = "first"        # first, answer, plain, tls
        self.buffers = {"f": b"", "b": b""}
        self.seen = {"f": [], "b": []}
        self.started = self.asked = self.handshaken = self.answered = False

    def note(self, event):
        self.events.append(event)

    def feed(self, side, data):
        with self.lock:
            self.buffers[side] += data
            while self._step(side):
                pass

    def _step(self, side):
        return {"first": self._first, "answer": self._answer, "plain": self._plain,
                "tls": self._tls}[self.state](side)

    def _first(self, side):
        data = self.buffers["f"]
        if not data:
            return False
        if data[0] == 0x16:
            self.note("directssl")
            self.state = "tls"
            return True
        if len(data) < 8:
            return False
        length, code = struct.unpack("!II", data[:8])
        if code == SSL_REQUEST:
            self.buffers["f"] = data[8:]
            self.note("sslrequest")
            self.state = "answer"
            return True
        if len(data) < length:
            return False
        self.buffers["f"] = data[length:]
        self.note("startup-plain")
        self.started = True
        self.state = "plain"
        return True

    def _answer(self, side):
        data = self.buffers["b"]
        if not data:
            return False
        self.buffers["b"] = data[1:]
        if data[:1] == b"S":
            self.note("sslstuffed" if data[1:] else "sslaccept")
            self.state = "tls"
        elif data[:1] == b"N":
            self.note("sslreject")
            self.state = "first"
        else:
            self.note("sslerror" if data[:1] == b"E" else "sslgarbage")
            self.state = "plain"
        return True

    def _plain(self, side):
        data = self.buffers[side]
        if side == "f" or len(data) < 5:
            self.buffers["f"] = b""
            return False
        kind, length = struct.unpack("!cI", data[:5])
        if len(data) < 1 + length:
            return False
        self.buffers[side] = data[1 + length:]
        self._message(kind, data[5:1 + length])
        return True

    def _message(self, kind, body):
        if kind == b"R" and body[:4] == b"\0\0\0\0":
            self.note("authok")
            self.answered = True
        elif kind == b"R" and not self.asked:
            self.note("authask")
            self.asked = True
        elif kind == b"E":
            self.note("backenderror" if self.answered else "authfail")

    def _tls(self, side):
        data = self.buffers[side]
        if len(data) < 5:
            return False
        kind, _, length = struct.unpack("!BHH", data[:5])
        if kind not in RECORD or len(data) < 5 + length:
            return False
        self.buffers[side] = data[5 + length:]
        self.seen[side].append(RECORD[kind])
        self._record(side, RECORD[kind])
        return True

    def _record(self, side, kind):
        # OpenSSL 3 sends an alert to a server that has already gone
        if kind == "alert" and not self.handshaken and "eof" not in self.events:
            self.note("tlsfail")
        if not self.handshaken and all("ccs" in s and s.index("ccs") + 1 < len(s)
                                       for s in self.seen.values()):
            self.handshaken = True
            self.note("tlsok")
        if kind == "data" and side == "f" and not self.started:
            self.started = True
            self.note("startup-tls")

    def ended(self, side):
        """One side has closed: the server, before its first byte of TLS?"""
        with self.lock:
            if side == "b" and self.seen["f"] and not self.seen["b"] and "tlsfail" not in self.events:
                self.note("eof")

    def finish(self, log):
        """Adds what only the server's log can tell about the inside of TLS."""
        if self.state != "tls":
            if self.state == "answer":
                self.note("eof")
            return self.events
        if not self.handshaken:
            return self.events
        if not self.started:
            return self.events
        authorized, fatal = "connection authorized" in log, "FATAL" in log
        # startup and password are two records of the client; one request left without an answer is one
        # record of the server and nothing in its log
        before = self.seen["f"].count("data")
        if not authorized and (before >= 2 or not fatal) or authorized and "method=scram" in log:
            self.note("authask")
        if authorized:
            self.note("authok")
            if fatal:
                self.note("backenderror")
        elif fatal:
            self.note("authfail")
        return self.events


class Relay(Listener):
    """Forwards to 127.0.0.1:target; take() gives and forgets the events since."""

    def __init__(self, target):
        self.target, self.wires = target, []
        super().__init__()

    def take(self, lines_of):
        """The events of all connections so far; lines_of(port) gives the server's log lines of one."""
        self.quiet()
        events = []
        for i, (wire, port) in enumerate(self.wires):
            events.append("reconnect" if i else "connect")
            events += wire.finish(lines_of(port))
        self.wires = []
        return events

    def welcome(self, client):
        server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        self.sockets.append(server)
        wire = _Wire()
        self.wires.append((wire, server.getsockname()[1]))
        return [(self._pump, (client, server, wire, "f")), (self._pump, (server, client, wire, "b"))]

    @staticmethod
    def _pump(source, sink, wire, side):
        source.settimeout(10)
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    wire.ended(side)
                    break
                wire.feed(side, data)
                sink.sendall(data)
        except OSError:
            pass
        for sock, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                sock.shutdown(how)
            except OSError:
                pass
