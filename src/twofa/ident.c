/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/ident.h"

#include "base/secret.h"

enum { MS_LEN = 6 };

static void
put_ms(struct ident *id, int64_t ms)
{
	for (int i = 0; i < MS_LEN; i++)
		id->bytes[i] = (uint8_t)((uint64_t)ms >> 8 * (MS_LEN - 1 - i));
}

void
ident_make(struct ident *out, int64_t now_ms, const struct entropy *e)
{
	put_ms(out, now_ms);
	e->fill(e, out->bytes + MS_LEN, IDENT_LEN - MS_LEN);
}

void
ident_floor(struct ident *out, int64_t at_ms)
{
	*out = (struct ident){{0}};
	put_ms(out, at_ms < 0 ? 0 : at_ms);
}

int64_t
ident_ms(const struct ident *id)
{
	uint64_t ms = 0;

	for (int i = 0; i < MS_LEN; i++)
		ms = ms << 8 | id->bytes[i];
	return (int64_t)ms;
}

void
ident_text(const struct ident *id, char out[IDENT_TEXT_LEN + 1])
{
	secret_hex_upper(id->bytes, IDENT_LEN, out);
}

bool
ident_parse(struct span text, struct ident *out)
{
	return secret_from_hex(text, out->bytes, IDENT_LEN);
}

/* Not all zero: that is what people write for an id that there is not, and they are told
 * as of any other id that is well formed. */
static const struct ident none = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x6e, 0x6f, 0x6e,
    0x65, 0xb1, 0x4c, 0x8d, 0x27, 0xe3, 0x59}};

struct ident
ident_parse_or_none(struct span text)
{
	struct ident id;

	return ident_parse(text, &id) ? id : none;
}

bool
ident_is_none(const struct ident *id)
{
	return ident_compare(id, &none) == 0;
}

int
ident_compare(const struct ident *a, const struct ident *b)
{
	return memcmp(a->bytes, b->bytes, IDENT_LEN);
}
