/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier over SMPP 3.4: texts as submit_sm with a window, long ones in parts.
 *
 * A message is accepted when all of its parts were; each has an id and a receipt. When
 * a part is refused the parts behind it are not sent, and the message has that
 * result: one that may be tried again is then sent whole again.
 */
#include <event2/event.h>
#include <stdio.h>
#include <sys/queue.h>

#include "base/log.h"
#include "carrier/carrier.h"
#include "carrier/options.h"
#include "carrier/smpp_cancels.h"
#include "carrier/smpp_compose.h"
#include "carrier/smpp_inbox.h"
#include "carrier/smpp_receipt.h"
#include "carrier/smpp_reference.h"
#include "carrier/types.h"
#include "net/tls_client.h"

enum { SMPP_MAGIC = 0x736d6361 };

/* A text in the carrier's hands, in an arena that is wiped at its end. */
struct smpp_request {
	struct arena arena;
	LIST_ENTRY(smpp_request) entry;
	carrier_done_f *done;
	void *ctx;
	struct smpp_message message;
	int64_t until_ms; /* steady: the end of the PIN's life */
	unsigned sent;
	unsigned answered;
	bool partly;                  /* a part was accepted, or may have been */
	struct carrier_outcome worst; /* ACCEPTED until something else was said */
	const char **ids;             /* of the parts; NULL: none */
};

/* A submit_sm without its response, in the order of sending. */
struct waiting {
	TAILQ_ENTRY(waiting) entry;
	struct smpp_request *request; /* NULL: given up, its place not free yet */
	uint32_t sequence;
	unsigned part;
	int64_t until_ms;
};

struct carrier_smpp {
	struct carrier carrier;
	unsigned magic;
	const struct carrier_config *config;
	const struct carrier_smpp_options *options;
	struct carrier_env env;
	struct smpp_session *session;
	struct smpp_session *receiver; /* of a pair; else NULL */
	struct smpp_inbox *inbox;
	struct smpp_cancels *cancels;
	struct tls_client *tls; /* NULL: in the clear */
	struct event *timer;    /* the oldest response that is awaited */
	LIST_HEAD(, smpp_request) requests;
	struct smpp_request *unsent; /* has parts that the window did not take yet */
	TAILQ_HEAD(waiting_list, waiting) waiting;
	struct waiting_list spare;
	struct waiting *slots; /* `window` of them */
	int64_t outstanding;
};

static struct carrier_smpp *
smpp_of(const struct carrier *c)
{
	struct carrier_smpp *s = (struct carrier_smpp *)(uintptr_t)c;

	CHECK_OBJ(s, SMPP_MAGIC);
	return s;
}

static void
notify_changed(struct carrier_smpp *s)
{
	if (s->env.changed != NULL)
		s->env.changed(s->env.ctx);
}

/* ---- the end of a message ---- */

/* The ids that receipts will name. */
static void
smpp_request_tell_ids(struct smpp_request *p)
{
	size_t count = 0;

	for (unsigned i = 0; i < p->message.count; i++)
		count = carrier_add_id(p->ids, count, p->ids[i]);
	if (count > 0)
		p->worst.message_id = p->ids[0];
	if (count < 2)
		return;
	p->worst.part_ids = p->ids;
	p->worst.part_count = count;
}

static void
smpp_request_end(struct carrier_smpp *s, struct smpp_request *p)
{
	struct arena arena = p->arena;
	struct waiting *w;

	TAILQ_FOREACH(w, &s->waiting, entry)
	if (w->request == p)
		w->request = NULL;
	if (s->unsent == p)
		s->unsent = NULL;
	LIST_REMOVE(p, entry);
	if (p->worst.result == CARRIER_ACCEPTED)
		smpp_request_tell_ids(p);
	p->worst.partly = p->worst.result != CARRIER_ACCEPTED && p->partly;
	p->done(p->ctx, &p->worst);
	arena_fini(&arena);
}

static void
smpp_request_result(
    struct smpp_request *p, enum carrier_result result, uint32_t code, const char *reason)
{
	if (p->worst.result == CARRIER_ACCEPTED)
		p->worst = (struct carrier_outcome){
		    .result = result, .code = code, .reason = reason};
}

