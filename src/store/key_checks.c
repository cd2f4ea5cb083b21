/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_checks.h"

#include "base/log.h"
#include "store/engine.h"
#include "store/idempotency.h"
#include "store/keyring.h"
#include "store/meta.h"

/* So many are named; who lost all of a year's keys need not read each. */
enum { NAMED_MAX = 20 };

static const struct kind {
	const char *file; /* as the log calls it */
	const char *mark; /* the name in meta */
	enum sql live;    /* numbers of keys, and how many rows that live need each */
	int64_t kept_ms;  /* how long a row lives after the time that `live` looks at */
} kinds[] = {
    {"keyring", "pin_key", SQL_PIN_KEYS, 0},
    {"idempotency-keyring", "idempotency_key", SQL_IDEMPOTENCY_KEYS, IDEMPOTENCY_KEPT_MS},
};

struct check_item {
	struct item item;
	const struct kind *kind;
	struct keyring *keyring;
	int64_t after_ms;
	unsigned missing;
};

static struct check_item *
check_of(struct item *it)
{
	return container_of(it, struct check_item, item);
}

static void
bind_after(struct item *it, struct binder *b)
{
	bind_int(b, check_of(it)->after_ms);
}

static void
read_live(struct item *it, struct row *r)
{
	struct check_item *c = check_of(it);
	int64_t id = row_int(r, 0, KEYRING_ID_MAX);
	int64_t count = row_count(r);

	if (row_passed_over(r))
		return;
	keyring_reserve(c->keyring, id);
	if (keyring_has(c->keyring, id) || c->missing++ >= NAMED_MAX)
		return;
	log_event(LOG_LEVEL_ERROR, "key_missing", LOG_TEXT("file", c->kind->file),
	    LOG_INT("key", id), LOG_INT("needed_by", count),
	    LOG_TEXT(
		"effect", "what needs it is answered 503 until the key is put back"));
}

static enum err
start(const struct kind *kind, struct key_check *c, struct engine *e, int64_t now_ms)
{
	const struct sql_step live = {(int)kind->live, bind_after, read_live, NULL};
	struct check_item item = {
	    .kind = kind, .keyring = c->keyring, .after_ms = now_ms - kind->kept_ms};
	struct item *items[] = {&item.item};
	enum err err = meta_get(e, kind->mark, KEYRING_ID_MAX, &c->written_id);

	if (err != OK)
		return err;
	keyring_reserve(c->keyring, c->written_id);
	if (keyring_has(c->keyring, c->written_id))
		return OK;
	err = e->ops->each(e, &live, items, 1);
	return err == OK ? item.item.err : err;
}

enum err
key_checks_start(struct key_checks *c, struct keyring *pins, struct keyring *records,
    struct engine *e, int64_t now_ms)
{
	enum err err = OK;

	*c = (struct key_checks){.of = {{.keyring = pins}, {.keyring = records}}};
	for (size_t i = 0; err == OK && i < countof(kinds); i++)
		err = start(&kinds[i], &c->of[i], e, now_ms);
	return err;
}

enum err
key_checks_write(struct key_checks *c, struct engine *e)
{
	enum err err = OK;

	for (size_t i = 0; err == OK && i < countof(kinds); i++) {
		struct key_check *check = &c->of[i];
		int64_t before = check->newest_id;

		if (check->keyring == NULL)
			continue;
		check->newest_id = keyring_newest(check->keyring);
		INVARIANT(check->newest_id >= before);
		if (check->newest_id != check->written_id)
			err = meta_raise(e, kinds[i].mark, check->newest_id);
	}
	return err;
}

void
key_checks_committed(struct key_checks *c)
{
	for (size_t i = 0; i < countof(c->of); i++)
		c->of[i].written_id = c->of[i].newest_id;
}
