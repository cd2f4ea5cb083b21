/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Voices: the 22 languages of the contract (2.3) and the voice of espeak-ng for each, and
 * how voiceName and speechRate of a template change it.
 */
#ifndef WW_VOICES_H
#define WW_VOICES_H

#include "speech/options.h"
#include "twofa/content.h"

enum {
	VOICES_LANGUAGES = 22,
	VOICES_NAME_MAX = 40,
	VOICES_RATE_USUAL = 100 /* percent, of speechRate 1 */
};

struct voices_choice {
	const char *language; /* "pt_br", also the name of the folder of recordings */
	char voice[VOICES_NAME_MAX + 1]; /* of espeak-ng */
	unsigned rate;                   /* percent: 50 to 200, in steps of 5 */
};

/* Each language in turn; NULL past the last. */
const char *voices_language(size_t i);
/* Is it a name that espeak-ng may be given? */
bool voices_is_name(struct span name);
/*
 * The language of the template, else the usual one. A voiceName that the options
 * translate, or that is a voice of espeak-ng for that language ("en-us", "de+f3"), is
 * taken; any other is none of ours, and the language's own voice speaks.
 */
void voices_choose(const struct speech_options *options, const struct content_voice *c,
    struct voices_choice *out);
/* The language's own voice. Was it another? */
bool voices_make_usual(struct voices_choice *c);

#endif
