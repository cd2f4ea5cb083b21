/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/alternatives.h"

#include "api/call.h"
#include "twofa/mailbox.h"

enum { ID_MAX = 64 };

struct members {
	const char *to;
	const char *message;
};

#define AT(member) offsetof(struct members, member)
static const struct json_row rows[] = {
    {"to", JSON_ROW_TEXT, true, AT(to), 1, MAILBOX_LEN_MAX, NULL},
    {"messageId", JSON_ROW_TEXT, false, AT(message), 1, ID_MAX, NULL},
    {0},
};
#undef AT

/* The faults of one, under its own name. */
static void
take_faults(struct call *c, const char *field, const struct fail *of)
{
	for (size_t i = 0; i < of->kept; i++)
		fail_add(&c->fail,
		    arena_printf(&c->arena, "%s.%s", field, of->items[i].field), "%s",
		    of->items[i].reason);
}

/* A text is its `to`. */
static void
read_members(struct call *c, const json_t *value, struct send_ask_alternative *a)
{
	struct members m = {0};
	struct fail fail;

	if (json_is_string(value)) {
		a->to = json_string_value(value);
		return;
	}
	fail_init(&fail, &c->arena);
	if (!json_is_object(value))
		fail_add(&c->fail, a->field, "must be a string, or an object with `to`");
	else if (json_read(value, rows, &fail, &m) != OK)
		take_faults(c, a->field, &fail);
	a->to = m.to;
	a->templated = m.message != NULL;
	if (a->templated)
		a->template = ident_parse_or_none(span_of(m.message));
}

static void
read_one(struct call *c, const char *name, const json_t *value, struct send_ask *ask)
{
	const char *field = arena_printf(&c->arena, "alternatives.%s", name);
	struct send_ask_alternative *a = &ask->alternatives[ask->alternative_count];
	enum channel channel = CHANNEL_SMS;

	if (json_is_null(value))
		return;
	if (!channel_find(name, &channel)) {
		fail_add(&c->fail, field, "is no channel: must be " CHANNEL_NAMES);
		return;
	}
	ask->alternative_count++;
	*a = (struct send_ask_alternative){.channel = channel, .field = field};
	read_members(c, value, a);
}

void
alternatives_read(struct call *c, const json_t *value, struct send_ask *ask)
{
	const char *name;
	json_t *one;

	if (value == NULL || json_is_null(value))
		return;
	if (!json_is_object(value) || json_object_size(value) > CHANNEL_COUNT) {
		fail_add(&c->fail, "alternatives",
		    "must be an object with a member for each channel");
		return;
	}
	ask->alternatives =
	    arena_alloc(&c->arena, CHANNEL_COUNT * sizeof(*ask->alternatives));
	json_object_foreach((json_t *)(uintptr_t)value, name, one)
	    read_one(c, name, one, ask);
}