static void
smpp_request_status(struct smpp_request *p, uint32_t status)
{
	bool first = p->worst.result == CARRIER_ACCEPTED;

	smpp_request_result(
	    p, smpp_pdu_status_result(status), status, smpp_pdu_status_name(status));
	if (!first)
		return;
	p->worst.status = smpp_pdu_status_report(status, &p->worst.error);
	p->worst.throttled = status == SMPP_ESME_RTHROTTLED;
	p->worst.elsewhere =
	    p->worst.result == CARRIER_REFUSED && !smpp_pdu_status_blames_number(status);
}

/* ---- sending ---- */

static void
set_timer(struct carrier_smpp *s)
{
	struct waiting *w = TAILQ_FIRST(&s->waiting);
	int64_t ms = w == NULL ? 0 : w->until_ms - s->env.clock->steady_ms(s->env.clock);
	struct timeval tv;

	if (w == NULL) {
		event_del(s->timer);
		return;
	}
	ms = ms < 0 ? 0 : ms;
	tv = (struct timeval){ms / 1000, (ms % 1000) * 1000};
	RESOURCE(event_add(s->timer, &tv) == 0);
}

static void
await(struct carrier_smpp *s, struct smpp_request *p, uint32_t sequence)
{
	struct waiting *w = TAILQ_FIRST(&s->spare);

	RESOURCE(w != NULL);
	TAILQ_REMOVE(&s->spare, w, entry);
	w->request = p;
	w->sequence = sequence;
	w->part = p->sent;
	w->until_ms =
	    s->env.clock->steady_ms(s->env.clock) + s->options->response_timeout_ms;
	TAILQ_INSERT_TAIL(&s->waiting, w, entry);
	s->outstanding++;
	if (TAILQ_FIRST(&s->waiting) == w)
		set_timer(s);
}

static enum err
send_part(struct carrier_smpp *s, struct smpp_request *p)
{
	char octets[SMPP_PART_LEN_MAX];
	enum err e;

	smpp_compose_part(&p->message, p->sent, octets);
	p->message.pdu.sequence = smpp_session_sequence(s->session);
	e = smpp_session_send(s->session, &p->message.pdu);
	explicit_bzero(octets, sizeof(octets));
	return e;
}

/* As many parts as the window takes. False: a part cannot be sent, and the message ended.
 */
static bool
send_parts(struct carrier_smpp *s, struct smpp_request *p)
{
	while (p->sent < p->message.count && s->outstanding < s->options->window) {
		if (send_part(s, p) != OK) {
			smpp_request_result(p, CARRIER_REFUSED, 0,
			    "a field does not fit into a submit_sm");
			smpp_request_end(s, p);
			return false;
		}
		await(s, p, p->message.pdu.sequence);
		p->sent++;
	}
	s->unsent = p->sent < p->message.count ? p : NULL;
	return true;
}

/* ---- submit ---- */

static void
tell_outcome(
    carrier_done_f *done, void *ctx, enum carrier_result result, const char *reason)
{
	struct carrier_outcome o = {
	    .result = result, .reason = reason, .untried = result == CARRIER_RETRY};

	done(ctx, &o);
}

/* A message of more parts than the window has places needs it empty. */
static bool
has_room(const struct carrier_smpp *s, unsigned parts)
{
	return s->unsent == NULL &&
	       (s->outstanding == 0 || s->outstanding + parts <= s->options->window);
}

static void
smpp_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_smpp *s = smpp_of(c);
	const char *problem = NULL;
	enum carrier_result result = CARRIER_RETRY;
	struct arena arena;
	struct smpp_request *p;

	arena_init(&arena);
	p = arena_alloc(&arena, sizeof(*p));
	if (!smpp_session_is_bound(s->session)) {
		problem = "not bound";
	} else if (smpp_compose(s->config, &arena, m, &p->message, &problem) != OK) {
		result = CARRIER_REFUSED;
	} else if (!has_room(s, p->message.count)) {
		problem = "the window is full";
	} else {
		problem = NULL;
	}
	if (problem != NULL) {
		arena_fini(&arena);
		tell_outcome(done, ctx, result, problem);
		return;
	}
	p->done = done;
	p->ctx = ctx;
	p->until_ms = s->env.clock->steady_ms(s->env.clock) + m->validity_ms;
	p->message.reference = smpp_reference_next(m->to);
	p->ids = arena_alloc(&arena, p->message.count * sizeof(*p->ids));
	p->worst =
	    (struct carrier_outcome){.result = CARRIER_ACCEPTED, .reason = "ESME_ROK"};
	p->arena = arena;
	LIST_INSERT_HEAD(&s->requests, p, entry);
	(void)send_parts(s, p);
}

