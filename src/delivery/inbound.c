/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/inbound.h"

#include "delivery/dispatch.h"

/* Any of its binds will do: they share what proves a receipt. */
static struct carrier *
find_carrier(const struct delivery *d, const char *name)
{
	for (size_t i = 0; i < d->lane_count; i++)
		if (d->lanes[i].count > 0 && strcmp(d->lanes[i].config->name, name) == 0)
			return d->lanes[i].binds[0];
	return NULL;
}

static void
received(void *ctx, enum err e)
{
	struct inbound *in = ctx;

	in->err = e;
	queue_push(in->to, in->back);
}

void
inbound_give(struct delivery *d, struct inbound *in)
{
	const struct call_request *r = in->request;
	struct carrier *c = find_carrier(d, in->carrier);
	struct carrier_request request = {.method = r->method,
	    .target = r->target,
	    .query = in->query,
	    .secret = in->secret,
	    .content_type = r->content_type,
	    .body = r->body,
	    .headers = r->headers,
	    .header_count = r->header_count};

	if (c != NULL) {
		in->answer = c->config->http.receipt_answer;
		in->answer_type = c->config->http.receipt_answer_type;
	}
	if (d->stopping)
		received(in, ERR_OVERLOADED);
	else if (c == NULL) /* as a wrong secret, so that names cannot be tried */
		received(in, ERR_FORBIDDEN);
	else
		carrier_receive(c, &request, received, in);
}
