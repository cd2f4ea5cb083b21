/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/carrier_thread.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>

#include "base/log.h"

enum {
	CARRIER_THREAD_MAGIC = 0x63746872,
	REPORT_AGAIN_MS = 1000,
	REPORTS_MAX = 60 /* times that a receipt is told while the store takes nothing */
};

struct carrier_thread {
	unsigned magic;
	const struct carrier_config *config;
	struct carrier_env env;
	struct carrier_thread_user user;
	struct queue *in;
	struct queue *out;
	struct event *bell;
	struct event *again; /* receipts that were not durable */
	pthread_t thread;
	bool started;
	bool closing; /* no submit any more */
	bool closed;  /* nor a receipt: the store may be gone */
	bool up;
	size_t places;
	size_t held; /* jobs that are not ended */
	struct carrier_job *jobs;
	struct task stop;
	struct task quit;
	int64_t stop_within_ms;
};

/* In its own memory: the link changes as often as it likes. */
struct told_up {
	struct task task;
	struct carrier_thread *thread;
	bool up;
};

static void
notify_changed(struct carrier_thread *t)
{
	if (t->env.changed != NULL)
		t->env.changed(t->env.ctx);
}

/* ---- jobs, on the loop ---- */

static void
link_job(struct carrier_thread *t, struct carrier_job *job)
{
	job->next = t->jobs;
	job->link = &t->jobs;
	if (job->next != NULL)
		job->next->link = &job->next;
	t->jobs = job;
}

static void
job_free(struct carrier_job *job)
{
	struct arena arena = job->arena;

	*job->link = job->next;
	if (job->next != NULL)
		job->next->link = job->link;
	arena_fini(&job->content);
	arena_fini(&arena);
}

static void
free_if_over(struct carrier_job *job)
{
	if (job->ended && job->answered && !job->reporting)
		job_free(job);
}

static void
answer_job(struct carrier_job *job, const struct carrier_outcome *o)
{
	INVARIANT(!job->answered);
	job->answered = true;
	job->done(job->ctx, o);
}

static void
on_answer(struct task *task)
{
	struct carrier_job *job = container_of(task, struct carrier_job, out.answer);

	answer_job(job, &job->out.outcome);
}

static void
on_end(struct task *task)
{
	struct carrier_job *job = container_of(task, struct carrier_job, out.end);
	struct carrier_thread *t = job->thread;

	job->ended = true;
	t->held--;
	free_if_over(job);
	notify_changed(t);
}

/* ---- receipts, on the loop ---- */

static void tell_receipt(struct carrier_job *job);

static void
on_taken(void *ctx, bool durable)
{
	static const struct timeval wait = {REPORT_AGAIN_MS / 1000, 0};
	struct carrier_job *job = ctx;
	struct carrier_thread *t = job->thread;

	if (durable || job->reports >= REPORTS_MAX) {
		job->reporting = false;
		free_if_over(job);
		notify_changed(t);
		return;
	}
	job->due = true;
	RESOURCE(event_add(t->again, &wait) == 0);
}

static void
tell_receipt(struct carrier_job *job)
{
	struct carrier_thread *t = job->thread;
	struct carrier_receipt r = {.message_id = job->out.message_id,
	    .status = job->out.status,
	    .error = job->out.error,
	    .done_at_ms = job->out.done_at_ms,
	    .taken = on_taken,
	    .taken_ctx = job};

	job->reports++;
	t->env.receipt(t->env.ctx, t->config, &r);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct carrier_thread *t = ctx;
	struct carrier_job *next;

	(void)fd;
	(void)what;
	for (struct carrier_job *job = t->jobs; job != NULL; job = next) {
		next = job->next;
		if (!job->due)
			continue;
		job->due = false;
		tell_receipt(job);
	}
}

static void
on_receipt(struct task *task)
{
	struct carrier_job *job = container_of(task, struct carrier_job, out.receipt);
	struct carrier_thread *t = job->thread;

	if (t->env.receipt == NULL || t->closed)
		return;
	job->reporting = true;
	tell_receipt(job);
}

/* ---- the loop's side ---- */

static void
on_bell(evutil_socket_t fd, short what, void *ctx)
{
	struct carrier_thread *t = ctx;

	(void)fd;
	(void)what;
	queue_run(t->out);
}

static void
on_submit(struct task *task)
{
	struct carrier_job *job = container_of(task, struct carrier_job, in);

	job->thread->user.submit(job->thread->user.ctx, job);
}

static void
on_stop(struct task *task)
{
	struct carrier_thread *t = container_of(task, struct carrier_thread, stop);

	t->user.stop(t->user.ctx, t->stop_within_ms);
}

static void
on_quit(struct task *task)
{
	struct carrier_thread *t = container_of(task, struct carrier_thread, quit);

	t->user.quit(t->user.ctx);
}

struct carrier_thread *
carrier_thread_new(const struct carrier_config *config, const struct carrier_env *env,
    size_t places, const struct carrier_thread_user *user)
{
	struct carrier_thread *t = mem_new(sizeof(*t));

	t->magic = CARRIER_THREAD_MAGIC;
	t->config = config;
	t->env = *env;
	t->user = *user;
	t->places = places;
	t->in = queue_new(0);
	t->out = queue_new(0);
	t->stop.run = on_stop;
	t->quit.run = on_quit;
	t->again = evtimer_new(env->base, on_again, t);
	t->bell =
	    event_new(env->base, queue_fd(t->out), EV_READ | EV_PERSIST, on_bell, t);
	RESOURCE(t->again != NULL && t->bell != NULL && event_add(t->bell, NULL) == 0);
	return t;
}

static void *
run_thread(void *ctx)
{
	struct carrier_thread *t = ctx;

	t->user.run(t->user.ctx);
	return NULL;
}

