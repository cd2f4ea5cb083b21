# SPDX-License-Identifier: Apache-2.0
"""A name has several addresses, and some of them are dead: whatever goes out finds the one
that answers, over SMPP, over HTTP, and among DNS servers."""

import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import peer
from harness.certificates import Authority
from harness.dns import ZONE, Dns, naptr
from harness.gateway import Gateway
from harness.names import Names, NameServer, black_hole, hangs_up
from harness.peer import Smsc
from harness.server import binary, wait_for
from harness.sink import Sink, subscription

pytestmark = pytest.mark.field("1.4")

DEAD, HOLE, BALANCER, GOOD = "127.0.0.5", "127.0.0.6", "127.0.0.7", "127.0.0.1"


@pytest.fixture
def names(tmp_path):
    folder = tmp_path / "names"
    folder.mkdir()
    return Names(folder)


@pytest.fixture
def smsc():
    with Smsc() as running:
        yield running


def smpp(fresh, names, host, port, **more):
    return fresh(config=peer.config(port, host=host, **more), env=names.env)


def delivers(own, smsc, to="41793026727"):
    application = own.application()
    assert own.send(application, own.template(application), to).json()["smsStatus"] == "MESSAGE_SENT"
    assert smsc.message(to)["to"] == to


# ---- SMPP ----


@pytest.mark.parametrize("addresses", [
    [DEAD, GOOD], ["::1", GOOD], [HOLE, GOOD], [HOLE, "::1", DEAD, GOOD]],
    ids=["the first refuses", "the first is IPv6", "the first is silent", "all but the last"])
@pytest.mark.parametrize("where", ["hosts file", "DNS"])
def test_an_smsc_whose_first_address_is_dead(fresh, names, smsc, addresses, where):
    with black_hole(HOLE, smsc.port), NameServer({"smsc.example": addresses}) as dns:
        if where == "DNS":
            names.servers(dns.address)
        else:
            names.hosts({"smsc.example": addresses})
        begin = time.monotonic()
        own = smpp(fresh, names, "smsc.example", smsc.port, connect_timeout="8s")
        own.event("carrier_up")
        assert time.monotonic() - begin < 8, "one silent address took all of the time"
        delivers(own, smsc)
    assert not [e for e in own.events if e["event"] == "carrier_down"]


def test_localhost_with_the_smsc_on_its_ipv4_address_alone(fresh, smsc):
    own = fresh(config=peer.config(smsc.port, host="localhost"))
    own.event("carrier_up")
    delivers(own, smsc)


def test_an_address_that_takes_the_connection_and_hangs_up(fresh, names, smsc):
    names.hosts({"smsc.example": [BALANCER, GOOD]})
    with hangs_up(BALANCER, smsc.port) as taken:
        own = smpp(fresh, names, "smsc.example", smsc.port)
        own.event("carrier_up")
        assert len(taken) == 1, "the other address has the next turn"


def test_the_log_says_of_each_address_what_became_of_it(fresh, names, smsc):
    names.hosts({"smsc.example": ["::1", DEAD, HOLE]})
    with black_hole(HOLE, smsc.port):
        own = smpp(fresh, names, "smsc.example", smsc.port, connect_timeout="1s")
        reason = own.event("carrier_down")["reason"]
    assert reason == ("::1: Connection refused, 127.0.0.5: Connection refused, "
                      "127.0.0.6: no answer in time")


def test_a_name_that_nobody_knows_is_said(fresh, names, smsc):
    with NameServer({}) as dns:
        names.servers(dns.address)
        own = smpp(fresh, names, "nowhere.example", smsc.port)
        assert own.event("carrier_down")["reason"] == "nowhere.example: has no address"


def test_an_smsc_that_moves_is_found_at_its_new_address(fresh, names):
    """A failover by DNS: the name is asked again whenever there is a connection to make."""
    with NameServer({"smsc.example": [DEAD]}) as dns:
        names.servers(dns.address)
        with Smsc() as smsc:
            own = smpp(fresh, names, "smsc.example", smsc.port)
            own.event("carrier_down")
            dns.zone["smsc.example"] = [GOOD]
            own.event("carrier_up")
            delivers(own, smsc)


@pytest.mark.parametrize("kind", ["dead", "silent"])
def test_the_first_dns_server_of_the_machine_does_not_answer(fresh, names, smsc, kind):
    with NameServer({"smsc.example": [GOOD]}) as dns, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOLE, 0))
        first = f"{DEAD}:9" if kind == "dead" else f"{HOLE}:{silent.getsockname()[1]}"
        names.servers(first, dns.address)
        own = smpp(fresh, names, "smsc.example", smsc.port, connect_timeout="6s")
        own.event("carrier_up")
        assert not [e for e in own.events if e["event"] == "carrier_down"]


