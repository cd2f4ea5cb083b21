/* SPDX-License-Identifier: Apache-2.0 */
#include "store/meta.h"

#include "store/engine.h"

struct meta_item {
	struct item item;
	const char *name;
	int64_t value;
	int64_t most;
};

static struct meta_item *
meta_of(struct item *it)
{
	return container_of(it, struct meta_item, item);
}

static void
bind_name(struct item *it, struct binder *b)
{
	bind_text(b, meta_of(it)->name);
}

static void
bind_value(struct item *it, struct binder *b)
{
	bind_name(it, b);
	bind_int(b, meta_of(it)->value);
}

static void
read_value(struct item *it, struct row *r)
{
	meta_of(it)->value = row_int(r, 0, meta_of(it)->most);
}

static enum err
run(struct engine *e, const struct sql_step *step, struct meta_item *m)
{
	struct item *items[] = {&m->item};
	enum err err = e->ops->each(e, step, items, 1);

	return err == OK ? m->item.err : err;
}

enum err
meta_get(struct engine *e, const char *name, int64_t most, int64_t *out)
{
	static const struct sql_step step = {SQL_META_GET, bind_name, read_value, NULL};
	struct meta_item m = {.name = name, .value = *out, .most = most};
	enum err err = run(e, &step, &m);

	*out = m.value;
	return err;
}

enum err
meta_raise(struct engine *e, const char *name, int64_t value)
{
	static const struct sql_step step = {SQL_META_RAISE, bind_value, NULL, NULL};
	struct meta_item m = {.name = name, .value = value};

	return run(e, &step, &m);
}

enum err
meta_next(struct engine *e, const char *name, int64_t *out)
{
	static const struct sql_step step = {SQL_META_NEXT, bind_name, read_value, NULL};
	struct meta_item m = {.name = name, .most = ROW_COUNT_MAX};
	enum err err = run(e, &step, &m);

	*out = m.value;
	return err;
}
