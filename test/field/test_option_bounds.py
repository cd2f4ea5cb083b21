# SPDX-License-Identifier: Apache-2.0
"""Every option at its bounds: one octet, one or one millisecond beyond them is a fault that
names the option, and the bounds themselves are none. The rows are those of conf.def, which
read the configuration and print its manual; a new row is in these tests by itself."""

import copy
import json
import os
import re

import pytest

from harness.checked import check
from harness.place import ROOT

pytestmark = pytest.mark.field("10.3")

ROW = re.compile(r'^CONF_ROW\("([^"]*)", "(\w+)", (\w+), [\w]+, [\w.]+, ([^\n]*), '
                 r'(-?\d+), (INT64_C\(\d+\)|\d+), (\w+|"[^"]*"), (NULL|"[^"]*"),$', re.M)
BOUNDED = {"CONF_INT", "CONF_DURATION", "CONF_TEXT", "CONF_SECRET_FILE", "CONF_DIGITS",
           "CONF_TEXTS", "CONF_TEXT_MAP"}
SAID = re.compile(r": must (be|have) from \S+ to \S+|: must be a time such as |"
                  r": its first line is empty|: must be a whole number")
SECRET = "0123456789abcdef0"
CARRIER = {
    "file": {"path": "x"}, "smpp": {"host": "h", "system_id": "i", "sender": "S"},
    "smtp": {"relays": ["x"]}, "sip": {"host": "h"},
    "infobip": {"url": "https://x.example", "api_key_file": "FILE", "sender": "S"},
    "twilio": {"account_sid": "a", "auth_token_file": "FILE", "sender": "S"},
    "vonage": {"api_key": "a", "api_secret_file": "FILE", "sender": "S"},
    "generic": {"url": "https://x.example"}}
LOOKUP = {"none": {}, "infobip": {"url": "https://x.example"}, "enum": {},
          "generic": {"url": "https://x.example", "result": "/r", "not_reachable": ["no"]}}
ITEM = {"routes[]": {"carriers": ["a"]}, "listeners[]": {"address": "127.0.0.1:0"},
        "reports[]": {"name": "r", "account": "a", "url": "https://x.example",
                      "secret": SECRET}}


def rows():
    """(section, option, kind, least, most, type) of each row with bounds, for each type."""
    text = (ROOT / "src/conf/conf.def").read_text()
    found = ROW.findall(text)
    assert len(found) == len(re.findall(r"^CONF_ROW\(", text, re.M)), "a row of another form"
    for section, option, kind, _, least, most, _, types in found:
        if kind not in BOUNDED:
            continue
        for one in [None] if types == "NULL" else types.strip('"').split("|"):
            most_ = int(re.sub(r"\D", "", most.replace("INT64_C", "")))
            yield section, option, kind, int(least), most_, one


def around(folder, section, values, kind_of):
    """A configuration in which those options have those values, and what is needed is there."""
    if section == "":
        return values
    if section == "carriers[]":
        kind = kind_of or "file"
        one = {"name": "a", "type": kind, **CARRIER[kind]}
    elif section == "lookup":
        one = {"type": kind_of or "none", **LOOKUP[kind_of or "none"]}
    else:
        one = copy.deepcopy(ITEM.get(section, {}))
    one = json.loads(json.dumps({**one, **values}).replace("FILE", str(secret(folder, SECRET))))
    if section == "routes[]":
        return {"carriers": [{"name": "a", "type": "file", "path": "x"}], "routes": [one]}
    return {section.removesuffix("[]"): [one] if section.endswith("[]") else one}


def secret(folder, text, name="kept"):
    path = folder / name
    path.write_text(text)
    os.chmod(path, 0o600)
    return path


def value_of(folder, kind, n):
    """A value of that size; None where there is none below nothing."""
    if kind == "CONF_INT":
        return n
    if kind == "CONF_DURATION":
        return f"{n}ms" if n else "0s"
    if n < 0:
        return None
    text = ("1" if kind == "CONF_DIGITS" else "x") * n
    if kind == "CONF_SECRET_FILE":
        return str(secret(folder, text, f"given-{n}"))
    if kind == "CONF_TEXTS":
        return [text]
    return {"x": text} if kind == "CONF_TEXT_MAP" else text


