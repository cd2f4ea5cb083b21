# SPDX-License-Identifier: Apache-2.0
"""doc/openapi.yaml and the server say the same."""

import re
import subprocess

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness.server import ROOT, binary

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture(scope="module")
def description():
    return yaml.safe_load((ROOT / "doc/openapi.yaml").read_text())


def operations(description):
    """(METHOD, path with {} for its parameters): the operation."""
    return {(method.upper(), re.sub(r"\{\w+\}", "{}", path)): operation
            for path, item in description["paths"].items()
            for method, operation in item.items() if method in METHODS}


def routes():
    """(METHOD, path): (scopes, dialect), as the server tells them."""
    lines = subprocess.run([binary(), "--print-routes"], capture_output=True, text=True,
                           timeout=30, check=True).stdout.splitlines()
    found = {}
    for method, path, _name, scopes, dialect in (line.split(" ") for line in lines):
        found[method, path] = ([] if scopes == "-" else scopes.split(","), dialect)
    assert len(found) == len(lines), "two routes of one method and path"
    return found


def test_it_is_openapi(description):
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}"
              for e in OpenAPIV31SpecValidator(description).iter_errors()]
    assert errors == []


def test_it_is_of_this_version(description):
    said = subprocess.run([binary(), "--version"], capture_output=True, text=True, timeout=30,
                          check=True).stdout
    assert said == f"watchword {description['info']['version']}\n"


def test_every_route_is_described_and_nothing_else(description):
    described, served = set(operations(description)), set(routes())
    assert described - served == set(), "described, but no route"
    assert served - described == set(), "routes that doc/openapi.yaml does not describe"


def test_each_operation_has_the_dialect_and_the_scopes_of_its_route(description):
    served = routes()
    for key, operation in operations(description).items():
        scopes, dialect = served[key]
        assert operation["tags"] == [dialect], key
        assert operation.get("x-scopes", []) == scopes, key
        assert (operation.get("security") == []) == (scopes == []), key


def test_each_operation_has_an_id_of_its_own(description):
    ids = [o["operationId"] for o in operations(description).values()]
    assert len(ids) == len(set(ids))
