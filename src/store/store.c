/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening, the store's thread, and the batch: whatever has queued up becomes one
 * transaction with one fsync, and only then is anybody answered.
 */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "base/entropy_pool.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/access.h"
#include "store/admission.h"
#include "store/clock_mark.h"
#include "store/engine.h"
#include "store/engines.h"
#include "store/idempotency.h"
#include "store/key_checks.h"
#include "store/meta.h"
#include "store/pins.h"
#include "store/keyring.h"
#include "store/verb.h"
#include "store/watcher.h"

#define STORE_MAGIC 0x57012e00u
/* Reading all of access takes a tenth of the time at most where keys change all the time,
 * and a change waits for it this long at most, as it holds within 1 s. */
#define REST_SHARE 9
#define REST_MS_MAX 500
/* A job that has waited longer than this in a crowded lane is given up (intake_stale). */
#define STALE_MS 400
/* Patient jobs share the commit of what comes within this time. A crash in it costs what
 * one before their commit always does: a second submit. */
#define PATIENCE_MS 2
/* How often the high-water mark of the clock is written, at most. */
#define MARK_MS 1000

struct store {
	unsigned magic;
	struct store_options options;
	struct engine *engine;
	struct keyring *keyring;
	struct keyring *secrets; /* of idempotency records */
	struct key_checks key_checks;
	int64_t run; /* its number; 0: of a command */
	struct store_clock clock;
	struct entropy_pool entropy; /* of the thread that runs batches */
	struct queue *queue;
	struct admission admission; /* of what is offered */
	struct intake intake;       /* taken from the queue, for batches to come */
	struct task stop;
	bool started;
	bool stopping;
	pthread_t thread;
	int64_t mark_ms; /* written high-water mark */
	struct watcher watcher;
	int64_t foreign_version;
	bool access_dirty; /* keys or users changed, and were not published */
	bool access_unreadable;
	int64_t rest_until_ms; /* steady time: no reload for changes of our own before */
	bool rests;            /* all that waits is patient, and has waited just now */
	struct task *changes;  /* jobs that wait for one, oldest first */
	bool reports_owed;     /* by the batch that is under way */
	int64_t outbox_at_ms;
	struct pins *pins;
	struct item **items; /* room for one batch */
	char *states;        /* room for those of one verb; all zero between verbs */
	size_t states_len;
};

/* ---- one transaction ---- */

static enum err
write_mark(struct store *s, int64_t now_ms)
{
	struct clock_record record;

	if (now_ms - s->mark_ms < MARK_MS)
		return OK;
	store_clock_record(&s->clock, &record);
	return clock_mark_write(s->engine, &record);
}

static void
give_states(struct store *s, struct item **items, size_t n, size_t state_len)
{
	size_t len = n * state_len;

	if (len > s->states_len) {
		mem_free(s->states);
		s->states = mem_array(n, state_len);
		s->states_len = len;
	}
	for (size_t i = 0; i < n; i++)
		container_of(items[i], struct job, item)->state =
		    s->states + i * state_len;
}

/* A state may hold what derives PINs. */
static void
take_states(struct store *s, struct item **items, size_t n, size_t state_len)
{
	for (size_t i = 0; i < n; i++)
		container_of(items[i], struct job, item)->state = NULL;
	secret_wipe(s->states, n * state_len);
}

static enum err
run_steps(struct batch *b, const struct verb_row *verb, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < VERB_STEPS_MAX && verb->steps[i] != NULL; i++)
		e = verb->steps[i](b, items, n);
	return e;
}

static enum err
run_verb(struct store *s, struct batch *b, enum verb v, struct item **items, size_t n)
{
	const struct verb_row *verb = verb_facts[v].row;
	enum err e = idempotency_claim(b, items, &n);

	if (n == 0 || e != OK)
		return e;
	if (verb->state_len > 0)
		give_states(s, items, n, verb->state_len);
	e = run_steps(b, verb, items, n);
	if (verb->state_len > 0)
		take_states(s, items, n, verb->state_len);
	return e == OK ? idempotency_settle(b, items, n) : e;
}

