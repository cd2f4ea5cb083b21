/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same requests, by chance, to the model (store/model.h) and to the embedded engine
 * in all its settings: with a memory of few rows, of many, of none; with rows that grow
 * old; through restarts, batches that fail at any statement, and commits of unknown
 * outcome. Every answer must be the same.
 */
#include "store/model.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/faulty_engine.h"
#include "store/limits.h"
#include "store/send.h"
#include "store/sqlite/engine_sqlite.h"
#include "store/status.h"
#include "store/store.h"
#include "store/verify.h"
#include "store/world.h"
#include "unit/unit.h"

enum { STEPS = 500, PINS_MAX = STEPS, NUMBERS = 5, NEAR = 12, ANSWER_MAX = 16384 };
enum { PANICKED = 70 };

struct setting {
	int64_t recent_max;
	size_t guesses_max;
	size_t pin_cache_max;
	bool restarts; /* before each request */
	bool ages;
	bool faulty;     /* batches fail */
	int64_t pass_ms; /* between requests: up to eight times as long */
	int64_t failures_max;
	struct application_change change;
};

struct request {
	enum { SEND, VERIFY, RESEND, LIMITS, LIFT, TIMELINE, LIST, REQUEST_COUNT } what;
	size_t pin; /* which of those that were sent */
	bool right;
	bool stranger;
	bool of_one; /* a list of one number, a verify by number */
	unsigned number;
	unsigned named; /* the number that a send names; NUMBERS: none */
};

struct side {
	const struct setting *of;
	struct world *world;
	size_t count;
	struct world_sent pins[PINS_MAX];
	char answer[ANSWER_MAX];
	size_t len;
};

static struct side engine;
static struct side model;
static size_t answered[REQUEST_COUNT];
static size_t refused;
static size_t failed;

/* ---- one request, and its answer in words ---- */

static void
say(struct side *s, const char *name, int64_t value)
{
	int n = snprintf(
	    s->answer + s->len, ANSWER_MAX - s->len, " %s=%lld", name, (long long)value);

	s->len += (size_t)n;
	assert_true(s->len < ANSWER_MAX);
}

/* Which of those that were sent, as ids differ. */
static int64_t
place_of(const struct side *s, const struct ident *pin_id)
{
	for (size_t i = 0; i < s->count; i++)
		if (ident_compare(&s->pins[i].pin_id, pin_id) == 0)
			return (int64_t)i;
	return -1;
}

static const char *
number_text(unsigned number)
{
	static const char *const numbers[NUMBERS] = {
	    "41790000", "41790001", "41790002", "4179", "49151"};

	return numbers[number];
}

static enum err
do_send(struct side *s, const struct request *r)
{
	struct world_sent sent = world_send_naming(s->world, number_text(r->number),
	    r->named == NUMBERS ? NULL : number_text(r->named));

	s->pins[s->count++] = sent;
	say(s, "wait", sent.wait_ms);
	return sent.err;
}

static enum err
do_verify(struct side *s, const struct request *r)
{
	struct world *w = s->world;
	const struct world_sent *pin = &s->pins[r->pin];
	struct verify_job j = {.account = r->stranger ? w->application : w->account,
	    .application = w->application,
	    .destination = r->of_one ? number_text(r->number) : NULL,
	    .pin_id = pin->pin_id,
	    .typed = span_of(r->right ? pin->pin : "none"),
	    .failures_max = s->of->failures_max};
	enum err e = world_run(w, &j.job, VERB_VERIFY);

	say(s, "wait", j.wait_ms);
	if (e != OK)
		return e;
	say(s, "pin", place_of(s, &j.pin_id));
	say(s, "verdict", j.verdict);
	say(s, "left", j.attempts_left);
	say(s, "locked", j.locked_until_ms);
	say(s, "locks", j.locks);
	say(s, "attempts", j.row.state.attempts);
	say(s, "verified", j.row.state.verified_at_ms);
	say(s, "number", atoll(j.row.destination));
	return e;
}

