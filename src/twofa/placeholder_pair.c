/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/placeholder_pair.h"

static const char *
join(struct arena *a, struct span texts, struct span landing_page)
{
	if (texts.len == 0 && landing_page.len == 0)
		return NULL;
	if (landing_page.len == 0)
		return arena_text(a, texts);
	return arena_printf(a, "%.*s\n%.*s", (int)texts.len, texts.ptr,
	    (int)landing_page.len, landing_page.ptr);
}

const char *
placeholder_pair_join(struct arena *a, const char *texts, const char *landing_page)
{
	return join(a, span_of(texts), span_of(landing_page));
}

struct span
placeholder_pair_texts(const char *pair)
{
	return (struct span){pair, pair == NULL ? 0 : strcspn(pair, "\n")};
}

struct span
placeholder_pair_landing_page(const char *pair)
{
	const char *end = pair == NULL ? NULL : strchr(pair, '\n');

	return end == NULL ? (struct span){0} : span_of(end + 1);
}

const char *
placeholder_pair_over(struct arena *a, const char *newer, const char *older)
{
	struct span texts = placeholder_pair_texts(newer);
	struct span landing_page = placeholder_pair_landing_page(newer);

	if (texts.len == 0)
		texts = placeholder_pair_texts(older);
	if (landing_page.len == 0)
		landing_page = placeholder_pair_landing_page(older);
	return join(a, texts, landing_page);
}