/* Jobs side by side by verb, in the order of enum verb; inside a verb as they came. */
static void
group(struct store *s, struct task *jobs, size_t ends[VERB_COUNT])
{
	size_t all = 0;

	memset(ends, 0, VERB_COUNT * sizeof(ends[0]));
	for (struct task *t = jobs; t != NULL; t = t->next)
		ends[container_of(t, struct job, task)->verb]++;
	for (enum verb v = 0; v < VERB_COUNT; v++) {
		size_t count = ends[v];

		ends[v] = all; /* where it begins, until its jobs are in */
		all += count;
	}
	for (struct task *t = jobs; t != NULL; t = t->next) {
		struct job *j = container_of(t, struct job, task);

		s->items[ends[j->verb]++] = &j->item;
	}
}

/* `at_out`: the part of the batch that failed, for the log. */
static enum err
run_jobs(struct store *s, struct task *jobs, const struct store_time *time,
    const char **at_out)
{
	struct batch b = {.engine = s->engine,
	    .keyring = s->keyring,
	    .secrets = s->secrets,
	    .run = s->run,
	    .entropy = &s->entropy.entropy,
	    .now_ms = time->now_ms,
	    .time = *time,
	    .reports_owed = &s->reports_owed,
	    .outbox_at_ms = &s->outbox_at_ms,
	    .pins = s->pins};
	enum err e = s->engine->ops->begin(s->engine);
	size_t ends[VERB_COUNT];
	size_t begin = 0;

	group(s, jobs, ends);
	for (enum verb v = 0; e == OK && v < VERB_COUNT; v++) {
		size_t n = ends[v] - begin;

		if (n == 0)
			continue;
		*at_out = verb_facts[v].name;
		if (verb_facts[v].touches == VERB_TOUCHES_PINS && !s->pins->begun)
			e = pins_begin(s->pins, time);
		if (e == OK)
			e = run_verb(s, &b, v, s->items + begin, n);
		begin = ends[v];
	}
	if (e != OK)
		return e;
	*at_out = "marks";
	e = write_mark(s, time->now_ms);
	return e == OK ? key_checks_write(&s->key_checks, s->engine) : e;
}

/* State that may or may not be on stable storage must not be built upon: a restart finds
 * out. */
static void
stop_when_unsure(enum err e)
{
	if (e == ERR_SYNC)
		panic("writing to stable storage failed (fsync); stopping, because "
		      "trying again "
		      "could report as saved what is lost. Check the disk, then start "
		      "again.");
	if (e == ERR_UNKNOWN)
		panic("a commit failed in a way that leaves its outcome open; stopping, "
		      "so that "
		      "a start finds out. Check the disk, then start again.");
}

/* Its caller relies on the change, so the memory of the api must know it first. */
static bool
changes_access(const struct job *j)
{
	return verb_facts[j->verb].touches == VERB_TOUCHES_KEYS;
}

/* Sessions are made known one by one, keys by publish_access. */
static void
remember_access(struct store *s, struct task *jobs)
{
	for (struct task *t = jobs; t != NULL; t = t->next) {
		struct job *j = container_of(t, struct job, task);

		if (changes_access(j))
			s->access_dirty = true;
		if (verb_facts[j->verb].touches == VERB_TOUCHES_SESSIONS &&
		    s->options.session_changed != NULL)
			s->options.session_changed(
			    s->options.ctx, container_of(j, struct session_job, job));
	}
}

