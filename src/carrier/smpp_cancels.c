/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_cancels.h"

#include <event2/event.h>
#include <stdio.h>
#include <sys/queue.h>

#include "base/log.h"
#include "carrier/options.h"
#include "carrier/smpp_receipt.h"

enum { BUCKETS = 4096, TICK_MS = 200, CANCELS_AT_ONCE = 50, LATE_MS = 60000 };

struct cancel {
	TAILQ_ENTRY(cancel) line; /* by until_ms */
	LIST_ENTRY(cancel) bucket;
	int64_t until_ms; /* steady */
	char id[SMPP_ID_LEN_MAX + 1];
	char raw_id[SMPP_ID_LEN_MAX + 1];
	char source[21];
	uint8_t source_ton;
	uint8_t source_npi;
};

struct smpp_cancels {
	const struct carrier_env *env;
	struct smpp_session *session;
	struct event *timer;
	size_t count;
	TAILQ_HEAD(cancel_line, cancel) line;
	LIST_HEAD(cancel_bucket, cancel) buckets[BUCKETS];
};

static struct cancel_bucket *
bucket_of(struct smpp_cancels *c, const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *id != '\0'; id++)
		hash = (hash ^ (uint8_t)*id) * 16777619u;
	return &c->buckets[hash % BUCKETS];
}

static void
drop(struct smpp_cancels *c, struct cancel *one)
{
	TAILQ_REMOVE(&c->line, one, line);
	LIST_REMOVE(one, bucket);
	c->count--;
	mem_free(one);
}

/* Lives are mostly of one length, so its place is mostly the last. */
static void
insert(struct smpp_cancels *c, struct cancel *one)
{
	struct cancel *before = TAILQ_LAST(&c->line, cancel_line);

	while (before != NULL && before->until_ms > one->until_ms)
		before = TAILQ_PREV(before, cancel_line, line);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&c->line, one, line);
	else
		TAILQ_INSERT_AFTER(&c->line, before, one, line);
	LIST_INSERT_HEAD(bucket_of(c, one->id), one, bucket);
	c->count++;
}

void
smpp_cancels_add(struct smpp_cancels *c, const struct smpp_pdu *submit,
    const char *raw_id, const char *id, int64_t until_ms)
{
	struct cancel *one;

	if (c == NULL || raw_id[0] == '\0')
		return;
	if (c->count >= SMPP_CANCELS_MAX)
		drop(c, TAILQ_FIRST(&c->line));
	one = mem_new(sizeof(*one));
	one->until_ms = until_ms;
	snprintf(one->id, sizeof(one->id), "%s", id);
	snprintf(one->raw_id, sizeof(one->raw_id), "%s", raw_id);
	snprintf(one->source, sizeof(one->source), "%s", submit->source_addr);
	one->source_ton = submit->source_addr_ton;
	one->source_npi = submit->source_addr_npi;
	insert(c, one);
}

void
smpp_cancels_forget(struct smpp_cancels *c, const char *id)
{
	struct cancel *one;

	if (c == NULL)
		return;
	LIST_FOREACH(one, bucket_of(c, id), bucket)
	if (strcmp(one->id, id) == 0) {
		drop(c, one);
		return;
	}
}

static bool
cancel(struct smpp_cancels *c, const struct cancel *one)
{
	struct smpp_pdu pdu = {.command = SMPP_cancel_sm,
	    .sequence = smpp_session_sequence(c->session),
	    .source_addr_ton = one->source_ton,
	    .source_addr_npi = one->source_npi};

	snprintf(pdu.message_id, sizeof(pdu.message_id), "%s", one->raw_id);
	snprintf(pdu.source_addr, sizeof(pdu.source_addr), "%s", one->source);
	return smpp_session_send(c->session, &pdu) == OK;
}

/* A message that could not be cancelled for a minute is left to its validity period. */
static void
on_cancel_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct smpp_cancels *c = ctx;
	int64_t now_ms = c->env->clock->steady_ms(c->env->clock);
	struct cancel *one;

	(void)fd;
	(void)what;
	for (int i = 0; i < CANCELS_AT_ONCE; i++) {
		one = TAILQ_FIRST(&c->line);
		if (one == NULL || one->until_ms > now_ms)
			return;
		if (!cancel(c, one) && one->until_ms + LATE_MS > now_ms)
			return;
		drop(c, one);
	}
}

void
smpp_cancels_use(struct smpp_cancels *c, struct smpp_session *session)
{
	static const struct timeval tick = {0, TICK_MS * 1000};

	if (c == NULL)
		return;
	c->session = session;
	RESOURCE(event_add(c->timer, &tick) == 0);
}

struct smpp_cancels *
smpp_cancels_new(const struct carrier_config *config, const struct carrier_env *env)
{
	const struct carrier_smpp_options *options = config->options;
	struct smpp_cancels *c;

	if (!options->cancel_on_expiry)
		return NULL;
	c = mem_new(sizeof(*c));
	c->env = env;
	TAILQ_INIT(&c->line);
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&c->buckets[i]);
	c->timer = event_new(env->base, -1, EV_PERSIST, on_cancel_timer, c);
	RESOURCE(c->timer != NULL);
	return c;
}

void
smpp_cancels_free(struct smpp_cancels *c)
{
	if (c == NULL)
		return;
	while (!TAILQ_EMPTY(&c->line))
		drop(c, TAILQ_FIRST(&c->line));
	event_free(c->timer);
	mem_free(c);
}