void
carrier_thread_start(struct carrier_thread *t)
{
	CHECK_OBJ(t, CARRIER_THREAD_MAGIC);
	RESOURCE(pthread_create(&t->thread, NULL, run_thread, t) == 0);
	pthread_setname_np(t->thread, t->user.name);
	t->started = true;
}

static struct carrier_job *
job_new(struct carrier_thread *t, const struct carrier_message *m)
{
	struct arena arena;
	struct carrier_job *job;

	arena_init(&arena);
	job = arena_alloc(&arena, sizeof(*job));
	job->thread = t;
	job->message = *m;
	job->message.pin_id = arena_text(&arena, span_of(m->pin_id));
	job->message.application_id = arena_text(&arena, span_of(m->application_id));
	job->message.reference = arena_text(&arena, span_of(m->reference));
	job->message.to = arena_text(&arena, span_of(m->to));
	if (m->from != NULL)
		job->message.from = arena_text(&arena, span_of(m->from));
	arena_init(&job->content);
	content_copy(&job->message.content, &m->content, &job->content);
	job->in.run = on_submit;
	job->out.answer.run = on_answer;
	job->out.receipt.run = on_receipt;
	job->out.end.run = on_end;
	job->arena = arena;
	return job;
}

void
carrier_thread_submit(struct carrier_thread *t, const struct carrier_message *m,
    carrier_done_f *done, void *ctx)
{
	struct carrier_outcome no = {.result = CARRIER_RETRY,
	    .untried = true,
	    .reason = t->up ? "all places are taken" : "down"};
	struct carrier_job *job;

	CHECK_OBJ(t, CARRIER_THREAD_MAGIC);
	if (!carrier_thread_has_room(t)) {
		done(ctx, &no);
		return;
	}
	job = job_new(t, m);
	job->done = done;
	job->ctx = ctx;
	link_job(t, job);
	t->held++;
	queue_push(t->in, &job->in);
}

bool
carrier_thread_is_up(const struct carrier_thread *t)
{
	return t->up && !t->closing;
}

bool
carrier_thread_has_room(const struct carrier_thread *t)
{
	return carrier_thread_is_up(t) && t->held < t->places;
}

bool
carrier_thread_is_busy(const struct carrier_thread *t)
{
	return t->jobs != NULL;
}

void
carrier_thread_stop(struct carrier_thread *t, int64_t within_ms)
{
	CHECK_OBJ(t, CARRIER_THREAD_MAGIC);
	if (t->closing)
		return;
	t->closing = true;
	t->stop_within_ms = within_ms;
	queue_push(t->in, &t->stop);
}

static void
close_jobs(struct carrier_thread *t)
{
	static const struct carrier_outcome unknown = {
	    .result = CARRIER_UNKNOWN, .reason = "the carrier was closed"};

	while (t->jobs != NULL) {
		struct carrier_job *job = t->jobs;

		if (!job->answered)
			answer_job(job, &unknown);
		job_free(job);
	}
}

void
carrier_thread_free(struct carrier_thread *t)
{
	if (t == NULL)
		return;
	CHECK_OBJ(t, CARRIER_THREAD_MAGIC);
	t->env.changed = NULL;
	t->closing = true;
	if (t->started) {
		queue_push(t->in, &t->quit);
		pthread_join(t->thread, NULL);
	}
	t->closed = true;
	queue_run(t->out);
	close_jobs(t);
	event_free(t->bell);
	event_free(t->again);
	queue_free(t->in);
	queue_free(t->out);
	mem_free(t);
}

/* ---- the library's side ---- */

void
carrier_thread_post(struct carrier_thread *t, struct task *task)
{
	queue_push(t->in, task);
}

int
carrier_thread_fd(const struct carrier_thread *t)
{
	return queue_fd(t->in);
}

void
carrier_thread_turn(struct carrier_thread *t)
{
	queue_run(t->in);
}

void
carrier_thread_forget(struct carrier_job *job)
{
	arena_fini(&job->content);
	job->message.content = (struct content){.channel = job->message.content.channel};
}

void
carrier_thread_answer(struct carrier_job *job, const struct carrier_outcome *o)
{
	struct carrier_job_out *out = &job->out;

	INVARIANT(o->reason != NULL && o->part_count == 0);
	out->outcome = *o;
	snprintf(out->reason, sizeof(out->reason), "%s", o->reason);
	out->outcome.reason = out->reason;
	if (o->message_id != NULL) {
		snprintf(out->message_id, sizeof(out->message_id), "%s", o->message_id);
		out->outcome.message_id = out->message_id;
	}
	queue_push(job->thread->out, &out->answer);
}

void
carrier_thread_report(struct carrier_job *job, enum report_status status,
    enum report_error error, int64_t done_at_ms)
{
	struct carrier_job_out *out = &job->out;

	INVARIANT(out->message_id[0] != '\0');
	out->status = status;
	out->error = error;
	out->done_at_ms = done_at_ms;
	queue_push(job->thread->out, &out->receipt);
}

void
carrier_thread_end(struct carrier_job *job)
{
	queue_push(job->thread->out, &job->out.end);
}

static void
on_up(struct task *task)
{
	struct told_up *told = container_of(task, struct told_up, task);
	struct carrier_thread *t = told->thread;
	bool changed = t->up != told->up;

	t->up = told->up;
	mem_free(told);
	if (changed)
		notify_changed(t);
}

void
carrier_thread_tell_up(struct carrier_thread *t, bool up)
{
	struct told_up *told = mem_new(sizeof(*told));

	told->task.run = on_up;
	told->thread = t;
	told->up = up;
	queue_push(t->out, &told->task);
}
