# SPDX-License-Identifier: Apache-2.0
"""An SMSC on plain sockets whose octets a test writes itself, also what no library would.

It looks at what we send as the protocol asks (SMPP 3.4): every fault it finds is in
`faults`, and leaving its `with` asserts that there is none."""

import socket
import struct
import threading

from harness.server import wait_for

BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM, DATA_SM = 0x09, 0x04, 0x05, 0x103
CANCEL_SM, ENQUIRE_LINK, UNBIND, GENERIC_NACK = 0x08, 0x15, 0x06, 0x80000000
RESPONSE = 0x80000000
ESME_RINVDSTADR = 0x0B
# Section 5.2: octets at most, the final 0 included.
SIZES = {"service_type": 6, "source": 21, "destination": 21, "schedule": 17, "validity": 17,
         "system_id": 16, "password": 9, "system_type": 13, "address_range": 41}
BIND = ("system_id", "password", "system_type", "version:", "ton:", "npi:", "address_range")
SUBMIT = ("service_type", "source_ton:", "source_npi:", "source", "dest_ton:", "dest_npi:",
          "destination", "esm_class:", "protocol_id:", "priority:", "schedule", "validity",
          "registered_delivery:", "replace:", "data_coding:", "default_id:")
MESSAGE = ("service_type", "source_ton:", "source_npi:", "source", "dest_ton:", "dest_npi:",
           "destination", "esm_class:", "registered_delivery:", "data_coding:")
REQUESTS = {BIND_TRANSCEIVER: BIND, SUBMIT_SM: SUBMIT, DATA_SM: MESSAGE}
GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNO"
       "PQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")


def pdu(command, sequence, body=b"", status=0):
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def deliver(text, esm_class=4, data_coding=0, behind=b"", service_type=b"",
            source=b"41793026727", length=None):
    """The body of a deliver_sm; `length` is what sm_length says."""
    octets = text if isinstance(text, bytes) else text.encode("latin-1")
    return (service_type + b"\0\1\1" + source + b"\0\5\0Bar\0"
            + bytes([esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0])
            + bytes([len(octets) if length is None else length]) + octets + behind)


class Submit:
    """A message as it stands in its PDU."""

    def __init__(self, sequence, command, fields, octets, tlvs):
        self.sequence, self.command, self.tlvs = sequence, command, tlvs
        self.fields, self.octets = fields, octets
        self.to = fields["destination"].decode()
        self.header = octets[:6] if fields["esm_class"] & 0x40 else b""
        self.body = octets[len(self.header):]

    @property
    def text(self):
        if self.fields["data_coding"] & 8:
            return self.body.decode("utf-16-be")
        return "".join(GSM[octet] for octet in self.body)


class Link:
    """One connection."""

    def __init__(self, smsc, sock):
        self.smsc, self.sock = smsc, sock
        self.bound = False
        self.newest = 0  # sequence of theirs
        self.open = set()  # theirs without a response
        self.asked = {}  # ours without a response: sequence -> command

    def say(self, octets):
        self.sock.sendall(octets)

    def ask(self, command, body, sequence=None):
        sequence = sequence or 1000 + len(self.smsc.answers) + len(self.asked)
        self.asked[sequence] = command
        self.say(pdu(command, sequence, body))

    def answer(self, sequence, command=SUBMIT_SM, body=b"", status=0):
        self.open.discard(sequence)
        self.say(pdu(command | RESPONSE, sequence, body, status))

    def read(self, count):
        octets = b""
        while len(octets) < count:
            more = self.sock.recv(count - len(octets))
            if not more:
                raise ConnectionError
            octets += more
        return octets

    def run(self):
        try:
            while True:
                head = self.read(16)
                length, command, status, sequence = struct.unpack(">IIII", head)
                self.smsc.check(16 <= length <= 70000, f"command_length {length}")
                self.take(command, status, sequence, self.read(length - 16))
        except OSError:
            pass

    def take(self, command, status, sequence, body):
        if command & RESPONSE:
            self.take_response(command, status, sequence, body)
            return
        # 5.1.4: 1 to 7FFFFFFF, rising, and another one for each that is outstanding
        self.smsc.check(1 <= sequence <= 0x7FFFFFFF, f"sequence {sequence:x}")
        self.smsc.check(sequence > self.newest, f"sequence {sequence} after {self.newest}")
        self.smsc.check(sequence not in self.open, f"sequence {sequence} is outstanding")
        self.smsc.check(status == 0, f"status {status} in a request")
        self.newest = sequence
        self.open.add(sequence)
        if command == BIND_TRANSCEIVER:
            self.smsc.on_bind(self, sequence, self.smsc.fields(command, body)[0])
        elif command in (SUBMIT_SM, DATA_SM):
            self.smsc.check(self.bound, "a message before the bind_resp")
            self.smsc.take(self, command, sequence, body)
        elif command in (ENQUIRE_LINK, UNBIND):
            self.smsc.check(body == b"", f"a body in {command:x}")
            self.answer(sequence, command)
        elif command == CANCEL_SM:
            self.answer(sequence, command)

    def take_response(self, command, status, sequence, body):
        asked = self.asked.pop(sequence, None)
        self.smsc.check(asked is not None or command == GENERIC_NACK,
                        f"an answer {command:x} to {sequence}, which nobody asked")
        self.smsc.check(asked is None or command in (asked | RESPONSE, GENERIC_NACK),
                        f"{command:x} answers {asked}")
        self.smsc.answers.append((command, status, sequence))
        if command == DELIVER_SM | RESPONSE and status == 0:
            self.smsc.check(body == b"\0", "deliver_sm_resp has an empty message_id (4.6.2)")


