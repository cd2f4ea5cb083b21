/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/content.h"

#include "twofa/sms_compose.h"

enum { TEXTS_MAX = 3, NAMES_MAX = 5 };

/* 0, which is where the channel is, ends a row. */
#define AT(member) offsetof(struct content, member)

typedef void render_f(struct buf *out, struct buf *pieces, const struct content *c,
    struct span text, const struct render_fill *fill);

static void
short_message(struct buf *out, struct buf *pieces, const struct content *c,
    struct span text, const struct render_fill *fill)
{
	const struct sms_compose from = {
	    text, c->sms.gsm7, c->sms.autofill, c->sms.alphabet};

	(void)pieces;
	(void)sms_compose_add(out, &from, fill);
}

static void
spoken(struct buf *out, struct buf *pieces, const struct content *c, struct span text,
    const struct render_fill *fill)
{
	(void)c;
	render_text_in_pieces(out, pieces, text, fill);
}

static void
plain(struct buf *out, struct buf *pieces, const struct content *c, struct span text,
    const struct render_fill *fill)
{
	(void)c;
	(void)pieces;
	render_text(out, text, fill);
}

static void
html(struct buf *out, struct buf *pieces, const struct content *c, struct span text,
    const struct render_fill *fill)
{
	(void)c;
	(void)pieces;
	render_html(out, text, fill);
}

/* The texts of each part, the first of which is always there, and how they are filled. */
static const struct content_text {
	size_t at;
	render_f *render;
} texts[CHANNEL_COUNT][TEXTS_MAX] = {
    [CHANNEL_SMS] = {{AT(sms.text), short_message}},
    [CHANNEL_VOICE] = {{AT(voice.text), spoken}},
    [CHANNEL_EMAIL] = {{AT(email.subject), plain}, {AT(email.text), plain},
	{AT(email.html), html}},
};

/* Other names that a part points to. */
static const size_t names[CHANNEL_COUNT][NAMES_MAX] = {
    [CHANNEL_SMS] = {AT(sms.dlt_entity), AT(sms.dlt_template), AT(sms.dlt_telemarketer),
	AT(sms.autofill.domain), AT(sms.autofill.android_hash)},
    [CHANNEL_VOICE] = {AT(voice.language), AT(voice.voice_name), AT(voice.repeat_dtmf)},
    [CHANNEL_EMAIL] = {AT(email.landing_page)},
};

static const struct content_text *
text_at(const struct content *c, size_t i)
{
	INVARIANT((unsigned)c->channel < CHANNEL_COUNT);
	return i < TEXTS_MAX && texts[c->channel][i].at != 0 ? &texts[c->channel][i]
							     : NULL;
}

static struct span *
text_of(const struct content *c, const struct content_text *t)
{
	return (void *)((uintptr_t)c + t->at);
}

struct span
content_text(const struct content *c)
{
	return *text_of(c, text_at(c, 0));
}

static void
copy_pieces(struct content_voice *to, const struct content_voice *from, struct arena *a)
{
	size_t len = from->piece_count * sizeof(*from->pieces);

	if (len > 0)
		to->pieces = memcpy(arena_alloc(a, len), from->pieces, len);
}

void
content_copy(struct content *to, const struct content *from, struct arena *a)
{
	const struct content_text *t;

	*to = *from;
	for (size_t i = 0; (t = text_at(from, i)) != NULL; i++) {
		struct span *text = text_of(to, t);

		if (text->ptr != NULL)
			text->ptr = arena_text(a, *text);
	}
	for (size_t i = 0; i < NAMES_MAX && names[from->channel][i] != 0; i++) {
		const char **name = (void *)((char *)to + names[from->channel][i]);

		if (*name != NULL)
			*name = arena_text(a, span_of(*name));
	}
	if (from->channel == CHANNEL_VOICE)
		copy_pieces(&to->voice, &from->voice, a);
}

/* Behind the texts, where any type may stand; its offset. */
static size_t
add_pieces(struct buf *out, const struct buf *pieces)
{
	static const char zeros[_Alignof(struct render_piece)];
	size_t begin;

	buf_add(out, zeros, -out->len % sizeof(zeros));
	begin = out->len;
	buf_add(out, pieces->ptr, pieces->len);
	return begin;
}

enum err
content_render(struct content *to, const struct content *from,
    const struct render_fill *fill, struct buf *out)
{
	const struct content_text *t;
	size_t begin[TEXTS_MAX];
	size_t pieces_begin;
	struct buf pieces;

	buf_init(&pieces, out->len_max);
	*to = *from;
	for (size_t i = 0; (t = text_at(from, i)) != NULL; i++) {
		begin[i] = out->len;
		t->render(out, &pieces, from, *text_of(from, t), fill);
		text_of(to, t)->len = out->len - begin[i];
	}
	pieces_begin = add_pieces(out, &pieces);
	/* the buffer may have moved while it grew */
	for (size_t i = 0; (t = text_at(from, i)) != NULL; i++)
		text_of(to, t)->ptr = out->ptr + begin[i];
	if (to->channel == CHANNEL_VOICE) {
		to->voice.pieces = (const void *)(out->ptr + pieces_begin);
		to->voice.piece_count = pieces.len / sizeof(*to->voice.pieces);
	}
	if (pieces.failed)
		out->failed = true;
	buf_fini(&pieces);
	return out->failed ? ERR_TOO_LARGE : OK;
}
