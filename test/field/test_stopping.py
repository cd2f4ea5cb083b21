# SPDX-License-Identifier: Apache-2.0
"""A stop and a start that nobody notices, and signals that mean something elsewhere."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

from harness.certificates import Authority
from harness.gateway import SILENT, Gateway
from harness.kannel import free_ports
from harness.raw import Raw
from harness.server import Server, wait_for

STOPS = int(os.environ.get("WATCHWORD_STOPS", "12"))
ASK = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"


def ready(server, http=requests):
    return http.get(server.base + "/health/ready", timeout=10)


def refused(server):
    try:
        socket.create_connection((server.address[0].removeprefix("http://"), int(server.address[1])),
                                 5).close()
        return False
    except ConnectionRefusedError:
        return True


# ---- a stop ----


@pytest.mark.field("6.1")
def test_a_stop_is_seen_before_it_is_felt(fresh):
    """503 for whoever watches, service for whoever comes, and every connection ends."""
    own = fresh(config="http: {stop_grace: 3s}\n")
    assert ready(own).status_code == 200
    kept = Raw(own).send(ASK.format("/health/live"))
    assert "connection" not in kept.response()[1]
    own.process.send_signal(signal.SIGTERM)
    own.event("grace")
    begin = time.monotonic()
    assert ready(own).status_code == 503
    assert own.get("/2fa/2/applications", http=requests.Session()).status_code == 200
    status, headers, _ = kept.send(ASK.format("/health/live")).response()
    assert (status, headers["connection"]) == (200, "close") and kept.is_closed()
    own.event("refusing")
    assert 2 < time.monotonic() - begin < 6
    assert own.process.wait(30) == 0 and refused(own)


@pytest.mark.field("6.1")
@pytest.mark.parametrize("config,asks", [("", False), ("http: {stop_grace: 0s}\n", True)],
                         ids=["nobody watches", "no grace is wanted"])
def test_a_stop_that_nobody_waits_for_is_immediate(fresh, config, asks):
    own = fresh(config=config)
    if asks:
        assert ready(own).status_code == 200
    begin = time.monotonic()
    own.stop()
    assert time.monotonic() - begin < 4
    assert not [e for e in own.events if e["event"] == "grace"]


@pytest.mark.field("6.1")
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_second_signal_ends_the_grace(fresh, second):
    own = fresh(config="http: {stop_grace: 10m}\n")
    assert ready(own).status_code == 200
    own.process.send_signal(signal.SIGTERM)
    own.event("grace")
    own.process.send_signal(signal.SIGHUP)  # no reason to hurry
    own.event("reload")
    assert ready(own).status_code == 503
    own.process.send_signal(second)
    assert own.process.wait(30) == 0


@pytest.mark.field("6.1")
def test_who_has_only_just_connected_is_served(fresh):
    """What the kernel has taken is not left: the request comes a moment after the signal."""
    own = fresh()
    crowd = [Raw(own) for _ in range(200)]
    own.process.send_signal(signal.SIGTERM)
    own.event("refusing")
    assert refused(own), "and nobody more is taken"
    for one in crowd:
        one.send(ASK.format("/health/live"))
    for one in crowd:
        status, headers, _ = one.response()
        assert (status, headers["connection"]) == (200, "close")
    assert own.process.wait(30) == 0


@pytest.mark.field("6.1")
def test_who_waits_for_a_carrier_is_answered_in_his_own_time(fresh):
    with Gateway(lambda request: SILENT) as gateway:
        own = fresh(config=(
            "delivery: {accept_wait: 9s}\ncarriers:\n- {name: a, type: generic, "
            f"url: '{gateway.url}', allow_http: true, allow_private: true, timeout: 60s, "
            "body: '{{text}}'}\n"))
        application = own.application()
        template = own.template(application)
        answers = []
        caller = threading.Thread(target=lambda: answers.append(own.send(application, template)))
        begin = time.monotonic()
        caller.start()
        gateway.request()
        own.process.send_signal(signal.SIGTERM)
        caller.join(30)
        assert 8 < time.monotonic() - begin < 14
        assert answers[0].json()["smsStatus"] == "MESSAGE_SENT"
        gateway.stop()
        assert own.process.wait(30) == 0


class Watcher:
    """Asks /health/ready without a pause; what came of it, without repetitions."""

    def __init__(self, base):
        self.base, self.seen, self.ended = base, [], threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.ended.is_set():
            seen = self._ask()
            if self.seen[-1:] != [seen]:
                self.seen.append(seen)

    def _ask(self):
        try:
            return requests.get(self.base + "/health/ready", timeout=10).status_code
        except requests.ConnectionError as fault:
            # a connect that failed was taken by nobody; a reset may be its reason on loopback
            return "refused" if "NewConnectionError" in str(fault) else repr(fault)

    def end(self):
        self.ended.set()
        self.thread.join(30)


@pytest.mark.field("6.1")
def test_who_watches_a_start_and_a_stop_is_refused_or_answered(tmp_path):
    """Nobody is taken and left, neither before the loops run nor after they ended."""
    port, = free_ports(1)
    own = Server(tmp_path, config="http: {stop_grace: 1s}\n", listen=f"127.0.0.1:{port}")
    watcher = Watcher(f"http://127.0.0.1:{port}")
    try:
        for _ in range(3):
            own.start()
            wait_for("200", lambda: watcher.seen[-1:] == [200])
            own.stop()
            wait_for("the end", lambda: watcher.seen[-1:] == ["refused"])
    finally:
        watcher.end()
    seen = [s for at, s in enumerate(watcher.seen) if s != 503 or watcher.seen[at - 1] == 200]
    assert seen == ["refused", *[200, 503, "refused"] * 3]


# ---- behind a balancer ----

HAPROXY = """\
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    http-reuse safe
    retry-on conn-failure
    option redispatch