class OddSmsc:
    """`on_submit(smsc, link, submit)` answers as it likes; the default accepts."""

    def __init__(self, on_submit=None, bind_status=0, long_texts=False, hold_bind=False):
        self.on_submit = on_submit or (lambda smsc, link, submit: smsc.accept(link, submit))
        self.bind_status = bind_status
        self.may_bind = threading.Event()
        if not hold_bind:
            self.may_bind.set()
        self.sizes = dict(SIZES, password=65, system_type=65) if long_texts else SIZES
        self.submits, self.answers, self.binds, self.links, self.faults = [], [], [], [], []
        self.references = {}  # destination -> references of texts in several parts
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        try:
            while True:
                sock, _ = self.listener.accept()
                link = Link(self, sock)
                self.links.append(link)
                threading.Thread(target=link.run, daemon=True).start()
        except OSError:
            pass

    def check(self, good, fault):
        if not good:
            self.faults.append(fault)

    # ---- what comes ----

    def fields(self, command, body):
        """(fields, what stands behind them)."""
        out = {}
        for name in REQUESTS[command]:
            if name.endswith(":"):
                out[name[:-1]], body = body[0], body[1:]
                continue
            end = body.index(b"\0")
            out[name], body = body[:end], body[end + 1:]
            self.check(end < self.sizes[name], f"{name} of {end} octets")
        return out, body

    def on_bind(self, link, sequence, fields):
        self.binds.append(fields)
        self.check(fields["version"] == 0x34, "interface_version")
        self.may_bind.wait(30)
        link.bound = self.bind_status == 0
        link.answer(sequence, BIND_TRANSCEIVER, b"odd\0" if link.bound else b"",
                    self.bind_status)

    def take(self, link, command, sequence, body):
        fields, rest = self.fields(command, body)
        octets = b""
        if command == SUBMIT_SM:
            self.check(rest[0] <= 254, "sm_length")
            octets, rest = rest[1:1 + rest[0]], rest[1 + rest[0]:]
        tlvs = {}
        while rest:
            tag, length = struct.unpack(">HH", rest[:4])
            self.check(len(rest) >= 4 + length, f"parameter {tag:x} is cut off")
            self.check(tag not in tlvs, f"parameter {tag:x} twice")
            tlvs[tag], rest = rest[4:4 + length], rest[4 + length:]
        self.check(not (octets and 0x424 in tlvs), "short_message and message_payload")
        submit = Submit(sequence, command, fields, octets or tlvs.get(0x424, b""), tlvs)
        self.look(submit)
        self.submits.append(submit)
        self.on_submit(self, link, submit)

    def look(self, submit):
        """Fields that have to fit each other (5.2.5, 5.2.6, 5.2.12, 5.2.17; TS 23.040)."""
        f = submit.fields
        self.check(submit.to.isdigit() and 7 <= len(submit.to) <= 15, "destination_addr")
        self.check((f["dest_ton"], f["dest_npi"]) == (1, 1), "dest_addr_ton and npi")
        source = f["source"].decode("latin-1")
        form = (0, 0) if not source else (5, 0) if not source.isdigit() else (
            (3, 0) if len(source) <= 6 else (1, 1))
        self.check((f["source_ton"], f["source_npi"]) == form, f"source {source} is {form}")
        self.check(f["esm_class"] & ~0x40 == 0, "esm_class")
        self.check(f["registered_delivery"] in (0, 1), "registered_delivery")
        if submit.command == SUBMIT_SM:
            self.check(len(f["validity"]) in (0, 16), "validity_period")
            self.check(f["schedule"] == b"", "schedule_delivery_time")
        whole = 140 if f["data_coding"] & 0x0F else 160
        if 0x424 not in submit.tlvs:
            self.check(len(submit.header) * 8 // (7 if whole == 160 else 8) + bool(
                submit.header and whole == 160) + len(submit.body) <= whole, "a part too long")
        self.look_at_reference(submit)

    def look_at_reference(self, submit):
        """A text has one reference, and the texts of a number have different ones."""
        header = submit.header
        if header:
            self.check(header[:3] == b"\5\0\3", f"header {header.hex()}")
            place = header[3:]
        elif 0x20C in submit.tlvs:
            place = submit.tlvs[0x20C] + submit.tlvs[0x20E] + submit.tlvs[0x20F]
        else:
            return
        reference, total, number = place[:-2], place[-2], place[-1]
        self.check(1 <= number <= total, f"part {number} of {total}")
        seen = self.references.setdefault(submit.to, {})
        numbers = seen.setdefault(reference, [])
        self.check(number not in numbers, f"reference {reference.hex()} of two texts")
        numbers.append(number)

    # ---- what goes ----

    def accept(self, link, submit, message_id=None):
        link.answer(submit.sequence, submit.command,
                    (message_id or f"{len(self.submits):08x}").encode() + b"\0")

    def receipt(self, body, command=DELIVER_SM):
        """Sends a deliver_sm on the newest link; (its response, its status)."""
        link = self.links[-1]
        before = len(self.answers)
        link.ask(command, body)
        said, status, _ = wait_for("its answer", lambda: self.answers[before:])[0]
        return said, status

    def count(self, to):
        return sum(s.to == to for s in self.submits)

    def message(self, to):
        return wait_for(f"a message to {to}", lambda: [s for s in self.submits if s.to == to])[0]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # or it would accept once more
        except OSError:
            pass
        self.listener.close()
        for link in self.links:
            link.sock.close()
        if kind is None:
            assert self.faults == []
