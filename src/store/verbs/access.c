/* SPDX-License-Identifier: Apache-2.0 */
/* Users, and the sessions and tokens they signed in to. */
#include "store/access.h"
#include "store/verbs/verbs.h"

/* ---- users ---- */

static struct user_job *
user_of(struct item *it)
{
	return VERB_OF(it, struct user_job);
}

static void
bind_new_user(struct item *it, struct binder *b)
{
	const struct user_row *u = &user_of(it)->user;

	bind_ident(b, &u->id);
	bind_ident(b, &u->account);
	bind_text(b, u->name);
	bind_text(b, u->password);
	bind_int(b, u->scopes);
	bind_int(b, job_of(it)->now_ms);
}

static enum err
create_user(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_USER_INSERT, bind_new_user, NULL, NULL};

	for (size_t i = 0; i < n; i++)
		ident_make(&user_of(items[i])->user.id, b->now_ms, b->entropy);
	return batch_each(b, &step, items, n);
}

static void
bind_password(struct item *it, struct binder *b)
{
	bind_text(b, user_of(it)->user.name);
	bind_text(b, user_of(it)->user.password);
}

static void
bind_disable(struct item *it, struct binder *b)
{
	bind_text(b, user_of(it)->user.name);
	bind_int(b, job_of(it)->now_ms);
}

static void
read_user_id(struct item *it, struct row *r)
{
	user_of(it)->found = true;
	row_ident(r, &user_of(it)->user.id);
}

static void
bind_user_id(struct item *it, struct binder *b)
{
	bind_ident(b, &user_of(it)->user.id);
}

/* Sessions end with the password or the user that they were made by. */
static enum err
end_sessions(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_SESSION_DELETE_USER, bind_user_id, NULL, NULL};

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], user_of(items[i])->found);
	return batch_each(b, &step, items, n);
}

static enum err
change_password(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_USER_PASSWORD, bind_password, read_user_id, NULL};

	return batch_each(b, &step, items, n);
}

static enum err
disable_user(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_USER_DISABLE, bind_disable, read_user_id, NULL};

	return batch_each(b, &step, items, n);
}

static void
read_user(struct item *it, struct row *r)
{
	struct user_job *j = user_of(it);
	struct arena *a = j->job.arena;
	struct user_row *u = arena_list_add(
	    a, (void **)&j->rows, &j->count, &j->capacity, sizeof(*j->rows));

	row_ident(r, &u->id);
	row_ident(r, &u->account);
	u->account_name = row_text(r, a, ROW_NAME_MAX);
	u->name = row_text(r, a, ROW_NAME_MAX);
	u->password = row_text(r, a, SECRET_PASSWORD_HASH_LEN - 1);
	u->scopes = (unsigned)row_int(r, 0, INT32_MAX);
	u->created_at_ms = row_ms(r);
	u->disabled_at_ms = row_ms_or_null(r);
	if (!row_passed_over(r))
		return;
	j->count--;
	j->damaged++;
}

static enum err
list_users(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_USER_LIST, bind_nothing, read_user, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_user_create = {.steps = {create_user}};
const struct verb_row verb_user_password = {.steps = {change_password, end_sessions}};
const struct verb_row verb_user_disable = {.steps = {disable_user, end_sessions}};
const struct verb_row verb_user_list = {.steps = {list_users}};

/* ---- sessions ---- */

static struct session_job *
session_of(struct item *it)
{
	return VERB_OF(it, struct session_job);
}

static void
bind_over(struct item *it, struct binder *b)
{
	bind_int(b, job_of(it)->time.settled_ms - SESSION_SPARE_MS);
}

/* Once a batch, whoever signs in. */
static enum err
expire_sessions(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_SESSION_EXPIRE, bind_over, NULL, NULL};

	(void)n;
	return batch_each(b, &step, items, 1);
}

static void
bind_session(struct item *it, struct binder *b)
{
	const struct session_job *j = session_of(it);

	bind_blob(b, j->session.hash, SECRET_HASH_LEN);
	bind_ident(b, &j->session.user);
	bind_int(b, (int64_t)j->session.kind);
	if (j->session.bound)
		bind_blob(b, j->session.address.bytes, ADDRESS_LEN);
	else
		bind_text(b, NULL);
	bind_int(b, j->session.expires_at_ms);
	bind_text(b, j->password);
}

static void
read_found(struct item *it, struct row *r)
{
	(void)r;
	session_of(it)->found = true;
}

static enum err
insert_session(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_SESSION_INSERT, bind_session, read_found, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && !session_of(items[i])->found)
			items[i]->err = ERR_UNAUTHORIZED;
	return e;
}

static void
bind_crowd(struct item *it, struct binder *b)
{
	bind_ident(b, &session_of(it)->session.user);
	bind_int(b, SESSIONS_PER_USER);
}

static struct session_row *
add_session(struct session_job *j)
{
	return arena_list_add(
	    j->job.arena, (void **)&j->rows, &j->count, &j->capacity, sizeof(*j->rows));
}

static void
read_crowded_out(struct item *it, struct row *r)
{
	row_blob(r, add_session(session_of(it))->hash, SECRET_HASH_LEN);
	if (row_passed_over(r))
		session_of(it)->count--;
}

static enum err
thin_sessions(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_SESSION_CROWD, bind_crowd, read_crowded_out, NULL};

	return batch_each(b, &step, items, n);
}

static void
bind_hash(struct item *it, struct binder *b)
{
	bind_blob(b, session_of(it)->session.hash, SECRET_HASH_LEN);
}

static enum err
delete_session(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_SESSION_DELETE, bind_hash, read_found, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], session_of(items[i])->found);
	return e;
}

static void
bind_touch(struct item *it, struct binder *b)
{
	bind_hash(it, b);
	bind_int(b, session_of(it)->session.expires_at_ms);
}

static enum err
touch_session(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {SQL_SESSION_TOUCH, bind_touch, NULL, NULL};

	return batch_each(b, &step, items, n);
}

static void
read_session(struct item *it, struct row *r)
{
	struct session_row *row = add_session(session_of(it));

	row_blob(r, row->hash, SECRET_HASH_LEN);
	row_ident(r, &row->user);
	row->kind = (enum session_kind)row_enum(r, SESSION_BEARER + 1);
	row->bound = !row_is_null(r);
	if (row->bound)
		row_blob(r, row->address.bytes, ADDRESS_LEN);
	else
		row_pass(r, 1);
	row->expires_at_ms = row_ms(r);
	if (row_passed_over(r))
		session_of(it)->count--;
}

static enum err
list_sessions(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_SESSION_LIST, bind_over, read_session, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_session_create = {
    .steps = {expire_sessions, insert_session, thin_sessions}};
const struct verb_row verb_session_delete = {.steps = {delete_session}};
const struct verb_row verb_session_touch = {.steps = {touch_session}};
const struct verb_row verb_session_list = {.steps = {list_sessions}};