/* The whole batch, committed or rolled back; every job then says what became of it. */
static void
run_batch(struct store *s, struct task *jobs)
{
	struct store_time time;
	const char *at = "begin";
	enum err e;

	store_clock_read(&s->clock, &time);
	for (struct task *t = jobs; t != NULL; t = t->next) {
		struct job *j = container_of(t, struct job, task);

		j->item = (struct item){0};
		j->now_ms = time.now_ms;
		j->time = time;
		j->store = s;
	}
	s->reports_owed = false;
	e = run_jobs(s, jobs, &time, &at);
	if (e == OK) {
		at = "commit";
		e = s->engine->ops->commit(s->engine);
	}
	if (e == OK) {
		pins_committed(s->pins);
		if (time.now_ms - s->mark_ms >= MARK_MS)
			s->mark_ms = time.now_ms;
		key_checks_committed(&s->key_checks);
		remember_access(s, jobs);
		if (s->reports_owed && s->options.reports_owed != NULL)
			s->options.reports_owed(s->options.ctx);
		return;
	}
	stop_when_unsure(e);
	s->engine->ops->rollback(s->engine);
	pins_rolled_back(s->pins);
	for (struct task *t = jobs; t != NULL; t = t->next)
		container_of(t, struct job, task)->err = e;
	log_event(LOG_LEVEL_ERROR, "store_batch_failed", LOG_ERR(e), LOG_TEXT("at", at));
}

/* ---- access ---- */

/* Said once, and once when it is over. A lock that another process holds passes. */
static void
note_readable(struct store *s, enum err e)
{
	bool unreadable = e == ERR_CORRUPT || e == ERR_IO;

	if (unreadable && !s->access_unreadable)
		log_event(LOG_LEVEL_ERROR, "access_unreadable", LOG_ERR(e),
		    LOG_TEXT("effect", "every request that needs a credential is "
				       "answered 503"));
	else if (e == OK && s->access_unreadable)
		log_event(LOG_LEVEL_INFO, "access_readable");
	if (unreadable || e == OK)
		s->access_unreadable = unreadable;
}

/* A change that could not be read now must be read again. A damaged row is out, alone; a
 * table that cannot be read may take away anything. */
static enum err
publish_access(struct store *s)
{
	struct arena arena;
	struct session_job sessions = {
	    .job = {.verb = VERB_SESSION_LIST, .arena = &arena}};
	struct user_job users = {.job = {.verb = VERB_USER_LIST,
				     .arena = &arena,
				     .task = {.next = &sessions.job.task}}};
	struct key_job keys = {.job = {.verb = VERB_KEY_LIST,
				   .arena = &arena,
				   .task = {.next = &users.job.task}}};
	enum err e;

	if (s->options.access_changed == NULL)
		return OK;
	arena_init(&arena);
	run_batch(s, &keys.job.task);
	e = keys.job.err;
	if (e == OK)
		e = users.job.err;
	if (e == OK)
		e = sessions.job.err;
	if (e == OK)
		s->options.access_changed(
		    s->options.ctx, &(struct access){keys.rows, keys.count, users.rows,
					users.count, sessions.rows, sessions.count});
	else if (e == ERR_CORRUPT || e == ERR_IO)
		s->options.access_changed(s->options.ctx, NULL);
	note_readable(s, e);
	arena_fini(&arena);
	return e;
}

static int64_t
steady_ms(const struct store *s)
{
	return s->options.clock->steady_ms(s->options.clock);
}

static bool
is_resting(const struct store *s)
{
	return s->access_dirty && steady_ms(s) < s->rest_until_ms;
}

/* Another process, or a job of our own, may have changed keys or users. */
static void
watch_access(struct store *s)
{
	int64_t now_ms = steady_ms(s);
	int64_t rest_ms;
	int64_t version;

	if (is_resting(s) || (!s->access_dirty && !watcher_is_due(&s->watcher, now_ms)))
		return;
	watcher_looked(&s->watcher, now_ms);
	version = s->engine->ops->foreign_version(s->engine);
	if (version == s->foreign_version && !s->access_dirty)
		return;
	s->foreign_version = version;
	s->access_dirty = publish_access(s) != OK;
	rest_ms = (steady_ms(s) - now_ms) * REST_SHARE;
	if (rest_ms > REST_MS_MAX || s->access_unreadable)
		rest_ms = REST_MS_MAX;
	s->rest_until_ms = steady_ms(s) + rest_ms;
}

