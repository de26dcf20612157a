# SPDX-License-Identifier: PostgreSQL
"""tools/check_layers.py finds each kind of wrong include, and lets right ones pass."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check_layers.py"

# A tree where every arrow is allowed: each kind of include that may cross a border once.
GOOD = {
    "include/pgseal/err.h": "#include <pgseal/export.h>\n#include <stddef.h>\n",
    "include/pgseal/export.h": "",
    "include/pgseal/cert.h": "#include <pgseal/err.h>\n",
    "include/pgseal/wire.h": "#include <pgseal/err.h>\n",
    "include/pgseal/tls.h": "#include <pgseal/cert.h>\n",
    "include/pgseal/drive.h": "#include <pgseal/tls.h>\n",
    "include/pgseal/pgseal.h": "#include <pgseal/tls.h>\n",
    "src/core/base/base.h": "#include <pgseal/err.h>\n",
    "src/core/base/base_int.h": "",
    "src/core/base/err.c": '#include "base_int.h"\n#include "core/base/base.h"\n#include <string.h>\n',
    "src/core/cert/cert.h": '#include "core/base/base.h"\n#include <openssl/x509.h>\n',
    "src/core/cert/cert_int.h": '#include "core/cert/cert.h"\n',
    "src/core/cert/codes.def": "",
    "src/core/cert/explain.c": '#include "cert_int.h"\n#include "codes.def"\n',
    "src/core/tls/ctx.c": '#include "core/cert/cert.h"\n#include <pgseal/cert.h>\n',
    "src/host/files.h": "",
    "src/host/files.c": '#include "host/files.h"\n#include "core/base/base.h"\n#include <pgseal/drive.h>\n',
    "src/cli/cli_int.h": "",
    "src/cli/main.c": '#include "cli_int.h"\n#include "host/files.h"\n#include "core/base/base.h"\n',
}


def run(tmp_path, extra):
    for name, text in {**GOOD, **extra}.items():
        f = tmp_path / name
        f.parent.mkdir(parents=True, exist_ok=True)
        f.write_text(text)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/layers.txt").write_text((ROOT / "tools/layers.txt").read_text())
    return subprocess.run([sys.executable, TOOL, tmp_path], capture_output=True, text=True, check=False)


def test_layers__good_tree__passes(tmp_path):
    p = run(tmp_path, {})
    assert (p.returncode, p.stdout, p.stderr) == (0, "", "")


@pytest.mark.parametrize("name, text, complaint", [
    # An arrow the wrong way, by a public and by an internal header.
    ("src/core/base/x.c", "#include <pgseal/tls.h>\n", "src/core/base/x.c:1: core/base must not use core/tls"),
    ("src/core/cert/x.c", "\n#include <pgseal/tls.h>\n", "src/core/cert/x.c:2: core/cert must not use core/tls"),
    ("src/core/wire/x.c", '#include "core/cert/cert.h"\n', "core/wire must not use core/cert"),
    ("src/core/tls/x.c", '#include "host/files.h"\n', "core/tls must not use host"),
    ("src/host/x.c", '#include "cli/cli_int.h"\n', '"cli/cli_int.h" is private to cli'),
    # Private files of another module: _int.h, a header that is not the face, a table.
    ("src/core/tls/x.c", '#include "core/cert/cert_int.h"\n', '"core/cert/cert_int.h" is private to core/cert'),
    ("src/core/tls/x.c", '#include "../cert/cert_int.h"\n', '"../cert/cert_int.h" is private to core/cert'),
    ("src/core/tls/x.c", '#include "core/cert/codes.def"\n', '"core/cert/codes.def" is private to core/cert'),
    ("src/cli/x.c", '  #  include "core/base/base_int.h"\n', '"core/base/base_int.h" is private to core/base'),
    # Headers and tables are judged like sources.
    ("src/core/wire/wire.h", "#include <pgseal/cert.h>\n", "src/core/wire/wire.h:1: core/wire must not use core/cert"),
    ("src/core/wire/m.def", "#include <pgseal/cert.h>\n", "core/wire must not use core/cert"),
    # Public headers: no private one, no arrow the wrong way, a home for each.
    ("include/pgseal/wire.h", '#include "core/base/base.h"\n', "a public header includes no private one"),
    ("include/pgseal/wire.h", "#include <pgseal/cert.h>\n", "include/pgseal/wire.h:1: core/wire must not use core/cert"),
    ("include/pgseal/what.h", "", "include/pgseal/what.h: belongs to no module"),
    # Names that are nowhere, files that are nowhere, the umbrella.
    ("src/cli/x.c", '#include "gone.h"\n', '"gone.h" is not in this tree'),
    ("src/cli/x.c", "#include <pgseal/gone.h>\n", "<pgseal/gone.h> does not exist"),
    ("src/cli/x.c", "#include <pgseal/pgseal.h>\n", "<pgseal/pgseal.h> is for users"),
    ("src/new/x.c", "", "src/new/x.c: not in any module"),
])
def test_layers__wrong_include__is_named(tmp_path, name, text, complaint):
    p = run(tmp_path, {name: text})
    assert p.returncode == 1
    assert complaint in p.stdout
    assert len(p.stdout.splitlines()) == 1


def test_layers__this_tree__is_clean():
    p = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, check=False)
    assert p.stdout == ""
    assert p.returncode == 0
