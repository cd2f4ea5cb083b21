# SPDX-License-Identifier: Apache-2.0
"""Fills a store with PIN rows of days gone by, straight into its tables: sending them
through the API would take hours, and what is measured afterwards is the same."""

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

PAGE = 4096
READERS = 8
DAYS = 20
YOUNG_DAYS = 1.9  # those that sends look among (store/recent.h)
CHUNK = 100_000
# A table that is filled in its order has full pages, and each of the first sends into it would
# split one. Pages of one that grew are about two thirds full: so many rows more
# are made, and removed again by age, as retention does.
GONE = 0.45
PIN = ("INSERT INTO pin (id, account, application, template, destination, salt, generation, key_id,"
       " pin_type, pin_length, attempts, attempts_max, multiple, expires_at)"
       " VALUES (?, ?, ?, ?, ?, ?, 0, 1, 0, 6, 1, 10, 1, ?)")
MESSAGE = ("INSERT INTO message (pin, seq, channel, state, reason, created_at, updated_at, attempts)"
           " VALUES (?, 0, 0, 4, 0, ?, ?, 1)")
PLACES = ("INSERT INTO {} (application, destination, pin)"
          " SELECT application, destination, id FROM pin ORDER BY 1, 2, 3")
MARK = "UPDATE outbox SET pin = (SELECT max(id) FROM pin)"


def old_rows(count, ids, begin_ms, step_ms):
    """Yields chunks of (pins, messages), in the order of their ids."""
    for first in range(0, count, CHUNK):
        noise = os.urandom(26 * CHUNK)
        pins, messages = [], []
        for i in range(min(CHUNK, count - first)):
            at = int(begin_ms + (first + i) * step_ms)
            key = at.to_bytes(6, "big") + noise[26 * i:26 * i + 10]
            to = f"4917{int.from_bytes(noise[26 * i:26 * i + 8], 'big') % 10**9:09d}"
            pins.append((key, *ids, to, noise[26 * i + 10:26 * i + 26], at + 900_000))
            messages.append((key, at, at))
        yield pins, messages


def fill(path, count, application, template, days=DAYS):
    """`count` PINs with their messages of so many days; the server must not be running."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA cache_size=-1500000")
    ids = db.execute("SELECT account, application, id FROM template WHERE hex(application) = ? "
                     "AND hex(id) = ?", (application, template)).fetchone()
    now_ms = int(time.time() * 1000)
    begin_ms, span_ms = now_ms - int(days * 86_400_000), days * 86_400_000 * 0.9
    for pins, _ in old_rows(int(count * GONE), ids, begin_ms - span_ms, span_ms / count):
        db.executemany(PIN, pins)
    for pins, messages in old_rows(count, ids, begin_ms, span_ms / count):
        db.executemany(PIN, pins)
        db.executemany(MESSAGE, messages)
        db.commit()
    places = "destination_pin" if days > 2 else "destination_young"
    db.execute(PLACES.format(places))
    begin = (begin_ms.to_bytes(6, "big"),)
    db.execute("DELETE FROM pin WHERE id < ?", begin)
    db.execute(f"DELETE FROM {places} WHERE pin < ?", begin)
    db.execute("UPDATE destination_mark SET pin = (SELECT max(id) FROM pin)")
    db.execute("UPDATE destination_aged SET pin = (SELECT {}(id) FROM pin)".format(
        "max" if days > 2 else "min"))
    db.execute(MARK)  # each has its message
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    os.sync()  # or the disk would still be busy with it when the load begins
    warm(path)


def warm(path):
    """The page cache as a server that has run for days leaves it: the file read and written in
    pages of the database. What a program reads or writes in one piece, as the filling does, the
    kernel keeps in large pieces, and to change a page in one of those costs several times more."""
    with open(path, "rb", buffering=0) as f:
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        pages = range(0, os.path.getsize(path), PAGE)
        with ThreadPoolExecutor(READERS) as readers:
            for _ in readers.map(lambda share: read_pages(f.fileno(), share),
                                 [pages[n::READERS] for n in range(READERS)]):
                pass


def read_pages(fd, offsets):
    for offset in offsets:
        os.pread(fd, PAGE, offset)
