// SPDX-License-Identifier: Apache-2.0
// A plain SMPP client on node-smpp, to measure beside: binds, sends N messages with a
// window, and ends when all have their responses.
//
// usage: node client.js PORT N WINDOW
'use strict';
const smpp = require('smpp');

const [port, total, window] = process.argv.slice(2).map(Number);
let sent = 0;
let answered = 0;

function fill(session) {
  while (sent < total && sent - answered < window) {
    session.submit_sm({
      source_addr: 'Bar', source_addr_ton: 5, source_addr_npi: 0,
      destination_addr: `4175${String(sent).padStart(7, '0')}`, dest_addr_ton: 1,
      dest_addr_npi: 1, registered_delivery: 1, validity_period: '000000001459000R',
      short_message: { message: `Your PIN is [${String(sent).padStart(6, '0')}]` },
    }, (pdu) => {
      if (pdu.command_status !== 0) process.exit(1);
      answered++;
      if (answered === total) session.unbind(() => process.exit(0));
      else fill(session);
    });
    sent++;
  }
}

const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
  session.bind_transceiver({ system_id: 'watchword', password: 'secret' }, (pdu) => {
    if (pdu.command_status !== 0) process.exit(1);
    fill(session);
  });
});
session.on('error', () => process.exit(1));
