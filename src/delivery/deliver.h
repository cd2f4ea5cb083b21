/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery: takes committed messages, renders each as late as can be, gives it to
 * a carrier, and records what became of it. One thread with one loop, which the
 * carriers share. At least once, never after the PIN's expiry, always the same PIN.
 *
 * A caller who waits is told "sent" when a carrier accepted, or when the message has
 * been waiting for accept_wait, durably queued; "not sent" only after that outcome
 * is durable too.
 */
#ifndef WW_DELIVER_H
#define WW_DELIVER_H

#include "api/api.h"
#include "conf/conf.h"
#include "store/store.h"

struct delivery;

struct delivery_options {
	const struct conf *conf;
	struct store *store;
	const struct clock *clock;
	const struct entropy *entropy;
};

/* Opens the carriers. ERR_IO, ERR_INVALID with a sentence in why. */
enum err delivery_open(
    const struct delivery_options *o, char why[256], struct delivery **out) MUST_CHECK;
void delivery_start(struct delivery *d);
/* What would become of a message; from any thread, void for api_options. */
void delivery_explain(void *delivery, struct route_question *q);
/* From any thread; the order is delivery's from here on. `delivery` is void for
 * api_options. */
void delivery_take(void *delivery, struct outgoing_message *o);
/* A request that may be a carrier's receipt; from any thread, void for api_options. */
void delivery_receive(void *delivery, struct inbound *in);
/*
 * Submits nothing new, waits for carriers to answer what they hold, at most so
 * long; ends the thread. What was not submitted is in the store and goes out after
 * the next start.
 */
void delivery_stop(struct delivery *d, int64_t wait_ms);
void delivery_free(struct delivery *d);

#endif
