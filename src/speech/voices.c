/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/voices.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

enum { RATE_LEAST = 50, RATE_MOST = 200, RATE_STEP = 5 };

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+"

static const struct {
	const char *language;
	const char *voice;
} languages[VOICES_LANGUAGES] = {{"en", "en"}, {"es", "es"}, {"ca", "ca"}, {"da", "da"},
    {"nl", "nl"}, {"fr", "fr"}, {"de", "de"}, {"it", "it"}, {"ja", "ja"}, {"ko", "ko"},
    {"no", "nb"}, {"pl", "pl"}, {"ru", "ru"}, {"sv", "sv"}, {"fi", "fi"}, {"hr", "hr"},
    {"sl", "sl"}, {"ro", "ro"}, {"pt_pt", "pt"}, {"pt_br", "pt-br"}, {"zh_cn", "cmn"},
    {"zh_tw", "cmn"}};

/* NULL: it is no language. */
static const char *
find_voice(const char *language)
{
	for (size_t i = 0; i < countof(languages); i++)
		if (strcmp(languages[i].language, language) == 0)
			return languages[i].voice;
	return NULL;
}

const char *
voices_language(size_t i)
{
	return i < countof(languages) ? languages[i].language : NULL;
}

/* The first is a letter, so that no option of the command line is among them. */
bool
voices_is_name(struct span name)
{
	if (name.len == 0 || name.len > VOICES_NAME_MAX ||
	    memchr("0123456789-_+", name.ptr[0], 13) != NULL)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == '\0' || strchr(NAME_CHARS, name.ptr[i]) == NULL)
			return false;
	return true;
}

static const char *
translate(const struct text_map *voices, const char *name)
{
	for (size_t i = 0; i < voices->count; i++)
		if (strcasecmp(voices->pairs[i].name, name) == 0)
			return voices->pairs[i].value;
	return NULL;
}

/* "en-us" and "en+f3" of "en", and "pt-br+f2" of "pt-br". */
static bool
speaks(const char *name, const char *voice)
{
	size_t len = strlen(voice);

	return voices_is_name(span_of(name)) && strncmp(name, voice, len) == 0 &&
	       (name[len] == '-' || name[len] == '+' || name[len] == '\0');
}

static const char *
voice_of(const struct speech_options *o, const char *name, const char *usual)
{
	const char *translated = name == NULL ? NULL : translate(&o->voices, name);

	if (translated != NULL)
		return translated;
	return name != NULL && speaks(name, usual) ? name : usual;
}

/* Steps, so that templates share what was made. */
static unsigned
rate_of(double speech_rate)
{
	long percent =
	    lrint((speech_rate > 0 ? speech_rate : 1) * VOICES_RATE_USUAL / RATE_STEP) *
	    RATE_STEP;

	if (percent < RATE_LEAST)
		return RATE_LEAST;
	return percent > RATE_MOST ? RATE_MOST : (unsigned)percent;
}

void
voices_choose(const struct speech_options *options, const struct content_voice *c,
    struct voices_choice *out)
{
	const char *language = c->language == NULL ? options->language : c->language;

	if (find_voice(language) == NULL)
		language = options->language;
	for (size_t i = 0; i < countof(languages); i++)
		if (strcmp(languages[i].language, language) == 0)
			out->language = languages[i].language;
	snprintf(out->voice, sizeof(out->voice), "%s",
	    voice_of(options, c->voice_name, find_voice(language)));
	out->rate = rate_of(c->speech_rate);
}

bool
voices_make_usual(struct voices_choice *c)
{
	const char *usual = find_voice(c->language);
	bool other = strcmp(c->voice, usual) != 0;

	snprintf(c->voice, sizeof(c->voice), "%s", usual);
	return other;
}
