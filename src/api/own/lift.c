/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own/lift.h"

#include "api/body.h"
#include "api/ops/lift.h"

enum { TEXT_MAX = 100 };

struct members {
	const char *to;
	const char *application;
};

#define AT(member) offsetof(struct members, member)
static const struct json_row rows[] = {
    {"to", JSON_ROW_TEXT, true, AT(to), 1, TEXT_MAX, NULL},
    {"applicationId", JSON_ROW_TEXT, true, AT(application), 1, TEXT_MAX, NULL},
    {0},
};
#undef AT

static enum err
read_lift(struct call *c)
{
	struct lift_ask *ask = c->ask;
	struct members m = {0};
	enum err e = body_read(c, rows, &m);

	ask->to = m.to;
	ask->application = ident_parse_or_none(span_of(m.application));
	return e;
}

static void
write_lift(struct call *c)
{
	const struct lift_result *r = c->result;
	struct json_out out = call_json(c);
	char application[IDENT_TEXT_LEN + 1];

	ident_text(&r->application, application);
	json_out_object(&out, NULL);
	json_out_text(&out, "to", r->to);
	json_out_text(&out, "applicationId", application);
	json_out_bool(&out, "wasLocked", r->was_locked);
	json_out_end(&out);
}

const struct wire wire_lift = {read_lift, write_lift};
