/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <assert.h>
#include <nettle/hmac.h>
#include <sodium.h>

enum { PASSWORD_PASSES = 2, PASSWORD_MEMORY = 19 * 1024 * 1024 };

void
secret_init(void)
{
	if (sodium_init() < 0)
		panic("libsodium cannot be initialised");
}

void
secret_hmac(const uint8_t key[32], struct span message, uint8_t out[SECRET_MAC_LEN])
{
	secret_hmac_long((struct span){(const char *)key, 32}, message, out);
}

/* Nettle's, as it uses the processor's own SHA-256: 0.34 us where libsodium takes 1.3. */
void
secret_hmac_long(struct span key, struct span message, uint8_t out[SECRET_MAC_LEN])
{
	struct hmac_sha256_ctx state;

	hmac_sha256_set_key(&state, key.len, (const uint8_t *)key.ptr);
	hmac_sha256_update(&state, message.len, (const uint8_t *)message.ptr);
	hmac_sha256_digest(&state, SECRET_MAC_LEN, out);
	secret_wipe(&state, sizeof(state));
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

void
secret_wipe_registers(void)
{
	/* a size for each width of register that the C library may copy with */
	static const size_t sizes[] = {1024, 512, 256, 128, 64, 32, 16};
	static void *(*const volatile copy)(void *, const void *, size_t) = memcpy;
	static const char zeros[1024];
	char to[sizeof(zeros)];

	for (size_t i = 0; i < countof(sizes); i++)
		copy(to, zeros, sizes[i]);
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

bool
secret_from_base64(struct span text, uint8_t *out, size_t len_max, size_t *len_out)
{
	static const int forms[] = {sodium_base64_VARIANT_ORIGINAL,
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING};

	for (size_t i = 0; i < countof(forms); i++) {
		const char *end = NULL;

		if (sodium_base642bin(out, len_max, text.ptr, text.len, " \t\r\n",
			len_out, &end, forms[i]) == 0 &&
		    end == text.ptr + text.len)
			return true;
	}
	return false;
}

enum err
secret_password_hash(struct span password, char out[SECRET_PASSWORD_HASH_LEN])
{
	static_assert(SECRET_PASSWORD_HASH_LEN == crypto_pwhash_STRBYTES, "libsodium's");
	return crypto_pwhash_str_alg(out, password.ptr, password.len, PASSWORD_PASSES,
		   PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0
		   ? OK
		   : ERR_INTERNAL;
}

bool
secret_password_check(const char *hash, struct span password)
{
	return crypto_pwhash_str_verify(hash, password.ptr, password.len) == 0;
}
