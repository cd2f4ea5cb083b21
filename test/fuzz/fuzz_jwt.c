/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token of a webhook: a line of octets as a stranger sends them, which no secret has
 * signed, and then a header and claims of anything, signed.
 */
#include <openssl/evp.h>

#include "base/buf.h"
#include "fuzz.h"
#include "net/http_sign.h"
#include "net/jwt.h"

#define KEY SPAN("a secret of signatures")

static void
put_base64url(struct buf *out, struct span octets)
{
	char text[4 * ((4096 + 2) / 3) + 1];

	INVARIANT(octets.len <= 4096);
	EVP_EncodeBlock((uint8_t *)text,
	    octets.ptr == NULL ? (const uint8_t *)"" : (const uint8_t *)octets.ptr,
	    (int)octets.len);
	for (const char *at = text; *at != '\0' && *at != '='; at++)
		buf_add_char(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
}

static void
open_unsigned(struct arena *a, struct span token)
{
	json_t *claims = NULL;

	INVARIANT(jwt_open(a, token, KEY, &claims) == ERR_FORBIDDEN);
	INVARIANT(claims == NULL);
}

/* Claims come out of a token alone whose header says HS256, as an object. */
static void
open_signed(struct arena *a, struct span header, struct span claims)
{
	struct buf token;
	json_t *doc = NULL;
	const char *mac;
	enum err e;

	buf_init(&token, 4 * JWT_LEN_MAX);
	put_base64url(&token, header);
	buf_add_char(&token, '.');
	put_base64url(&token, claims);
	mac = http_sign_hmac_base64(a, "sha256", KEY, buf_span(&token));
	buf_add_char(&token, '.');
	for (; *mac != '\0' && *mac != '='; mac++)
		buf_add_char(&token, *mac == '+' ? '-' : *mac == '/' ? '_' : *mac);
	e = jwt_open(a, buf_span(&token), KEY, &doc);
	INVARIANT(e == OK || e == ERR_FORBIDDEN);
	INVARIANT((e == OK) == json_is_object(doc));
	json_decref(doc);
	buf_fini(&token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	struct span token = fuzz_line(&in);
	struct span header = fuzz_line(&in);
	struct span claims;
	struct arena arena;

	if (len > 4096)
		return 0;
	claims = fuzz_copy(in.ptr, in.len);
	arena_init(&arena);
	open_unsigned(&arena, token);
	open_signed(&arena, header, claims);
	arena_fini(&arena);
	fuzz_forget(claims);
	return 0;
}
