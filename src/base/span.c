/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing and trimming spans. */
#include "base.h"

#include <strings.h>

struct span
span_of(const char *text)
{
	return (struct span){text, text == NULL ? 0 : strlen(text)};
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
span_equal_text(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

bool
span_equal_nocase(struct span a, const char *text)
{
	return a.len == strlen(text) && strncasecmp(a.ptr, text, a.len) == 0;
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}
