# SPDX-License-Identifier: PostgreSQL
"""Completion as a shell does it: a real bash and zsh on a terminal, a line, a TAB, and what the line is then."""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT = pathlib.Path(os.environ.get("PGSEAL", ROOT / "build/pgseal")).parent / "docs/completion"
SCRIPTS = {"bash": BUILT / "pgseal", "zsh": BUILT / "_pgseal"}
PROMPT = "READY> "


def bare(line):
    """Whether a quote or a blank ends the line is the shell's affair."""
    return line.rstrip(" \"'")


class Shell:
    """An interactive shell that knows the completion and nothing of the user's own files."""

    def __init__(self, name, home):
        shutil.copy(SCRIPTS[name], home / "_pgseal")
        start = {"bash": f"PS1='{PROMPT}'; bind 'set enable-bracketed-paste off' 'set completion-query-items 0'; source ./_pgseal",
                 "zsh": f"PS1='{PROMPT}'; unset zle_bracketed_paste; unsetopt prompt_cr prompt_sp; fpath=($PWD $fpath); autoload -Uz compinit; "
                        "compinit -D -u; zstyle ':completion:*' list-prompt ''; LISTMAX=-1"}[name]
        args = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[name]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execvpe(args[0], args, {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "LC_ALL": "C", "PS1": "> ",
                                       "COLUMNS": "300"})
        self.wait_for(rb"> ")
        os.write(self.fd, f"{start}\n".encode())
        self.wait_for(rf"\n.*{PROMPT}$".encode())

    def read(self, seconds):
        return os.read(self.fd, 65536) if select.select([self.fd], [], [], seconds)[0] else b""

    def wait_for(self, pattern, seconds=10):
        out, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            out += self.read(0.1)
            if re.search(pattern, out.replace(b"\r", b"")):
                return out
        raise AssertionError(f"no {pattern} in {out}")

    def settle(self):
        out, quiet = b"", 0
        while quiet < 3:
            more = self.read(0.1)
            out += more
            quiet = 0 if more else quiet + 1
        return out

    def shown(self, line, expected=None):
        """The text of the line, and what was listed under it, after one TAB. `expected` is waited for, as long as it takes."""
        os.write(self.fd, line.encode() + b"\t")
        out, end = "", time.monotonic() + 10
        while True:
            out += self.settle().decode().replace("\r", "").replace("\a", "")
            if expected is None or bare(out) == bare(expected) or time.monotonic() > end:
                break
        os.write(self.fd, b"\x15")  # kills the line
        self.settle()
        return out

    def close(self):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@pytest.fixture(scope="module", params=["bash", "zsh"], name="shell")
def _shell(request, tmp_path_factory):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed (./dev setup installs it)")
    home = tmp_path_factory.mktemp(request.param)
    (home / "bundle.pem").touch()
    (home / "roots").mkdir()
    shell = Shell(request.param, home)
    yield shell
    shell.close()


@pytest.mark.parametrize("typed, line", [
    ("pgseal con", "pgseal connect "),
    ("pgseal ca kno", "pgseal ca known "),
    ("pgseal ca known --al", "pgseal ca known --all "),
    ("pgseal connect --pas", "pgseal connect --password "),
    ("pgseal connect --sslkeylog", "pgseal connect --sslkeylogfile="),
    ("pgseal connect -f bun", "pgseal connect -f bundle.pem "),
    ("pgseal connect --file=bun", "pgseal connect --file=bundle.pem "),
    ("pgseal connect sslmode=verify-f", "pgseal connect sslmode=verify-full "),
    ("pgseal connect --strict -d sslneg", "pgseal connect --strict -d sslnegotiation="),
    ('pgseal connect "host=db sslneg', 'pgseal connect "host=db sslnegotiation='),
    ('pgseal connect "host=db sslmode=verify-f', 'pgseal connect "host=db sslmode=verify-full" '),
    ("pgseal connect 'host=db sslmode=verify-f", "pgseal connect 'host=db sslmode=verify-full' "),
    ('pgseal connect "host=db sslrootcert=bun', 'pgseal connect "host=db sslrootcert=bundle.pem'),
    ('pgseal connect -d "sslrootcert=sys', 'pgseal connect -d "sslrootcert=system'),
    ("pgseal ca verify --with=bun", "pgseal ca verify --with=bundle.pem"),
    ("pgseal ca verify bun", "pgseal ca verify bundle.pem"),
    ("pgseal ca verify sslneg", "pgseal ca verify sslnegotiation="),
    ("pgseal ca issue --dir ro", "pgseal ca issue --dir roots/"),
    ("pgseal ca fetch r", "pgseal ca fetch rds"),
    ("pgseal explain sslroot", "pgseal explain sslrootcert"),
    ("pgseal ca known ap-northeast-1", "pgseal ca known ap-northeast-1 "),
])
def test_tab__one_answer__is_written_out(shell, typed, line):
    assert bare(shell.shown(typed, line)) == bare(line)


