/* SPDX-License-Identifier: Apache-2.0 */
/* Typed binding and reading over the two functions an engine offers for it. */
#include "store/engine.h"

#include <math.h>

#include "base/arena.h"
#include "base/utf8.h"

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

static struct value
next_value(struct row *r)
{
	struct value v = {0};

	r->engine->ops->column(r, &v);
	r->next++;
	return v;
}

void
row_is_damaged(struct row *r)
{
	if (!r->damaged)
		r->engine->ops->name_damaged(r, r->next - 1);
	r->damaged = true;
}

bool
row_passed_over(struct row *r)
{
	bool damaged = r->damaged;

	r->damaged = false;
	return damaged;
}

void
row_pass(struct row *r, int columns)
{
	r->next += columns;
}

static int64_t
int_of(struct row *r, const struct value *v, int64_t least, int64_t most)
{
	if (v->kind == VALUE_INT && v->number >= least && v->number <= most)
		return v->number;
	row_is_damaged(r);
	return least;
}

int64_t
row_int(struct row *r, int64_t least, int64_t most)
{
	struct value v = next_value(r);

	return int_of(r, &v, least, most);
}

int64_t
row_int_or_null(struct row *r, int64_t least, int64_t most)
{
	struct value v = next_value(r);

	return v.kind == VALUE_NULL ? 0 : int_of(r, &v, least, most);
}

int64_t
row_count(struct row *r)
{
	return row_int(r, 0, ROW_COUNT_MAX);
}

int64_t
row_ms(struct row *r)
{
	return row_int(r, 0, ROW_MS_MAX);
}

int64_t
row_ms_or_null(struct row *r)
{
	return row_int_or_null(r, 0, ROW_MS_MAX);
}

unsigned
row_enum(struct row *r, unsigned count)
{
	return (unsigned)row_int(r, 0, (int64_t)count - 1);
}

bool
row_bool(struct row *r)
{
	return row_int(r, 0, 1) != 0;
}

bool
row_double(struct row *r, double *out)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_NULL)
		return false;
	if (v.kind != VALUE_DOUBLE || !isfinite(v.real))
		row_is_damaged(r);
	*out = isfinite(v.real) ? v.real : 0;
	return true;
}

static const char *
text_of(struct row *r, const struct value *v, struct arena *a, size_t max)
{
	if (v->kind == VALUE_TEXT && v->bytes.len <= max && utf8_valid(v->bytes) &&
	    (v->bytes.len == 0 || memchr(v->bytes.ptr, '\0', v->bytes.len) == NULL))
		return arena_text(a, v->bytes);
	row_is_damaged(r);
	return "";
}

const char *
row_text(struct row *r, struct arena *a, size_t max)
{
	struct value v = next_value(r);

	return text_of(r, &v, a, max);
}

const char *
row_text_or_null(struct row *r, struct arena *a, size_t max)
{
	struct value v = next_value(r);

	return v.kind == VALUE_NULL ? NULL : text_of(r, &v, a, max);
}

void
row_blob(struct row *r, void *out, size_t len)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_BLOB && v.bytes.len == len) {
		memcpy(out, v.bytes.ptr, len);
		return;
	}
	memset(out, 0, len);
	row_is_damaged(r);
}

struct span
row_bytes(struct row *r, struct arena *a, size_t max)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_BLOB && v.bytes.len <= max)
		return (struct span){arena_text(a, v.bytes), v.bytes.len};
	if (v.kind != VALUE_NULL)
		row_is_damaged(r);
	return (struct span){NULL, 0};
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
	container_of(it, struct number_item, item)->number =
	    row_int(r, INT64_MIN, INT64_MAX);
}

enum err
engine_number(struct engine *e, enum sql sql, int64_t *out)
{
	const struct sql_step step = {sql, bind_nothing, read_number, NULL};
	struct number_item n = {.number = 0};
	struct item *items[] = {&n.item};
	enum err err = e->ops->each(e, &step, items, 1);

	*out = n.number;
	return err == OK ? n.item.err : err;
}
