/* SPDX-License-Identifier: Apache-2.0 */
/* Infobip's /auth/1: sessions and OAuth tokens (contract 5.2, 5.3). */
#include "api/dialects.h"
#include "api/infobip/error.h"
#include "api/infobip/session.h"
#include "api/ops/session.h"
#include "twofa/scope.h"

static const struct route routes[] = {
    {"POST", "/session", 0, &op_session_create, &wire_session},
    {"DELETE", "/session", SCOPE_SIGNED_IN, &op_session_delete, NULL},
    {"POST", "/oauth2/token", 0, &op_token_create, &wire_token},
};

/* RFC 6749 5.2; the original calls the member deprecated, and libraries read it. */
static const char *
oauth_error(struct call *c, enum err e)
{
	const struct fail *f = &c->fail;

	if (e == ERR_UNAUTHORIZED)
		return "invalid_client";
	if (e == ERR_INVALID && f->count == 1 &&
	    strcmp(f->items[0].field, "grant_type") == 0 &&
	    strcmp(f->items[0].reason, "must not be blank") != 0)
		return "unsupported_grant_type";
	return err_kind(e) == ERR_KIND_CALLER ? "invalid_request"
					      : "temporarily_unavailable";
}

static void
put_error(struct call *c, enum err e)
{
	struct buf inner;
	struct json_out out;

	v2_put_error(c, e);
	if (c->route == NULL || c->route->operation != &op_token_create)
		return;
	/* the same object, with one member before its first */
	buf_init(&inner, c->response.body.len + 1);
	buf_add(&inner, c->response.body.ptr, c->response.body.len);
	buf_reset(&c->response.body);
	out = call_json(c);
	json_out_object(&out, NULL);
	json_out_text(&out, "error", oauth_error(c, e));
	buf_add_char(&c->response.body, ',');
	buf_add(&c->response.body, inner.ptr + 1, inner.len - 1);
	buf_fini(&inner);
}

const struct dialect dialect_auth = {
    .name = "auth",
    .prefix = "/auth/1",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = put_error,
};
