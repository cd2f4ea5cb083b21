/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/sms_equal.h"

#include "base/secret.h"
#include "base/utf8.h"

static const char *const rules[GSM7_RULE_COUNT] = {
    [GSM7_KEEP] = "keep", [GSM7_REPLACE] = "replace", [GSM7_REFUSE] = "refuse"};

static const struct {
	uint32_t character;
	const char *equal;
} equals[] = {
#define EQUAL(character, equal) {character, equal},
#include "twofa/sms_equal.def"
#undef EQUAL
};

/* Letters of GSM 7 bit that may come as a letter and a mark behind it. */
static const struct {
	char letter;
	uint16_t mark;
	const char *composed;
} composed[] = {{'a', 0x300, "\xc3\xa0"}, {'e', 0x300, "\xc3\xa8"},
    {'i', 0x300, "\xc3\xac"}, {'o', 0x300, "\xc3\xb2"}, {'u', 0x300, "\xc3\xb9"},
    {'e', 0x301, "\xc3\xa9"}, {'E', 0x301, "\xc3\x89"}, {'N', 0x303, "\xc3\x91"},
    {'n', 0x303, "\xc3\xb1"}, {'A', 0x308, "\xc3\x84"}, {'O', 0x308, "\xc3\x96"},
    {'U', 0x308, "\xc3\x9c"}, {'a', 0x308, "\xc3\xa4"}, {'o', 0x308, "\xc3\xb6"},
    {'u', 0x308, "\xc3\xbc"}, {'A', 0x30a, "\xc3\x85"}, {'a', 0x30a, "\xc3\xa5"},
    {'C', 0x327, "\xc3\x87"}};

const char *
sms_equal_rule_name(enum gsm7_rule rule)
{
	INVARIANT((unsigned)rule < GSM7_RULE_COUNT);
	return rules[rule];
}

bool
sms_equal_rule_find(const char *name, enum gsm7_rule *out)
{
	for (unsigned i = 0; i < GSM7_RULE_COUNT; i++)
		if (strcmp(rules[i], name) == 0) {
			*out = (enum gsm7_rule)i;
			return true;
		}
	return false;
}

const char *
sms_equal_of(uint32_t character)
{
	for (size_t i = 0; i < countof(equals); i++)
		if (equals[i].character == character)
			return equals[i].equal;
	return NULL;
}

static struct span
behind(struct span s, size_t len)
{
	return (struct span){s.ptr + len, s.len - len};
}

/* A letter and its mark at the front: both are moved past. */
static const char *
take_composed(struct span *text)
{
	size_t len;
	uint32_t mark = text->len < 2 ? 0 : utf8_decode(behind(*text, 1), &len);

	for (size_t i = 0; mark != 0 && i < countof(composed); i++)
		if (composed[i].letter == text->ptr[0] && composed[i].mark == mark) {
			*text = behind(*text, 1 + len);
			return composed[i].composed;
		}
	return NULL;
}

/* False: nothing stands for the first character, which is not moved past. */
static bool
put_next(enum sms_alphabet own, struct buf *out, struct span *text)
{
	const char *equal = take_composed(text);
	size_t len = 0;
	uint32_t c;

	if (equal != NULL) {
		buf_add_text(out, equal);
		return true;
	}
	c = utf8_decode(*text, &len);
	if (len == 0)
		return false;
	if (sms_text_units(own, c) > 0) {
		buf_add(out, text->ptr, len);
	} else {
		equal = sms_equal_of(c);
		if (equal == NULL)
			return false;
		buf_add_text(out, equal);
	}
	*text = behind(*text, len);
	return true;
}

/* Into a buffer of its own: an equal may be longer. */
bool
sms_equal_replace(enum sms_alphabet own, struct buf *out, size_t begin)
{
	struct span text = {out->ptr + begin, out->len - begin};
	struct buf other;
	size_t len;
	bool whole = true;

	if (out->failed || text.len == 0 || sms_text_len(own, text, &len) != ERR_INVALID)
		return false;
	buf_init(&other, out->len_max);
	while (whole && text.len > 0)
		whole = put_next(own, &other, &text);
	whole = whole && !other.failed && sms_text_len(own, buf_span(&other), &len) == OK;
	if (whole) {
		secret_wipe(out->ptr + begin, out->len - begin);
		out->len = begin;
		buf_add(out, other.ptr, other.len);
	}
	buf_fini(&other);
	return whole;
}
