/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside delivery: one message from the order to its outcome.
 *
 * (One that an earlier run did not survive is MARKING before it is rendered, alone; from
 * there it goes on as from NEW, or back to PARKED.)
 * NEW -> ASKING whether the number can be reached -> HELD by a carrier -> RECORDING at
 * the store -> gone; from HELD also to WAITING for its next attempt or PARKED until its
 * carrier has room.
 */
#ifndef WW_DISPATCH_H
#define WW_DISPATCH_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "lookup/lookup.h"
#include "delivery/deliver.h"
#include "delivery/lane.h"
#include "delivery/receipts.h"
#include "delivery/tries.h"

enum {
	DELIVERY_MAGIC = 0x64656c69,
	PARKED_MAX = 65536,
	PLAN_MAX = CONF_ROUTE_CARRIERS_MAX
};

TAILQ_HEAD(dispatch_list, dispatch);

struct delivery {
	unsigned magic;
	const struct conf *conf;
	struct store *store;
	const struct clock *clock;
	const struct entropy *entropy;
	struct event_base *base;
	struct queue *queue;
	struct receipts *receipts;
	struct event *kick;
	struct event *again; /* a rate held something up */
	struct event *sweep;
	struct event *bell;
	struct event *deadline;
	const struct timeval *accept_wait;
	struct dispatch_list all;
	struct dispatch *lone; /* the one that is MARKING */
	size_t parked_count;
	struct task stop;
	int64_t stop_wait_ms;
	bool stopping;
	bool started;
	pthread_t thread;
	struct lookup *lookup;
	size_t lane_count;
	struct lane lanes[CONF_CARRIERS_MAX];
};

enum dispatch_state {
	DISPATCH_NEW,
	DISPATCH_ASKING,
	DISPATCH_MARKING,
	DISPATCH_HELD,
	DISPATCH_WAITING,
	DISPATCH_PARKED,
	DISPATCH_RECORDING,
	DISPATCH_STATE_COUNT
};

struct dispatch {
	unsigned magic;
	struct delivery *delivery;
	struct outgoing_message *outgoing; /* whose arena this is in */
	TAILQ_ENTRY(dispatch) entry;       /* of all */
	struct line_item place;            /* in the line of its lane */
	enum dispatch_state state;
	struct lane *lane;           /* the carrier that has it, or that it waits for */
	struct lane *plan[PLAN_MAX]; /* its carriers, in the order to be tried */
	size_t plan_count;
	const char *sender;  /* of the route */
	unsigned tried_gone; /* carriers that saw it and are not in the plan */
	unsigned tried;      /* bits of the plan: it was given to them */
	unsigned declined;   /* they will not take it */
	bool alone;          /* nobody else may have it than who is in `tried` */
	unsigned avoid;      /* the one that failed last, or all that put it back since */
	int64_t parked_ms;   /* steady; when it began to wait; 0: it does not */
	bool switched;       /* went to another carrier without waiting, once */
	int64_t put_back;    /* how often a carrier was too busy to take it, this run */
	bool marked;         /* that it is rendered was noted */
	bool acquitted;      /* and it came to a good end */
	bool turned_back;    /* it was marked and then there was no room */
	bool probe;          /* of its lane's breaker */
	bool listed;
	struct event *timer; /* the next attempt, made when first needed */
	struct event *answer_by;
	struct lookup_ask ask;
	struct task task;
	struct outcome_job outcome;
	struct tries tries;
	struct note_job mark;
};

/* In the order's arena; the task begins it on delivery's thread. */
struct task *dispatch_new(struct delivery *d, struct outgoing_message *o) MUST_CHECK;
void dispatch_free(struct dispatch *m);
/* The one whose place in a line it is. */
struct dispatch *dispatch_at(struct line_item *place);
/* The parked ones are looked at within a second, and again while there are any. */
void delivery_sweep_later(struct delivery *d);
/* A parked one, once more; true when it left its line. */
bool dispatch_again(struct dispatch *m);
/* A parked one whose time is over ends, one that has waited long goes to another carrier
 * that is free; true when it left its line. */
bool dispatch_reconsider(struct dispatch *m);
/* Gives up what is not in a carrier's or the store's hands: it stays open in the store.
 */
void dispatch_stop(struct dispatch *m);
/* While stopping, the loop ends with its last message. */
void dispatch_end_when_idle(struct delivery *d);

/* ---- dispatch_plan.c ---- */

/* Its carriers, once for all of its attempts; the reason when there are none. */
enum message_reason dispatch_plan(struct dispatch *m);
/*
 * The first carrier that is open and not one to avoid; when it has no room the message
 * waits for it, but not for ever while another is free. NULL: no carrier is left.
 * `free_out`: it takes the message now.
 */
struct lane *dispatch_choose(struct dispatch *m, bool *free_out);
/* Is there another carrier that takes it without a wait? */
bool dispatch_has_other(struct dispatch *m);
/* Has it not waited long? */
bool dispatch_is_patient(const struct dispatch *m);
/* Of the sets of carriers. */
unsigned dispatch_bit(const struct dispatch *m, const struct lane *l);
int64_t dispatch_steady_ms(const struct dispatch *m);

/* ---- dispatch_note.c ---- */

/* So that attempts count over restarts. */
void dispatch_note_attempt(struct dispatch *m);
/* It may be what ended an earlier run, and is to be marked before it is rendered. */
bool dispatch_note_is_suspect(const struct dispatch *m);
/* That it is about to be rendered; the task of `m` runs when that is durable or could
 * not be written. */
void dispatch_note_mark(struct dispatch *m);
/* It was rendered and the process lives: what is to be pushed to the store after the
 * submit; NULL: it was not marked. */
struct note_job *dispatch_note_acquit(struct dispatch *m) MUST_CHECK;
/* It was not rendered after all: the place is gone, for now. Next time that is kept. */
void dispatch_note_unmark(struct dispatch *m);

#endif
