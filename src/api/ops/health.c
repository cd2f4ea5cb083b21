/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/health.h"

#include "api/offer.h"

const struct operation op_live = {.name = "live", .proceed = offer_none};

static enum err
answer_ready(struct call *c)
{
	const struct api_options *o = &c->api->options;
	struct ready_result *r = c->result;

	r->ready = o->ready(o->readiness) && auth_is_known(c->api->auth);
	return OK;
}

const struct operation op_ready = {.name = "ready",
    .result_len = sizeof(struct ready_result),
    .proceed = offer_none,
    .answer = answer_ready};
