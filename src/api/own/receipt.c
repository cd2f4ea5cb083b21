/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts that carriers send by HTTP. Their sender and their meaning are the carrier's
 * to know; here they are only handed to delivery, and answered when they are durable.
 */
#include "api/offer.h"
#include "api/own/receipt.h"

static enum err
proceed_receipt(struct call *c)
{
	struct carrier_callback *in = arena_alloc(&c->arena, sizeof(*in));

	in->request = &c->request;
	in->arena = &c->arena;
	in->query = c->query;
	in->carrier = arena_text(&c->arena, c->params[0]);
	in->secret = c->params[1];
	in->back = offer_task(c);
	in->to = c->loop;
	c->job = in;
	c->api->options.receive(c->api->options.ctx, in);
	return OK;
}

static enum err
answer_receipt(struct call *c)
{
	const struct carrier_callback *in = c->job;

	c->response.status = 200;
	if (in->err != OK || in->answer == NULL)
		return in->err;
	c->response.content_type =
	    in->answer_type != NULL ? in->answer_type : "text/plain;charset=UTF-8";
	buf_add_text(&c->response.body, in->answer);
	return OK;
}

const struct operation op_receipt = {
    .name = "receipt", .proceed = proceed_receipt, .answer = answer_receipt};
