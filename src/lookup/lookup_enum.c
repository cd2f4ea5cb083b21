/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENUM over DNS: one NAPTR query a number, at the machine's resolvers or at those of the
 * configuration. The meaning of records is enum_rule.h's. A name that does not exist, or
 * has no such record, leaves the question open: few trees are complete. With `unlisted:
 * not_reachable` the operator says that this one is.
 */
#include <stdio.h>

#include "lookup/enum_rule.h"
#include "lookup/lookup.h"
#include "lookup/types.h"
#include "net/resolver.h"

struct enum_provider {
	struct lookup_provider head; /* first */
	const struct lookup_config *config;
	struct resolver *resolver;
};

struct enum_question {
	struct enum_provider *provider;
	lookup_done_f *done;
	void *ctx;
};

static struct enum_provider *
enum_of(struct lookup_provider *p)
{
	return container_of(p, struct enum_provider, head);
}

/* ---- a question ---- */

static bool
classify_first(const struct resolver_naptr *list, enum lookup_status *out)
{
	struct enum_record best;
	bool found = false;

	for (const struct resolver_naptr *n = list; n != NULL; n = n->next) {
		struct enum_record r = {n->flags, n->service, n->order, n->preference};
		enum lookup_status status;

		if (!enum_rule_judge(&r, &status) ||
		    (found && !enum_rule_before(&r, &best)))
			continue;
		best = r;
		*out = status;
		found = true;
	}
	return found;
}

static struct lookup_answer
read_records(const struct resolver_naptr *list)
{
	struct lookup_answer a = {.reason = "no record that counts"};

	if (classify_first(list, &a.status))
		a.reason = "NAPTR";
	return a;
}

static void
on_records(void *ctx, const struct resolver_records *found)
{
	struct enum_question q = *(struct enum_question *)ctx;
	struct lookup_answer a = {.reason = found->reason};

	mem_free(ctx);
	if (found->kind == RESOLVER_FOUND)
		a = read_records(found->first);
	else if (found->kind == RESOLVER_FAILED)
		a.failed = true;
	else if (q.provider->config->unlisted == LOOKUP_UNLISTED_NOT_REACHABLE)
		a.status = LOOKUP_NOT_REACHABLE;
	q.done(q.ctx, &a);
}

static void
enum_ask(struct lookup_provider *head, const char *number, lookup_done_f *done, void *ctx)
{
	struct enum_provider *p = enum_of(head);
	struct enum_question *q;
	char name[ENUM_NAME_MAX + 1];

	if (enum_rule_name(number, p->config->suffix, name) != OK) {
		done(ctx, &(struct lookup_answer){.reason = "the name is too long"});
		return;
	}
	q = mem_new(sizeof(*q));
	*q = (struct enum_question){p, done, ctx};
	resolver_ask_naptr(p->resolver, name, on_records, q);
}

/* ---- life ---- */

static void
enum_free(struct lookup_provider *head)
{
	struct enum_provider *p = enum_of(head);

	resolver_free(p->resolver); /* answers what is outstanding */
	mem_free(p);
}

static enum err
enum_open(const struct lookup_config *config, const struct lookup_env *env, char why[256],
    struct lookup_provider **out)
{
	struct enum_provider *p = mem_new(sizeof(*p));
	struct resolver_options o = {config->servers, config->timeout_ms};
	char reason[256] = "";
	enum err e = resolver_new(env->base, &o, reason, &p->resolver);

	if (e == OK) {
		p->config = config;
		*out = &p->head;
		return OK;
	}
	snprintf(why, 256, "servers: %.240s", reason);
	mem_free(p);
	return e;
}

const struct lookup_provider_ops lookup_enum_ops = {
    "enum", NULL, enum_open, enum_ask, enum_free};