/* ---- the thread ---- */

/* Takes the stop mark out of the list. */
static struct task *
without_stop(struct store *s, struct task *jobs)
{
	struct task **at = &jobs;

	while (*at != NULL) {
		if (*at == &s->stop) {
			s->stopping = true;
			*at = s->stop.next;
		} else {
			at = &(*at)->next;
		}
	}
	return jobs;
}

static void
finish_all(struct store *s, struct task *jobs)
{
	queue_hold();
	while (jobs != NULL) {
		struct task *next = jobs->next;
		struct job *j = container_of(jobs, struct job, task);

		if (j->offered)
			admission_leave(&s->admission, j->verb);
		j->offered = false; /* the caller may offer the job again */
		j->finish(j);
		jobs = next;
	}
	queue_release();
}

/* Takes those that changed access out of the list; both stay in their order. */
static struct task *
take_changes(struct task **jobs)
{
	struct task *changes = NULL;
	struct task **end = &changes;

	while (*jobs != NULL) {
		struct task *t = *jobs;

		if (changes_access(container_of(t, struct job, task))) {
			*jobs = t->next;
			t->next = NULL;
			*end = t;
			end = &t->next;
		} else {
			jobs = &t->next;
		}
	}
	return changes;
}

/* Those who changed access, as soon as that was read. */
static void
answer_changes(struct store *s)
{
	struct task *changes = s->changes;

	if (is_resting(s))
		return;
	watch_access(s);
	s->changes = NULL;
	finish_all(s, changes);
}

/* Reading all of access takes a while; only who changed it waits for that. */
static void
answer_batch(struct store *s, struct task *jobs)
{
	struct task **end = &s->changes;

	while (*end != NULL)
		end = &(*end)->next;
	*end = take_changes(&jobs);
	finish_all(s, jobs);
	answer_changes(s);
}

/* Until the next look, if nobody comes before. */
static int
idle_ms(const struct store *s, int64_t now_ms)
{
	int64_t left_ms = s->rest_until_ms - now_ms;

	if (s->rests)
		return PATIENCE_MS;
	if (!s->access_dirty)
		return watcher_wait_ms(&s->watcher, now_ms);
	return left_ms > 0 && left_ms < WATCHER_LOOK_MS ? (int)left_ms : WATCHER_LOOK_MS;
}

static void
wait_for_work(struct store *s)
{
	int64_t now_ms;

	if (!s->access_dirty)
		watcher_rest(&s->watcher, steady_ms(s));
	watch_access(s);
	now_ms = steady_ms(s);
	if (queue_wait_or(s->queue, watcher_fd(&s->watcher, now_ms), idle_ms(s, now_ms)))
		watcher_told(&s->watcher, steady_ms(s));
}

/* Those who would have to wait for too long are told now. */
static void
refuse_stale(struct store *s, int64_t now_ms)
{
	struct task *stale =
	    intake_stale(&s->intake, s->options.batch_max, now_ms - STALE_MS);

	for (struct task *t = stale; t != NULL; t = t->next)
		container_of(t, struct job, task)->item =
		    (struct item){.err = ERR_OVERLOADED};
	finish_all(s, stale);
}

/* May what waits go on waiting, once, for others to share its commit? */
static bool
may_rest(struct store *s)
{
	s->rests = !s->rests && !s->stopping && intake_is_patient(&s->intake);
	return s->rests;
}

/*
 * Whatever has queued up goes into the lanes; the next batch comes out of them. Where all
 * cores are busy, the threads that are about to offer run first, and one commit serves
 * more of them; on a core that is free sched_yield returns at once.
 */
