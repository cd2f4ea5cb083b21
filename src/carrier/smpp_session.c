/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_session.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "carrier/options.h"
#include "base/secret.h"
#include "net/connector.h"
#include "net/tls_client.h"

enum {
	SESSION_MAGIC = 0x736d7070,
	INTERFACE_VERSION = 0x34,
	SEQUENCE_MAX = 0x7fffffff,
	INPUT_MAX = 2 * SMPP_PDU_LEN_MAX,
	OUTPUT_MAX = 1 << 20 /* not read by the other side */
};

enum session_state { DOWN, CONNECTING, BINDING, BOUND, STATE_COUNT };

struct smpp_session {
	unsigned magic;
	const struct carrier_config *config;
	const struct carrier_smpp_options *options;
	const struct carrier_env *env;
	struct smpp_session_user user;
	enum session_state state;
	struct connector *connector; /* until there is a connection */
	struct bufferevent *link;    /* from then on */
	struct event *timer;         /* the next try, a probe, or the end of waiting */
	bool probing;                /* an enquire_link is without its response */
	bool heard;                  /* something came since the timer was set */
	unsigned failures;           /* in a row */
	unsigned deaf;               /* of these, connections that led to nothing */
	int64_t connect_by_ms;       /* steady time */
	uint32_t sequence;
	unsigned bindings; /* that there were */
};

static void
session_move(struct smpp_session *s, enum session_state to)
{
	static const bool may[STATE_COUNT][STATE_COUNT] = {
	    [DOWN] = {[CONNECTING] = true},
	    [CONNECTING] = {[BINDING] = true, [DOWN] = true},
	    [BINDING] = {[BOUND] = true, [DOWN] = true},
	    [BOUND] = {[DOWN] = true},
	};

	CHECK_OBJ(s, SESSION_MAGIC);
	INVARIANT(may[s->state][to]);
	s->state = to;
}

static void
set_timer(struct smpp_session *s, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	RESOURCE(event_add(s->timer, &tv) == 0);
}

static void
drop_link(struct smpp_session *s)
{
	connector_free(s->connector);
	s->connector = NULL;
	if (s->link != NULL)
		bufferevent_free(s->link);
	s->link = NULL;
}

static void
lose(struct smpp_session *s, const char *why)
{
	bool was_bound = s->state == BOUND;
	int64_t wait_ms;

	/* who took the connection and said nothing goes last among the addresses */
	if (s->link != NULL && !was_bound)
		s->deaf++;
	session_move(s, DOWN);
	drop_link(s);
	s->probing = false;
	wait_ms = carrier_pause_ms(s->env, s->failures);
	s->failures++;
	set_timer(s, wait_ms);
	log_event(LOG_LEVEL_WARNING, "carrier_down", LOG_TEXT("carrier", s->config->name),
	    LOG_TEXT("bind", smpp_pdu_command_name(s->user.bind)),
	    LOG_TEXT("reason", why), LOG_INT("retryMs", wait_ms));
	if (was_bound)
		s->user.down(s->user.ctx, why);
}

/* ---- writing ---- */

static enum err
put_pdu(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	struct buf out;
	const char *field;
	enum err e;

	buf_init(&out, SMPP_PDU_LEN_MAX);
	e = smpp_pdu_encode(pdu, &out, &field);
	if (e == OK && bufferevent_write(s->link, out.ptr, out.len) != 0)
		e = ERR_DOWN;
	buf_fini(&out);
	return e;
}

uint32_t
smpp_session_sequence(struct smpp_session *s)
{
	s->sequence = s->sequence >= SEQUENCE_MAX ? 1 : s->sequence + 1;
	return s->sequence;
}

enum err
smpp_session_send(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	return s->state == BOUND ? put_pdu(s, pdu) : ERR_DOWN;
}

