/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the api: one request with everything that belongs to it, and the tables. */
#ifndef WW_CALL_H
#define WW_CALL_H

#include <stdatomic.h>

#include "api/answers.h"
#include "api/api.h"
#include "api/access/auth.h"
#include "api/access/login.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/json_out.h"

enum { ROUTE_PARAMS_MAX = 3 };

/* Whether an Idempotency-Key counts, and when the answer to record is known. */
enum keyed_when {
	KEYED_NOT,
	KEYED_AT_ONCE, /* inside the transaction of the job: `answer` runs there */
	KEYED_LATER    /* after it; open until then */
};

/* What an operation needs to find. */
enum thing {
	THING_NONE,
	THING_APPLICATION,
	THING_TEMPLATE,
	THING_PIN,
	THING_EMAIL_TEMPLATE,
	THING_KEY,
	THING_COUNT
};

/*
 * An operation is check, then proceed, then answer. `check` reads and judges the
 * request and changes nothing; `proceed` hands a job on with call_offer, or answers
 * at once; `answer` writes the response from the finished job. Any err is worded by
 * the dialect.
 */
struct operation {
	const char *name;
	enum err (*check)(struct call *c);
	enum err (*proceed)(struct call *c);
	enum err (*answer)(struct call *c);
	enum keyed_when keyed;
	bool crowded;     /* comes in floods: refused before its body is read */
	enum verb verb;   /* what it is to the store, then */
	enum thing finds; /* what a 404 is about, when nothing else says it */
};

struct route {
	const char *method;
	const char *pattern; /* below the dialect's prefix; "{}" takes one segment */
	unsigned scopes;     /* any one of them; 0: no credential needed */
	const struct operation *operation;
};

struct dialect {
	const char *name;   /* "v1" */
	const char *prefix; /* "/2fa/1" */
	int version;        /* of Infobip's API; 0: our own */
	const struct route *routes;
	size_t route_count;
	/* Status and body of an error. */
	void (*put_error)(struct call *c, enum err e);
	/* Members of an application or a template, inside an open object. */
	void (*put_application)(
	    struct json_out *out, const struct application *app, bool texts);
	const struct json_row *create_template_rows;
	const struct json_row *update_template_rows;
	void (*put_template)(struct json_out *out, const struct template *t);
	unsigned template_kinds; /* 1 << kind for each that it knows */
	unsigned pin_length_max;
	/* Members of an API key, inside an open object; the secret once, else NULL. */
	const struct json_row *key_rows;
	void (*put_key)(
	    struct json_out *out, const struct key_row *k, const char *secret);
};

/* All there are; the first one words errors of URLs that belong to none. */
extern const struct dialect dialect_v2;
/* Its words for errors, for dialects that have none of their own. */
void put_error_v2(struct call *c, enum err e);
extern const struct dialect dialect_v1;
extern const struct dialect dialect_auth;
extern const struct dialect dialect_account;
extern const struct dialect dialect_settings_v1;
extern const struct dialect dialect_settings_v2;
extern const struct dialect dialect_watchword;
extern const struct dialect dialect_own;

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
	struct principal principal;
	struct login_attempt login;
	enum err (*login_then)(struct call *c);
	json_t *document;
	bool is_form;    /* the document was one */
	int64_t wait_ms; /* of a throttled call */
	void *job;       /* the verb's struct, made by check */
	struct order_answer delivery;
	bool v1_texts; /* durations of the request were texts */
	bool track_delivery;
	struct ident pin_id;
	unsigned message_seq;
	const char *destination;
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

/* Offers the job; its `answer` runs on the loop's thread after the commit. */
enum err call_offer(struct call *c, struct job *j, enum verb verb) MUST_CHECK;
/*
 * Checks a user's password, on another thread unless it is known already, and goes on
 * with `then`, which finds what became of it in `login`. Returns what `then` does, or
 * OK when that is still to come; ERR_THROTTLED, ERR_OVERLOADED.
 */
enum err call_login(struct call *c, struct span name, struct span password,
    enum err (*then)(struct call *c)) MUST_CHECK;
/* What one account may do so often, by that name: ERR_THROTTLED, ERR_OVERLOADED. */
enum err call_throttle(struct call *c, const char *name) MUST_CHECK;
/* Who calls is known, or need not be: scopes, check, proceed. */
enum err call_go_on(struct call *c) MUST_CHECK;
/* OK: the call is under way or over; else it is refused and finished. */
void call_went(struct call *c, enum err e);
/* For what is not the store's: a task that runs `answer`, to be pushed to the loop. */
struct task *call_task(struct call *c);
/* The response is complete. */
void call_finish(struct call *c);
/* The response is this error; complete. */
void call_refuse(struct call *c, enum err e);
/* Runs `answer` and finishes; the task of the call does so. */
void call_answer(struct call *c);
/* Without a byte order mark and without the white space that it begins with. */
struct span call_body(const struct call *c);
/* ERR_SYNTAX, ERR_MEDIA_TYPE. An absent or blank body leaves document NULL. */
enum err call_parse_body(struct call *c) MUST_CHECK;
/* The same, then by rows; an absent body counts as {}, as does PHP's empty map, []. */
enum err call_read_body(
    struct call *c, const struct json_row *rows, void *out) MUST_CHECK;
/* A member of a form or a query (application/x-www-form-urlencoded), decoded; NULL when
 * absent. */
const char *call_form_value(struct call *c, struct span form, const char *name);
/* A query parameter, decoded; NULL when absent. */
const char *call_query(struct call *c, const char *name);
/* Parses the id in path parameter i: ERR_NOT_FOUND for another shape. */
enum err call_ident(struct call *c, unsigned i, struct ident *out) MUST_CHECK;
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
