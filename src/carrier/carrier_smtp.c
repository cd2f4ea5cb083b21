/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier over SMTP: emails by submission to one relay or several (RFC 6409), over
 * connections that are kept and bounded. A message is a mail of its own, with an id that
 * its bounces come back with.
 *
 * A relay that does not let a mail in has not seen it: the next one gets it, and this
 * one rests. Each connection has one mail at a time, so the window is their number.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "carrier/carrier.h"
#include "carrier/mail_dkim.h"
#include "carrier/mail_message.h"
#include "carrier/options.h"
#include "carrier/smtp_auth.h"
#include "carrier/smtp_bounce.h"
#include "carrier/smtp_session.h"
#include "carrier/types.h"
#include "net/tls_client.h"
#include "twofa/mailbox.h"

enum {
	CARRIER_SMTP_MAGIC = 0x736d7463,
	RELAYS_MAX = 8,
	HOST_NAME_MAX_LEN = 253,
	REASON_LEN = 256,
	PORT_SUBMISSION = 587,  /* RFC 6409 */
	PORT_SUBMISSIONS = 465, /* RFC 8314 */
	PORT_SMTP = 25
};

/* A mail in the carrier's hands, in an arena that is wiped at its end. */
struct smtp_request {
	struct arena arena;
	carrier_done_f *done;
	void *ctx;
	struct mail_message message;
	struct smtp_mail mail;
	struct smtp_relay *relay;
	unsigned tried; /* relays that did not let it in, by their places */
	bool anew;      /* it was given a connection of its own */
};

struct smtp_slot {
	struct smtp_session *session;
	struct smtp_request *request; /* NULL: none */
};

struct carrier_smtp {
	struct carrier carrier;
	unsigned magic;
	const struct carrier_config *config;
	const struct carrier_smtp_options *options;
	struct carrier_env env;
	struct smtp_session_user user;
	struct mail_dkim *dkim; /* NULL: mails are not signed */
	char helo[HOST_NAME_MAX_LEN + 1];
	struct arena arena;
	struct smtp_relay relays[RELAYS_MAX];
	size_t relay_count;
	struct smtp_slot *slots;
	size_t slot_count;
	struct event *timer; /* the end of a relay's rest */
	bool closing;
};

static struct carrier_smtp *
smtp_of(const struct carrier *c)
{
	struct carrier_smtp *s = (struct carrier_smtp *)(uintptr_t)c;

	CHECK_OBJ(s, CARRIER_SMTP_MAGIC);
	return s;
}

static void
notify_changed(struct carrier_smtp *s)
{
	if (s->env.changed != NULL && !s->closing)
		s->env.changed(s->env.ctx);
}

/* ---- relays ---- */

static int64_t
now_of(const struct carrier_smtp *s)
{
	return s->env.clock->steady_ms(s->env.clock);
}

/* The best that is not at rest and not among those; NULL: none. */
static struct smtp_relay *
find_relay(const struct carrier_smtp *s, unsigned without)
{
	int64_t now_ms = now_of(s);

	for (size_t i = 0; i < s->relay_count; i++) {
		const struct smtp_relay *r = &s->relays[i];

		if (r->rests_until_ms <= now_ms && (without & 1u << i) == 0)
			return (struct smtp_relay *)(uintptr_t)r;
	}
	return NULL;
}

static void
relay_failed(struct carrier_smtp *s, struct smtp_relay *r, const char *why)
{
	int64_t wait_ms;
	struct timeval tv;

	if (s->closing || r->rests_until_ms > now_of(s))
		return;
	wait_ms = carrier_pause_ms(&s->env, r->failures);
	tv = (struct timeval){wait_ms / 1000, (wait_ms % 1000) * 1000};
	r->failures++;
	r->rests_until_ms = now_of(s) + wait_ms;
	r->down = true;
	RESOURCE(event_add(s->timer, &tv) == 0);
	log_event(LOG_LEVEL_WARNING, "carrier_down", LOG_TEXT("carrier", s->config->name),
	    LOG_TEXT("relay", r->host), LOG_TEXT("reason", why),
	    LOG_INT("retryMs", wait_ms));
}

static void
on_relay_up(void *ctx, struct smtp_relay *r)
{
	struct carrier_smtp *s = ctx;

	r->failures = 0;
	r->rests_until_ms = 0;
	if (!r->down)
		return;
	r->down = false;
	log_event(LOG_LEVEL_INFO, "carrier_up", LOG_TEXT("carrier", s->config->name),
	    LOG_TEXT("relay", r->host));
}

/* The timer has one time, of the relay that failed last; who rests for longer is looked
 * at again. */
