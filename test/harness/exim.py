# SPDX-License-Identifier: Apache-2.0
"""Exim as a relay and as the mail server behind it, with a configuration of its own."""

import email
import email.policy
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from harness.server import wait_for

CONFIG = """
primary_hostname = relay.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
tls_certificate = {folder}/relay.pem
tls_privatekey = {folder}/relay.key
tls_advertise_hosts = *
smtputf8_advertise_hosts = *
host_lookup =
rfc1413_hosts =
smtp_accept_max = 100
smtp_accept_queue_per_connection = 1000
smtp_accept_max_per_connection = {per_connection}
remote_max_parallel = 1
keep_environment =
deliver_drop_privilege = true
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  defer local_parts = greylist
        message = 4.7.1 greylisted, come again
  deny  local_parts = unknown
        message = 5.1.1 no such mailbox
  deny  !authenticated = *
        message = 5.7.1 relay not permitted
  accept

begin routers
bounces:
  driver = accept
  domains = bank.example
  local_parts = bounces
  local_part_suffix = +*
  transport = report
far:
  driver = manualroute
  domains = far.example
  transport = far
  route_list = * 127.0.0.1
  self = send
gone:
  driver = redirect
  local_parts = gone
  allow_fail
  data = :fail: 5.1.1 this mailbox is gone
mailboxes:
  driver = accept
  transport = maildir

begin transports
far:
  driver = smtp
  port = {far}
  allow_localhost
report:
  driver = pipe
  command = /usr/bin/curl -sS --fail --data-binary @- \\
    -H "Content-Type: message/rfc822" --config {url_file}
  return_fail_output
  message_prefix =
  message_suffix =
  delivery_date_add
  envelope_to_add
maildir:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory
  return_path_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{pins}}}}{{eq{{$auth3}}{{{secret}}}}}}}}}
  server_set_id = $auth2
"""


class Exim:
    """A daemon on a port of its own; `far` is that of the server of far.example."""

    def __init__(self, files, secret, far, per_connection=1000):
        self.folder = Path(tempfile.mkdtemp(prefix="ww-exim-"))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        for path, name in zip(files, ("relay.pem", "relay.key")):
            shutil.copy(path, self.folder / name)
        for name in ("spool", "log", "mail"):
            (self.folder / name).mkdir()
        self.config = self.folder / "exim.conf"
        self.config.write_text(CONFIG.format(folder=self.folder, port=self.port,
                                             secret=secret, far=far, url_file=self.folder / "url", per_connection=per_connection))
        self._own()
        self.process = subprocess.Popen(
            ["/usr/sbin/exim4", "-bdf", "-q1s", "-C", str(self.config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        wait_for("exim", self._listens)

    def report_to(self, url):
        """Where bounces are posted."""
        (self.folder / "url").write_text(f'url = "{url}"\n')

    def _own(self):
        """Started by root it goes on as its own user, who needs the folder."""
        os.chmod(self.folder, 0o755)
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam("Debian-exim")
        for path in (self.folder, *self.folder.iterdir()):
            if path.name != "exim.conf":
                os.chown(path, user.pw_uid, user.pw_gid)

    def _listens(self):
        assert self.process.poll() is None, self.process.stderr.read()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def mails(self):
        """What is in the mailbox."""
        folder = self.folder / "mail/new"
        return [] if not folder.exists() else [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(folder.iterdir())]

    def log(self):
        path = self.folder / "log/mainlog"
        return path.read_text() if path.exists() else ""

    def close(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(timeout=10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
