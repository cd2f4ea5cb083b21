/* SPDX-License-Identifier: Apache-2.0 */
#include "api/cors.h"

#define PREFLIGHT_S "600"

/* The headers of version 1's recorded responses, to the letter. */
static const char all_methods[] =
    "GET, POST, PUT, PATCH, DELETE, COPY, HEAD, OPTIONS, LINK, UNLINK, PURGE";

/* Is this one of the words of the list? */
static bool
lists(const char *list, struct span word)
{
	while (*list != '\0' && word.len > 0) {
		size_t len = strcspn(list, " ,");

		if (span_equal((struct span){list, len}, word))
			return true;
		list += len + strspn(list + len, " ,");
	}
	return false;
}

bool
cors_any(struct call *c)
{
	call_put_header(c, "Access-Control-Allow-Origin", "*");
	call_put_header(c, "Access-Control-Allow-Methods", all_methods);
	call_put_header(c, "Access-Control-Allow-Headers", "Authorization, Content-Type");
	return true;
}

/* An answer that is allowed to one origin must not be kept for another (RFC 9110 12.5.5).
 */
static void
put_listed(struct call *c)
{
	const char *origins = c->api->options.cors_v2;
	struct span origin = call_header(c, "Origin");
	bool any = strcmp(origins, "*") == 0;

	if (!any)
		call_put_header(c, "Vary", "Origin");
	if (!any && !lists(origins, origin))
		return;
	call_put_header(
	    c, "Access-Control-Allow-Origin", any ? "*" : arena_text(&c->arena, origin));
	call_put_header(c, "Access-Control-Allow-Methods", "GET, POST, PUT, OPTIONS");
	call_put_header(c, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, Idempotency-Key");
	call_put_header(c, "Access-Control-Expose-Headers",
	    "Retry-After, X-Request-ID, X-Watchword-Reason, Idempotency-Replayed");
}

bool
cors_by_option(struct call *c)
{
	const char *origins = c->api->options.cors_v2;

	if (origins == NULL || strcmp(origins, "off") == 0)
		return false;
	put_listed(c);
	return true;
}

void
cors_put(struct call *c)
{
	c->cross_origin = c->dialect->put_cors != NULL && c->dialect->put_cors(c);
}

bool
cors_preflight(struct call *c)
{
	if (!c->cross_origin || !span_equal_text(c->request.method, "OPTIONS"))
		return false;
	call_put_header(c, "Access-Control-Max-Age", PREFLIGHT_S);
	c->response.status = 200;
	call_finish(c);
	return true;
}
