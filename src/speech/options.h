/* SPDX-License-Identifier: Apache-2.0 */
/* The options of speech, filled by rows of conf/conf.def. NULL: not given. */
#ifndef WW_SPEECH_OPTIONS_H
#define WW_SPEECH_OPTIONS_H

#include "base/texts.h"

struct speech_options {
	const char *prompts;      /* the folder of recordings: LANGUAGE/NAME.wav */
	const char *command;      /* of espeak-ng: a path, or a name that PATH has */
	const char *language;     /* of a template that names none */
	struct text_map voices;   /* voiceName of templates: a voice of espeak-ng */
	int64_t cache_mib;        /* on disk; 0: nothing is kept there */
	int64_t child_timeout_ms; /* for one phrase */
};

#endif
