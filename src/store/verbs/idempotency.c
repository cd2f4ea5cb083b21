/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Around the verbs whose jobs have an idempotency key: claim before their steps, settle
 * after them, all in the batch's transaction; the answer that comes later; the end of
 * old records.
 */
#include "store/verbs/verbs.h"

#include "base/secret.h"
#include "store/idempotency.h"
#include "store/keyring.h"
#include "store/outgoing.h"
#include "twofa/mailbox.h"

/* Bounds of an answer's status (RFC 9110, 15), and the longest body. */
enum { HTTP_LEAST = 100, HTTP_MOST = 599, BODY_MAX = 16 * 1024 * 1024 };

static struct idempotency *
idempotency_of(struct item *it)
{
	return container_of(it, struct idempotency, item);
}

static const struct idempotency *
idempotency_of_const(const struct item *it)
{
	return idempotency_of((struct item *)(uintptr_t)it);
}

bool
idempotency_is_new(const struct job *j)
{
	if (j->err != OK)
		return false;
	return j->idempotency == NULL || j->idempotency->state == IDEMPOTENCY_NEW;
}

/* The jobs that have a key, as items of their own; NULL when there is none. */
static struct item **
keyed_of(struct item **items, size_t n, size_t *count_out)
{
	struct item **keyed = NULL;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct job *j = job_of(items[i]);

		if (j->idempotency == NULL)
			continue;
		if (keyed == NULL)
			keyed = mem_array(n, sizeof(struct item *));
		j->idempotency->job = j;
		keyed[count++] = &j->idempotency->item;
	}
	*count_out = count;
	return keyed;
}

static void
bind_name(struct item *it, struct binder *b)
{
	const struct idempotency *i = idempotency_of(it);

	bind_ident(b, &i->account);
	bind_blob(b, i->name, sizeof(i->name));
}

/* ---- claim ---- */

static enum err
fingerprint(struct batch *b, int64_t secret, const struct idempotency *i,
    uint8_t out[SECRET_MAC_LEN])
{
	uint8_t key[PIN_KEY_LEN];
	struct span request = {(const char *)i->request, sizeof(i->request)};
	enum err e = keyring_find(b->secrets, secret, key);

	if (e == OK)
		secret_hmac(key, request, out);
	secret_wipe(key, sizeof(key));
	return e;
}

static void
prepare(struct batch *b, struct idempotency *i)
{
	i->item = (struct item){0};
	i->created_at_ms = b->now_ms;
	i->run = b->run;
	i->item.err = keyring_current(
	    b->secrets, b->now_ms, b->now_ms + IDEMPOTENCY_KEPT_MS, &i->secret);
	if (i->item.err == OK)
		i->item.err = fingerprint(b, i->secret, i, i->fingerprint);
}

static void
bind_claim(struct item *it, struct binder *b)
{
	const struct idempotency *i = idempotency_of(it);

	bind_name(it, b);
	bind_int(b, i->created_at_ms);
	bind_int(b, i->secret);
	bind_blob(b, i->fingerprint, sizeof(i->fingerprint));
	bind_int(b, i->run);
	bind_int(b, i->job->time.settled_ms - IDEMPOTENCY_KEPT_MS);
}

static void
read_claim(struct item *it, struct row *r)
{
	(void)r;
	idempotency_of(it)->claimed = true;
}

static bool
was_taken(const struct item *it)
{
	return !idempotency_of_const(it)->claimed;
}

static enum report_status
read_fate(struct row *r)
{
	enum report_status reported = row_report_status(r);
	enum message_state state = row_message_state(r);

	return report_status_of(reported, state, row_message_reason(r));
}

static void
read_found(struct item *it, struct row *r)
{
	struct idempotency *i = idempotency_of(it);

	i->secret = row_int(r, 1, INT64_MAX);
	row_blob(r, i->fingerprint, sizeof(i->fingerprint));
	i->run = row_int(r, INT64_MIN, INT64_MAX);
	i->created_at_ms = row_ms(r);
	i->status = (int)row_int_or_null(r, HTTP_LEAST, HTTP_MOST);
	i->body = row_bytes(r, i->job->arena, BODY_MAX);
	i->state = i->status != 0 ? IDEMPOTENCY_ANSWERED : IDEMPOTENCY_OPEN;
	i->seq = (unsigned)row_int_or_null(r, 0, INT32_MAX);
	i->destination = row_text_or_null(r, i->job->arena, MAILBOX_LEN_MAX);
	i->sent = row_bool(r);
	i->lookup = row_lookup(r);
	i->fate = read_fate(r);
	if (i->destination != NULL)
		row_ident(r, &i->pin_id);
}

/* Somebody was here before: who, and what may be said about it. */
static enum err
judge(struct batch *b, const struct idempotency *i)
{
	uint8_t again[SECRET_MAC_LEN];
	enum err e = fingerprint(b, i->secret, i, again);

	if (e != OK)
		return e;
	if (!secret_equal(again, i->fingerprint, sizeof(again)))
		return ERR_MISMATCH;
	if (i->state == IDEMPOTENCY_ANSWERED)
		return OK;
	if (i->run == b->run && b->now_ms - i->created_at_ms < IDEMPOTENCY_CALL_MS)
		return ERR_CONFLICT;
	/* retention may be shorter than a record's life */
	return i->destination == NULL ? ERR_NOT_FOUND : OK;
}

/* Only what nobody has done before goes through the steps of the verb. */
static size_t
without_repeated(struct item **items, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		const struct job *j = job_of(items[i]);

		if (j->idempotency == NULL || j->idempotency->claimed)
			items[left++] = items[i];
	}
	return left;
}

