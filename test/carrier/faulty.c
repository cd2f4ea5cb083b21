/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/faulty.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEADLINE_MS = 10000, TURN_MS = 10 };

/* ---- what it says ---- */

static void
say(struct faulty *f, const struct smpp_pdu *pdu)
{
	struct buf out;
	const char *field;

	buf_init(&out, SMPP_PDU_LEN_MAX);
	assert_int_equal(smpp_pdu_encode(pdu, &out, &field), OK);
	if (f->way == FAULTY_PIECES)
		buf_add(&f->pieces, out.ptr, out.len);
	else
		bufferevent_write(f->link, out.ptr, out.len);
	buf_fini(&out);
}

static void
respond(struct faulty *f, uint32_t sequence, uint32_t status)
{
	struct smpp_pdu pdu = {
	    .command = SMPP_submit_sm_resp, .sequence = sequence, .status = status};

	snprintf(pdu.message_id, sizeof(pdu.message_id), "id%u", sequence);
	f->at_once--;
	say(f, &pdu);
}

static void
say_octets(struct faulty *f, const char *octets, size_t len)
{
	bufferevent_write(f->link, octets, len);
}

void
faulty_say(struct faulty *f, const struct smpp_pdu *pdu)
{
	say(f, pdu);
}

void
faulty_say_hex(struct faulty *f, const char *hex)
{
	for (size_t i = 0; hex[i] != '\0'; i++) {
		char byte[3] = {hex[i], hex[i + 1], '\0'};
		char octet;

		if (hex[i] == ' ')
			continue;
		octet = (char)strtoul(byte, NULL, 16);
		say_octets(f, &octet, 1);
		i++;
	}
}

/* A whole PDU: its length, which is tedious to count, is put in. */
void
faulty_say_whole(struct faulty *f, const char *hex)
{
	size_t digits = 0;
	char head[24];

	for (const char *c = hex; *c != '\0'; c++)
		digits += *c != ' ';
	snprintf(head, sizeof(head), "%08zx", digits / 2);
	faulty_say_hex(f, head);
	faulty_say_hex(f, hex + strlen(head));
}

void
faulty_respond_hex(struct faulty *f, uint32_t sequence, uint32_t status, const char *body)
{
	size_t digits = 0;
	char head[64];

	for (const char *c = body; *c != '\0'; c++)
		digits += *c != ' ';
	snprintf(head, sizeof(head), "%08zx 80000004 %08x %08x",
	    SMPP_HEADER_LEN + digits / 2, status, sequence);
	f->at_once--;
	faulty_say_hex(f, head);
	faulty_say_hex(f, body);
}

void
faulty_report(struct faulty *f, uint32_t sequence, const char *text)
{
	struct smpp_pdu pdu = {.command = SMPP_deliver_sm,
	    .sequence = sequence,
	    .esm_class = 0x04,
	    .short_message = span_of(text)};

	say(f, &pdu);
}

static void
hang_up(struct faulty *f)
{
	bufferevent_free(f->link);
	f->link = NULL;
	f->at_once = 0;
}

static void
hold(struct faulty *f, uint32_t sequence)
{
	assert_true(f->held_count < FAULTY_HELD_MAX);
	f->held[f->held_count++] = sequence;
}

void
faulty_release_one(struct faulty *f, uint32_t status)
{
	assert_true(f->held_count > 0);
	respond(f, f->held[--f->held_count], status);
}

void
faulty_release(struct faulty *f)
{
	while (f->held_count > 0)
		faulty_release_one(f, 0);
}

