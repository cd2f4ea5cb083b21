# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every suite has: a running server, and an application to play with."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.server import Server  # noqa: E402

# Resends without a wait, lists as often as a test likes, and two loops even where there is
# one core.
RELAXED = ("limits: {resend_interval: 0s}\nhttp: {threads: 2}\n"
           "throttles: {application_list: 10000/1s, template_list: 10000/1s}\n")


FIGURES = pytest.StashKey()


@pytest.fixture(scope="session")
def tell(request):
    """Says a figure that decides something; all of them stand at the end of the run."""
    return request.config.stash.setdefault(FIGURES, []).append


def pytest_sessionfinish(session):
    """A worker of xdist hands its figures to the run that began it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = session.config.stash.get(FIGURES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    figures = node.config.stash.setdefault(FIGURES, [])
    figures.extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_terminal_summary(terminalreporter, config):
    for figure in config.stash.get(FIGURES, []):
        terminalreporter.write_line(f"figure: {figure}")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for a module; its trial carrier writes messages.jsonl."""
    with Server(tmp_path_factory.mktemp("server"), config=RELAXED) as running:
        yield running


@pytest.fixture(scope="module")
def application(server):
    return server.application()


@pytest.fixture(scope="module")
def template(server, application):
    return server.template(application)


@pytest.fixture()
def fresh(tmp_path):
    """Makes servers of a test's own; all of them are stopped at its end."""
    started = []

    def make(name="own", before=None, **options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        own = Server(folder, **options)
        if before:
            before(own)
        started.append(own.start())
        return own

    yield make
    for one in started:
        one.stop_if_running()
