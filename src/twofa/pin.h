/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PIN is never stored: it is recomputed from the node's key and the PIN row.
 *
 *   block(i) = HMAC-SHA-256(key, "pin/v1" 00 | F(account) | F(application) | F(pin_id)
 *                | F(salt) | F(generation, be32) | F(alphabet) | F(length, 1 octet)
 *                | F(i, be32)),         F(x) = length of x in one octet, then x
 *
 * The octets of block(0), block(1), ... are taken in order; with k symbols an
 * octet b counts when b < floor(256/k)*k and gives symbol b mod k, so that every
 * PIN is equally likely. `alphabet` is the string of symbols itself.
 */
#ifndef WW_PIN_H
#define WW_PIN_H

#include "twofa/ident.h"

/*
 * The types that callers name, and the same with an unambiguous alphabet. 0 and O look
 * alike, and 1, I and the small l: an unambiguous alphabet has one of each set at most,
 * and a symbol of the set that is typed stands for that one. Stored as these numbers.
 */
enum pin_type {
	PIN_NUMERIC,
	PIN_ALPHA,
	PIN_HEX,
	PIN_ALPHANUMERIC,
	PIN_TYPE_NAMES,
	PIN_NUMERIC_CLEAR = PIN_TYPE_NAMES,
	PIN_ALPHA_CLEAR,
	PIN_HEX_CLEAR,
	PIN_ALPHANUMERIC_CLEAR,
	PIN_TYPE_COUNT
};

enum { PIN_LENGTH_MIN = 1, PIN_LENGTH_MAX = 16, PIN_SALT_LEN = 16, PIN_KEY_LEN = 32 };

struct pin_recipe {
	struct ident account;
	struct ident application;
	struct ident pin_id;
	uint8_t salt[PIN_SALT_LEN];
	uint32_t generation;
	enum pin_type type;
	unsigned length;
};

/* "NUMERIC" ..., of both of a name; by name without regard to case, "HEXA" too: the plain
 * one. */
const char *pin_type_name(enum pin_type type);
bool pin_type_find(struct span name, enum pin_type *out) MUST_CHECK;
bool pin_type_is_clear(enum pin_type type); /* its alphabet is unambiguous */
/* The type of the same name with that alphabet, or without. */
enum pin_type pin_type_with(enum pin_type type, bool clear);
/* "0123456789", "ABC...Z", "0123456789abcdef", "0123...9ABC...Z"; unambiguous: letters
 * without I and O, beside which digits are without 0 and 1. */
const char *pin_type_alphabet(enum pin_type type);
/* The caller wipes `out`. */
void pin_derive(const uint8_t key[PIN_KEY_LEN], const struct pin_recipe *recipe,
    char out[PIN_LENGTH_MAX + 1]);
/*
 * Whether this is what the person was sent. How people and keyboards write it is no part
 * of a PIN (base/fold.h): any script's digits are digits, letters have no case; blanks,
 * dashes, dots, commas, apostrophes and format characters are dropped. A text that then
 * differs is wrong. The time does not depend on where they differ.
 */
bool pin_matches(enum pin_type type, const char *pin, struct span typed);
/* The same of a number's digits: leading zeros, which numbers lose, are put back. */
bool pin_matches_number(enum pin_type type, const char *pin, struct span digits);
/* Nothing is left of it. */
bool pin_is_blank(struct span typed);

#endif
