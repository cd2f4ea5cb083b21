/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside delivery: one message, from its committed row to its outcome. The states:
 *
 *   NEW            just taken over
 *   ASKING         a lookup asks whether the number can be reached
 *   IN_QUARANTINE  a suspect: an earlier run ended while the message was being rendered.
 *                  A note that it is rendered again becomes durable first, and no other
 *                  suspect is rendered meanwhile
 *   HELD           a carrier has the message
 *   WAITING        a pause before the next submit
 *   PARKED         until the carrier group has room
 *   RECORDING      the store has the outcome; the last state
 *
 * A message without trouble is NEW, ASKING, HELD, RECORDING. The table of moves is in
 * delivery_message.c.
 */
#ifndef WW_DELIVERY_MESSAGE_H
#define WW_DELIVERY_MESSAGE_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "conf/conf.h"
#include "delivery/carrier_group.h"
#include "delivery/receipts.h"
#include "lookup/lookup.h"
#include "store/outbox.h"
#include "twofa/submit_history.h"

enum {
	DELIVERY_LOOP_MAGIC = 0x64656c69,
	PARKED_MAX = 65536,
	PLAN_MAX = CONF_ROUTE_CARRIERS_MAX
};

TAILQ_HEAD(delivery_list, delivery_message);

/* The loop that messages live on; delivery_loop.h is its outside. */
struct delivery_loop {
	unsigned magic;
	const struct conf *conf;
	struct store *store;
	const struct clock *clock;
	const struct entropy *entropy;
	struct event_base *base;
	struct queue *queue;
	struct receipts *receipts;
	struct receipts_http *callbacks;
	struct event *kick;
	struct event *again; /* a rate held something up */
	struct event *sweep;
	struct event *bell;
	struct event *deadline;
	const struct timeval *accept_wait;
	struct delivery_list all;
	struct delivery_message *in_quarantine; /* the one suspect that is rendered */
	size_t parked_count;
	struct task stop;
	int64_t stop_wait_ms;
	bool stopping;
	bool started;
	pthread_t thread;
	struct lookup *lookup;
	size_t group_count;
	struct carrier_group groups[CONF_CARRIERS_MAX];
};

enum delivery_state {
	DELIVERY_NEW,
	DELIVERY_ASKING,
	DELIVERY_IN_QUARANTINE,
	DELIVERY_HELD,
	DELIVERY_WAITING,
	DELIVERY_PARKED,
	DELIVERY_RECORDING,
	DELIVERY_STATE_COUNT
};

struct delivery_message {
	unsigned magic;
	struct delivery_loop *loop;
	struct outgoing_message *outgoing;   /* whose arena this is in */
	TAILQ_ENTRY(delivery_message) entry; /* of all */
	struct deadline_heap_item place;     /* among those that wait for its group */
	enum delivery_state state;
	struct carrier_group *group; /* the carrier that has it, or that it waits for */
	struct carrier_group *plan[PLAN_MAX]; /* its carriers, in the order to be tried */
	size_t plan_count;
	const char *sender;           /* of the route */
	unsigned carriers_tried_gone; /* carriers that saw it and are not in the plan */
	unsigned carriers_tried;      /* bits of the plan: it was given to them */
	unsigned carriers_refused;    /* they will not take it */
	bool same_carriers_only;      /* none may have it but those in `carriers_tried` */
	unsigned carriers_avoided;    /* the one that failed last, or all that put it back
					 since */
	int64_t parked_ms;            /* steady; when it began to wait; 0: it does not */
	bool switched_carrier;        /* went to another carrier without waiting, once */
	int64_t put_back; /* how often a carrier was too busy to take it, this run */
	bool deferred;    /* the last time for a reason of its destination's own */
	bool quarantined; /* that it is about to be rendered was noted */
	bool quarantine_passed; /* and it came to a good end */
	bool quarantine_left; /* from quarantine, as there was no room; its place is kept
			       */
	bool probe;           /* of its group's breaker */
	bool listed;
	struct event *timer; /* the next attempt, made when first needed */
	struct event *answer_by;
	struct lookup_ask ask;
	struct task task;
	struct outcome_job outcome;
	struct submit_history history;
	struct note_job quarantine;
};

/* In the outgoing message's arena; the task begins it on delivery's thread. */
struct task *delivery_message_new(
    struct delivery_loop *d, struct outgoing_message *o) MUST_CHECK;
void delivery_message_free(struct delivery_message *m);
/* The message whose place in a heap it is. */
struct delivery_message *delivery_message_at(struct deadline_heap_item *place);
/* The parked ones are looked at within a second, and again while there are any. */
void delivery_message_sweep_later(struct delivery_loop *d);
/* A parked one, once more; true when it left the heap. */
bool delivery_message_again(struct delivery_message *m);
/* A parked one whose time is over ends, one that has waited long goes to another carrier
 * that is free; true when it left the heap. */
bool delivery_message_reconsider(struct delivery_message *m);
/* Gives up a message that neither a carrier nor the store has: it stays open in the
 * store. */
void delivery_message_stop(struct delivery_message *m);
/* While stopping, the loop ends with its last message. */
void delivery_message_end_when_idle(struct delivery_loop *d);

/* ---- delivery_plan.c ---- */

/* Its carriers, once for all of its attempts; the reason when there are none. */
enum message_reason delivery_plan(struct delivery_message *m);
/*
 * The first carrier that is open and not one to avoid; when it has no room the message
 * waits for it, but not for ever while another is free. NULL: no carrier is left.
 * `free_out`: it takes the message now.
 */
struct carrier_group *delivery_plan_choose(struct delivery_message *m, bool *free_out);
/* Is there another carrier that takes it without a wait? */
bool delivery_plan_has_other(struct delivery_message *m);
/* Has it not waited long? */
bool delivery_plan_is_patient(const struct delivery_message *m);
/* The carrier's bit in the sets of carriers. */
unsigned delivery_plan_bit(
    const struct delivery_message *m, const struct carrier_group *g);
int64_t delivery_plan_steady_ms(const struct delivery_message *m);

/* ---- delivery_quarantine.c ---- */

/* So that attempts count over restarts. */
void delivery_quarantine_note_attempt(struct delivery_message *m);
/* It may be what ended an earlier run, and goes into quarantine before it is rendered. */
bool delivery_quarantine_is_suspect(const struct delivery_message *m);
/* That it is about to be rendered; the task of `m` runs when that is durable or could
 * not be written. */
void delivery_quarantine_begin(struct delivery_message *m);
/* It was rendered and the process lives: what is to be pushed to the store after the
 * submit; NULL: it was not in quarantine. */
struct note_job *delivery_quarantine_passed(struct delivery_message *m) MUST_CHECK;
/* It was not rendered after all: the place is gone, for now. Next time that is kept. */
void delivery_quarantine_end(struct delivery_message *m);

#endif
