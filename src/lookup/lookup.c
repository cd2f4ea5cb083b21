/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The providers that exist, and what stands in front of them. A question is a request:
 * everybody who asks about its number while it is out waits for the same answer. An asker
 * that has waited for timeout_ms is told "unknown", and the request goes on without it.
 *
 * While the breaker is open nobody waits: they are told "unknown" at once, and one of
 * their questions at a time is asked all the same, to find out.
 */
#include "lookup/lookup.h"

#include <event2/event.h>
#include <stdio.h>

#include "base/breaker.h"
#include "lookup/cache.h"
#include "lookup/types.h"

enum {
	UNKNOWN_AGE_MS = 1000, /* long enough to answer a burst */
	NUMBER_MAX = 15
};

static const struct breaker_rule five_in_row = {.bad_in_row = 5};

static const struct lookup_provider_ops lookup_none_ops = {.type = "none"};

static const struct lookup_provider_ops *const types[] = {
    &lookup_none_ops, &lookup_infobip_ops, &lookup_generic_ops, &lookup_enum_ops};

TAILQ_HEAD(waiting_list, lookup_ask);

struct lookup_request {
	struct lookup *lookup;
	TAILQ_ENTRY(lookup_request) entry;
	struct lookup_entry *known; /* its place in the cache */
	struct waiting_list waiting;
	struct event *timeout;
	bool probe; /* of the breaker */
	bool late;  /* the time is over, and counted as a failure */
	char number[NUMBER_MAX + 1];
};

struct lookup {
	const struct lookup_config *config;
	struct lookup_env env;
	struct lookup_provider *provider; /* NULL: nobody */
	struct lookup_cache *cache;
	TAILQ_HEAD(, lookup_request) requests;
	size_t request_count;
	const struct timeval *timeout; /* common to all */
	struct breaker breaker;
	bool stopping;
};

const struct lookup_provider_ops *
lookup_type_find(const char *type)
{
	for (size_t i = 0; i < countof(types); i++)
		if (strcmp(types[i]->type, type) == 0)
			return types[i];
	return NULL;
}

static int64_t
now_ms(const struct lookup *l)
{
	return l->env.clock->steady_ms(l->env.clock);
}

static void
note(struct lookup_request *f, bool failed, const char *reason)
{
	struct lookup *l = f->lookup;

	if (l->stopping || !breaker_result(&l->breaker, f->probe, !failed, now_ms(l)))
		return;
	if (l->env.changed != NULL)
		l->env.changed(l->env.ctx, l->breaker.open, reason);
}

/* ---- requests ---- */

static void
tell(struct lookup_ask *ask, const struct lookup_answer *answer)
{
	ask->request = NULL;
	ask->done(ask, answer);
}

/* A told one may ask again at once: only those who wait now are told. */
static void
tell_all(struct lookup_request *f, const struct lookup_answer *answer)
{
	struct waiting_list told = TAILQ_HEAD_INITIALIZER(told);
	struct lookup_ask *ask;

	TAILQ_CONCAT(&told, &f->waiting, entry);
	while ((ask = TAILQ_FIRST(&told)) != NULL) {
		TAILQ_REMOVE(&told, ask, entry);
		tell(ask, answer);
	}
}

static int64_t
age_ms(const struct lookup *l, const struct lookup_answer *answer)
{
	switch (answer->status) {
	case LOOKUP_REACHABLE:
		return l->config->cache_age_ms;
	case LOOKUP_NOT_REACHABLE:
		return l->config->cache_age_unreachable_ms;
	case LOOKUP_UNKNOWN:
		return UNKNOWN_AGE_MS;
	case LOOKUP_NOT_CONFIGURED:
		break;
	}
	return 0;
}

static void
lookup_request_end(void *ctx, const struct lookup_answer *answer)
{
	struct lookup_request *f = ctx;
	struct lookup *l = f->lookup;
	int64_t now = now_ms(l);

	INVARIANT(!answer->failed || answer->status == LOOKUP_UNKNOWN);
	if (!f->late || !answer->failed)
		note(f, answer->failed, answer->reason);
	lookup_cache_settle(
	    l->cache, f->known, answer->status, now, now + age_ms(l, answer));
	TAILQ_REMOVE(&l->requests, f, entry);
	l->request_count--;
	event_free(f->timeout);
	tell_all(f, answer);
	mem_free(f);
}

static void
on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	static const struct lookup_answer late = {LOOKUP_UNKNOWN, true, "timeout"};
	struct lookup_request *f = ctx;

	(void)fd;
	(void)what;
	f->late = true;
	note(f, true, late.reason);
	tell_all(f, &late);
}

