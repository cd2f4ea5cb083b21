/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API keys as resources (contract 3.7, 5.4): what both generations of the settings
 * API and version 1 share. A secret is shown once, when the key is made; afterwards
 * only its hash is left.
 */
#include "api/body.h"
#include "api/offer.h"
#include "api/ops/key.h"

#include <strings.h>

#include "base/secret.h"
#include "store/access.h"
#include "store/store.h"
#include "twofa/period.h"
#include "twofa/scope.h"

enum { SECRET_TEXT_MAX = API_KEY_V1_LEN, NOT_BITS = SCOPE_SIGNED_IN };

struct key_call {
	struct key_job job; /* first */
	struct key_request request;
	char secret[SECRET_TEXT_MAX + 1];
	char id[API_KEY_ID_LEN + 1];
};

/* `_`, or the id of the caller's own account; another one is the id of nothing. */
static bool
is_own_account(struct call *c, struct span text)
{
	struct ident id;

	if (span_equal_text(text, "_"))
		return true;
	return ident_parse(text, &id) && ident_compare(&id, &c->principal.account) == 0;
}

/* Settings v1 names the account in the path, before the key. */
static bool
has_account(const struct call *c)
{
	return c->dialect->version == 1;
}

static enum err
check_account(struct call *c, const char *member)
{
	if (has_account(c) && !is_own_account(c, c->params[0]))
		return ERR_NOT_FOUND;
	return member == NULL || is_own_account(c, span_of(member)) ? OK : ERR_FORBIDDEN;
}

static struct key_call *
new_call(struct call *c)
{
	struct key_call *k = arena_alloc(&c->arena, sizeof(*k));

	k->job.key.account = c->principal.account;
	k->job.granted = c->principal.scopes & ~(unsigned)NOT_BITS;
	k->job.generation = c->dialect->version;
	k->job.fail = &c->fail;
	c->job = k;
	return k;
}

static void
put_one(struct call *c, struct json_out *out, const struct key_row *k, const char *secret)
{
	json_out_object(out, NULL);
	c->dialect->put_key(out, k, secret);
	json_out_end(out);
}

/* ---- create ---- */

static void
make_secret(struct call *c, struct key_call *k)
{
	const struct entropy *e = c->api->options.entropy;

	if (c->dialect->put_key == NULL)
		api_key_make_v1(e, k->secret);
	else
		api_key_make(e, k->secret);
	api_key_hash(span_of(k->secret), k->job.key.hash);
	api_key_id(k->job.key.hash, k->id);
	k->job.key.id = k->id;
}

/* The members; where some could not be read, what is wrong with the others as well. */
static enum err
read_request(struct call *c, struct key_call *k)
{
	struct key_terms any = {.enabled = true};
	enum err e = body_read(c, c->dialect->key_rows, &k->request);

	if (e == ERR_INVALID)
		(void)!key_terms_apply(
		    &any, &k->request.change, k->job.generation, 0, &c->fail);
	return e == OK ? check_account(c, k->request.account) : e;
}

static enum err
check_create_name(struct call *c, struct key_call *k, enum err read)
{
	struct key_terms any = {.enabled = true};

	if (k->request.change.name != NULL || fail_names(&c->fail, "name"))
		return read;
	fail_add(&c->fail, "name", "must not be blank");
	if (read == OK)
		(void)!key_terms_apply(
		    &any, &k->request.change, k->job.generation, 0, &c->fail);
	return ERR_INVALID;
}

static enum err
check_create(struct call *c)
{
	struct key_call *k = new_call(c);
	enum err e = read_request(c, k);

	if (e == OK || e == ERR_INVALID)
		e = check_create_name(c, k, e);
	k->job.change = &k->request.change;
	k->job.key.terms.permissions = PERMISSION_ALL;
	if (!has_account(c))
		k->job.key.terms.valid_to_ms =
		    store_wall_ms(c->api->options.store) + PERIOD_MS_YEAR;
	make_secret(c, k);
	return e;
}

static enum err
proceed_create(struct call *c)
{
	return offer_job(c, &((struct key_call *)c->job)->job.job, VERB_KEY_CREATE);
}

static void
say_full(struct call *c, const struct key_call *k)
{
	if (k->job.job.err != ERR_THROTTLED)
		return;
	c->response.reason = "keysPerAccount";
	fail_add(&c->fail, "keysPerAccount", "is used up; the account has all its keys");
}

static enum err
answer_create(struct call *c)
{
	struct key_call *k = c->job;
	struct json_out out = call_json(c);

	say_full(c, k);
	if (k->job.job.err != OK)
		return k->job.job.err;
	put_one(c, &out, &k->job.key, k->secret);
	c->response.status = has_account(c) ? 201 : 200;
	call_put_header(c, "Cache-Control", "no-store");
	return OK;
}

const struct operation op_key_create = {.name = "key_create",
    .check = check_create,
    .proceed = proceed_create,
    .answer = answer_create};

/* ---- version 1 of 2FA: no body, and a bare text as the answer ---- */

