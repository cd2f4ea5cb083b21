/* SPDX-License-Identifier: Apache-2.0 */
/* Typed binding and reading over the two functions an engine offers for it. */
#include "store/engine.h"

#include "base/arena.h"

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

static struct value
next_value(struct row *r)
{
	struct value v = {0};

	r->engine->ops->column(r, &v);
	r->next++;
	return v;
}

int64_t
row_int(struct row *r)
{
	struct value v = next_value(r);

	if (v.kind != VALUE_INT && v.kind != VALUE_NULL)
		r->corrupt = true;
	return v.kind == VALUE_INT ? v.number : 0;
}

bool
row_bool(struct row *r)
{
	return row_int(r) != 0;
}

bool
row_double(struct row *r, double *out)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_NULL)
		return false;
	if (v.kind != VALUE_DOUBLE)
		r->corrupt = true;
	*out = v.real;
	return true;
}

const char *
row_text(struct row *r, struct arena *a)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_NULL)
		return NULL;
	if (v.kind != VALUE_TEXT)
		r->corrupt = true;
	return arena_text(a, v.bytes);
}

void
row_blob(struct row *r, void *out, size_t len)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_BLOB && v.bytes.len == len)
		memcpy(out, v.bytes.ptr, len);
	else
		r->corrupt = true;
}

struct span
row_bytes(struct row *r, struct arena *a)
{
	struct value v = next_value(r);

	if (v.kind != VALUE_BLOB)
		return (struct span){NULL, 0};
	return (struct span){arena_text(a, v.bytes), v.bytes.len};
}

bool
row_is_null(struct row *r)
{
	struct value v = {0};

	r->engine->ops->column(r, &v);
	return v.kind == VALUE_NULL;
}

struct number_item {
	struct item item;
	int64_t number;
};

void
bind_nothing(struct item *it, struct binder *b)
{
	(void)it;
	(void)b;
}

static void
read_number(struct item *it, struct row *r)
{
	container_of(it, struct number_item, item)->number = row_int(r);
}

enum err
engine_number(struct engine *e, enum sql sql, int64_t *out)
{
	const struct each step = {sql, bind_nothing, read_number, NULL};
	struct number_item n = {.number = 0};
	struct item *items[] = {&n.item};
	enum err err = e->ops->each(e, &step, items, 1);

	*out = n.number;
	return err == OK ? n.item.err : err;
}