static struct lookup_request *
lookup_request_new(struct lookup *l, const char *number)
{
	struct lookup_request *f = mem_new(sizeof(*f));

	f->lookup = l;
	f->probe = breaker_begin(&l->breaker);
	TAILQ_INIT(&f->waiting);
	snprintf(f->number, sizeof(f->number), "%s", number);
	f->known = lookup_cache_begin(l->cache, lookup_cache_number(number), f);
	f->timeout = evtimer_new(l->env.base, on_timeout, f);
	RESOURCE(f->timeout != NULL && event_add(f->timeout, l->timeout) == 0);
	TAILQ_INSERT_TAIL(&l->requests, f, entry);
	l->request_count++;
	return f;
}

static void
join(struct lookup_request *f, struct lookup_ask *ask)
{
	ask->request = f;
	TAILQ_INSERT_TAIL(&f->waiting, ask, entry);
}

static void
tell_unknown(struct lookup_ask *ask, const char *reason)
{
	tell(ask, &(struct lookup_answer){.status = LOOKUP_UNKNOWN, .reason = reason});
}

/* Nobody waits for what a provider that is down may say. */
static void
ask_while_open(struct lookup *l, const char *number, struct lookup_ask *ask)
{
	/* before it is told: the number may be gone with its asker */
	struct lookup_request *f =
	    breaker_allows(&l->breaker, now_ms(l)) ? lookup_request_new(l, number) : NULL;

	tell_unknown(ask, "provider is down");
	if (f != NULL)
		l->provider->ops->ask(l->provider, f->number, lookup_request_end, f);
}

void
lookup_ask(struct lookup *l, const char *number, struct lookup_ask *ask)
{
	struct lookup_entry *e;
	struct lookup_request *f;

	INVARIANT(ask->request == NULL && strlen(number) <= NUMBER_MAX);
	if (l->provider == NULL) {
		tell(ask, &(struct lookup_answer){.status = LOOKUP_NOT_CONFIGURED,
			      .reason = "not configured"});
		return;
	}
	e = lookup_cache_find(l->cache, lookup_cache_number(number), now_ms(l));
	if (e != NULL && e->asking == NULL) {
		tell(
		    ask, &(struct lookup_answer){.status = e->status, .reason = "cache"});
		return;
	}
	if (l->breaker.open && e == NULL) {
		ask_while_open(l, number, ask);
		return;
	}
	f = e == NULL ? NULL : e->asking;
	if (l->breaker.open || (f != NULL && f->late) ||
	    (f == NULL && l->request_count >= LOOKUP_REQUESTS_MAX)) {
		tell_unknown(ask, "provider is slow");
		return;
	}
	if (f != NULL) {
		join(f, ask);
		return;
	}
	f = lookup_request_new(l, number);
	join(f, ask);
	l->provider->ops->ask(l->provider, f->number, lookup_request_end, f);
}

void
lookup_cancel(struct lookup_ask *ask)
{
	if (ask->request == NULL)
		return;
	TAILQ_REMOVE(&ask->request->waiting, ask, entry);
	ask->request = NULL;
}

/* ---- life ---- */

const char *
lookup_check(const struct lookup_config *config, char why[256])
{
	const struct lookup_provider_ops *ops = lookup_type_find(config->type);

	return ops == NULL || ops->check == NULL ? NULL : ops->check(config, why);
}

enum err
lookup_open(const struct lookup_config *config, const struct lookup_env *env,
    char why[256], struct lookup **out)
{
	const struct lookup_provider_ops *ops = lookup_type_find(config->type);
	struct timeval timeout = {
	    config->timeout_ms / 1000, (config->timeout_ms % 1000) * 1000};
	struct lookup *l;
	uint64_t seed;
	enum err e;

	if (ops == NULL) {
		snprintf(why, 256, "there is no lookup type %.60s", config->type);
		return ERR_INVALID;
	}
	l = mem_new(sizeof(*l));
	l->config = config;
	l->env = *env;
	TAILQ_INIT(&l->requests);
	breaker_init(&l->breaker, &five_in_row);
	e = ops->open == NULL ? OK : ops->open(config, env, why, &l->provider);
	if (e != OK) {
		mem_free(l);
		return e;
	}
	if (l->provider != NULL)
		l->provider->ops = ops;
	env->entropy->fill(env->entropy, &seed, sizeof(seed));
	l->cache = lookup_cache_new((size_t)config->cache_max, seed);
	l->timeout = event_base_init_common_timeout(env->base, &timeout);
	*out = l;
	return OK;
}

void
lookup_free(struct lookup *l)
{
	if (l == NULL)
		return;
	l->stopping = true;
	if (l->provider != NULL)
		l->provider->ops->free(l->provider); /* ends every request */
	INVARIANT(TAILQ_EMPTY(&l->requests));
	lookup_cache_free(l->cache);
	mem_free(l);
}
