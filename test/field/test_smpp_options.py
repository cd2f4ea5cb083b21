# SPDX-License-Identifier: Apache-2.0
"""SMPP for the carriers that people have: what stands in the PDUs that they get."""

import pytest

from harness.certificates import Authority
from harness.odd_smsc import OddSmsc
from harness.peer import Smsc, config
from harness.server import PIN, Server, wait_for


def served(fresh, smsc, more="", **carrier):
    own = fresh(config=config(smsc.port, **carrier) + more)
    own.event("carrier_up")
    return own, own.application()


def folder(path, name):
    (path / name).mkdir()
    return path / name


def arrived(own, application, smsc, text, to="41793026727"):
    """(its octets with the PIN in place of X, its first submit_sm)."""
    answer = own.send(application, own.template(application, messageText=text), to)
    assert answer.json()["smsStatus"] == "MESSAGE_SENT"
    return answer.json()["pinId"], smsc.message(to)


ALPHABETS = [
    # alphabet, text, data_coding, octets before the PIN
    ("latin1", "@$_£ü [{{pin}}]", 3, b"@$_\xa3\xfc ["),
    ("latin1", "{}[]~^|\\ [{{pin}}]", 3, b"{}[]~^|\\ ["),
    ("ascii", "@$_ `x` [{{pin}}]", 1, b"@$_ `x` ["),
    ("gsm7", "@$_£ü [{{pin}}]", 0, b"\0\2\x11\1\x7e \x1b\x3c"),
    ("ucs2", "ab [{{pin}}]", 8, b"\0a\0b\0 \0["),
    ("latin1", "€ [{{pin}}]", 8, b"\x20\xac\0 \0["),
    ("ascii", "ü [{{pin}}]", 8, b"\0\xfc\0 \0["),
    ("latin1", "Ж [{{pin}}]", 8, b"\4\x16\0 \0["),
]


@pytest.mark.field("1.5")
@pytest.mark.parametrize("alphabet,text,coding,octets", ALPHABETS)
def test_the_octets_are_those_of_the_carriers_alphabet(fresh, alphabet, text, coding, octets):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, alphabet=alphabet)
        _, submit = arrived(own, application, smsc, text)
        assert submit.fields["data_coding"] == coding
        assert submit.octets.startswith(octets)


@pytest.mark.field("1.5")
@pytest.mark.parametrize("alphabet,coding,octets", [
    ("latin1", 0, b"@\xfc ["), ("ascii", 0, b"\0@\0\xfc\0 \0["), ("gsm7", 3, b"\0\x7e \x1b\x3c")])
def test_the_default_alphabet_of_the_smsc(fresh, alphabet, coding, octets):
    """data_coding 0 where Latin-1 is what the SMSC takes it for; UCS-2 is 8 always."""
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, alphabet=alphabet, data_coding=coding)
        _, submit = arrived(own, application, smsc, "@ü [{{pin}}]")
        assert submit.octets.startswith(octets)
        assert submit.fields["data_coding"] == (8 if alphabet == "ascii" else coding)


@pytest.mark.field("1.5")
@pytest.mark.parametrize("alphabet,letters,parts", [
    ("gsm7", 152, 1), ("latin1", 132, 1), ("latin1", 133, 2), ("ascii", 133, 2),
    ("latin1", 260, 2), ("latin1", 261, 3), ("ucs2", 62, 1), ("ucs2", 63, 2), ("gsm7", 153, 2)])
@pytest.mark.parametrize("way", ["udh", "sar"])
def test_parts_are_counted_in_the_carriers_alphabet(fresh, alphabet, letters, parts, way):
    """The PIN and its brackets are 8 letters, in GSM 10 septets: on the wire and told before."""
    letters -= 2 if alphabet == "gsm7" else 0
    text = "x" * letters + "[{{pin}}]"
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, alphabet=alphabet, long_messages=way)
        arrived(own, application, smsc, text)
        told = own.post("/watchword/1/route", {"to": "41793026727", "text": text}).json()
        wait_for("all parts", lambda: len(smsc.submits) == parts)
        assert told["segments"] == parts
        assert told["encoding"] == alphabet.upper()
        assert {s.fields["esm_class"] for s in smsc.submits} == (
            {0x40} if parts > 1 and way == "udh" else {0})


@pytest.mark.field("1.6")
@pytest.mark.parametrize("by", ["submit_sm", "data_sm"])
def test_a_service_type_is_sent_where_it_is_asked_for(fresh, by):
    def on_submit(smsc, link, submit):
        if submit.fields["service_type"] == b"OTP":
            smsc.accept(link, submit)
        else:
            link.answer(submit.sequence, submit.command, status=0x15)

    with OddSmsc(on_submit) as smsc:
        own, application = served(fresh, smsc, service_type="OTP", submit_by=by)
        arrived(own, application, smsc, "[{{pin}}]")
    with OddSmsc(on_submit) as smsc:
        other = fresh("other", config=config(smsc.port))
        other.event("carrier_up")
        application = other.application()
        answer = other.send(application, other.template(application))
        assert answer.json()["smsStatus"] == "MESSAGE_NOT_SENT"


