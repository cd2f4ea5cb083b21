/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/api_key.h"

#include <stdio.h>

static const char base62[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { PREFIX_LEN = 3, BODY_LEN = PREFIX_LEN + 27, CRC_LEN = 6 };

static uint32_t
crc32_of(struct span s)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (uint8_t)s.ptr[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
	}
	return ~crc;
}

static void
put_crc(struct span body, char out[CRC_LEN])
{
	uint32_t crc = crc32_of(body);

	for (int i = CRC_LEN - 1; i >= 0; i--) {
		out[i] = base62[crc % 62];
		crc /= 62;
	}
}

/* An octet below 248 = 4 * 62 gives every symbol equally often. */
static char
random_symbol(const struct entropy *e)
{
	uint8_t octet;

	do {
		e->fill(e, &octet, 1);
	} while (octet >= 248);
	return base62[octet % 62];
}

void
api_key_make(const struct entropy *e, char out[API_KEY_LEN + 1])
{
	memcpy(out, "ww_", PREFIX_LEN);
	for (int i = PREFIX_LEN; i < BODY_LEN; i++)
		out[i] = random_symbol(e);
	put_crc((struct span){out, BODY_LEN}, out + BODY_LEN);
	out[API_KEY_LEN] = '\0';
}

void
api_key_make_uuid(const struct entropy *e, char out[UUID_TEXT_LEN + 1])
{
	uint8_t bytes[16];
	char hex[2 * sizeof(bytes) + 1];

	e->fill(e, bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	secret_hex_lower(bytes, sizeof(bytes), hex);
	snprintf(out, UUID_TEXT_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
	    hex + 12, hex + 16, hex + 20);
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(hex, sizeof(hex));
}

void
api_key_make_v1(const struct entropy *e, char out[API_KEY_V1_LEN + 1])
{
	uint8_t bytes[16];

	e->fill(e, bytes, sizeof(bytes));
	secret_hex_lower(bytes, sizeof(bytes), out);
	out[2 * sizeof(bytes)] = '-';
	api_key_make_uuid(e, out + 2 * sizeof(bytes) + 1);
	secret_wipe(bytes, sizeof(bytes));
}

void
api_key_hash(struct span key, uint8_t out[SECRET_HASH_LEN])
{
	secret_hash(key, out);
}

void
api_key_id(const uint8_t hash[SECRET_HASH_LEN], char out[API_KEY_ID_LEN + 1])
{
	secret_hex_upper(hash, API_KEY_ID_LEN / 2, out);
}
