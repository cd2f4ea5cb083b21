/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speech: a rendered voice content as sound for a telephone line, 8000 samples a second,
 * one channel, 16 bits.
 *
 * The operator's own recordings come first; where there is none, espeak-ng says it in a
 * child process that has no network. A phrase is made once for its language, voice and
 * rate and kept, in memory and on disk: texts of templates and single symbols, never a
 * PIN, never what a send brought. A symbol is never asked for alone: all of its kind are
 * made in one order, so that neither files nor children tell which a PIN had.
 *
 * Phrases are made on a thread of its own, behind a bounded queue.
 */
#ifndef WW_SPEECH_H
#define WW_SPEECH_H

#include "speech/options.h"
#include "speech/pcm.h"
#include "twofa/content.h"

struct speech;

enum { SPEECH_HZ = PCM_LINE_HZ }; /* samples a second of all that comes from here */

struct speech_answer {
	enum err err; /* ERR_INVALID: nothing in it can be said; ERR_TOO_LARGE: it would
			 be too long; ERR_DOWN: what speaks is not there, or failed;
			 ERR_CONFLICT: cancelled, or speech is being closed */
	const char
	    *reason; /* a sentence for logs and the timeline; never NULL; borrowed */
	/* The user's from here on, who ends it with mem_free, which wipes it: it holds
	 * the PIN. NULL when err is not OK. */
	int16_t *samples;
	size_t count;
	size_t round;   /* so many of them are the whole text once: said again on a key */
	size_t pin_end; /* so many of them until the PIN was said the first time; 0: there
			   is none in the text */
};

typedef void speech_done_f(void *ctx, const struct speech_answer *answer);

/* ERR_INVALID, ERR_IO with a sentence in `why`. espeak-ng that is missing is no fault
 * here: it is one of each message that needs it. */
enum err speech_open(const struct speech_options *options, const char *data_dir,
    char why[256], struct speech **out) MUST_CHECK;
/*
 * From any thread. The content is borrowed for the duration of the call. `done` is called
 * exactly once: from inside, when all phrases are at hand; else on the thread of speech.
 * It must not block.
 */
void speech_say(
    struct speech *s, const struct content_voice *voice, speech_done_f *done, void *ctx);
/* Requests with that `ctx` that wait are answered soon: ERR_CONFLICT. From
 * any thread; `done` is not called from inside. */
void speech_cancel(struct speech *s, const void *ctx);
/* Answers all that waits (ERR_CONFLICT), ends the thread. NULL is allowed. */
void speech_close(struct speech *s);

#endif
