/* SPDX-License-Identifier: Apache-2.0 */
#include "store/world.h"

#include <sqlite3.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/secret.h"
#include "store/access.h"
#include "store/config.h"
#include "store/keyring.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "store/store.h"
#include "store/upkeep.h"
#include "store/verify.h"

static const struct application_caps no_caps;

static int64_t
wall_ms(const struct clock *c)
{
	return ((const struct world *)(const void *)c)->wall_ms;
}

static int64_t
steady_ms(const struct clock *c)
{
	return ((const struct world *)(const void *)c)->steady_ms;
}

static int64_t
boot(const struct clock *c)
{
	return ((const struct world *)(const void *)c)->boot;
}

enum err
world_open(struct world *w, char why[256])
{
	struct store_options o = {.data_dir = w->dir,
	    .queue_max = 100,
	    .batch_max = 100,
	    .recent_max = w->recent_max,
	    .guesses_max = w->guesses_max,
	    .pin_cache_max = w->pin_cache_max,
	    .keep_schema = w->keep_schema,
	    .engine = w->engine,
	    .key_rotation_ms = PERIOD_MS_DAY,
	    .clock = &w->clock,
	    .entropy = &entropy_system,
	    .access_changed = w->access_changed,
	    .ctx = w};

	return store_open(&o, why, &w->store);
}

void
world_restart(struct world *w)
{
	char why[256];

	store_close(w->store);
	assert_int_equal(world_open(w, why), OK);
}

enum err
world_run(struct world *w, struct job *j, enum verb verb)
{
	j->verb = verb;
	j->arena = &w->arena;
	return store_run(w->store, j);
}

static void
make_account(struct world *w)
{
	struct account_job a = {.name = "test"};
	struct fail fail;
	struct application_change change = {.name = "app"};
	struct application_job app = {.create = true, .change = &change, .fail = &fail};
	struct template_change text = {.pin_type = "NUMERIC", .text = "{{pin}}"};
	struct template_rules rules = {PIN_LENGTH_MAX, true, false};
	struct template_job t = {
	    .create = true, .change = &text, .rules = &rules, .fail = &fail};

	fail_init(&fail, &w->arena);
	assert_int_equal(world_run(w, &a.job, VERB_ACCOUNT_CREATE), OK);
	w->account = app.account = t.account = a.id;
	assert_int_equal(world_run(w, &app.job, VERB_APPLICATION_PUT), OK);
	w->application = t.application = app.list[0].id;
	assert_int_equal(world_run(w, &t.job, VERB_TEMPLATE_PUT), OK);
	w->template = t.list[0].id;
}

struct world *
world_new(void)
{
	struct world *w = mem_new(sizeof(*w));
	char why[256] = "";

	secret_init();
	w->clock =
	    (struct clock){.wall_ms = wall_ms, .steady_ms = steady_ms, .boot = boot};
	w->boot = 1;
	w->wall_ms = T0;
	w->steady_ms = 1000;
	w->recent_max = 4; /* so that every test sees them move */
	w->guesses_max = 2;
	w->pin_cache_max = 3;
	arena_init(&w->arena);
	snprintf(w->dir, sizeof(w->dir), "/tmp/ww-store-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(world_open(w, why), OK);
	make_account(w);
	return w;
}

static void
remove_dir(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(d), entry->d_name, 0), 0);
	closedir(d);
	assert_int_equal(rmdir(path), 0);
}

void
world_free(struct world *w)
{
	store_close(w->store);
	arena_fini(&w->arena);
	remove_dir(w->dir);
	mem_free(w);
}

uint32_t
world_dice(struct world *w, uint32_t sides)
{
	w->dice = w->dice * 1664525 + 1013904223;
	return (w->dice >> 8) % sides;
}

void
world_pass(struct world *w, int64_t ms)
{
	w->wall_ms += ms;
	w->steady_ms += ms;
}

void
world_path(const struct world *w, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", w->dir, name);
}

