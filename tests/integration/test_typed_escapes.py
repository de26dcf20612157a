# SPDX-License-Identifier: PostgreSQL
"""What was typed is shown without its control characters: it may be pasted, or come from a script's input."""
import subprocess

import pytest

RED = "\033[31m"


@pytest.mark.parametrize("args", [[RED], ["ca", RED], ["ca", "list", "--" + RED], ["ca", "list", RED]],
                         ids=["verb", "command", "option", "argument"])
def test_typed__control_characters__are_not_echoed(program, args):
    p = subprocess.run([program, *args], capture_output=True, text=True, check=False, timeout=30)
    assert p.returncode == 2
    assert "\033" not in p.stderr and "[31m" in p.stderr
