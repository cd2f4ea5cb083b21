// SPDX-License-Identifier: Apache-2.0
// An SMSC for the tests, on node-smpp: accepts a transceiver, takes messages, puts
// long ones together, and prints each whole one as a JSON line. It is told on its
// command line to misbehave.
//
// usage: node smsc.js [--port N] [--system-id ID] [--password PW] [--reject CODE]
//        [--delay MS] [--silent] [--throttle N] [--throttle-for MS] [--key FILE --cert FILE
//        [--client-ca FILE]]
//        [--receipt STATE [--receipt-form text|tlv|data] [--receipt-ids hex|decimal]
//        [--receipt-delay MS] [--receipt-first] [--receipt-rest STATE]]
//
// --throttle N takes N messages a second and refuses the rest with ESME_RTHROTTLED;
// --throttle-for MS refuses all so for that long, from the first one on, and tells of each.
// --receipt "DELIVRD 000" sends a receipt for each message whose sender asks for one,
// and a line of what it was answered; --receipt-rest is the state of the parts behind a
// text's first one, or "none"; --receipt-first sends it before the response.
'use strict';
const fs = require('fs');
const smpp = require('smpp');

function options(argv) {
  const out = {
    port: 0, systemId: 'watchword', password: '', reject: 0, delay: 0, silent: false,
    throttle: 0, throttleFor: 0, key: '', cert: '', clientCa: '', receipt: '', receiptForm: 'text', receiptIds: 'hex',
    receiptDelay: 0, receiptFirst: false, receiptRest: '',
  };
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i].replace(/^--/, '').replace(/-([a-z])/g, (m, c) => c.toUpperCase());
    if (typeof out[name] === 'boolean') out[name] = true;
    else out[name] = typeof out[name] === 'number' ? Number(argv[++i]) : argv[++i];
  }
  return out;
}

const wanted = options(process.argv.slice(2));
const pieces = new Map(); // of long messages: sender, recipient and reference -> parts
const whole = new Set(); // references of those that are complete
let lastId = 0;

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

// What the protocol asks of the other side; a fault fails the test (harness/peer.py).
function expect(good, fault) {
  if (!good) say({ fault });
}

// SMPP 3.4, 5.2: the most octets of a string, without its final 0.
const SIZES = { service_type: 5, source_addr: 20, destination_addr: 20,
  schedule_delivery_time: 16, validity_period: 16 };

// 5.1.4: sequence numbers are 1 to 7FFFFFFF and rise; 2.2: a message is of a bound session.
function look(session, pdu) {
  if (pdu.isResponse()) return;
  const number = pdu.sequence_number;
  expect(number >= 1 && number <= 0x7fffffff, `sequence ${number}`);
  expect(number > (session.newest || 0), `sequence ${number} after ${session.newest}`);
  session.newest = number;
  if (pdu.command !== 'submit_sm' && pdu.command !== 'data_sm') return;
  expect(session.isBound, 'a message before the bind_resp');
  for (const [name, most] of Object.entries(SIZES)) {
    expect(typeof pdu[name] !== 'string' || pdu[name].length <= most, `${name} is too long`);
  }
  const body = pdu.message_payload || pdu.short_message;
  expect(!!(pdu.esm_class & 0x40) === !!(body && body.udh), 'esm_class and header differ');
}

// The concatenation header of 3GPP TS 23.040, if there is one.
function concatenation(udh) {
  for (const part of udh || []) {
    if (part.length === 5 && part[0] === 0x00) return [part[2], part[3], part[4]];
  }
  return null;
}

// The optional parameters, also those that the library does not know, by their tag.
function tlvsOf(pdu) {
  const out = {};
  for (const [name, value] of Object.entries(pdu)) {
    if (/^[0-9]+$/.test(name)) out[`0x${Number(name).toString(16)}`] = value.toString();
    else if (smpp.tlvs[name] && name !== 'message_payload') out[name] = value;
  }
  return out;
}

function report(pdu, texts) {
  say({
    at: Date.now(),
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
    esmClass: pdu.esm_class,
    command: pdu.command,
    tlvs: tlvsOf(pdu),
  });
}

function take(pdu) {
  const body = pdu.message_payload || pdu.short_message;
  const long = pdu.sar_total_segments ?
    [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] :
    concatenation(body.udh && (Array.isArray(body.udh) ? body.udh : [body.udh]));
  if (!long) {
    report(pdu, [body.message]);
    return;
  }
  const [reference, total, number] = long;
  const key = [pdu.source_addr, pdu.destination_addr, reference].join('|');
  const parts = pieces.get(key) || [];
  expect(!whole.has(key) && parts[number - 1] === undefined, `reference ${key} of two texts`);
  expect(number >= 1 && number <= total, `part ${number} of ${total}`);
  parts[number - 1] = body.message;
  pieces.set(key, parts);
  if (parts.filter((p) => p !== undefined).length < total) return;
  pieces.delete(key);
  whole.add(key);
  report(pdu, parts);
}

