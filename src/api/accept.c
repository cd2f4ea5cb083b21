/* SPDX-License-Identifier: Apache-2.0 */
#include "api/accept.h"

enum { QUALITY_ONE = 1000, QUALITY_DIGITS = 3 };

struct offer {
	const char *type;
	const char *any_subtype;
	const char *content_type; /* NULL: of JSON */
};

/* The earlier goes before the later where both are as welcome. */
static const struct offer offers[] = {
    {"application/json", "application/*", NULL},
    {"application/xml", "application/*", "application/xml;charset=UTF-8"},
    {"text/xml", "text/*", "text/xml;charset=UTF-8"},
};

/* The quality that the most exact range so far gives an offer. */
struct liking {
	int quality; /* in thousandths */
	int exactness;
};

/* Up to the separator, and moves past it. */
static struct span
next_part(struct span *rest, char separator)
{
	const char *stop = memchr(rest->ptr, separator, rest->len);
	struct span part = {
	    rest->ptr, stop == NULL ? rest->len : (size_t)(stop - rest->ptr)};
	size_t used = part.len + (stop == NULL ? 0 : 1);

	rest->ptr += used;
	rest->len -= used;
	return span_trim(part);
}

/* "0.5" and ".5" are 500; what is no number is none of less than 1. */
static int
quality_of(struct span s)
{
	int unit = QUALITY_ONE / 10;
	int quality = 0;

	if (s.len == 0 || (s.ptr[0] != '0' && s.ptr[0] != '.'))
		return QUALITY_ONE;
	for (size_t i = s.ptr[0] == '0'; i < s.len && unit > 0; i++) {
		if (s.ptr[i] == '.')
			continue;
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			break;
		quality += (s.ptr[i] - '0') * unit;
		unit /= 10;
	}
	return quality;
}

static int
read_quality(struct span parameters)
{
	while (parameters.len > 0) {
		struct span value = next_part(&parameters, ';');
		struct span name = value.len == 0 ? value : next_part(&value, '=');

		if (span_equal_nocase(name, "q"))
			return quality_of(value);
	}
	return QUALITY_ONE;
}

/* `*` alone is what Java's own client sends. */
static int
exactness_of(struct span range, const struct offer *o)
{
	if (span_equal_nocase(range, o->type))
		return 3;
	if (span_equal_nocase(range, o->any_subtype))
		return 2;
	return span_equal_text(range, "*/*") || span_equal_text(range, "*") ? 1 : 0;
}

static void
read_range(struct span element, struct liking likings[])
{
	struct span range = next_part(&element, ';');
	int quality = read_quality(element);

	for (size_t i = 0; i < countof(offers); i++) {
		int exactness = exactness_of(range, &offers[i]);

		if (exactness > likings[i].exactness)
			likings[i] = (struct liking){quality, exactness};
	}
}

static void
read_field(struct span value, struct liking likings[])
{
	while (value.len > 0) {
		struct span element = next_part(&value, ',');

		if (element.len > 0)
			read_range(element, likings);
	}
}

const char *
accept_xml_type(const struct header *headers, size_t count)
{
	struct liking likings[countof(offers)] = {0};
	size_t best = 0;

	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(headers[i].name, "Accept"))
			read_field(headers[i].value, likings);
	for (size_t i = 1; i < countof(offers); i++)
		if (likings[i].quality > likings[best].quality)
			best = i;
	return offers[best].content_type;
}
