# SPDX-License-Identifier: Apache-2.0
"""A mail relay that does what it is told, also what no real one would do on demand."""

import base64
import email
import email.policy
import re
import socket
import ssl
import threading

from harness.server import Server, wait_for

CLOSE = "CLOSE"  # in place of a reply: the connection ends
SILENT = "SILENT"  # in place of a reply: nothing, for ever
PIN = re.compile(r"\[([^\]]*)\]")
QUICK = ("connect_timeout: 2s, response_timeout: 500ms, data_timeout: 700ms, keep: 20s, "
         "sender: Bank <pins@bank.example>, helo: pins.bank.example")
FEATURES = ("PIPELINING", "SIZE 10485760", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8")


def end(link):
    """Also of a connection that a file still reads."""
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    link.close()


class Mail:
    """One that was taken."""

    def __init__(self, session, sender, recipient, options, octets):
        self.session, self.sender, self.recipient = session, sender, recipient
        self.options, self.octets = options, octets

    def read(self):
        return email.message_from_bytes(self.octets, policy=email.policy.SMTP)

    @property
    def text(self):
        return self.read().get_body(("plain",)).get_content()

    @property
    def pin(self):
        return PIN.search(self.text)[1]


class Relay:
    """Listens on a port of its own; `say` changes what it answers.

    A key of `say` is a command ("MAIL"), "GREETING", or "DOT" (the end of a
    mail). A value is a reply, CLOSE, SILENT, or a function of the command's argument and the
    session, which gives one of them, or None for what is usual.
    """

    def __init__(self, files=None, implicit=False, users=None, features=FEATURES, host="127.0.0.1",
                 port=0):
        self.tls = None
        if files:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*files)
        self.implicit, self.users, self.features = implicit, users or {}, list(features)
        self.said = {}
        self.mails_max = None  # of a session
        self.mails, self.commands, self.sessions, self.logins = [], [], 0, []
        self.open = []
        self.changed = threading.Lock()
        self.socket = socket.create_server((host, port))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, **replies):
        self.said = replies

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.drop()

    def drop(self):
        """Ends all connections."""
        for link in list(self.open):
            end(link)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def mail(self, count=1):
        """The count-th mail, when it is there."""
        return wait_for(f"mail {count}", lambda: (self.mails[count - 1:count] or [None])[0])

    def _listen(self):
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._guard, args=(link,), daemon=True).start()

    def _guard(self, link):
        with self.changed:
            self.sessions += 1
            number = self.sessions
        try:
            self._serve(link, number)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            end(link)

    def _serve(self, link, number):
        if self.implicit:
            link = self.tls.wrap_socket(link, server_side=True)
        session = Session(self, link, number)
        try:
            session.run()
        finally:
            end(session.link)


