/* SPDX-License-Identifier: Apache-2.0 */
/* Our own URLs: health, for whatever watches the process, and the description of all
 * there are; no credential, no store. */
#include "api/dialects.h"
#include "api/call.h"
#include "openapi_json.h"

static enum err
say(struct call *c, int status, const char *text)
{
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	json_out_text(&out, "status", text);
	json_out_end(&out);
	c->response.status = status;
	call_finish(c);
	return OK;
}

/* The process answers. */
static enum err
proceed_live(struct call *c)
{
	return say(c, 200, "live");
}

/* It can serve: the store is open, it is not stopping, and who may do what is known. */
static enum err
proceed_ready(struct call *c)
{
	bool ready = c->api->options.ready(c->api->options.readiness) &&
		     auth_is_known(c->api->auth);

	return say(c, ready ? 200 : 503, ready ? "ready" : "not ready");
}

static enum err
proceed_openapi(struct call *c)
{
	c->response.fixed = (struct span){openapi_json, sizeof(openapi_json) - 1};
	c->response.status = 200;
	call_finish(c);
	return OK;
}

static const struct operation openapi = {.name = "openapi", .proceed = proceed_openapi};
static const struct operation live = {.name = "live", .proceed = proceed_live};
static const struct operation ready = {.name = "ready", .proceed = proceed_ready};

static const struct route routes[] = {
    {"GET", "/openapi.json", 0, &openapi, NULL},
    {"GET", "/health/live", 0, &live, NULL},
    {"GET", "/health/ready", 0, &ready, NULL},
};

const struct dialect dialect_health = {
    .name = "own",
    .prefix = "",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
};