static enum err
check_mint(struct call *c)
{
	static const struct key_change nothing = {.name = "2fa"};
	struct key_call *k = new_call(c);

	k->job.change = &nothing;
	k->job.key.name = nothing.name;
	k->job.key.terms.permissions = PERMISSION_TFA;
	make_secret(c, k);
	return OK;
}

static enum err
answer_mint(struct call *c)
{
	struct key_call *k = c->job;
	struct json_out out = call_json(c);

	say_full(c, k);
	if (k->job.job.err != OK)
		return k->job.job.err;
	json_out_text(&out, NULL, k->secret);
	c->response.status = 200;
	call_put_header(c, "Cache-Control", "no-store");
	return OK;
}

const struct operation op_key_mint = {.name = "key_mint",
    .check = check_mint,
    .proceed = proceed_create,
    .answer = answer_mint};

/* ---- read and change ---- */

static enum err
check_get(struct call *c)
{
	struct key_call *k = new_call(c);

	k->job.key.id = arena_text(&c->arena, c->params[has_account(c) ? 1 : 0]);
	return check_account(c, NULL);
}

static enum err
proceed_get(struct call *c)
{
	return offer_job(c, &((struct key_call *)c->job)->job.job, VERB_KEY_GET);
}

static enum err
answer_get(struct call *c)
{
	struct key_call *k = c->job;
	struct json_out out = call_json(c);

	if (k->job.job.err != OK)
		return k->job.job.err;
	put_one(c, &out, &k->job.key, NULL);
	c->response.status = 200;
	return OK;
}

const struct operation op_key_get = {.name = "key_get",
    .check = check_get,
    .proceed = proceed_get,
    .answer = answer_get,
    .finds = THING_KEY};

static enum err
check_update(struct call *c)
{
	enum err e = check_get(c);
	struct key_call *k = c->job;

	if (e == OK)
		e = read_request(c, k);
	k->job.change = &k->request.change;
	return e;
}

static enum err
proceed_update(struct call *c)
{
	return offer_job(c, &((struct key_call *)c->job)->job.job, VERB_KEY_PUT);
}

const struct operation op_key_update = {.name = "key_update",
    .check = check_update,
    .proceed = proceed_update,
    .answer = answer_get,
    .finds = THING_KEY};

/* ---- lists ---- */

enum err
ops_key_list_check(struct call *c)
{
	new_call(c)->job.of_account = true;
	return check_account(c, call_query(c, "accountId"));
}

enum err
ops_key_list_proceed(struct call *c)
{
	return offer_job(c, &((struct key_call *)c->job)->job.job, VERB_KEY_LIST);
}

static bool
passes(struct call *c, const struct key_row *k, const char *secret)
{
	const char *name = call_query(c, "name");
	const char *enabled = call_query(c, "enabled");
	uint8_t hash[SECRET_HASH_LEN];

	if (name != NULL && strcasestr(k->name, name) == NULL)
		return false;
	if (enabled != NULL &&
	    strcasecmp(enabled, k->terms.enabled ? "false" : "true") == 0)
		return false;
	if (secret == NULL)
		return true;
	api_key_hash(span_of(secret), hash);
	return secret_equal(hash, k->hash, SECRET_HASH_LEN);
}

struct key_row *
ops_key_list_rows(struct call *c, const char *secret, size_t *count_out)
{
	struct key_call *k = c->job;
	size_t count = 0;

	for (size_t i = 0; i < k->job.count; i++)
		if (passes(c, &k->job.rows[i], secret))
			k->job.rows[count++] = k->job.rows[i];
	*count_out = count;
	return k->job.rows;
}

void
ops_key_put_list(
    struct call *c, struct json_out *out, const struct key_row *rows, size_t count)
{
	json_out_array(out, "apiKeys");
	for (size_t i = 0; i < count; i++)
		put_one(c, out, &rows[i], NULL);
	json_out_end(out);
}

/* ---- members ---- */

static void
put_allowed(struct json_out *out, const char *allowed)
{
	const char *at = allowed == NULL ? "" : allowed;

	if (*at == '\0')
		return;
	json_out_array(out, "allowedIPs");
	while (*at != '\0') {
		size_t len = strcspn(at, " ");

		json_out_span(out, NULL, (struct span){at, len});
		at += len;
		at += *at == ' ';
	}
	json_out_end(out);
}

void
ops_key_put_terms(struct json_out *out, const struct key_row *k, int generation)
{
	char at[KEY_TIME_TEXT_LEN];

	json_out_text(out, "name", k->name);
	put_allowed(out, k->terms.allowed);
	if (k->terms.valid_from_ms != 0) {
		key_terms_time_format(k->terms.valid_from_ms, generation, at);
		json_out_text(out, "validFrom", at);
	}
	if (k->terms.valid_to_ms != 0) {
		key_terms_time_format(k->terms.valid_to_ms, generation, at);
		json_out_text(out, "validTo", at);
	}
	json_out_bool(out, "enabled", k->terms.enabled);
	json_out_array(out, "permissions");
	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		if ((k->terms.permissions & 1u << i) != 0)
			json_out_text(
			    out, NULL, key_terms_permission_name(i, generation));
	json_out_end(out);
}
