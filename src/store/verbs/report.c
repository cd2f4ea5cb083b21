/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of what became of messages: owed in the transaction that makes a fate final,
 * taken by who sends them, and ended by what the receiver said. While one is being sent
 * its row says until when; after a crash it is due again then.
 */
#include "store/verbs/verbs.h"

#include "store/report.h"
#include "store/verbs/message_state.h"
#include "twofa/report_body.h"

enum { BODY_MAX = 4096, SUBSCRIPTION_NUMBERS = 7 };

/* ---- owing ---- */

/* One subscription's copy. */
struct report_copy {
	struct item item;
	struct report_copy *next;
	const struct report_owed *owed;
	const char *subscription;
};

/* A message whose fate may be final. */
struct report_owed {
	struct item item;
	const struct batch *batch;
	struct report_subject subject;
	struct arena *arena;
	struct ident account;
	struct report_facts facts;
	const char *body;
	unsigned group; /* 1 << group of the status */
	bool found;
	size_t copy_count;
	struct report_copy *copies;
};

static struct report_owed *
owed_of(const struct item *it)
{
	return container_of((struct item *)(uintptr_t)it, struct report_owed, item);
}

static void
bind_subject(struct item *it, struct binder *b)
{
	bind_ident(b, &owed_of(it)->subject.pin_id);
	bind_int(b, owed_of(it)->subject.seq);
}

static void
read_facts(struct item *it, struct row *r)
{
	struct report_owed *o = owed_of(it);
	struct report_facts *f = &o->facts;
	enum message_state state;
	enum message_reason reason;
	enum report_status reported;

	f->pin_id = o->subject.pin_id;
	f->seq = o->subject.seq;
	row_ident(r, &o->account);
	f->to = row_destination(r, o->arena);
	f->channel = row_channel(r);
	f->sender = row_text_or_null(r, o->arena, ROW_NAME_MAX);
	f->sent_at_ms = row_ms(r);
	f->done_at_ms = row_ms(r);
	f->parts = row_int_or_null(r, 0, ROW_COUNT_MAX);
	state = row_message_state(r);
	reason = row_message_reason(r);
	reported = row_report_status(r);
	f->error = row_report_error(r);
	f->status = report_status_of(reported, state, reason);
	f->error = report_body_error_of(f->error, f->status, reason);
	o->found = true;
}

static void
write_body(struct report_owed *o)
{
	const struct report_status_row *row = report_status_find(o->facts.status);
	struct buf text;

	if (!o->found) {
		o->item.skip = true;
		return;
	}
	if (row == NULL || report_error_find(o->facts.error) == NULL) {
		o->item.err = ERR_CORRUPT;
		return;
	}
	o->group = 1u << (unsigned)row->group;
	buf_init(&text, BODY_MAX);
	report_body_put(&text, &o->facts);
	INVARIANT(!text.failed);
	o->body = arena_text(o->arena, buf_span(&text));
	buf_fini(&text);
}

static void
bind_reserve(struct item *it, struct binder *b)
{
	bind_ident(b, &owed_of(it)->account);
	bind_int(b, owed_of(it)->group);
}

/* A subscription that wants it; without room for it the report is dropped, and counted.
 */
static void
read_reserved(struct item *it, struct row *r)
{
	struct report_owed *o = owed_of(it);
	const char *name = row_text(r, o->arena, ROW_NAME_MAX);
	struct report_copy *c;

	if (row_bool(r))
		return;
	c = arena_alloc(o->arena, sizeof(*c));
	c->owed = o;
	c->subscription = name;
	c->next = o->copies;
	o->copies = c;
	o->copy_count++;
}

static struct report_copy *
copy_of(struct item *it)
{
	return container_of(it, struct report_copy, item);
}

static void
bind_copy(struct item *it, struct binder *b)
{
	const struct report_copy *c = copy_of(it);

	bind_text(b, c->subscription);
	bind_ident(b, &c->owed->subject.pin_id);
	bind_int(b, c->owed->subject.seq);
	bind_text(b, c->owed->body);
	bind_int(b, c->owed->batch->now_ms);
}

static enum err
insert_copies(struct batch *b, struct report_owed *owed, size_t n)
{
	static const struct sql_step step = {SQL_REPORT_INSERT, bind_copy, NULL, NULL};
	struct item **items;
	size_t count = 0;
	enum err e;

	for (size_t i = 0; i < n; i++)
		count += owed[i].item.err == OK ? owed[i].copy_count : 0;
	if (count == 0)
		return OK;
	items = mem_array(count, sizeof(*items));
	count = 0;
	for (size_t i = 0; i < n; i++)
		for (struct report_copy *c = owed[i].copies;
		     owed[i].item.err == OK && c != NULL; c = c->next)
			items[count++] = &c->item;
	e = batch_each(b, &step, items, count);
	mem_free(items);
	*b->reports_owed = true;
	return e;
}

