/* SPDX-License-Identifier: Apache-2.0 */
#include "store/faulty_engine.h"

struct faulty_plan faulty_plan;

static const struct engine_ops *under;
static struct engine_ops faulty;

static enum err
faulty_open(const struct engine_place *place, char why[256], struct engine **out)
{
	enum err e = under->open(place, why, out);

	if (e == OK)
		(*out)->ops = &faulty;
	return e;
}

static enum err
faulty_begin(struct engine *e)
{
	if (!faulty_plan.begin)
		return under->begin(e);
	faulty_plan.begin = false;
	faulty_plan.failed++;
	return ERR_BUSY;
}

static enum err
faulty_each(struct engine *e, const struct sql_step *step, struct item **items, size_t n)
{
	faulty_plan.ran++;
	if (faulty_plan.statement == 0 || --faulty_plan.statement > 0)
		return under->each(e, step, items, n);
	faulty_plan.failed++;
	return ERR_IO;
}

static enum err
faulty_commit(struct engine *e)
{
	enum faulty_commit how = faulty_plan.commit;

	faulty_plan.commit = FAULTY_COMMIT_NONE;
	if (how == FAULTY_COMMIT_NONE)
		return under->commit(e);
	faulty_plan.failed++;
	if (how == FAULTY_COMMIT_FAILED)
		return ERR_IO;
	if (how == FAULTY_COMMIT_UNKNOWN)
		under->rollback(e);
	else if (under->commit(e) != OK)
		panic("a commit that was to work did not");
	return ERR_UNKNOWN;
}

const struct engine_ops *
faulty_engine(const struct engine_ops *engine)
{
	under = engine;
	faulty = *engine;
	faulty.open = faulty_open;
	faulty.begin = faulty_begin;
	faulty.each = faulty_each;
	faulty.commit = faulty_commit;
	faulty_plan = (struct faulty_plan){0};
	return &faulty;
}
