# SPDX-License-Identifier: PostgreSQL
"""A small DNS server (UDP and TCP, port 53 of a loopback address) that answers from a table, or misbehaves by it."""
import ipaddress
import socket
import struct
import threading

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28}


def _encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def _decode(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1


def _data(kind, value):
    return _encode(value) if kind == "CNAME" else ipaddress.ip_address(value).packed


class NameServer:
    """zone: name -> [(type, value)], "silent", "servfail", or ("large", [(type, value)]): by TCP alone.

    asked: what came, as (transport, name, type); numbers: the queries' own."""

    def __init__(self, address, zone):
        self.address, self.zone, self.asked, self.numbers = address, zone, [], []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.tcp = socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.udp.bind((address, 53))
        self.tcp.bind((address, 53))
        self.tcp.listen(8)
        self.ended = False
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self._serve_udp, self._serve_tcp)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ended = True
        for wake in (self.udp, self.tcp):
            try:
                wake.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
        self.udp.close()
        self.tcp.close()

    def names(self):
        """The names that were asked for, once each, in order."""
        return list(dict.fromkeys(name for _, name, _ in self.asked))

    def _serve_udp(self):
        self.udp.settimeout(0.2)
        while not self.ended:
            try:
                packet, peer = self.udp.recvfrom(4096)
            except socket.timeout:
                continue
            except OSError:
                return
            answer = self._answer(packet, "udp")
            if answer:
                self.udp.sendto(answer, peer)

    def _serve_tcp(self):
        while not self.ended:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                stream = connection.makefile("rb")
                while True:
                    head = stream.read(2)
                    if len(head) < 2:
                        break
                    answer = self._answer(stream.read(struct.unpack("!H", head)[0]), "tcp")
                    if answer:
                        connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, packet, transport):
        name, end = _decode(packet, 12)
        kind = struct.unpack("!H", packet[end:end + 2])[0]
        self.asked.append((transport, name, kind))
        self.numbers.append(struct.unpack("!H", packet[:2])[0])
        found = self.zone.get(name)
        if found == "silent":
            return None
        if found == "servfail":
            return self._packet(packet, end, 2, [])
        if found is None:
            return self._packet(packet, end, 3, [])
        truncated = found[0] == "large" and transport == "udp"
        records = [] if truncated else self._records(name, kind, found[1] if found[0] == "large" else found)
        return self._packet(packet, end, 0, records, truncated)

    def _records(self, name, kind, found):
        records = []
        for record, value in found:
            if record == "CNAME":
                records.append((name, record, value))
                records += self._records(value, kind, self.zone[value])
            elif TYPES[record] == kind:
                records.append((name, record, value))
        return records

    @staticmethod
    def _packet(query, end, rcode, records, truncated=False):
        flags = 0x8180 | rcode | (0x0200 if truncated else 0)
        out = query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + query[12:end + 4]
        for name, record, value in records:
            data = _data(record, value)
            out += _encode(name) + struct.pack("!HHIH", TYPES[record], 1, 60, len(data)) + data
        return out
