// SPDX-License-Identifier: Apache-2.0
// Callers at a steady rate, for the tests: reads one JSON line a round and sends PINs
// until told to stop or until every connection broke. Each number is used once.
//
// in:   {"port": N, "key": "...", "application": "...", "template": "...",
//        "prefix": "4178", "rate": 2000, "callers": 64}  or  {"stop": true}
// out:  {"accepted": [[number, pinId], ...]} for answers that say MESSAGE_SENT,
//       {"over": {"sent": N, "answered": N, "other": N, "ms": N}} at the end of a round
'use strict';
const net = require('net');
const readline = require('readline');

let round = null;

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

function flush(r) {
  if (r.accepted.length > 0) say({ accepted: r.accepted });
  r.accepted = [];
}

function end(r) {
  if (round !== r) return;
  round = null;
  clearInterval(r.timer);
  for (const socket of r.sockets) socket.destroy();
  flush(r);
  say({ over: { sent: r.sent, answered: r.answered, other: r.other,
    ms: Date.now() - r.started } });
}

function onAnswer(r, socket, body) {
  const said = JSON.parse(body);
  r.answered++;
  if (said.smsStatus === 'MESSAGE_SENT') r.accepted.push([socket.number, said.pinId]);
  else r.other++;
  socket.number = null;
}

function onData(r, socket, octets) {
  socket.left += octets.toString('latin1');
  for (;;) {
    const head = socket.left.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(socket.left.slice(0, head))[1]);
    if (socket.left.length < head + 4 + length) return;
    onAnswer(r, socket, socket.left.substr(head + 4, length));
    socket.left = socket.left.slice(head + 4 + length);
  }
}

function send(r, socket) {
  socket.number = r.prefix + String(r.sent++).padStart(11 - r.prefix.length, '0');
  const body = JSON.stringify({ applicationId: r.application, messageId: r.template,
    to: socket.number });
  socket.write(`POST /2fa/2/pin HTTP/1.1\r\nHost: x\r\nAuthorization: App ${r.key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

function tick(r) {
  const due = Math.floor((Date.now() - r.started) * r.rate / 1000);
  for (const socket of r.sockets) {
    if (r.sent >= due) break;
    if (socket.number === null && !socket.connecting) send(r, socket);
  }
  flush(r);
}

function begin(options) {
  const r = { ...options, sockets: new Set(), accepted: [], sent: 0, answered: 0, other: 0,
    started: Date.now() };
  round = r;
  for (let i = 0; i < r.callers; i++) {
    const socket = net.connect(r.port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.left = '';
    socket.number = null;
    socket.on('data', (octets) => onData(r, socket, octets));
    socket.on('error', () => {});
    socket.on('close', () => { r.sockets.delete(socket); if (r.sockets.size === 0) end(r); });
    r.sockets.add(socket);
  }
  r.timer = setInterval(() => tick(r), 2);
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const options = JSON.parse(line);
  if (options.stop) { if (round) end(round); } else begin(options);
}).on('close', () => process.exit(0));
