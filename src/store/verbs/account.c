/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and API keys. */
#include "store/verbs/verbs.h"

#include "store/access.h"
#include "twofa/scope.h"

static struct account_job *
account_of(struct item *it)
{
	return VERB_OF(it, struct account_job);
}

static void
bind_new_account(struct item *it, struct binder *b)
{
	bind_ident(b, &account_of(it)->id);
	bind_text(b, account_of(it)->name);
	bind_int(b, job_of(it)->now_ms);
}

static enum err
create_account(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_ACCOUNT_INSERT, bind_new_account, NULL, NULL};

	for (size_t i = 0; i < n; i++)
		ident_make(&account_of(items[i])->id, b->now_ms, b->entropy);
	return batch_each(b, &step, items, n);
}

static void
bind_account_name(struct item *it, struct binder *b)
{
	bind_text(b, account_of(it)->name);
}

static void
read_account(struct item *it, struct row *r)
{
	account_of(it)->found = true;
	row_ident(r, &account_of(it)->id);
}

static enum err
find_account(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_ACCOUNT_FIND, bind_account_name, read_account, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], account_of(items[i])->found);
	return e;
}

const struct verb_row verb_account_create = {.steps = {create_account}};
const struct verb_row verb_account_find = {.steps = {find_account}};

/* ---- keys ---- */

static struct key_job *
key_of(struct item *it)
{
	return VERB_OF(it, struct key_job);
}

static void
bind_end(struct binder *b, int64_t at_ms)
{
	if (at_ms == 0)
		bind_text(b, NULL);
	else
		bind_int(b, at_ms);
}

static void
bind_new_key(struct item *it, struct binder *b)
{
	const struct key_row *k = &key_of(it)->key;

	bind_blob(b, k->hash, SECRET_HASH_LEN);
	bind_text(b, k->id);
	bind_ident(b, &k->account);
	bind_text(b, k->name);
	bind_int(b, k->terms.scopes);
	bind_int(b, job_of(it)->now_ms);
	bind_bool(b, k->terms.enabled);
	bind_int(b, k->terms.valid_from_ms);
	bind_end(b, k->terms.valid_to_ms);
	bind_int(b, k->terms.permissions);
	bind_text(b, k->terms.allowed == NULL ? "" : k->terms.allowed);
	bind_int(b, KEYS_PER_ACCOUNT);
}

static void
read_created(struct item *it, struct row *r)
{
	(void)r;
	key_of(it)->found = true;
}

/*
 * A key has no more scopes than the caller that makes or widens it. A caller with fewer
 * scopes than the key may still disable or narrow it, so that anybody on duty can switch
 * off a key that leaked.
 */
static bool
may_change(const struct key_job *j, const struct key_terms *was)
{
	unsigned beyond = j->key.terms.scopes & ~(j->granted | SCOPE_OTHERS);

	if (beyond == 0)
		return true;
	return (beyond & ~was->scopes) == 0 &&
	       !key_terms_widened(was, &j->key.terms, j->job.time.wall_ms);
}

/* `was`: without scopes for a key that is new. */
static enum err
apply_change(struct key_job *j, struct key_terms was)
{
	enum err e =
	    key_terms_apply(&j->key.terms, j->change, j->generation, j->granted, j->fail);

	if (j->change->name != NULL)
		j->key.name = j->change->name;
	return e == OK && !may_change(j, &was) ? ERR_FORBIDDEN : e;
}

static enum err
create_key(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_KEY_INSERT, bind_new_key, read_created, NULL};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct key_job *j = key_of(items[i]);

		j->key.created_at_ms = b->now_ms;
		if (j->change == NULL)
			continue;
		j->key.terms = (struct key_terms){.enabled = true,
		    .valid_from_ms = b->time.wall_ms,
		    .valid_to_ms = j->key.terms.valid_to_ms,
		    .permissions = j->key.terms.permissions,
		    .scopes = j->granted,
		    .allowed = ""};
		items[i]->err = apply_change(j, (struct key_terms){0});
	}
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && !key_of(items[i])->found)
			items[i]->err = ERR_THROTTLED;
	return e;
}

static void
bind_revoke(struct item *it, struct binder *b)
{
	bind_int(b, job_of(it)->now_ms);
	bind_text(b, key_of(it)->key.id);
	bind_blob(b, key_of(it)->key.hash, SECRET_HASH_LEN);
}

