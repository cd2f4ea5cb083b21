# SPDX-License-Identifier: Apache-2.0
"""Tables of facts are what their programs write from the pinned packages; run the program
again when a test here fails."""

import subprocess
import sys

import pytest
from harness.place import ROOT


@pytest.mark.parametrize("program,table", [
    pytest.param("tools/fold.py", "src/base/fold.def", marks=pytest.mark.field("2.1", "2.2")),
    pytest.param("tools/numbering.py", "src/twofa/numbering.def",
                 marks=pytest.mark.field("2.2")),
    pytest.param("tools/number_types.py", "src/twofa/number_types.def",
                 marks=pytest.mark.field("2.2")),
])
def test_a_table_is_not_stale(program, table):
    written = subprocess.run([sys.executable, ROOT / program], check=True,
                             capture_output=True, text=True).stdout
    assert written == (ROOT / table).read_text(encoding="utf-8"), f"{program} > {table}"