static enum err
do_resend(struct side *s, const struct request *r)
{
	int64_t wait_ms;
	enum err e = world_resend(s->world, &s->pins[r->pin].pin_id, &wait_ms);

	say(s, "wait", wait_ms);
	return e;
}

static enum err
do_limits(struct side *s, const struct request *r)
{
	struct limits_job j = {.account = s->world->account,
	    .application = s->world->application,
	    .destination = number_text(r->number),
	    .failures_max = s->of->failures_max};
	enum err e = world_run(s->world, &j.job, VERB_LIMITS);

	say(s, "left", j.phone.left);
	say(s, "wait", j.phone.wait_ms);
	say(s, "all", j.all.left);
	say(s, "locked", j.locked_until_ms);
	return e;
}

static enum err
do_lift(struct side *s, const struct request *r)
{
	struct lift_job j = {.account = s->world->account,
	    .application = s->world->application,
	    .destination = number_text(r->number),
	    .failures_max = s->of->failures_max};
	enum err e = world_run(s->world, &j.job, VERB_LIFT);

	say(s, "locked", j.was_locked);
	return e;
}

static enum err
do_timeline(struct side *s, const struct request *r)
{
	struct timeline_job j = {.account = s->world->account,
	    .pin_id = s->pins[r->pin].pin_id,
	    .failures_max = s->of->failures_max};
	enum err e = world_run(s->world, &j.job, VERB_TIMELINE);

	if (e != OK)
		return e;
	say(s, "attempts", j.state.attempts);
	say(s, "attempted", j.state.attempted_at_ms);
	say(s, "verified", j.state.verified_at_ms);
	say(s, "matched", j.state.matched_at_ms);
	say(s, "locked", j.locked_until_ms);
	say(s, "messages", (int64_t)j.count);
	return e;
}

/* All of it in one piece: where a piece of a long list ends is the engine's own. */
static enum err
do_list(struct side *s, const struct request *r)
{
	struct verifications_job j = {.account = s->world->account,
	    .application = s->world->application,
	    .destination = r->of_one ? number_text(r->number) : NULL,
	    .piece = {.most = VERIFICATIONS_MAX}};
	enum err e = world_run(s->world, &j.job, VERB_VERIFICATIONS);

	for (size_t i = 0; e == OK && i < j.count; i++) {
		say(s, "pin", place_of(s, &j.list[i].pin_id));
		say(s, "verified", j.list[i].verified_at_ms);
		say(s, "sent", j.list[i].sent_at_ms);
	}
	return e;
}

static enum err
ask(struct side *s, const struct request *r)
{
	static enum err (*const doers[REQUEST_COUNT])(
	    struct side *, const struct request *) = {
	    [SEND] = do_send,
	    [VERIFY] = do_verify,
	    [RESEND] = do_resend,
	    [LIMITS] = do_limits,
	    [LIFT] = do_lift,
	    [TIMELINE] = do_timeline,
	    [LIST] = do_list,
	};
	enum err e;

	s->len = 0;
	say(s, "what", r->what);
	e = doers[r->what](s, r);
	say(s, "err", e);
	return e;
}

/* ---- what happens to a store ---- */

static void
begin(struct side *s, const struct setting *of, const struct engine_ops *ops)
{
	struct world *w = world_new();

	*s = (struct side){.of = of, .world = w};
	w->engine = ops;
	w->recent_max = of->recent_max;
	w->guesses_max = of->guesses_max;
	w->pin_cache_max = of->pin_cache_max;
	w->dice = 3;
	world_restart(w);
	world_configure(w, &of->change);
}

/* Both, as a start may move the store's time on by a millisecond. */
static void
restart(void)
{
	world_restart(engine.world);
	world_restart(model.world);
}

/* PINs of one millisecond are in an order by chance, and so two are never sent in one. */
static void
pass(int64_t ms)
{
	world_pass(engine.world, ms);
	world_pass(model.world, ms);
}