static sqlite3 *
beside(const struct world *w)
{
	char path[256];
	sqlite3 *db;

	world_path(w, "watchword.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

int64_t
world_ask(const struct world *w, const char *query)
{
	sqlite3 *db = beside(w);
	sqlite3_stmt *stmt;
	int64_t answer;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return answer;
}

void
world_tell(const struct world *w, const char *sql)
{
	sqlite3 *db = beside(w);

	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void
world_configure(struct world *w, const struct application_change *change)
{
	struct fail fail;
	struct application_job app = {
	    .account = w->account, .id = w->application, .change = change, .fail = &fail};

	fail_init(&fail, &w->arena);
	assert_int_equal(world_run(w, &app.job, VERB_APPLICATION_PUT), OK);
}

static struct world_sent
send(struct world *w, const char *to, const char *named, bool tracked)
{
	bool other = named != NULL && strcmp(named, to) != 0;
	struct send_alternative alternative = {
	    .row = {.channel = CHANNEL_VOICE,
		.destination = other ? named : NULL,
		.template = ident_parse_or_none((struct span){0})},
	    .own_number = other};
	struct world_sent out = {0};
	struct outgoing_message *o = outgoing_new();
	struct send_job j = {.account = w->account,
	    .application = w->application,
	    .template = w->template,
	    .caps = &no_caps,
	    .alternatives = &alternative,
	    .alternative_count = named != NULL,
	    .outgoing = o};
	uint8_t key[PIN_KEY_LEN];

	o->content.channel = CHANNEL_SMS;
	o->tracked = tracked;
	o->destination = arena_text(&o->arena, span_of(to));
	out.err = world_run(w, &j.job, VERB_SEND);
	out.wait_ms = j.wait_ms;
	if (out.err == OK) {
		out.pin_id = o->recipe.pin_id;
		out.key_id = o->key_id;
		assert_int_equal(
		    keyring_find(store_keyring(w->store), o->key_id, key), OK);
		pin_derive(key, &o->recipe, out.pin);
	}
	outgoing_free(o);
	return out;
}

struct world_sent
world_send(struct world *w, const char *to)
{
	return send(w, to, NULL, false);
}

struct world_sent
world_send_naming(struct world *w, const char *to, const char *named)
{
	return send(w, to, named, false);
}

struct world_sent
world_send_tracked(struct world *w, const char *to)
{
	return send(w, to, NULL, true);
}

struct world_verified
world_verify(struct world *w, const struct ident *pin_id, const char *typed)
{
	struct verify_job j = {
	    .account = w->account, .pin_id = *pin_id, .typed = span_of(typed)};
	struct world_verified out = {.err = world_run(w, &j.job, VERB_VERIFY)};

	out.verdict = j.verdict;
	out.left = j.attempts_left;
	out.wait_ms = j.wait_ms;
	return out;
}

enum err
world_resend(struct world *w, const struct ident *pin_id, int64_t *wait_ms_out)
{
	struct outgoing_message *o = outgoing_new();
	struct resend_job j = {.account = w->account,
	    .pin_id = *pin_id,
	    .resends_max = 3,
	    .interval_ms = 10000,
	    .outgoing = o};
	enum err e = world_run(w, &j.job, VERB_RESEND);

	*wait_ms_out = j.wait_ms;
	outgoing_free(o);
	return e;
}

size_t
world_open_messages(struct world *w)
{
	struct lease_job lease = {.job = {.err = OK}};
	struct open_messages_job j = {.limit = 10000};
	struct task *t;

	assert_int_equal(world_run(w, &lease.job, VERB_LEASE), OK);
	assert_int_equal(world_run(w, &j.job, VERB_OPEN_MESSAGES), OK);
	t = j.first == NULL ? NULL : &j.first->task;
	while (t != NULL) {
		struct task *next = t->next;

		outgoing_free(container_of(t, struct outgoing_message, task));
		t = next;
	}
	return j.count;
}

enum err
world_outcome(
    struct world *w, const struct ident *pin_id, unsigned seq, enum message_state state)
{
	struct outcome_job j = {
	    .pin_id = *pin_id, .seq = seq, .state = state, .carrier = "c", .submits = 1};

	return world_run(w, &j.job, VERB_OUTCOME);
}

int64_t
world_retain(struct world *w, int64_t keep_ms)
{
	struct retain_job j = {.keep_ms = keep_ms, .limit = 1000};

	assert_int_equal(world_run(w, &j.job, VERB_RETAIN), OK);
	return j.removed;
}

size_t
world_age(struct world *w)
{
	struct age_job j = {.limit = 1000};

	assert_int_equal(world_run(w, &j.job, VERB_AGE), OK);
	return j.moved;
}

int
world_setup(void **state)
{
	*state = world_new();
	return 0;
}

int
world_teardown(void **state)
{
	world_free(*state);
	return 0;
}
