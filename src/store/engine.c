/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that every engine can be asked in the same way. */
#include "store/engine.h"

struct number_item {
	struct item item;
	int64_t number;
};

static void
read_number(struct item *it, struct row *r)
{
	container_of(it, struct number_item, item)->number =
	    row_int(r, INT64_MIN, INT64_MAX);
}

enum err
engine_number(struct engine *e, int sql, int64_t *out)
{
	const struct sql_step step = {sql, bind_nothing, read_number, NULL};
	struct number_item n = {.number = 0};
	struct item *items[] = {&n.item};
	enum err err = e->ops->each(e, &step, items, 1);

	*out = n.number;
	return err == OK ? n.item.err : err;
}
