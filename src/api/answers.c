/* SPDX-License-Identifier: Apache-2.0 */
#include "api/answers.h"

#include <pthread.h>
#include <sys/queue.h>

#define ANSWERS_MAGIC 0x0a5d0c75u

/* Octets of some answers. */
struct held {
	size_t octets;
	size_t count; /* answers */
};

struct answers_of {
	LIST_ENTRY(answers_of) next;
	struct ident account;
	struct held held;
};

/* Accounts are few among those that hold an answer at one time. */
struct answers {
	unsigned magic;
	size_t octets_max;
	pthread_mutex_t lock; /* of what follows */
	struct held all;
	LIST_HEAD(, answers_of) accounts;
};

struct answers *
answers_new(size_t octets_max)
{
	struct answers *a = mem_new(sizeof(*a));

	a->magic = ANSWERS_MAGIC;
	a->octets_max = octets_max;
	pthread_mutex_init(&a->lock, NULL);
	LIST_INIT(&a->accounts);
	return a;
}

void
answers_free(struct answers *a)
{
	struct answers_of *of;

	if (a == NULL)
		return;
	CHECK_OBJ(a, ANSWERS_MAGIC);
	while ((of = LIST_FIRST(&a->accounts)) != NULL) {
		LIST_REMOVE(of, next);
		mem_free(of);
	}
	pthread_mutex_destroy(&a->lock);
	mem_free(a);
}

static struct answers_of *
find_account(struct answers *a, const struct ident *account)
{
	struct answers_of *of;

	LIST_FOREACH(of, &a->accounts, next)
	if (ident_compare(&of->account, account) == 0)
		return of;
	of = mem_new(sizeof(*of));
	of->account = *account;
	LIST_INSERT_HEAD(&a->accounts, of, next);
	return of;
}

/* An account that has nothing yet would be one more. */
static bool
fits(const struct held *h, const struct answer_room *room, size_t more, size_t most)
{
	size_t others = h->count - (room->octets > 0);

	return others == 0 || (h->octets <= most && more <= most - h->octets);
}

static void
add_held(struct held *h, const struct answer_room *room, size_t more)
{
	h->count += room->octets == 0;
	h->octets += more;
}

static void
forget_idle(struct answers_of *of)
{
	if (of->held.count > 0)
		return;
	LIST_REMOVE(of, next);
	mem_free(of);
}

static enum err
find_room(const struct answers *a, const struct answers_of *of,
    const struct answer_room *room, size_t more)
{
	if (!fits(&of->held, room, more, a->octets_max / ANSWERS_SHARE))
		return ERR_THROTTLED;
	return fits(&a->all, room, more, a->octets_max) ? OK : ERR_OVERLOADED;
}

static enum err
grow(struct answers *a, const struct ident *account, struct answer_room *room,
    size_t octets, bool must)
{
	struct answers_of *of;
	size_t more;
	enum err e;

	CHECK_OBJ(a, ANSWERS_MAGIC);
	if (octets <= room->octets)
		return OK;
	more = octets - room->octets;
	pthread_mutex_lock(&a->lock);
	of = room->account == NULL ? find_account(a, account) : room->account;
	e = must ? OK : find_room(a, of, room, more);
	if (e == OK) {
		add_held(&of->held, room, more);
		add_held(&a->all, room, more);
		*room = (struct answer_room){of, octets};
	}
	forget_idle(of);
	pthread_mutex_unlock(&a->lock);
	return e;
}

enum err
answers_take(struct answers *a, const struct ident *account, struct answer_room *room,
    size_t octets)
{
	return grow(a, account, room, octets, false);
}

void
answers_owe(struct answers *a, const struct ident *account, struct answer_room *room,
    size_t octets)
{
	(void)!grow(a, account, room, octets, true);
}

void
answers_give(struct answers *a, struct answer_room *room)
{
	struct answers_of *of = room->account;

	CHECK_OBJ(a, ANSWERS_MAGIC);
	if (of == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	of->held.octets -= room->octets;
	of->held.count--;
	a->all.octets -= room->octets;
	a->all.count--;
	forget_idle(of);
	pthread_mutex_unlock(&a->lock);
	*room = (struct answer_room){0};
}
