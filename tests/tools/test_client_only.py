# SPDX-License-Identifier: PostgreSQL
"""A client build has the verbs marked CLIENT in verbs.def, with their pages, and nothing of the others."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = pathlib.Path(os.environ.get("PGSEAL_RELEASE", ROOT / "build/pgseal"))
ROWS = re.findall(r"^PGSEAL_ROW\((\w+), (CLIENT|FULL), ", (ROOT / "src/cli/verbs.def").read_text(encoding="utf-8"), re.M)


@pytest.fixture(scope="module", name="build")
def _build(tmp_path_factory):
    build = tmp_path_factory.mktemp("client")
    subprocess.run(["meson", "setup", build, "-Dclient_only=true", "-Dtests=false"], cwd=ROOT, check=True, capture_output=True,
                   timeout=120)
    return build


def test_verbs__every_row__says_its_build():
    text = (ROOT / "src/cli/verbs.def").read_text(encoding="utf-8")
    assert len(ROWS) == len(re.findall(r"^PGSEAL_ROW\(", text, re.M)) > 0


def test_client_only__sources_and_pages__are_those_of_its_verbs(build):
    p = subprocess.run(["meson", "introspect", "--targets", build], check=True, capture_output=True, text=True, timeout=60)
    targets = json.loads(p.stdout)
    sources = {pathlib.PurePath(s).name for t in targets if t["name"] == "pgseal_cli" for s in t["target_sources"][0]["sources"]}
    pages = {t["name"] for t in targets if re.search(r"\.\d$", t["name"])}
    for verb, where in ROWS:
        assert (f"verb_{verb}.c" in sources, f"pgseal-{verb}.1" in pages) == ((True, True) if where == "CLIENT" else (False, False))


def test_client_only__a_verb_left_out__is_said_to_be(build):
    # The dispatcher with empty verbs; what else it needs is that of the release build.
    verbs = "".join(f"int cli_verb_{verb}(int c, char **v) {{ (void)c; (void)v; return 42; }}\n" for verb, w in ROWS if w == "CLIENT")
    source = build / "alone.c"
    source.write_text('#include "cli/verbs.c"\n' + verbs + "int main(int c, char **v) { return cli_main(c, v); }\n")
    made = [RELEASE.with_name(f"libpgseal_{name}.a") for name in ("cli", "app", "host", "core")]
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-DPGSEAL_CLIENT_ONLY", '-DPGSEAL_VERSION="0"', f"-I{ROOT}/include",
                    f"-I{ROOT}/src", f"-I{ROOT}/src/cli", source, "-Wl,--start-group", *made, "-Wl,--end-group", "-lssl", "-lcrypto",
                    "-lidn", "-lpthread", "-o", build / "alone"], check=True, timeout=60)
    for verb, where in ROWS:
        p = subprocess.run([build / "alone", verb], capture_output=True, text=True, check=False, timeout=10)
        if where == "CLIENT":
            assert p.returncode == 42
        else:
            assert p.returncode == 2
            assert p.stderr.startswith(f'pgseal: error: this pgseal is the client alone and has no verb "{verb}"\n')
    p = subprocess.run([build / "alone", "--help"], capture_output=True, text=True, check=False, timeout=10)
    assert set(re.findall(r"^  (\w+)  ", p.stdout, re.M)) == {verb for verb, where in ROWS if where == "CLIENT"}