/* ---- responses ---- */

static void
release(struct carrier_smpp *s, struct waiting *w)
{
	bool first = TAILQ_FIRST(&s->waiting) == w;

	TAILQ_REMOVE(&s->waiting, w, entry);
	TAILQ_INSERT_HEAD(&s->spare, w, entry);
	s->outstanding--;
	if (first)
		set_timer(s);
}

/* A part has its answer; what follows for its message and for the window. */
static void
settle(struct carrier_smpp *s, struct smpp_request *p)
{
	bool over;

	if (p != NULL) {
		p->answered++;
		over = p->answered == p->sent && (p->sent == p->message.count ||
						     p->worst.result != CARRIER_ACCEPTED);
		if (p->worst.result != CARRIER_ACCEPTED && s->unsent == p)
			s->unsent = NULL;
		if (over)
			smpp_request_end(s, p);
	}
	if (s->unsent != NULL)
		(void)send_parts(s, s->unsent);
	if (s->unsent == NULL)
		notify_changed(s);
}

static void
remember_id(
    struct carrier_smpp *s, struct smpp_request *p, unsigned part, const char *raw_id)
{
	char id[SMPP_ID_LEN_MAX + 1];

	p->partly = true;
	smpp_receipt_response_id(
	    (enum smpp_id_format)s->options->message_id_format, raw_id, id);
	if (id[0] != '\0')
		p->ids[part] = arena_text(&p->arena, span_of(id));
	smpp_cancels_add(s->cancels, &p->message.pdu, raw_id, id, p->until_ms);
}

static void
on_response(struct carrier_smpp *s, const struct smpp_pdu *pdu)
{
	struct waiting *w;
	struct smpp_request *p;
	unsigned part;

	TAILQ_FOREACH(w, &s->waiting, entry)
	if (w->sequence == pdu->sequence)
		break;
	if (w == NULL)
		return; /* too late, or twice */
	p = w->request;
	part = w->part;
	release(s, w);
	if (p != NULL && pdu->status != SMPP_ESME_ROK)
		smpp_request_status(p, pdu->status);
	else if (p != NULL)
		remember_id(s, p, part, pdu->message_id);
	settle(s, p);
}

static void
on_pdu(void *ctx, const struct smpp_pdu *pdu)
{
	struct carrier_smpp *s = ctx;

	if (pdu->command == SMPP_submit_sm_resp || pdu->command == SMPP_data_sm_resp ||
	    pdu->command == SMPP_generic_nack)
		on_response(s, pdu);
	else if (pdu->command == SMPP_deliver_sm || pdu->command == SMPP_data_sm)
		smpp_inbox_take(s->inbox, s->session, pdu);
}

/* The receiver of a pair only hears; whether it is there changes nothing for submits. */
static void
on_receiver_pdu(void *ctx, const struct smpp_pdu *pdu)
{
	struct carrier_smpp *s = ctx;

	if (pdu->command == SMPP_deliver_sm || pdu->command == SMPP_data_sm)
		smpp_inbox_take(s->inbox, s->receiver, pdu);
}

static void
on_receiver_up(void *ctx)
{
	(void)ctx;
}

static void
on_receiver_down(void *ctx, const char *why)
{
	(void)ctx;
	(void)why;
}

/* The oldest has waited too long: it may have been taken. Is the other side still there?
 */
