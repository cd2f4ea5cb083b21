/* SPDX-License-Identifier: Apache-2.0 */
#include "net/jwt.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "base/json_lenient.h"
#include "base/secret.h"
#include "net/http_sign.h"

enum { BITS_MIN = 2048, MAC_TEXT_LEN = 43 };

/* ---- base64url without padding (RFC 7515 2) ---- */

static void
put_base64url(struct buf *out, const void *ptr, size_t len)
{
	size_t begin = out->len;
	char *text = mem_array(4 * ((len + 2) / 3) + 1, 1);

	EVP_EncodeBlock((unsigned char *)text, ptr, (int)len);
	buf_add_text(out, text);
	mem_free(text);
	for (size_t i = begin; i < out->len; i++)
		if (out->ptr[i] == '+')
			out->ptr[i] = '-';
		else if (out->ptr[i] == '/')
			out->ptr[i] = '_';
	while (out->len > begin && out->ptr[out->len - 1] == '=')
		out->len--;
}

/* ---- signing ---- */

static EVP_PKEY *
read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key;

	RESOURCE(bio != NULL);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

const char *
jwt_key_fault(const char *pem)
{
	EVP_PKEY *key = read_key(pem);
	const char *fault = NULL;

	if (key == NULL)
		fault = "is no private key in PEM without a passphrase";
	else if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		fault = "is no RSA key";
	else if (EVP_PKEY_get_bits(key) < BITS_MIN)
		fault = "has less than 2048 bits";
	EVP_PKEY_free(key);
	return fault;
}

/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 3.3). */
static bool
put_signature(struct buf *out, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = (size_t)EVP_PKEY_get_size(key);
	unsigned char *signature = mem_array(len, 1);
	bool signed_it;

	RESOURCE(ctx != NULL);
	signed_it = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSign(ctx, signature, &len, (const unsigned char *)out->ptr,
			out->len) == 1;
	buf_add_char(out, '.');
	if (signed_it)
		put_base64url(out, signature, len);
	EVP_MD_CTX_free(ctx);
	mem_free(signature);
	ERR_clear_error();
	return signed_it;
}

char *
jwt_sign(const char *pem, struct span claims)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	EVP_PKEY *key = read_key(pem);
	struct buf token;
	char *text = NULL;

	if (key == NULL)
		return NULL;
	buf_init(&token, JWT_LEN_MAX);
	put_base64url(&token, header, sizeof(header) - 1);
	buf_add_char(&token, '.');
	put_base64url(&token, claims.ptr, claims.len);
	if (put_signature(&token, key)) {
		buf_add_char(&token, '\0');
		text = token.failed ? NULL : mem_text(token.ptr);
	}
	buf_fini(&token);
	EVP_PKEY_free(key);
	return text;
}

/* ---- reading ---- */

static const char *
mac_text(struct arena *a, struct span secret, struct span text)
{
	char *mac =
	    arena_text(a, span_of(http_sign_hmac_base64(a, "sha256", secret, text)));

	for (size_t i = 0; mac[i] != '\0'; i++)
		if (mac[i] == '+')
			mac[i] = '-';
		else if (mac[i] == '/')
			mac[i] = '_';
	mac[MAC_TEXT_LEN] = '\0'; /* one = is its padding */
	return mac;
}

/* Its octets are believed already, so that how they are spelled does not matter. */
static json_t *
read_part(struct arena *a, struct span part)
{
	uint8_t *text = arena_alloc(a, part.len + 1);
	size_t len = 0;
	json_t *doc = NULL;

	if (!secret_from_base64(part, text, part.len, &len) ||
	    json_lenient_parse((struct span){(char *)text, len}, &doc) != OK)
		return NULL;
	if (json_is_object(doc))
		return doc;
	json_decref(doc);
	return NULL;
}

static bool
says_hs256(struct arena *a, struct span header)
{
	json_t *doc = read_part(a, header);
	const char *alg = json_string_value(json_object_get(doc, "alg"));
	bool says = alg != NULL && strcmp(alg, "HS256") == 0;

	json_decref(doc);
	return says;
}

enum err
jwt_open(struct arena *a, struct span token, struct span secret, json_t **claims_out)
{
	const char *dot = token.len == 0 || token.len > JWT_LEN_MAX
			      ? NULL
			      : memchr(token.ptr, '.', token.len);
	struct span header = {token.ptr, dot == NULL ? 0 : (size_t)(dot - token.ptr)};
	struct span rest = {header.ptr, 0};
	struct span signature;
	const char *second;

	if (dot == NULL)
		return ERR_FORBIDDEN;
	rest = (struct span){dot + 1, token.len - header.len - 1};
	second = rest.len == 0 ? NULL : memchr(rest.ptr, '.', rest.len);
	if (second == NULL)
		return ERR_FORBIDDEN;
	signature = (struct span){second + 1, rest.len - (size_t)(second - rest.ptr) - 1};
	rest.len = (size_t)(second - rest.ptr);
	if (!http_sign_equal(
		mac_text(a, secret, (struct span){token.ptr, header.len + 1 + rest.len}),
		signature) ||
	    !says_hs256(a, header))
		return ERR_FORBIDDEN;
	*claims_out = read_part(a, rest);
	return *claims_out == NULL ? ERR_FORBIDDEN : OK;
}
