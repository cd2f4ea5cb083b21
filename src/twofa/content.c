/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/content.h"

enum { TEXTS_MAX = 3, NAMES_MAX = 3 };

/* 0, which is where the channel is, ends a row. */
#define AT(member) offsetof(struct content, member)

/* The texts of each part, the first of which is always there, and how they are filled. */
static const struct content_text {
	size_t at;
	void (*render)(struct buf *out, struct span text, const struct render_fill *fill);
} texts[CHANNEL_COUNT][TEXTS_MAX] = {
    [CHANNEL_SMS] = {{AT(sms.text), render_text}},
    [CHANNEL_VOICE] = {{AT(voice.text), render_text}},
    [CHANNEL_EMAIL] = {{AT(email.subject), render_text}, {AT(email.text), render_text},
	{AT(email.html), render_html}},
};

/* Other names that a part points to. */
static const size_t names[CHANNEL_COUNT][NAMES_MAX] = {
    [CHANNEL_SMS] = {AT(sms.dlt_entity), AT(sms.dlt_template), AT(sms.dlt_telemarketer)},
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
}

enum err
content_render(struct content *to, const struct content *from,
    const struct render_fill *fill, struct buf *out)
{
	const struct content_text *t;
	size_t begin[TEXTS_MAX];

	*to = *from;
	for (size_t i = 0; (t = text_at(from, i)) != NULL; i++) {
		begin[i] = out->len;
		t->render(out, *text_of(from, t), fill);
		text_of(to, t)->len = out->len - begin[i];
	}
	/* the buffer may have moved while it grew */
	for (size_t i = 0; (t = text_at(from, i)) != NULL; i++)
		text_of(to, t)->ptr = out->ptr + begin[i];
	return out->failed ? ERR_TOO_LARGE : OK;
}