static void
on_response_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct carrier_smpp *s = ctx;
	int64_t now_ms = s->env.clock->steady_ms(s->env.clock);
	struct waiting *w;

	(void)fd;
	(void)what;
	while ((w = TAILQ_FIRST(&s->waiting)) != NULL && w->until_ms <= now_ms) {
		struct smpp_request *p = w->request;

		release(s, w);
		if (p != NULL) {
			p->partly = true;
			smpp_request_result(p, CARRIER_UNKNOWN, 0, "no response in time");
		}
		settle(s, p);
	}
	set_timer(s);
	smpp_session_probe(s->session);
}

static void
on_up(void *ctx)
{
	notify_changed(ctx);
}

static void
end_all(struct carrier_smpp *s, const char *why)
{
	struct waiting *w;

	while ((w = TAILQ_FIRST(&s->waiting)) != NULL) {
		w->request = NULL;
		release(s, w);
	}
	while (!LIST_EMPTY(&s->requests)) {
		struct smpp_request *p = LIST_FIRST(&s->requests);

		if (p->answered < p->sent || p->worst.result == CARRIER_ACCEPTED)
			p->worst = (struct carrier_outcome){
			    .result = CARRIER_UNKNOWN, .reason = why};
		smpp_request_end(s, p);
	}
}

static void
on_down(void *ctx, const char *why)
{
	struct carrier_smpp *s = ctx;

	end_all(s, why);
	notify_changed(s);
}

/* ---- life ---- */

/* The texts that the bind sends, and their greatest lengths (SMPP 3.4 5.2). */
struct bind_text {
	const char *name;
	const char *text;
	size_t standard;
};

enum { BIND_TEXTS = 3 };

static void
bind_texts(const struct carrier_smpp_options *o, struct bind_text out[BIND_TEXTS])
{
	out[0] = (struct bind_text){"system_id", o->system_id, 15};
	out[1] = (struct bind_text){"password", o->password, 8};
	out[2] = (struct bind_text){"system_type", o->system_type, 12};
}

/* Many SMSCs take more than the standard allows, and some cut it off and then refuse. */
static void
smpp_warn(const struct carrier_config *c, carrier_warn_f *say, void *ctx)
{
	struct bind_text texts[BIND_TEXTS];
	char what[256];

	bind_texts(c->options, texts);
	for (size_t i = 0; i < BIND_TEXTS; i++) {
		const struct bind_text *t = &texts[i];

		if (t->text == NULL || strlen(t->text) <= t->standard)
			continue;
		snprintf(what, sizeof(what),
		    "is longer than the %zu octets of SMPP 3.4: not every SMSC takes it",
		    t->standard);
		say(ctx, t->name, what);
	}
}

static void
init_window(struct carrier_smpp *s)
{
	LIST_INIT(&s->requests);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->spare);
	s->slots = mem_array((size_t)s->options->window, sizeof(*s->slots));
	for (int64_t i = 0; i < s->options->window; i++)
		TAILQ_INSERT_TAIL(&s->spare, &s->slots[i], entry);
}

static void
open_sessions(struct carrier_smpp *s)
{
	struct smpp_session_user user = {.bind = s->options->bind == SMPP_BIND_TRANSCEIVER
						     ? SMPP_bind_transceiver
						     : SMPP_bind_transmitter,
	    .tls = s->tls,
	    .up = on_up,
	    .down = on_down,
	    .pdu = on_pdu,
	    .ctx = s};
	struct smpp_session_user receiver = {.bind = SMPP_bind_receiver,
	    .tls = s->tls,
	    .up = on_receiver_up,
	    .down = on_receiver_down,
	    .pdu = on_receiver_pdu,
	    .ctx = s};

	s->session = smpp_session_new(s->config, &s->env, &user);
	smpp_cancels_use(s->cancels, s->session);
	if (s->options->bind == SMPP_BIND_PAIR)
		s->receiver = smpp_session_new(s->config, &s->env, &receiver);
}

/* NULL where the link is in the clear. */
static enum err
open_tls(const struct carrier_smpp_options *c, char why[256], struct tls_client **out)
{
	enum err e;

	*out = NULL;
	if (!c->tls)
		return OK;
	e = tls_client_new(c->tls_ca, why, out);
	if (e == OK && c->tls_certificate != NULL && c->tls_key != NULL)
		e = tls_client_show(*out, c->tls_certificate, c->tls_key, why);
	if (e != OK) {
		tls_client_free(*out);
		*out = NULL;
	}
	return e;
}

