/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of PINs that were sent (contract 3.6, 4). */
#include "api/admit.h"
#include "api/listing.h"
#include "api/offer.h"
#include "api/ops/ops.h"

#include <strings.h>

#include "base/utf8.h"
#include "store/status.h"
#include "twofa/phone.h"

/* ---- v1 status ---- */

static enum err
check_status(struct call *c)
{
	struct status_job *j = arena_alloc(&c->arena, sizeof(*j));

	j->account = c->principal.account;
	c->job = j;
	return call_ident(c, 0, &j->pin_id);
}

static enum err
proceed_status(struct call *c)
{
	return offer_job(c, &((struct status_job *)c->job)->job, VERB_STATUS);
}

static enum err
answer_status(struct call *c)
{
	struct status_job *j = c->job;
	struct json_out out = call_json(c);

	if (j->job.err != OK)
		return j->job.err;
	json_out_array(&out, NULL);
	for (size_t i = 0; i < j->count; i++) {
		const struct message_status *m = &j->messages[i];
		const struct report_v1 *w = report_v1_words(report_status_of(m->status,
		    message_state_at(m->state, m->expires_at_ms, j->job.now_ms),
		    m->reason));

		json_out_object(&out, NULL);
		json_out_text(&out, "status", w->status);
		json_out_text(&out, "description", w->description);
		json_out_bool(&out, "finalStatus", w->final);
		json_out_end(&out);
	}
	json_out_end(&out);
	c->response.status = 200;
	return OK;
}

const struct operation op_status = {.name = "status",
    .check = check_status,
    .proceed = proceed_status,
    .answer = answer_status,
    .finds = THING_PIN};

/* ---- verifications ---- */

/* The v1 manual's curl example sends the number in double quotes. */
static struct span
unquote(struct span s)
{
	s = span_trim(s);
	if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"') {
		s.ptr++;
		s.len -= 2;
	}
	return s;
}

static enum err
check_verifications(struct call *c)
{
	struct verifications_job *j = arena_alloc(&c->arena, sizeof(*j));
	struct span number = unquote(span_of(call_query(c, "msisdn")));
	char *digits = arena_alloc(&c->arena, PHONE_DIGITS_MAX + 1);

	j->account = c->principal.account;
	c->job = j;
	/* another shape is a destination that nothing was sent to, and never all */
	if (number.len > 0 && phone_canonical(number, digits) == OK)
		j->destination = digits;
	else if (number.len > 0)
		j->destination = utf8_valid(number) ? arena_text(&c->arena, number) : "";
	return call_ident(c, 0, &j->application);
}

/* Of one number there are few, and programs ask at each log-in; of all there are many. */
static enum err
proceed_verifications(struct call *c)
{
	struct verifications_job *j = c->job;
	enum err e =
	    j->destination == NULL ? admit_throttled(c, "limits.verifications_all") : OK;

	return e == OK ? offer_list(c, &j->job, VERB_VERIFICATIONS, &j->piece) : e;
}

/* `name`=true or false must agree with what is; any other value asks nothing. */
static bool
passes(struct call *c, const char *name, bool is)
{
	const char *wanted = call_query(c, name);

	if (wanted == NULL)
		return true;
	if (strcasecmp(wanted, "true") == 0)
		return is;
	return strcasecmp(wanted, "false") != 0 || !is;
}

static void
put_verification(struct call *c, struct json_out *out, const struct verification *v)
{
	if (!passes(c, "verified", v->verified_at_ms != 0) ||
	    !passes(c, "sent", v->sent_at_ms != 0))
		return;
	json_out_object(out, NULL);
	json_out_text(out, "msisdn", v->destination);
	json_out_bool(out, "verified", v->verified_at_ms != 0);
	json_out_int(out, "verifiedAt", v->verified_at_ms);
	if (v->sent_at_ms != 0)
		json_out_int(out, "sentAt", v->sent_at_ms);
	json_out_end(out);
}

static enum err
answer_verifications(struct call *c)
{
	struct verifications_job *j = c->job;
	struct json_out *out =
	    listing_rows(c, c->dialect->version == 2 ? "verifications" : NULL);

	if (j->job.err != OK)
		return j->job.err;
	for (size_t i = 0; i < j->count; i++)
		put_verification(c, out, &j->list[i]);
	return OK;
}

const struct operation op_verifications = {.name = "verifications",
    .check = check_verifications,
    .proceed = proceed_verifications,
    .answer = answer_verifications,
    .finds = THING_APPLICATION};
