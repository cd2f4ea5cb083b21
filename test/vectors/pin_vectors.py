#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PINs computed from the definition in src/twofa/pin.h alone, as pin.json beside this file.

Writes pin.json; with --check only compares, and exits 1 when it differs.
"""
import hashlib
import hmac
import json
import pathlib
import string
import sys

PATH = pathlib.Path(__file__).with_name("pin.json")
ALPHABETS = {
    "NUMERIC": string.digits,
    "ALPHA": string.ascii_uppercase,
    "HEX": string.digits + "abcdef",
    "ALPHANUMERIC": string.digits + string.ascii_uppercase,
}
# No 0 O 1 I beside each other; behind the others, whose numbers stay as they were.
UNAMBIGUOUS = {kind: "".join(c for c in symbols if kind in ("NUMERIC", "HEX") or c not in "01OI")
               for kind, symbols in ALPHABETS.items()}
NAMES = ("account", "application", "pin_id", "salt")


def derive(key, fields, generation, alphabet, length):
    parts = [*fields, generation.to_bytes(4, "big"), alphabet.encode(), bytes([length])]
    fair = 256 // len(alphabet) * len(alphabet)
    pin, block = "", 0
    while len(pin) < length:
        message = b"pin/v1\0" + b"".join(
            bytes([len(x)]) + x for x in [*parts, block.to_bytes(4, "big")])
        octets = hmac.new(key, message, hashlib.sha256).digest()
        pin += "".join(alphabet[b % len(alphabet)] for b in octets if b < fair)
        block += 1
    return pin[:length]


def octets(what, number, size):
    return hashlib.sha256(f"{what} {number}".encode()).digest()[:size]


def vectors():
    kinds = [(k, False, a) for k, a in ALPHABETS.items()]
    kinds += [(k, True, a) for k, a in UNAMBIGUOUS.items()]
    for number, ((kind, clear, alphabet), length) in enumerate(
            (k, n) for k in kinds for n in range(1, 17)):
        key = octets("key", number, 32)
        fields = [octets(name, number, 16) for name in NAMES]
        generation = int.from_bytes(octets("generation", number, 4), "big") >> number % 32
        yield {"key": key.hex(), **{n: f.hex() for n, f in zip(NAMES, fields)},
               "generation": generation, "type": kind,
               **({"alphabet": "unambiguous"} if clear else {}), "length": length,
               "pin": derive(key, fields, generation, alphabet, length)}


def main():
    text = "[\n" + ",\n".join(json.dumps(v) for v in vectors()) + "\n]\n"
    if sys.argv[1:] == ["--check"]:
        same = PATH.exists() and PATH.read_text() == text
        print("pin.json is", "as computed" if same else "not what the definition gives")
        return 0 if same else 1
    PATH.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
