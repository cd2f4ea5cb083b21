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
#ifndef WW_DELIVERY_LOOP_H
#define WW_DELIVERY_LOOP_H

#include "api/api.h"
#include "conf/conf.h"

struct store;
struct outgoing_message;
struct speech;
struct delivery_loop;

struct delivery_loop_options {
	const struct conf *conf;
	struct store *store;
	struct speech *speech; /* NULL: no carrier speaks */
	const struct clock *clock;
	const struct entropy *entropy;
};

/* Opens the carriers. ERR_IO, ERR_INVALID with a sentence in why. */
enum err delivery_loop_open(const struct delivery_loop_options *o, char why[256],
    struct delivery_loop **out) MUST_CHECK;
void delivery_loop_start(struct delivery_loop *d);
/* Explains the way of a message; from any thread, void for api_options. */
void delivery_loop_explain(void *delivery, struct route_question *q);
/* From any thread; the message is delivery's from here on. `delivery` is void for
 * api_options. */
void delivery_loop_take(void *delivery, struct outgoing_message *o);
/* A request that may be a carrier's receipt; from any thread, void for api_options. */
void delivery_loop_receive(void *delivery, struct carrier_callback *in);
/*
 * Submits nothing new, waits for carriers to answer what they hold, at most so long; ends
 * the thread. A message that was not submitted is in the store and goes out after the
 * next start.
 */
void delivery_loop_stop(struct delivery_loop *d, int64_t wait_ms);
void delivery_loop_free(struct delivery_loop *d);

#endif