@pytest.mark.parametrize("name,good", [("smsc.example", True), ("other.example", False)])
def test_tls_goes_by_the_name_and_not_by_the_address(fresh, names, tmp_path, name, good):
    authority = Authority(tmp_path)
    certificate, key = authority.pair("smsc", names=["smsc.example"])
    names.hosts({name: ["::1", DEAD, GOOD]})
    with Smsc("--key", key, "--cert", certificate) as smsc:
        own = smpp(fresh, names, name, smsc.port, tls="true", tls_ca=authority.path)
        if good:
            own.event("carrier_up")
        else:
            assert own.event("carrier_down")["reason"] == "hostname mismatch"


# ---- HTTP ----


def generic(url):
    return ("delivery: {accept_wait: 10s}\ncarriers:\n- {name: a, type: generic, url: '%s', "
            "allow_http: true, allow_private: true, connect_timeout: 4s, body: '{{text}}'}\n" % url)


@pytest.mark.parametrize("addresses", [
    [DEAD, GOOD], ["::1", GOOD], [HOLE, GOOD], ["::1", HOLE, DEAD, GOOD]],
    ids=["the first refuses", "the first is IPv6", "the first is silent", "all but the last"])
def test_a_gateway_whose_first_address_is_dead(fresh, names, addresses):
    names.hosts({"gateway.example": addresses})
    with Gateway(lambda request: (202, "{}")) as gateway, black_hole(HOLE, gateway.port):
        own = fresh(config=generic(f"http://gateway.example:{gateway.port}/"), env=names.env)
        application = own.application()
        answer = own.send(application, own.template(application)).json()
        assert answer["smsStatus"] == "MESSAGE_SENT"
        assert len(gateway.requests) == 1
    assert not [e for e in own.events if "retryMs" in e or e["event"] == "carrier_down"]


def test_a_gateway_that_moves_is_found_at_its_new_address(fresh, names):
    """Nobody is at the old one; the message that is waiting goes to the new one."""
    names.hosts({"gateway.example": [DEAD]})
    with Gateway(lambda request: (202, "{}")) as gateway:
        own = fresh(config=generic(f"http://gateway.example:{gateway.port}/"), env=names.env)
        application = own.application()
        template = own.template(application)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(own.send, application, template)
            own.event("carrier_down")
            names.hosts({"gateway.example": [GOOD]})
            assert answer.result().json()["smsStatus"] == "MESSAGE_SENT"
        assert len(gateway.requests) == 1


def test_a_receiver_of_reports_whose_first_address_is_dead(fresh, names):
    names.hosts({"reports.example": ["::1", DEAD, GOOD]})
    with Sink() as sink:
        own = fresh(env=names.env, config=(
            "carriers: [{name: a, type: smpp, host: 127.0.0.1, port: 1, system_id: x}]\n"
            "routes: [{prefix: '999', carriers: [a]}]\nreports:\n"
            + subscription(sink).replace("//127.0.0.1:", "//reports.example:")))
        application = own.application()
        own.send(application, own.template(application), trackDelivery=True)
        sink.wait(1)
        assert sink.got[0][1]["Host"].startswith("reports.example:")


# ---- lookup ----


def beside(kind, servers, silent):
    """A list of DNS servers of which the first answers nothing."""
    silent.bind((HOLE, 0))
    return f"{DEAD}:9,{servers}" if kind == "dead" else f"{HOLE}:{silent.getsockname()[1]},{servers}"


@pytest.mark.parametrize("kind", ["dead", "silent"])
def test_the_first_dns_server_of_the_lookup_does_not_answer(fresh, tmp_path, kind):
    with Dns(tmp_path, [naptr("41793026727", "E2U+unused:data")]) as dns, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        servers = beside(kind, f"127.0.0.1:{dns.port}", silent)
        own = fresh(config=f"lookup: {{type: enum, suffix: {ZONE}, timeout: 3s, "
                    f"servers: '{servers}'}}\n")
        application = own.application()
        answer = own.send(application, own.template(application)).json()
        assert answer["ncStatus"] == "NC_DESTINATION_NOT_REACHABLE", "the second one knows"


def test_a_lookup_over_http_whose_first_address_is_dead(fresh, names):
    names.hosts({"lookup.example": [DEAD, "::1", GOOD]})
    with Gateway(lambda request: (200, '{"state": "gone"}')) as gateway:
        own = fresh(env=names.env, config=(
            f"lookup: {{type: generic, url: 'http://lookup.example:{gateway.port}/', result: /state, "
            "not_reachable: [gone], allow_http: true, allow_private: true}\n"))
        application = own.application()
        answer = own.send(application, own.template(application)).json()
        assert answer["ncStatus"] == "NC_DESTINATION_NOT_REACHABLE"


def test_one_core_of_the_event_library_is_loaded():
    """Two would be two worlds that do not know of each other's events."""
    said = subprocess.run(["ldd", binary()], capture_output=True, text=True, check=True).stdout
    loaded = {line.split()[0] for line in said.splitlines()}
    cores = [name for name in loaded if name.startswith(("libevent-2", "libevent_core-"))]
    assert len(cores) == 1 and cores[0].startswith("libevent_core-"), cores
    assert not any(name.startswith("libevent_extra") for name in loaded), "evdns and evhttp"
