# SPDX-License-Identifier: Apache-2.0
"""Telephony that we did not write, on loopback: a proxy (kamailio), phones (baresip,
Net::SIP) and a trunk that does what it is told (sipp); and the program of test/voice/caller.c,
which calls them."""

import array
import json
import os
import shutil
import socket
import subprocess
import wave
from pathlib import Path

from harness.place import ROOT
from harness.server import binary as server_binary
from harness.server import wait_for

PEERS = Path(__file__).parents[1] / "voice"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
TONE_HZ = 8000


def tool(name):
    found = shutil.which(name, path=PATH)
    assert found, f"{name} is missing; script/bootstrap test installs it"
    return found


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def even_ports(count=2):
    """The first of so many ports that are free together, an even one."""
    while True:
        first = free_udp_port() & ~1
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                held[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in held:
                one.close()


def tones(seconds, seed=1):
    """Samples that sound like nothing else, so that a place in them is found again."""
    state, out = seed, array.array("h")
    for _ in range(int(seconds * TONE_HZ)):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append((state >> 12) % 24000 - 12000)
    return out


def write_samples(path, samples):
    path.write_bytes(samples.tobytes())
    return path


class Process:
    """A peer: started, and ended by the id it was started with."""

    def __init__(self, words, folder, name, **options):
        self.log = folder / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(w) for w in words], stdout=log, stderr=log, cwd=folder,
                stdin=subprocess.DEVNULL, **options)

    def running(self):
        return self.process.poll() is None

    def said(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds=5):
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# ---- sipp: a trunk that does what it is told ----

HEAD = """[last_Via:]
[last_From:]
[last_To:];tag=tag[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Record-Route:]
"""
CONTACT = "Contact: <sip:trunk@[local_ip]:[local_port];transport=[transport]>\n"
SDP = """v=0
o=sipp 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 {address}
t=0 0
m=audio [media_port] RTP/AVP {formats} 101
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a={direction}
"""
REQUEST = """{method} [$target] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:trunk@[local_ip]>;tag=tag[call_number]
To: [$peer]
Call-ID: [call_id]
CSeq: {cseq} {method}
Max-Forwards: 70
"""


def sdp(version=1, address="[local_ip]", formats="0 8", direction="sendrecv"):
    return SDP.format(version=version, address=address, formats=formats, direction=direction)


class Scenario:
    """The steps of one call, as sipp reads them."""

    def __init__(self):
        self.steps = []

    def add(self, xml):
        self.steps.append(xml)
        return self

    def recv(self, method, optional=False, timeout=None, action=""):
        more = (' optional="true"' if optional else "") + (
            f' timeout="{timeout}"' if timeout else "")
        return self.add(f'<recv request="{method}"{more}>{action}</recv>')

    def invite(self):
        """Waits for it, and keeps who calls."""
        keep = ('<action><ereg regexp="&lt;.*" search_in="hdr" header="From:" '
                'assign_to="peer"/>'
                '<ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" '
                'assign_to="target"/></action>')
        return self.recv("INVITE", action=keep)

    def respond(self, code, text="x", body=None, headers=""):
        content = "Content-Type: application/sdp\n" if body else ""
        return self.send(f"SIP/2.0 {code} {text}\n{HEAD}{CONTACT}{headers}{content}", body)

    def send(self, head, body=None):
        text = head + "Content-Length: [len]\n\n" + (body or "")
        return self.add(f"<send><![CDATA[\n{text}\n]]></send>")

    def request(self, method, cseq, body=None, headers=""):
        content = "Content-Type: application/sdp\n" if body else ""
        return self.send(REQUEST.format(method=method, cseq=cseq) + CONTACT + headers + content,
                         body)

    def expect(self, code, optional=False):
        more = ' optional="true"' if optional else ""
        return self.add(f'<recv response="{code}"{more} rrs="true"></recv>')

    def ack(self, cseq):
        return self.send(REQUEST.format(method="ACK", cseq=cseq))

    def pause(self, ms):
        return self.add(f'<pause milliseconds="{ms}"/>')

    def answer(self, body=None, headers=""):
        return (self.respond(180, "Ringing").respond(
            200, "OK", body or sdp(), headers).recv("ACK"))

    def until_bye(self):
        return self.recv("BYE").respond(200, "OK")

    def refuse(self, code, headers=""):
        return self.respond(code, "No", headers=headers).recv("ACK")

    def text(self):
        return ('<?xml version="1.0" encoding="us-ascii"?>\n<scenario name="trunk">\n' +
                "\n".join(self.steps) +
                '\n<Reference variables="peer,target"/>\n</scenario>\n')


