/* SPDX-License-Identifier: Apache-2.0 */
#include "api/listing.h"

#include "store/job.h"

enum { RETRY_S = 1 };

/* The wait is short, so that even a GET may be told of it: clients that sleep then do
 * what helps. */
static enum err
no_room(struct call *c, enum err e)
{
	c->response.retry_after_s = RETRY_S;
	if (e != ERR_THROTTLED)
		return e;
	c->response.reason = "answersInFlight";
	fail_add(&c->fail, "http.answers_max",
	    "the answers of this account that were not read yet take its share of it");
	return e;
}

static enum err
take_room(struct call *c, size_t octets)
{
	enum err e =
	    answers_take(c->api->answers, &c->principal.account, &c->room, octets);

	return e == OK ? OK : no_room(c, e);
}

enum err
listing_start(struct call *c)
{
	return take_room(c, ANSWERS_SHORT);
}

struct json_out *
listing_rows(struct call *c, const char *name)
{
	if (c->list.depth > 0)
		return &c->list;
	c->list = call_json(c);
	if (name != NULL)
		json_out_object(&c->list, NULL);
	json_out_array(&c->list, name);
	return &c->list;
}

void
listing_go_on(struct call *c)
{
	if (c->piece->more)
		return;
	while (c->list.depth > 0)
		json_out_end(&c->list);
	c->listed = NULL;
}

static bool
is_reading(const struct call *c)
{
	return strcmp(c->route->method, "GET") == 0;
}

/* In steps, so that a list of many pieces asks seldom. A change that was made is told
 * whatever there is room for: a caller that is refused makes it again. */
enum err
listing_room(struct call *c)
{
	size_t len = c->response.body.len + c->xml.to.len;
	size_t octets = (len + ANSWERS_STEP - 1) / ANSWERS_STEP * ANSWERS_STEP;

	if (len <= ANSWERS_SHORT)
		return OK;
	if (is_reading(c))
		return take_room(c, octets);
	answers_owe(c->api->answers, &c->principal.account, &c->room, octets);
	return OK;
}
