/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/schema.h"

#include <stdio.h>

#include "store/engine.h"
#include "store/sqlite/statements.h"

static const char *const steps[] = {
#define SCHEMA_STEP(number, text) text,
#include "schema_steps.h"
#undef SCHEMA_STEP
};

static enum err
apply(struct engine *e, size_t number)
{
	char version[64];
	enum err err = e->ops->begin(e);

	snprintf(version, sizeof(version), "PRAGMA user_version = %zu", number);
	if (err == OK)
		err = e->ops->script(e, steps[number - 1]);
	if (err == OK)
		err = e->ops->script(e, version);
	if (err == OK)
		err = e->ops->commit(e);
	if (err != OK)
		e->ops->rollback(e);
	return err;
}

/* An upgrade may change more pages than memory shall hold; a batch must not spill any. */
static enum err
apply_after(struct engine *e, int64_t version)
{
	enum err err = e->ops->script(e, "PRAGMA cache_spill = ON");

	for (size_t i = (size_t)version; err == OK && i < countof(steps); i++)
		err = apply(e, i + 1);
	return err == OK ? e->ops->script(e, "PRAGMA cache_spill = OFF") : err;
}

enum err
schema_apply(struct engine *e, const struct engine_place *p, char why[256])
{
	int64_t version = 0;
	enum err err = engine_number(e, SQL_SCHEMA_VERSION, &version);

	if (err == OK && version > (int64_t)countof(steps)) {
		snprintf(why, 256,
		    "the store in %s has schema %lld, made by a newer version of "
		    "watchword; this version knows schemas up to %zu",
		    p->data_dir, (long long)version, countof(steps));
		return ERR_NEWER;
	}
	if (err == OK && version > 0 && version < (int64_t)countof(steps) &&
	    p->keep_schema) {
		snprintf(why, 256,
		    "the server that runs on %s is of an older version: start it anew "
		    "first",
		    p->data_dir);
		return ERR_BUSY;
	}
	if (err == OK)
		err = apply_after(e, version);
	if (err != OK)
		snprintf(why, 256, "the schema of the store in %s: %s", p->data_dir,
		    err_text(err));
	return err;
}
