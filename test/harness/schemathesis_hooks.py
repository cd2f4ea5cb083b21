# SPDX-License-Identifier: Apache-2.0
"""Leniencies that the schemas do not say, so that they stay what a caller should send: a
body of blanks counts as none, as some callers of a resend need it (contract 7.8), and
is no JSON; a number or a truth value where a text is wanted is its text, and `[]` is an
empty object, as Jackson and PHP have it (base/json_scalar.h). Cases of
test/field/test_what_callers_write.py say what becomes of those.

Bodies are sent as JSON: in XML every value is a text, so most of what is wrong by its type
would be right there; test/api/test_xml.py is about those."""

import schemathesis
import yaml

from harness.place import ROOT

DOCUMENT = yaml.safe_load((ROOT / "doc/openapi.yaml").read_text(encoding="utf-8"))


def types_of(schema):
    """The types that a schema names, also by reference and by alternative."""
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        return types_of(DOCUMENT["components"]["schemas"].get(name, {}))
    own = schema.get("type", [])
    found = {own} if isinstance(own, str) else set(own)
    return found.union(*(types_of(one) for key in ("anyOf", "oneOf") for one in schema.get(key, [])))


def members(node):
    """Every member of every object of the document, with its schema."""
    if isinstance(node, dict):
        yield from node.get("properties", {}).items() if isinstance(
            node.get("properties"), dict) else ()
        for value in node.values():
            yield from members(value)
    elif isinstance(node, list):
        for value in node:
            yield from members(value)


NAMED = [(name, types_of(schema)) for name, schema in members(DOCUMENT)
         if isinstance(schema, dict)]
TEXTS = {name for name, types in NAMED if "string" in types}
OBJECTS = {name for name, types in NAMED if "object" in types}


def is_lenient(name, value):
    """Whether something in it is taken for what it is not."""
    if isinstance(value, dict):
        return any(is_lenient(*item) for item in value.items())
    if isinstance(value, list):
        return not value and (name is None or name in OBJECTS)
    return isinstance(value, (bool, int, float)) and name in TEXTS


def drop_xml(node):
    """Also of answers, which are in JSON then: each schema less is time."""
    if isinstance(node, dict):
        node.pop("application/xml", None)
        for value in node.values():
            drop_xml(value)
    elif isinstance(node, list):
        for value in node:
            drop_xml(value)


@schemathesis.hook
def before_load_schema(_context, raw_schema):
    drop_xml(raw_schema)


@schemathesis.hook
def filter_case(_context, case):
    body = getattr(case.body, "data", case.body)
    if isinstance(body, bytes):
        return body.strip(b" \t\r\n") != b""
    return not is_lenient(None, body)
