/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own/timeline.h"

#include "api/call.h"
#include "api/ops/timeline.h"
#include "twofa/report_body.h"

enum { AT_LEN = 32 };

static enum err
read_timeline(struct call *c)
{
	struct timeline_ask *ask = c->ask;

	ask->pin_id = call_id(c, 0);
	return OK;
}

static void
put_time(struct json_out *out, const char *name, int64_t ms)
{
	char at[AT_LEN];

	if (ms == 0)
		return;
	clock_format(ms, at, sizeof(at));
	json_out_text(out, name, at);
}

static void
put_id(struct json_out *out, const char *name, const struct ident *id)
{
	char text[IDENT_TEXT_LEN + 1];

	ident_text(id, text);
	json_out_text(out, name, text);
}

static void
put_event(struct json_out *out, const struct timeline_event *e)
{
	json_out_object(out, NULL);
	put_time(out, "at", e->at_ms);
	json_out_text(out, "event", e->event);
	if (e->message >= 0)
		json_out_int(out, "message", e->message);
	json_out_text(out, "channel", e->channel);
	json_out_text(out, "to", e->to);
	json_out_text(out, "ncStatus", e->lookup);
	json_out_text(out, "carrier", e->carrier);
	json_out_text(out, "result", e->result);
	if (e->code >= 0)
		json_out_int(out, "code", e->code);
	json_out_text(out, "reason", e->reason);
	if (e->times >= 0)
		json_out_int(out, "times", e->times);
	json_out_text(out, "carrierMessageId", e->carrier_message_id);
	if (e->status != NULL)
		report_body_put_status(out, e->status);
	if (e->error != NULL)
		report_body_put_error(out, e->error);
	put_time(out, "doneAt", e->done_at_ms);
	json_out_end(out);
}

static void
put_message(struct json_out *out, const struct timeline_standing *m)
{
	json_out_object(out, NULL);
	json_out_int(out, "message", m->seq);
	json_out_text(out, "channel", m->channel);
	json_out_text(out, "to", m->to);
	json_out_text(out, "state", m->state);
	report_body_put_status(out, m->status);
	json_out_text(out, "carrier", m->carrier);
	json_out_int(out, "attempts", m->submits);
	json_out_end(out);
}

static void
put_lists(struct json_out *out, const struct timeline_result *r)
{
	json_out_array(out, "messages");
	for (size_t i = 0; i < r->message_count; i++)
		put_message(out, &r->messages[i]);
	json_out_end(out);
	json_out_array(out, "events");
	for (size_t i = 0; i < r->event_count; i++)
		put_event(out, &r->events[i]);
	json_out_end(out);
}

static void
write_timeline(struct call *c)
{
	const struct timeline_result *r = c->result;
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	put_id(&out, "pinId", &r->pin_id);
	put_id(&out, "applicationId", &r->application);
	put_id(&out, "messageId", &r->template);
	json_out_text(&out, "to", r->to);
	json_out_text(&out, "state", r->state);
	put_time(&out, "createdAt", r->created_at_ms);
	put_time(&out, "expiresAt", r->expires_at_ms);
	put_time(&out, "verifiedAt", r->verified_at_ms);
	put_time(&out, "numberLockedUntil", r->locked_until_ms);
	json_out_int(&out, "attempts", r->attempts);
	json_out_int(&out, "attemptsMax", r->attempts_max);
	put_lists(&out, r);
	json_out_end(&out);
}

const struct wire wire_timeline = {read_timeline, write_timeline};
