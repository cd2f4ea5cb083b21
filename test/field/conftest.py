# SPDX-License-Identifier: Apache-2.0
"""Cases from the field: reports.csv names the kinds, and a test names its kind by
`@pytest.mark.field("1.1")`. How many cases there are of how many kinds is printed."""

import csv
from collections import Counter
from pathlib import Path

import pytest

KINDS = [row["id"] for row in csv.DictReader(
    (Path(__file__).parent / "reports.csv").read_text(encoding="utf-8").splitlines())]


def pytest_configure(config):
    config.addinivalue_line("markers", "field(id...): a case of that kind of reports.csv")


def kinds_of(item):
    return [kind for mark in item.iter_markers("field") for kind in mark.args]


@pytest.fixture(scope="session")
def cases(request):
    """How many cases of each kind this run has."""
    counted = Counter(kind for item in request.session.items for kind in kinds_of(item))
    assert set(counted) <= set(KINDS), f"not in reports.csv: {set(counted) - set(KINDS)}"
    return counted