enum err
idempotency_claim(struct batch *b, struct item **items, size_t *n)
{
	static const struct sql_step insert = {
	    SQL_IDEMPOTENCY_CLAIM, bind_claim, read_claim, NULL};
	static const struct sql_step find = {
	    SQL_IDEMPOTENCY_FIND, bind_name, read_found, was_taken};
	size_t count;
	struct item **keyed = keyed_of(items, *n, &count);
	enum err e;

	if (keyed == NULL)
		return OK;
	for (size_t i = 0; i < count; i++)
		prepare(b, idempotency_of(keyed[i]));
	e = batch_each(b, &insert, keyed, count);
	if (e == OK)
		e = batch_each(b, &find, keyed, count);
	for (size_t i = 0; e == OK && i < count; i++) {
		struct idempotency *own = idempotency_of(keyed[i]);

		if (keyed[i]->err == OK && !own->claimed)
			keyed[i]->err = judge(b, own);
		own->job->err = keyed[i]->err;
	}
	mem_free(keyed);
	*n = without_repeated(items, *n);
	return e;
}

/* ---- settle ---- */

static void
bind_open(struct item *it, struct binder *b)
{
	const struct idempotency *i = idempotency_of(it);

	bind_name(it, b);
	bind_ident(b, &i->pin_id);
	bind_int(b, i->seq);
}

static void
bind_answer(struct item *it, struct binder *b)
{
	const struct idempotency *i = idempotency_of(it);

	bind_name(it, b);
	bind_int(b, i->status);
	bind_blob(b, i->body.ptr, i->body.len);
	bind_int(b, i->created_at_ms);
}

static void
read_answered(struct item *it, struct row *r)
{
	(void)r;
	idempotency_of(it)->recorded = true;
}

static bool
has_failed(const struct item *it)
{
	return idempotency_of_const(it)->job->err != OK;
}

static bool
has_answer(const struct item *it)
{
	return !has_failed(it) && idempotency_of_const(it)->status != 0;
}

static bool
has_none_yet(const struct item *it)
{
	return !has_failed(it) && idempotency_of_const(it)->status == 0;
}

/* The message of a verb whose answer comes later (verbs.def). */
static const struct outgoing_message *
outgoing_of(const struct job *j)
{
	size_t at = verb_facts[j->verb].outgoing_at;
	const struct outgoing_message *o;

	INVARIANT(at != 0);
	memcpy(&o, (const char *)j + at, sizeof(o));
	return o;
}

static void
take_result(struct idempotency *i)
{
	const struct outgoing_message *o;

	if (i->job->err != OK)
		return;
	if (i->render != NULL) {
		i->render(i->job);
		return;
	}
	o = outgoing_of(i->job);
	i->pin_id = o->recipe.pin_id;
	i->seq = o->seq;
}

enum err
idempotency_settle(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step steps[] = {
	    {SQL_IDEMPOTENCY_OPEN, bind_open, NULL, has_none_yet},
	    {SQL_IDEMPOTENCY_ANSWER, bind_answer, read_answered, has_answer},
	    {SQL_IDEMPOTENCY_RELEASE, bind_name, NULL, has_failed},
	};
	size_t count;
	struct item **keyed = keyed_of(items, n, &count);
	enum err e = OK;

	if (keyed == NULL)
		return OK;
	for (size_t i = 0; i < count; i++)
		take_result(idempotency_of(keyed[i]));
	for (size_t i = 0; e == OK && i < countof(steps); i++)
		e = batch_each(b, &steps[i], keyed, count);
	mem_free(keyed);
	return e;
}

/* ---- the answer that comes later ---- */

static bool
was_answered_before(const struct item *it)
{
	return !idempotency_of_const(it)->recorded;
}

/* The first answer to an open record counts for a second one, too. */
static enum err
record_answers(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step record = {
	    SQL_IDEMPOTENCY_ANSWER, bind_answer, read_answered, NULL};
	static const struct sql_step find = {
	    SQL_IDEMPOTENCY_FIND, bind_name, read_found, was_answered_before};
	struct item **own = mem_array(n, sizeof(*own));
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct idempotency_answer_job *j =
		    VERB_OF(items[i], struct idempotency_answer_job);

		j->idempotency->job = &j->job;
		j->idempotency->recorded = false;
		j->idempotency->item = (struct item){0};
		own[i] = &j->idempotency->item;
	}
	e = batch_each(b, &record, own, n);
	if (e == OK)
		e = batch_each(b, &find, own, n);
	for (size_t i = 0; i < n; i++)
		items[i]->err = own[i]->err;
	mem_free(own);
	return e;
}

const struct verb_row verb_idempotency_answer = {.steps = {record_answers}};

/* ---- the end ---- */

static void
bind_trim(struct item *it, struct binder *b)
{
	const struct idempotency_trim_job *j = VERB_OF(it, struct idempotency_trim_job);

	bind_int(b, j->job.time.settled_ms - IDEMPOTENCY_KEPT_MS);
	bind_int(b, j->limit);
}

static void
read_trimmed(struct item *it, struct row *r)
{
	(void)r;
	VERB_OF(it, struct idempotency_trim_job)->removed++;
}

static enum err
trim(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_IDEMPOTENCY_TRIM, bind_trim, read_trimmed, NULL};

	return batch_each(b, &step, items, n);
}

const struct verb_row verb_idempotency_trim = {.steps = {trim}};