static void
on_rest_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct carrier_smtp *s = ctx;
	int64_t now_ms = now_of(s);
	int64_t next_ms = INT64_MAX;
	struct timeval tv;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < s->relay_count; i++)
		if (s->relays[i].rests_until_ms > now_ms &&
		    s->relays[i].rests_until_ms < next_ms)
			next_ms = s->relays[i].rests_until_ms;
	notify_changed(s);
	if (next_ms == INT64_MAX)
		return;
	tv =
	    (struct timeval){(next_ms - now_ms) / 1000, (next_ms - now_ms) % 1000 * 1000};
	RESOURCE(event_add(s->timer, &tv) == 0);
}

/* ---- connections ---- */

static bool
is_free(const struct smtp_slot *slot)
{
	enum smtp_stage stage = smtp_session_stage(slot->session);

	return slot->request == NULL && (stage == SMTP_IDLE || stage == SMTP_DOWN);
}

/* By choice one that is connected to that relay, then one that is to none; the last
 * resort is one that is to another, which it leaves. */
static struct smtp_slot *
find_slot(const struct carrier_smtp *s, const struct smtp_relay *relay)
{
	struct smtp_slot *best = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < s->slot_count; i++) {
		const struct smtp_relay *to = smtp_session_relay(s->slots[i].session);
		int rank = to == relay ? 2 : to == NULL;

		if (!is_free(&s->slots[i]) || rank <= best_rank)
			continue;
		best = &s->slots[i];
		best_rank = rank;
	}
	return best;
}

static void
send_to(struct smtp_slot *slot, struct smtp_request *p, struct smtp_relay *relay)
{
	const struct smtp_relay *to = smtp_session_relay(slot->session);

	if (to != NULL && to != relay)
		smtp_session_leave(slot->session);
	slot->request = p;
	p->relay = relay;
	smtp_session_send(slot->session, relay, &p->mail);
}

/* ---- the end of a message ---- */

static void
finish_request(struct smtp_request *p, const struct carrier_outcome *outcome)
{
	struct arena arena = p->arena;

	p->done(p->ctx, outcome);
	mail_message_fini(&p->message);
	arena_fini(&arena);
}

static void
finish(
    struct carrier_smtp *s, struct smtp_slot *slot, const struct carrier_outcome *outcome)
{
	struct smtp_request *p = slot->request;

	slot->request = NULL;
	finish_request(p, outcome);
	notify_changed(s);
}

/* Not an octet of the mail went out: to the next relay, or back to delivery. */
static void
not_let_in(struct carrier_smtp *s, struct smtp_slot *slot, const struct smtp_end *end)
{
	struct smtp_request *p = slot->request;
	struct carrier_outcome o = {.result = CARRIER_RETRY, .untried = true};
	struct smtp_relay *next;
	char why[REASON_LEN];

	snprintf(why, sizeof(why), end->reply.code == 0 ? "%.200s" : "%.200s (%d)",
	    end->reason, end->reply.code);
	relay_failed(s, p->relay, why);
	p->tried |= 1u << (unsigned)(p->relay - s->relays);
	next = find_relay(s, p->tried);
	if (next != NULL) {
		send_to(slot, p, next);
		return;
	}
	o.reason = why;
	o.code = (uint32_t)end->reply.code;
	finish(s, slot, &o);
}

/* The whole mail went out, or none of it that counts. */
static void
no_reply(struct carrier_smtp *s, struct smtp_slot *slot, const struct smtp_end *end)
{
	struct smtp_request *p = slot->request;
	bool whole = end->stage == SMTP_END;
	struct carrier_outcome o = {.result = whole ? CARRIER_UNKNOWN : CARRIER_RETRY,
	    .final = whole,
	    .message_id = whole ? p->message.id : NULL,
	    .reason =
		whole ? "it may have been taken, and is not sent again" : end->reason};

	relay_failed(s, p->relay, end->reason);
	finish(s, slot, &o);
}

static void
no_utf8(struct carrier_smtp *s, struct smtp_slot *slot)
{
	struct carrier_outcome o = {.result = CARRIER_REFUSED,
	    .elsewhere = true,
	    .status = REPORT_REJECTED_DESTINATION,
	    .error = REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS,
	    .reason = "the address is beyond ASCII, and the relay has no SMTPUTF8"};

	finish(s, slot, &o);
}