static enum err
owe(struct batch *b, struct report_owed *owed, struct item **items, size_t n)
{
	static const struct sql_step facts = {
	    SQL_REPORT_FACTS, bind_subject, read_facts, NULL};
	static const struct sql_step reserve = {
	    SQL_REPORT_RESERVE, bind_reserve, read_reserved, NULL};
	static const struct sql_step settled = {
	    SQL_REPORT_SETTLED, bind_subject, NULL, NULL};
	enum err e = batch_each(b, &facts, items, n);

	for (size_t i = 0; e == OK && i < n; i++)
		write_body(&owed[i]);
	if (e == OK)
		e = batch_each(b, &reserve, items, n);
	if (e == OK)
		e = insert_copies(b, owed, n);
	return e == OK ? batch_each(b, &settled, items, n) : e;
}

enum err
report_owe(struct batch *b, const struct report_subject *subjects, size_t n)
{
	struct report_owed *owed;
	struct item **items;
	struct arena arena;
	enum err e;

	if (n == 0)
		return OK;
	arena_init(&arena);
	owed = arena_alloc(&arena, n * sizeof(*owed));
	items = arena_alloc(&arena, n * sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		owed[i] = (struct report_owed){
		    .batch = b, .subject = subjects[i], .arena = &arena};
		items[i] = &owed[i].item;
	}
	e = owe(b, owed, items, n);
	arena_fini(&arena);
	return e;
}

/* ---- subscriptions ---- */

struct subscription_item {
	struct item item;
	const struct report_subscription *row;
};

static void
bind_subscription(struct item *it, struct binder *b)
{
	const struct report_subscription *s =
	    container_of(it, struct subscription_item, item)->row;

	bind_text(b, s->name);
	bind_text(b, s->account);
	bind_int(b, s->groups);
	bind_int(b, s->queue_max);
}

static void
bind_name_and_account(struct item *it, struct binder *b)
{
	const struct report_subscription *s =
	    container_of(it, struct subscription_item, item)->row;

	bind_text(b, s->name);
	bind_text(b, s->account);
}

static enum err
put_subscriptions(struct batch *b, struct subscriptions_job *j)
{
	/* what waits for another account's eyes is nobody's any more */
	static const struct sql_step disown = {
	    SQL_SUBSCRIPTION_DISOWN, bind_name_and_account, NULL, NULL};
	static const struct sql_step put = {
	    SQL_SUBSCRIPTION_PUT, bind_subscription, NULL, NULL};
	struct subscription_item *rows =
	    arena_alloc(j->job.arena, (j->count + 1) * sizeof(*rows));
	struct item **items = arena_alloc(j->job.arena, (j->count + 1) * sizeof(*items));
	enum err e;

	for (size_t i = 0; i < j->count; i++) {
		rows[i] = (struct subscription_item){.row = &j->rows[i]};
		items[i] = &rows[i].item;
	}
	e = batch_each(b, &disown, items, j->count);
	return e == OK ? batch_each(b, &put, items, j->count) : e;
}

static void
read_damaged_subscription(struct item *it, struct row *r)
{
	struct arena *a = job_of(it)->arena;

	(void)row_text(r, a, ROW_NAME_MAX);
	(void)row_text(r, a, ROW_NAME_MAX);
	for (int i = 0; i < SUBSCRIPTION_NUMBERS; i++)
		(void)row_count(r);
	(void)row_passed_over(r);
}

static void
read_damaged_report(struct item *it, struct row *r)
{
	struct arena *a = job_of(it)->arena;
	struct ident pin_id;

	row_ident(r, &pin_id);
	(void)row_seq(r);
	(void)row_text(r, a, ROW_NAME_MAX);
	(void)row_text(r, a, ROW_TEXT_MAX);
	(void)row_ms(r);
	(void)row_count(r);
	(void)row_ms(r);
	(void)row_passed_over(r);
}

static enum err
set_subscriptions(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step steps[] = {
	    {SQL_SUBSCRIPTION_DAMAGED, bind_nothing, read_damaged_subscription, NULL},
	    {SQL_REPORT_DAMAGED, bind_nothing, read_damaged_report, NULL},
	    {SQL_SUBSCRIPTION_REST, bind_nothing, NULL, NULL}};
	enum err e = OK;

	for (size_t i = 0; e == OK && i < countof(steps); i++)
		e = batch_each(b, &steps[i], items, n);

	for (size_t i = 0; e == OK && i < n; i++)
		e = put_subscriptions(b, VERB_OF(items[i], struct subscriptions_job));
	return e;
}

const struct verb_row verb_subscriptions = {.steps = {set_subscriptions}};

/* ---- taking ---- */

static struct reports_take_job *
take_of(struct item *it)
{
	return VERB_OF(it, struct reports_take_job);
}

static void
bind_take(struct item *it, struct binder *b)
{
	const struct reports_take_job *j = take_of(it);

	bind_text(b, j->subscription);
	bind_int(b, j->job.now_ms);
	bind_int(b, j->limit);
	bind_int(b, j->job.now_ms + j->lease_ms);
}