class Session:
    """One connection."""

    def __init__(self, relay, link, number):
        self.relay, self.number = relay, number
        self.sender = self.recipient = self.options = None
        self.taken = 0
        self.secure = relay.implicit
        self._use(link)

    def _use(self, link):
        self.link = link
        self.file = link.makefile("rb")
        self.relay.open.append(link)

    def answer(self, key, argument, usual):
        """Sends what was told, or the usual reply; returns its code."""
        told = self.relay.said.get(key, usual)
        reply = told(argument, self) if callable(told) else told
        reply = usual if reply is None else reply
        if reply == SILENT:
            while self.link.recv(4096):
                pass
            raise EOFError
        if reply == CLOSE:
            raise EOFError
        self.link.sendall(reply.encode() + b"\r\n")
        return reply[:3]

    def line(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        return line.decode().rstrip("\r\n")

    def run(self):
        if self.answer("GREETING", "", "220 relay.example ESMTP") != "220":
            return
        while True:
            line = self.line()
            with self.relay.changed:
                self.relay.commands.append((self.number, line))
            word, _, argument = line.partition(" ")
            getattr(self, f"do_{word.lower()}", self.unknown)(argument)

    def unknown(self, argument):
        self.answer("UNKNOWN", argument, "502 5.5.1 what?")

    def do_ehlo(self, argument):
        features = list(self.relay.features)
        if self.relay.tls and not self.secure:
            features.append("STARTTLS")
        if self.relay.users:
            features.append("AUTH PLAIN LOGIN XOAUTH2")
        lines = ["relay.example", *features]
        self.answer("EHLO", argument, "\r\n".join(
            f"250{' ' if n + 1 == len(lines) else '-'}{text}" for n, text in enumerate(lines)))

    def do_starttls(self, argument):
        if self.answer("STARTTLS", argument, "220 2.0.0 go ahead") == "220":
            self.secure = True
            self._use(self.relay.tls.wrap_socket(self.link, server_side=True))

    def ask(self, text):
        self.link.sendall(b"334 " + base64.b64encode(text.encode()) + b"\r\n")
        return base64.b64decode(self.line()).decode()

    def do_auth(self, argument):
        mechanism, _, first = argument.partition(" ")
        if mechanism == "PLAIN":
            _, user, secret = base64.b64decode(first).decode().split("\0")
        elif mechanism == "LOGIN":
            user, secret = self.ask("Username:"), self.ask("Password:")
        else:
            said = dict(part.split("=", 1) for part in
                        base64.b64decode(first).decode().split("\1") if part)
            user, secret = said["user"], said["auth"].removeprefix("Bearer ")
        self.relay.logins.append((mechanism, user, secret))
        good = self.relay.users.get(user) == secret
        if not good and mechanism == "XOAUTH2":
            assert self.ask('{"status":"401"}') == ""
        self.answer("AUTH", argument, "235 2.7.0 welcome" if good else "535 5.7.8 no")

    def do_mail(self, argument):
        if self.relay.mails_max is not None and self.taken >= self.relay.mails_max:
            self.answer("MANY", argument, "421 4.7.0 too many messages in this connection")
            raise EOFError
        if self.answer("MAIL", argument, "250 2.1.0 ok") == "250":
            address, _, self.options = argument.removeprefix("FROM:<").partition(">")
            self.sender = address

    def do_rcpt(self, argument):
        if self.sender is None:
            self.link.sendall(b"503 5.5.1 no sender\r\n")
        elif self.answer("RCPT", argument, "250 2.1.5 ok") == "250":
            self.recipient = argument.removeprefix("TO:<").removesuffix(">")

    def do_data(self, argument):
        if self.recipient is None:
            self.link.sendall(b"503 5.5.1 no recipient\r\n")
            return
        if self.answer("DATA", argument, "354 go on") != "354":
            return
        octets = b""
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError
            if line == b".\r\n":
                break
            octets += line[1:] if line.startswith(b".") else line
        mail = Mail(self.number, self.sender, self.recipient, self.options, octets)
        if self.answer("DOT", mail, "250 2.0.0 queued") == "250":
            self.taken += 1
            with self.relay.changed:
                self.relay.mails.append(mail)
        self.sender = self.recipient = None

    def do_rset(self, argument):
        self.sender = self.recipient = None
        self.answer("RSET", argument, "250 2.0.0 ok")

    def do_quit(self, argument):
        self.answer("QUIT", argument, "221 2.0.0 bye")
        raise EOFError


class Post:
    """A server whose emails go to a relay, and what it says of them."""

    def __init__(self, folder, ports, more="tls: off", carriers="", lines="", **env):
        listed = ", ".join(f'"127.0.0.1:{port}"' if isinstance(port, int) else f'"{port}"'
                           for port in ports)
        self.server = Server(folder, env=env, config=(
            f"limits: {{resend_interval: 0s}}\ndelivery: {{accept_wait: 300ms}}\nhttp: {{threads: 2}}\n{lines}\ncarriers:\n"
            f"- {{name: mail, type: smtp, relays: [{listed}], {QUICK}, {more}}}\n{carriers}"))

    def __enter__(self):
        self.server.__enter__()
        self.application = self.server.application()
        made = self.server.post("/watchword/1/email-templates", {
            "subject": "{{name}}: your code", "text": "{{name}}, it is [{{pin}}].\n.\nBye",
            "html": "<p>It is <b>{{pin}}</b>"})
        answer = self.server.post(f"/2fa/2/applications/{self.application}/email/messages", {
            "emailTemplateId": made.json()["id"], "pinLength": 6,
            "from": "Bank <pins@bank.example>"})
        self.written = answer.json()["messageId"]
        return self

    def __exit__(self, *error):
        self.server.__exit__(*error)

    def ask(self, to="jane@example.com", http=None, **members):
        return self.server.post("/2fa/2/pin/email", {
            "applicationId": self.application, "messageId": self.written, "to": to,
            "placeholders": {"name": "Jane"}, **members}, http=http)

    def send(self, to="jane@example.com", **members):
        answer = self.ask(to, **members)
        assert answer.status_code == 200, answer.text
        return answer.json()["pinId"]

    def told(self, pin_id):
        """The message of the timeline."""
        return self.server.get(f"/watchword/1/pins/{pin_id}").json()["messages"][0]

    def submits(self, pin_id):
        """Those of the timeline."""
        return [e for e in self.server.get(f"/watchword/1/pins/{pin_id}").json()["events"]
                if e["event"] == "submit"]

    def ended(self, pin_id, state):
        return wait_for(f"{pin_id} to be {state}",
                        lambda: (lambda m: m if m["state"] == state else None)(self.told(pin_id)))
