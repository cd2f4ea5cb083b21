# SPDX-License-Identifier: Apache-2.0
"""The clocks of a machine that a server under test believes to run on."""

import mmap
import os
import struct
import uuid

from harness.compiled import shim

SECOND = 1
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY
ROOM = 128


class Clocks:
    """What the shim adds to the wall clock and to the boot clock, in seconds."""

    def __init__(self, folder):
        path = folder / "clocks"
        path.write_bytes(bytes(ROOM))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), ROOM)
        self.wall = self.boot = 0
        self.env = {"LD_PRELOAD": str(shim(folder, "clock")), "CLOCK_FILE": str(path),
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
                    + ":verify_asan_link_order=0"}
        self.reboot(uptime=None)

    def _put(self):
        struct.pack_into("<qq", self.map, 0, int(self.wall * 10**9), int(self.boot * 10**9))

    def step(self, seconds):
        """The wall clock alone."""
        self.wall += seconds
        self._put()

    def pass_(self, seconds):
        """Both: time goes by, or the machine sleeps."""
        self.wall += seconds
        self.boot += seconds
        self._put()

    def reboot(self, uptime=20):
        """Another boot, of which so many seconds are over."""
        if uptime is not None:
            with open("/proc/uptime", encoding="ascii") as file:
                self.boot = uptime - float(file.read().split()[0])
        struct.pack_into("<37s", self.map, 16, str(uuid.uuid4()).encode())
        self._put()
