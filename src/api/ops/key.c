/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/key.h"

#include <stdlib.h>
#include <strings.h>

#include "api/offer.h"
#include "base/secret.h"
#include "store/store.h"
#include "twofa/period.h"
#include "twofa/scope.h"

enum { SECRET_TEXT_MAX = API_KEY_V1_LEN, NOT_BITS = SCOPE_SIGNED_IN };

struct key_call {
	struct key_job job; /* first */
	char secret[SECRET_TEXT_MAX + 1];
	char id[API_KEY_ID_LEN + 1];
};

static enum err
check_account(struct call *c, const struct key_ask *ask)
{
	if (ident_compare(&ask->account, &c->principal.account) != 0)
		return ERR_NOT_FOUND;
	return ident_compare(&ask->owner, &c->principal.account) == 0 ? OK
								      : ERR_FORBIDDEN;
}

static struct key_call *
new_call(struct call *c)
{
	struct key_call *k = arena_alloc(&c->arena, sizeof(*k));

	k->job.key.account = c->principal.account;
	k->job.granted = c->principal.scopes & ~(unsigned)NOT_BITS;
	k->job.fail = &c->fail;
	c->job = k;
	return k;
}

static enum err
offer_key(struct call *c, enum verb verb)
{
	return offer_job(c, &((struct key_call *)c->job)->job.job, verb);
}

/* ---- create ---- */

static void
say_faults(struct call *c, const struct key_put_ask *ask)
{
	struct key_terms any = {.enabled = true};

	(void)!key_terms_apply(&any, &ask->change, ask->generation, 0, &c->fail);
}

/* Faults of what could be read are told with those of what could not. */
static enum err
check_change(struct call *c, const struct key_put_ask *ask)
{
	if (c->fail.count == 0)
		return check_account(c, &ask->of);
	say_faults(c, ask);
	return ERR_INVALID;
}

static enum err
check_create(struct call *c)
{
	const struct key_put_ask *ask = c->ask;
	enum err e = check_change(c, ask);

	if ((e != OK && e != ERR_INVALID) || ask->change.name != NULL ||
	    fail_names(&c->fail, "name"))
		return e;
	fail_add(&c->fail, "name", "must not be blank");
	if (e == OK)
		say_faults(c, ask);
	return ERR_INVALID;
}

static void
take_secret(struct key_call *k)
{
	api_key_hash(span_of(k->secret), k->job.key.hash);
	api_key_id(k->job.key.hash, k->id);
	k->job.key.id = k->id;
}

static enum err
proceed_create(struct call *c)
{
	const struct key_put_ask *ask = c->ask;
	struct key_call *k = new_call(c);

	api_key_make(c->api->options.entropy, k->secret);
	take_secret(k);
	k->job.generation = ask->generation;
	k->job.change = &ask->change;
	k->job.key.terms.permissions = PERMISSION_ALL;
	if (ask->life_ms > 0)
		k->job.key.terms.valid_to_ms =
		    store_wall_ms(c->api->options.store) + ask->life_ms;
	return offer_key(c, VERB_KEY_CREATE);
}

static void
say_full(struct call *c)
{
	c->response.reason = "keysPerAccount";
	fail_add(&c->fail, "keysPerAccount", "is used up; the account has all its keys");
}

static enum err
answer_create(struct call *c)
{
	const struct key_call *k = c->job;
	struct key_result *r = c->result;

	if (k->job.job.err == ERR_THROTTLED)
		say_full(c);
	*r = (struct key_result){&k->job.key, k->secret};
	return k->job.job.err;
}

const struct operation op_key_create = {.name = "key_create",
    .ask_len = sizeof(struct key_put_ask),
    .result_len = sizeof(struct key_result),
    .check = check_create,
    .proceed = proceed_create,
    .answer = answer_create};

static enum err
proceed_mint(struct call *c)
{
	static const struct key_change nothing = {.name = "2fa"};
	struct key_call *k = new_call(c);

	api_key_make_v1(c->api->options.entropy, k->secret);
	take_secret(k);
	k->job.generation = 1;
	k->job.change = &nothing;
	k->job.key.name = nothing.name;
	k->job.key.terms.permissions = PERMISSION_TFA;
	return offer_key(c, VERB_KEY_CREATE);
}

const struct operation op_key_mint = {.name = "key_mint",
    .result_len = sizeof(struct key_result),
    .proceed = proceed_mint,
    .answer = answer_create};

/* ---- read and change ---- */

static enum err
check_get(struct call *c)
{
	return check_account(c, c->ask);
}

static enum err
proceed_get(struct call *c)
{
	const struct key_ask *ask = c->ask;

	new_call(c)->job.key.id = ask->id;
	return offer_key(c, VERB_KEY_GET);
}

