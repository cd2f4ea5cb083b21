#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what the fuzz targets begin with: inputs of the tests' kind, a file each.

usage: test/fuzz/seeds.py FOLDER
"""

import struct
import sys
from pathlib import Path

CHUNKED = (b"POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"4;a=\"b\"\r\n{\"na\r\n008\r\nme\":\"x\"}\r\n0\r\nTrailer: y\r\n\r\n")
PLAIN = (b"POST /2fa/2/pin?ncNeeded=true HTTP/1.1\r\nHost: [::1]:8080\r\nAuthorization: App k\r\n"
         b"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"x\"}")
RECEIPT = (b"id:0000001a sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 "
           b"stat:DELIVRD err:000 text:Your PIN is")


def pdu(command, body, status=0, sequence=7):
    """One PDU of SMPP 3.4."""
    head = [16 + len(body), command, status, sequence]
    return b"".join(n.to_bytes(4, "big") for n in head) + body


def deliver(text, data_coding=0, esm_class=4, after=b""):
    """A deliver_sm with that short_message."""
    return pdu(0x5, b"\0\1\1" b"41793026727\0" b"\1\1" b"41790000000\0" +
               bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, data_coding, 0, len(text)]) +
               text + after)


def answers():
    """Status and body of a gateway's answer, of each vendor by its number."""
    infobip = b'{"messages":[{"messageId":"a1","status":{"groupId":1,"groupName":"PENDING"}}]}'
    vonage = b'{"message-count":"1","messages":[{"message-id":"a1","status":"0"}]}'
    twilio = b'{"sid":"SM1","status":"queued","error_code":null}'
    generic = b'{"id":10014255632117358197,"status":"queued"}'
    for status in range(3):
        for number, body in enumerate((infobip, infobip, twilio, vonage, vonage, generic)):
            yield bytes([number, status]) + body
            yield bytes([number, status]) + b"\xef\xbb\xbf" + body
    for number, body in ((8, twilio), (9, b'{"uuid":"u1","status":"started"}'), (10, infobip),
                         (11, infobip)):
        yield bytes([number, 0]) + body
    yield b"\5\0OK: 12345"
    yield b"\6\0OK status=0&mid=7&id=12345&x"
    yield b"\7\0<r><id></id><id>12345</id></r>"


def receipts():
    """Lines of target, type and signature, and a body, of each vendor by its number."""
    infobip = b'{"results":[{"messageId":"a1","status":{"groupId":3},"error":{"id":0}}]}'
    vonage = b'{"messageId":"a1","status":"delivered","err-code":"0","sig":"00"}'
    twilio = b"MessageSid=SM1&MessageStatus=delivered"
    generic = b'[{"id":"a1","state":"DELIVRD"},{"id":"a2","state":"UNDELIV"}]'
    yield (b"\6/x\napplication/json\n\n"
           b'{"r":[{"ids":["a1","a2"],"s":"DELIVRD"},{"ids":["a3"],"s":"UNDELIV"}]}')
    yield b"\7/x?s=DELIVRD\n\n\nid=a1&id=a2&s=UNDELIV&s=DELIVRD"
    yield b"\x08/x\n\n\nCallSid=CA1&CallStatus=failed&SipResponseCode=404"
    yield b"\x09/x\napplication/json\nBearer a.b.c\n{\"uuid\":\"u1\",\"status\":\"busy\"}"
    form = b"/watchword/1/receipts/x?messageId=a1&status=delivered&sig=00"
    for number, body in enumerate((infobip, infobip, twilio, vonage, vonage, generic)):
        yield bytes([number]) + b"/x\napplication/json\n\n" + body
        yield bytes([number]) + form + b"\napplication/x-www-form-urlencoded\n\n" + twilio


