/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of numbers beside a plain array of places: whatever enters, leaves, grows
 * old, is rolled back, forgotten by a restart or damaged, both say the same.
 */
#include "store/sqlite/number_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/engine_sqlite.h"
#include "unit/unit.h"

enum { APPLICATIONS = 2, NUMBERS = 40, PLACES_MAX = 20000, STEPS = 1500, RUN_MAX = 60 };
enum { PUT_MAX = 12, LIST_MAX = 9, T0_MS = 1000000 };

struct place {
	size_t application;
	size_t number;
	struct ident pin_id;
	bool old;
};

struct model {
	struct place places[PLACES_MAX]; /* by PIN id */
	size_t count;
	struct ident archived;
};

struct world {
	struct dice dice;
	struct engine *engine;
	struct number_index index;
	struct arena arena;
	int64_t now_ms;
	struct model model;
	struct model before; /* the batch */
	char destinations[NUMBERS][16];
	size_t runs_most;
	size_t archived;
	size_t came_back;
};

static struct world world;
static char folder[64];

static void
remove_file(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static size_t
dice(struct world *w, size_t sides)
{
	return (size_t)dice_between(&w->dice, 0, (int64_t)sides - 1);
}

static void
open_index(struct world *w)
{
	number_index_init(&w->index, w->engine, RUN_MAX);
}

static void
open_world(struct world *w)
{
	const struct engine_place place = {.data_dir = folder};
	char why[256];

	snprintf(folder, sizeof(folder), "/tmp/ww-number-XXXXXX");
	assert_non_null(mkdtemp(folder));
	memset(w, 0, sizeof(*w));
	w->dice.state = 5;
	w->now_ms = T0_MS;
	arena_init(&w->arena);
	assert_int_equal(engine_sqlite.open(&place, why, &w->engine), OK);
	for (size_t i = 0; i < NUMBERS; i++)
		snprintf(w->destinations[i], sizeof(w->destinations[i]), "4179%05zu",
		    i * 7919 % 99991);
	open_index(w);
}

static void
close_world(struct world *w)
{
	number_index_fini(&w->index);
	engine_sqlite.close(w->engine);
	arena_fini(&w->arena);
	remove_file("watchword.db");
	remove_file("watchword.db-wal");
	remove_file("watchword.db-shm");
	rmdir(folder);
}

static void
make_ident(struct world *w, struct ident *out)
{
	ident_floor(out, w->now_ms);
	for (size_t i = 8; i < IDENT_LEN; i++)
		out->bytes[i] = (uint8_t)dice(w, 256);
}

static struct number_place
as_asked(const struct world *w, const struct place *p)
{
	return (struct number_place){.application = {{(uint8_t)p->application}},
	    .destination = w->destinations[p->number],
	    .pin_id = p->pin_id};
}

static bool
is_of(const struct place *p, size_t application, size_t number)
{
	return p->application == application && p->number == number;
}

/* ---- what changes ---- */

static int
compare_asked(const void *a, const void *b)
{
	const struct number_place *x = a;
	const struct number_place *y = b;
	int order = ident_compare(&x->application, &y->application);

	if (order == 0)
		order = strcmp(x->destination, y->destination);
	return order != 0 ? order : ident_compare(&x->pin_id, &y->pin_id);
}

static void
put_some(struct world *w)
{
	struct number_place places[PUT_MAX];
	size_t n = dice(w, PUT_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		struct place *p = &w->model.places[w->model.count++];

		w->now_ms++;
		*p = (struct place){
		    .application = dice(w, APPLICATIONS), .number = dice(w, NUMBERS)};
		make_ident(w, &p->pin_id);
		places[i] = as_asked(w, p);
	}
	qsort(places, n, sizeof(places[0]), compare_asked);
	assert_int_equal(number_index_put(&w->index, places, n), OK);
}

static void
drop_place(struct model *m, size_t at)
{
	memmove(
	    &m->places[at], &m->places[at + 1], (--m->count - at) * sizeof(m->places[0]));
}

static void
remove_one(struct world *w)
{
	size_t at = dice(w, w->model.count + 1);
	struct place p = {.number = 0};
	struct number_place asked;

	if (at < w->model.count) {
		p = w->model.places[at];
		drop_place(&w->model, at);
	}
	asked = as_asked(w, &p);
	assert_int_equal(number_index_remove(&w->index, &asked), OK);
}

/* The places of its number before this one go along. */
static void
archive_one(struct world *w, size_t at)
{
	const struct place *upto = &w->model.places[at];
	struct number_place asked = as_asked(w, upto);

	assert_int_equal(number_index_archive(&w->index, &asked), OK);
	for (size_t i = 0; i <= at; i++)
		if (is_of(&w->model.places[i], upto->application, upto->number))
			w->model.places[i].old = true;
	w->archived++;
}

/* Some of those that grow old stay. */
static void
archive_some(struct world *w)
{
	size_t end = w->model.count == 0 ? 0 : dice(w, w->model.count);

	for (size_t i = 0; i < end; i++) {
		if (ident_compare(&w->model.places[i].pin_id, &w->model.archived) <= 0)
			continue;
		if (dice(w, 8) > 0)
			archive_one(w, i);
		w->model.archived = w->model.places[i].pin_id;
	}
	assert_int_equal(number_index_archived(&w->index, &w->model.archived, false), OK);
}

static void
unarchive_one(struct world *w)
{
	struct number_place asked;
	size_t at;

	if (w->model.count == 0)
		return;
	at = dice(w, w->model.count);
	asked = as_asked(w, &w->model.places[at]);
	assert_int_equal(number_index_unarchive(&w->index, &asked), OK);
	w->came_back += w->model.places[at].old;
	w->model.places[at].old = false;
}

/* A place that memory had goes straight into the archive. */
static void
archive_a_new_one(struct world *w)
{
	struct place *p;
	struct number_place asked;

	if (w->model.count == 0 ||
	    ident_ms(&w->model.archived) <= ident_ms(&w->model.places[0].pin_id))
		return;
	p = &w->model.places[0];
	memmove(p + 1, p, w->model.count++ * sizeof(*p));
	p->pin_id.bytes[IDENT_LEN - 1]--; /* at random before: before the first one */
	if (ident_compare(&p->pin_id, &p[1].pin_id) >= 0)
		p->pin_id.bytes[IDENT_LEN - 2] = p->pin_id.bytes[IDENT_LEN - 1] = 0;
	if (ident_compare(&p->pin_id, &p[1].pin_id) == 0) {
		drop_place(&w->model, 0);
		return;
	}
	p->old = true;
	asked = as_asked(w, p);
	assert_int_equal(number_index_archive_put(&w->index, &asked), OK);
}

/* ---- what is asked ---- */

/* The newest first; the places that are old are left out where they are of no interest.
 */
static void
check_number(struct world *w, size_t step, size_t application, size_t number)
{
	struct number_query q = {.application = {{(uint8_t)application}},
	    .destination = w->destinations[number],
	    .since_ms = dice(w, 2) == 0 ? 0 : T0_MS + (int64_t)dice(w, STEPS * 6),
	    .most = 1 + (int64_t)dice(w, 6),
	    .arena = &w->arena};
	size_t n = 0;

	q.archive_ms = q.since_ms;
	assert_int_equal(number_index_newest(&w->index, &q), OK);
	check_case(step, q.err == OK && (int64_t)q.count <= q.most);
	for (size_t i = w->model.count; i-- > 0 && (int64_t)n < q.most;) {
		const struct place *p = &w->model.places[i];
		bool after = ident_ms(&p->pin_id) > q.since_ms;

		if (!is_of(p, application, number) || (!after && p->old))
			continue;
		check_case(step, n < q.count || !after);
		if (n < q.count)
			check_case(step, ident_ms(&q.pins[n]) <= q.since_ms ||
					     ident_compare(&q.pins[n], &p->pin_id) == 0);
		n++;
		if (!after)
			break;
	}
	check_case(step, q.count == n || (q.count == n + 1 && q.since_ms > 0 &&
					     ident_ms(&q.pins[n]) <= q.since_ms));
}

static void
check_place(struct world *w, size_t step)
{
	struct place p = {.number = dice(w, NUMBERS)};
	size_t at = dice(w, w->model.count + 1);
	struct number_place asked;
	bool found;

	if (at < w->model.count)
		p = w->model.places[at];
	asked = as_asked(w, &p);
	assert_int_equal(number_index_has(&w->index, &asked, &found), OK);
	check_case(step, found == (at < w->model.count));
}

static void
check_list(struct world *w, size_t step)
{
	struct number_list l = {
	    .after = {.application = {{(uint8_t)dice(w, APPLICATIONS)}},
		.destination = w->destinations[dice(w, NUMBERS)]},
	    .most = 1 + (int64_t)dice(w, LIST_MAX),
	    .arena = &w->arena};
	struct number_place *all = arena_alloc(&w->arena, PLACES_MAX * sizeof(*all));
	size_t count = 0;

	make_ident(w, &l.after.pin_id);
	if (dice(w, 2) == 0)
		l.after.pin_id = (struct ident){{0}};
	for (size_t i = 0; i < w->model.count; i++) {
		all[count] = as_asked(w, &w->model.places[i]);
		if (ident_compare(&all[count].application, &l.after.application) == 0 &&
		    compare_asked(&all[count], &l.after) > 0)
			count++;
	}
	qsort(all, count, sizeof(*all), compare_asked);
	assert_int_equal(number_index_list(&w->index, &l), OK);
	check_case(step, l.err == OK);
	check_case(step,
	    (int64_t)l.count == ((int64_t)count < l.most ? (int64_t)count : l.most));
	for (size_t i = 0; i < l.count; i++)
		check_case(step, compare_asked(&l.places[i], &all[i]) == 0);
}

static void
check_some(struct world *w, size_t step)
{
	for (size_t i = 0; i < 4; i++)
		check_number(w, step, dice(w, APPLICATIONS), dice(w, NUMBERS));
	check_place(w, step);
	check_list(w, step);
}

/* ---- batches ---- */

static void
change(struct world *w)
{
	size_t what = dice(w, 20);

	if (what < 12)
		put_some(w);
	else if (what < 15)
		remove_one(w);
	else if (what < 17)
		unarchive_one(w);
	else if (what < 18)
		archive_a_new_one(w);
	else
		archive_some(w);
}

/* The rows of complete runs are damaged, or gone. */
static void
damage(struct world *w)
{
	static const char *const ways[] = {
	    "UPDATE number_run SET filter = zeroblob(length(filter)) WHERE run % 2 = 0",
	    "UPDATE number_run SET filter = x''",
	    "UPDATE number_run SET entries = -1 WHERE run % 3 = 0",
	    "UPDATE number_run SET newest = x'00'",
	    "DELETE FROM number_run WHERE run % 2 = 1",
	};

	assert_int_equal(
	    w->engine->ops->script(w->engine, ways[dice(w, countof(ways))]), OK);
}

static void
restart(struct world *w)
{
	number_index_fini(&w->index);
	if (dice(w, 3) == 0)
		damage(w);
	open_index(w);
}

static void
run_batch(struct world *w, size_t step)
{
	bool fails = dice(w, 3) == 0;

	w->before = w->model;
	assert_int_equal(w->engine->ops->begin(w->engine), OK);
	assert_int_equal(number_index_load(&w->index), OK);
	for (size_t i = dice(w, 3); i > 0; i--)
		change(w);
	check_some(w, step);
	if (fails) {
		w->engine->ops->rollback(w->engine);
		number_index_forget(&w->index);
		w->model = w->before;
	} else {
		assert_int_equal(w->engine->ops->commit(w->engine), OK);
	}
	if (w->index.count > w->runs_most)
		w->runs_most = w->index.count;
	arena_fini(&w->arena);
	arena_init(&w->arena);
}

static void
commit(struct world *w)
{
	assert_int_equal(w->engine->ops->commit(w->engine), OK);
}

static void
begin(struct world *w)
{
	assert_int_equal(w->engine->ops->begin(w->engine), OK);
	assert_int_equal(number_index_load(&w->index), OK);
}

/* So many, of four numbers from this one on. */
static void
fill(struct world *w, struct place *places, size_t count, size_t number)
{
	struct number_place asked;

	begin(w);
	for (size_t i = 0; i < count; i++) {
		places[i] = (struct place){.number = number + i % 4};
		w->now_ms++;
		make_ident(w, &places[i].pin_id);
		asked = as_asked(w, &places[i]);
		assert_int_equal(number_index_put(&w->index, &asked, 1), OK);
	}
	commit(w);
}

static void
check_all(struct world *w, const struct place *places, size_t count)
{
	struct number_place asked;
	bool found;

	begin(w);
	for (size_t i = 0; i < count; i++) {
		asked = as_asked(w, &places[i]);
		assert_int_equal(number_index_has(&w->index, &asked, &found), OK);
		check_case(i, found);
	}
	commit(w);
}

static void
reopen(struct world *w)
{
	number_index_fini(&w->index);
	open_index(w);
}

/* A later run has its number, and is found by its own filter. */
static void
test_a_run_that_is_gone_leaves_nothing(void **state)
{
	static struct place places[RUN_MAX + 1];
	struct world *w = &world;
	struct number_place asked;

	(void)state;
	open_world(w);
	fill(w, places, RUN_MAX + 1, 0);
	begin(w);
	for (size_t i = 0; i < countof(places); i++) {
		asked = as_asked(w, &places[i]);
		assert_int_equal(number_index_remove(&w->index, &asked), OK);
	}
	commit(w);
	reopen(w);
	fill(w, places, RUN_MAX / 2, 8);
	reopen(w);
	check_all(w, places, RUN_MAX / 2);
	close_world(w);
}

/* Its filter is out of memory, and its rows are there again. */
static void
test_a_run_that_came_back_is_found(void **state)
{
	static struct place places[2 * RUN_MAX];
	struct world *w = &world;
	struct number_place asked;

	(void)state;
	open_world(w);
	fill(w, places, countof(places), 0);
	begin(w);
	for (size_t i = 0; i < RUN_MAX; i++) {
		asked = as_asked(w, &places[i]);
		assert_int_equal(number_index_remove(&w->index, &asked), OK);
	}
	assert_int_equal(
	    number_index_archived(&w->index, &places[RUN_MAX - 1].pin_id, false), OK);
	assert_int_equal(w->index.count, 1);
	w->engine->ops->rollback(w->engine);
	number_index_forget(&w->index);
	check_all(w, places, countof(places));
	assert_int_equal(w->index.count, 2);
	close_world(w);
}

static void
test_the_index_says_what_an_array_says(void **state)
{
	struct world *w = &world;

	(void)state;
	open_world(w);
	for (size_t step = 0; step < STEPS; step++) {
		run_batch(w, step);
		if (dice(w, 25) == 0)
			restart(w);
	}
	assert_in_range(w->runs_most, 4, STEPS);
	assert_in_range(w->archived, 100, PLACES_MAX);
	assert_in_range(w->came_back, 10, PLACES_MAX);
	close_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_index_says_what_an_array_says),
	    cmocka_unit_test(test_a_run_that_is_gone_leaves_nothing),
	    cmocka_unit_test(test_a_run_that_came_back_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
