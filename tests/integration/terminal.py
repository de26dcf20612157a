# SPDX-License-Identifier: PostgreSQL
"""A program on a terminal of its own: typed to and looked at, as a person would."""
import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

# What line editing paints between the letters: colours, cursor movements, bracketed paste.
PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|\x07")


class Terminal:
    """run(); then type() and wait for what must appear. Everything seen so far is in .seen."""

    def __init__(self, args, env, columns=100, rows=24, cwd=None):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = dict(env, TERM="xterm")

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(args, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd,
                                        preexec_fn=own_terminal)
        os.close(slave)
        self.seen, self.mark, self.at_prompt = "", 0, False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        os.close(self.master)

    def _more(self, timeout):
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError as e:  # the other end is closed
            if e.errno != errno.EIO:
                raise
            data = b""
        self.seen += PAINT.sub("", data.decode("utf-8", "replace")).replace("\r\n", "\n").replace("\r", "")
        return bool(data)

    def wait(self, text, timeout=15):
        """Waits until `text` stands behind what was waited for before; what stood between."""
        deadline = time.monotonic() + timeout
        while text not in self.seen[self.mark:]:
            left = deadline - time.monotonic()
            if left <= 0 or not self._more(min(left, 0.5)) and self.process.poll() is not None:
                raise AssertionError("no %r behind:\n%s" % (text, self.seen[self.mark:]))
        at = self.seen.index(text, self.mark)
        between = self.seen[self.mark:at]
        self.mark = at + len(text)
        self.at_prompt = text.endswith(("> ", "# ")) and not text.endswith(">> ")
        return between

    def type(self, text):
        """Types. Behind a prompt it waits for line editing to take the terminal over, as slow fingers do."""
        deadline = time.monotonic() + 5
        while self.at_prompt and termios.tcgetattr(self.master)[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.005)
        os.write(self.master, text.encode())

    def ask(self, line, prompt):
        """Types a line; what was printed until the next prompt, without the echo."""
        self.type(line + "\n")
        answer = self.wait(prompt)
        while answer.startswith(line + "\n"):
            answer = answer[len(line) + 1:]
        return answer

    def end(self, timeout=15):
        """Waits until the program ends; its exit status."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < deadline:
            self._more(0.1)
        while self._more(0.05):
            pass
        return self.process.wait(1)
