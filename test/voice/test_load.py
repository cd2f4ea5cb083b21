# SPDX-License-Identifier: Apache-2.0
"""Many calls at once, each with its packet every 20 ms; and a call that goes on while somebody
sends what is no SIP. WATCHWORD_VOICE_WHOLE=1 makes 300 calls and a million datagrams."""

import os
import random
import socket
import struct
import threading
import time

from harness.phone import Caller, Scenario, Sipp, free_udp_port, sdp, tones, write_samples
from harness.server import wait_for

WHOLE = os.environ.get("WATCHWORD_VOICE_WHOLE") == "1"
CALLS = 300 if WHOLE else 20
DATAGRAMS = 1_000_000 if WHOLE else 20_000
GAP_MAX_MS = 60
SO_TIMESTAMPNS = 35


class Sink:
    """Where the sound of all calls goes: when each packet of each came, by the kernel's clock."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.5)
        self.port = self.socket.getsockname()[1]
        self.packets = {}
        self.over = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.over:
            try:
                octets, more, _, _ = self.socket.recvmsg(400, 64)
            except socket.timeout:
                continue
            s, ns = struct.unpack("@qq", more[0][2])
            seq, _, source = struct.unpack_from("!HII", octets, 2)
            self.packets.setdefault(source, []).append((seq, s * 1000 + ns / 1e6))

    def stop(self):
        self.over = True
        self.thread.join()
        self.socket.close()


def gaps_of(packets):
    """Milliseconds between packets of one call; none may be lost on loopback."""
    seqs = [(seq - packets[0][0]) & 0xFFFF for seq, _ in packets]
    assert seqs == list(range(len(seqs)))
    return [b[1] - a[1] for a, b in zip(packets, packets[1:])]


def test_every_call_has_its_packet_in_time(tmp_path, tell):
    sink = Sink()
    body = sdp(formats="0").replace("[media_port]", str(sink.port))
    file = write_samples(tmp_path / "said.pcm", tones(6 if WHOLE else 2))
    with Sipp(tmp_path, Scenario().invite().answer(body).until_bye(), words=["-l", "2000"]) as trunk:
        call = Caller(trunk.port, pcm=file, calls=CALLS, gap_ms=5)
        events = call.end(120)
    time.sleep(0.1)
    sink.stop()
    assert len(call.of("receipt")) == CALLS
    assert {e["status"] for e in call.of("receipt")} == {"DELIVERED_TO_HANDSET"}
    assert len(sink.packets) == CALLS
    gaps = sorted(gap for packets in sink.packets.values() for gap in gaps_of(packets))
    [end] = call.of("end")
    tell(f"calls: {CALLS} at once, {len(gaps)} gaps between packets: median "
         f"{gaps[len(gaps) // 2]:.1f} ms, 99.9 % {gaps[len(gaps) * 999 // 1000]:.1f} ms, most "
         f"{gaps[-1]:.1f} ms; cpu {end['cpu_ms'] / end['ms']:.0%} of a core, {end['rss_kb'] // 1024} MiB")
    assert abs(gaps[len(gaps) // 2] - 20) < 1
    assert gaps[-1] <= GAP_MAX_MS
    assert events[-1]["answers"] == CALLS


# ---- what is no SIP ----

def mutated(messages, dice):
    octets = bytearray(dice.choice(messages))
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(octets))
        kind = dice.randrange(4)
        if kind == 0:
            octets[at] = dice.randrange(256)
        elif kind == 1:
            del octets[at:at + dice.randint(1, 40)]
        elif kind == 2:
            octets[at:at] = octets[at:at + dice.randint(1, 200)]
        else:
            octets[at:at] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 30)))
        if not octets:
            return b"\0"
    return bytes(octets[:60000])


def test_a_call_completes_beside_what_is_no_sip(tmp_path, tell):
    """Mutations of the messages of a real call, to the port of SIP and to that of its sound."""
    port = free_udp_port()
    file = write_samples(tmp_path / "said.pcm", tones(2))
    seconds = 150 if WHOLE else 5
    dice = random.Random(7)
    with Sipp(tmp_path, Scenario().invite().answer().until_bye()) as trunk:
        first = Caller(trunk.port, pcm=file)
        first.end()
        messages = [m.split("\n\n", 1)[1].replace("\n", "\r\n").encode() for m in
                    trunk.wire().split("-" * 47) if "SIP/2.0" in m]
        call = Caller(trunk.port, pcm=file, local_port=port, rtp_port_min=26000,
                      rtp_port_max=26001, calls_max=1, keys="1", repeat_wait_ms=seconds * 1000,
                      call_max_ms=seconds * 1000, wait_ms=200000)
        wait_for("the call", lambda: len(trunk.heard("ACK sip:")) == 2)
        sent = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            while sent < DATAGRAMS and call.process.poll() is None:
                s.sendto(mutated(messages, dice), ("127.0.0.1", port))
                if sent % 5 == 0:
                    s.sendto(bytes(dice.randrange(256) for _ in range(dice.randrange(200))),
                             ("127.0.0.1", 26000))
                if sent % 100 == 0:
                    time.sleep(0.001)
                sent += 1
        tell(f"mutated datagrams beside a call: {sent}")
        assert sent == DATAGRAMS
        assert call.process.poll() is None
        call.end(seconds * 2)
    assert call.receipt()["status"] == "DELIVERED_TO_HANDSET", call.end()
    assert len(call.err) < 2000, call.err[:2000]  # no line for each
