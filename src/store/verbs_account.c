/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and API keys. */
#include "store/verbs.h"

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
	static const struct each step = {
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
	static const struct each step = {
	    SQL_ACCOUNT_FIND, bind_account_name, read_account, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], account_of(items[i])->found);
	return e;
}

const struct verb_row verb_account_create = {"account_create", {create_account}};
const struct verb_row verb_account_find = {"account_find", {find_account}};

static struct key_job *
key_of(struct item *it)
{
	return VERB_OF(it, struct key_job);
}

static void
bind_new_key(struct item *it, struct binder *b)
{
	const struct key_row *k = &key_of(it)->key;

	bind_blob(b, k->hash, SECRET_HASH_LEN);
	bind_text(b, k->id);
	bind_ident(b, &k->account);
	bind_text(b, k->name);
	bind_int(b, k->scopes);
	bind_int(b, job_of(it)->now_ms);
}

static enum err
create_key(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_KEY_INSERT, bind_new_key, NULL, NULL};

	return batch_each(b, &step, items, n);
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
	key_of(it)->key.id = row_text(r, job_of(it)->arena);
	key_of(it)->found = true;
}

static enum err
revoke_key(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_KEY_REVOKE, bind_revoke, read_revoked, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], key_of(items[i])->found);
	return e;
}

static void
bind_nothing(struct item *it, struct binder *b)
{
	(void)it;
	(void)b;
}

static void
read_key(struct item *it, struct row *r)
{
	struct key_job *j = key_of(it);
	struct arena *a = j->job.arena;
	struct key_row *k =
	    list_add(a, (void **)&j->rows, &j->count, &j->capacity, sizeof(*j->rows));

	row_blob(r, k->hash, SECRET_HASH_LEN);
	k->id = row_text(r, a);
	row_ident(r, &k->account);
	k->account_name = row_text(r, a);
	k->name = row_text(r, a);
	k->scopes = row_int(r);
	k->created_at_ms = row_int(r);
	k->revoked_at_ms = row_int(r);
}

static enum err
list_keys(struct batch *b, struct item **items, size_t n)
{
	static const struct each step = {SQL_KEY_LIST, bind_nothing, read_key, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_key_create = {"key_create", {create_key}};
const struct verb_row verb_key_revoke = {"key_revoke", {revoke_key}};
const struct verb_row verb_key_list = {"key_list", {list_keys}};
