/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/template.h"

#include "api/listing.h"

void
template_read_ids(struct call *c, struct template_ask *ask, unsigned kinds)
{
	ask->application = call_id(c, 0);
	ask->id = call_id(c, 1);
	ask->kinds = kinds;
}

/* As with applications: a member of our own. */
static void
put_in_force(struct json_out *out, unsigned length, const struct application_caps *caps)
{
	if (caps == NULL)
		return;
	json_out_object(out, "inForce");
	json_out_int(out, "pinLength",
	    length < caps->pin_length_min ? caps->pin_length_min : length);
	json_out_end(out);
}

static void
put_one(struct json_out *out, const struct template *t,
    const struct application_caps *caps, template_put_f *put)
{
	json_out_object(out, NULL);
	put(out, t);
	put_in_force(out, (unsigned)t->pin_length, caps);
	json_out_end(out);
}

void
template_write(struct call *c, template_put_f *put)
{
	const struct template_result *r = c->result;
	struct json_out out = call_json(c);

	INVARIANT(r->count == 1);
	put_one(&out, &r->list[0], r->caps, put);
}

void
template_write_list(struct call *c, template_put_f *put)
{
	const struct template_result *r = c->result;
	struct json_out *out = listing_rows(c, NULL);

	for (size_t i = 0; i < r->count; i++)
		put_one(out, &r->list[i], r->caps, put);
}

void
template_put_head(struct json_out *out, const struct template *t)
{
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&t->id, id);
	json_out_text(out, "messageId", id);
	ident_text(&t->application, id);
	json_out_text(out, "applicationId", id);
	json_out_text(out, "pinPlaceholder", t->placeholder);
	json_out_text(out, "messageText", t->text);
	json_out_int(out, "pinLength", t->pin_length);
	json_out_text(out, "pinType", pin_type_name(t->pin_type));
}
