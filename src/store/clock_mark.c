/* SPDX-License-Identifier: Apache-2.0 */
#include "store/clock_mark.h"

#include "store/engine.h"
#include "store/meta.h"
#include "store/row.h"

/* The name in meta. */
#define HIGH_WATER "clock_high_water"

struct mark_item {
	struct item item;
	struct clock_record record;
};

static struct clock_record *
record_of(struct item *it)
{
	return &container_of(it, struct mark_item, item)->record;
}

static void
read_last(struct item *it, struct row *r)
{
	struct ident last;

	row_ident(r, &last);
	record_of(it)->least_ms = ident_ms(&last) + 1;
}

static void
read_rest(struct item *it, struct row *r)
{
	struct clock_record *record = record_of(it);

	record->boot = row_int(r, INT64_MIN, INT64_MAX);
	record->steady_ms = row_int_or_null(r, INT64_MIN / 2, INT64_MAX / 2);
	record->offset_ms = row_int_or_null(r, INT64_MIN / 2, INT64_MAX / 2);
	record->settled_ms = row_ms_or_null(r);
	record->held_ms = row_ms_or_null(r);
	record->begun_ms = row_ms_or_null(r);
}

static void
bind_rest(struct item *it, struct binder *b)
{
	const struct clock_record *record = record_of(it);

	bind_int(b, record->boot);
	bind_int(b, record->steady_ms);
	bind_int(b, record->offset_ms);
	bind_int(b, record->settled_ms);
	bind_int(b, record->held_ms);
	bind_int(b, record->begun_ms);
}

enum err
clock_mark_read(struct engine *e, struct clock_record *out)
{
	static const struct sql_step steps[] = {
	    {SQL_PIN_LAST, bind_nothing, read_last, NULL},
	    {SQL_CLOCK_GET, bind_nothing, read_rest, NULL}};
	struct mark_item m = {.record = {0}};
	struct item *items[] = {&m.item};
	enum err err = meta_get(e, HIGH_WATER, ROW_MS_MAX, &m.record.now_ms);

	for (size_t i = 0; err == OK && i < countof(steps); i++)
		err = e->ops->each(e, &steps[i], items, 1);
	*out = m.record;
	return err == OK ? m.item.err : err;
}

enum err
clock_mark_write(struct engine *e, const struct clock_record *record)
{
	static const struct sql_step rest = {SQL_CLOCK_PUT, bind_rest, NULL, NULL};
	struct mark_item m = {.record = *record};
	struct item *items[] = {&m.item};
	enum err err = meta_raise(e, HIGH_WATER, record->now_ms);

	/* A damaged row is named in the log, and is no fault of the batch. */
	if (err == ERR_CORRUPT)
		return OK;
	return err == OK ? e->ops->each(e, &rest, items, 1) : err;
}
