/* SPDX-License-Identifier: Apache-2.0 */
/* Our own URLs: health, for whatever watches the process, and the description of all
 * there are; no credential, no store. */
#include "api/call.h"
#include "api/dialects.h"
#include "api/offer.h"
#include "api/ops/health.h"
#include "openapi_json.h"

static void
put_status(struct call *c, int status, const char *text)
{
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	json_out_text(&out, "status", text);
	json_out_end(&out);
	c->response.status = status;
}

static void
write_live(struct call *c)
{
	put_status(c, 200, "live");
}

static void
write_ready(struct call *c)
{
	const struct ready_result *r = c->result;

	put_status(c, r->ready ? 200 : 503, r->ready ? "ready" : "not ready");
}

static void
write_openapi(struct call *c)
{
	c->response.fixed = (struct span){openapi_json, sizeof(openapi_json) - 1};
}

static const struct operation openapi = {.name = "openapi", .proceed = offer_none};
static const struct wire wire_live = {NULL, write_live};
static const struct wire wire_ready = {NULL, write_ready};
static const struct wire wire_openapi = {NULL, write_openapi};

static const struct route routes[] = {
    {"GET", "/openapi.json", 0, &openapi, &wire_openapi},
    {"GET", "/health/live", 0, &op_live, &wire_live},
    {"GET", "/health/ready", 0, &op_ready, &wire_ready},
};

const struct dialect dialect_health = {
    .name = "own",
    .prefix = "",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
};
