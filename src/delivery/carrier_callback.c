/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/carrier_callback.h"

#include "delivery/delivery_message.h"

/* Any of its binds will do: they share what proves a receipt. */
static struct carrier *
find_carrier(const struct delivery_loop *d, const char *name)
{
	for (size_t i = 0; i < d->group_count; i++)
		if (d->groups[i].count > 0 &&
		    strcmp(d->groups[i].config->name, name) == 0)
			return d->groups[i].binds[0];
	return NULL;
}

static void
received(void *ctx, enum err e)
{
	struct carrier_callback *in = ctx;

	in->err = e;
	queue_push(in->to, in->back);
}

void
carrier_callback_give(struct delivery_loop *d, struct carrier_callback *in)
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

	if (c != NULL)
		in->answer = carrier_receipt_answer(c, &in->answer_type);
	if (d->stopping)
		received(in, ERR_OVERLOADED);
	else if (c == NULL) /* as a wrong secret, so that names cannot be tried */
		received(in, ERR_FORBIDDEN);
	else
		carrier_receive(c, &request, received, in);
}