static void
on_submit_in_its_way(struct faulty *f, uint32_t sequence)
{
	struct smpp_pdu other = {.command = SMPP_generic_nack, .sequence = sequence};

	switch (f->way) {
	case FAULTY_ACCEPT:
	case FAULTY_PIECES:
		respond(f, sequence, 0);
		return;
	case FAULTY_REJECT:
		respond(f, sequence, f->code);
		return;
	case FAULTY_NACK:
		other.status = f->code;
		say(f, &other);
		return;
	case FAULTY_SILENT:
	case FAULTY_DEAD:
		return;
	case FAULTY_HOLD:
		hold(f, sequence);
		return;
	case FAULTY_CLOSE:
		hang_up(f);
		return;
	case FAULTY_GARBAGE:
		say_octets(f, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		return;
	case FAULTY_HUGE:
		say_octets(f, "\xff\xff\xff\xff\x80\0\0\4\0\0\0\0\0\0\0\1", 16);
		return;
	case FAULTY_SHORT:
		say_octets(f, "\0\0\0\4\x80\0\0\4\0\0\0\0\0\0\0\1", 16);
		return;
	case FAULTY_BAD_BODY:
		faulty_respond_hex(f, sequence, 0, "7878");
		return;
	case FAULTY_TWICE:
		respond(f, sequence, 0);
		f->at_once++;
		respond(f, sequence, SMPP_ESME_RINVDSTADR);
		return;
	case FAULTY_STRANGER:
		f->at_once++;
		respond(f, sequence + 1000, SMPP_ESME_RINVDSTADR);
		respond(f, sequence, 0);
		return;
	case FAULTY_UNBIND:
		other.command = SMPP_unbind;
		say(f, &other);
		return;
	case FAULTY_DELIVER:
		other.command = SMPP_deliver_sm;
		other.sequence = 77;
		say(f, &other);
		say_octets(f, "\0\0\0\x10\0\0\1\2\0\0\0\0\0\0\0\x4e", 16);
		respond(f, sequence, 0);
		return;
	}
}

/* ---- what it hears ---- */

static void
on_submit(struct faulty *f, const struct smpp_pdu *pdu)
{
	f->submits++;
	f->at_once++;
	if (f->at_once > f->most_at_once)
		f->most_at_once = f->at_once;
	f->last = *pdu;
	f->last_text_len = pdu->short_message.len;
	memcpy(f->last_text, pdu->short_message.ptr, pdu->short_message.len);
	on_submit_in_its_way(f, pdu->sequence);
}

static void
on_pdu(struct faulty *f, const struct smpp_pdu *pdu)
{
	struct smpp_pdu resp = {.sequence = pdu->sequence};

	if (pdu->command == SMPP_bind_transceiver) {
		f->binds++;
		resp.command = SMPP_bind_transceiver_resp;
		resp.status = f->bind_status;
		if (f->way != FAULTY_DEAD)
			say(f, &resp);
	} else if (pdu->command == SMPP_submit_sm) {
		on_submit(f, pdu);
	} else if (pdu->command == SMPP_enquire_link) {
		f->probes++;
		resp.command = SMPP_enquire_link_resp;
		if (f->way != FAULTY_SILENT && f->way != FAULTY_DEAD)
			say(f, &resp);
	} else if (pdu->command == SMPP_deliver_sm_resp ||
		   pdu->command == SMPP_data_sm_resp) {
		f->deliver_acks++;
		f->last_ack_command = pdu->command;
		f->last_ack_status = pdu->status;
		f->last_ack_sequence = pdu->sequence;
	} else if (pdu->command == SMPP_generic_nack) {
		f->nacks++;
	} else if (smpp_pdu_is_response(pdu->command) &&
		   pdu->command != SMPP_unbind_resp) {
		f->refusals++;
		f->last_refusal = pdu->command;
		assert_int_equal(pdu->status, SMPP_ESME_RINVCMDID);
	} else if (pdu->command == SMPP_unbind) {
		f->unbinds++;
	}
}

static void
on_read(struct bufferevent *link, void *ctx)
{
	struct faulty *f = ctx;
	struct evbuffer *in = bufferevent_get_input(link);

	while (f->link == link && evbuffer_get_length(in) >= SMPP_HEADER_LEN) {
		char *octets = (char *)evbuffer_pullup(in, -1);
		struct smpp_pdu pdu;
		const char *field;
		size_t len;

		assert_int_equal(
		    smpp_pdu_length((struct span){octets, SMPP_HEADER_LEN}, &len), OK);
		if (evbuffer_get_length(in) < len)
			return;
		assert_int_equal(
		    smpp_pdu_decode((struct span){octets, len}, &pdu, &field), OK);
		on_pdu(f, &pdu);
		if (f->link == link)
			evbuffer_drain(in, len);
	}
}

static void
on_event(struct bufferevent *link, short what, void *ctx)
{
	struct faulty *f = ctx;

	(void)what;
	if (f->link == link)
		hang_up(f);
	else
		bufferevent_free(link);
}

static void
on_connection(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer,
    int len, void *ctx)
{
	struct faulty *f = ctx;

	(void)l;
	(void)peer;
	(void)len;
	f->connections++;
	if (f->link != NULL)
		hang_up(f);
	f->link = bufferevent_socket_new(f->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(f->link, on_read, NULL, on_event, f);
	bufferevent_enable(f->link, EV_READ | EV_WRITE);
}

/* ---- the carrier beside it ---- */

static void
on_changed(void *ctx)
{
	((struct faulty *)ctx)->changes++;
}

static void
on_receipt(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r)
{
	struct faulty *f = ctx;
	struct reported *to = &f->reported[f->reported_count++];

	assert_true(f->reported_count <= REPORTED_MAX);
	assert_string_equal(config->name, "test");
	snprintf(to->message_id, sizeof(to->message_id), "%s", r->message_id);
	to->status = r->status;
	to->error = r->error;
	to->taken = r->taken;
	to->taken_ctx = r->taken_ctx;
	if (f->taking != TAKE_LATER)
		r->taken(r->taken_ctx, f->taking == TAKE_AT_ONCE);
}

void
faulty_open(struct faulty *f)
{
	struct carrier_env env = {.base = f->base,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = "/tmp",
	    .changed = on_changed,
	    .receipt = on_receipt,
	    .ctx = f};
	char why[256] = "";

	assert_int_equal(carrier_open(&f->config, &env, why, &f->carrier), OK);
}

void
faulty_bind(struct faulty *f)
{
	faulty_open(f);
	faulty_until(f, carrier_is_up(f->carrier));
}

static void
on_done(void *ctx, const struct carrier_outcome *outcome)
{
	struct outcome *o = ctx;

	o->calls++;
	o->result = outcome->result;
	o->code = outcome->code;
	o->throttled = outcome->throttled;
	o->partly = outcome->partly;
	o->elsewhere = outcome->elsewhere;
	assert_non_null(outcome->reason);
	snprintf(o->reason, sizeof(o->reason), "%s", outcome->reason);
	o->part_count = outcome->part_count;
	if (o->part_count > 0)
		snprintf(o->last_part_id, sizeof(o->last_part_id), "%s",
		    outcome->part_ids[o->part_count - 1]);
	snprintf(o->message_id, sizeof(o->message_id), "%s",
	    outcome->message_id == NULL ? "" : outcome->message_id);
}

void
faulty_submit(struct faulty *f, unsigned i, const char *text)
{
	struct carrier_message m = {.pin_id = "p",
	    .application_id = "a",
	    .to = "41793026727",
	    .from = "Bar",
	    .content = {.sms = {.text = span_of(text)}},
	    .validity_ms = 60000};

	assert_true(i < OUTCOMES_MAX);
	carrier_submit(f->carrier, &m, on_done, &f->outcomes[i]);
}

/* ---- time ---- */

int64_t
faulty_deadline(struct faulty *f)
{
	(void)f;
	return clock_system.steady_ms(&clock_system) + DEADLINE_MS;
}

/* The next octet of what goes out in pieces. */
static bool
put_piece(struct faulty *f)
{
	if (f->link == NULL || f->pieces_sent == f->pieces.len)
		return false;
	bufferevent_write(f->link, f->pieces.ptr + f->pieces_sent++, 1);
	return true;
}

static void
turn(struct faulty *f, int ms)
{
	struct timeval tv = {0, (put_piece(f) ? 1 : ms) * 1000};

	event_base_loopexit(f->base, &tv);
	event_base_loop(f->base, EVLOOP_ONCE);
}

void
faulty_turn(struct faulty *f, int64_t until, const char *what)
{
	if (clock_system.steady_ms(&clock_system) > until)
		fail_msg("waited too long for %s", what);
	turn(f, TURN_MS);
}

void
faulty_idle(struct faulty *f, int ms)
{
	int64_t until = clock_system.steady_ms(&clock_system) + ms;

	while (clock_system.steady_ms(&clock_system) < until)
		turn(f, TURN_MS);
}

/* ---- life ---- */

int
faulty_setup(void **state)
{
	struct faulty *f = mem_new(sizeof(*f));
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	f->base = event_base_new();
	buf_init(&f->pieces, SMPP_PDU_LEN_MAX);
	f->listener = evconnlistener_new_bind(f->base, on_connection, f,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16, (struct sockaddr *)&a,
	    sizeof(a));
	assert_non_null(f->listener);
	getsockname(evconnlistener_get_fd(f->listener), (struct sockaddr *)&a, &len);
	f->port = ntohs(a.sin_port);
	f->config = (struct carrier_config){
	    .name = "test", .type = "smpp", .options = &f->options};
	f->options = (struct carrier_smpp_options){.host = "127.0.0.1",
	    .port = f->port,
	    .system_id = "watch",
	    .password = "pw",
	    .window = 10,
	    .enquire_link_ms = 10000,
	    .response_timeout_ms = 300,
	    .connect_timeout_ms = 300,
	    .source_ton = -1,
	    .source_npi = -1,
	    .data_coding = -1,
	    .dest_ton = 1,
	    .dest_npi = 1};
	*state = f;
	return 0;
}

void
faulty_stop_listening(struct faulty *f)
{
	evconnlistener_free(f->listener);
	f->listener = NULL;
}

int
faulty_teardown(void **state)
{
	struct faulty *f = *state;

	carrier_free(f->carrier);
	if (f->link != NULL)
		bufferevent_free(f->link);
	if (f->listener != NULL)
		evconnlistener_free(f->listener);
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	event_base_free(f->base);
	buf_fini(&f->pieces);
	mem_free(f);
	return 0;
}
