# SPDX-License-Identifier: Apache-2.0
"""YAML's null says "nothing is given", in every option, section and list."""

import re

import pytest

from harness.checked import check
from harness.place import ROOT

pytestmark = pytest.mark.field("5.1")

NULLS = ["null", "~", "Null", "NULL", "", "!!null ''"]


def rows():
    """(section, option) of every row of the table of options."""
    text = (ROOT / "src/conf/conf.def").read_text()
    return sorted(set(re.findall(r'^CONF_ROW\("([^"]*)", "([^"]+)"', text, re.M)))


@pytest.mark.parametrize("null", NULLS)
def test_a_sender_that_is_null_is_none(fresh, tmp_path, null):
    """The person does not see a message of a sender called null."""
    own = fresh(config="carriers:\n- {name: a, type: file, path: messages.jsonl}\n"
                f"routes:\n- prefix: ''\n  carriers: [a]\n  sender: {null}\n")
    application = own.application()
    answer = own.post(f"/2fa/2/applications/{application}/messages",
                      {"pinType": "NUMERIC", "pinLength": 6, "messageText": "[{{pin}}]"})
    pin_id, _ = own.sent(application, answer.json()["messageId"])
    assert own.message(pin_id).get("from") is None


@pytest.mark.parametrize("section,option", [r for r in rows() if not r[0].endswith("[]")],
                         ids=lambda v: v or "top")
def test_an_option_that_is_null_has_its_default(tmp_path, section, option):
    for null in NULLS:
        text = f"{option}: {null}\n" if section == "" else f"{section}:\n  {option}: {null}\n"
        said = check(tmp_path, text)
        assert (said.status, said.text) == (0, ""), text


@pytest.mark.parametrize("section", sorted({s.removesuffix("[]") for s, _ in rows()} - {""}))
def test_a_section_or_list_that_is_null_is_empty(tmp_path, section):
    for null in NULLS:
        said = check(tmp_path, f"{section}: {null}\n")
        assert (said.status, said.text) == (0, ""), (section, null)


ITEMS = {
    "carriers[]": "carriers:\n- {name: a, type: smpp, host: h, system_id: i, sender: S, %s: %s}\n",
    "routes[]": "carriers:\n- {name: a, type: file, path: x}\n"
                "routes:\n- {carriers: [a], sender: S, %s: %s}\n",
    "listeners[]": "listeners:\n- {address: '127.0.0.1:0', %s: %s}\n",
    "reports[]": "reports:\n- {name: r, account: a, url: 'https://x', secret: 0123456789abcdef0,"
                 " %s: %s}\n",
}
GIVEN = {"carriers[]": {"name", "type", "host", "system_id", "sender"}, "listeners[]": {"address"},
         "routes[]": {"carriers", "sender"}, "reports[]": {"name", "account", "url", "secret"}}


@pytest.mark.parametrize("section,option", [
    r for r in rows() if r[0].endswith("[]") and r[1] not in GIVEN[r[0]]],
    ids=lambda v: v)
def test_an_option_of_a_list_that_is_null_is_not_given(tmp_path, section, option):
    for null in ("null", "~"):
        said = check(tmp_path, ITEMS[section] % (option, null))
        assert (said.status, said.text) == (0, ""), option


@pytest.mark.parametrize("text,faults", [
    ("reports:\n- {name: r, account: ~, url: 'https://x', secret: 0123456789abcdef0}\n",
     ["2: reports[0].account: is missing"]),
    ("carriers:\n- {name: a, type: smpp, host: null, system_id: i}\n",
     ["2: carriers[0].host: is missing"]),
    ("carriers:\n- {name: a, type: null}\n", ["2: carriers[0].type: is missing"]),
    ("lookup: {type: infobip, url: ~}\n", ["1: lookup.url: is missing"]),
    ("carriers:\n- ~\n", ["2: carriers[0]: must hold names and values"]),
    ("carriers:\n- {name: a, type: file, path: x}\nroutes:\n- {carriers: [null]}\n",
     ["4: routes[0].carriers: must name carriers"]),
    ("carriers:\n- {name: a, type: file, path: x}\nroutes:\n- {carriers: [{a: ~}]}\n",
     ["4: routes[0].carriers: a weight must be one value"]),
    ("trusted_proxies: [~]\n", ["1: trusted_proxies[0]: is null; leave it out, or quote it "
                                "where that text is meant"]),
    ("carriers:\n- {name: a, type: generic, url: 'https://x', headers: {X: null}}\n",
     ["2: carriers[0].headers.X: is null; leave it out, or quote it where that text is meant"]),
    ("carriers:\n- {name: a, type: generic, url: 'https://x', headers: {~: x}}\n",
     ["2: carriers[0].headers: a name must be a word"]),
], ids=range(10))
def test_where_something_is_needed_null_is_a_fault(tmp_path, text, faults):
    said = check(tmp_path, text)
    assert (said.status, said.faults) == (1, faults)


@pytest.mark.parametrize("text", ["'null'", '"null"', "'~'", "!!str null", "nullable", "~x"])
def test_the_word_in_quotes_is_a_text(tmp_path, text):
    said = check(tmp_path, f"data: {text}\nhttp: {{public_url: {text}}}\n")
    assert len(said.faults) + len(said.warnings) == 1  # the URL was read as one


def test_a_file_that_is_null_is_empty(tmp_path):
    for null in NULLS:
        assert check(tmp_path, null + "\n").status == 0
