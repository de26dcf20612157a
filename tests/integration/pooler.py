# SPDX-License-Identifier: PostgreSQL
"""Things that stand between a client and a server: Debian's PgBouncer, and a relay that ends TLS and nothing else."""
import os
import pwd
import select
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest

from cluster import free_port, unprivileged
from listener import Listener

INI = """
[databases]
{databases}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {dir}
auth_type = trust
auth_file = {dir}/users.txt
admin_users = anyuser
logfile = {dir}/log
pidfile = {dir}/pid
ignore_startup_parameters = options
{settings}
"""


class Bouncer:
    """start(settings) runs a PgBouncer of its own on loopback until stop(); its directory has the Unix socket."""

    def __init__(self, directory):
        self.program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if self.program is None:
            pytest.skip("PgBouncer is not installed (apt-get install pgbouncer)")
        self.dir, self.port, self.process = directory, free_port(), None
        os.makedirs(directory, mode=0o755, exist_ok=True)

    def start(self, server, settings, files=()):
        """`server` is the connection string to the server; `files` are (source, name) it may read."""
        user = unprivileged()
        words = {"databases": "postgres = %s" % server, "port": self.port, "dir": self.dir,
                 "settings": "\n".join("%s = %s" % item for item in settings.items())}
        self._write("bouncer.ini", INI.format(**words))
        self._write("users.txt", '"anyuser" ""\n"postgres" ""\n')
        for source, name in files:
            with open(source) as f:
                self._write(name, f.read())
        args = [self.program, "-q", os.path.join(self.dir, "bouncer.ini")]
        if user is not None:
            ids = pwd.getpwnam(user)
            for path in [self.dir] + [os.path.join(self.dir, name) for name in os.listdir(self.dir)]:
                os.chown(path, ids.pw_uid, ids.pw_gid)
            args = ["setpriv", "--reuid=%d" % ids.pw_uid, "--regid=%d" % ids.pw_gid, "--clear-groups", "--", *args]
        self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.STDOUT, cwd=self.dir)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("PgBouncer did not start: %s" % self._log()) from None
                time.sleep(0.02)

    def _write(self, name, text):
        with open(os.open(os.path.join(self.dir, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    def _log(self):
        try:
            with open(os.path.join(self.dir, "log"), errors="replace") as f:
                return f.read()[-2000:]
        except OSError:
            return "no log"

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # at once
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


class Ender(Listener):
    """Ends TLS (or takes plaintext) in front, speaks TLS or plaintext behind, and forwards every byte between."""

    def __init__(self, server_port, front=None, back=False):
        """`front` is (certificate, key) or None for plaintext; `back` is TLS to the server."""
        self.server_port, self.back, self.context = server_port, back, None
        if front:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*front)
        super().__init__()

    def welcome(self, sock):
        return [(self._serve, (sock,))]

    def _serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.server_port), timeout=10)
        if self.context:
            assert client.recv(8, socket.MSG_WAITALL) == SSL_REQUEST
            client.sendall(b"S")
            client = self.context.wrap_socket(client, server_side=True)
        if self.back:
            server.sendall(SSL_REQUEST)
            assert server.recv(1) == b"S"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            server = context.wrap_socket(server)
        other = {client: server, server: client}
        try:
            # One thread for both directions: an SSL object is not for two.
            while True:
                ready = [s for s in other if isinstance(s, ssl.SSLSocket) and s.pending()]
                for sock in ready or select.select(list(other), [], [], 20)[0]:
                    data = sock.recv(65536)
                    if not data:
                        return
                    other[sock].sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()
