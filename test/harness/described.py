# SPDX-License-Identifier: Apache-2.0
"""Holds every answer against doc/openapi.yaml, and answers of version 2 against the
published description as well where that one is at hand."""

import json
import os
import re

import jsonschema_rs
import yaml

from harness.place import ROOT

METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
JSON_TYPE = "application/json"
XML_TYPE = "application/xml"
PUBLISHED = "WATCHWORD_PUBLISHED_OPENAPI"

# Where this server answers otherwise than the published description on purpose:
# (method, path, status): the status whose schema holds there, and why.
DEVIATIONS = {
    ("POST", "/2fa/2/applications", 200):
        ("201", "the official Python client takes only 200 for success, and is answered so"),
}
# What a request may meet whose URL or method is no operation.
STATUSES_OF_NO_OPERATION = {400, 404, 405, 408, 413, 431, 500, 503}


def published_file():
    """The published description: named by the environment, or beside the checkout."""
    named = os.environ.get(PUBLISHED)
    path = ROOT.parent / "shared/reference/infobip-2fa.openapi.json"
    return named or (str(path) if path.exists() else None)


def shape(path):
    """A path with {} for each parameter, each slash once, without one at its end."""
    path = re.sub(r"/+", "/", re.sub(r"\{\w+\}", "{}", path))
    return path[:-1] if len(path) > 1 and path.endswith("/") else path


class Description:
    """One OpenAPI file with the validators of its responses, made when first used."""

    def __init__(self, document):
        self.document = document
        self.registry = jsonschema_rs.Registry([("urn:described", document)])
        self.validators = {}
        self.operations = {}
        self.patterns = []
        for path, item in document["paths"].items():
            known = shape(path)
            self.patterns.append((known, known.split("/")))
            for method in METHODS:
                if method in item:
                    self.operations[method.upper(), known] = item[method]
        # The more a path says, the sooner it is asked.
        self.patterns.sort(key=lambda p: p[1].count("{}"))

    def find_path(self, target):
        have = shape(target.partition("?")[0]).split("/")
        for known, parts in self.patterns:
            if len(parts) == len(have) and all(
                    want == got or (want == "{}" and got) for want, got in zip(parts, have)):
                return known
        return None

    def resolve(self, thing):
        while "$ref" in thing:
            at = self.document
            for part in thing["$ref"][2:].split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            thing = at
        return thing

    def response(self, operation, status):
        """(its key, the response), or None when the status is not described."""
        responses = operation["responses"]
        for key in (str(status), f"{status // 100}XX"):
            if key in responses:
                response = self.resolve(responses[key])
                if status in response.get("x-statuses", [status]):
                    return key, response
        return None

    def validator(self, schema):
        at = json.dumps(schema, sort_keys=True)
        if at not in self.validators:
            self.validators[at] = jsonschema_rs.Draft202012Validator(
                rooted(schema), registry=self.registry)
        return self.validators[at]

    def faults(self, schema, body):
        return [f"{'/'.join(map(str, e.instance_path))}: {e.message}"
                for e in self.validator(schema).iter_errors(body)]


def rooted(schema):
    """References into the document, from outside of it."""
    if isinstance(schema, dict):
        return {k: "urn:described" + v if k == "$ref" and v.startswith("#") else rooted(v)
                for k, v in schema.items()}
    return [rooted(v) for v in schema] if isinstance(schema, list) else schema


def load_ours():
    return Description(yaml.load((ROOT / "doc/openapi.yaml").read_text(),
                                 getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def load_published():
    path = published_file()
    if path is None:
        return None
    with open(path, encoding="utf-8") as f:
        return Description(json.load(f))


OURS = load_ours()
PUBLISHED_ONE = load_published()


def check_body(description, response, status, text, where):
    """The body of an answer, and that there is one exactly when it is described."""
    content = response.get("content", {}).get(JSON_TYPE)
    if content is None:
        assert text == "", f"{where}: a body, where none is described: {text[:300]}"
        return
    faults = description.faults(content["schema"], json.loads(text))
    assert not faults, f"{where}: not as described: {faults}: {text[:600]}"


def check_headers(response, headers, where):
    """The ones that a caller acts on have to be described."""
    described = response.get("headers", {})
    for name in ("Retry-After", "Location"):
        assert name not in headers or name in described, f"{where}: {name} is not described"


def check_no_operation(target, status, headers, text, known):
    """404 for another URL, 405 for another method, or what the listener refuses."""
    where = f"{target} {status}, no operation"
    assert status in STATUSES_OF_NO_OPERATION, where
    schema = "FlatError" if target.startswith("/settings/2") else "Error"
    faults = OURS.faults({"$ref": f"#/components/schemas/{schema}"}, json.loads(text))
    assert not faults, f"{where}: {faults}"
    if status == 405:
        allowed = {m for m, path in OURS.operations if path == known}
        implied = {"HEAD"} if "GET" in allowed else set()
        assert set(headers["Allow"].split(", ")) - {"OPTIONS"} == allowed | implied, where


def check_published(method, known, status, text):
    """An operation that version 2 publishes has to answer as its file says."""
    if PUBLISHED_ONE is None or (method, known) not in PUBLISHED_ONE.operations:
        return
    where = f"{method} {known} {status}, published"
    instead, _why = DEVIATIONS.get((method, known, status), (status, None))
    found = PUBLISHED_ONE.response(PUBLISHED_ONE.operations[method, known], int(instead))
    assert found, f"{where}: not described"
    check_body(PUBLISHED_ONE, found[1], status, text, where)


def check(method, target, answer):
    """`answer` is one of requests'; an assertion tells what is not as described."""
    status, text = answer.status_code, answer.text
    known = OURS.find_path(target)
    operation = OURS.operations.get(("GET" if method == "HEAD" else method, known))
    if method == "HEAD":
        assert text == "" and (operation is None or OURS.response(operation, status))
        return
    if operation is None:
        check_no_operation(target, status, answer.headers, text, known)
        return
    where = f"{method} {known} {status}"
    found = OURS.response(operation, status)
    assert found, f"{where}: this status is not described: {text[:300]}"
    check_body(OURS, found[1], status, text, where)
    check_headers(found[1], answer.headers, where)
    check_published(method, known, status, text)


def check_xml(method, target, status, root):
    """An answer in XML: that one is described, and its root; nothing is said of what is no
    operation, and is answered as an error of version 2."""
    operation = OURS.operations.get((method, OURS.find_path(target)))
    where = f"{method} {target} {status}"
    found = operation and OURS.response(operation, status)
    assert found or operation is None, f"{where}: this status is not described"
    named = found[1]["content"][XML_TYPE]["schema"]["xml"]["name"] if found else "ApiException"
    assert root == named, f"{where}: the root is {root}, and {named} is described"


def check_refusal(status, body):
    """An error whose operation is not known, of a test that speaks octets."""
    if status >= 400 and not (isinstance(body, dict) and "status" in body):
        schema = "FlatError" if "errorCode" in body else "Error"
        faults = OURS.faults({"$ref": f"#/components/schemas/{schema}"}, body)
        assert not faults, f"{status}: {faults}: {body}"