static void
read_revoked(struct item *it, struct row *r)
{
	key_of(it)->key.id = row_text(r, job_of(it)->arena, ROW_NAME_MAX);
	key_of(it)->found = true;
}

static enum err
revoke_key(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_KEY_REVOKE, bind_revoke, read_revoked, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], key_of(items[i])->found);
	return e;
}

static void
read_key_row(struct row *r, struct arena *a, struct key_row *k)
{
	row_blob(r, k->hash, SECRET_HASH_LEN);
	k->id = row_text(r, a, ROW_NAME_MAX);
	row_ident(r, &k->account);
	k->account_name = row_text(r, a, ROW_NAME_MAX);
	k->name = row_text(r, a, ROW_NAME_MAX);
	k->terms.scopes = (unsigned)row_int(r, 0, INT32_MAX);
	k->created_at_ms = row_ms(r);
	k->revoked_at_ms = row_ms_or_null(r);
	k->terms.enabled = row_bool(r);
	k->terms.valid_from_ms = row_ms(r);
	k->terms.valid_to_ms = row_ms_or_null(r);
	k->terms.permissions = (unsigned)row_int(r, 0, INT32_MAX);
	k->terms.allowed = row_text(r, a, ROW_TEXT_MAX);
}

static void
read_key(struct item *it, struct row *r)
{
	struct key_job *j = key_of(it);

	read_key_row(r, j->job.arena,
	    arena_list_add(j->job.arena, (void **)&j->rows, &j->count, &j->capacity,
		sizeof(*j->rows)));
	if (!row_passed_over(r))
		return;
	j->count--;
	j->damaged++;
}

static void
bind_key_account(struct item *it, struct binder *b)
{
	bind_ident(b, &key_of(it)->key.account);
}

static bool
applies_to_all(const struct item *it)
{
	return it->err == OK && !it->skip &&
	       !container_of(container_of(it, struct job, item), struct key_job, job)
		    ->of_account;
}

static bool
wants_account(const struct item *it)
{
	return it->err == OK && !it->skip && !applies_to_all(it);
}

static enum err
list_all_keys(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_KEY_LIST, bind_nothing, read_key, applies_to_all};

	return batch_each(b, &step, items, n);
}

static enum err
list_account_keys(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_KEY_LIST_ACCOUNT, bind_key_account, read_key, wants_account};

	return batch_each(b, &step, items, n);
}

static void
bind_key_id(struct item *it, struct binder *b)
{
	bind_key_account(it, b);
	bind_text(b, key_of(it)->key.id);
}

static void
read_this_key(struct item *it, struct row *r)
{
	struct key_job *j = key_of(it);

	j->found = true;
	read_key_row(r, j->job.arena, &j->key);
}

static enum err
get_key(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_KEY_GET, bind_key_id, read_this_key, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], key_of(items[i])->found);
	return e;
}

static void
bind_put_key(struct item *it, struct binder *b)
{
	const struct key_row *k = &key_of(it)->key;

	bind_key_id(it, b);
	bind_text(b, k->name);
	bind_int(b, k->terms.scopes);
	bind_bool(b, k->terms.enabled);
	bind_int(b, k->terms.valid_from_ms);
	bind_end(b, k->terms.valid_to_ms);
	bind_int(b, k->terms.permissions);
	bind_text(b, k->terms.allowed);
}

/* One by one: a later put of the batch starts from what an earlier one wrote. */
static enum err
put_keys(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_KEY_PUT, bind_put_key, NULL, NULL};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		e = get_key(b, &items[i], 1);
		if (e == OK && items[i]->err == OK)
			items[i]->err =
			    apply_change(key_of(items[i]), key_of(items[i])->key.terms);
		if (e == OK)
			e = batch_each(b, &step, &items[i], 1);
	}
	return e;
}

const struct verb_row verb_key_create = {.steps = {create_key}};
const struct verb_row verb_key_revoke = {.steps = {revoke_key}};
const struct verb_row verb_key_list = {.steps = {list_all_keys, list_account_keys}};
const struct verb_row verb_key_get = {.steps = {get_key}};
const struct verb_row verb_key_put = {.steps = {put_keys}};