def wav(tag, channels, hz, bits, samples, length=None):
    """A WAV file of that shape, with a chunk that nobody needs."""
    form = struct.pack("<HHIIHH", tag, channels, hz, hz * channels * bits // 8,
                       channels * bits // 8, bits)
    data = b"data" + struct.pack("<I", len(samples) if length is None else length) + samples
    return b"RIFF....WAVELIST\3\0\0\0abc\0fmt \x10\0\0\0" + form + data


BOUNCE = """To: b+{id}@a.example
Content-Type: multipart/report;
 boundary="x/y"

--x/y
Content-Type: message/delivery-status
Content-Transfer-Encoding: quoted-printable

Reporting-MTA: dns; a

Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550-5.1.1 no=
 user

--x/y
Content-Type: message/rfc822

Message-ID: <{id}@a.example>

--x/y--
"""

SEEDS = {
    "bounce": [BOUNCE.format(id="0123456789abcdef" * 2).encode(),
               BOUNCE.format(id="x").replace("\n", "\r\n").encode()],
    "smtp_reply": [b"\0" b"550-5.1.1 no\n550 5.1.1 user", b"\1" b"421 4.7.0", b"\2" b"552"],
    "conf": [
        b"listen: 127.0.0.1:0\nlimits: {resend_interval: 0s}\n",
        b"carriers:\n  - {name: main, type: smpp, host: localhost, port: 2775, system_id: a,"
        b" password: b}\nroutes:\n  - {prefix: '41', carriers: [main], sender: null}\n",
        b"carriers:\n- name: g\n  type: generic\n  url: https://x.example/?to={{to}}\n"
        b"  results: {'=queued': accepted, 4xx: refused}\n"],
    "form": [b"name=a+b&configuration=%7B%7D", b"pin=12%2034&x", b"i=5&d=0.5&=&%zz=1"],
    "gateway_answer": list(answers()),
    "gateway_receipt": list(receipts()),
    "headers": [b"\0" b"198.51.100.7, 10.1.1.1\nApp key\nBasic dTpw\n",
                b"\1" b"for=\"[2001:db8::1]:80\";proto=https, for=10.1.1.1\nBearer x\nIBSSO y\n"],
    "json_lenient": [
        b"\xef\xbb\xbf{\"id\":10014255632117358197.50,\"s\":\"\\ud83d\\u0000\n\xff\\x\",\"s\":007,}x",
        b"[{\"a\":[1,-9223372036854775808,9223372036854775808,true,nUll]}]"],
    "http_request": [b"\0" + PLAIN, b"\3" + CHUNKED, b"\xff" + PLAIN[:40] + CHUNKED,
                     b"\1GET / HTTP/1.0\r\n\r\n",
                     b"\0" + CHUNKED.replace(b"008", b"10000000000000004")],
    "json": [b'{"t":"a","l":5,"i":4.0,"b":"TRUE","d":1.5,"o":{"a":"x"},"v":[1,{}]}',
             b'{"t":"\\ud83d\\ude00","i":-5,"o":[],"v":9223372036854775808}',
             b"\xef\xbb\xbf{}", b'{"t":1e400}', b"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"],
    "jwt": [b"a.b.c\n{\"alg\":\"HS256\",\"typ\":\"JWT\"}\n{\"payload_hash\":\"00\"}",
            b"..\n{\"alg\":\"none\"}\n{}", b"e30.e30.\n[]\n1"],
    "mailbox": [b" Jane.O'N+tag@Example.COM", "j\u00fcrgen@ex\u00e4mple.org".encode(),
                b"Jane <jane@example.com>", b"a@b\r\nBcc: c@d"],
    "naptr": [b"\0\1u\nE2U+sip\ne164.arpa\n", b"\0\1U\nE2U+pstn:tel+unused\nx\n"],
    "number": ["+41 79 302 67 27".encode(), "\u202d+41(0)79\u00a0302\u20116727\u202c".encode(),
               "\u0664\u0661\u0667\u0669\u0663\u0660\u0662\u0666\u0667\u0662\u0667".encode(),
               b"tel:+39 06 698", b"0041793026727"],
    "pin_typed": [b"\0" b"048213", b"\0" b"048 213\r\n", b"\2" b"09AF-BE",
                  "\0\u0660\u0664\u0668\u0662\u0661\u0663".encode()],
    "render": [b"name\nYour {{pin}} for {{name}} and {{other}}", b"pin\n{{{{pin}}}}"],
    "row": [b"\0" b"\x80\xd0\x95\xff\xbc\x31\1\1\5\1\0", b"\1" + bytes(276)],
    "sip": [
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
        b"From: <sip:1@x>;tag=a\r\nTo: <sip:2@x>;tag=b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:2@192.0.2.2:5062;transport=udp>\r\nRecord-Route: <sip:192.0.2.3;lr>\r\n"
        b"Session-Expires: 90;refresher=uac\r\nReason: Q.850;cause=16\r\nContent-Length: 0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:1@x>;tag=a\r\n"
        b"To: <sip:2@x>;tag=b\r\nTo: <sip:2@x>;t\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
        b"Contact: <sip:2@192.0.2.2>\r\nContent-Length: 0\r\n\r\n",
        b"SIP;cause=480, Q.850 ; cause=19;text=\"x\""],
    "smpp_pdu": [
        deliver(RECEIPT), deliver(RECEIPT.decode().encode("utf-16-be"), 8),
        deliver(RECEIPT, after=b"\0"), deliver(RECEIPT, after=b"\0\x1e\0\5" b"001a\0"),
        deliver(b"hello", esm_class=0), pdu(0x80000004, b"1a\0"),
        pdu(0x80000004, b"\4\x25\0\1\1", 11), pdu(0x80000000, b"", 8), pdu(0x15, b"")],
    "sms_text": [bytes([own]) + text.encode() for own in range(4) for text in (
        "Your PIN is 1234 @ £", "1234567890" * 17, "é€[]~" * 40, "\U0001f600" * 80)],
    "spoken": ["Your code is {{pin}}. Keep it, {{a}}! {{pin}}\n1.5 {{}} \u3002x".encode(),
               b"{{pin}}{{a}}{{pin}}", b" ... ?!"],
    "text_lint": [bytes([choice]) + text.encode() for choice in (1, 3, 7, 9, 64 + 5, 255)
                  for text in (
                      "O\u2019Hara\n\u201c{{name}}\u201d, your PIN\u00a0is {{pin}}\u2026",
                      "x" * 100 + "\n{{name}}{{other}} {{pin}}" + "\u20ac[" * 30,
                      '{"de":{"messageText":"{{pin}}","voiceName":"V"},"pt-BR":{"messageText":"x"}}')],
    "wav": [wav(1, 1, 8000, 16, bytes(range(256)) * 4), wav(1, 2, 44100, 8, b"\x80\xff" * 600),
            wav(7, 1, 8000, 8, bytes(range(256))), wav(6, 1, 4000, 8, bytes(range(256))),
            wav(1, 1, 22050, 16, b"\0\x40\0\xc0" * 300, 0x7ffff000),
            wav(0xfffe, 1, 8000, 16, b"\0\1" * 40)],
    "lookup_answer": [
        b"\0" b'{"results":[{"to":"41793026727","status":{"groupId":3,"groupName":"DELIVERED"}}]}',
        b"\1" b'{"reachable":"yes"}', b"\1" b'{"reachable":[1]}', b"\0" b"<html>"],
    "xml": [b"<?xml version='1.0'?><a><to>41</to><p><a_x0020_b>&lt;<![CDATA[x]]></a_x0020_b></p></a>",
            b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b'{"a":[{"b":"\\u0001"},1.5],"c d":true}'],
    "keyring": [b"# Watchword keys\n1 1800000000000 1800090000000 " + b"ab" * 32 + b"\n",
                b"1 2 3 " + b"00" * 32 + b" 0123456789abcdef\n", b"\0" * 100, b"1 2\n"],
}


def main():
    folder = Path(sys.argv[1])
    for target, seeds in SEEDS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, octets in enumerate(seeds):
            (folder / target / f"seed-{number}").write_bytes(octets)


if __name__ == "__main__":
    main()
