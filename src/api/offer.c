/* SPDX-License-Identifier: Apache-2.0 */
#include "api/offer.h"

#include "api/idempotency.h"
#include "api/listing.h"
#include "api/refuse.h"
#include "store/store.h"

/* ---- back on the loop ---- */

/* A list that was admitted with its first piece goes on. */
static void
next_piece(struct call *c)
{
	arena_fini(&c->piece_arena);
	store_push(c->api->options.store, c->listed);
}

static enum err
answer_piece(struct call *c)
{
	enum err e = call_render(c);

	if (e == OK && c->listed != NULL)
		listing_go_on(c);
	if (e == OK)
		call_translate(c);
	if (e == OK && c->response.body.failed)
		e = ERR_INTERNAL;
	return e == OK ? listing_room(c) : e;
}

static void
answer(struct call *c)
{
	enum err e;

	call_check(c);
	if (c->keyed != NULL) {
		idempotency_answer(c);
		return;
	}
	e = answer_piece(c);
	if (e == OK && c->listed != NULL) {
		next_piece(c);
		return;
	}
	if (e != OK)
		refuse(c, e);
	call_finish(c);
}

static void
answer_task(struct task *t)
{
	answer(container_of(t, struct call, task));
}

enum err
offer_none(struct call *c)
{
	answer(c);
	return OK;
}

struct task *
offer_task(struct call *c)
{
	c->task.run = answer_task;
	return &c->task;
}

/* ---- to the store ---- */

/* On the store's thread. */
static void
back_to_loop(struct job *j)
{
	struct call *c = j->owner;

	queue_push(c->loop, &c->task);
}

enum err
offer_job(struct call *c, struct job *j, enum verb verb)
{
	j->verb = verb;
	j->arena = c->listed == j ? &c->piece_arena : &c->arena;
	j->owner = c;
	c->task.run = answer_task;
	if (j->finish == NULL)
		j->finish = back_to_loop;
	if (c->keyed != NULL)
		idempotency_attach(c, j);
	return store_offer(c->api->options.store, j);
}

enum err
offer_list(struct call *c, struct job *j, enum verb verb, struct list_piece *piece)
{
	enum err e = listing_start(c);

	if (e != OK)
		return e;
	piece->most = verb == VERB_TEMPLATE_LIST ? LIST_PIECE_LONG : LIST_PIECE_SHORT;
	c->listed = j;
	c->piece = piece;
	return offer_job(c, j, verb);
}
