/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variants of a template's text, one a language (doc/texts.md): what a message says to a
 * person whose language is known, or can be guessed from the country of the number.
 */
#ifndef WW_TEMPLATE_VARIANT_H
#define WW_TEMPLATE_VARIANT_H

#include "base/fail.h"
#include "base/json.h"
#include "twofa/content.h"

enum {
	TEMPLATE_VARIANT_TEXT_MAX = 2000, /* characters, as a template's own */
	TEMPLATE_VARIANT_VOICE_MAX = 100,
	TEMPLATE_VARIANT_DLT_MAX = 30,
};

struct template_variant {
	const char *language; /* of twofa/language.h; it is not in the arena */
	const char *text;
	const char *voice_name;   /* NULL: the carrier's of that language */
	const char *dlt_template; /* NULL: that of the template */
};

/* In the order in which they were given. */
struct template_variants {
	const struct template_variant *items;
	size_t count;
};

/* {"de": {"messageText": ..., "voiceName": ..., "contentTemplateId": ...}, ...}; NULL and
 * {} are none. ERR_INVALID when `fail` was added to, under variants.LANGUAGE. Texts are
 * those of the document. */
enum err template_variant_read(const json_t *doc, struct arena *a, struct fail *fail,
    struct template_variants *out) MUST_CHECK;
/* The same from the text of a row. ERR_CORRUPT: it is not what was written there. */
enum err template_variant_load(
    const char *text, struct arena *a, struct template_variants *out) MUST_CHECK;
/* The text for a row; NULL: there are none. */
const char *template_variant_save(const struct template_variants *v, struct arena *a);
/*
 * The variant for a message: of the language that was asked for, else of the first
 * language of the number's country that the template has, which may be its own. NULL: the
 * template's own text. `asked` and `own` may be NULL, and so may `number`.
 */
const struct template_variant *template_variant_choose(const struct template_variants *v,
    const char *own, const char *asked, const char *number);
/* Puts it in the place of the text of an SMS or a call; of an email nothing changes. */
void template_variant_take(
    const struct template_variant *v, struct content *content, struct arena *a);

#endif