frontend pin
    bind 127.0.0.1:{front}
    default_backend watchword

backend watchword
    option httpchk GET /health/ready
    default-server check inter 100ms fall 2 rise 1
    server one 127.0.0.1:{one}
    server two 127.0.0.1:{two}
"""


class Callers:
    """Sends through the balancer until they are told to end; what was not answered 200."""

    def __init__(self, base, server, application, template, count=4):
        self.body = {"applicationId": application, "messageId": template}
        self.headers = {"Authorization": f"App {server.key}"}
        self.base, self.ended, self.faults, self.done = base, threading.Event(), [], [0] * count
        self.threads = [threading.Thread(target=self._run, args=(n,)) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        http = requests.Session()
        while not self.ended.is_set():
            to = f"4179{number}{self.done[number] % 1000000:06d}"
            try:
                answer = http.post(self.base + "/2fa/2/pin", json={**self.body, "to": to},
                                   headers=self.headers, timeout=30)
                if answer.status_code != 200:
                    self.faults.append((answer.status_code, answer.text[:200]))
            except requests.RequestException as fault:
                self.faults.append(repr(fault))
            self.done[number] += 1
            if number % 2:  # half of them come with a new connection each time
                http.close()

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)


@pytest.mark.field("6.1")
def test_stops_and_starts_in_turn_behind_a_balancer_fail_no_request(tmp_path, tell):
    front, *ports = free_ports(3)
    config = "http: {stop_grace: 1s}\ndelivery: {accept_wait: 300ms}\n"
    servers = []
    for name, port in zip(("one", "two"), ports):
        folder = tmp_path / name
        folder.mkdir()
        if servers:
            shutil.copytree(servers[0].data, folder / "data")
        own = Server(folder, config=config, listen=f"127.0.0.1:{port}").start()
        if not servers:
            application = own.application()
            template = own.template(application)
            own.stop()
        servers.append(own)
    servers[0].start()
    file = tmp_path / "haproxy.cfg"
    file.write_text(HAPROXY.format(front=front, one=ports[0], two=ports[1]))
    program = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
    proxy = subprocess.Popen([program, "-db", "-f", str(file)], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{front}"

    def through():
        try:
            return requests.get(base + "/health/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    try:
        wait_for("the balancer", through)
        callers = Callers(base, servers[0], application, template)
        for number in range(STOPS):
            own = servers[number % 2]
            own.stop()
            assert [e["event"] for e in own.events if e["event"] in ("grace", "refusing")] == [
                "grace", "refusing"]
            (own.data / "messages.jsonl").unlink()
            own.start()
            wait_for("the balancer to have it again", lambda own=own: len(own.messages()) > 0)
        callers.end()
    finally:
        proxy.terminate()
        proxy.wait(10)
    for own in servers:
        own.stop_if_running()
    tell(f"{STOPS} stops and starts behind HAProxy beside {sum(callers.done)} sends: "
         f"{len(callers.faults)} failed")
    assert callers.faults == [] and sum(callers.done) > STOPS * 20


# ---- signals ----


@pytest.mark.field("9.4")
@pytest.mark.parametrize("number", [
    signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGIO, signal.SIGPWR,
    signal.SIGRTMIN + 3], ids=str)
def test_a_signal_that_means_nothing_here_is_said_and_ends_nothing(fresh, number):
    own = fresh()
    own.process.send_signal(number)
    said = own.event("signal_ignored")
    assert said["number"] == number and "SIGHUP" in said["reason"]
    assert own.get("/health/live").status_code == 200


@pytest.mark.field("9.4")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT], ids=str)
def test_signals_that_stop_say_so(fresh, number):
    own = fresh()
    own.process.send_signal(number)
    assert own.process.wait(30) == 0
    assert own.event("stopping") and own.event("stopped")


@pytest.mark.field("9.4")
@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "TLS"])
def test_sighup_says_what_it_read_and_what_it_did_not(fresh, tmp_path, with_tls):
    pair = Authority(tmp_path).pair("reload")
    own = fresh(listen=None if with_tls else "127.0.0.1:0", config=(
        f"listeners: [{{address: '127.0.0.1:0', certificate: {pair[0]}, key: {pair[1]}}}]\n"
        if with_tls else ""))
    own.process.send_signal(signal.SIGHUP)
    said = own.event("reload")
    assert said["read"].startswith("the certificates" if with_tls else "nothing")
    assert said["notRead"].startswith("the configuration")
    assert own.process.poll() is None
