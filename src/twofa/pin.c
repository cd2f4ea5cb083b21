/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/pin.h"

#include "base/fold.h"
#include "base/secret.h"

static const struct {
	const char *name;
	const char *alphabet;
} types[] = {
    [PIN_NUMERIC] = {"NUMERIC", "0123456789"},
    [PIN_ALPHA] = {"ALPHA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    [PIN_HEX] = {"HEX", "0123456789abcdef"},
    [PIN_ALPHANUMERIC] = {"ALPHANUMERIC", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    [PIN_NUMERIC_CLEAR] = {"NUMERIC", "0123456789"},
    [PIN_ALPHA_CLEAR] = {"ALPHA", "ABCDEFGHJKLMNPQRSTUVWXYZ"},
    [PIN_HEX_CLEAR] = {"HEX", "0123456789abcdef"},
    [PIN_ALPHANUMERIC_CLEAR] = {"ALPHANUMERIC", "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"},
};

/* Symbols that look alike, in small letters. */
static const char *const look_alikes[] = {"0o", "1il"};

static const char label[] = "pin/v1"; /* with its 0 octet */

enum { OCTET_VALUES = 256, SEED_MAX = 192 };

const char *
pin_type_name(enum pin_type type)
{
	INVARIANT((unsigned)type < PIN_TYPE_COUNT);
	return types[type].name;
}

bool
pin_type_find(struct span name, enum pin_type *out)
{
	for (unsigned i = 0; i < PIN_TYPE_NAMES; i++)
		if (span_equal_nocase(name, types[i].name)) {
			*out = (enum pin_type)i;
			return true;
		}
	*out = PIN_HEX;
	return span_equal_nocase(name, "HEXA");
}

bool
pin_type_is_clear(enum pin_type type)
{
	return type >= PIN_TYPE_NAMES;
}

enum pin_type
pin_type_with(enum pin_type type, bool clear)
{
	unsigned name = (unsigned)type % PIN_TYPE_NAMES;

	return (enum pin_type)(clear ? name + PIN_TYPE_NAMES : name);
}

const char *
pin_type_alphabet(enum pin_type type)
{
	INVARIANT((unsigned)type < PIN_TYPE_COUNT);
	return types[type].alphabet;
}

/* ---- what is authenticated ---- */

struct seed {
	uint8_t octets[SEED_MAX];
	size_t len;
};

static void
put_field(struct seed *s, const void *ptr, size_t len)
{
	INVARIANT(len <= UINT8_MAX && s->len + 1 + len <= SEED_MAX);
	s->octets[s->len++] = (uint8_t)len;
	memcpy(s->octets + s->len, ptr, len);
	s->len += len;
}

static void
put_be32(struct seed *s, uint32_t n)
{
	const uint8_t octets[4] = {
	    (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	put_field(s, octets, sizeof(octets));
}

/* Everything but the number of the block. */
static void
put_recipe(struct seed *s, const struct pin_recipe *r)
{
	const char *alphabet = pin_type_alphabet(r->type);
	uint8_t length = (uint8_t)r->length;

	memcpy(s->octets, label, sizeof(label));
	s->len = sizeof(label);
	put_field(s, r->account.bytes, IDENT_LEN);
	put_field(s, r->application.bytes, IDENT_LEN);
	put_field(s, r->pin_id.bytes, IDENT_LEN);
	put_field(s, r->salt, PIN_SALT_LEN);
	put_be32(s, r->generation);
	put_field(s, alphabet, strlen(alphabet));
	put_field(s, &length, 1);
}

static void
make_block(const uint8_t key[PIN_KEY_LEN], const struct seed *recipe, uint32_t number,
    uint8_t out[SECRET_MAC_LEN])
{
	struct seed s = *recipe;

	put_be32(&s, number);
	secret_hmac(key, (struct span){(const char *)s.octets, s.len}, out);
}

void
pin_derive(const uint8_t key[PIN_KEY_LEN], const struct pin_recipe *recipe,
    char out[PIN_LENGTH_MAX + 1])
{
	const char *alphabet = pin_type_alphabet(recipe->type);
	size_t k = strlen(alphabet);
	size_t fair = OCTET_VALUES / k * k;
	uint8_t block[SECRET_MAC_LEN];
	struct seed s;
	unsigned n = 0;

	INVARIANT(recipe->length >= PIN_LENGTH_MIN && recipe->length <= PIN_LENGTH_MAX);
	put_recipe(&s, recipe);
	for (uint32_t number = 0; n < recipe->length; number++) {
		make_block(key, &s, number, block);
		for (size_t i = 0; i < sizeof(block) && n < recipe->length; i++)
			if (block[i] < fair)
				out[n++] = alphabet[block[i] % k];
	}
	out[n] = '\0';
	secret_wipe(block, sizeof(block));
}

/* ---- comparing ---- */

static char
lower(int c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Separators between digits, besides characters that never mean anything. */
static bool
is_separator(int c)
{
	return c == FOLD_NOTHING || c == '.' || c == ',' || c == '\'';
}

/*
 * Symbols in one case, padded, so that what is compared has one length whatever was
 * typed; the count may exceed what is kept. Every alphabet has one case.
 */
static size_t
fold(struct span typed, char out[PIN_LENGTH_MAX])
{
	size_t n = 0;

	memset(out, 0, PIN_LENGTH_MAX);
	while (typed.len > 0) {
		int c = fold_next(&typed);

		if (is_separator(c))
			continue;
		if (n < PIN_LENGTH_MAX)
			out[n] = c == FOLD_OTHER ? '?' : lower(c);
		n++;
	}
	return n;
}

/* The symbol of the alphabet that is meant by one that looks like it; others stay. */
static char
resolve(const char *alphabet, char c)
{
	for (size_t i = 0; i < countof(look_alikes) && c != '\0'; i++) {
		if (strchr(look_alikes[i], c) == NULL)
			continue;
		for (const char *s = alphabet; *s != '\0'; s++)
			if (strchr(look_alikes[i], lower(*s)) != NULL)
				return lower(*s);
	}
	return c;
}

static size_t
fold_typed(enum pin_type type, struct span typed, char out[PIN_LENGTH_MAX])
{
	size_t n = fold(typed, out);

	if (pin_type_is_clear(type))
		for (size_t i = 0; i < PIN_LENGTH_MAX; i++)
			out[i] = resolve(pin_type_alphabet(type), out[i]);
	return n;
}

bool
pin_is_blank(struct span typed)
{
	while (typed.len > 0)
		if (!is_separator(fold_next(&typed)))
			return false;
	return true;
}

/* A number as long as the PIN has zeros where it is shorter. */
static size_t
fill_zeros(char digits[PIN_LENGTH_MAX], size_t n, size_t len)
{
	if (n >= len)
		return n;
	memmove(digits + len - n, digits, n);
	memset(digits, '0', len - n);
	return len;
}

static bool
matches(enum pin_type type, const char *pin, struct span typed, bool is_number)
{
	char a[PIN_LENGTH_MAX];
	char b[PIN_LENGTH_MAX];
	size_t len = fold(span_of(pin), a);
	size_t n = fold_typed(type, typed, b);
	bool equal;

	if (is_number)
		n = fill_zeros(b, n, len);
	equal = secret_equal(a, b, PIN_LENGTH_MAX);
	secret_wipe(a, sizeof(a));
	secret_wipe(b, sizeof(b));
	return equal && n == len;
}

bool
pin_matches(enum pin_type type, const char *pin, struct span typed)
{
	return matches(type, pin, typed, false);
}

bool
pin_matches_number(enum pin_type type, const char *pin, struct span digits)
{
	return matches(type, pin, digits, true);
}