static enum err
answer_get(struct call *c)
{
	const struct key_call *k = c->job;
	struct key_result *r = c->result;

	*r = (struct key_result){.key = &k->job.key};
	return k->job.job.err;
}

const struct operation op_key_get = {.name = "key_get",
    .ask_len = sizeof(struct key_ask),
    .result_len = sizeof(struct key_result),
    .check = check_get,
    .proceed = proceed_get,
    .answer = answer_get,
    .finds = THING_KEY};

static enum err
check_update(struct call *c)
{
	return check_change(c, c->ask);
}

static enum err
proceed_update(struct call *c)
{
	const struct key_put_ask *ask = c->ask;
	struct key_call *k = new_call(c);

	k->job.key.id = ask->of.id;
	k->job.generation = ask->generation;
	k->job.change = &ask->change;
	return offer_key(c, VERB_KEY_PUT);
}

const struct operation op_key_update = {.name = "key_update",
    .ask_len = sizeof(struct key_put_ask),
    .result_len = sizeof(struct key_result),
    .check = check_update,
    .proceed = proceed_update,
    .answer = answer_get,
    .finds = THING_KEY};

/* ---- lists ---- */

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct key_row *)a)->id, ((const struct key_row *)b)->id);
}

static int
by_name(const void *a, const void *b)
{
	int order = strcasecmp(
	    ((const struct key_row *)a)->name, ((const struct key_row *)b)->name);

	return order != 0 ? order : by_id(a, b);
}

static int
compare_times(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
by_start(const void *a, const void *b)
{
	int order = compare_times(((const struct key_row *)a)->terms.valid_from_ms,
	    ((const struct key_row *)b)->terms.valid_from_ms);

	return order != 0 ? order : by_id(a, b);
}

/* Without end comes last. */
static int
by_end(const void *a, const void *b)
{
	int64_t left = ((const struct key_row *)a)->terms.valid_to_ms;
	int64_t right = ((const struct key_row *)b)->terms.valid_to_ms;
	int order =
	    compare_times(left == 0 ? INT64_MAX : left, right == 0 ? INT64_MAX : right);

	return order != 0 ? order : by_id(a, b);
}

static int (*const orders[])(const void *a, const void *b) = {[KEY_BY_NAME] = by_name,
    [KEY_BY_ID] = by_id,
    [KEY_BY_START] = by_start,
    [KEY_BY_END] = by_end};

static enum err
check_list(struct call *c)
{
	const struct key_list_ask *ask = c->ask;

	return check_account(c, &ask->of);
}

static enum err
proceed_list(struct call *c)
{
	new_call(c)->job.of_account = true;
	return offer_key(c, VERB_KEY_LIST);
}

static bool
passes(const struct key_list_ask *ask, const struct key_row *k)
{
	uint8_t hash[SECRET_HASH_LEN];

	if (ask->name != NULL && strcasestr(k->name, ask->name) == NULL)
		return false;
	if (ask->enabled.set && ask->enabled.value != k->terms.enabled)
		return false;
	if (ask->secret == NULL)
		return true;
	api_key_hash(span_of(ask->secret), hash);
	return secret_equal(hash, k->hash, SECRET_HASH_LEN);
}

static void
sort_rows(const struct key_list_ask *ask, struct key_row *rows, size_t count)
{
	if (count > 0 && orders[ask->order] != NULL)
		qsort(rows, count, sizeof(*rows), orders[ask->order]);
	for (size_t i = 0; ask->descending && i < count / 2; i++) {
		struct key_row swap = rows[i];

		rows[i] = rows[count - 1 - i];
		rows[count - 1 - i] = swap;
	}
}

static enum err
answer_list(struct call *c)
{
	const struct key_list_ask *ask = c->ask;
	struct key_job *j = &((struct key_call *)c->job)->job;
	struct key_list_result *r = c->result;
	size_t total = 0;
	size_t first;

	if (j->job.err != OK)
		return j->job.err;
	for (size_t i = 0; i < j->count; i++)
		if (passes(ask, &j->rows[i]))
			j->rows[total++] = j->rows[i];
	sort_rows(ask, j->rows, total);
	first = ask->first < total ? ask->first : total;
	*r = (struct key_list_result){.list = j->rows + first,
	    .count = total - first < ask->most ? total - first : ask->most,
	    .total = total};
	return OK;
}

const struct operation op_key_list = {.name = "key_list",
    .ask_len = sizeof(struct key_list_ask),
    .result_len = sizeof(struct key_list_result),
    .check = check_list,
    .proceed = proceed_list,
    .answer = answer_list};