function bodyOf(pdu) {
  return String((pdu.message_payload || pdu.short_message).message);
}

const STATES = ['SCHEDULED', 'ENROUTE', 'DELIVRD', 'EXPIRED', 'DELETED', 'UNDELIV', 'ACCEPTD',
  'UNKNOWN', 'REJECTD'];

// A part of a long text that is not its first.
function isRest(pdu) {
  const udh = (pdu.message_payload || pdu.short_message).udh;
  const long = concatenation(udh && (Array.isArray(udh) ? udh : [udh]));
  return pdu.sar_segment_seqnum > 1 || (long !== null && long[2] > 1);
}

function receiptOf(pdu, number) {
  const [state, error] = (isRest(pdu) && wanted.receiptRest || wanted.receipt).split(' ');
  const hex = number.toString(16).padStart(8, '0');
  const id = wanted.receiptIds === 'hex' ? hex : String(number);
  const text = `id:${id} sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 ` +
    `stat:${state} err:${error || '000'} text:${bodyOf(pdu).slice(0, 20)}`;
  const out = {
    source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
  };
  if (wanted.receiptForm === 'text') return { ...out, short_message: text };
  return {
    ...out, receipted_message_id: hex, message_state: STATES.indexOf(state),
    network_error_code: Buffer.from([3, 0, Number(error || 0)]),
  };
}

const bound = []; // sessions that take receipts, newest last
const unsent = []; // receipts until there is one

// A receiver where there is one, else the session of the message, else the newest.
function sendReceipt(session, pdu, number) {
  if (!wanted.receipt || !(pdu.registered_delivery & 1)) return;
  if (wanted.receiptRest === 'none' && isRest(pdu)) return;
  const to = bound.find((s) => s.isReceiver) || bound.find((s) => s === session) ||
    bound[bound.length - 1];
  if (!to) {
    unsent.push([session, pdu, number]);
    return;
  }
  const fields = receiptOf(pdu, number);
  const answered = (resp) => say({ receipt: number, answered: resp.command_status });
  if (wanted.receiptForm === 'data') to.data_sm(fields, answered);
  else to.deliver_sm(fields, answered);
}

let throttledSince = 0;

function isThrottlingAll(pdu) {
  throttledSince = throttledSince || Date.now();
  if (Date.now() - throttledSince >= wanted.throttleFor) return false;
  say({ throttled: pdu.destination_addr, at: Date.now() });
  return true;
}

let second = 0;
let inSecond = 0;

function isTooFast() {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) [second, inSecond] = [now, 0];
  inSecond++;
  return wanted.throttle > 0 && inSecond > wanted.throttle;
}

function accept(session, pdu) {
  const number = ++lastId;
  take(pdu);
  if (wanted.receiptFirst) sendReceipt(session, pdu, number);
  setTimeout(() => {
    session.send(pdu.response({ message_id: number.toString(16).padStart(8, '0') }));
    if (!wanted.receiptFirst) setTimeout(() => sendReceipt(session, pdu, number), wanted.receiptDelay);
  }, wanted.receiptFirst ? wanted.receiptDelay : 0);
}

function onSubmit(session, pdu) {
  if (wanted.silent) return;
  const status = wanted.reject || (isThrottlingAll(pdu) || isTooFast() ? smpp.ESME_RTHROTTLED : 0);
  setTimeout(() => {
    if (status) session.send(pdu.response({ command_status: status }));
    else accept(session, pdu);
  }, wanted.delay);
}

function onBind(session, pdu) {
  const good = pdu.system_id === wanted.systemId && pdu.password === wanted.password;
  session.send(pdu.response({ command_status: good ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL,
    system_id: 'test-smsc' }));
  if (!good) {
    session.close();
    return;
  }
  session.isBound = true;
  say({ bound: pdu.command });
  if (pdu.command === 'bind_transmitter') return;
  session.isReceiver = pdu.command === 'bind_receiver';
  bound.push(session);
  session.on('close', () => bound.splice(bound.indexOf(session), 1));
  unsent.splice(0).forEach((one) => sendReceipt(...one));
}

const secure = wanted.key ? { key: fs.readFileSync(wanted.key), cert: fs.readFileSync(wanted.cert) } : {};
if (wanted.clientCa) {
  Object.assign(secure, { ca: fs.readFileSync(wanted.clientCa), requestCert: true,
    rejectUnauthorized: true });
}
const server = smpp.createServer(secure, (session) => {
  session.on('error', () => {});
  session.on('pdu', (pdu) => look(session, pdu));
  for (const bind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(bind, (pdu) => onBind(session, pdu));
  }
  session.on('cancel_sm', (pdu) => {
    say({ cancelled: pdu.message_id, from: pdu.source_addr, for: pdu.destination_addr });
    session.send(pdu.response());
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('data_sm', (pdu) => onSubmit(session, pdu));
});
server.listen(wanted.port, '127.0.0.1', () => say({ listening: server.address().port }));
