/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the api: one request with everything that belongs to it. */
#ifndef WW_CALL_H
#define WW_CALL_H

#include <stdatomic.h>

#include "api/access/login.h"
#include "api/answers.h"
#include "api/dialect.h"
#include "api/options.h"
#include "api/request.h"
#include "api/xml_out.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/json_out.h"
#include "store/job.h"
#include "store/outgoing.h"

enum { ROUTE_PARAMS_MAX = 3 };

/* The message of a send or a resend, for the answer when delivery is through; of a
 * repeated request that of the first one. */
struct call_sent {
	struct ident pin_id;
	unsigned seq;
	const char *to;
	enum channel channel;
	bool tracked;
};

struct call {
	unsigned magic;
	struct api *api;
	struct queue *loop;
	void (*done)(struct call *, void *);
	void *done_ctx;
	struct call_request request;
	struct call_response response;
	struct arena arena;
	struct fail fail;
	struct task task; /* comes back to the loop */
	const struct dialect *dialect;
	const struct route *route;
	struct span params[ROUTE_PARAMS_MAX];
	struct span query;
	const char *path;
	const char *xml_type; /* of the answer; NULL: JSON */
	struct xml_out xml;   /* as much of it as was translated */
	bool cross_origin;    /* pages of other origins may call this URL */
	struct principal principal;
	struct login_attempt login;
	enum err (*login_then)(struct call *c);
	enum err (*signed_in)(struct call *c);
	json_t *document;
	bool from_xml;   /* its texts may stand for other types */
	int64_t wait_ms; /* of a throttled call */
	void *ask;       /* the operation's struct, filled in by the wire */
	void *job;       /* the verb's struct */
	void *result;    /* the operation's struct, for the wire */
	struct outgoing_answer delivery;
	struct call_sent sent;
	struct keyed *keyed; /* NULL: no idempotency key; see idempotency.c */
	struct answer_room room;
	/* a list that is made in pieces (listing.h) */
	struct job *listed;       /* NULL: none, or it is whole */
	struct list_piece *piece; /* in that job */
	struct arena piece_arena; /* of what was read last */
	struct json_out list;
};

struct api {
	unsigned magic;
	atomic_uint_fast64_t next_request;
	struct api_options options;
	struct auth *auth;
	struct login *login;
	struct throttle *throttle; /* NULL: none */
	struct answers *answers;
};

/* Panics when the memory is no call. */
void call_check(const struct call *c);
/* How the dialect calls what it answers. */
const char *call_content_type(const struct call *c);
/* Moves what was written so far into the format that the caller asks for. */
void call_translate(struct call *c);
/* The same, and the response's body is all of it. */
void call_format(struct call *c);
/* The response is complete. */
void call_finish(struct call *c);
/* Forgets what was written so far of an answer that is none. */
void call_drop_answer(struct call *c);
/* Words the result of the finished job: what its operation answers, by the route's wire.
 */
enum err call_render(struct call *c) MUST_CHECK;
/* A query parameter, decoded; NULL when absent. */
const char *call_query(struct call *c, const char *name);
/* The same: true or false, in any case; any other value is none. */
struct opt_bool call_query_bool(struct call *c, const char *name);
/* The id in path parameter i; none for another shape. */
struct ident call_id(const struct call *c, unsigned i);
struct json_out call_json(struct call *c);
/* The first request header of that name, in any case; an empty span without one. */
struct span call_header(struct call *c, const char *name);
/*
 * One more header of the response, whatever becomes of the call; of the same name the
 * last one counts. `name` is a literal; the value is copied, and a control character in
 * it becomes a space.
 */
void call_put_header(struct call *c, const char *name, const char *value);

#endif
