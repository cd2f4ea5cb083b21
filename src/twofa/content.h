/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a message: a part for each channel, of which a message has that of its
 * own. The same struct holds it twice: with placeholders, as the template has it, on the
 * way from the store to delivery; and rendered, with the PIN in it, for the one submit to
 * a carrier.
 */
#ifndef WW_CONTENT_H
#define WW_CONTENT_H

#include "base/arena.h"
#include "twofa/channel.h"
#include "twofa/render.h"

struct content_sms {
	struct span text;
	/* India's registers (DLT), of the template; NULL: none */
	const char *dlt_entity;
	const char *dlt_template;
	const char *dlt_telemarketer;
};

struct content_voice {
	struct span text;        /* to be spoken */
	const char *language;    /* "pt_br"; NULL: the carrier's */
	const char *voice_name;  /* NULL: the carrier's */
	const char *repeat_dtmf; /* keys that have it said again; NULL: none */
	double speech_rate;      /* 1 is the usual one; 0: not given */
};

struct content_email {
	struct span subject;
	struct span text;         /* empty: there is HTML alone */
	struct span html;         /* empty: there is text alone */
	const char *landing_page; /* NULL: none */
};

struct content {
	enum channel channel; /* whose part it is */
	union {
		struct content_sms sms;
		struct content_voice voice;
		struct content_email email;
	};
};

/* The first of its texts. Its octets are NULL as long as no template was read into it. */
struct span content_text(const struct content *c);
/* All of it, in that arena. */
void content_copy(struct content *to, const struct content *from, struct arena *a);
/*
 * Each text of `from` with its placeholders filled. The octets of `to` are in `out`,
 * which is the caller's to wipe; its bound is text_len_max of the channel. ERR_TOO_LARGE.
 */
enum err content_render(struct content *to, const struct content *from,
    const struct render_fill *fill, struct buf *out) MUST_CHECK;

#endif
