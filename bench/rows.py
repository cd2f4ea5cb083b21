# SPDX-License-Identifier: Apache-2.0
"""Fills a store with PIN rows of days gone by, straight into its tables: sending them
through the API would take hours, and what is measured afterwards is the same.

usage: rows.py DIR COUNT DAYS, on a store that bench_store has made in DIR
"""

import os
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor

PAGE = 4096
READERS = 8
DAYS = 20
YOUNG_DAYS = 2  # what is not older stands where sends look (store/sqlite/number_index.h)
RUN = 262_144  # entries of a run there
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
OLD = ("INSERT INTO destination_pin (application, destination, pin)"
       " SELECT application, destination, id FROM pin ORDER BY 1, 2, 3")
YOUNG = ("INSERT INTO destination_young (run, application, destination, pin)"
         " SELECT ?, application, destination, id FROM pin WHERE id >= ? AND id < ? ORDER BY 2, 3, 4")
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


def enter_archive(db, begin):
    db.execute(OLD)
    db.execute("DELETE FROM destination_pin WHERE pin < ?", (begin,))
    db.execute("UPDATE destination_aged SET pin = (SELECT max(id) FROM pin)")


def enter_runs(db, begin, count):
    """The filters of runs are the server's to make, at its first start."""
    ends = [begin]
    ends += [db.execute("SELECT id FROM pin WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?",
                        (begin, first)).fetchone()[0] for first in range(RUN, count, RUN)]
    ends.append(b"\xff" * 16)
    for run, (first, end) in enumerate(zip(ends, ends[1:])):
        db.execute(YOUNG, (run + 1, first, end))
    db.execute("UPDATE destination_aged SET pin = ?, upgraded_at = 0", (begin,))


def fill(path, count, application, template, days=DAYS):
    """`count` PINs of so many days with their messages; the server must not be running."""
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
    begin = begin_ms.to_bytes(6, "big") + bytes(10)
    if days > YOUNG_DAYS:
        enter_archive(db, begin)
    db.execute("DELETE FROM pin WHERE id < ?", (begin,))
    if days <= YOUNG_DAYS:
        enter_runs(db, begin, count)
    db.execute("UPDATE destination_mark SET pin = (SELECT max(id) FROM pin)")
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


def main():
    path = os.path.join(sys.argv[1], "watchword.db")
    db = sqlite3.connect(path)
    ids = db.execute("SELECT hex(application), hex(id) FROM template").fetchone()
    db.close()
    fill(path, int(sys.argv[2]), *ids, float(sys.argv[3]))


if __name__ == "__main__":
    main()