static void
on_reply_to(struct carrier_smtp *s, struct smtp_slot *slot, const struct smtp_end *end)
{
	enum smtp_about about = end->stage == SMTP_MAIL   ? SMTP_ABOUT_SENDER
				: end->stage == SMTP_RCPT ? SMTP_ABOUT_RECIPIENT
							  : SMTP_ABOUT_MAIL;
	char reason[SMTP_REASON_LEN];
	struct carrier_outcome o = {.result = CARRIER_ACCEPTED,
	    .code = (uint32_t)end->reply.code,
	    .message_id = slot->request->message.id,
	    .reason = "taken"};

	if (end->stage != SMTP_END || end->reply.code / 100 != 2)
		o = smtp_reply_outcome(&end->reply, about, reason);
	finish(s, slot, &o);
}

/* A relay ends a connection after so many mails, or while nobody looks: nothing was taken
 * of one whose sender was not. */
static bool
is_worn_out(const struct smtp_request *p, const struct smtp_end *end)
{
	return end->stage == SMTP_MAIL && end->kept && !p->anew && end->reply.code < 500;
}

static struct smtp_slot *
slot_of(const struct carrier_smtp *s, const struct smtp_session *session)
{
	size_t i = 0;

	while (s->slots[i].session != session)
		i++;
	return &s->slots[i];
}

static void
on_end(void *ctx, struct smtp_session *session, const struct smtp_end *end)
{
	struct carrier_smtp *s = ctx;
	struct smtp_slot *slot = slot_of(s, session);
	struct smtp_request *p = slot->request;

	CHECK_OBJ(s, CARRIER_SMTP_MAGIC);
	if (end->no_utf8) {
		no_utf8(s, slot);
	} else if (end->stage < SMTP_IDLE) {
		not_let_in(s, slot, end);
	} else if (is_worn_out(p, end)) {
		p->anew = true;
		send_to(slot, p, p->relay);
	} else if (end->reply.code == 0) {
		no_reply(s, slot, end);
	} else {
		on_reply_to(s, slot, end);
	}
}

static void
on_idle(void *ctx)
{
	notify_changed(ctx);
}

/* ---- submit ---- */

/* Where it comes back to when it cannot be delivered: an address of this mail alone. */
static const char *
return_path(const struct carrier_smtp *s, struct smtp_request *p)
{
	struct mail_address bounces;
	size_t local;

	if (s->options->bounce_address == NULL)
		return p->message.from.mailbox;
	INVARIANT(
	    mail_address_parse(&p->arena, s->options->bounce_address, &bounces) == OK);
	local = strcspn(bounces.mailbox, "@");
	return arena_printf(&p->arena, "%.*s+%s@%s", (int)local, bounces.mailbox,
	    p->message.id, bounces.domain);
}

/* NULL, or why there is no mail. */
static const char *
compose(
    const struct carrier_smtp *s, struct smtp_request *p, const struct carrier_message *m)
{
	struct mail_message_draft draft = {
	    .from = m->from != NULL ? m->from : s->config->sender,
	    .to = m->to,
	    .content = &m->content.email,
	    .at_ms = m->at_ms,
	    .entropy = s->env.entropy};
	const char *why = NULL;

	if (mail_message_compose(&p->arena, &draft, &p->message, &why) != OK)
		return why;
	if (s->dkim != NULL && mail_dkim_sign(s->dkim, &p->message.octets) != OK)
		return "the mail could not be signed";
	p->mail = (struct smtp_mail){.from = return_path(s, p),
	    .to = p->message.to.mailbox,
	    .needs_utf8 = p->message.from.needs_utf8 || p->message.to.needs_utf8,
	    .octets = buf_span(&p->message.octets)};
	return NULL;
}

static void
smtp_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_smtp *s = smtp_of(c);
	struct carrier_outcome o = {.result = CARRIER_RETRY, .untried = true};
	struct smtp_relay *relay = find_relay(s, 0);
	struct smtp_slot *slot = relay == NULL ? NULL : find_slot(s, relay);
	struct smtp_request *p;
	struct arena arena;

	if (slot == NULL) {
		o.reason = relay == NULL ? "all relays are left alone for a while"
					 : "all connections are in use";
		done(ctx, &o);
		return;
	}
	arena_init(&arena);
	p = arena_alloc(&arena, sizeof(*p));
	p->done = done;
	p->ctx = ctx;
	p->arena = arena;
	o = (struct carrier_outcome){
	    .result = CARRIER_REFUSED, .elsewhere = true, .reason = compose(s, p, m)};
	if (o.reason == NULL)
		send_to(slot, p, relay);
	else
		finish_request(p, &o);
}

/* ---- bounces ---- */

static enum err
smtp_read_receipts(const struct carrier_request *request, struct carrier_receipts *out)
{
	const struct carrier_smtp_options *o = out->config->options;

	if (!carrier_knows_secret(o->receipt_secret, request))
		return ERR_FORBIDDEN;
	return smtp_bounce_read(request, out);
}

