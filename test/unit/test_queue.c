/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue between threads: order, bound, bell, and that nothing is lost or done
 * twice when several threads push while one takes.
 */
#include "unit.h"

#include <poll.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/queue.h"

enum { THREADS = 4, EACH = 20000, DEADLINE_MS = 30000 };

struct job {
	struct task task;
	unsigned thread;
	unsigned number;
};

static struct job jobs[THREADS][EACH];
static unsigned next_of[THREADS];
static unsigned out_of_order;

static void
run_job(struct task *t)
{
	struct job *j = container_of(t, struct job, task);

	if (j->number != next_of[j->thread])
		out_of_order++;
	next_of[j->thread]++;
}

static bool
rings(const struct queue *q)
{
	struct pollfd p = {.fd = queue_fd(q), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
prepare(unsigned count)
{
	memset(next_of, 0, sizeof(next_of));
	out_of_order = 0;
	for (unsigned t = 0; t < THREADS; t++)
		for (unsigned i = 0; i < count; i++)
			jobs[t][i] = (struct job){{NULL, run_job}, t, i};
}

static void
test_order_and_bell(void **state)
{
	struct queue *q = queue_new(100);

	(void)state;
	prepare(10);
	assert_false(rings(q));
	assert_null(queue_take(q, SIZE_MAX, NULL));
	for (unsigned i = 0; i < 10; i++)
		queue_push(q, &jobs[0][i].task);
	assert_true(rings(q));
	queue_run(q);
	assert_int_equal(next_of[0], 10);
	assert_int_equal(out_of_order, 0);
	assert_false(rings(q));
	queue_free(q);
	queue_free(NULL);
}

static void
test_the_bound_is_for_offers(void **state)
{
	struct queue *q = queue_new(2);

	(void)state;
	prepare(10);
	assert_true(queue_offer(q, &jobs[0][0].task));
	assert_true(queue_offer(q, &jobs[0][1].task));
	assert_false(queue_offer(q, &jobs[0][2].task));
	queue_push(q, &jobs[0][2].task);
	assert_false(queue_offer(q, &jobs[0][3].task));
	queue_run(q);
	assert_int_equal(next_of[0], 3);
	assert_true(queue_offer(q, &jobs[0][3].task));
	queue_run(q);
	assert_int_equal(next_of[0], 4);
	assert_int_equal(out_of_order, 0);
	queue_free(q);
}

/* Taken in parts, the bell stays on while something waits. */
static void
test_take_in_parts(void **state)
{
	struct queue *q = queue_new(100);
	size_t sizes[4];

	(void)state;
	prepare(10);
	for (unsigned i = 0; i < 10; i++)
		queue_push(q, &jobs[0][i].task);
	for (size_t i = 0; i < countof(sizes); i++) {
		struct task *t = queue_take(q, 4, &sizes[i]);

		check_case(i, rings(q) == (i < 2));
		while (t != NULL) {
			struct task *next = t->next;

			t->run(t);
			t = next;
		}
	}
	assert_true(sizes[0] == 4 && sizes[1] == 4 && sizes[2] == 2 && sizes[3] == 0);
	assert_int_equal(next_of[0], 10);
	assert_int_equal(out_of_order, 0);
	/* The list is whole after the last part. */
	jobs[0][0].number = 10;
	queue_push(q, &jobs[0][0].task);
	queue_run(q);
	assert_int_equal(next_of[0], 11);
	queue_free(q);
}

struct producer {
	struct queue *queue;
	unsigned thread;
	pthread_t id;
};

static void *
produce(void *arg)
{
	struct producer *p = arg;

	for (unsigned i = 0; i < EACH; i++) {
		struct task *t = &jobs[p->thread][i].task;

		if (i % 2 == 0 || !queue_offer(p->queue, t))
			queue_push(p->queue, t);
	}
	return NULL;
}

static unsigned
done(void)
{
	unsigned sum = 0;

	for (unsigned t = 0; t < THREADS; t++)
		sum += next_of[t];
	return sum;
}

static void
test_many_threads(void **state)
{
	struct producer producers[THREADS];
	struct queue *q = queue_new(64);
	int64_t deadline_ms = clock_system.steady_ms(&clock_system) + DEADLINE_MS;

	(void)state;
	prepare(EACH);
	for (unsigned t = 0; t < THREADS; t++) {
		producers[t] = (struct producer){.queue = q, .thread = t};
		assert_int_equal(
		    pthread_create(&producers[t].id, NULL, produce, &producers[t]), 0);
	}
	while (done() < THREADS * EACH) {
		assert_true(clock_system.steady_ms(&clock_system) < deadline_ms);
		queue_wait(q, DEADLINE_MS);
		queue_run(q);
	}
	for (unsigned t = 0; t < THREADS; t++)
		pthread_join(producers[t].id, NULL);
	assert_null(queue_take(q, SIZE_MAX, NULL));
	assert_int_equal(out_of_order, 0);
	for (unsigned t = 0; t < THREADS; t++)
		assert_int_equal(next_of[t], EACH);
	queue_free(q);
}

static void
test_wait_ends(void **state)
{
	struct queue *q = queue_new(1);
	int64_t before_ms = clock_system.steady_ms(&clock_system);

	(void)state;
	queue_wait(q, 20);
	assert_true(clock_system.steady_ms(&clock_system) - before_ms >= 19);
	queue_free(q);
}

static void
test_wait_ends_when_something_else_is_to_be_read(void **state)
{
	struct queue *q = queue_new(1);
	struct queue *other = queue_new(1);

	(void)state;
	prepare(1);
	assert_false(queue_wait_or(q, queue_fd(other), 0));
	queue_push(other, &jobs[0][0].task);
	assert_true(queue_wait_or(q, queue_fd(other), -1));
	assert_false(queue_wait_or(q, -1, 0));
	queue_free(q);
	queue_free(other);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order_and_bell),
	    cmocka_unit_test(test_the_bound_is_for_offers),
	    cmocka_unit_test(test_take_in_parts),
	    cmocka_unit_test(test_many_threads),
	    cmocka_unit_test(test_wait_ends),
	    cmocka_unit_test(test_wait_ends_when_something_else_is_to_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
