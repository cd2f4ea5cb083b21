# SPDX-License-Identifier: Apache-2.0
"""How a session to an SMSC is made: over TLS, and by which binds."""

import subprocess

import pytest

from harness.peer import Smsc, config
from harness.server import wait_for


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Key and certificate for localhost and 127.0.0.1, signed by themselves."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    return key, cert


@pytest.fixture
def secure(certificate):
    with Smsc("--key", certificate[0], "--cert", certificate[1], "--receipt", "DELIVRD") as smsc:
        yield smsc


def delivered(own, application, smsc, to="41793026727"):
    pin_id = own.send(application, own.template(application), to).json()["pinId"]
    assert smsc.message(to)["to"] == to
    wait_for("the receipt", lambda: own.get(
        f"/2fa/1/pin/{pin_id}/status").json()[0]["status"] == "MESSAGE_DELIVERED")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tls(fresh, secure, certificate, host):
    own = fresh(config=config(secure.port, tls="true", tls_ca=certificate[1], host=host))
    own.event("carrier_up")
    delivered(own, own.application(), secure)


@pytest.mark.parametrize("trust", [False, True])
def test_a_certificate_that_is_not_trusted_or_of_another_name(
        fresh, secure, certificate, trust):
    more = {"tls_ca": certificate[1], "tls_name": "smsc.example.net"} if trust else {}
    own = fresh(config=config(secure.port, tls="true", **more))
    reason = own.event("carrier_down")["reason"]
    assert reason == ("hostname mismatch" if trust else "self-signed certificate")
    assert not secure.said("bound")
    assert b"secret" not in own.log


def test_tls_towards_one_that_speaks_none(fresh):
    with Smsc() as smsc:
        own = fresh(config=config(smsc.port, tls="true", connect_timeout="500ms"))
        assert own.event("carrier_down")["reason"]
        assert not smsc.said("bound")


def test_a_list_of_certificates_that_is_none(fresh, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(AssertionError, match=r"(?s)it ended with 1: .*empty\.pem"):
        fresh(config=config(1, tls="true", tls_ca=empty))


def test_a_pair_sends_on_one_and_hears_on_the_other(fresh):
    with Smsc("--receipt", "DELIVRD") as smsc:
        own = fresh(config=config(smsc.port, bind="pair"))
        wait_for("both binds", lambda: len(smsc.said("bound")) == 2)
        assert sorted(line["bound"] for line in smsc.said("bound")) == [
            "bind_receiver", "bind_transmitter"]
        delivered(own, own.application(), smsc)
        assert smsc.message("41793026727")["registeredDelivery"] == 1


def test_a_transmitter_asks_for_no_receipts(fresh):
    with Smsc("--receipt", "DELIVRD") as smsc:
        own = fresh(config=config(smsc.port, bind="transmitter"))
        assert own.event("carrier_up")["bind"] == "bind_transmitter"
        application = own.application()
        own.send(application, own.template(application), "41793026727")
        assert smsc.message("41793026727")["registeredDelivery"] == 0
