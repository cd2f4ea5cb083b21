/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text as the parts of a short message (3GPP TS 23.038, TS 23.040 9.2.3.24.1).
 *
 * The alphabet is the carrier's own when every character is in it, otherwise UCS-2 in
 * its UTF-16 reading (big endian, surrogate pairs). In the GSM 7 bit default alphabet
 * with its extension table one part holds 160 septets, in all others 140 octets; with
 * concatenation 153 or 134 each. A part never ends inside an escape sequence or a
 * surrogate pair.
 *
 * GSM septets are left unpacked, one an octet, as SMPP carries them.
 */
#ifndef WW_SMS_TEXT_H
#define WW_SMS_TEXT_H

#include "base/arena.h"

/* ISO 8859-1 and IA5 are of some SMSCs (SMPP 3.4 5.2.19). */
enum sms_alphabet { SMS_GSM7, SMS_UCS2, SMS_LATIN1, SMS_ASCII };

enum {
	SMS_PARTS_MAX = 255,
	SMS_PART_LEN_MAX = 160, /* octets as above, without the header */
	SMS_UDH_LEN = 6,
};

struct sms_parts {
	enum sms_alphabet alphabet;
	unsigned count;
	const struct span *parts; /* `count` of them; octets in the arena, no header */
};

/* In `own` or UCS-2. ERR_SYNTAX: not UTF-8. ERR_TOO_LARGE: more than SMS_PARTS_MAX parts.
 * The empty text is one empty part. */
enum err sms_text_split_in(enum sms_alphabet own, struct arena *a, struct span text,
    struct sms_parts *out) MUST_CHECK;
/* The same in GSM 7 bit or UCS-2. */
enum err sms_text_split(
    struct arena *a, struct span text, struct sms_parts *out) MUST_CHECK;
/* Octets of a character in that alphabet, as above; 0: it is not in it. */
unsigned sms_text_units(enum sms_alphabet alphabet, uint32_t character);
/* The same of a text. ERR_SYNTAX: not UTF-8; ERR_INVALID: not all of it is in it. */
enum err sms_text_len(
    enum sms_alphabet alphabet, struct span text, size_t *len_out) MUST_CHECK;
/* "GSM7", "LATIN1", "ASCII", "UCS2". */
const char *sms_text_alphabet_name(enum sms_alphabet alphabet);
/* Octets of the concatenation header: 05 00 03 reference total sequence (1-based). */
void sms_text_udh(
    uint8_t reference, unsigned total, unsigned sequence, uint8_t out[SMS_UDH_LEN]);
/* One character in GSM 7 bit: 1 or 2 septets into out, or 0 when it is not in the
 * alphabet. */
unsigned sms_text_gsm(uint32_t character, uint8_t out[2]);

#endif
