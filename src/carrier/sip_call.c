/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_call.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "carrier/sip_identity.h"
#include "carrier/sip_result.h"
#include "speech/speech.h"

enum {
	SIP_CALL_MAGIC = 0x63616c6c,
	REPEATS_MAX = 10,
	KEYS_LEN = 32,
	TAIL_MS = 400 /* of silence after the last word, before we hang up */
};

enum sip_call_state {
	CALL_PREPARING, /* its words are being made */
	CALL_INVITED,   /* no response yet */
	CALL_PROCEEDING,
	CALL_SPEAKING,
	CALL_LISTENING, /* all is said; a key has it said again */
	CALL_OVER,
	CALL_STATE_COUNT
};

struct sip_call {
	unsigned magic;
	TAILQ_ENTRY(sip_call) entry;
	struct sip_calls *calls;
	struct carrier_job *job;
	enum sip_call_state state;
	struct task spoken_task;
	struct speech_answer spoken; /* its samples hold the PIN */
	char spoken_reason[CARRIER_THREAD_REASON_LEN];
	struct sip_leg *leg;
	struct sip_media *media;
	struct mbuf *early; /* the body of the last provisional response */
	struct sa peer;
	uint32_t tried;
	char keys[KEYS_LEN]; /* that have it said again */
	unsigned repeats;
	bool rang;
	bool silent;      /* an address did not answer; it may have been called */
	bool cut;         /* its deadline is the server's stop */
	int64_t until_ms; /* steady: the end of the PIN's life */
	int64_t deadline_ms;
	int64_t answer_by_ms;
};

static struct sip_call *
call_of(void *ctx)
{
	struct sip_call *call = ctx;

	CHECK_OBJ(call, SIP_CALL_MAGIC);
	return call;
}

