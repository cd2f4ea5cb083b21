# SPDX-License-Identifier: Apache-2.0
"""How many cases from the field there are."""

from pathlib import Path

import pytest

from field.conftest import KINDS

LEAST = 3  # the case that was reported, and two of another form


@pytest.fixture(scope="module")
def whole(request):
    """Whether this run has all files of the folder."""
    collected = {item.path.name for item in request.session.items}
    return {path.name for path in Path(__file__).parent.glob("test_*.py")} <= collected


def test_every_kind_of_the_field_has_its_cases(cases, whole, tell):
    """Of a part of the folder only that each case is of a kind that is known."""
    few = {kind: cases[kind] for kind in KINDS if cases[kind] < LEAST}
    assert not whole or not few, few
    tell(f"field: {sum(cases.values())} cases of {len(cases)} kinds")
