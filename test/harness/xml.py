# SPDX-License-Identifier: Apache-2.0
"""The API in XML: requests and answers as the values that they are in JSON, with texts in place
of numbers and truth values."""

import re
import xml.etree.ElementTree as tree
from xml.sax.saxutils import escape

from harness import described

TYPE = described.XML_TYPE
ODD_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]|^[0-9.-]|_(?=x)")
ENCODED = re.compile(r"_x([0-9A-F]{4}|[0-9A-F]{6})_")


def _encode(match):
    return f"_x{ord(match[0]):04X}_" if ord(match[0]) < 0x10000 else f"_x{ord(match[0]):06X}_"


def element(name, value):
    name = ODD_IN_A_NAME.sub(_encode, name)
    if isinstance(value, dict):
        inside = "".join(element(k, v) for k, v in value.items())
    else:
        inside = escape(texts(value), {"\r": "&#13;"})
    return f"<{name}>{inside}</{name}>"


def write(root, value):
    return '<?xml version="1.0" encoding="UTF-8"?>' + element(root, value)


def read(octets):
    """(name of the root, value). A list is read where children have their parent's name, or are
    items of the root."""
    root = tree.fromstring(octets)
    return root.tag, _value(root, "item")


def _value(parent, item):
    children = list(parent)
    if not children:
        return parent.text or ""
    assert not (parent.text or "").strip() and not any((c.tail or "").strip() for c in children)
    if {c.tag for c in children} == {item}:
        return [_value(c, c.tag) for c in children]
    assert len({c.tag for c in children}) == len(children), "two of one name"
    return {ENCODED.sub(lambda m: chr(int(m[1], 16)), c.tag): _value(c, c.tag) for c in children}


def texts(value):
    """A value of JSON as XML can say it."""
    if isinstance(value, dict):
        return {k: texts(v) for k, v in value.items()}
    if isinstance(value, list):
        return [texts(v) for v in value] or ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


class Answer:
    def __init__(self, answer):
        self.status = answer.status_code
        self.headers = answer.headers
        self.octets = answer.content
        assert answer.headers["Content-Type"] == "application/xml;charset=UTF-8", answer.text
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        self.root, self.value = read(answer.content)

    @property
    def error(self):
        assert self.root == "ApiException"
        return self.value["requestError"]["serviceException"]


def ask(server, method, path, body=None, key=None, **headers):
    """One request in XML; (root, value) is written as such, octets and text are sent as they are."""
    if isinstance(body, tuple):
        body = write(*body)
    if isinstance(body, str):
        body = body.encode()
    sent = {"Authorization": f"App {key or server.key}", "Accept": TYPE, "Content-Type": TYPE}
    answer = Answer(server.http.request(
        method, server.base + path, data=body, headers={**sent, **headers}, timeout=30))
    described.check_xml(method, path, answer.status, answer.root)
    return answer
