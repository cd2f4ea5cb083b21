/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Number lookup: can this phone be reached at all? Asked before the first attempt of a
 * message; "no" withholds it, anything else lets it go. All of it runs on the delivery
 * loop's thread.
 *
 * In front stands what every provider has in common (lookup.c): a time after which the
 * answer is "unknown", a cache, one question for all who ask the same at the same time,
 * and a breaker, so that a provider that is down costs nobody a wait.
 *
 * A provider MUST
 *  1. call `done` exactly once for each ask, from inside ask or later on the same
 *     thread, and never after `free` has returned;
 *  2. answer LOOKUP_NOT_REACHABLE only when the other side says so of this very
 *     number: a message is withheld on it. An answer that it does not
 *     understand is LOOKUP_UNKNOWN;
 *  3. set `failed`, with LOOKUP_UNKNOWN, when the other side gave no usable answer (a
 *     time-out, an error of its own, garbage): that is what the breaker counts. An
 *     answer that leaves the question open has not failed;
 *  4. bound every wait by the timeout_ms of its configuration;
 *  5. keep no number after `done`;
 *  6. on `free`, answer what is outstanding with `failed`, close, and release.
 */
#ifndef WW_LOOKUP_H
#define WW_LOOKUP_H

#include <sys/queue.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/texts.h"
#include "twofa/message.h"

struct event_base;

struct lookup_answer {
	enum lookup_status status;
	bool failed;
	const char *reason; /* for logs and the timeline; never NULL, never a number */
};

typedef void lookup_done_f(void *ctx, const struct lookup_answer *answer);

/* The meaning of a number without an entry. */
enum lookup_unlisted { LOOKUP_UNLISTED_UNKNOWN, LOOKUP_UNLISTED_NOT_REACHABLE };

/* The section `lookup:`; every text lives as long as the process. NULL: not given. */
struct lookup_config {
	const char *type;
	int64_t timeout_ms;
	int64_t cache_max; /* numbers; 0: no cache */
	int64_t cache_age_ms;
	int64_t cache_age_unreachable_ms;
	/* infobip, generic */
	const char *url; /* of generic a template */
	const char *secret;
	bool allow_http;
	bool allow_private;
	const char *ca_file;
	/* generic */
	const char *method;
	struct text_map headers; /* values are templates */
	const char *body;        /* a template, or NULL */
	const char *body_type;   /* how values are escaped in it */
	const char *result;      /* JSON pointer */
	struct text_list reachable;
	struct text_list not_reachable;
	/* enum */
	const char *suffix;
	const char *servers; /* "address:port,..."; NULL: the machine's resolvers */
	int64_t unlisted;    /* enum lookup_unlisted */
};

struct lookup_env {
	struct event_base *base;
	const struct clock *clock;
	const struct entropy *entropy;
	/* The breaker opened or closed; NULL: nobody wants to know. */
	void (*changed)(void *ctx, bool down, const char *reason);
	void *ctx;
};

struct lookup_provider;

/* The type `none` has no functions: there is nobody to ask. */
struct lookup_provider_ops {
	const char *type;
	/* Checks that rows of options cannot express: the name of the option that is
	 * wrong, with a sentence in `why`; NULL: none is. May be NULL itself. */
	const char *(*check)(const struct lookup_config *config, char why[256]);
	/* ERR_INVALID and ERR_IO put a sentence into `why`. */
	enum err (*open)(const struct lookup_config *config, const struct lookup_env *env,
	    char why[256], struct lookup_provider **out);
	void (*ask)(struct lookup_provider *p, const char *number, lookup_done_f *done,
	    void *ctx);
	void (*free)(struct lookup_provider *p);
};

/* The first member of each implementation's own struct. */
struct lookup_provider {
	const struct lookup_provider_ops *ops;
};

/* All that exist, in an array in lookup.c; NULL when there is none of that type. */
const struct lookup_provider_ops *lookup_type_find(const char *type);

/* ---- for those who ask ---- */

struct lookup;
struct lookup_request;

/* Embedded in the asker; at most one question at a time. */
struct lookup_ask {
	TAILQ_ENTRY(lookup_ask) entry;
	struct lookup_request *request; /* NULL: nothing is outstanding */
	void (*done)(struct lookup_ask *ask, const struct lookup_answer *answer);
};

/* As in lookup_provider_ops. */
const char *lookup_check(const struct lookup_config *config, char why[256]);
enum err lookup_open(const struct lookup_config *config, const struct lookup_env *env,
    char why[256], struct lookup **out) MUST_CHECK;
/* Number: E.164 digits. `done` is called once, perhaps at once, at the latest after
 * timeout_ms; not after lookup_cancel. */
void lookup_ask(struct lookup *l, const char *number, struct lookup_ask *ask);
/* Nothing happens when nothing is outstanding. */
void lookup_cancel(struct lookup_ask *ask);
void lookup_free(struct lookup *l); /* NULL is allowed */

#endif
