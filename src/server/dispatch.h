/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside delivery: one message from the order to its outcome.
 *
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
#include "server/deliver.h"
#include "server/receipts.h"

enum { DELIVERY_MAGIC = 0x64656c69, PARKED_MAX = 65536 };

TAILQ_HEAD(dispatch_list, dispatch);

/* A carrier and the messages that wait until it has room. */
struct lane {
	struct carrier *carrier;
	struct dispatch_list parked;
	size_t parked_count;
};

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
	struct event *sweep;
	struct event *bell;
	struct event *deadline;
	const struct timeval *accept_wait;
	struct dispatch_list all;
	size_t parked_count;
	struct task stop;
	int64_t stop_wait_ms;
	bool stopping;
	bool started;
	atomic_bool ready; /* for other threads */
	pthread_t thread;
	struct lookup *lookup;
	size_t lane_count;
	struct lane lanes[CONF_CARRIERS_MAX];
};

enum dispatch_state {
	DISPATCH_NEW,
	DISPATCH_ASKING,
	DISPATCH_HELD,
	DISPATCH_WAITING,
	DISPATCH_PARKED,
	DISPATCH_RECORDING,
	DISPATCH_STATE_COUNT
};

struct dispatch {
	unsigned magic;
	struct delivery *delivery;
	struct order *order;         /* whose arena this is in */
	TAILQ_ENTRY(dispatch) entry; /* of all */
	TAILQ_ENTRY(dispatch) line;  /* of a lane */
	enum dispatch_state state;
	struct lane *lane;
	bool submitting; /* inside carrier_submit */
	bool listed;
	struct event *timer; /* the next attempt, made when first needed */
	struct event *answer_by;
	struct lookup_ask ask;
	struct task task;
	struct outcome_job outcome;
};

/* In the order's arena; the task begins it on delivery's thread. */
struct task *dispatch_new(struct delivery *d, struct order *o) MUST_CHECK;
void dispatch_free(struct dispatch *m);
/* A parked one, once more; false when it is parked again. */
bool dispatch_again(struct dispatch *m);
/* A parked one whose time is over ends; another stays. */
void dispatch_expire(struct dispatch *m);
/* Gives up what is not in a carrier's or the store's hands: it stays open in the store.
 */
void dispatch_stop(struct dispatch *m);
/* While stopping, the loop ends with its last message. */
void dispatch_end_when_idle(struct delivery *d);

#endif
