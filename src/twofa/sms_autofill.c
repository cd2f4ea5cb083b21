/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/sms_autofill.h"

enum { LABEL_MAX = 63 };

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Moves past a label and the dot behind it. */
static bool
is_label(const char **text)
{
	size_t len = strspn(*text, LETTERS DIGITS "-");
	const char *label = *text;

	*text += len;
	if (**text == '.')
		(*text)++;
	return len > 0 && len <= LABEL_MAX && label[0] != '-' && label[len - 1] != '-';
}

bool
sms_autofill_is_domain(const char *text)
{
	size_t len = strlen(text);

	if (len > SMS_AUTOFILL_DOMAIN_MAX || strchr(text, '.') == NULL ||
	    text[len - 1] == '.')
		return false;
	while (*text != '\0')
		if (!is_label(&text))
			return false;
	return true;
}

bool
sms_autofill_is_hash(const char *text)
{
	return strlen(text) == SMS_AUTOFILL_HASH_LEN &&
	       strspn(text, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "+/") ==
		   SMS_AUTOFILL_HASH_LEN;
}

/* Does the message go out in one part? */
static bool
is_one_part(enum sms_alphabet own, const struct buf *out, size_t begin)
{
	struct sms_parts parts;
	struct arena arena;
	bool one;

	arena_init(&arena);
	one = sms_text_split_in(own, &arena,
		  (struct span){out->ptr + begin, out->len - begin}, &parts) == OK &&
	      parts.count == 1;
	arena_fini(&arena);
	return one;
}

static void
end_line(struct buf *out, size_t begin)
{
	if (out->len > begin && out->ptr[out->len - 1] != '\n')
		buf_add_char(out, '\n');
}

static size_t
put_line(struct buf *out, size_t begin, const struct sms_autofill *a, const char *pin)
{
	size_t from;

	if (a->domain == NULL)
		return 0;
	end_line(out, begin);
	from = out->len;
	buf_add_char(out, '@');
	buf_add_text(out, a->domain);
	buf_add_text(out, " #");
	buf_add_text(out, pin);
	return out->len - from;
}

/*
 * How many blanks the line is away from standing whole in the last part: so much of it as
 * stands in the part before. It has only characters of one unit, as a blank has.
 */
static unsigned
blanks_for(enum sms_alphabet own, const struct buf *out, size_t begin, size_t line_len)
{
	struct span text = {out->ptr + begin, out->len - begin};
	struct sms_parts parts;
	struct arena arena;
	unsigned blanks = 0;

	arena_init(&arena);
	if (line_len > 0 && sms_text_split_in(own, &arena, text, &parts) == OK &&
	    parts.count > 1) {
		size_t units = line_len * sms_text_units(parts.alphabet, '@');
		size_t last = parts.parts[parts.count - 1].len;

		if (last < units)
			blanks = (unsigned)((units - last) /
					    sms_text_units(parts.alphabet, ' '));
	}
	arena_fini(&arena);
	return blanks;
}

struct sms_autofill_added
sms_autofill_add(enum sms_alphabet own, struct buf *out, size_t begin,
    const struct sms_autofill *autofill, const char *pin)
{
	struct sms_autofill_added added = {0};
	size_t end;

	/* one is put before the lines, and counted where it stands */
	while (out->len > begin && out->ptr[out->len - 1] == '\n')
		out->len--;
	end = out->len;
	if (autofill->android_hash != NULL) {
		end_line(out, begin);
		buf_add_text(out, autofill->android_hash);
		added.line_len = put_line(out, begin, autofill, pin);
		added.hash = !out->failed && is_one_part(own, out, begin);
	}
	if (added.hash || out->failed)
		return added;
	out->len = end;
	added.line_len = put_line(out, begin, autofill, pin);
	added.blanks = out->failed ? 0 : blanks_for(own, out, begin, added.line_len);
	if (added.blanks == 0)
		return added;
	out->len = end;
	for (unsigned i = 0; i < added.blanks; i++)
		buf_add_char(out, ' ');
	added.line_len = put_line(out, begin, autofill, pin);
	return added;
}
