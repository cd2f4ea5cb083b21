/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a template: the PIN's placeholder ("{{pin}}" unless the template names
 * another) and {{name}} for each placeholder of the request. Substitution is one
 * pass: what is put in is not searched again. A placeholder nobody fills stays
 * as it is (contract 9.23).
 */
#ifndef WW_RENDER_H
#define WW_RENDER_H

#include "base/buf.h"

#define RENDER_PLACEHOLDER "{{pin}}"

struct render_value {
	const char *name; /* without braces */
	const char *value;
};

/* `pin` is the one value whose name is the placeholder itself, braces and all; a name of
 * NULL stands for "{{pin}}". */
struct render_fill {
	struct render_value pin;
	const struct render_value *values;
	size_t count;
};

/* The origin of a stretch of a filled text. */
enum render_origin { RENDER_TEMPLATE, RENDER_VALUE, RENDER_PIN };

struct render_piece {
	uint32_t at; /* octets from the beginning of the filled text */
	uint32_t len;
	enum render_origin origin;
};

/* Appends to `out`, which is the caller's to wipe: it then holds the PIN. */
void render_text(struct buf *out, struct span text, const struct render_fill *fill);
/*
 * The same, and to `pieces` as many struct render_piece as there are: they follow one
 * another without a gap, none is empty, and each PIN is a piece of its own.
 */
void render_text_in_pieces(struct buf *out, struct buf *pieces, struct span text,
    const struct render_fill *fill);
/* As render_text, where the text is HTML: & < > " and ' of what is put in are escaped. */
void render_html(struct buf *out, struct span text, const struct render_fill *fill);

#endif
