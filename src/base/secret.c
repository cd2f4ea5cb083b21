/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <sodium.h>

void
secret_init(void)
{
	if (sodium_init() < 0)
		panic("libsodium cannot be initialised");
}

void
secret_hmac(const uint8_t key[32], struct span message, uint8_t out[SECRET_MAC_LEN])
{
	INVARIANT(crypto_auth_hmacsha256(
		      out, (const uint8_t *)message.ptr, message.len, key) == 0);
}

void
secret_hash(struct span message, uint8_t out[SECRET_HASH_LEN])
{
	INVARIANT(crypto_generichash(out, SECRET_HASH_LEN, (const uint8_t *)message.ptr,
		      message.len, NULL, 0) == 0);
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void
secret_wipe(void *ptr, size_t len)
{
	sodium_memzero(ptr, len);
}

static void
to_hex(const void *ptr, size_t len, char *out, const char *digits)
{
	const uint8_t *bytes = ptr;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

void
secret_hex_upper(const void *ptr, size_t len, char *out)
{
	to_hex(ptr, len, out, "0123456789ABCDEF");
}

void
secret_hex_lower(const void *ptr, size_t len, char *out)
{
	to_hex(ptr, len, out, "0123456789abcdef");
}

bool
secret_from_hex(struct span text, uint8_t *out, size_t len)
{
	size_t got = 0;

	if (text.len != 2 * len)
		return false;
	return sodium_hex2bin(out, len, text.ptr, text.len, NULL, &got, NULL) == 0 &&
	       got == len;
}
