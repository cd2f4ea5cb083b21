/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/phone.h"

#include "base/fold.h"
#include "twofa/numbering.h"

/* Room for a trunk prefix in front of the longest number. */
enum { TRUNK_LEN_MAX = 2, READ_MAX = PHONE_DIGITS_MAX + TRUNK_LEN_MAX };

/* A number while it is read. */
struct reading {
	char digits[READ_MAX + 1];
	size_t len;
	bool plus;
	bool opened;
	size_t open_at; /* digits in front of the parenthesis */
	/* The first parenthesis behind other digits that holds no more than a trunk
	 * prefix; none has a length of 0. */
	size_t aside_at;
	size_t aside_len;
};

static void
close_parenthesis(struct reading *r)
{
	size_t len = r->len - r->open_at;

	if (r->opened && r->aside_len == 0 && r->open_at > 0 && len <= TRUNK_LEN_MAX) {
		r->aside_at = r->open_at;
		r->aside_len = len;
	}
	r->opened = false;
}

/* A mark between digits; false for any other character. */
static bool
take_mark(struct reading *r, int c)
{
	switch (c) {
	case FOLD_NOTHING:
	case '.':
	case '/':
	case '~':
		return true;
	case '(':
	case '[':
		r->opened = true;
		r->open_at = r->len;
		return true;
	case ')':
	case ']':
		close_parenthesis(r);
		return true;
	default:
		return false;
	}
}

/* Nearly all are digits of ASCII. */
static int
next(struct span *text)
{
	char c = text->ptr[0];

	if (c < '0' || c > '9')
		return fold_next(text);
	text->ptr++;
	text->len--;
	return c;
}

static bool
read_number(struct span text, struct reading *r)
{
	*r = (struct reading){.len = 0};
	while (text.len > 0) {
		int c = next(&text);

		if (c >= '0' && c <= '9' && r->len < READ_MAX)
			r->digits[r->len++] = (char)c;
		else if (c == '+' && r->len == 0 && !r->plus)
			r->plus = true;
		else if (!take_mark(r, c))
			return false;
	}
	r->digits[r->len] = '\0';
	return r->len >= PHONE_DIGITS_MIN && r->digits[0] != '0';
}

static void
drop(struct reading *r, size_t at, size_t len)
{
	memmove(r->digits + at, r->digits + at + len, r->len - at - len + 1);
	r->len -= len;
}

static struct span
national(const struct reading *r, const struct numbering_plan *p)
{
	return (struct span){r->digits + p->code_len, r->len - p->code_len};
}

/* A prefix in parentheses is meant for callers within the country; one without is known
 * by the plan alone. */
static void
drop_trunks(struct reading *r, const struct numbering_plan *p)
{
	struct span aside = {r->digits + r->aside_at, r->aside_len};
	size_t len;

	if (r->aside_at == p->code_len && numbering_is_trunk(p, aside))
		drop(r, p->code_len, aside.len);
	while ((len = numbering_trunk_len(p, national(r, p))) > 0)
		drop(r, p->code_len, len);
}

enum err
phone_canonical(struct span text, char out[PHONE_DIGITS_MAX + 1])
{
	const struct numbering_plan *p;
	struct reading r;

	out[0] = '\0';
	if (!read_number(text, &r))
		return ERR_INVALID;
	p = numbering_find(r.digits);
	if (p != NULL)
		drop_trunks(&r, p);
	if (r.len > PHONE_DIGITS_MAX ||
	    (p != NULL && !numbering_fits(p, r.len - p->code_len)))
		return ERR_INVALID;
	memcpy(out, r.digits, r.len + 1);
	return OK;
}

/* ---- for who sent it ---- */

/* "9", "9 or 10", "7, 9 or 10". */
static const char *
lengths_of(const struct numbering_plan *p, struct arena *a)
{
	const char *text = "";
	unsigned last = 0;

	for (unsigned n = 1; n <= PHONE_DIGITS_MAX; n++)
		if (numbering_fits(p, n))
			last = n;
	for (unsigned n = 1; n <= PHONE_DIGITS_MAX; n++) {
		if (!numbering_fits(p, n))
			continue;
		text = text[0] == '\0' ? arena_printf(a, "%u", n)
				       : arena_printf(a, "%s%s%u", text,
					     n == last ? " or " : ", ", n);
	}
	return text;
}

const char *
phone_misfit(struct span text, struct arena *a)
{
	const struct numbering_plan *p;
	struct reading r;

	p = read_number(text, &r) ? numbering_find(r.digits) : NULL;
	if (p == NULL)
		return NULL;
	drop_trunks(&r, p);
	return arena_printf(a, "%s digits come after the calling code %u, not %zu",
	    lengths_of(p, a), p->code, r.len - p->code_len);
}

const char *
phone_fault(struct span text, struct arena *a)
{
	const char *misfit = phone_misfit(text, a);

	if (misfit != NULL)
		return arena_printf(
		    a, "must be a phone number in international format: %s", misfit);
	return arena_printf(a,
	    "must be a phone number in international format, %d to %d digits, such as "
	    "41793026727",
	    PHONE_DIGITS_MIN, PHONE_DIGITS_MAX);
}
