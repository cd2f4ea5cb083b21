# SPDX-License-Identifier: Apache-2.0
"""TLS on the listener: what is spoken, what is refused at start and why, new certificates
without a restart, several listeners at once."""

import contextlib
import http.client
import io
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests

from harness.certificates import Authority, days, put
from harness.compiled import compiled, shim
from harness.server import Server, binary, wait_for

LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def listener(address, pair=None):
    text = f'{{address: "{address}"'
    if pair is not None:
        text += f', certificate: "{pair[0]}", key: "{pair[1]}"'
    return text + "}"


def config(*listeners, more=""):
    return f"listeners: [{', '.join(listeners)}]\n{more}"


@pytest.fixture(scope="module")
def secure(tmp_path_factory, authority):
    """A server with TLS alone, that waits a second for a handshake."""
    pair = authority.pair("secure")
    with Server(tmp_path_factory.mktemp("secure"), listen=None, config=config(
            listener("127.0.0.1:0", pair), more="http: {header_timeout: 1s, threads: 2}\n"),
                ca=authority.path) as one:
        yield one


def context(authority, **options):
    made = ssl.create_default_context(cafile=authority.path)
    for name, value in options.items():
        setattr(made, name, value)
    return made


@contextlib.contextmanager
def connected(server, made, **options):
    address = (server.address[0], int(server.address[1]))
    with socket.create_connection(address, 10) as plain:
        with made.wrap_socket(plain, server_hostname="localhost", **options) as over:
            yield over


def common_name(over):
    return dict(pair for rdn in over.getpeercert()["subject"] for pair in rdn)["commonName"]


def ask(over, octets=LIVE):
    over.sendall(octets)
    answer = http.client.HTTPResponse(over)
    answer.begin()
    return answer.status, json.loads(answer.read())


# ---- what is spoken ----


def test_a_whole_conversation(secure):
    application = secure.application()
    pin_id, pin = secure.sent(application, secure.template(application))
    assert secure.verify(pin_id, pin).json()["verified"] is True
    assert secure.base.startswith("https://")


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_versions_that_are_accepted(secure, authority, version):
    wanted = ssl.TLSVersion[version]
    made = context(authority, minimum_version=wanted, maximum_version=wanted)
    made.set_alpn_protocols(["h2", "http/1.1"])
    with connected(secure, made) as over:
        assert over.version() == version.replace("_", ".")
        assert over.selected_alpn_protocol() == "http/1.1"
        assert over.cipher()[0].startswith(("ECDHE-", "TLS_"))
        for _ in range(3):
            assert ask(over)[0] == 200


def s_client(server, *options, text=""):
    return subprocess.run(
        ["openssl", "s_client", "-connect", ":".join(server.address), *options],
        input=text, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("options", [
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "AES128-SHA"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
    ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], ["-alpn", "h2"]])
def test_what_is_refused(secure, options):
    done = s_client(secure, *options)
    assert "Cipher is (NONE)" in done.stdout or done.returncode != 0
    assert "alert" in done.stderr


def test_a_second_peer_reads_the_chain_and_cannot_renegotiate(secure, authority):
    done = s_client(secure, "-tls1_2", "-CAfile", authority.path, "-verify_return_error",
                    "-ign_eof", text="GET /health/live HTTP/1.1\nHost: x\nConnection: close\n\n")
    assert "Verify return code: 0 (ok)" in done.stdout
    done = s_client(secure, "-tls1_2", "-CAfile", authority.path, text="R\n")
    assert "no renegotiation" in done.stderr


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_session_is_resumed(secure, authority, version):
    wanted = ssl.TLSVersion[version]
    made = context(authority, minimum_version=wanted, maximum_version=wanted)
    with connected(secure, made) as over:
        assert ask(over)[0] == 200 and not over.session_reused
        session = over.session
    with connected(secure, made, session=session) as over:
        assert over.session_reused and ask(over)[0] == 200