def said_no(code, rang=False, headers=""):
    s = Scenario().invite()
    if rang:
        s.respond(180, "Ringing").pause(200)
    return s.refuse(code, headers)


class Sipp(Process):
    """A trunk with that scenario for each call."""

    def __init__(self, folder, scenario, port=None, transport="u1", words=()):
        self.port = port or free_udp_port()
        self.media = even_ports(4)
        file = folder / f"scenario-{self.port}.xml"
        file.write_text(scenario.text() if hasattr(scenario, "text") else scenario)
        super().__init__(
            [tool("sipp"), "-sf", file, "-i", "127.0.0.1", "-p", self.port, "-mi", "127.0.0.1",
             "-mp", self.media, "-t", transport, "-nostdin", "-trace_err", "-trace_msg",
             "-message_file", folder / f"messages-{self.port}.log", *words],
            folder, f"sipp-{self.port}", env=dict(os.environ, TERM="dumb"))
        self.messages = folder / f"messages-{self.port}.log"
        kind = "udp" if transport[0] == "u" else "tcp"
        wait_for("sipp to listen", lambda: listens(self.port, kind))

    def wire(self):
        if not self.messages.exists():
            return ""
        return self.messages.read_bytes().decode(errors="replace").replace("\r\n", "\n")


    def heard(self, text=""):
        """The messages that it received, those with that text."""
        return [m for m in self.wire().split("-" * 47)
                if "message received" in m and text in m]


def listens(port, kind="udp"):
    """Does anybody hold that port?"""
    wanted = f":{port:04X}"
    for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(wanted) and (kind == "udp" or words[3] == "0A"):
            return True
    return False


# ---- kamailio: a proxy that asks for a password ----

class Kamailio(Process):
    """Relays calls of the user `trunk` to a phone; by option it wants a registration."""

    def __init__(self, folder, target, registrar=False):
        self.port = free_udp_port()
        self.folder = folder
        listen = f"listen=udp:127.0.0.1:{self.port}\nlisten=tcp:127.0.0.1:{self.port}\n"
        config = (PEERS / "kamailio.cfg").read_text()
        config = config.replace("@LISTEN@", listen).replace("@TARGET@", target)
        config = config.replace("@REGISTRAR@", "#!define REGISTRAR\n" if registrar else "")
        file = folder / "kamailio.cfg"
        file.write_text(config)
        run = folder / "run"
        run.mkdir(exist_ok=True)
        super().__init__(
            [tool("kamailio"), "-DD", "-E", "-m", "32", "-M", "4", "-n", "1", "-f", file,
             "-Y", run, "-P", folder / "kamailio.pid"], folder, "kamailio")
        wait_for("kamailio", lambda: listens(self.port) and listens(self.port, "tcp"))


# ---- baresip: a phone that answers and records ----

class Baresip(Process):
    """Answers by itself; what it heard is in recording()."""

    def __init__(self, folder, codec="pcmu", media="", certificate=None):
        self.folder = folder
        self.port = even_ports(2)
        self.tls_port = self.port + 1  # as it is there
        self.control = free_tcp_port()
        silence = folder / "silence.wav"
        write_wav(silence, array.array("h", [0] * TONE_HZ * 60))
        modules = "\n".join(f"module {m}.so" for m in (
            "stdio", "g711", "aufile", "sndfile", "srtp", "account", "menu", "ctrl_tcp"))
        listen = f"127.0.0.1:{self.port}"
        (folder / "config").write_text(
            f"poll_method epoll\nsip_listen {listen}\n"
            + (f"sip_certificate {certificate}\n" if certificate else "") +
            f"net_interface 127.0.0.1\nrtp_ports 10000-19998\n"
            f"module_path /usr/lib/baresip/modules\n{modules}\nsnd_path {folder}\n"
            f"audio_player aufile,{folder}/player.wav\naudio_source aufile,{silence}\n"
            f"audio_alert aufile,{silence}\nctrl_tcp_listen 127.0.0.1:{self.control}\n"
            "audio_jitter_buffer_type off\ncall_max_calls 200\n")
        (folder / "accounts").write_text(
            f"<sip:callee@{listen}>;answermode=auto;regint=0;audio_codecs={codec}"
            + (f";mediaenc={media}" if media else "") + "\n")
        (folder / "contacts").write_text("")
        super().__init__([tool("baresip"), "-f", folder], folder, "baresip")
        wait_for("baresip", lambda: listens(self.port) and listens(self.control, "tcp"))

    def press(self, key):
        """The person presses a key (RFC 4733)."""
        words = json.dumps({"command": "sndcode", "params": key}).encode()
        with socket.create_connection(("127.0.0.1", self.control), 5) as s:
            s.sendall(b"%d:%s," % (len(words), words))
            s.recv(1000)

    def recording(self, at=0):
        """What it heard in its calls, in their order."""
        files = sorted(self.folder.glob("dump-*-dec.wav"), key=lambda f: f.stat().st_mtime)
        return read_wav(files[at]) if len(files) > at else None