static struct task *
next_batch(struct store *s)
{
	struct task *jobs;
	int64_t now_ms;

	(void)sched_yield();
	jobs = queue_take(s->queue, SIZE_MAX, NULL);
	now_ms = steady_ms(s);
	intake_put(&s->intake, without_stop(s, jobs));
	refuse_stale(s, now_ms);
	if (may_rest(s))
		return NULL;
	jobs = intake_take(&s->intake, s->options.batch_max);
	for (enum intake_lane l = 0; l < INTAKE_LANES; l++)
		admission_took(
		    &s->admission, l, s->intake.taken[l], s->intake.lanes[l].len, now_ms);
	return jobs;
}

static void *
store_thread(void *ctx)
{
	struct store *s = ctx;

	while (!s->stopping) {
		struct task *jobs;

		wait_for_work(s);
		while ((jobs = next_batch(s)) != NULL) {
			run_batch(s, jobs);
			answer_batch(s, jobs);
			watcher_worked(&s->watcher, steady_ms(s));
		}
		answer_changes(s);
	}
	finish_all(s, s->changes);
	return NULL;
}

/* ---- opening and closing ---- */

/* queue_run is never used on the store's queue; a task must have a `run` all the same. */
static void
never_run(struct task *t)
{
	(void)t;
	INVARIANT(!"a store job was run outside of the store");
}

/* An idempotency record lives as long as its key is in use: a day. */
static enum err
open_keyrings(struct store *s, char why[256])
{
	const struct store_options *o = &s->options;
	char path[4096];
	enum err e;

	snprintf(path, sizeof(path), "%s/keyring", o->data_dir);
	e = keyring_open(path, o->entropy, o->key_rotation_ms, why, &s->keyring);
	if (e != OK)
		return e;
	snprintf(path, sizeof(path), "%s/idempotency-keyring", o->data_dir);
	return keyring_open(path, o->entropy, IDEMPOTENCY_KEPT_MS, why, &s->secrets);
}

static enum err
open_pins(struct store *s)
{
	const struct store_options *o = &s->options;
	const struct pins_limits limits = {
	    o->recent_max, o->guesses_max, o->pin_cache_max};
	uint64_t seed;

	o->entropy->fill(o->entropy, &seed, sizeof(seed));
	return s->engine->ops->pins->open(s->engine, &limits, seed, &s->pins);
}

/* The one identity of a run. The lock on the data directory proves that all with a lower
 * number have ended. */
static enum err
number_run(struct store *s)
{
	struct engine *e = s->engine;
	enum err err = e->ops->begin(e);

	if (err == OK)
		err = meta_next(e, "owner", &s->run);
	if (err == OK)
		err = e->ops->commit(e);
	if (err != OK)
		e->ops->rollback(e);
	return err;
}

static enum err
open_time(struct store *s)
{
	struct clock_record record;
	enum err e = clock_mark_read(s->engine, &record);

	if (e != OK)
		return e;
	store_clock_init(&s->clock, s->options.clock, &record);
	watcher_init(&s->watcher, s->engine);
	s->mark_ms = record.now_ms;
	return OK;
}

/* A sentence about a part that failed. */
static enum err
said(const struct store *s, enum err e, const char *part, char why[256])
{
	if (e != OK)
		snprintf(why, 256, "%.150s: %s: %s", s->engine->where, part, err_text(e));
	return e;
}

static enum err
open_engine(struct store *s, char why[256])
{
	const struct store_options *o = &s->options;
	const struct engine_ops *ops = o->engine == NULL ? engines_default() : o->engine;
	const struct engine_place place = {o->data_dir, o->keep_schema};
	enum err e;

	if (file_make_folder(o->data_dir) != OK) {
		snprintf(why, 256, "%s: %s", o->data_dir, strerror(errno));
		return ERR_IO;
	}
	e = ops->open(&place, why, &s->engine);
	return e == OK ? open_pins(s) : e;
}

