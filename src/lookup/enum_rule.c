/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup/enum_rule.h"

static const struct {
	const char *type;
	enum lookup_status status;
} services[] = {
    {"unused", LOOKUP_NOT_REACHABLE}, {"pstn", LOOKUP_REACHABLE}, /* RFC 4769 */
    {"sip", LOOKUP_REACHABLE},                                    /* RFC 3764 */
    {"sms", LOOKUP_REACHABLE},                                    /* RFC 4355 */
    {"mms", LOOKUP_REACHABLE}, {"voice", LOOKUP_REACHABLE},       /* RFC 4415 */
    {"tel", LOOKUP_REACHABLE}, {"h323", LOOKUP_REACHABLE},        /* RFC 3762 */
};

enum err
enum_rule_name(const char *number, const char *suffix, char out[ENUM_NAME_MAX + 1])
{
	size_t digits = strlen(number);
	size_t n = 0;

	if (2 * digits + strlen(suffix) > ENUM_NAME_MAX)
		return ERR_INVALID;
	for (size_t i = digits; i > 0; i--) {
		out[n++] = number[i - 1];
		out[n++] = '.';
	}
	memcpy(out + n, suffix, strlen(suffix) + 1);
	return OK;
}

/* Up to a plus; `at` is moved behind it. False at the end. */
static bool
next_service(const char **at, struct span *out)
{
	size_t len = strcspn(*at, "+");

	if (**at == '\0')
		return false;
	*out = (struct span){*at, len};
	*at += len + ((*at)[len] == '+' ? 1 : 0);
	return true;
}

static bool
classify_service(struct span service, enum lookup_status *out)
{
	const char *colon = memchr(service.ptr, ':', service.len);

	if (colon != NULL)
		service.len = (size_t)(colon - service.ptr); /* without the subtype */
	for (size_t i = 0; i < countof(services); i++)
		if (span_equal_nocase(service, services[i].type)) {
			*out = services[i].status;
			return true;
		}
	return false;
}

bool
enum_rule_judge(const struct enum_record *r, enum lookup_status *out)
{
	const char *at = r->services;
	struct span one;

	if (!span_equal_nocase(span_of(r->flags), "u") || !next_service(&at, &one) ||
	    !span_equal_nocase(one, "E2U"))
		return false;
	while (next_service(&at, &one))
		if (classify_service(one, out))
			return true;
	return false;
}

bool
enum_rule_before(const struct enum_record *a, const struct enum_record *b)
{
	if (a->order != b->order)
		return a->order < b->order;
	return a->preference < b->preference;
}