static void
read_taken(struct item *it, struct row *r)
{
	struct reports_take_job *j = take_of(it);
	struct report_taken *t = arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));

	row_ident(r, &t->pin_id);
	t->seq = row_seq(r);
	t->body = row_text(r, j->job.arena, ROW_TEXT_MAX);
	t->tries = row_count(r);
	t->created_at_ms = row_ms(r);
	if (row_passed_over(r))
		j->count--;
}

static void
bind_take_name(struct item *it, struct binder *b)
{
	bind_text(b, take_of(it)->subscription);
}

static void
read_next(struct item *it, struct row *r)
{
	take_of(it)->next_at_ms = row_ms_or_null(r);
	take_of(it)->dropped = row_count(r);
}

static enum err
take(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step due = {SQL_REPORT_TAKE, bind_take, read_taken, NULL};
	static const struct sql_step next = {
	    SQL_REPORT_NEXT, bind_take_name, read_next, NULL};
	enum err e = batch_each(b, &due, items, n);

	return e == OK ? batch_each(b, &next, items, n) : e;
}

const struct verb_row verb_reports_take = {.steps = {take}};

/* ---- ending ---- */

static struct report_done_job *
done_of(const struct item *it)
{
	return VERB_OF((struct item *)(uintptr_t)it, struct report_done_job);
}

/* Its state: the report was there, and is not any more. */
static bool *
gone_of(const struct item *it)
{
	return done_of(it)->job.state;
}

static void
bind_done(struct item *it, struct binder *b)
{
	const struct report_done_job *j = done_of(it);

	bind_text(b, j->subscription);
	bind_ident(b, &j->pin_id);
	bind_int(b, j->seq);
}

static void
bind_again(struct item *it, struct binder *b)
{
	bind_done(it, b);
	bind_int(b, done_of(it)->job.now_ms + done_of(it)->again_ms);
}

static void
bind_release(struct item *it, struct binder *b)
{
	bind_text(b, done_of(it)->subscription);
	bind_bool(b, done_of(it)->end == REPORT_END_DEAD);
}

static void
read_gone(struct item *it, struct row *r)
{
	(void)r;
	*gone_of(it) = true;
}

static bool
is_over(const struct item *it)
{
	return done_of(it)->end != REPORT_END_AGAIN;
}

static bool
is_to_be_tried(const struct item *it)
{
	return !is_over(it);
}

static bool
is_gone(const struct item *it)
{
	return *gone_of(it);
}

static enum err
end(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step remove = {
	    SQL_REPORT_DELETE, bind_done, read_gone, is_over};
	static const struct sql_step release = {
	    SQL_SUBSCRIPTION_RELEASE, bind_release, NULL, is_gone};
	static const struct sql_step again = {
	    SQL_REPORT_AGAIN, bind_again, NULL, is_to_be_tried};
	enum err e = batch_each(b, &remove, items, n);

	if (e == OK)
		e = batch_each(b, &release, items, n);
	return e == OK ? batch_each(b, &again, items, n) : e;
}

const struct verb_row verb_report_done = {.steps = {end}, .state_len = sizeof(bool)};

/* ---- messages whose receipt never came ---- */

static struct reports_overdue_job *
overdue_of(struct item *it)
{
	return VERB_OF(it, struct reports_overdue_job);
}

static void
bind_overdue(struct item *it, struct binder *b)
{
	struct reports_overdue_job *j = overdue_of(it);
	struct ident *old = arena_alloc(j->job.arena, sizeof(*old));

	ident_floor(old, j->job.time.settled_ms - j->wait_ms);
	bind_int(b, j->job.time.settled_ms - j->wait_ms);
	bind_int(b, j->limit);
	bind_ident(b, old);
}

/* Tracked ones alone are listed. */
static void
read_overdue(struct item *it, struct row *r)
{
	ending_read(overdue_of(it)->job.state, overdue_of(it)->job.arena, r);
}

static void
bind_give_up(struct item *it, struct binder *b)
{
	ending_bind(it, b);
	message_state_bind(b, MESSAGE_SUBMITTED, MESSAGE_EXPIRED);
	bind_int(b, (int64_t)REPORT_EXPIRED_DLR_UNKNOWN);
	bind_int(b, ending_of(it)->now_ms);
}

static enum err
give_up(struct batch *b, struct reports_overdue_job *j)
{
	static const struct sql_step step = {
	    SQL_REPORT_GIVE_UP, bind_give_up, NULL, NULL};
	struct endings *overdue = j->job.state;
	enum err e;

	for (size_t i = 0; i < overdue->count; i++)
		overdue->list[i].tracked = true;
	e = ending_run(b, &step, overdue, j->job.arena);
	j->count = 0;
	for (size_t i = 0; i < overdue->count; i++)
		j->count += overdue->list[i].item.err == OK;
	return e;
}

static enum err
end_overdue(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_REPORT_OVERDUE, bind_overdue, read_overdue, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; e == OK && i < n; i++)
		e = give_up(b, overdue_of(items[i]));
	return e;
}

const struct verb_row verb_reports_overdue = {
    .steps = {end_overdue}, .state_len = sizeof(struct endings)};
