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
#include "twofa/sms_autofill.h"
#include "twofa/sms_equal.h"

struct content_sms {
	struct span text;
	/* India's registers (DLT), of the template; NULL: none */
	const char *dlt_entity;
	const char *dlt_template;
	const char *dlt_telemarketer;
	enum gsm7_rule gsm7;
	struct sms_autofill autofill;
	/* In which the carrier sends what can be sent in it; set before it is rendered.
	 */
	enum sms_alphabet alphabet;
};

struct content_voice {
	struct span text;        /* to be spoken; see twofa/spoken.h */
	const char *language;    /* "pt_br"; NULL: the carrier's */
	const char *voice_name;  /* NULL: the carrier's */
	const char *repeat_dtmf; /* keys that have it said again; NULL: none */
	double speech_rate;      /* 1 is the usual one; 0: not given */
	/* The origin of each stretch of a rendered text, so that speech keeps neither the
	 * PIN nor what a send brought. */
	const struct render_piece *pieces;
	size_t piece_count;
};

struct content_email {
	struct span subject;
	struct span text;         /* empty: there is HTML alone */
	struct span html;         /* empty: there is text alone */
	const char *landing_page; /* NULL: none */
	/* A JSON object of texts, for the landing page; empty: none. They are of the
	 * message, not of its template, and are set when that is rendered. */
	struct span landing_page_placeholders;
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
 * Each text of `from` with its placeholders filled. The octets of `to` are in `out`, the
 * pieces of what is spoken among them; it is the caller's to wipe, and its bound is
 * text_len_max of the channel. ERR_TOO_LARGE.
 */
enum err content_render(struct content *to, const struct content *from,
    const struct render_fill *fill, struct buf *out) MUST_CHECK;

#endif
