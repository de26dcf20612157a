# SPDX-License-Identifier: PostgreSQL
"""An HTTPS server that behaves well or badly, and a proxy that leads to it, both on the loopback interface."""
import http.server
import select
import socket
import ssl
import threading
import time
import warnings

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Welcome to the guest network</body></html>\n"
XML = (b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message>'
       b"<RequestId>0</RequestId></Error>")


class Handler(http.server.BaseHTTPRequestHandler):
    """GET /KIND/NAME answers as KIND says, with the server's body."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, length=None, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        web = self.server.web
        kind = self.path.split("/")[1]
        web.seen.append((self.path, dict(self.headers)))
        self.close_connection = True
        getattr(self, "kind_" + kind.replace("-", "_"), self.kind_good)(web.body)

    def kind_good(self, body):
        self.answer(200, body)

    def kind_xml(self, body):
        self.answer(200, XML)

    def kind_xml_403(self, body):
        self.answer(403, XML)

    def kind_html(self, body):
        self.answer(200, PAGE)

    def kind_404(self, body):
        self.answer(404, b"not found\n")

    def kind_503(self, body):
        self.answer(503, b"slow down\n")

    def kind_empty(self, body):
        self.answer(200, b"")

    def kind_short(self, body):
        """Less than was announced: the connection ends in the middle."""
        self.answer(200, body[:len(body) // 2], length=len(body))

    def kind_short_whole(self, body):
        """The same, but the cut is between two certificates: what came looks like a smaller bundle."""
        end = body.index(b"-----END CERTIFICATE-----\n") + 26
        self.answer(200, body[:end], length=len(body))

    def kind_cut(self, body):
        """Cut, and the length says so: only the last certificate can tell."""
        self.answer(200, body[:len(body) - 100])

    def kind_unbounded(self, body):
        """No length at all, and the connection ends in the middle of a certificate."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body[:len(body) - 100])

    def kind_unbounded_whole(self, body):
        """The same, cut between two certificates: what came looks like a smaller bundle."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body[:body.index(b"-----END CERTIFICATE-----\n") + 26])

    def kind_chunked(self, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(body), 1000):
            piece = body[at:at + 1000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def kind_chunked_cut(self, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        end = body.index(b"-----END CERTIFICATE-----\n") + 26
        self.wfile.write(b"%x\r\n%s\r\n" % (end, body[:end]))

    def kind_endless(self, body):
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.web.stopping:
                self.wfile.write(body)
        except OSError:
            pass

    def kind_redirect(self, body):
        self.answer(302, b"", headers=[("Location", "https://elsewhere.example/global-bundle.pem")])

    def kind_redirect_http(self, body):
        self.answer(301, b"", headers=[("Location", "http://truststore.example/global-bundle.pem")])

    def kind_hang(self, body):
        """Half of it, then silence until the server is stopped."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2])
        self.wfile.flush()
        self.server.web.half.set()
        self.server.web.release.wait(60)

    def kind_mute(self, body):
        self.server.web.half.set()
        self.server.web.release.wait(60)


class Threaded(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that go away in the middle are what these tests are about."""

    def finish_request(self, request, client_address):
        request.settimeout(60)
        request.do_handshake()
        super().finish_request(request, client_address)


class Web:
    """One server. `body` is what it serves; `seen` what was asked for."""

    def __init__(self, cert, key, body, maximum=None):
        self.body, self.seen, self.stopping = body, [], False
        self.half, self.release = threading.Event(), threading.Event()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        if maximum is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                tls.minimum_version, tls.maximum_version = maximum, maximum
        tls.load_cert_chain(cert, key)
        self.server = Threaded(("127.0.0.1", 0), Handler)
        self.server.web = self
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, kind, name="bundle.pem"):
        return f"https://127.0.0.1:{self.port}/{kind}/{name}"

    def stop(self):
        self.stopping = True
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


class Proxy:
    """A proxy for CONNECT that leads everybody to one port, whatever host was asked for."""

    def __init__(self, to, refuse=None):
        self.to, self.refuse, self.asked, self.heads = to, refuse, [], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        head = b""
        with client:
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            self.asked.append(head.split(b"\r\n")[0].decode())
            if self.refuse:
                client.sendall(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % self.refuse)
                time.sleep(0.1)
                return
            with socket.create_connection(("127.0.0.1", self.to)) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                pair = {client: server, server: client}
                while True:
                    for ready in select.select(list(pair), [], [], 60)[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        pair[ready].sendall(data)

    def stop(self):
        self.socket.close()
