# SPDX-License-Identifier: Apache-2.0
"""Calls take their time and hardly any of the machine's: the tests of a module that has the
mark `together` run side by side, from the first of them on, and each is reported as itself."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.phone import tones, write_samples

AT_ONCE = 6
running = {}


def pytest_configure(config):
    config.addinivalue_line("markers", "together: runs beside the others of its module")


@pytest.fixture()
def pcm(tmp_path):
    """Two seconds of sound like no other, and their file."""
    samples = tones(2)
    return samples, write_samples(tmp_path / "said.pcm", samples)


def begin(item, pool):
    """In a folder of its own, with the fixtures that these tests have."""
    folder = item.config._tmp_path_factory.mktemp("call")  # pylint: disable=protected-access
    values = dict(getattr(item, "callspec", None).params if hasattr(item, "callspec") else {})
    values["tmp_path"] = folder
    if "pcm" in item.fixturenames:
        samples = tones(2)
        values["pcm"] = samples, write_samples(folder / "said.pcm", samples)
    wanted = item.function.__code__.co_varnames[:item.function.__code__.co_argcount]
    return pool.submit(item.function, **{name: values[name] for name in wanted})


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.get_closest_marker("together") is None:
        return None
    if pyfuncitem.nodeid not in running:
        pool = ThreadPoolExecutor(AT_ONCE)
        for item in pyfuncitem.session.items:
            if item.path == pyfuncitem.path and item.get_closest_marker("together"):
                running[item.nodeid] = begin(item, pool)
    running[pyfuncitem.nodeid].result()
    return True
