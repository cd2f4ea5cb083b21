/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/spoken.h"

/* Pauses at the usual rate: slow enough to write a code down. */
enum {
	PAUSE_TEXT_MS = 250,
	PAUSE_SYMBOL_MS = 300,
	PAUSE_GROUP_MS = 700,
	PAUSE_PIN_MS = 600,
	PAUSE_ROUND_MS = 1200,
	TIMES = 2, /* that a PIN is said */
};

static const char symbols[] = "0123456789abcdefghijklmnopqrstuvwxyz";

struct reader {
	const struct content_voice *voice;
	struct arena *arena;
	struct spoken_phrase *phrases;
	size_t count;
	size_t capacity;
	size_t pin_end;
	unsigned pins;
};

static void
add_phrase(struct reader *r, enum spoken_kind kind, struct span text, unsigned pause_ms)
{
	struct spoken_phrase *p = arena_list_add(
	    r->arena, (void **)&r->phrases, &r->count, &r->capacity, sizeof(*r->phrases));

	*p = (struct spoken_phrase){kind, text, pause_ms};
}

/* ---- the PIN ---- */

/* Groups of three, or of four where that comes out even; what is left over joins the
 * last. Up to five are one group. */
static bool
ends_group(size_t said, size_t len)
{
	size_t size = len % 4 == 0 ? 4 : 3;

	return len > 5 && said % size == 0 && len - said >= size;
}

/* The place in static memory of an ASCII letter or digit, else NULL. */
static const char *
symbol_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	return c == '\0' ? NULL : strchr(symbols, c);
}

static void
read_pin(struct reader *r, struct span pin)
{
	for (size_t i = 0; i < pin.len; i++) {
		const char *symbol = symbol_of(pin.ptr[i]);
		unsigned pause_ms = i + 1 == pin.len             ? PAUSE_PIN_MS
				    : ends_group(i + 1, pin.len) ? PAUSE_GROUP_MS
								 : PAUSE_SYMBOL_MS;

		if (symbol != NULL)
			add_phrase(r, SPOKEN_SYMBOL, (struct span){symbol, 1}, pause_ms);
	}
	if (r->pins++ == 0)
		r->pin_end = r->count;
}

/* ---- the text around it ---- */

/* An end of a sentence at the front: so many octets, or 0. "1.5" has none. */
static size_t
sentence_end(struct span s)
{
	static const char *const wide[] = {
	    "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f"}; /* U+3002, FF01, FF1F */

	if (s.ptr[0] == '\n')
		return 1;
	if (memchr(".!?", s.ptr[0], 3) != NULL)
		return s.len == 1 || memchr(" \t\r\n", s.ptr[1], 4) != NULL ? 1 : 0;
	for (size_t i = 0; i < countof(wide); i++)
		if (s.len >= 3 && memcmp(s.ptr, wide[i], 3) == 0)
			return 3;
	return 0;
}

static bool
is_mute(char c)
{
	return (unsigned char)c < 0x80 && symbol_of(c) == NULL;
}

/* Without what is left of the sentence before: "{{pin}}. Keep it" goes on with "Keep". */
static struct span
trim(struct span s)
{
	while (s.len > 0 && is_mute(s.ptr[0]) && strchr("{<[(&@#$%+", s.ptr[0]) == NULL)
		s = (struct span){s.ptr + 1, s.len - 1};
	while (s.len > 0 && memchr(" \t\r\n", s.ptr[s.len - 1], 4) != NULL)
		s.len--;
	for (size_t i = 0; i < s.len; i++)
		if (!is_mute(s.ptr[i]))
			return s;
	return (struct span){s.ptr, 0};
}

/* Whether any of it came with the send. */
static bool
is_personal(const struct content_voice *v, struct span s)
{
	size_t begin = (size_t)(s.ptr - v->text.ptr);

	for (size_t i = 0; i < v->piece_count; i++) {
		const struct render_piece *p = &v->pieces[i];

		if (p->origin != RENDER_TEMPLATE && p->at < begin + s.len &&
		    p->at + p->len > begin)
			return true;
	}
	return false;
}

static void
read_sentence(struct reader *r, struct span s)
{
	struct span said = trim(s);

	if (said.len > 0)
		add_phrase(r, is_personal(r->voice, said) ? SPOKEN_PERSONAL : SPOKEN_TEXT,
		    said, PAUSE_TEXT_MS);
}

static void
read_text(struct reader *r, struct span s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t end = sentence_end((struct span){s.ptr + i, s.len - i});

		i += end == 0 ? 1 : end;
		if (end == 0)
			continue;
		read_sentence(r, (struct span){s.ptr, i});
		s = (struct span){s.ptr + i, s.len - i};
		i = 0;
	}
	read_sentence(r, s);
}

/* ---- all of it ---- */

static struct span
piece_span(const struct content_voice *v, const struct render_piece *p)
{
	return (struct span){v->text.ptr + p->at, p->len};
}

/* Pieces between two PINs are one text: what a send brought stands inside a sentence. */
static void
read_round(struct reader *r)
{
	const struct content_voice *v = r->voice;
	size_t begin = 0;

	for (size_t i = 0; i < v->piece_count; i++) {
		const struct render_piece *p = &v->pieces[i];

		if (p->origin != RENDER_PIN)
			continue;
		read_text(r, (struct span){v->text.ptr + begin, p->at - begin});
		read_pin(r, piece_span(v, p));
		begin = p->at + p->len;
	}
	read_text(r, (struct span){v->text.ptr + begin, v->text.len - begin});
	if (r->count > 0)
		r->phrases[r->count - 1].pause_ms = PAUSE_ROUND_MS;
}

static void
say_again(struct reader *r, size_t round)
{
	for (size_t i = 0; i < round; i++) {
		const struct spoken_phrase p = r->phrases[i];

		add_phrase(r, p.kind, p.text, p.pause_ms);
	}
}

enum err
spoken_read(const struct content_voice *voice, struct arena *a, struct spoken *out)
{
	struct reader r = {.voice = voice, .arena = a};
	size_t round;

	*out = (struct spoken){0};
	if (voice->piece_count == 0)
		return ERR_INVALID;
	read_round(&r);
	round = r.count;
	if (round == 0)
		return ERR_INVALID;
	for (unsigned said = r.pins; said > 0 && said < TIMES; said += r.pins)
		say_again(&r, round);
	*out = (struct spoken){r.phrases, r.count, round, r.pin_end};
	return r.count > SPOKEN_PHRASES_MAX ? ERR_TOO_LARGE : OK;
}

static void
write_pin(struct buf *out, struct span pin)
{
	for (size_t i = 0; i < pin.len; i++) {
		if (i > 0)
			buf_add_text(out, ", ");
		buf_add_char(out, pin.ptr[i]);
	}
}

void
spoken_write(struct buf *out, const struct content_voice *voice)
{
	if (voice->piece_count == 0)
		buf_add(out, voice->text.ptr, voice->text.len);
	for (size_t i = 0; i < voice->piece_count; i++) {
		struct span s = piece_span(voice, &voice->pieces[i]);

		if (voice->pieces[i].origin == RENDER_PIN)
			write_pin(out, s);
		else
			buf_add(out, s.ptr, s.len);
	}
}
