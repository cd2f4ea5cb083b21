/* SPDX-License-Identifier: Apache-2.0 */
/* Values for a statement, by type, over the one function that an engine offers for them.
 */
#include "store/engine.h"

static void
bind_value(struct binder *b, const struct value *v)
{
	b->engine->ops->bind(b, v);
	b->next++;
}

void
bind_int(struct binder *b, int64_t value)
{
	bind_value(b, &(struct value){.kind = VALUE_INT, .number = value});
}

void
bind_bool(struct binder *b, bool value)
{
	bind_int(b, value ? 1 : 0);
}

void
bind_double(struct binder *b, bool set, double value)
{
	bind_value(
	    b, &(struct value){.kind = set ? VALUE_DOUBLE : VALUE_NULL, .real = value});
}

void
bind_text(struct binder *b, const char *text)
{
	struct value v = {.kind = VALUE_TEXT, .bytes = span_of(text)};

	if (text == NULL)
		v.kind = VALUE_NULL;
	bind_value(b, &v);
}

void
bind_blob(struct binder *b, const void *ptr, size_t len)
{
	bind_value(b, &(struct value){.kind = VALUE_BLOB, .bytes = {ptr, len}});
}

void
bind_ident(struct binder *b, const struct ident *id)
{
	bind_blob(b, id->bytes, IDENT_LEN);
}

void
bind_nothing(struct item *it, struct binder *b)
{
	(void)it;
	(void)b;
}
