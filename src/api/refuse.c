/* SPDX-License-Identifier: Apache-2.0 */
#include "api/refuse.h"

#include "api/reason.h"
#include "twofa/scope.h"

/* Reading again and again is safe to be told when; a GET with Retry-After makes some
 * clients sleep. */
static void
put_retry_after(struct call *c, enum err e)
{
	if (err_kind(e) != ERR_KIND_LATER || !span_equal_text(c->request.method, "POST"))
		return;
	c->response.retry_after_s = c->wait_ms <= 1000 ? 1 : (c->wait_ms + 999) / 1000;
}

/* The schemes that are accepted (RFC 9110 11.6.1); an API key does not open what only
 * users may. */
static const char *
challenge_of(const struct call *c)
{
	if (c->dialect->challenge != NULL)
		return c->dialect->challenge;
	return c->route != NULL && c->route->scopes == SCOPE_ACCOUNT
		   ? "Basic realm=\"watchword\", IBSSO, Bearer"
		   : "App, Basic realm=\"watchword\", IBSSO, Bearer";
}

void
refuse(struct call *c, enum err e)
{
	call_drop_answer(c);
	c->response.content_type = call_content_type(c);
	put_retry_after(c, e);
	c->response.err = e;
	if (e != ERR_METHOD)
		c->response.allow = NULL;
	reason_complete(c, e);
	c->dialect->put_error(c, e);
	if (c->response.status == 401)
		call_put_header(c, "WWW-Authenticate", challenge_of(c));
}

void
refuse_call(struct call *c, enum err e)
{
	refuse(c, e);
	call_finish(c);
}

void
refuse_unless_ok(struct call *c, enum err e)
{
	if (e != OK)
		refuse_call(c, e);
}
