/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a call: a rendered voice content as phrases in the order in which they are
 * said. The PIN is taken apart into its symbols, letters are spelled. The whole is said
 * again until the PIN has been said twice; a text without the PIN is said once.
 */
#ifndef WW_SPOKEN_H
#define WW_SPOKEN_H

#include "base/arena.h"
#include "twofa/content.h"

enum spoken_kind {
	SPOKEN_TEXT,     /* a sentence, or a part of one */
	SPOKEN_PERSONAL, /* the same, with something of the person in it: never kept */
	SPOKEN_SYMBOL,   /* of the PIN, one character: 0-9 or a-z */
};

struct spoken_phrase {
	enum spoken_kind kind;
	struct span text;  /* borrowed from the content, or of static memory */
	unsigned pause_ms; /* of silence after it, at the usual rate */
};

/* How the length of a call follows from its text: the most phrases there are. */
enum { SPOKEN_PHRASES_MAX = 4096 };

struct spoken {
	const struct spoken_phrase *phrases;
	size_t count;
	size_t round;   /* so many of them are the whole text once: said again on a key */
	size_t pin_end; /* so many of them until the PIN was said the first time; 0: there
			   is none in it */
};

/* The phrases stand in the arena, whose owner wipes it: their order tells the PIN.
 * ERR_TOO_LARGE: more than SPOKEN_PHRASES_MAX. ERR_INVALID: nothing of it can be said. */
enum err spoken_read(
    const struct content_voice *voice, struct arena *a, struct spoken *out) MUST_CHECK;

/*
 * The same for a service that speaks by itself: the text once, the PIN's symbols set
 * apart by commas, "1, 2, 0, 7". Appended to `out`, which is the caller's to wipe.
 */
void spoken_write(struct buf *out, const struct content_voice *voice);

#endif