static enum err
open_parts(struct store *s, char why[256])
{
	enum err e = open_engine(s, why);

	if (e == OK)
		e = said(s, open_time(s), "the store's time, in the table meta", why);
	if (e != OK || s->options.without_keys)
		return e;
	e = open_keyrings(s, why);
	if (e == OK)
		e = said(s, number_run(s), "the number of its runs, in meta", why);
	if (e != OK)
		return e;
	e = key_checks_start(&s->key_checks, s->keyring, s->secrets, s->engine,
	    store_clock_now(&s->clock));
	return said(s, e, "which keys its rows need", why);
}

enum err
store_open(const struct store_options *o, char why[256], struct store **out)
{
	struct store *s = mem_new(sizeof(*s));
	enum err e;

	s->magic = STORE_MAGIC;
	s->options = *o;
	s->foreign_version = -1;
	s->stop.run = never_run;
	entropy_pool_init(&s->entropy, o->entropy);
	s->queue = queue_new(0); /* the bound is on all that waits, in the lanes too */
	intake_init(&s->intake);
	admission_init(&s->admission, o->queue_max, o->batch_max);
	s->items = mem_array(o->batch_max + 1, sizeof(struct item *));
	e = open_parts(s, why);
	if (e == OK)
		*out = s;
	else
		store_close(s);
	return e;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	CHECK_OBJ(s, STORE_MAGIC);
	if (s->started) {
		queue_push(s->queue, &s->stop);
		pthread_join(s->thread, NULL);
		s->mark_ms -= MARK_MS; /* the last time is written, however early */
		run_batch(s, NULL);
	}
	entropy_pool_fini(&s->entropy);
	pins_close(s->pins);
	keyring_free(s->keyring);
	keyring_free(s->secrets);
	if (s->engine != NULL)
		s->engine->ops->close(s->engine);
	store_clock_fini(&s->clock);
	queue_free(s->queue);
	mem_free(s->items);
	mem_free(s->states);
	mem_free(s);
}

void
store_start(struct store *s)
{
	int rc;

	CHECK_OBJ(s, STORE_MAGIC);
	INVARIANT(!s->started);
	watch_access(s);
	s->started = true;
	rc = pthread_create(&s->thread, NULL, store_thread, s);
	if (rc != 0)
		panic("cannot start the store's thread: %s", strerror(rc));
	pthread_setname_np(s->thread, "store");
}

static void
check_job(const struct store *s, struct job *j)
{
	CHECK_OBJ(s, STORE_MAGIC);
	INVARIANT((unsigned)j->verb < VERB_COUNT);
	j->task.run = never_run;
}

enum err
store_offer(struct store *s, struct job *j)
{
	check_job(s, j);
	INVARIANT(j->finish != NULL && !j->offered);
	if (!admission_enter(&s->admission, j->verb))
		return ERR_OVERLOADED;
	j->offered = true;
	j->offered_ms = steady_ms(s);
	queue_push(s->queue, &j->task);
	return OK;
}

bool
store_has_room(const struct store *s, enum verb v)
{
	CHECK_OBJ(s, STORE_MAGIC);
	return admission_has_room(&s->admission, v);
}

void
store_push(struct store *s, struct job *j)
{
	check_job(s, j);
	INVARIANT(j->finish != NULL && !j->offered);
	j->offered = false;
	queue_push(s->queue, &j->task);
}

enum err
store_run(struct store *s, struct job *j)
{
	check_job(s, j);
	INVARIANT(!s->started);
	j->task.next = NULL;
	run_batch(s, &j->task);
	return j->err;
}

int64_t
store_now_ms(struct store *s)
{
	return store_clock_now(&s->clock);
}

struct keyring *
store_keyring(struct store *s)
{
	return s->keyring;
}

int64_t
store_wall_ms(struct store *s)
{
	struct store_time time;

	store_clock_read(&s->clock, &time);
	return time.wall_ms;
}

unsigned
store_expire_keys(struct store *s)
{
	struct store_time time;

	store_clock_read(&s->clock, &time);
	return keyring_expire(s->keyring, time.settled_ms) +
	       keyring_expire(s->secrets, time.settled_ms);
}
