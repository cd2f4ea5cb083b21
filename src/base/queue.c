/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list under a mutex, with an eventfd as the bell. The bell rings only when
 * the list was empty: a busy queue costs no system call a task.
 */
#include "queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_MAGIC 0x51e7a110u

/* More queues than one thread pushes to; those that find no place are rung at once. */
enum { HELD_MAX = 8 };

/* So many tasks run before those they pushed to are woken. */
enum { HOLD_RUNS = 32 };

struct queue {
	unsigned magic;
	int bell_fd;
	pthread_mutex_t lock;
	struct task *first;
	struct task **last;
	atomic_size_t len; /* changes under the lock, is read without */
	size_t len_max;
};

struct queue *
queue_new(size_t len_max)
{
	struct queue *q = mem_new(sizeof(*q));

	q->magic = QUEUE_MAGIC;
	q->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->bell_fd < 0)
		panic("eventfd: %s", strerror(errno));
	pthread_mutex_init(&q->lock, NULL);
	q->last = &q->first;
	q->len_max = len_max;
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	CHECK_OBJ(q, QUEUE_MAGIC);
	close(q->bell_fd);
	pthread_mutex_destroy(&q->lock);
	mem_free(q);
}

static void
ring(const struct queue *q)
{
	uint64_t one = 1;

	while (write(q->bell_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

static void
silence(const struct queue *q)
{
	uint64_t count;

	while (read(q->bell_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		continue;
}

static _Thread_local struct {
	unsigned holds;
	size_t len;
	struct queue *due[HELD_MAX];
} held;

void
queue_hold(void)
{
	held.holds++;
}

void
queue_release(void)
{
	INVARIANT(held.holds > 0);
	if (--held.holds > 0)
		return;
	while (held.len > 0)
		ring(held.due[--held.len]);
}

static void
ring_or_hold(struct queue *q)
{
	if (held.holds > 0 && held.len < HELD_MAX)
		held.due[held.len++] = q;
	else
		ring(q);
}

static bool
add_task(struct queue *q, struct task *t, size_t len_max)
{
	bool was_empty;

	CHECK_OBJ(q, QUEUE_MAGIC);
	INVARIANT(t->run != NULL);
	pthread_mutex_lock(&q->lock);
	if (q->len >= len_max) {
		pthread_mutex_unlock(&q->lock);
		return false;
	}
	t->next = NULL;
	was_empty = q->first == NULL;
	*q->last = t;
	q->last = &t->next;
	q->len++;
	pthread_mutex_unlock(&q->lock);
	if (was_empty)
		ring_or_hold(q);
	return true;
}

void
queue_push(struct queue *q, struct task *t)
{
	INVARIANT(add_task(q, t, SIZE_MAX));
}

bool
queue_offer(struct queue *q, struct task *t)
{
	return add_task(q, t, q->len_max);
}

int
queue_fd(const struct queue *q)
{
	return q->bell_fd;
}

bool
queue_is_empty(struct queue *q)
{
	CHECK_OBJ(q, QUEUE_MAGIC);
	return atomic_load_explicit(&q->len, memory_order_relaxed) == 0;
}

struct task *
queue_take(struct queue *q, size_t most, size_t *count_out)
{
	struct task *first;
	struct task **end;
	size_t count = 0;
	bool more;

	CHECK_OBJ(q, QUEUE_MAGIC);
	silence(q);
	pthread_mutex_lock(&q->lock);
	first = q->first;
	for (end = &first; *end != NULL && count < most; end = &(*end)->next)
		count++;
	q->first = *end;
	*end = NULL;
	if (q->first == NULL)
		q->last = &q->first;
	q->len -= count;
	more = q->first != NULL;
	pthread_mutex_unlock(&q->lock);
	if (more)
		ring(q);
	if (count_out != NULL)
		*count_out = count;
	return first;
}

bool
queue_wait_or(struct queue *q, int fd, int timeout_ms)
{
	struct pollfd p[] = {
	    {.fd = q->bell_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	while (poll(p, countof(p), timeout_ms) < 0 && errno == EINTR)
		continue;
	return p[1].revents != 0;
}

void
queue_wait(struct queue *q, int timeout_ms)
{
	(void)queue_wait_or(q, -1, timeout_ms);
}

void
queue_run(struct queue *q)
{
	struct task *t = queue_take(q, SIZE_MAX, NULL);

	while (t != NULL) {
		queue_hold();
		for (int i = 0; t != NULL && i < HOLD_RUNS; i++) {
			struct task *next = t->next;

			t->run(t);
			t = next;
		}
		queue_release();
	}
}
