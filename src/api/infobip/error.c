/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/error.h"

enum { PATH_LEN_MAX = 200, FIELD_LEN_MAX = 100 };

/* A field that several reasons concern is one member with all of them. */
static bool
named_before(const struct fail *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(f->items[k].field, f->items[i].field) == 0)
			return true;
	return false;
}

static void
put_validation_errors(struct json_out *out, const struct fail *f)
{
	json_out_object(out, "validationErrors");
	for (size_t i = 0; i < f->kept; i++) {
		const char *field = f->items[i].field;

		if (named_before(f, i))
			continue;
		json_out_array(out, field[0] == '\0' ? "body" : field);
		for (size_t k = i; k < f->kept; k++)
			if (strcmp(f->items[k].field, field) == 0)
				json_out_text(out, NULL, f->items[k].reason);
		json_out_end(out);
	}
	json_out_end(out);
}

/*
 * The published text, and behind it the first reason, as many programs show the text
 * alone. The text of a 401 is compared (contract 6.2), and a text that is a whole
 * sentence stays one.
 */
static const char *
text_of(struct call *c, const struct error_words *words)
{
	const struct fail *f = &c->fail;
	size_t len = strlen(words->text);
	const char *field;

	if (f->kept == 0 || words->status == 401 || words->text[len - 1] == '.')
		return words->text;
	field = f->items[0].field[0] == '\0' ? "the body" : f->items[0].field;
	return arena_printf(&c->arena, "%s: %.*s %s", words->text, FIELD_LEN_MAX, field,
	    f->items[0].reason);
}

void
error_put(struct call *c, const struct error_words *words)
{
	struct json_out out = call_json(c);

	c->response.status = words->status;
	json_out_object(&out, NULL);
	json_out_object(&out, "requestError");
	json_out_object(&out, "serviceException");
	json_out_text(&out, "messageId", words->message_id);
	json_out_text(&out, "text", text_of(c, words));
	if (c->fail.count > 0)
		put_validation_errors(&out, &c->fail);
	json_out_end(&out);
	json_out_end(&out);
	json_out_end(&out);
}

const char *
error_no_route_text(struct call *c)
{
	struct span path = span_of(c->path == NULL ? "" : c->path);

	if (path.len > PATH_LEN_MAX)
		path.len = PATH_LEN_MAX;
	return arena_printf(
	    &c->arena, "Requested URL not found: %s", arena_text(&c->arena, path));
}