static void
put_empty(
    struct smpp_session *s, enum smpp_command command, uint32_t status, uint32_t sequence)
{
	struct smpp_pdu pdu = {
	    .command = command, .status = status, .sequence = sequence};

	INVARIANT(put_pdu(s, &pdu) == OK);
}

/* Past the buffers, as the link is about to close; best effort. */
static void
put_now(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	struct buf out;
	const char *field;

	buf_init(&out, SMPP_PDU_LEN_MAX);
	INVARIANT(smpp_pdu_encode(pdu, &out, &field) == OK);
	if (s->user.tls != NULL)
		tls_client_put_now(s->link, buf_span(&out));
	else
		(void)!send(bufferevent_getfd(s->link), out.ptr, out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_fini(&out);
}

static bool
copy_text(char *out, size_t size, const char *text)
{
	return snprintf(out, size, "%s", text == NULL ? "" : text) < (int)size;
}

static void
bind_session(struct smpp_session *s)
{
	struct smpp_pdu pdu = {.command = s->user.bind,
	    .sequence = smpp_session_sequence(s),
	    .interface_version = INTERFACE_VERSION};
	const struct carrier_smpp_options *c = s->options;

	INVARIANT(copy_text(pdu.system_id, sizeof(pdu.system_id), c->system_id));
	INVARIANT(copy_text(pdu.password, sizeof(pdu.password), c->password));
	INVARIANT(copy_text(pdu.system_type, sizeof(pdu.system_type), c->system_type));
	session_move(s, BINDING);
	INVARIANT(put_pdu(s, &pdu) == OK);
	secret_wipe(pdu.password, sizeof(pdu.password));
	set_timer(s, c->response_timeout_ms);
}

void
smpp_session_probe(struct smpp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	if (s->state != BOUND || s->probing)
		return;
	s->probing = true;
	s->heard = false;
	put_empty(s, SMPP_enquire_link, 0, smpp_session_sequence(s));
	set_timer(s, s->options->response_timeout_ms);
}

/* ---- reading ---- */

static void
on_bind_resp(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	char why[80];

	if (pdu->status != SMPP_ESME_ROK) {
		snprintf(why, sizeof(why), "the bind was refused: %s (0x%x)",
		    smpp_pdu_status_name(pdu->status), pdu->status);
		lose(s, why);
		return;
	}
	session_move(s, BOUND);
	s->bindings++;
	s->failures = 0;
	s->deaf = 0;
	s->heard = true;
	set_timer(s, s->options->enquire_link_ms);
	log_event(LOG_LEVEL_INFO, "carrier_up", LOG_TEXT("carrier", s->config->name),
	    LOG_TEXT("bind", smpp_pdu_command_name(s->user.bind)),
	    LOG_TEXT("smsc", pdu->system_id));
	s->user.up(s->user.ctx);
}

/*
 * A request that we do not take does not end the link: the SMSC would only send it
 * again on the next one. Its frame was right, so what follows is a PDU. The refusal is
 * the request's own response (SMPP 3.4 4.3: generic_nack is for what has none).
 */
static void
refuse(struct smpp_session *s, enum smpp_command response, uint32_t status,
    uint32_t sequence, const char *field)
{
	log_event(LOG_LEVEL_WARNING, "pdu_refused", LOG_TEXT("carrier", s->config->name),
	    LOG_TEXT("status", smpp_pdu_status_name(status)), LOG_TEXT("field", field));
	s->heard = true;
	put_empty(s, response, status, sequence);
}

/* By whichever of the three it was written. */
static bool
answers_bind(const struct smpp_session *s, enum smpp_command c)
{
	return s->state == BINDING &&
	       (c == SMPP_generic_nack || c == SMPP_bind_transceiver_resp ||
		   c == SMPP_bind_transmitter_resp || c == SMPP_bind_receiver_resp);
}

/* An SMSC asks an ESME for deliver_sm and data_sm alone, and for both when bound. */
static void
on_request(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	bool served = pdu->command == SMPP_deliver_sm || pdu->command == SMPP_data_sm;

	if (served && s->state == BOUND)
		s->user.pdu(s->user.ctx, pdu);
	else
		refuse(s, smpp_pdu_response_of(pdu->command),
		    served ? SMPP_ESME_RX_T_APPN : SMPP_ESME_RINVCMDID, pdu->sequence,
		    "command_id");
}

static void
on_pdu(struct smpp_session *s, const struct smpp_pdu *pdu)
{
	s->heard = true;
	if (answers_bind(s, pdu->command)) {
		on_bind_resp(s, pdu);
	} else if (pdu->command == SMPP_enquire_link) {
		put_empty(s, SMPP_enquire_link_resp, 0, pdu->sequence);
	} else if (pdu->command == SMPP_enquire_link_resp) {
		s->probing = false;
		if (s->state == BOUND)
			set_timer(s, s->options->enquire_link_ms);
	} else if (pdu->command == SMPP_unbind) {
		put_now(s, &(struct smpp_pdu){
			       .command = SMPP_unbind_resp, .sequence = pdu->sequence});
		lose(s, "the other side unbound");
	} else if (!smpp_pdu_is_response(pdu->command)) {
		on_request(s, pdu);
	} else if (s->state == BOUND) {
		s->user.pdu(s->user.ctx, pdu);
	}
}

/* Also of a command that we do not know (SMPP 3.4, 5.1.2.1: bit 31). */
static bool
is_response(struct span octets)
{
	return ((uint8_t)octets.ptr[4] & 0x80) != 0;
}

/* One PDU, whole in memory. */
static void
take_pdu(struct smpp_session *s, struct span octets)
{
	struct smpp_pdu pdu;
	const char *field;
	enum err e = smpp_pdu_decode(octets, &pdu, &field);

	if (e == OK)
		on_pdu(s, &pdu);
	else if (e == ERR_NOT_FOUND && is_response(octets))
		s->heard = true; /* a nack of a response would answer nothing */
	else if (e == ERR_NOT_FOUND)
		refuse(s, SMPP_generic_nack, SMPP_ESME_RINVCMDID, pdu.sequence, field);
	else
		refuse(s, smpp_pdu_response_of(pdu.command), SMPP_ESME_RINVMSGLEN,
		    pdu.sequence, field);
}

/* False when there is no whole PDU, or no link any more. */
static bool
take_next(struct smpp_session *s)
{
	struct evbuffer *in = s->link == NULL ? NULL : bufferevent_get_input(s->link);
	struct bufferevent *link = s->link;
	char head[4];
	size_t len;
	enum err e;

	if (in == NULL ||
	    evbuffer_copyout(in, head, sizeof(head)) < (ssize_t)sizeof(head))
		return false;
	e = smpp_pdu_length((struct span){head, sizeof(head)}, &len);
	if (e != OK) {
		lose(s, "a PDU of an impossible length");
		return false;
	}
	if (evbuffer_get_length(in) < len)
		return false;
	take_pdu(s, (struct span){(const char *)evbuffer_pullup(in, (ssize_t)len), len});
	if (s->link != link)
		return false;
	evbuffer_drain(in, len);
	/* an SMSC that asks without end and reads no answer; our requests are bounded
	 * elsewhere */
	if (evbuffer_get_length(bufferevent_get_output(link)) > OUTPUT_MAX) {
		lose(s, "the other side does not read");
		return false;
	}
	return true;
}

static void
on_read(struct bufferevent *link, void *ctx)
{
	struct smpp_session *s = ctx;

	CHECK_OBJ(s, SESSION_MAGIC);
	(void)link;
	while (take_next(s))
		continue;
}

static void
on_link(struct bufferevent *link, short what, void *ctx)
{
	struct smpp_session *s = ctx;
	const char *fault;

	CHECK_OBJ(s, SESSION_MAGIC);
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		bind_session(s);
		return;
	}
	fault = s->user.tls == NULL ? NULL : tls_client_fault(link);
	if (fault != NULL)
		lose(s, fault);
	else if ((what & BEV_EVENT_ERROR) != 0)
		lose(s, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	else
		lose(s, "the connection was closed");
}

/* ---- connecting ---- */

/* With TLS the bind follows its handshake, in what is left of the time. */
static void
use_connection(struct smpp_session *s, int fd)
{
	const struct carrier_smpp_options *c = s->options;
	int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	int64_t left_ms = s->connect_by_ms - s->env->clock->steady_ms(s->env->clock);

	if (s->user.tls != NULL)
		s->link = tls_client_link(s->user.tls, s->env->base, fd,
		    c->tls_name != NULL ? c->tls_name : c->host, options);
	else
		s->link = bufferevent_socket_new(s->env->base, fd, options);
	RESOURCE(s->link != NULL);
	bufferevent_setcb(s->link, on_read, NULL, on_link, s);
	bufferevent_setwatermark(s->link, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(s->link, EV_READ | EV_WRITE);
	if (s->user.tls != NULL)
		set_timer(s, left_ms > 0 ? left_ms : 0);
	else
		bind_session(s);
}

static void
on_connected(void *ctx, int fd, const char *why)
{
	struct smpp_session *s = ctx;
	struct connector *ended = s->connector;

	CHECK_OBJ(s, SESSION_MAGIC);
	s->connector = NULL;
	if (fd < 0)
		lose(s, why);
	else
		use_connection(s, fd);
	connector_free(ended); /* `why` was its own */
}

/* The connector has a time of its own, which says more of what it tried. */
static void
connect_link(struct smpp_session *s)
{
	const struct carrier_smpp_options *c = s->options;
	struct connector_target to = {.host = c->host,
	    .port = c->port,
	    .timeout_ms = c->connect_timeout_ms,
	    .first = s->deaf};

	session_move(s, CONNECTING);
	s->connect_by_ms =
	    s->env->clock->steady_ms(s->env->clock) + c->connect_timeout_ms;
	s->connector = connector_new(s->env->base, &to, on_connected, s);
}

static void
on_session_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct smpp_session *s = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(s, SESSION_MAGIC);
	if (s->state == DOWN) {
		connect_link(s);
	} else if (s->state == CONNECTING) {
		lose(s, "the TLS handshake took too long");
	} else if (s->state == BINDING) {
		lose(s, "no response to the bind");
	} else if (s->probing && !s->heard) {
		lose(s, "no response to enquire_link");
	} else if (s->heard) {
		s->heard = false;
		s->probing = false;
		set_timer(s, s->options->enquire_link_ms);
	} else {
		smpp_session_probe(s);
	}
}

/* ---- life ---- */

struct smpp_session *
smpp_session_new(const struct carrier_config *config, const struct carrier_env *env,
    const struct smpp_session_user *user)
{
	struct smpp_session *s = mem_new(sizeof(*s));

	s->magic = SESSION_MAGIC;
	s->config = config;
	s->options = config->options;
	s->env = env;
	s->user = *user;
	s->timer = evtimer_new(env->base, on_session_timer, s);
	RESOURCE(s->timer != NULL);
	connect_link(s);
	return s;
}

void
smpp_session_free(struct smpp_session *s)
{
	if (s == NULL)
		return;
	CHECK_OBJ(s, SESSION_MAGIC);
	if (s->state == BOUND)
		put_now(s, &(struct smpp_pdu){.command = SMPP_unbind,
			       .sequence = smpp_session_sequence(s)});
	drop_link(s);
	event_free(s->timer);
	mem_free(s);
}

bool
smpp_session_is_bound(const struct smpp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	return s->state == BOUND;
}

unsigned
smpp_session_binding(const struct smpp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	return s->state == BOUND ? s->bindings : 0;
}
