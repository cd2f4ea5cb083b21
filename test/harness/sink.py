# SPDX-License-Identifier: Apache-2.0
"""Somebody who takes delivery reports, and checks them as its own program would: the
signature is computed here from the description in doc/reports.md, with nothing of ours."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.server import wait_for

SECRET = "0123456789abcdef-of-a-test"


def is_genuine(headers, body, secret=SECRET, tolerance_s=300):
    """What a receiver does with a report before it believes it."""
    timestamp = headers["X-Watchword-Timestamp"]
    if abs(time.time() - int(timestamp)) > tolerance_s:
        return False
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return hmac.compare_digest("v1=" + expected.hexdigest(), headers["X-Watchword-Signature"])


class Sink:
    """An HTTP server that keeps what it was sent; `answers` says how the n-th request is
    answered: a status, or None to say nothing for ever."""

    def __init__(self, answers=lambda n: 200, port=0):
        self.got = []  # (seconds, headers, body)
        self.ended = threading.Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.got.append((time.monotonic(), self.headers, body))
                status = answers(len(sink.got) - 1)
                if status is None:
                    sink.ended.wait(60)
                    self.close_connection = True
                    return
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", sink.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.handle_error = lambda *_: None  # a sender that was killed
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def reports(self):
        """(event id, the one result of the body) of each, all of them genuine."""
        out = []
        for _, headers, body in list(self.got):
            assert is_genuine(headers, body), (dict(headers), body)
            results = json.loads(body)["results"]
            assert len(results) == 1
            out.append((headers["X-Watchword-Event"], results[0]))
        return out

    def wait(self, count, seconds=15):
        wait_for(f"{count} reports", lambda: len(self.got) >= count, seconds)
        return self.reports()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


def subscription(sink, name="hook", account="default", **more):
    """An entry of `reports:`."""
    entry = {"name": name, "account": account, "url": sink.url, "secret": SECRET,
             "allow_http": "true", "allow_private": "true", **more}
    return "  - {" + ", ".join(f"{k}: {v}" for k, v in entry.items()) + "}\n"