static const char *
check_certificate(const struct carrier_smpp_options *c, char why[256])
{
	struct tls_client *tls;

	if ((c->tls_certificate == NULL) != (c->tls_key == NULL)) {
		snprintf(why, 256, "is missing: a certificate and its key go together");
		return c->tls_key == NULL ? "tls_key" : "tls_certificate";
	}
	if (c->tls_certificate != NULL && !c->tls) {
		snprintf(why, 256, "is given without tls");
		return "tls_certificate";
	}
	if (c->tls_certificate == NULL)
		return NULL;
	if (open_tls(c, why, &tls) != OK)
		return "tls_certificate";
	tls_client_free(tls);
	return NULL;
}

/* data_coding has no room for a class beside an alphabet that is not GSM's own. */
static const char *
check_flash(const struct carrier_smpp_options *c, char why[256])
{
	bool gsm = c->alphabet == SMS_GSM7 || c->alphabet == SMS_UCS2;

	if (c->flash != SMPP_FLASH_DATA_CODING || (gsm && c->data_coding <= 0))
		return NULL;
	snprintf(why, 256,
	    "data_coding has a class in gsm7 and ucs2 alone, and with no "
	    "data_coding of its own: take subunit");
	return "flash";
}

static const char *
smpp_check(const struct carrier_config *config, char why[256])
{
	const struct carrier_smpp_options *o = config->options;
	const char *field = check_flash(o, why);
	int64_t ms;

	if (field != NULL)
		return field;
	if (o->receipt_offset != NULL &&
	    !smpp_receipt_offset_parse(o->receipt_offset, &ms)) {
		snprintf(why, 256, "must be an offset such as +03:00 or -05:30");
		return "receipt_offset";
	}
	return check_certificate(o, why);
}

static bool
smpp_needs_sender(const struct carrier_config *config)
{
	(void)config;
	return true;
}

static enum sms_alphabet
smpp_alphabet(const struct carrier_config *config)
{
	const struct carrier_smpp_options *o = config->options;

	return (enum sms_alphabet)o->alphabet;
}

static enum err
smpp_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out)
{
	struct tls_client *tls = NULL;
	struct carrier_smpp *s;
	enum err e = open_tls(config->options, why, &tls);

	if (e != OK)
		return e;
	s = mem_new(sizeof(*s));
	s->tls = tls;
	s->magic = SMPP_MAGIC;
	s->config = config;
	s->options = config->options;
	s->env = *env;
	init_window(s);
	smpp_reference_start(env->entropy);
	s->timer = evtimer_new(env->base, on_response_timer, s);
	RESOURCE(s->timer != NULL);
	s->cancels = smpp_cancels_new(s->config, &s->env);
	s->inbox = smpp_inbox_new(s->config, &s->env, s->cancels);
	open_sessions(s);
	*out = &s->carrier;
	return OK;
}

static bool
smpp_is_up(const struct carrier *c)
{
	return smpp_session_is_bound(smpp_of(c)->session);
}

static bool
smpp_has_room(const struct carrier *c)
{
	const struct carrier_smpp *s = smpp_of(c);

	return smpp_session_is_bound(s->session) && has_room(s, 1);
}

static void
smpp_free(struct carrier *c)
{
	struct carrier_smpp *s = smpp_of(c);

	end_all(s, "the carrier was closed");
	smpp_session_free(s->session);
	smpp_session_free(s->receiver);
	tls_client_free(s->tls);
	smpp_inbox_free(s->inbox);
	smpp_cancels_free(s->cancels);
	event_free(s->timer);
	mem_free(s->slots);
	mem_free(s);
}

const struct carrier_ops carrier_smpp_ops = {
    .type = "smpp",
    .channels = CHANNEL_BIT(CHANNEL_SMS),
    .options_size = sizeof(struct carrier_smpp_options),
    .check = smpp_check,
    .warn = smpp_warn,
    .needs_sender = smpp_needs_sender,
    .alphabet = smpp_alphabet,
    .open = smpp_open,
    .submit = smpp_submit,
    .is_up = smpp_is_up,
    .has_room = smpp_has_room,
    .free = smpp_free,
};
