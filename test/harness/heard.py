# SPDX-License-Identifier: Apache-2.0
"""What a recording of a call says: it is cut where it is silent, and each piece is compared
with sounds that are known."""

import hashlib
import wave
from array import array
from operator import mul
from pathlib import Path

HZ = 8000
LOUD = 500  # of 32767: less is silence
GAP = HZ // 5  # so much of it ends a piece; within a symbol there is less
ALIKE = 0.8  # of 1: the normalised correlation of a sound with itself over a telephone line
SURE = 0.98  # at once, without a shift
SHIFT = 24  # samples by which two may lie apart
DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def read(path):
    """The samples of a WAV file as a telephone line has them."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (HZ, 1, 2)
        return array("h", file.readframes(file.getnframes()))


def write(path, samples, hz=HZ, channels=1):
    with wave.open(str(path), "wb") as file:
        file.setframerate(hz)
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.writeframes(array("h", samples).tobytes())


def pieces(samples):
    """The stretches that are loud, without the silence around them."""
    found = []
    begin = end = None
    for i, sample in enumerate(samples):
        if -LOUD < sample < LOUD:
            continue
        if begin is not None and i - end > GAP:
            found.append(samples[begin:end + 1])
            begin = None
        begin = i if begin is None else begin
        end = i
    return found + ([samples[begin:end + 1]] if begin is not None else [])


def common(one, other, shift=0):
    """What two sounds have in common when one of them lies so much later: 1 is the same."""
    a, b = one[max(0, -shift):], other[max(0, shift):]
    length = min(len(a), len(b))
    a, b = a[:length], b[:length]
    power = sum(map(mul, a, a)) * sum(map(mul, b, b))
    return sum(map(mul, a, b)) / power ** 0.5 if power else 0


def nearest(piece, known):
    """The name of the known sound that a piece is; "?": none of them."""
    likely = {name: sound for name, sound in known.items()
              if abs(len(piece) - len(sound)) < len(sound) / 5}
    best = max(((common(piece, sound), name) for name, sound in likely.items()), default=(0, "?"))
    if best[0] < SURE:
        best = max(((common(piece, sound, shift), name) for name, sound in likely.items()
                    for shift in range(-SHIFT, SHIFT + 1)), default=best)
    return best[1] if best[0] > ALIKE else "?"


def transcribe(samples, known):
    """The names of what is heard, one after the other: "??1207?1207?"."""
    return "".join(nearest(piece, known) for piece in pieces(samples))


def kept_name(voice, rate, text, spelled):
    """The file in the cache of phrases (src/speech/speech.c, key_of)."""
    key = b"1 %s %d %d " % (voice.encode(), rate, spelled) + text.encode()
    return hashlib.blake2b(key, digest_size=32).hexdigest()[:32] + ".pcm"


def kept(data, voice, symbols=DIGITS, rate=100):
    """The sounds of symbols as a server keeps them on disk."""
    found = {}
    for symbol in symbols:
        octets = (Path(data) / "speech" / kept_name(voice, rate, symbol, True)).read_bytes()
        found[symbol] = pieces(array("h", octets[40:]))
        assert len(found[symbol]) == 1, f"{symbol} of {voice} is no one sound"
    return {symbol: sound[0] for symbol, sound in found.items()}