/* A process of its own does it, and ends as it does not know whether it was done. */
static void
die_doing(const struct request *r, enum faulty_commit how)
{
	struct world *w = engine.world;
	char why[256];
	int status;
	pid_t child;

	store_close(w->store);
	w->store = NULL;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)!freopen("/dev/null", "w", stderr);
		if (world_open(w, why) == OK) {
			faulty_plan.commit = how;
			(void)ask(&engine, r);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), PANICKED);
	assert_int_equal(world_open(w, why), OK);
	world_restart(model.world); /* the same two starts */
	world_restart(model.world);
}

/* Nobody was answered; what was done counts. */
static void
do_with_unknown_outcome(const struct request *r)
{
	bool done = world_dice(engine.world, 2) == 0;

	die_doing(r, done ? FAULTY_COMMIT_UNKNOWN_DONE : FAULTY_COMMIT_UNKNOWN);
	if (done)
		(void)ask(&model, r);
	failed++;
}

/* False: nothing was done, and the answer says so. */
static bool
do_with_failures(const struct request *r)
{
	enum err e;

	if (world_dice(engine.world, 2) == 0)
		faulty_plan.commit = FAULTY_COMMIT_FAILED;
	else
		faulty_plan.statement = 1 + world_dice(engine.world, 12);
	faulty_plan.failed = 0;
	e = ask(&engine, r);
	faulty_plan.statement = 0;
	faulty_plan.commit = FAULTY_COMMIT_NONE;
	if (faulty_plan.failed == 0)
		return true;
	failed++;
	assert_int_equal(e, ERR_IO);
	if (r->what == SEND) /* it has no PIN, and none is sent by the other */
		engine.count--;
	return false;
}

static void
disturb(const struct setting *of)
{
	uint32_t by = world_dice(engine.world, 100);

	if (of->restarts || by <= 1)
		restart();
	if (by == 2)
		pass(INT64_C(997) * 3600 * 26);
	if (by == 3)
		assert_int_equal(
		    world_retain(engine.world, 1), world_retain(model.world, 1));
	if (of->ages && by >= 50)
		(void)world_age(engine.world);
}

/* ---- the same to both ---- */

static struct request
make_request(void)
{
	/* of a hundred */
	static const struct {
		unsigned below;
		struct request request;
	} kinds[] = {
	    {25, {.what = SEND}},
	    {40, {.what = VERIFY, .right = true}},
	    {70, {.what = VERIFY}},
	    {73, {.what = VERIFY, .of_one = true}},
	    {75, {.what = VERIFY, .right = true, .of_one = true}},
	    {76, {.what = VERIFY, .right = true, .stranger = true}},
	    {82, {.what = RESEND}},
	    {85, {.what = LIMITS}},
	    {90, {.what = LIFT}},
	    {95, {.what = TIMELINE}},
	    {98, {.what = LIST}},
	    {100, {.what = LIST, .of_one = true}},
	};
	struct world *w = engine.world;
	uint32_t dice = world_dice(w, 100);
	uint32_t back = world_dice(w, NEAR);
	struct request r = {.what = SEND};

	for (size_t i = countof(kinds); i > 0; i--)
		if (dice < kinds[i - 1].below)
			r = kinds[i - 1].request;
	r.number = world_dice(w, NUMBERS);
	/* of all sends, some */
	r.named = world_dice(w, 4) == 0 ? world_dice(w, NUMBERS) : NUMBERS;
	if (engine.count <= back && r.what != LIST && r.what != LIMITS)
		r = (struct request){.what = SEND, .number = r.number, .named = r.named};
	else
		r.pin = engine.count - 1 - back;
	return r;
}

static void
check_same(size_t step, const struct request *r, enum err e)
{
	answered[r->what] += e == OK;
	refused += e == ERR_THROTTLED;
	if (strcmp(engine.answer, model.answer) != 0)
		fail_msg("step %zu:\nthe engine:%s\nthe model: %s", step, engine.answer,
		    model.answer);
}

