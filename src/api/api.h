/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request in, response out. A listener fills in `struct call_request`, calls
 * api_start on its loop thread, and is called back there when the response is
 * ready; in between the call may visit the store's thread and delivery's. No
 * sockets here, and nothing that blocks.
 *
 * A dialect is a table of routes with its own wording of errors; see dialect.h.
 */
#ifndef WW_API_H
#define WW_API_H

#include <stdio.h>

#include "api/access/auth.h"
#include "base/address.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/header.h"
#include "api/access/throttle.h"
#include "base/queue.h"
#include "store/store.h"

struct api;
struct call;

struct call_request;

/*
 * A request for delivery, which alone knows whether it comes from a carrier and what it
 * says. Whoever takes it fills in `err` and pushes `back` once; all else is borrowed
 * until then.
 */
struct inbound {
	struct task task; /* the taker's */
	void *owner;      /* the taker's */
	const struct call_request *request;
	struct span query;
	const char *carrier; /* name */
	struct span secret;  /* the path's last segment; empty without one */
	enum err err;
	/* What the carrier wants back where `err` is OK; NULL: nothing. */
	const char *answer;
	const char *answer_type; /* NULL: text/plain */
	struct task *back;
	struct queue *to;
};

/* How a limit on sends stands, for whoever asks about a route. */
struct route_limit {
	const char *name;
	const char *rate; /* as configured: "3/1d" */
	int64_t left;
	int64_t free_at_ms; /* when none is left */
};

/*
 * What would become of a message? A question for delivery, which knows the routes and
 * who is up. Whoever takes it writes a JSON object into `out`, fills in `err` and pushes
 * `back` once; all else is borrowed until then. ERR_INVALID: no number.
 */
struct route_question {
	struct task task; /* the taker's */
	void *owner;      /* the taker's */
	const char *to;
	const char *text; /* or NULL */
	const struct route_limit *limits;
	size_t limit_count;
	bool disabled; /* the application is */
	struct buf *out;
	enum err err;
	struct task *back;
	struct queue *loop;
};

/* What a created application is answered: AUTO is 201, but for the client that takes
 * only 200. */
enum created_status { CREATED_AUTO, CREATED_200, CREATED_201 };

struct api_options {
	struct store *store;
	const struct clock *clock;
	const struct entropy *entropy;
	/* On the store's thread: hand a committed message to delivery, which then owns
	 * it. */
	void (*deliver)(void *ctx, struct order *o);
	/* A receipt, from a loop's thread. */
	void (*receive)(void *ctx, struct inbound *in);
	/* Should requests come here? Any thread. */
	bool (*ready)(void *readiness);
	void *readiness;
	/* What would become of a message, from a loop's thread. NULL: callers are not
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
	int64_t failures_max; /* wrong guesses per destination and day; 0: no budget */
};

/* What the listener read; borrowed until the call is done. */
struct call_request {
	struct span method;
	struct span target;        /* path and query as sent */
	struct span authorization; /* header value, empty when there is none */
	struct span content_type;
	struct span body;
	const struct header *headers; /* all of them */
	size_t header_count;
	struct address peer; /* the real client */
};

enum { RESPONSE_HEADERS_MAX = 12 };

struct response_header {
	const char *name;
	const char *value;
};

struct call_response {
	uint64_t request_id; /* of this call alone */
	int status;
	enum err err;          /* OK, or why the call was refused */
	struct buf body;       /* JSON, or empty */
	const char *body_type; /* its Content-Type; NULL: JSON */
	struct span fixed;     /* instead of it: text that stays where it is */
	int64_t retry_after_s; /* 0: no header */
	const char *allow;     /* for 405 and OPTIONS */
	const char *reason;    /* for X-Watchword-Reason; NULL: none */
	const char *operation; /* its name; NULL: the URL has none */
	struct response_header headers[RESPONSE_HEADERS_MAX];
	unsigned header_count;
};

struct api *api_new(const struct api_options *o) MUST_CHECK;
/* Ends its threads, which hand things to the loops; no call may start any more. */
void api_stop(struct api *api);
void api_free(struct api *api);
/* What credentials are judged by, from the store's thread. */
void api_access_changed(struct api *api, const struct access *access);
void api_session_changed(struct api *api, const struct session_job *j);

/* `loop` is the queue of the thread that calls api_start; `done` is called there, perhaps
 * at once. */
struct call *call_new(struct api *api, struct queue *loop,
    void (*done)(struct call *, void *), void *ctx) MUST_CHECK;
void call_free(struct call *c);
struct call_request *call_request(struct call *c);
struct call_response *call_response(struct call *c);
/* The call must be alive until done was called, whatever happens to its connection. */
void api_start(struct call *c);
/* For what went wrong before there was a request: fills in the response, `done` is not
 * called. */
void api_refuse(struct call *c, enum err e, const char *why);
/*
 * One line a route: method, path with {} for each parameter, operation, the scopes of
 * which any one suffices ("any": any credential; "-": none needed), dialect.
 */
void api_print_routes(FILE *to);

#endif
