/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/speech_check.h"

#include <stdio.h>
#include <unistd.h>
#include <errno.h>

#include "speech/espeak.h"
#include "speech/prompts.h"
#include "speech/voices.h"

const char *
speech_check(const struct speech_options *o, char why[256])
{
	for (size_t i = 0; i < o->voices.count; i++) {
		const struct text_pair *p = &o->voices.pairs[i];

		if (voices_is_name(span_of(p->value)))
			continue;
		snprintf(why, 256,
		    "%.60s: a voice of espeak-ng is at most %d letters, digits, - _ + "
		    "and begins with a letter",
		    p->name, VOICES_NAME_MAX);
		return "voices";
	}
	if (o->prompts != NULL && access(o->prompts, R_OK | X_OK) != 0) {
		snprintf(why, 256, "%.180s: %s", o->prompts, strerror(errno));
		return "prompts";
	}
	return NULL;
}

struct warning {
	speech_check_warn_f *say;
	void *ctx;
};

static void
warn_of_prompts(void *ctx, const char *what)
{
	const struct warning *w = ctx;

	w->say(w->ctx, "prompts", what);
}

void
speech_check_warn(const struct speech_options *o, speech_check_warn_f *say, void *ctx)
{
	struct warning w = {say, ctx};
	struct prompts *p = NULL;
	char path[ESPEAK_PATH_MAX];
	char why[256] = "";

	if (o->prompts != NULL &&
	    prompts_open(o->prompts, warn_of_prompts, &w, why, &p) != OK)
		say(ctx, "prompts", why);
	prompts_close(p);
	if (!espeak_find(o->command, path))
		say(ctx, "command",
		    "there is no such program: what was not recorded cannot be said, and "
		    "those messages fail");
}
