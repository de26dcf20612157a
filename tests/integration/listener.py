# SPDX-License-Identifier: PostgreSQL
"""A listening socket with one thread per connection that can tell when it has seen everything."""
import socket
import threading


class Listener:
    """Subclasses implement welcome(sock) -> threads to start; quiet() waits until all of them have ended."""

    def __init__(self, address="127.0.0.1"):
        self.listener = socket.create_server((address, 0), backlog=50)
        self.address = address
        self.port = self.listener.getsockname()[1]
        self.threads, self.sockets, self.stopping = [], [], False
        self._mark, self._marked = None, threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def welcome(self, sock):
        raise NotImplementedError

    def _accept(self):
        while not self.stopping:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            if peer[1] == self._mark:
                sock.close()
                self._marked.set()
                continue
            self.sockets.append(sock)
            sock.settimeout(10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for target, args in self.welcome(sock):
                thread = threading.Thread(target=target, args=args, daemon=True)
                thread.start()
                self.threads.append(thread)

    def quiet(self):
        """Returns when every connection made before this call has been accepted and has ended."""
        with socket.socket() as mark:
            mark.bind((self.address, 0))
            self._mark = mark.getsockname()[1]
            self._marked.clear()
            mark.connect((self.address, self.port))
            if not self._marked.wait(10):
                raise RuntimeError("the listener does not accept")
            self._mark = None
        for thread in self.threads:
            thread.join(10)
        for sock in self.sockets:
            sock.close()
        self.threads, self.sockets = [], []

    def stop(self):
        self.quiet()
        self.stopping = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self._thread.join(5)
