/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/sms_text.h"

#include "base/utf8.h"

enum { GSM_ESCAPE = 0x1b, HIGH_SURROGATE = 0xd800, LOW_SURROGATE = 0xdc00 };
/* The last two characters of GSM 7 bit. */
enum { GREEK_LAST = 0x3a9, EURO = 0x20ac };

/* In octets as they are here; 140 octets are 70 units of UCS-2. */
static const struct {
	const char *name;
	size_t part;
	size_t part_of_many;
} alphabets[] = {
    [SMS_GSM7] = {"GSM7", 160, 153},
    [SMS_LATIN1] = {"LATIN1", 140, 134},
    [SMS_ASCII] = {"ASCII", 140, 134},
    [SMS_UCS2] = {"UCS2", 140, 134},
};

/* 3GPP TS 23.038 6.2.1; 0x1b is the escape, no character. */
static const uint16_t gsm_basic[128] = {'@', 0xa3, '$', 0xa5, 0xe8, 0xe9, 0xf9, 0xec,
    0xf2, 0xc7, '\n', 0xd8, 0xf8, '\r', 0xc5, 0xe5, 0x394, '_', 0x3a6, 0x393, 0x39b,
    0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0, 0xc6, 0xe6, 0xdf, 0xc9, ' ', '!', '"',
    '#', 0xa4, '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', '0', '1', '2', '3',
    '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', 0xa1, 'A', 'B', 'C', 'D',
    'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U',
    'V', 'W', 'X', 'Y', 'Z', 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, 0xbf, 'a', 'b', 'c', 'd', 'e',
    'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', 0xe4, 0xf6, 0xf1, 0xfc, 0xe0};

/* 3GPP TS 23.038 6.2.1.1: after the escape. */
static const struct {
	uint16_t character;
	uint8_t septet;
} gsm_extension[] = {{'\f', 0x0a}, {'^', 0x14}, {'{', 0x28}, {'}', 0x29}, {'\\', 0x2f},
    {'[', 0x3c}, {'~', 0x3d}, {']', 0x3e}, {'|', 0x40}, {0x20ac, 0x65}};

unsigned
sms_text_gsm(uint32_t character, uint8_t out[2])
{
	if (character == 0 || (character > GREEK_LAST && character != EURO))
		return 0;
	/* Letters and digits stand where ASCII has them. */
	if (character < countof(gsm_basic) && gsm_basic[character] == character) {
		out[0] = (uint8_t)character;
		return 1;
	}
	for (unsigned i = 0; i < countof(gsm_basic); i++)
		if (gsm_basic[i] == character) {
			out[0] = (uint8_t)i;
			return 1;
		}
	for (size_t i = 0; i < countof(gsm_extension); i++)
		if (gsm_extension[i].character == character) {
			out[0] = GSM_ESCAPE;
			out[1] = gsm_extension[i].septet;
			return 2;
		}
	return 0;
}

static unsigned
put_utf16(uint32_t c, uint8_t out[4])
{
	uint32_t high = HIGH_SURROGATE + ((c - 0x10000) >> 10);
	uint32_t low = LOW_SURROGATE + ((c - 0x10000) & 0x3ff);

	if (c <= UINT16_MAX) {
		out[0] = (uint8_t)(c >> 8);
		out[1] = (uint8_t)c;
		return 2;
	}
	out[0] = (uint8_t)(high >> 8);
	out[1] = (uint8_t)high;
	out[2] = (uint8_t)(low >> 8);
	out[3] = (uint8_t)low;
	return 4;
}

/* Visible characters, and those that part lines and columns; C1 (0x80 to 0x9f) is no
 * text. */
