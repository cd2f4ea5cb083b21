# SPDX-License-Identifier: Apache-2.0
"""nginx as an HTTP gateway that takes everything; its access log is the oracle."""

import os
import shutil
import subprocess
import urllib.request
from collections import namedtuple

from harness.certificates import Authority
from harness.kannel import free_ports
from harness.server import wait_for

Taken = namedtuple("Taken", "connection protocol status reference")

# The inner server answers; the outer one reads the whole request to pass it on, which
# `return` alone would not.
CONFIG = """\
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
events {{ worker_connections 2048; }}
http {{
  log_format oracle '$connection $server_protocol $status $http_x_reference';
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  limit_req_zone $server_addr zone=slow:1m rate={rate}r/s;
  limit_req_status 429;
  upstream inner {{ server 127.0.0.1:{inner}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{own};
    keepalive_requests 1000000;
    location / {{ return 202 '{{"id":"$request_id"}}'; }}
  }}
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl http2;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    keepalive_requests {keepalive};
    access_log {folder}/access.log oracle;
    location / {{ proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://inner; }}
    location /slow {{ limit_req zone=slow; proxy_pass http://inner; }}
  }}
}}
"""


def binary():
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Nginx:
    """On loopback: `url` with TLS and HTTP/2, `plain_url` without; `inner` is the port of
    another server that answers in its place."""

    def __init__(self, folder, rate=20, keepalive=1000000, inner=None):
        folder = folder / "nginx"
        folder.mkdir()
        own, plain, tls = free_ports(3)
        self.authority = Authority(folder)
        certificate, key = self.authority.pair("gateway")
        self.ca_file = str(self.authority.path)
        self.log = folder / "access.log"
        self.url, self.plain_url = f"https://127.0.0.1:{tls}", f"http://127.0.0.1:{plain}"
        file = folder / "nginx.conf"
        file.write_text(CONFIG.format(folder=folder, own=own, plain=plain, tls=tls,
                                      certificate=certificate, key=key, rate=rate,
                                      keepalive=keepalive, inner=inner or own))
        self.process = subprocess.Popen(
            [binary(), "-e", "stderr", "-p", str(folder), "-c", str(file)],
            stderr=subprocess.DEVNULL)
        wait_for("nginx", self._answers)

    def _answers(self):
        assert self.process.poll() is None, "nginx ended"
        try:
            return urllib.request.urlopen(self.plain_url, timeout=5).status == 202
        except OSError:
            return False

    def taken(self):
        """What it was asked so far, but for our own look."""
        lines = [Taken(*line.split()) for line in self.log.read_text().splitlines(True)
                 if line.endswith("\n")]
        return [t for t in lines if t.reference != "-"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
