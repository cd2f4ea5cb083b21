/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/carrier.h"

#include <stdio.h>

#include "base/secret.h"
#include "carrier/types.h"
#include "speech/speech.h"

enum { PAUSE_FIRST_MS = 1000, PAUSE_MAX_MS = 30000, PAUSE_DOUBLINGS = 5 };

static const struct carrier_ops *const types[] = {
#define CARRIER_TYPE(type) &carrier_##type##_ops,
#include "carrier/types.def"
#undef CARRIER_TYPE
};

const char *
carrier_result_name(enum carrier_result r)
{
	switch (r) {
	case CARRIER_ACCEPTED:
		return "accepted";
	case CARRIER_RETRY:
		return "retry";
	case CARRIER_REFUSED:
		return "refused";
	case CARRIER_UNKNOWN:
		return "unknown";
	}
	INVARIANT(!"result");
	return "";
}

const struct carrier_ops *
carrier_type_find(const char *type)
{
	for (size_t i = 0; i < countof(types); i++)
		if (strcmp(types[i]->type, type) == 0)
			return types[i];
	return NULL;
}

static bool
carries(const struct carrier_ops *ops, const struct carrier_config *config,
    enum channel channel)
{
	unsigned channels = ops->channels;

	if (ops->carried != NULL)
		channels &= ops->carried(config);
	return (channels & CHANNEL_BIT(channel)) != 0;
}

bool
carrier_carries(const struct carrier_config *config, enum channel channel)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	return ops != NULL && carries(ops, config, channel);
}

size_t
carrier_options_size(const char *type)
{
	size_t size = 0;

	for (size_t i = 0; i < countof(types); i++)
		if (type != NULL && strcmp(types[i]->type, type) == 0)
			return types[i]->options_size;
		else if (size < types[i]->options_size)
			size = types[i]->options_size;
	return size;
}

const char *
carrier_check(const struct carrier_config *config, char why[256])
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	return ops == NULL || ops->check == NULL ? NULL : ops->check(config, why);
}

void
carrier_warn(const struct carrier_config *config, carrier_warn_f *say, void *ctx)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	if (ops != NULL && ops->warn != NULL)
		ops->warn(config, say, ctx);
}

bool
carrier_needs_sender(const struct carrier_config *config)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	return ops != NULL && ops->needs_sender != NULL && ops->needs_sender(config);
}

bool
carrier_speaks(const struct carrier_config *config)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	return ops != NULL && ops->speaks != NULL && ops->speaks(config);
}

/* Where nothing speaks for the moment, another carrier may have a voice of its own. */
struct carrier_outcome
carrier_unspoken(const struct speech_answer *answer)
{
	struct carrier_outcome o = {.result = CARRIER_REFUSED, .reason = answer->reason};

	INVARIANT(answer->err != OK);
	if (answer->err == ERR_INVALID)
		o.status = REPORT_REJECTED_MESSAGE_IS_EMPTY;
	else if (answer->err == ERR_TOO_LARGE)
		o.status = REPORT_REJECTED_MESSAGE_TOO_LONG;
	else if (answer->err == ERR_DOWN)
		o.elsewhere = true;
	else
		o.result = CARRIER_RETRY;
	return o;
}

const char *
carrier_receipt_answer(const struct carrier_config *config, const char **type_out)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	if (ops == NULL || ops->receipt_answer == NULL)
		return NULL;
	return ops->receipt_answer(config, type_out);
}

enum sms_alphabet
carrier_alphabet(const struct carrier_config *config)
{
	const struct carrier_ops *ops =
	    config == NULL ? NULL : carrier_type_find(config->type);

	return ops == NULL || ops->alphabet == NULL ? SMS_GSM7 : ops->alphabet(config);
}

enum err
carrier_split(const struct carrier_config *config, struct arena *a, struct span text,
    struct sms_parts *out)
{
	return sms_text_split_in(carrier_alphabet(config), a, text, out);
}

unsigned
carrier_parts(const struct carrier_config *config, const struct content *content)
{
	struct sms_parts parts = {0};
	struct arena arena;
	enum err e;

	if (!channel_row(content->channel)->has_parts)
		return 0;
	arena_init(&arena);
	e = carrier_split(config, &arena, content_text(content), &parts);
	arena_fini(&arena);
	return e == OK ? parts.count : 0;
}

enum err
carrier_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);
	enum err e;

	if (ops == NULL) {
		snprintf(why, 256, "there is no carrier type %.60s", config->type);
		return ERR_INVALID;
	}
	e = ops->open(config, env, why, out);
	if (e != OK)
		return e;
	(*out)->ops = ops;
	(*out)->config = config;
	return OK;
}

void
carrier_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	INVARIANT(m->validity_ms > 0);
	INVARIANT(carries(c->ops, c->config, m->content.channel));
	c->ops->submit(c, m, done, ctx);
}

bool
carrier_is_up(const struct carrier *c)
{
	return c->ops->is_up(c);
}

bool
carrier_has_room(const struct carrier *c)
{
	return c->ops->has_room == NULL ? c->ops->is_up(c) : c->ops->has_room(c);
}

bool
carrier_is_busy(const struct carrier *c)
{
	return c->ops->is_busy != NULL && c->ops->is_busy(c);
}

void
carrier_stop(struct carrier *c, int64_t within_ms)
{
	if (c->ops->stop != NULL)
		c->ops->stop(c, within_ms);
}

enum err
carrier_read_receipts(const struct carrier_config *config,
    const struct carrier_request *request, struct carrier_receipts *out)
{
	const struct carrier_ops *ops = carrier_type_find(config->type);

	out->config = config;
	if (ops == NULL || ops->read_receipts == NULL)
		return ERR_FORBIDDEN;
	return ops->read_receipts(request, out);
}

void
carrier_free(struct carrier *c)
{
	if (c != NULL)
		c->ops->free(c);
}

size_t
carrier_add_id(const char **ids, size_t count, const char *id)
{
	if (id == NULL || id[0] == '\0')
		return count;
	for (size_t i = 0; i < count; i++)
		if (strcmp(ids[i], id) == 0)
			return count;
	ids[count] = id;
	return count + 1;
}

int64_t
carrier_pause_ms(const struct carrier_env *env, unsigned failures)
{
	unsigned doublings = failures < PAUSE_DOUBLINGS ? failures : PAUSE_DOUBLINGS;
	uint32_t whole = (uint32_t)PAUSE_FIRST_MS << doublings;
	uint32_t random;

	if (whole > PAUSE_MAX_MS)
		whole = PAUSE_MAX_MS;
	env->entropy->fill(env->entropy, &random, sizeof(random));
	return whole / 2 + random % (whole / 2 + 1);
}

bool
carrier_knows_secret(const char *secret, const struct carrier_request *request)
{
	uint8_t given[SECRET_HASH_LEN];
	uint8_t wanted[SECRET_HASH_LEN];

	if (secret == NULL || secret[0] == '\0')
		return false;
	secret_hash(request->secret, given);
	secret_hash(span_of(secret), wanted);
	return secret_equal(given, wanted, sizeof(given));
}
