/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"

bool
http_sign_digest_exists(const char *digest)
{
	EVP_MD *md = EVP_MD_fetch(NULL, digest, NULL);

	EVP_MD_free(md);
	ERR_clear_error();
	return md != NULL;
}

static size_t
hmac(const char *digest, struct span key, struct span message,
    unsigned char out[EVP_MAX_MD_SIZE])
{
	const EVP_MD *md = EVP_get_digestbyname(digest);
	unsigned len = 0;

	INVARIANT(md != NULL);
	INVARIANT(HMAC(md, key.ptr, (int)key.len, (const unsigned char *)message.ptr,
		      message.len, out, &len) != NULL);
	return len;
}

static const char *
base64(struct arena *a, const void *ptr, size_t len)
{
	char *out = arena_alloc(a, 4 * ((len + 2) / 3) + 1);

	EVP_EncodeBlock((unsigned char *)out, ptr, (int)len);
	return out;
}

const char *
http_sign_hmac_base64(
    struct arena *a, const char *digest, struct span key, struct span message)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	size_t len = hmac(digest, key, message, mac);

	return base64(a, mac, len);
}

const char *
http_sign_hmac_hex(
    struct arena *a, const char *digest, struct span key, struct span message)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	size_t len = hmac(digest, key, message, mac);
	char *out = arena_alloc(a, 2 * len + 1);

	secret_hex_lower(mac, len, out);
	return out;
}

const char *
http_sign_md5_hex(struct arena *a, struct span key, struct span message)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned len = 0;
	char *out;

	RESOURCE(ctx != NULL);
	INVARIANT(EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1);
	INVARIANT(EVP_DigestUpdate(ctx, message.ptr, message.len) == 1);
	INVARIANT(EVP_DigestUpdate(ctx, key.ptr, key.len) == 1);
	INVARIANT(EVP_DigestFinal_ex(ctx, hash, &len) == 1);
	EVP_MD_CTX_free(ctx);
	out = arena_alloc(a, 2 * (size_t)len + 1);
	secret_hex_lower(hash, len, out);
	return out;
}

const char *
http_sign_sha256_hex(struct arena *a, struct span message)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *out;

	INVARIANT(EVP_Digest(message.ptr == NULL ? "" : message.ptr, message.len, hash,
		      &len, EVP_sha256(), NULL) == 1);
	out = arena_alloc(a, 2 * (size_t)len + 1);
	secret_hex_lower(hash, len, out);
	return out;
}

const char *
http_sign_basic(struct arena *a, const char *user, const char *password)
{
	const char *pair = arena_printf(a, "%s:%s", user, password);

	return arena_printf(a, "Basic %s", base64(a, pair, strlen(pair)));
}

bool
http_sign_equal_hex(const char *wanted, struct span given)
{
	uint8_t octets[2][EVP_MAX_MD_SIZE];
	size_t len = strlen(wanted) / 2;

	INVARIANT(
	    len <= EVP_MAX_MD_SIZE && secret_from_hex(span_of(wanted), octets[0], len));
	return secret_from_hex(given, octets[1], len) &&
	       secret_equal(octets[0], octets[1], len);
}

bool
http_sign_equal(const char *wanted, struct span given)
{
	return strlen(wanted) == given.len && secret_equal(wanted, given.ptr, given.len);
}
