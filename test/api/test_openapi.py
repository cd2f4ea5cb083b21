# SPDX-License-Identifier: Apache-2.0
"""doc/openapi.yaml and the server say the same."""

import json
import subprocess

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness import described
from harness.place import ROOT
from harness.server import binary

OURS = described.OURS


def routes():
    """(METHOD, path): (scopes, dialect), as the server tells them."""
    lines = subprocess.run([binary(), "--print-routes"], capture_output=True, text=True,
                           timeout=30, check=True).stdout.splitlines()
    found = {}
    for method, path, _name, scopes, dialect in (line.split(" ") for line in lines):
        found[method, path] = ([] if scopes == "-" else scopes.split(","), dialect)
    assert len(found) == len(lines), "two routes of one method and path"
    return found


def test_it_is_openapi():
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}"
              for e in OpenAPIV31SpecValidator(OURS.document).iter_errors()]
    assert errors == []


class OnceLoader(yaml.SafeLoader):
    """Refuses what YAML's usual readers pass over: a name that stands twice in one map."""

    def construct_mapping(self, node, deep=False):
        names = [self.construct_object(key) for key, _value in node.value]
        assert len(names) == len(set(names)), f"{node.start_mark}: {sorted(map(str, names))}"
        return super().construct_mapping(node, deep)


def test_no_name_stands_twice():
    assert yaml.load((ROOT / "doc/openapi.yaml").read_text(), OnceLoader) == OURS.document


def test_it_is_of_this_version():
    said = subprocess.run([binary(), "--version"], capture_output=True, text=True, timeout=30,
                          check=True).stdout
    assert said == f"watchword {OURS.document['info']['version']}\n"


def test_every_route_is_described_and_nothing_else():
    known, served = set(OURS.operations), set(routes())
    assert known - served == set(), "described, but no route"
    assert served - known == set(), "routes that doc/openapi.yaml does not describe"


def test_each_operation_has_the_dialect_and_the_scopes_of_its_route():
    served = routes()
    for key, operation in OURS.operations.items():
        scopes, dialect = served[key]
        assert operation["tags"] == [dialect], key
        assert operation.get("x-scopes", []) == scopes, key
        assert (operation.get("security") == []) == (scopes == []), key


def contents(operation):
    """Every body of an operation, with the status of the answer or None for the request."""
    yield None, OURS.resolve(operation.get("requestBody", {})).get("content", {})
    for status, response in operation["responses"].items():
        yield status, OURS.resolve(response).get("content", {})


def test_version_2_alone_is_offered_in_xml_and_wholly():
    for key, operation in OURS.operations.items():
        offered = [described.XML_TYPE in content for _, content in contents(operation) if content]
        if operation["tags"] == ["v2"]:
            assert all(offered), key
        else:
            assert not any(offered), key


def test_the_root_of_an_error_in_xml_is_the_published_one():
    for key, operation in OURS.operations.items():
        for status, content in contents(operation):
            if described.XML_TYPE in content and status and status[0] != "2":
                assert content[described.XML_TYPE]["schema"]["xml"]["name"] == "ApiException", key


def test_each_operation_has_an_id_of_its_own():
    ids = [o["operationId"] for o in OURS.operations.values()]
    assert len(ids) == len(set(ids))


def test_the_server_shows_it_to_everybody(server):
    answer = server.get("/openapi.json", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, OURS.document)


def examples_of(thing, place=""):
    """(where, schema, value) of every example that stands beside a schema."""
    if isinstance(thing, list):
        thing = dict(enumerate(thing))
    if not isinstance(thing, dict):
        return
    schema = thing.get("schema")
    if schema is not None and "example" in thing:
        yield place, schema, thing["example"]
    if schema is not None:
        for name, example in thing.get("examples", {}).items():
            yield f"{place}/{name}", schema, example["value"]
    for value in thing["examples"] if isinstance(thing.get("examples"), list) else []:
        yield place, {k: v for k, v in thing.items() if k != "examples"}, value
    for name, value in thing.items():
        yield from examples_of(value, f"{place}/{name}")


def test_its_examples_are_valid():
    found = list(examples_of(OURS.document))
    assert len(found) > 30
    for place, schema, value in found:
        assert OURS.faults(schema, value) == [], place


# ---- that the checks of the other tests are checks ----


class Answer:
    """What `described.check` looks at."""

    def __init__(self, status, body, **headers):
        self.status_code = status
        self.text = body if isinstance(body, str) else json.dumps(body)
        self.headers = headers


def error(message_id, **more):
    return {"requestError": {"serviceException": {"messageId": message_id, "text": "x", **more}}}


SENT = {"pinId": "0" * 32, "to": "41793026727", "ncStatus": "NC_NOT_CONFIGURED",
        "smsStatus": "MESSAGE_SENT"}


@pytest.mark.parametrize("method,path,answer", [
    ("POST", "/2fa/2/pin", Answer(200, SENT)),
    ("POST", "/2fa/2/pin/?ncNeeded=x", Answer(200, SENT)),
    ("POST", "/2fa/1/pin", Answer(404, error("RESOURCE_NOT_FOUND"))),
    ("POST", "/2fa/2/pin", Answer(429, error("TOO_MANY_REQUESTS"), **{"Retry-After": "1"})),
    ("GET", "/2fa/2/nothing", Answer(404, error("NOT_FOUND"))),
    ("DELETE", "/2fa/2/pin", Answer(405, error("BAD_REQUEST"), Allow="POST"))])
def test_an_answer_as_described_passes(method, path, answer):
    described.check(method, path, answer)


@pytest.mark.parametrize("method,path,answer", [
    ("POST", "/2fa/2/pin", Answer(200, {**SENT, "more": 1})),
    ("POST", "/2fa/2/pin", Answer(200, {**SENT, "smsStatus": None})),
    ("POST", "/2fa/2/pin", Answer(200, {k: v for k, v in SENT.items() if k != "to"})),
    ("POST", "/2fa/2/pin", Answer(204, "")),
    ("POST", "/2fa/2/pin", Answer(402, error("BAD_REQUEST"))),
    ("POST", "/2fa/2/pin", Answer(404, error("RESOURCE_NOT_FOUND"))),
    ("POST", "/2fa/2/pin", Answer(400, error("BAD_REQUEST", more=1))),
    ("POST", "/2fa/2/pin", Answer(400, error("BAD_REQUEST"), **{"Retry-After": "1"})),
    ("GET", "/2fa/2/nothing", Answer(404, {"error": "none"})),
    ("DELETE", "/2fa/2/pin", Answer(405, error("BAD_REQUEST"), Allow="GET"))])
def test_an_answer_that_is_not_as_described_fails(method, path, answer):
    with pytest.raises((AssertionError, ValueError)):
        described.check(method, path, answer)


def test_answers_are_held_against_the_published_description():
    if described.PUBLISHED_ONE is None:
        pytest.skip("answers are not held against the published description: it is not at hand "
                    f"(name it in {described.PUBLISHED})")
    described.check_published("POST", "/2fa/2/pin", 200, json.dumps(SENT))
    described.check_published("POST", "/2fa/2/pin", 404, json.dumps(error("NOT_FOUND")))
    with pytest.raises(AssertionError):
        described.check_published("POST", "/2fa/2/pin", 200, json.dumps({**SENT, "pinId": 5}))
    for method, path, _status in described.DEVIATIONS:
        assert (method, path) in described.PUBLISHED_ONE.operations
