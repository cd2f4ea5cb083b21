# SPDX-License-Identifier: Apache-2.0
"""The lines of README for the official Python client, in the form of the client's version."""

import re

import infobip_api_client
import pytest

from harness.place import ROOT

MAJOR = int(infobip_api_client.__version__.split(".")[0])
PAGES = ["README.md", "doc/coming-from-infobip.md"]
OLD = 'api_key={"APIKeyHeader": "KEY"}, api_key_prefix={"APIKeyHeader": "App"}'


def blocks(page):
    """The blocks of Python that make a configuration."""
    found = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    return [b for b in found if "Configuration(" in b]


@pytest.mark.field("9.8")
@pytest.mark.parametrize("page", PAGES)
def test_the_first_lines_are_those_of_the_newest_client(page):
    assert re.search(r'api_key="[^"]+"\)', blocks(page)[0])
    assert "APIKeyHeader" not in blocks(page)[0]


@pytest.mark.field("9.8")
@pytest.mark.parametrize("page", PAGES)
def test_the_form_of_version_5_is_there_too(page):
    text = re.sub(r'\s+', ' ', (ROOT / page).read_text())
    text = re.sub(r'"(ww_\.\.\.|THE-KEY)"', '"KEY"', text)
    assert OLD in text


@pytest.mark.field("9.8")
@pytest.mark.parametrize("page", PAGES)
def test_the_lines_work(server, page):
    lines = blocks(page)[0]
    if MAJOR < 6:
        lines = re.sub(r'api_key="[^"]+"', OLD, lines)
    lines = re.sub(r'"(ww_\.\.\.|THE-KEY|KEY)"', repr(server.key), lines)
    lines = re.sub(r'"https?://[^"]+"', repr(server.base), lines)
    names = {}
    exec("from infobip_api_client import ApiClient, Configuration\n"  # pylint: disable=exec-used
         "from infobip_api_client.api.tfa_api import TfaApi\n" + lines, names)
    api = infobip_api_client.api.tfa_api.TfaApi(infobip_api_client.ApiClient(names["configuration"]))
    made = api.create_tfa_application({"name": "Shop"})
    assert made.name == "Shop"