/* ---- options ---- */

static int64_t
usual_port(const struct carrier_smtp_options *o)
{
	return o->tls == SMTP_TLS_STARTTLS   ? PORT_SUBMISSION
	       : o->tls == SMTP_TLS_IMPLICIT ? PORT_SUBMISSIONS
					     : PORT_SMTP;
}

/* "relay.example.net", "relay.example.net:2525", "[2001:db8::1]:25". */
static bool
parse_relay(struct arena *a, const char *text, int64_t port, struct smtp_relay *out)
{
	bool bracket = text[0] == '[';
	size_t len = bracket ? strcspn(text, "]") : strcspn(text, ":");
	const char *rest = text + len + (bracket && text[len] == ']');
	char *end;

	if (len <= (size_t)bracket || (bracket && text[len] != ']') ||
	    strpbrk(text, " /@") != NULL)
		return false;
	*out = (struct smtp_relay){
	    .host = arena_text(a, (struct span){text + bracket, len - bracket}),
	    .port = port};
	if (rest[0] == '\0')
		return true;
	if (rest[0] != ':' || rest[1] < '1' || rest[1] > '9')
		return false;
	out->port = strtol(rest + 1, &end, 10);
	return *end == '\0' && out->port <= UINT16_MAX;
}

static const char *
check_relays(const struct carrier_smtp_options *o, char why[256])
{
	struct smtp_relay relay;
	struct arena arena;
	bool good = true;

	if (o->relays.count > RELAYS_MAX) {
		snprintf(why, 256, "has more than %d relays", RELAYS_MAX);
		return "relays";
	}
	arena_init(&arena);
	for (size_t i = 0; good && i < o->relays.count; i++) {
		good = parse_relay(&arena, o->relays.items[i], PORT_SMTP, &relay);
		if (!good)
			snprintf(why, 256, "%.100s is no host with or without a port",
			    o->relays.items[i]);
	}
	arena_fini(&arena);
	return good ? NULL : "relays";
}

static const char *
check_sign_in(const struct carrier_smtp_options *o, char why[256])
{
	bool token = o->auth == SMTP_AUTH_XOAUTH2;

	if (o->user == NULL && (o->password != NULL || o->token_file != NULL)) {
		snprintf(why, 256, "is missing: there is nobody to sign in");
		return "username";
	}
	if (token && o->user != NULL && o->token_file == NULL) {
		snprintf(why, 256, "is missing: xoauth2 signs in with an access token");
		return "token_file";
	}
	if (!token && o->user != NULL && o->password == NULL) {
		snprintf(why, 256, "is missing: username signs in with it");
		return "password_file";
	}
	return NULL;
}

static const char *
check_mailbox(const char *field, const char *text, bool with_name, char why[256])
{
	struct span s = span_of(text);

	if (text == NULL || (with_name ? mailbox_is_from(s) : mailbox_is(s)))
		return NULL;
	snprintf(why, 256, "is no mailbox such as pins@example.com");
	return field;
}

/* NULL where mails are not signed. */
static enum err
open_dkim(const struct carrier_smtp_options *o, char why[256], struct mail_dkim **out)
{
	struct mail_dkim_options options = {.domain = o->dkim_domain,
	    .selector = o->dkim_selector,
	    .key_file = o->dkim_key};

	*out = NULL;
	return o->dkim_key == NULL ? OK : mail_dkim_new(&options, why, out);
}

static const char *
check_dkim(const struct carrier_smtp_options *o, char why[256])
{
	const char *missing = o->dkim_domain == NULL     ? "dkim_domain"
			      : o->dkim_selector == NULL ? "dkim_selector"
			      : o->dkim_key == NULL      ? "dkim_key"
							 : NULL;
	struct mail_dkim *dkim;

	if (o->dkim_domain == NULL && o->dkim_selector == NULL && o->dkim_key == NULL)
		return NULL;
	if (missing != NULL) {
		snprintf(why, 256, "is missing: domain, selector and key go together");
		return missing;
	}
	if (open_dkim(o, why, &dkim) != OK)
		return "dkim_key";
	mail_dkim_free(dkim);
	return NULL;
}

static const char *
smtp_check(const struct carrier_config *config, char why[256])
{
	const struct carrier_smtp_options *o = config->options;
	const char *field = check_relays(o, why);

	if (field == NULL)
		field = check_sign_in(o, why);
	if (field == NULL)
		field = check_dkim(o, why);
	if (field == NULL)
		field = check_mailbox("sender", config->sender, true, why);
	if (field == NULL)
		field = check_mailbox("bounce_address", o->bounce_address, false, why);
	return field;
}

