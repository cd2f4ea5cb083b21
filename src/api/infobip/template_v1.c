/* SPDX-License-Identifier: Apache-2.0 */
/* Message templates in version 1 (contract 2.6). */
#include "api/body.h"
#include "api/infobip/template.h"

enum { KINDS = 1u << TEMPLATE_MESSAGE, LENGTH_MAX = 8 };

/* ---- requests ---- */

static enum err
read_ids(struct call *c)
{
	template_read_ids(c, c->ask, KINDS);
	return OK;
}

#define AT(member) offsetof(struct template_put_ask, change.member)
#define ROWS(required)                                                                   \
	TEMPLATE_ROWS(AT, required),                                                     \
	    {"sender", JSON_ROW_LINE, false, AT(sender), 0, TEMPLATE_SENDER_MAX, NULL},  \
	{                                                                                \
		0                                                                        \
	}
static const struct json_row create_rows[] = {ROWS(true)};
static const struct json_row update_rows[] = {ROWS(false)};
#undef ROWS
#undef AT

static enum err
read_change(struct call *c, const struct json_row *rows)
{
	struct template_put_ask *ask = c->ask;

	template_read_ids(c, &ask->of, KINDS);
	ask->kind = TEMPLATE_MESSAGE;
	ask->pin_length_max = LENGTH_MAX;
	return body_read(c, rows, ask);
}

static enum err
read_create(struct call *c)
{
	return read_change(c, create_rows);
}

static enum err
read_update(struct call *c)
{
	return read_change(c, update_rows);
}

/* ---- answers ---- */

/* The sender by the name the last request of this version used. */
static void
put(struct json_out *out, const struct template *t)
{
	template_put_head(out, t);
	json_out_text(out, "language", t->language);
	json_out_text(out, t->v1_sender ? "sender" : "senderId", t->sender);
	json_out_text(out, "repeatDTMF", t->repeat_dtmf);
	if (t->speech_rate.set)
		json_out_double(out, "speechRate", t->speech_rate.value);
}

static void
write_one(struct call *c)
{
	template_write(c, put);
}

static void
write_list(struct call *c)
{
	template_write_list(c, put);
}

const struct template_wires template_v1 = {.get = {read_ids, write_one},
    .list = {read_ids, write_list},
    .create = {read_create, write_one},
    .update = {read_update, write_one}};
