# SPDX-License-Identifier: Apache-2.0
"""Behind a proxy: the address of a client is taken from listed proxies and nobody else, and
the configurations of doc/proxy.md work as they stand there."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import requests

from harness.certificates import Authority
from harness.place import ROOT
from harness.server import Server, binary, wait_for

PAGE = ROOT / "doc/proxy.md"


def seen_address(server, **headers):
    """Whom a refused sign-in was from, as the log says."""
    before = len(server.events)
    answer = requests.get(server.base + "/2fa/2/applications", timeout=10,
                          headers={"Authorization": "App wrong", **headers})
    assert answer.status_code == 401
    return logged_address(server, before)


def seen_through(server, port, authority, headers):
    """The same for a client that has another address than the proxy."""
    before = len(server.events)
    client = http.client.HTTPSConnection(
        "localhost", port, source_address=("127.0.0.2", 0), timeout=10,
        context=ssl.create_default_context(cafile=authority.path))
    client.request("GET", "/2fa/2/applications", headers={"Authorization": "App wrong", **headers})
    assert client.getresponse().status == 401
    client.close()
    return logged_address(server, before)


def logged_address(server, before):
    return wait_for("the refusal in the log", lambda: next(
        (e for e in server.events[before:] if e["event"] == "sign_in_refused"), None))["address"]


def test_nobody_is_believed_without_a_list(server):
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP"):
        assert seen_address(server, **{name: "192.0.2.1"}) == "127.0.0.1"


def test_an_address_that_is_not_listed_cannot_pretend(fresh):
    own = fresh(config="trusted_proxies: [10.0.0.0/8, 192.168.0.1, '2001:db8::/32']\n")
    assert seen_address(own, **{"X-Forwarded-For": "192.0.2.1"}) == "127.0.0.1"
    assert seen_address(own, **{"X-Forwarded-For": "192.0.2.1, 10.0.0.1"}) == "127.0.0.1"


def test_the_right_most_that_is_no_proxy_is_the_client(fresh):
    own = fresh(config="trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]\n")
    for written, client in (
            ("192.0.2.1", "192.0.2.1"), ("198.51.100.1, 192.0.2.1", "192.0.2.1"),
            ("198.51.100.1, 192.0.2.1, 10.1.2.3", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"),
            ("192.0.2.1, nonsense", "127.0.0.1"), ("", "127.0.0.1")):
        assert seen_address(own, **{"X-Forwarded-For": written}) == client
    assert seen_address(own, Forwarded="for=192.0.2.1") == "127.0.0.1"


def test_the_header_of_rfc_7239_when_chosen(fresh):
    own = fresh(config="trusted_proxies: [127.0.0.1]\nforwarded_header: forwarded\n")
    assert seen_address(own, Forwarded='for="[2001:db8::1]:80";proto=https') == "2001:db8::1"
    assert seen_address(own, **{"X-Forwarded-For": "192.0.2.1"}) == "127.0.0.1"


def test_a_list_that_makes_no_sense(tmp_path):
    file = tmp_path / "watchword.yaml"
    file.write_text("trusted_proxies:\n  - 10.0.0.0/8\n  - proxy.example\n  - 10.0.0.0/40\n")
    done = subprocess.run([binary(), "config", "check", str(file)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1
    assert "watchword.yaml:3: trusted_proxies[1]: must be an address or a range" in done.stderr
    assert "watchword.yaml:4: trusted_proxies[2]: must be an address or a range" in done.stderr


# ---- the page of the manual ----


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def block(title):
    """The code under a heading of the page."""
    return re.search(rf"^## {title}\n.*?^```\w*\n(.*?)^```", PAGE.read_text(), re.M | re.S)[1]


def program(name):
    """Debian keeps both where only root looks."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")


class Proxy:
    """nginx or HAProxy with the configuration of the page, moved to ports of the test."""

    def __init__(self, command, port):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.port = port

    def is_up(self):
        assert self.process.poll() is None, self.process.stdout.read().decode()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        wait_for("the proxy", self.is_up)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


def haproxy(tmp_path, authority, upstream):
    pair = authority.pair("proxied")
    both = tmp_path / "both.pem"
    both.write_bytes(pair[0].read_bytes() + pair[1].read_bytes())
    port = free_port()
    text = (block("HAProxy").replace("/etc/haproxy/pin.example.pem", str(both))
            .replace(":443 ", f"127.0.0.1:{port} ").replace("127.0.0.1:8080", upstream))
    file = tmp_path / "haproxy.cfg"
    file.write_text(text)
    return Proxy([program("haproxy"), "-db", "-f", str(file)], port)


def nginx(tmp_path, authority, upstream):
    pair = authority.pair("proxied")
    port = free_port()
    text = (block("nginx").replace("/etc/nginx/pin.example.pem", str(pair[0]))
            .replace("/etc/nginx/pin.example.key", str(pair[1])).replace("pin.example", "localhost")
            .replace("listen 443 ", f"listen 127.0.0.1:{port} ")
            .replace("    listen [::]:443 ssl;\n", "").replace("127.0.0.1:8080", upstream))
    file = tmp_path / "nginx.conf"
    folders = "".join(f"  {kind}_temp_path {tmp_path}/{kind};\n" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file.write_text(f"pid {tmp_path}/nginx.pid;\ndaemon off;\nmaster_process off;\nevents {{}}\n"
                    f"http {{\n  access_log off;\n{folders}{text}}}\n")
    return Proxy([program("nginx"), "-e", "stderr", "-p", str(tmp_path), "-c", str(file)], port)


def connections_of(server):
    """How many connections the process has accepted and still has."""
    mine = {os.readlink(f) for f in Path(f"/proc/{server.process.pid}/fd").iterdir()}
    inodes = {i[8:-1] for i in mine if i.startswith("socket:")}
    port = f":{int(server.address[1]):04X}"
    lines = (l.split() for l in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(1 for l in lines if l[1].endswith(port) and l[3] == "01" and l[9] in inodes)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("proxied"), config=block("Watchword itself")
                .replace("listen: 127.0.0.1:8080\n", "")) as server:
        yield server


@pytest.mark.parametrize("make", [haproxy, nginx])
def test_the_page_works_as_it_stands(proxied, tmp_path, make):
    assert program(make.__name__), f"no {make.__name__}: script/bootstrap test"
    authority = Authority(tmp_path)
    with make(tmp_path, authority, ":".join(proxied.address)) as proxy:
        base = f"https://localhost:{proxy.port}"
        with requests.Session() as session:
            for _ in range(40):
                answer = session.get(base + "/2fa/2/applications", timeout=10, verify=authority.path,
                                  headers={"Authorization": f"App {proxied.key}"})
                assert answer.status_code == 200
            made = session.post(base + "/2fa/2/applications", json={"name": "behind a proxy"},
                             timeout=10, verify=authority.path,
                             headers={"Authorization": f"App {proxied.key}"})
            assert made.json()["name"] == "behind a proxy"
            refused = session.options(base + "/2fa/1/pin", timeout=10, verify=authority.path)
            assert refused.headers["Access-Control-Allow-Origin"] == "*"
        assert 1 <= connections_of(proxied) <= 8, "the proxy keeps its connections"
        for written in ({}, {"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"}):
            assert seen_through(proxied, proxy.port, authority, written) == "127.0.0.2"
