/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the api at its start, and its questions to delivery. */
#ifndef WW_OPTIONS_H
#define WW_OPTIONS_H

#include "api/access/auth.h"
#include "api/access/throttle.h"
#include "api/request.h"
#include "twofa/application.h"
#include "twofa/channel.h"

struct access;
struct dialect;
struct outgoing_message;
struct session_job;
struct store;

/*
 * A request for delivery, which alone knows whether it comes from a carrier and what it
 * says. The taker fills in `err` and pushes `back` once; all else is borrowed until then.
 */
struct carrier_callback {
	const struct call_request *request;
	struct arena *arena; /* the taker's until the answer */
	struct span query;
	const char *carrier; /* name */
	struct span secret;  /* the path's last segment; empty without one */
	enum err err;
	/* The answer that the carrier wants where `err` is OK; NULL: none. */
	const char *answer;
	const char *answer_type; /* NULL: text/plain */
	struct task *back;
	struct queue *to;
};

/* The state of a limit on sends, for a question about a route. */
struct route_limit {
	const char *name;
	const char *rate; /* as configured: "3/1d" */
	int64_t left;
	int64_t free_at_ms; /* when none is left */
};

/*
 * A question to delivery: the way that a message would go. Delivery knows the routes and
 * which carriers are up. The taker writes a JSON object into `out`, fills in `err` and
 * pushes `back` once; all else is borrowed until then.
 */
struct route_question {
	struct task task; /* the taker's */
	void *owner;      /* the taker's */
	enum channel channel;
	const char *to;   /* canonical */
	const char *text; /* or NULL */
	const struct route_limit *limits;
	size_t limit_count;
	bool disabled; /* the application is */
	struct buf *out;
	enum err err;
	struct task *back;
	struct queue *loop;
};

/* The status for a created application: AUTO is 201, but for the client that takes only
 * 200. */
enum created_status { CREATED_AUTO, CREATED_200, CREATED_201 };

struct api_options {
	struct store *store;
	const struct clock *clock;
	const struct entropy *entropy;
	/* On the store's thread: hand a committed message to delivery, which then owns
	 * it. */
	void (*deliver)(void *ctx, struct outgoing_message *o);
	/* A receipt, from a loop's thread. */
	void (*receive)(void *ctx, struct carrier_callback *in);
	/* Should requests come here? Any thread. */
	bool (*ready)(void *readiness);
	void *readiness;
	/* Explains the way of a message, from a loop's thread. NULL: callers are not
	 * told. */
	void (*explain)(void *ctx, struct route_question *q);
	void *ctx;
	enum created_status create_application_status; /* v2 */
	bool template_placeholder_required;
	int64_t resends_per_pin;
	int64_t resend_interval_ms;
	struct application_caps caps;
	int64_t logins_per_address; /* a minute */
	int64_t logins_per_user;
	int64_t logins_hash_share; /* percent of a core */
	/* Somebody signed in, or did not: OK, ERR_UNAUTHORIZED, ERR_THROTTLED,
	 * ERR_OVERLOADED. On the loops' threads. */
	void (*signed_in)(void *log, enum scheme s, enum err e,
	    const struct call_request *q, uint64_t request_id);
	void *log;
	int64_t answers_max; /* octets of long answers in flight */
	const struct throttle_rule *throttles;
	size_t throttle_count;
	/* Origins whose pages may call version 2: "off", "*", or a list of them. */
	const char *cors_v2;
	unsigned channels;    /* CHANNEL_BIT of each that a carrier serves */
	int64_t failures_max; /* wrong guesses per destination and day; 0: no budget */
	/* Beside those of the product, and looked at before them. */
	const struct dialect *const *dialects;
	size_t dialect_count;
};

#endif