static unsigned
put_octet(uint32_t c, bool latin1, uint8_t out[4])
{
	bool ascii = (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r';

	out[0] = (uint8_t)c;
	return ascii || (latin1 && c >= 0xa0 && c <= UINT8_MAX);
}

/* The octets of a character in the alphabet; 0 when it has none there. */
static unsigned
encode(enum sms_alphabet alphabet, uint32_t c, uint8_t out[4])
{
	switch (alphabet) {
	case SMS_GSM7:
		return sms_text_gsm(c, out);
	case SMS_LATIN1:
	case SMS_ASCII:
		return put_octet(c, alphabet == SMS_LATIN1, out);
	case SMS_UCS2:
		break;
	}
	return put_utf16(c, out);
}

unsigned
sms_text_units(enum sms_alphabet alphabet, uint32_t character)
{
	uint8_t octets[4];

	return encode(alphabet, character, octets);
}

enum err
sms_text_len(enum sms_alphabet alphabet, struct span text, size_t *len_out)
{
	uint8_t octets[4];
	enum err e = OK;

	*len_out = 0;
	while (text.len > 0) {
		size_t used;
		uint32_t c = utf8_decode(text, &used);
		unsigned n = used == 0 ? 0 : encode(alphabet, c, octets);

		if (used == 0)
			return ERR_SYNTAX;
		if (n == 0)
			e = ERR_INVALID;
		*len_out += n;
		text = (struct span){text.ptr + used, text.len - used};
	}
	return e;
}

/* Octets that may not be parted stay together, so a part can be an octet or two shorter.
 */
static enum err
fill_parts(
    struct arena *a, struct span text, struct sms_parts *out, size_t len_max, size_t len)
{
	size_t parts_max = len / (len_max - 3) + 1;
	char *octets = arena_alloc(a, len + 1);
	struct span *parts;

	if (parts_max > 2 * SMS_PARTS_MAX)
		return ERR_TOO_LARGE;
	parts = arena_alloc(a, (parts_max + 1) * sizeof(*parts));
	out->count = 1;
	parts[0] = (struct span){octets, 0};
	while (text.len > 0) {
		struct span *part = &parts[out->count - 1];
		uint8_t one[4];
		size_t used;
		uint32_t c = utf8_decode(text, &used);
		unsigned n = encode(out->alphabet, c, one);

		if (part->len + n > len_max) {
			parts[out->count++] = (struct span){part->ptr + part->len, 0};
			part++;
		}
		memcpy(octets, one, n);
		octets += n;
		part->len += n;
		text = (struct span){text.ptr + used, text.len - used};
	}
	out->parts = parts;
	return out->count > SMS_PARTS_MAX ? ERR_TOO_LARGE : OK;
}

enum err
sms_text_split_in(
    enum sms_alphabet own, struct arena *a, struct span text, struct sms_parts *out)
{
	size_t len;
	size_t part;
	enum err e = sms_text_len(own, text, &len);

	if (e == ERR_SYNTAX)
		return e;
	out->alphabet = e == OK ? own : SMS_UCS2;
	if (e != OK && sms_text_len(SMS_UCS2, text, &len) != OK)
		return ERR_SYNTAX;
	part = alphabets[out->alphabet].part;
	if (len > part)
		part = alphabets[out->alphabet].part_of_many;
	return fill_parts(a, text, out, part, len);
}

enum err
sms_text_split(struct arena *a, struct span text, struct sms_parts *out)
{
	return sms_text_split_in(SMS_GSM7, a, text, out);
}

const char *
sms_text_alphabet_name(enum sms_alphabet alphabet)
{
	INVARIANT((unsigned)alphabet < countof(alphabets));
	return alphabets[alphabet].name;
}

void
sms_text_udh(
    uint8_t reference, unsigned total, unsigned sequence, uint8_t out[SMS_UDH_LEN])
{
	INVARIANT(total <= SMS_PARTS_MAX && sequence >= 1 && sequence <= total);
	out[0] = 5; /* octets that follow */
	out[1] = 0; /* concatenation, 8 bit reference */
	out[2] = 3;
	out[3] = reference;
	out[4] = (uint8_t)total;
	out[5] = (uint8_t)sequence;
}