static void
smtp_warn(const struct carrier_config *config, carrier_warn_f *say, void *ctx)
{
	const struct carrier_smtp_options *o = config->options;

	if (o->tls == SMTP_TLS_OFF)
		say(ctx, "tls",
		    o->user == NULL
			? "is off: PINs cross the network in the clear"
			: "is off: PINs and the password cross the network in the clear");
	if (o->bounce_address != NULL && o->receipt_secret == NULL)
		say(ctx, "bounce_address",
		    "has no use without receipt_secret_file: bounces are told to its "
		    "URL");
}

static bool
smtp_needs_sender(const struct carrier_config *config)
{
	(void)config;
	return true;
}

/* ---- life ---- */

static void
open_relays(struct carrier_smtp *s)
{
	const struct text_list *list = &s->options->relays;

	for (size_t i = 0; i < list->count && i < RELAYS_MAX; i++)
		INVARIANT(parse_relay(&s->arena, list->items[i], usual_port(s->options),
		    &s->relays[s->relay_count++]));
}

static void
open_sessions(struct carrier_smtp *s)
{
	s->slot_count = (size_t)s->options->connections;
	s->slots = mem_array(s->slot_count, sizeof(*s->slots));
	for (size_t i = 0; i < s->slot_count; i++)
		s->slots[i].session = smtp_session_new(&s->user);
}

static void
name_us(struct carrier_smtp *s)
{
	if (s->options->helo != NULL || gethostname(s->helo, sizeof(s->helo) - 1) != 0 ||
	    s->helo[0] == '\0')
		snprintf(s->helo, sizeof(s->helo), "%s",
		    s->options->helo != NULL ? s->options->helo : "localhost");
}

static enum err
smtp_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out)
{
	const struct carrier_smtp_options *o = config->options;
	struct tls_client *tls = NULL;
	struct mail_dkim *dkim;
	struct carrier_smtp *s;

	if (open_dkim(o, why, &dkim) != OK)
		return ERR_IO;
	if (o->tls != SMTP_TLS_OFF && tls_client_new(o->tls_ca, why, &tls) != OK) {
		mail_dkim_free(dkim);
		return ERR_IO;
	}
	s = mem_new(sizeof(*s));
	s->dkim = dkim;
	s->magic = CARRIER_SMTP_MAGIC;
	s->config = config;
	s->options = o;
	s->env = *env;
	arena_init(&s->arena);
	name_us(s);
	s->user = (struct smtp_session_user){.config = config,
	    .env = &s->env,
	    .tls = tls,
	    .helo = s->helo,
	    .end = on_end,
	    .up = on_relay_up,
	    .idle = on_idle,
	    .ctx = s};
	s->timer = evtimer_new(env->base, on_rest_timer, s);
	RESOURCE(s->timer != NULL);
	open_relays(s);
	open_sessions(s);
	*out = &s->carrier;
	return OK;
}

static bool
smtp_is_up(const struct carrier *c)
{
	return find_relay(smtp_of(c), 0) != NULL;
}

static bool
smtp_has_room(const struct carrier *c)
{
	const struct carrier_smtp *s = smtp_of(c);
	const struct smtp_relay *relay = find_relay(s, 0);

	return relay != NULL && find_slot(s, relay) != NULL;
}

static void
smtp_free(struct carrier *c)
{
	struct carrier_smtp *s = smtp_of(c);
	struct carrier_outcome o = {
	    .result = CARRIER_UNKNOWN, .reason = "the carrier was closed"};

	s->closing = true;
	for (size_t i = 0; i < s->slot_count; i++) {
		smtp_session_free(s->slots[i].session);
		if (s->slots[i].request != NULL)
			finish_request(s->slots[i].request, &o);
	}
	tls_client_free(s->user.tls);
	mail_dkim_free(s->dkim);
	event_free(s->timer);
	arena_fini(&s->arena);
	mem_free(s->slots);
	mem_free(s);
}

const struct carrier_ops carrier_smtp_ops = {
    .type = "smtp",
    .channels = CHANNEL_BIT(CHANNEL_EMAIL),
    .options_size = sizeof(struct carrier_smtp_options),
    .check = smtp_check,
    .warn = smtp_warn,
    .needs_sender = smtp_needs_sender,
    .open = smtp_open,
    .submit = smtp_submit,
    .is_up = smtp_is_up,
    .has_room = smtp_has_room,
    .read_receipts = smtp_read_receipts,
    .free = smtp_free,
};