def free_tcp_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def write_wav(path, samples):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(TONE_HZ)
        out.writeframes(samples.tobytes())
    return path


def read_wav(path):
    """Also of a file whose header was never finished."""
    octets = Path(path).read_bytes()
    at = octets.find(b"data")
    return array.array("h", octets[at + 8:at + 8 + (len(octets) - at - 8) // 2 * 2])


# ---- Net::SIP: a phone that keeps each octet of sound ----

class NetSip(Process):
    """Answers; the octets of its calls' RTP are in heard()."""

    def __init__(self, folder, codec=0, wait_s=30):
        self.port = free_udp_port()
        self.out = folder / f"heard-{self.port}"
        super().__init__(["perl", PEERS / "netsip.pl", self.port, codec, self.out, wait_s],
                         folder, f"netsip-{self.port}")
        wait_for("Net::SIP", lambda: listens(self.port))

    def heard(self, call=0):
        file = Path(f"{self.out}.{call}")
        return file.read_bytes() if file.exists() else b""


# ---- G.711 (ITU-T), for what the wire should carry ----

def ulaw(sample):
    clip, bias = 32635, 0x84
    sign = 0x80 if sample < 0 else 0
    sample = min(abs(sample) if sample >= 0 else -sample, clip) + bias
    exponent = sample.bit_length() - 8
    return ~(sign | exponent << 4 | sample >> exponent + 3 & 0x0F) & 0xFF


def to_ulaw(samples):
    return bytes(ulaw(s) for s in samples)


def decoded(octets):
    """The samples that a phone makes of them."""
    out = array.array("h")
    for octet in octets:
        octet = ~octet & 0xFF
        value = ((octet & 0x0F) << 3) + 0x84 << (octet >> 4 & 7)
        out.append(0x84 - value if octet & 0x80 else value - 0x84)
    return out


# ---- the program that calls ----

def caller_binary():
    return Path(server_binary()).parents[2] / "test/voice/caller"


class Caller:
    """Runs to its end; its lines are events."""

    def __init__(self, port, host="127.0.0.1", **options):
        words = {"host": host, "port": port, "rtp_port_min": 20000, "rtp_port_max": 29998,
                 **options}
        self.process = subprocess.Popen(
            [str(caller_binary()), *(f"{k}={v}" for k, v in words.items())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        self.done = None

    def end(self, seconds=60):
        """Its events, when it has ended."""
        if self.done is None:
            out, self.err = self.process.communicate(timeout=seconds)
            self.done = [json.loads(line) for line in out.splitlines() if '"event"' in line]
            assert self.process.returncode == 0, (self.done, self.err)
            assert "ERROR: " not in self.err and "runtime error" not in self.err, self.err
        return self.done

    def of(self, kind):
        return [e for e in self.end() if e["event"] == kind]

    def outcome(self):
        [one] = self.of("outcome")
        return one

    def receipt(self):
        [one] = self.of("receipt")
        return one


def find(samples, piece, start=0):
    """Where a piece of sound begins in a recording, sample by sample; -1: nowhere."""
    wanted = piece.tobytes()
    heard = samples.tobytes()
    at = start * 2
    while True:
        at = heard.find(wanted, at)
        if at < 0 or at % 2 == 0:
            return at if at < 0 else at // 2
        at += 1
