/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/language.h"

#include <ctype.h>

enum { TAG_MAX = 36 }; /* "zh_hant_hk", and variants behind it */

/* In the published order. */
static const char *const languages[LANGUAGE_COUNT] = {"en", "es", "ca", "da", "nl", "fr",
    "de", "it", "ja", "ko", "no", "pl", "ru", "sv", "fi", "hr", "sl", "ro", "pt_pt",
    "pt_br", "zh_cn", "zh_tw"};

/* How a locale begins that is not named so itself, the longer ones first. */
static const struct {
	const char *begin;
	const char *language;
} near[] = {{"zh_hant", "zh_tw"}, {"zh_hk", "zh_tw"}, {"zh_mo", "zh_tw"}, {"zh", "zh_cn"},
    {"pt", "pt_pt"}, {"nb", "no"}, {"nn", "no"}};

static const struct {
	const char *country;
	const char *languages;
} countries[] = {
#define LANGUAGES(country, languages) {country, languages},
#include "twofa/language.def"
#undef LANGUAGES
};

/* False: too long for any. */
static bool
read_tag(const char *text, char out[TAG_MAX])
{
	size_t len = strlen(text);

	if (len >= TAG_MAX)
		return false;
	for (size_t i = 0; i <= len; i++)
		out[i] = text[i] == '-' ? '_' : (char)tolower((unsigned char)text[i]);
	return true;
}

const char *
language_find(const char *name)
{
	char tag[TAG_MAX];

	if (!read_tag(name, tag))
		return NULL;
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		if (strcmp(languages[i], tag) == 0)
			return languages[i];
	return NULL;
}

/* Whole subtags. */
static bool
begins(const char *tag, const char *with)
{
	size_t len = strlen(with);

	return strncmp(tag, with, len) == 0 && (tag[len] == '_' || tag[len] == '\0');
}

const char *
language_of_locale(const char *locale)
{
	char tag[TAG_MAX];

	if (!read_tag(locale, tag))
		return NULL;
	for (size_t i = 0; i < LANGUAGE_COUNT; i++)
		if (begins(tag, languages[i]))
			return languages[i];
	for (size_t i = 0; i < countof(near); i++)
		if (begins(tag, near[i].begin))
			return near[i].language;
	return NULL;
}

const char *
language_of_country(const char *code)
{
	for (size_t i = 0; i < countof(countries); i++)
		if (strcmp(countries[i].country, code) == 0)
			return countries[i].languages;
	return NULL;
}
