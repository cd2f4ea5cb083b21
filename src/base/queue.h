/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How threads hand each other work. A task is embedded in the object that
 * travels; its `run` is called on the thread that owns the queue it was pushed
 * to. Any thread pushes, one thread takes, order is kept.
 *
 * A queue has a bound for new work (`queue_offer` refuses); answers to work that
 * was admitted go in by `queue_push`, which cannot fail, because what was
 * admitted is itself bounded.
 */
#ifndef WW_QUEUE_H
#define WW_QUEUE_H

#include "base.h"

struct task {
	struct task *next;
	void (*run)(struct task *);
};

struct queue;

/* `len_max` bounds queue_offer only. */
struct queue *queue_new(size_t len_max) MUST_CHECK;
void queue_free(struct queue *q);
void queue_push(struct queue *q, struct task *t);
/* False when the queue holds len_max tasks; the task was not taken. */
bool queue_offer(struct queue *q, struct task *t) MUST_CHECK;
/* Readable (an eventfd) while tasks wait; for an event loop. */
int queue_fd(const struct queue *q);
/* A hint from the thread that takes: what is being pushed just now may be missed. */
bool queue_is_empty(struct queue *q) MUST_CHECK;
/* Everything that waits, oldest first, linked by `next`; NULL when empty. At most `most`.
 */
struct task *queue_take(struct queue *q, size_t most, size_t *count_out);
/* Blocks until there is something, or the time is over (negative: for ever). */
void queue_wait(struct queue *q, int timeout_ms);
/* The same, or until `fd` is readable (-1: there is none); is it? */
bool queue_wait_or(struct queue *q, int fd, int timeout_ms);
/* Takes and runs everything that waits, with the bells held. */
void queue_run(struct queue *q);

/*
 * Between hold and release pushes of this thread ring no bell, and release rings once for
 * each queue that was empty: who gets many tasks in a row is not woken for each of them.
 * The stretch between the two must be short.
 */
void queue_hold(void);
void queue_release(void);

#endif
