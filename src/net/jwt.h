/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Tokens in their compact form (RFC 7519, 7515), as vendors' APIs want them from
 * their callers (RS256) and prove their webhooks with (HS256). The meaning of claims, and
 * how long they hold, is each API's.
 */
#ifndef WW_JWT_H
#define WW_JWT_H

#include <jansson.h>

#include "base/arena.h"

enum { JWT_LEN_MAX = 8192 };

/* Why that text is no private key for RS256 (PEM, RSA of 2048 bits or more: RFC
 * 7518 3.3); NULL: it is one. */
const char *jwt_key_fault(const char *pem);
/* A token of these claims, a JSON object as text; of mem_*. NULL: there is no such key.
 */
char *jwt_sign(const char *pem, struct span claims) MUST_CHECK;
/*
 * The claims of a token that this secret has signed with HS256 and no other algorithm;
 * the caller's to release. ERR_FORBIDDEN: it is none.
 */
enum err jwt_open(struct arena *a, struct span token, struct span secret,
    json_t **claims_out) MUST_CHECK;

#endif
