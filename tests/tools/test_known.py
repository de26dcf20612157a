# SPDX-License-Identifier: PostgreSQL
"""src/core/cert/known.def is what tools/gen_known.py makes from the table of facts."""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FACTS = pathlib.Path(os.environ.get("PGSEAL_SHARED", ROOT.parent / "shared")) / "data/rds/fingerprints.tsv"


def test_known__table__is_made_from_the_facts():
    if not FACTS.is_file():
        pytest.skip(f"{FACTS} is not there")
    made = subprocess.run([sys.executable, ROOT / "tools/gen_known.py", FACTS], capture_output=True, check=True).stdout
    assert made == (ROOT / "src/core/cert/known.def").read_bytes()