static int64_t
now_of(const struct sip_call *call)
{
	return call->calls->clock->steady_ms(call->calls->clock);
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The one place where the state changes. */
static void
move(struct sip_call *call, enum sip_call_state to)
{
	static const bool may[CALL_STATE_COUNT][CALL_STATE_COUNT] = {
	    [CALL_PREPARING] = {[CALL_INVITED] = true, [CALL_OVER] = true},
	    [CALL_INVITED] = {[CALL_INVITED] = true,
		[CALL_PROCEEDING] = true,
		[CALL_SPEAKING] = true,
		[CALL_OVER] = true},
	    [CALL_PROCEEDING] = {[CALL_INVITED] = true,
		[CALL_PROCEEDING] = true,
		[CALL_SPEAKING] = true,
		[CALL_OVER] = true},
	    [CALL_SPEAKING] =
		{[CALL_SPEAKING] = true, [CALL_LISTENING] = true, [CALL_OVER] = true},
	    [CALL_LISTENING] = {[CALL_SPEAKING] = true, [CALL_OVER] = true},
	};

	INVARIANT(may[call->state][to]);
	call->state = to;
}

/* ---- the end ---- */

static void
drop_leg(struct sip_call *call)
{
	struct sip_leg *leg = call->leg;

	call->leg = NULL;
	sip_leg_drop(leg);
	sip_media_free(call->media);
	call->media = NULL;
	call->early = mem_deref(call->early);
}

static void
call_free(struct sip_call *call)
{
	struct sip_calls *calls = call->calls;

	move(call, CALL_OVER);
	drop_leg(call);
	mem_free(call->spoken.samples);
	carrier_thread_end(call->job);
	TAILQ_REMOVE(&calls->list, call, entry);
	mem_free(call);
	calls->changed(calls->ctx);
}

/* It was not answered. */
static void
end_with(struct sip_call *call, const struct carrier_outcome *o)
{
	carrier_thread_answer(call->job, o);
	call_free(call);
}

static bool
was_said(const struct sip_call *call)
{
	const struct speech_answer *s = &call->spoken;
	size_t end = s->pin_end > 0 ? s->pin_end : s->round;

	return sip_media_furthest(call->media) >= end;
}

/* It was answered, and is over. */
static void
end_answered(struct sip_call *call, enum sip_result_end end)
{
	const struct sip_result_report *r =
	    sip_result_report(was_said(call) ? SIP_RESULT_SAID : end);

	log_event(LOG_LEVEL_DEBUG, "call", LOG_TEXT("carrier", call->calls->config->name),
	    LOG_TEXT("id", sip_leg_call_id(call->leg)), LOG_TEXT("end", r->word));
	carrier_thread_report(call->job, r->status, r->error,
	    call->calls->clock->wall_ms(call->calls->clock));
	call_free(call);
}

/* ---- ringing ---- */

static bool dial(struct sip_call *call);

/* No address is left; was any of them silent, it may have rung somebody. */
static void
end_unreached(struct sip_call *call)
{
	struct carrier_outcome o = {
	    .result = CARRIER_RETRY, .untried = true, .reason = "cannot be connected"};

	if (call->silent)
		o = sip_result_silent();
	end_with(call, &o);
}

static void
try_next(struct sip_call *call)
{
	drop_leg(call);
	if (!dial(call))
		end_unreached(call);
}

static void
on_progress(void *ctx, const struct sip_msg *msg)
{
	struct sip_call *call = call_of(ctx);
	const struct carrier_sip_options *o = call->calls->options;

	if (call->state == CALL_INVITED)
		call->deadline_ms = call->answer_by_ms;
	move(call, CALL_PROCEEDING);
	if (msg->scode == 100)
		return;
	if (!call->rang)
		call->deadline_ms =
		    least(call->answer_by_ms, now_of(call) + o->ring_timeout_ms);
	call->rang = true;
	if (mbuf_get_left(msg->mb) == 0)
		return;
	mem_deref(call->early);
	call->early = mbuf_alloc(mbuf_get_left(msg->mb));
	RESOURCE(call->early != NULL);
	RESOURCE(
	    mbuf_write_mem(call->early, mbuf_buf(msg->mb), mbuf_get_left(msg->mb)) == 0);
	call->early->pos = 0;
}

static bool
agree(struct sip_call *call, const struct sip_msg *msg)
{
	struct mbuf *answer = mbuf_get_left(msg->mb) > 0 ? msg->mb : call->early;

	return answer != NULL && sip_media_take_answer(call->media, answer);
}

static void
on_answered(void *ctx, const struct sip_msg *msg)
{
	static const struct carrier_outcome no_sound = {.result = CARRIER_REFUSED,
	    .code = 200,
	    .reason = "answered, with no sound that both know",
	    .status = REPORT_UNDELIVERABLE_NOT_DELIVERED,
	    .error = REPORT_ERROR_EC_FACILITY_NOT_SUPPORTED};
	struct sip_call *call = call_of(ctx);
	struct carrier_outcome o = {.result = CARRIER_ACCEPTED,
	    .code = msg->scode,
	    .reason = "answered",
	    .message_id = sip_leg_call_id(call->leg)};

	if (!agree(call, msg)) {
		end_with(call, &no_sound);
		return;
	}
	move(call, CALL_SPEAKING);
	carrier_thread_answer(call->job, &o);
	if (!call->cut)
		call->deadline_ms = now_of(call) + call->calls->options->call_max_ms;
	sip_media_say(call->media, call->spoken.samples, call->spoken.count);
}

static void
on_code(struct sip_call *call, const struct sip_msg *msg)
{
	struct pl reason = sip_re_header(msg, SIP_HDR_REASON);
	struct pl later = sip_re_header(msg, SIP_HDR_RETRY_AFTER);
	struct sip_result_answer a = {.code = msg->scode,
	    .cause = sip_result_cause(sip_re_span(reason)),
	    .rang = call->rang,
	    .later = pl_isset(&later)};
	struct carrier_outcome o = sip_result_of(&a);

	if (o.result == CARRIER_RETRY && msg->scode == 503 && !call->calls->stopping) {
		drop_leg(call);
		if (dial(call))
			return;
	}
	end_with(call, &o);
}

/* RFC 3261's own end of waiting is a silence; what the transport says is that nothing
 * went out. */
static void
on_refused(void *ctx, int error, const struct sip_msg *msg)
{
	static const struct carrier_outcome unreadable = {.result = CARRIER_REFUSED,
	    .code = 200,
	    .reason = "answered, with names that cannot be read",
	    .status = REPORT_UNDELIVERABLE_NOT_DELIVERED,
	    .error = REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR};
	struct sip_call *call = call_of(ctx);

	if (error == SIP_LEG_UNREADABLE) {
		end_with(call, &unreadable);
		return;
	}
	if (msg != NULL) {
		on_code(call, msg);
		return;
	}
	if (error == ETIMEDOUT || call->state != CALL_INVITED)
		call->silent = true;
	sip_peers_failed(&call->calls->peers, &call->peer);
	if (call->rang) {
		struct carrier_outcome o = sip_result_no_answer(true);

		end_with(call, &o);
		return;
	}
	try_next(call);
}

/* ---- speaking ---- */

static void
on_said(void *ctx)
{
	struct sip_call *call = call_of(ctx);
	int64_t wait_ms = call->keys[0] == '\0' || call->repeats >= REPEATS_MAX
			      ? TAIL_MS
			      : call->calls->options->repeat_wait_ms;

	move(call, CALL_LISTENING);
	call->deadline_ms = call->cut ? least(call->deadline_ms, now_of(call) + TAIL_MS)
				      : now_of(call) + wait_ms;
}

static void
on_key(void *ctx, char key)
{
	struct sip_call *call = call_of(ctx);

	if (strchr(call->keys, key) == NULL || call->repeats >= REPEATS_MAX || call->cut)
		return;
	call->repeats++;
	move(call, CALL_SPEAKING);
	call->deadline_ms = now_of(call) + call->calls->options->call_max_ms;
	sip_media_say(call->media, call->spoken.samples, call->spoken.round);
}

static struct mbuf *
on_offer(void *ctx, const struct sip_msg *msg)
{
	struct sip_call *call = call_of(ctx);

	if (call->media == NULL)
		return NULL;
	return mbuf_get_left(msg->mb) == 0 ? sip_media_offer(call->media)
					   : sip_media_take_offer(call->media, msg->mb);
}

static void
on_answer(void *ctx, const struct sip_msg *msg)
{
	struct sip_call *call = call_of(ctx);

	if (mbuf_get_left(msg->mb) > 0 && !sip_media_take_answer(call->media, msg->mb))
		end_answered(call, SIP_RESULT_LOST);
}

static struct mbuf *
on_refresh(void *ctx)
{
	return sip_media_offer(call_of(ctx)->media);
}

static void
on_ended(void *ctx, bool by_them)
{
	end_answered(call_of(ctx), by_them ? SIP_RESULT_HUNG_UP : SIP_RESULT_LOST);
}

/* ---- dialling ---- */

static bool
invite(struct sip_call *call, const struct sa *local)
{
	static const struct sip_leg_user user = {.progress = on_progress,
	    .answered = on_answered,
	    .refused = on_refused,
	    .offer = on_offer,
	    .answer = on_answer,
	    .refresh = on_refresh,
	    .ended = on_ended};
	struct sip_leg_user with = user;
	struct sip_media_user media = {.said = on_said, .key = on_key, .ctx = call};
	struct sip_identity identity;
	struct sip_leg_ask ask = {.peer = call->peer};
	int error;

	with.ctx = call;
	call->media = sip_media_new(&call->calls->media, local, &media);
	if (call->media == NULL)
		return false;
	sip_identity_make(&identity, call->calls->config, &call->job->message);
	ask.uri = identity.uri;
	ask.identity = identity.from;
	ask.headers = identity.headers;
	ask.offer = sip_media_offer(call->media);
	call->leg = sip_leg_new(&call->calls->leg, &ask, &with, &error);
	if (call->leg != NULL)
		return true;
	sip_media_free(call->media);
	call->media = NULL;
	return false;
}

/* By the next address that is good. False: none is left. */
static bool
dial(struct sip_call *call)
{
	struct sip_calls *calls = call->calls;
	const struct carrier_sip_options *o = calls->options;
	struct sa local;

	while (sip_peers_choose(&calls->peers, &call->tried, &call->peer)) {
		int64_t now_ms = now_of(call);

		if (!calls->ready(calls->ctx, &call->peer, &local) ||
		    !invite(call, &local)) {
			sip_peers_failed(&calls->peers, &call->peer);
			continue;
		}
		move(call, CALL_INVITED);
		call->answer_by_ms = least(now_ms + o->answer_timeout_ms, call->until_ms);
		call->deadline_ms =
		    least(call->answer_by_ms, now_ms + o->response_timeout_ms);
		return true;
	}
	return false;
}

/* ---- its words ---- */

static void
end_wordless(struct sip_call *call)
{
	struct carrier_outcome o;

	call->spoken.reason = call->spoken_reason;
	o = carrier_unspoken(&call->spoken);
	o.untried = o.result == CARRIER_RETRY;
	end_with(call, &o);
}

static void
on_spoken(struct task *task)
{
	struct sip_call *call = container_of(task, struct sip_call, spoken_task);

	if (call->spoken.err == OK && call->calls->stopping) {
		call->spoken.err = ERR_CONFLICT;
		snprintf(
		    call->spoken_reason, sizeof(call->spoken_reason), "the server stops");
	}
	if (call->spoken.err != OK) {
		end_wordless(call);
		return;
	}
	if (!dial(call))
		end_unreached(call);
}

/* On the thread of speech, or from inside speech_say. */
static void
speech_said(void *ctx, const struct speech_answer *answer)
{
	struct sip_call *call = call_of(ctx);

	call->spoken = *answer;
	snprintf(call->spoken_reason, sizeof(call->spoken_reason), "%s", answer->reason);
	carrier_thread_post(call->calls->thread, &call->spoken_task);
}

void
sip_call_new(struct sip_calls *calls, struct carrier_job *job)
{
	struct sip_call *call = mem_new(sizeof(*call));
	const struct content_voice *voice = &job->message.content.voice;

	call->magic = SIP_CALL_MAGIC;
	call->calls = calls;
	call->job = job;
	call->spoken_task.run = on_spoken;
	call->until_ms = now_of(call) + job->message.validity_ms;
	if (voice->repeat_dtmf != NULL)
		snprintf(call->keys, sizeof(call->keys), "%s", voice->repeat_dtmf);
	TAILQ_INSERT_HEAD(&calls->list, call, entry);
	speech_say(calls->speech, voice, speech_said, call);
	carrier_thread_forget(job);
	calls->changed(calls->ctx);
}

/* ---- deadlines ---- */

/* Cut off by the stop: who was rung is not rung again. */
static void
end_ringing(struct sip_call *call)
{
	const struct sip_result_report *cancelled =
	    sip_result_report(SIP_RESULT_CANCELLED);
	struct carrier_outcome o = sip_result_no_answer(call->rang);

	if (call->cut) {
		o.reason = "cancelled by the stop of the server";
		o.status = cancelled->status;
		o.error = cancelled->error;
	}
	end_with(call, &o);
}

static void
on_deadline(struct sip_call *call)
{
	switch (call->state) {
	case CALL_INVITED:
		call->silent = true;
		sip_peers_failed(&call->calls->peers, &call->peer);
		try_next(call);
		return;
	case CALL_PROCEEDING:
		end_ringing(call);
		return;
	case CALL_SPEAKING:
	case CALL_LISTENING:
		end_answered(call, call->cut ? SIP_RESULT_CANCELLED : SIP_RESULT_LOST);
		return;
	case CALL_PREPARING:
	case CALL_OVER:
	case CALL_STATE_COUNT:
		return;
	}
}

void
sip_call_turn(struct sip_calls *calls)
{
	struct sip_call *next;

	for (struct sip_call *call = TAILQ_FIRST(&calls->list); call != NULL;
	     call = next) {
		next = TAILQ_NEXT(call, entry);
		if (call->state != CALL_PREPARING && now_of(call) >= call->deadline_ms)
			on_deadline(call);
	}
}

/* ---- stopping ---- */

/* Nobody was rung, so the next start may do it. */
static void
end_before_ringing(struct sip_call *call)
{
	static const struct carrier_outcome later = {
	    .result = CARRIER_RETRY, .reason = "the server stops"};
	struct carrier_outcome silent = sip_result_silent();

	end_with(call, call->state == CALL_INVITED ? &silent : &later);
}

static void
stop_call(struct sip_call *call, int64_t deadline_ms)
{
	if (call->state == CALL_PREPARING) {
		speech_cancel(call->calls->speech, call);
		return;
	}
	if ((call->state == CALL_INVITED || call->state == CALL_PROCEEDING) &&
	    !call->rang) {
		end_before_ringing(call);
		return;
	}
	call->cut = true;
	call->deadline_ms = least(call->deadline_ms, deadline_ms);
}

void
sip_call_stop(struct sip_calls *calls, int64_t within_ms)
{
	int64_t deadline_ms = calls->clock->steady_ms(calls->clock) + within_ms;
	struct sip_call *next;

	calls->stopping = true;
	for (struct sip_call *call = TAILQ_FIRST(&calls->list); call != NULL;
	     call = next) {
		next = TAILQ_NEXT(call, entry);
		stop_call(call, deadline_ms);
	}
}

void
sip_call_quit(struct sip_calls *calls)
{
	sip_call_stop(calls, 0);
	sip_call_turn(calls);
}
