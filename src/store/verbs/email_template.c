/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Email templates, which message templates refer to by a number of the account: get,
 * list, create or replace, remove. One that is referred to stays.
 */
#include "store/config.h"
#include "store/verbs/verbs.h"

static struct email_template_job *
email_of(struct item *it)
{
	return VERB_OF(it, struct email_template_job);
}

static void
bind_account(struct item *it, struct binder *b)
{
	bind_ident(b, &email_of(it)->account);
}

static void
bind_list_piece(struct item *it, struct binder *b)
{
	bind_account(it, b);
	bind_int(b, email_of(it)->after);
	piece_bind(b, &email_of(it)->piece, INT64_MAX);
}

static void
bind_id(struct item *it, struct binder *b)
{
	bind_account(it, b);
	bind_int(b, email_of(it)->given.id);
}

static struct email_template *
add(struct email_template_job *j)
{
	return arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));
}

static void
read_listed(struct item *it, struct row *r)
{
	struct email_template_job *j = email_of(it);
	struct email_template *t = add(j);

	t->id = row_int(r, 0, EMAIL_TEMPLATE_ID_MAX);
	t->subject = row_text(r, j->job.arena, ROW_TEXT_MAX);
	j->after = t->id;
	j->piece.read++;
}

static void
read_one(struct item *it, struct row *r)
{
	struct arena *a = job_of(it)->arena;
	struct email_template *t = add(email_of(it));

	t->id = row_int(r, 0, EMAIL_TEMPLATE_ID_MAX);
	t->subject = row_text(r, a, ROW_TEXT_MAX);
	t->text = row_text_or_null(r, a, ROW_TEXT_MAX);
	t->html = row_text_or_null(r, a, ROW_TEXT_MAX);
	t->landing_page = row_text_or_null(r, a, ROW_NAME_MAX);
}

static enum err
get(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_EMAIL_TEMPLATE_GET, bind_id, read_one, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], email_of(items[i])->count > 0);
	return e;
}

static enum err
list(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_EMAIL_TEMPLATE_LIST, bind_list_piece, read_listed, NULL};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct email_template_job *j = email_of(items[i]);

		piece_begin(&j->piece);
		j->list = NULL;
		j->count = j->capacity = 0;
	}
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++)
		piece_end(&email_of(items[i])->piece, INT64_MAX);
	return e;
}

/* ---- put ---- */

static void
bind_content(struct item *it, struct binder *b)
{
	const struct email_template *t = &email_of(it)->given;

	bind_text(b, t->subject);
	bind_text(b, t->text);
	bind_text(b, t->html);
	bind_text(b, t->landing_page);
}

static void
bind_create(struct item *it, struct binder *b)
{
	bind_account(it, b);
	bind_content(it, b);
	bind_int(b, job_of(it)->now_ms);
	bind_int(b, EMAIL_TEMPLATES_PER_ACCOUNT);
}

static void
bind_put(struct item *it, struct binder *b)
{
	bind_id(it, b);
	bind_content(it, b);
	bind_int(b, EMAIL_TEMPLATES_PER_ACCOUNT);
}

static void
read_id(struct item *it, struct row *r)
{
	email_of(it)->given.id = row_int(r, 0, EMAIL_TEMPLATE_ID_MAX);
	email_of(it)->written = true;
}

static bool
creates(const struct item *it)
{
	return email_of((struct item *)(uintptr_t)it)->create;
}

static bool
replaces(const struct item *it)
{
	return !creates(it);
}

static enum err
put(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step create = {
	    SQL_EMAIL_TEMPLATE_CREATE, bind_create, read_id, creates};
	static const struct sql_step replace = {
	    SQL_EMAIL_TEMPLATE_PUT, bind_put, read_id, replaces};
	enum err e = batch_each(b, &create, items, n);

	if (e == OK)
		e = batch_each(b, &replace, items, n);
	for (size_t i = 0; i < n; i++) {
		struct email_template_job *j = email_of(items[i]);

		*add(j) = j->given;
		if (items[i]->err != OK || j->written)
			continue;
		fail_add(j->fail, "id", "the account has %d email templates",
		    EMAIL_TEMPLATES_PER_ACCOUNT);
		items[i]->err = ERR_INVALID;
	}
	return e;
}

/* ---- delete ---- */

static void
read_used(struct item *it, struct row *r)
{
	(void)r;
	email_of(it)->used = true;
}

static enum err
refuse_used(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_EMAIL_TEMPLATE_USED, bind_id, read_used, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++) {
		struct email_template_job *j = email_of(items[i]);

		if (items[i]->err != OK || !j->used)
			continue;
		fail_add(j->fail, "id", "is still used by a message template");
		items[i]->err = ERR_INVALID;
	}
	return e;
}

static enum err delete (struct batch *b, struct item **items, size_t n) {
	static const struct sql_step step = {SQL_EMAIL_TEMPLATE_DELETE, bind_id, NULL,
	    NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_email_template_get = {.steps = {get}};
const struct verb_row verb_email_template_list = {.steps = {list}};
const struct verb_row verb_email_template_put = {.steps = {put}};
const struct verb_row verb_email_template_delete = {.steps = {get, refuse_used, delete}};