@pytest.mark.field("1.6")
@pytest.mark.parametrize("option,value,warned", [
    ("password", "123456789", True), ("password", "0123456789ab", True),
    ("password", "12345678", False), ("system_type", "AVERYLONGTYPE", True)])
def test_a_password_longer_than_the_standard_binds_with_a_warning(fresh, option, value, warned):
    with OddSmsc(long_texts=True) as smsc:
        own, application = served(fresh, smsc, **{option: f"'{value}'"})
        arrived(own, application, smsc, "[{{pin}}]")
        assert smsc.binds[0][option] == value.encode()
        checked = own.command("config", "check", str(own.config), data=False)
        assert (f"carriers[0].{option}: warning: is longer" in checked.stderr + checked.stdout) == warned
        assert f"carriers[0].{option}" in own.log.decode() or not warned
        assert option != "password" or value not in own.log.decode()


@pytest.mark.field("1.6")
def test_what_no_smsc_takes_is_still_refused(tmp_path):
    own = Server(tmp_path, config=config(2775, password="x" * 65, service_type="TOOLONG"))
    checked = own.command("config", "check", str(own.config), data=False, check=False)
    said = checked.stderr + checked.stdout
    assert checked.returncode != 0
    assert "carriers[0].password" in said and "carriers[0].service_type" in said


# ---- beside the standard's alphabet: class 0, and who we are ----


@pytest.mark.field("1.5")
@pytest.mark.parametrize("alphabet,flash,text,coding,subunit", [
    ("gsm7", "data_coding", "[{{pin}}]", 0x10, None), ("gsm7", "data_coding", "Ж [{{pin}}]", 0x18, None),
    ("ucs2", "data_coding", "[{{pin}}]", 0x18, None), ("latin1", "subunit", "[{{pin}}]", 3, b"\1"),
    ("gsm7", "subunit", "[{{pin}}]", 0, b"\1"), ("gsm7", "off", "[{{pin}}]", 0, None)])
def test_a_text_that_is_shown_and_not_kept(fresh, alphabet, flash, text, coding, subunit):
    with OddSmsc() as smsc:
        own, application = served(fresh, smsc, alphabet=alphabet, flash=f"'{flash}'")
        _, submit = arrived(own, application, smsc, text)
        assert submit.fields["data_coding"] == coding
        assert submit.tlvs.get(5) == subunit


@pytest.mark.field("1.5")
@pytest.mark.parametrize("more", [{"alphabet": "latin1"}, {"alphabet": "ascii"}, {"data_coding": 3}])
def test_a_class_where_data_coding_has_no_room_for_it_is_named(tmp_path, more):
    own = Server(tmp_path, config=config(2775, flash="data_coding", **more))
    checked = own.command("config", "check", str(own.config), data=False, check=False)
    assert checked.returncode != 0
    assert "carriers[0].flash" in checked.stderr + checked.stdout


@pytest.mark.field("1.6")
def test_an_smsc_that_asks_who_we_are_is_shown_a_certificate(fresh, tmp_path):
    """It takes nobody without one of its own authority."""
    own_ca, ours = Authority(tmp_path), Authority(folder(tmp_path, "ours"))
    certificate, key = own_ca.pair("smsc")
    shown, shown_key = ours.pair("client")
    with Smsc("--key", str(key), "--cert", str(certificate), "--client-ca", str(ours.path)) as smsc:
        tls = {"host": "127.0.0.1", "tls": "true", "tls_ca": own_ca.path}
        refused = fresh("refused", config=config(smsc.port, **tls))
        assert "certificate" in refused.event("carrier_down")["reason"]
        own = fresh(config=config(smsc.port, **tls, tls_certificate=shown, tls_key=shown_key))
        own.event("carrier_up")
        application = own.application()
        pin_id = own.send(application, own.template(application)).json()["pinId"]
        pin = PIN.search(smsc.message("41793026727")["text"])[1]
        assert own.verify(pin_id, pin).json()["verified"] is True


@pytest.mark.field("1.6")
@pytest.mark.parametrize("wrong,named", [
    ("no key", "tls_key"), ("another's key", "tls_certificate"), ("no tls", "tls_certificate"),
    ("no file", "tls_certificate"), ("a passphrase", "tls_certificate")])
def test_a_certificate_that_cannot_be_shown_is_named(tmp_path, wrong, named):
    ours = Authority(tmp_path)
    certificate, key = ours.pair("client")
    options = {"tls": "true", "tls_certificate": certificate, "tls_key": key}
    if wrong == "no key":
        del options["tls_key"]
    elif wrong == "another's key":
        options["tls_key"] = ours.pair("other")[1]
    elif wrong == "no tls":
        options["tls"] = "false"
    elif wrong == "no file":
        options["tls_certificate"] = tmp_path / "none.pem"
    else:
        options["tls_key"] = ours.pair("locked", passphrase=b"secret")[1]
    own = Server(tmp_path, config=config(2775, **options))
    checked = own.command("config", "check", str(own.config), data=False, check=False)
    assert checked.returncode != 0
    assert f"carriers[0].{named}" in checked.stderr + checked.stdout
