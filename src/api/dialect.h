/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the api. An operation (api/ops, api/own) says what is done, in terms of a
 * plain ask and a plain result. A dialect (api/infobip, api/own) says how it is asked for
 * and how the result is worded: a route names an operation and a wire, and the dialect
 * has hooks for what all of its routes share. Nobody compares dialects with each other:
 * what differs is a hook, or a member of an ask.
 */
#ifndef WW_DIALECT_H
#define WW_DIALECT_H

#include "store/job.h"

struct call;

/* Whether an Idempotency-Key counts, and when the answer to record is known. */
enum keyed_when {
	KEYED_NOT,
	KEYED_AT_ONCE, /* inside the transaction of the job: it is rendered there */
	KEYED_LATER    /* after it; open until then */
};

/* The kind of thing that an operation needs to find. */
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
 * An operation is check, then proceed, then answer. `check` judges the ask and changes
 * nothing; `proceed` hands a job on, or says that there is none (offer.h); `answer` makes
 * the result of the finished job. Any err is worded by the dialect.
 */
struct operation {
	const char *name;
	size_t ask_len;    /* octets of call.ask, all zero before the wire reads it */
	size_t result_len; /* octets of call.result */
	enum err (*check)(struct call *c);
	enum err (*proceed)(struct call *c);
	enum err (*answer)(struct call *c);
	enum keyed_when keyed;
	bool crowded;     /* comes in floods: refused before its body is read */
	enum verb verb;   /* what it is to the store, then */
	enum thing finds; /* what a 404 is about, when nothing else says it */
};

/*
 * How a dialect asks for an operation and words its result; either may be NULL. `read`
 * fills in call.ask. After its ERR_INVALID `check` runs on what could be read, so that a
 * caller is told of all faults at once, and the call is refused whatever it says. `write`
 * words call.result; the status is 200 where it says nothing else.
 */
struct wire {
	enum err (*read)(struct call *c);
	void (*write)(struct call *c);
};

struct route {
	const char *method;
	const char *pattern; /* below the dialect's prefix; "{}" takes one segment */
	unsigned scopes;     /* any one of them; 0: no credential needed */
	const struct operation *operation;
	const struct wire *wire; /* NULL: nothing is asked, and the operation answers */
};

struct dialect {
	const char *name;   /* "v1" */
	const char *prefix; /* "/2fa/1" */
	const struct route *routes;
	size_t route_count;
	/* Status and body of an error. */
	void (*put_error)(struct call *c, enum err e);
	const char *content_type; /* of its answers; NULL: JSON */
	/* The outermost element of the call's answer, where XML is asked for (accept.h);
	 * NULL: there is JSON alone. */
	const char *(*xml_root)(const struct call *c);
	/* The request's body as a document (body.h); NULL: body_json. */
	enum err (*read_body)(struct call *c);
	/* The two halves of Basic (RFC 7617); NULL: a user's name and password. Goes on
	 * as sign_in does. */
	enum err (*sign_in_basic)(struct call *c, struct span name, struct span password);
	/* WWW-Authenticate of a 401; NULL: all schemes that auth.h knows. */
	const char *challenge;
	/* Headers for pages of other origins, and whether there are any; NULL: none. */
	bool (*put_cors)(struct call *c);
};

#endif
