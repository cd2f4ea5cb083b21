// SPDX-License-Identifier: Apache-2.0
// An SMSC for the tests, on node-smpp: accepts a transceiver, takes messages, puts
// long ones together, and prints each whole one as a JSON line. It is told on its
// command line to misbehave.
//
// usage: node smsc.js [--port N] [--system-id ID] [--password PW] [--reject CODE]
//        [--delay MS] [--silent]
'use strict';
const smpp = require('smpp');

function options(argv) {
  const out = { port: 0, systemId: 'watchword', password: '', reject: 0, delay: 0, silent: false };
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i].replace(/^--/, '').replace(/-([a-z])/g, (m, c) => c.toUpperCase());
    if (name === 'silent') out.silent = true;
    else out[name] = typeof out[name] === 'number' ? Number(argv[++i]) : argv[++i];
  }
  return out;
}

const wanted = options(process.argv.slice(2));
const pieces = new Map(); // of long messages: sender, recipient and reference -> parts
let lastId = 0;

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

// The concatenation header of 3GPP TS 23.040, if there is one.
function concatenation(udh) {
  for (const part of udh || []) {
    if (part.length === 5 && part[0] === 0x00) return [part[2], part[3], part[4]];
  }
  return null;
}

function report(pdu, texts) {
  say({
    to: pdu.destination_addr,
    from: pdu.source_addr,
    text: texts.join(''),
    parts: texts.length,
    dataCoding: pdu.data_coding,
    validity: String(pdu.validity_period && pdu.validity_period.toISOString ?
      pdu.validity_period.toISOString() : pdu.validity_period),
    registeredDelivery: pdu.registered_delivery,
    sourceTon: pdu.source_addr_ton,
    sourceNpi: pdu.source_addr_npi,
    destTon: pdu.dest_addr_ton,
    destNpi: pdu.dest_addr_npi,
  });
}

function take(pdu) {
  const body = pdu.short_message;
  const long = concatenation(body.udh && (Array.isArray(body.udh) ? body.udh : [body.udh]));
  if (!long) {
    report(pdu, [body.message]);
    return;
  }
  const [reference, total, number] = long;
  const key = [pdu.source_addr, pdu.destination_addr, reference].join('|');
  const parts = pieces.get(key) || [];
  parts[number - 1] = body.message;
  pieces.set(key, parts);
  if (parts.filter((p) => p !== undefined).length < total) return;
  pieces.delete(key);
  report(pdu, parts);
}

function onSubmit(session, pdu) {
  if (wanted.silent) return;
  setTimeout(() => {
    if (wanted.reject) {
      session.send(pdu.response({ command_status: wanted.reject }));
      return;
    }
    lastId++;
    take(pdu);
    session.send(pdu.response({ message_id: lastId.toString(16).padStart(8, '0') }));
  }, wanted.delay);
}

function onBind(session, pdu) {
  const good = pdu.system_id === wanted.systemId && pdu.password === wanted.password;
  session.send(pdu.response({ command_status: good ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL,
    system_id: 'test-smsc' }));
  if (!good) session.close();
}

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => onBind(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
});
server.listen(wanted.port, '127.0.0.1', () => say({ listening: server.address().port }));