static void
do_step(size_t step, const struct setting *of)
{
	struct world *w = engine.world;
	struct request r;
	uint32_t fate;

	pass(1 + (world_dice(w, 2) == 0 ? 0 : of->pass_ms * (int64_t)world_dice(w, 9)));
	disturb(of);
	r = make_request();
	fate = of->faulty ? world_dice(w, 40) : 39;
	if (fate == 0 && r.what != SEND) {
		do_with_unknown_outcome(&r);
		return;
	}
	if (fate > 0 && fate < 8) {
		if (!do_with_failures(&r))
			return;
	} else {
		(void)ask(&engine, &r);
	}
	check_same(step, &r, ask(&model, &r));
}

static void
compare(const struct setting *of)
{
	memset(answered, 0, sizeof(answered));
	refused = failed = 0;
	begin(&model, of, model_engine());
	begin(&engine, of, faulty_engine(&engine_sqlite));
	for (size_t i = 0; i < STEPS; i++)
		do_step(i, of);
	for (size_t i = 0; i < REQUEST_COUNT; i++)
		assert_in_range(answered[i], STEPS / 100, STEPS);
	assert_in_range(refused, STEPS / 50, STEPS / 2);
	if (of->faulty)
		assert_in_range(failed, STEPS / 20, STEPS / 2);
	world_free(engine.world);
	world_free(model.world);
	model_forget();
}

/* ---- the settings ---- */

#define HASTY                                                                            \
	{                                                                                \
		.pin_attempts = {true, 4}, .allow_multiple = {true, true},               \
		.verify_limit = "6/1m", .send_phone_limit = "9/1h", .pin_ttl = "90s"     \
	}
#define ONCE                                                                             \
	{                                                                                \
		.pin_attempts = {true, 3}, .allow_multiple = {true, false},              \
		.verify_limit = "9/1m", .send_phone_limit = "7/10m", .pin_ttl = "15m"    \
	}
#define SLOW                                                                             \
	{                                                                                \
		.pin_attempts = {true, 4}, .allow_multiple = {true, true},               \
		.verify_limit = "7/1d", .send_phone_limit = "6/5d", .pin_ttl = "2d"      \
	}

static void
test_with_a_memory_of_few_rows(void **state)
{
	static const struct setting of = {.recent_max = 4,
	    .guesses_max = 2,
	    .pin_cache_max = 3,
	    .pass_ms = 997,
	    .failures_max = 12,
	    .change = HASTY};

	(void)state;
	compare(&of);
}

static void
test_with_a_memory_of_all(void **state)
{
	static const struct setting of = {.pass_ms = 997, .change = ONCE};

	(void)state;
	compare(&of);
}

static void
test_without_a_memory(void **state)
{
	static const struct setting of = {
	    .restarts = true, .pass_ms = 997, .failures_max = 6, .change = HASTY};

	(void)state;
	compare(&of);
}

static void
test_with_rows_that_grow_old(void **state)
{
	static const struct setting of = {.recent_max = 8,
	    .guesses_max = 4,
	    .pin_cache_max = 20,
	    .ages = true,
	    .pass_ms = 997 * 1800,
	    .failures_max = 6,
	    .change = SLOW};

	(void)state;
	compare(&of);
}

static void
test_with_batches_that_fail(void **state)
{
	static const struct setting little = {.recent_max = 4,
	    .guesses_max = 2,
	    .pin_cache_max = 3,
	    .faulty = true,
	    .pass_ms = 997,
	    .failures_max = 12,
	    .change = HASTY};
	static const struct setting much = {
	    .faulty = true, .ages = true, .pass_ms = 997 * 2, .change = ONCE};

	(void)state;
	compare(&little);
	compare(&much);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_with_a_memory_of_few_rows),
	    cmocka_unit_test(test_with_a_memory_of_all),
	    cmocka_unit_test(test_without_a_memory),
	    cmocka_unit_test(test_with_rows_that_grow_old),
	    cmocka_unit_test(test_with_batches_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
