/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own/route_explain.h"

#include "api/body.h"
#include "api/ops/route_explain.h"
#include "twofa/template.h"

enum { TEXT_MAX = 254 };

struct members {
	const char *to;
	const char *text;
	const char *application; /* NULL: its limits are not asked */
	const char *channel;     /* NULL: SMS */
};

static void
take(struct call *c, const struct members *m)
{
	struct route_explain_ask *ask = c->ask;

	if (m->channel != NULL && !channel_find(m->channel, &ask->channel))
		fail_add(&c->fail, "channel", "must be " CHANNEL_NAMES);
	ask->to = m->to;
	ask->text = m->text;
	ask->limited = m->application != NULL;
	ask->application = ident_parse_or_none(span_of(m->application));
}

static enum err
read_query(struct call *c)
{
	struct members m = {.to = call_query(c, "to"),
	    .application = call_query(c, "applicationId"),
	    .channel = call_query(c, "channel")};

	if (c->api->options.explain == NULL)
		return ERR_NO_ROUTE;
	take(c, &m);
	if (m.to != NULL)
		return OK;
	fail_add(&c->fail, "to", "is missing");
	return ERR_INVALID;
}

#define AT(member) offsetof(struct members, member)
static const struct json_row rows[] = {
    {"to", JSON_ROW_TEXT, true, AT(to), 1, TEXT_MAX, NULL},
    {"text", JSON_ROW_TEXT, false, AT(text), 1, TEMPLATE_TEXT_MAX, NULL},
    {"applicationId", JSON_ROW_TEXT, false, AT(application), 1, TEXT_MAX, NULL},
    {"channel", JSON_ROW_TEXT, false, AT(channel), 1, TEXT_MAX, NULL},
    {0},
};
#undef AT

static enum err
read_body(struct call *c)
{
	struct members m = {0};
	enum err e =
	    c->api->options.explain == NULL ? ERR_NO_ROUTE : body_read(c, rows, &m);

	take(c, &m);
	return e;
}

const struct wire wire_route_explain = {read_query, NULL};
const struct wire wire_route_explain_text = {read_body, NULL};