@pytest.mark.parametrize("typed", ["pgseal connect --nosuch", "pgseal connect nosuch=", "pgseal nosuch", "pgseal connect sslmode=x"])
def test_tab__no_answer__leaves_the_line(shell, typed):
    assert shell.shown(typed) == typed


def candidates(words):
    """What bash's function offers for COMP_WORDS; the last one is being typed."""
    quoted = " ".join("'" + w.replace("'", "'\\''") + "'" for w in words)
    p = subprocess.run(["bash", "--norc", "-c", f"source {SCRIPTS['bash']}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                        "_pgseal; printf '%s\\n' \"${COMPREPLY[@]}\""], capture_output=True, text=True, check=True, timeout=20)
    assert p.stderr == ""
    return [line for line in p.stdout.split("\n") if line]


def options_of(program, *words):
    p = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True, timeout=20)
    rows = re.findall(r"^  (?:-\S, |    )?(--[a-z0-9-]+)(=| [A-Z])?", p.stdout, re.M)
    return {name + ("=" if arg else "") for name, arg in rows}


def every_command():
    program = BUILT.parents[1] / "pgseal"
    found, left = [], [[]]
    while left:
        words = left.pop()
        p = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True, timeout=20)
        below = re.findall(r"^(?:Verbs|Commands.*):\n((?:  .*\n)+)", p.stdout, re.M)
        if below:
            left += [words + [name] for name in re.findall(r"^  (\S+)", "".join(below), re.M)]
        else:
            found.append(words)
    return program, found


def test_bash__every_command__offers_its_options():
    program, commands = every_command()
    assert len(commands) >= 3
    for words in commands:
        assert set(candidates(["pgseal", *words, "--"])) == options_of(program, *words), words


def test_bash__every_command__is_offered():
    _, commands = every_command()
    assert set(candidates(["pgseal", ""])) == {words[0] for words in commands}
    assert set(candidates(["pgseal", "ca", ""])) == {words[1] for words in commands if words[0] == "ca"}


def test_bash__keywords__are_those_of_params_def_without_secrets():
    offered = set(candidates(["pgseal", "connect", ""]))
    assert {"host=", "sslmode=", "sslrootcert=", "channel_binding="} <= offered
    assert not {"password=", "sslpassword=", "scram_client_key=", "sslkeylogfile=", "krbsrvname="} & offered


def test_bash__values__of_a_choice_are_those_of_params_def():
    assert candidates(["pgseal", "connect", "sslmode", "=", ""]) == ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
    assert candidates(["pgseal", "connect", "sslmode", "="]) == candidates(["pgseal", "connect", "sslmode", "=", ""])
    assert candidates(["pgseal", "connect", '"host=x ssl_min_protocol_version=TLSv1.']) == [
        f"host=x ssl_min_protocol_version=TLSv1.{n}" for n in (1, 2, 3)]


def test_bash__explain__offers_what_has_a_page():
    program, offered = BUILT.parents[1] / "pgseal", candidates(["pgseal", "explain", ""])
    assert {"sslmode", "CERT_NAME"} <= set(offered)
    for name in offered:
        p = subprocess.run([program, "explain", name], capture_output=True, text=True, check=False, timeout=20)
        assert p.returncode == 0, (name, p.stderr)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_script__is_valid(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed (./dev setup installs it)")
    p = subprocess.run([shell, "-n", SCRIPTS[shell]], capture_output=True, text=True, check=False, timeout=20)
    assert (p.returncode, p.stderr) == (0, "")


def test_script__of_bash__is_clean_for_shellcheck():
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed (./dev lint installs it)")
    p = subprocess.run(["shellcheck", "-s", "bash", SCRIPTS["bash"]], capture_output=True, text=True, check=False, timeout=60)
    assert p.stdout == ""