def attentive(authority):
    """A client that minds an end without close_notify, which Python's own contexts do not
    (SSL_OP_IGNORE_UNEXPECTED_EOF of OpenSSL 3, which has no name there yet)."""
    made = context(authority)
    made.options &= ~(1 << 7)
    return made


def test_it_says_farewell(secure, authority):
    """Without close_notify a client cannot tell the end from an attack."""
    with connected(secure, attentive(authority), suppress_ragged_eofs=False) as over:
        assert ask(over, LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))[0] == 200
        assert over.recv(1) == b""


def test_a_body_in_many_records(secure, authority):
    body = b'{"name":"x","pad":"%s"}' % (b"y" * 60000)
    head = (f"POST /2fa/2/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App {secure.key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    with connected(secure, context(authority)) as over:
        for octets in (head, *(body[i:i + 7000] for i in range(0, len(body), 7000))):
            over.sendall(octets)
        answer = http.client.HTTPResponse(over)
        answer.begin()
        assert answer.status == 201
        answer.read()
        assert ask(over, LIVE + LIVE)[0] == 200


def test_plain_http_to_the_port_of_tls_is_told_so(secure):
    plain = requests.get("http://" + ":".join(secure.address) + "/2fa/2/applications", timeout=10)
    assert plain.status_code == 400
    error = plain.json()["requestError"]["serviceException"]
    assert error["validationErrors"] == {"request": ["this port speaks HTTPS"]}


@pytest.mark.parametrize("octets", [b"", b"\x16\x03\x01\x02\x00\x01", b"nonsense\r\n\r\n" * 10])
def test_a_handshake_that_is_never_finished_ends(secure, octets):
    with socket.create_connection((secure.address[0], int(secure.address[1])), 10) as plain:
        plain.sendall(octets)
        started = time.monotonic()
        try:
            while plain.recv(1000):
                pass
        except ConnectionResetError:
            pass
        assert time.monotonic() - started < 8
    assert secure.get("/health/live").status_code == 200


def test_handshakes_count_as_connections(fresh, authority):
    own = fresh(listen=None, config=config(
        listener("127.0.0.1:0", authority.pair("few")), more="http: {connections_max: 3}\n"),
        ca=authority.path)
    slow = [socket.create_connection((own.address[0], int(own.address[1])), 10) for _ in range(3)]
    for one in slow:
        one.sendall(b"\x16\x03\x01")

    def refused():
        try:
            return own.get("/health/live").status_code != 200
        except requests.exceptions.ConnectionError:
            return True

    wait_for("one too many", refused)
    for one in slow:
        one.close()
    own.http.close()

    wait_for("room again", lambda: not refused())


# ---- a client that does not read ----


@pytest.fixture(scope="module")
def cramped(tmp_path_factory, authority):
    """A server that cannot write more than a few thousand octets to who does not read."""
    folder = tmp_path_factory.mktemp("cramped")
    preload = shim(folder, "small_buffers")
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    with Server(folder, listen=None, env={"LD_PRELOAD": str(preload), "ASAN_OPTIONS": options},
                config=config(listener("127.0.0.1:0", authority.pair("cramped")),
                              listener("127.0.0.1:0"), more="http: {threads: 1}\n"),
                ca=authority.path) as one:
        yield one


@pytest.fixture(scope="module")
def key_updates(tmp_path_factory, cramped):
    """Runs the client; the octets that it got until the server closed."""
    client = compiled(tmp_path_factory.mktemp("client"), "peer/key_updates.c", "-lssl", "-lcrypto")

    def run(count, each, blocked=lambda: None):
        with subprocess.Popen([client, cramped.address[1], str(count), str(each)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "sent\n"
            blocked()
            came, _ = process.communicate("\n", timeout=60)
            assert process.returncode == 0
        assert cramped.get("/health/live").status_code == 200
        return int(came)

    return run


def test_new_keys_without_end_in_place_of_a_request_are_not_answered(key_updates):
    assert key_updates(5000, 0) < 4096


def test_new_keys_between_requests_that_nobody_reads_the_answers_of(key_updates):
    for each in range(60, 20, -2):  # where it blocks is different every time
        assert key_updates(800, each) > 4096


def test_a_client_that_makes_the_server_wait_costs_no_time(key_updates, cramped):
    """What it still sends stays in the kernel until it reads."""

    def used():
        with open(f"/proc/{cramped.process.pid}/stat", encoding="ascii") as file:
            ticks = file.read().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def second():
        before = used()
        time.sleep(1)
        assert used() - before < 0.3

    key_updates(3000, 50, second)


def talked(over, pieces):
    """Sends each of them by itself, as far as it goes, and reads a little in between; all
    that came until the other side closed."""
    came, left, end = b"", list(reversed(pieces)), time.monotonic() + 30
    wants = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
    over.setblocking(False)
    while time.monotonic() < end:
        with contextlib.suppress(*wants):
            while left:
                sent = over.send(left[-1])
                left[-1] = left[-1][sent:]
                if not left[-1]:
                    left.pop()
        try:
            got = over.recv(2048)
            if not got:
                return came
            came += got
        except wants:
            select.select([over], [over] if left else [], [], 1)
    raise AssertionError(f"{len(left)} pieces left, {len(came)} octets came")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_octet_is_lost_behind_a_continue_that_has_to_wait(cramped, authority, scheme):
    """Every answer comes whole, whether it or the one before it found no room."""
    count, url = 1500, next(u for u in cramped.listening() if u.startswith(scheme + ":"))
    head = "POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
    pieces = [f"{head}\r\n".encode(), b"{}"] * (count - 1)
    over = socket.socket()
    over.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    over.settimeout(15)
    over.connect(("127.0.0.1", int(url.rsplit(":", 1)[1])))
    if scheme == "https":
        over = context(authority).wrap_socket(over, server_hostname="localhost")
    with over:
        came = talked(over, [*pieces, f"{head}Connection: close\r\n\r\n".encode(), b"{}"])
    came = io.BytesIO(came)
    for _ in range(count):
        line = came.readline()
        if line == b"HTTP/1.1 100 Continue\r\n":  # left out when the body was quicker
            assert came.readline() == b"\r\n"
            line = came.readline()
        assert line == b"HTTP/1.1 404 Not Found\r\n"
        came.read(int(http.client.parse_headers(came)["Content-Length"]))
    assert came.read() == b""


# ---- listeners ----


def test_several_listeners_at_once(fresh, authority):
    pair = authority.pair("several")
    own = fresh(listen=None, config=config(
        listener("127.0.0.1:0", pair), listener("[::1]:0"), listener("[::1]:0", pair),
        more="listen: 127.0.0.1:0\nhttp: {threads: 2}\n"))
    urls = wait_for("all listeners", lambda: own.listening() if len(own.listening()) == 4 else None)
    assert [u.split(":")[0] for u in urls] == ["http", "https", "http", "https"]
    assert "[::1]" in urls[2] and "[::1]" in urls[3]
    for url in urls:
        answer = requests.get(url + "/health/live", timeout=10, verify=authority.path)
        assert answer.status_code == 200


def test_the_command_line_goes_before_the_list(fresh, authority):
    own = fresh(config=config(listener("127.0.0.1:0", authority.pair("unused"))))
    assert own.listening() == ["http://" + ":".join(own.address)]


def test_stopping_finishes_what_is_in_flight(fresh, authority):
    own = fresh(listen=None, config=config(listener("127.0.0.1:0", authority.pair("stopped"))))
    body = b'{"name":"late"}'
    with connected(own, attentive(authority), suppress_ragged_eofs=False) as over, \
            connected(own, attentive(authority), suppress_ragged_eofs=False) as idle:
        assert ask(idle)[0] == 200
        over.sendall(f"POST /2fa/2/applications HTTP/1.1\r\nHost: x\r\nAuthorization: App {own.key}"
                     f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        wait_for("the half of it to be read", lambda: ask_live(own, authority))
        own.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""
        assert ask(over, body[5:])[1]["name"] == "late"
        assert over.recv(1) == b""
    assert own.process.wait(30) == 0


def ask_live(own, authority):
    with connected(own, context(authority)) as over:
        return ask(over)[0] == 200


# ---- new certificates ----


def shown(own, authority):
    with connected(own, context(authority)) as over:
        assert ask(over)[0] == 200
        return common_name(over)


@pytest.mark.parametrize("how", ["looked at", "SIGHUP"])
def test_new_files_are_taken_under_load_and_no_request_fails(fresh, authority, how):
    name = "reload-" + how[0]
    pair = authority.pair(name)
    own = fresh(listen=None, config=config(listener("127.0.0.1:0", pair), more="http: {threads: 2}\n"))
    stop = threading.Event()
    faults, count = [], [0] * 4

    def load(number):
        try:
            while not stop.is_set():
                with connected(own, context(authority)) as over:
                    for _ in range(3):
                        assert ask(over)[0] == 200
                        count[number] += 1
        except Exception as fault:  # told below
            faults.append(fault)

    workers = [threading.Thread(target=load, args=(n,)) for n in range(len(count))]
    for worker in workers:
        worker.start()
    with connected(own, context(authority)) as old:
        assert ask(old)[0] == 200
        for round_ in ("first", "second") if how == "SIGHUP" else ("first",):
            certificate, key = authority.issue(round_)
            put(pair[0], certificate)
            put(pair[1], key)
            if how == "SIGHUP":
                own.process.send_signal(signal.SIGHUP)
            wait_for(f"the {round_}", lambda: shown(own, authority) == round_)
        assert ask(old)[0] == 200 and common_name(old) == name
    stop.set()
    for worker in workers:
        worker.join(30)
    assert not faults and min(count) > 0


def test_a_bad_new_pair_is_logged_and_the_old_one_stays(fresh, authority):
    pair = authority.pair("kept")
    own = fresh(listen=None, config=config(listener("127.0.0.1:0", pair)))
    good = pair[0].read_bytes(), pair[1].read_bytes()
    expired = authority.issue("expired", begin=days(-20), end=days(-10))
    other = authority.issue("other")
    for files, field, reason in (
            ((other[0], good[1]), "key", "does not belong to the certificate"),
            ((expired[0], expired[1]), "certificate", "has expired"),
            ((b"nonsense", good[1]), "certificate", "holds no certificate"),
            ((good[0], b""), "key", "is empty")):
        before = len(own.events)
        put(pair[0], files[0])
        put(pair[1], files[1])
        own.process.send_signal(signal.SIGHUP)
        told = wait_for(reason, lambda: next(
            (e for e in own.events[before:] if e["event"] == "certificate_refused"
             and reason in e["reason"]), None))
        assert told["field"] == field and str(pair[field == "key"]) in told["reason"]
        assert shown(own, authority) == "kept"
    pair[0].unlink()
    own.process.send_signal(signal.SIGHUP)
    wait_for("the missing file", lambda: any("No such file" in e.get("reason", "") for e in own.events))
    assert shown(own, authority) == "kept"
    put(pair[0], other[0])
    put(pair[1], other[1])
    wait_for("the good one", lambda: shown(own, authority) == "other")


# ---- at start ----


def start(tmp_path, *listeners):
    file = tmp_path / "watchword.yaml"
    file.write_text(config(*listeners))
    done = subprocess.run([binary(), "serve", "--config", str(file), "--data", str(tmp_path / "data")],
                          capture_output=True, text=True, timeout=60, check=False)
    checked = subprocess.run([binary(), "config", "check", str(file)],
                             capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 1 and checked.stderr == done.stderr
    assert not (tmp_path / "data").exists()
    return done


@pytest.mark.parametrize("what,field,reason", [
    ("missing certificate", "certificate", "No such file or directory"),
    ("missing key", "key", "No such file or directory"),
    ("a folder", "certificate", "cannot be read"),
    ("empty certificate", "certificate", "is empty"),
    ("no PEM", "certificate", "holds no certificate (PEM)"),
    ("key in its place", "certificate", "holds no certificate (PEM)"),
    ("certificate in its place", "key", "holds no private key (PEM)"),
    ("another's key", "key", "does not belong to the certificate"),
    ("encrypted key", "key", "is encrypted"),
    ("expired", "certificate", "has expired, on "),
    ("half a chain", "certificate", "holds no certificate (PEM), or half of one")])
def test_a_pair_that_cannot_be_used_is_named(tmp_path, authority, what, field, reason):
    made = Authority(tmp_path)
    options = {"encrypted key": {"passphrase": b"secret"},
               "expired": {"begin": days(-9), "end": days(-2)}}.get(what, {})
    certificate, key = made.pair("bad", **options)
    other = made.issue("other")
    if what == "missing certificate":
        certificate.unlink()
    elif what == "missing key":
        key.unlink()
    elif what == "a folder":
        certificate.unlink()
        certificate.mkdir()
    elif what == "empty certificate":
        certificate.write_bytes(b"")
    elif what == "no PEM":
        certificate.write_bytes(b"\x30\x82\x01\x00 nonsense")
    elif what == "key in its place":
        certificate.write_bytes(other[1])
    elif what == "certificate in its place":
        key.write_bytes(other[0])
    elif what == "another's key":
        key.write_bytes(other[1])
    elif what == "half a chain":
        certificate.write_bytes(certificate.read_bytes() + other[0][:300])
    done = start(tmp_path, listener("127.0.0.1:0", (certificate, key)))
    path = certificate if field == "certificate" else key
    assert done.returncode == 1
    assert f"watchword.yaml:1: listeners[0].{field}: {path}: {reason}" in done.stderr


def test_half_a_pair_and_no_address(tmp_path, authority):
    pair = authority.pair("half")
    done = start(tmp_path, f'{{address: "127.0.0.1:0", certificate: "{pair[0]}"}}',
                 f'{{address: "127.0.0.1:0", key: "{pair[1]}"}}', "{}")
    assert "listeners[0].key: is missing: a certificate and its key go together" in done.stderr
    assert "listeners[1].certificate: is missing" in done.stderr
    assert "listeners[2].address: is missing" in done.stderr


def test_what_is_only_doubtful_is_a_warning(fresh, authority):
    early = authority.pair("early", begin=days(1), end=days(90))
    soon = authority.pair("soon", end=days(3))
    early[1].chmod(0o644)
    own = fresh(listen=None, config=config(listener("127.0.0.1:0", early), listener("127.0.0.1:0", soon)))
    assert own.event("certificate_not_yet_valid")["file"] == str(early[0])
    assert own.event("key_readable_by_others")["file"] == str(early[1])
    assert own.event("certificate_expires")["file"] == str(soon[0])


# ---- the official client ----


def test_the_official_python_client_over_tls(secure, authority):
    from infobip_api_client import ApiClient, Configuration
    from infobip_api_client.api.tfa_api import TfaApi
    from infobip_api_client.models.tfa_application_request import TfaApplicationRequest

    configuration = Configuration(host=secure.base, api_key={"APIKeyHeader": secure.key},
                                  api_key_prefix={"APIKeyHeader": "App"})
    configuration.ssl_ca_cert = authority.path
    api = TfaApi(ApiClient(configuration))
    made = api.create_tfa_application(TfaApplicationRequest(name="over TLS"))
    assert api.get_tfa_application(made.application_id).name == "over TLS"
    configuration.ssl_ca_cert = None
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        TfaApi(ApiClient(configuration)).get_tfa_application(made.application_id)