def out_of_bounds(said, section):
    """The options whose bounds are said to be passed, as often as it is said: a text of x's
    may be no URL, which is another matter."""
    field = re.escape(section.replace("[]", "[0]") + "." if section else "")
    found = (re.match(rf"\d+: {field}(\w+)(\[0\]|\.x)?: ", line)
             for line in said.faults if SAID.search(line))
    return sorted(match[1] for match in found)


GROUPS = {}
for one in rows():
    GROUPS.setdefault((one[0], one[5]), []).append(one)


@pytest.mark.parametrize("group", list(GROUPS),
                         ids=lambda g: (g[0] or "top") + (f" of {g[1]}" if g[1] else ""))
def test_options_take_what_their_manual_says_and_no_more(tmp_path, group):
    section, kind_of = group
    for size, good in ((lambda least, most: least, True), (lambda least, most: most, True),
                       (lambda least, most: least - 1, False),
                       (lambda least, most: most + 1, False)):
        values = {option: value_of(tmp_path, kind, size(least, most))
                  for _, option, kind, least, most, _ in GROUPS[group]}
        values = {option: value for option, value in values.items() if value is not None}
        said = check(tmp_path, around(tmp_path, section, values, kind_of))
        assert out_of_bounds(said, section) == ([] if good else sorted(values)), said.text


@pytest.mark.parametrize("option", re.findall(
    r'^CONF_ROW\("throttles", "(\w+)"', (ROOT / "src/conf/conf.def").read_text(), re.M))
def test_a_throttle_takes_rates_up_to_a_day(tmp_path, option):
    for rate, good in (("1/1ms", True), ("10000/1d", True), ("10000/86400000ms", True),
                       ("0/1m", False), ("10001/1d", False), ("1/0s", False),
                       ("1/86400001ms", False), ("-1/1m", False)):
        assert check(tmp_path, {"throttles": {option: rate}}).status == (0 if good else 1), rate


def carriers(n):
    return [{"name": f"c{i}", "type": "file", "path": "x"} for i in range(n)]


LISTS = [  # how many there may be
    ("carriers", 32, lambda n: {"carriers": carriers(n)}),
    ("routes", 1024, lambda n: {"carriers": carriers(1), "routes": [
        {"prefix": f"{i + 1}", "carriers": ["c0"]} for i in range(n)]}),
    ("reports", 256, lambda n: {"reports": [
        {**ITEM["reports[]"], "name": f"r{i}"} for i in range(n)]}),
    ("listeners", 15, lambda n: {"listeners": [
        {"address": f"127.0.0.1:{i + 1}"} for i in range(n)]}),
    ("routes[0].carriers", 8, lambda n: {"carriers": carriers(9), "routes": [
        {"carriers": [f"c{i}" for i in range(n)]}]}),
    ("trusted_proxies", 64, lambda n: {"trusted_proxies": ["10.0.0.1"] * n}),
    ("carriers[0].results", 64, lambda n: {"carriers": [
        {"name": "a", "type": "generic", "url": "https://x.example",
         "results": {f"^{i}": "accepted" for i in range(n)}}]}),
]


@pytest.mark.parametrize("field,most,make", LISTS, ids=[l[0] for l in LISTS])
def test_a_list_takes_as_many_as_there_may_be(tmp_path, field, most, make):
    assert check(tmp_path, make(most)).faults == []
    said = check(tmp_path, make(most + 1))
    assert said.faults == [f"1: {field}: more than {most}"]


@pytest.mark.parametrize("option,value", [
    ("http.threads", "0x10"), ("http.threads", "1e1"), ("http.threads", "+1"),
    ("http.threads", " 1"), ("http.threads", "18446744073709551617"),
    ("http.threads", "9223372036854775808"), ("http.threads", "4294967297"),
    ("http.idle_timeout", "18446744073709551617ms"), ("http.idle_timeout", "106751991168d"),
    ("http.idle_timeout", "1.5s"), ("http.idle_timeout", "-1s"), ("http.idle_timeout", "")])
def test_a_number_that_is_none_or_wraps_is_a_fault(tmp_path, option, value):
    section, name = option.split(".")
    said = check(tmp_path, f"{section}:\n  {name}: '{value}'\n")
    assert said.status == 1 and said.faults[0].startswith(f"2: {option}: must be ")
