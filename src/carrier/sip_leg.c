/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_leg.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "carrier/sip_remote.h"

enum {
	SIP_LEG_MAGIC = 0x6c656721,
	HEADERS_LEN_MAX = 16384,
	CHALLENGES_MAX = 3,
	T1_MS = 500, /* RFC 3261 17.1.1.1 */
	T2_MS = 4000,
	ACK_WAIT_MS = 64 * T1_MS,
	AGAIN_MS = 1500 /* after a 491 */
};

/* A 2xx of ours to their INVITE, until its ACK. */
struct reply {
	struct sip_msg *msg; /* the request; NULL: none is open */
	struct mbuf *octets;
	struct sa to;
	struct tmr again;
	struct tmr end;
	unsigned sent;
	bool offered; /* it has an offer, and the ACK its answer */
};

struct sip_leg {
	unsigned magic;
	TAILQ_ENTRY(sip_leg) entry;
	struct sip_leg_line *line;
	struct sip_leg_user user;
	struct sip_auth *auth;
	struct sip_request *invite;
	struct sip_request *bye;
	struct mbuf *offer; /* of the INVITE under way */
	struct mbuf *ack;
	struct sa ack_to;
	struct reply reply;
	struct tmr refresh;
	struct sip_remote remote;
	char call_id[40];
	char tag[20];
	char identity[SIP_REMOTE_TO_LEN];
	char *headers;
	struct sa peer;
	uint32_t cseq;
	uint32_t remote_cseq;
	uint32_t session_s; /* of RFC 4028; 0: none */
	unsigned challenges;
	unsigned held; /* calls of ours that are under way in it */
	bool remote_cseq_set;
	bool established;
	bool ended; /* the dialog is over for both sides */
	bool dropped;
};

static struct sip_leg *
leg_of(void *ctx)
{
	struct sip_leg *leg = ctx;

	CHECK_OBJ(leg, SIP_LEG_MAGIC);
	return leg;
}

const char *
sip_leg_call_id(const struct sip_leg *leg)
{
	return leg->call_id;
}

/* ---- life ---- */

static void
end_reply(struct sip_leg *leg)
{
	tmr_cancel(&leg->reply.again);
	tmr_cancel(&leg->reply.end);
	mem_deref(leg->reply.octets);
	mem_deref(leg->reply.msg);
	leg->reply.octets = NULL;
	leg->reply.msg = NULL;
}

static void
leg_free(struct sip_leg *leg)
{
	TAILQ_REMOVE(&leg->line->legs, leg, entry);
	end_reply(leg);
	tmr_cancel(&leg->refresh);
	mem_deref(leg->auth);
	mem_deref(leg->offer);
	mem_deref(leg->ack);
	mem_free(leg->headers);
	mem_free(leg);
}

static void
free_if_over(struct sip_leg *leg)
{
	if (leg->dropped && leg->held == 0 && leg->invite == NULL && leg->bye == NULL)
		leg_free(leg);
}

/* While something is done in it, its user may drop it and it stays. */
static struct sip_leg *
hold(void *ctx)
{
	struct sip_leg *leg = leg_of(ctx);

	leg->held++;
	return leg;
}

static void
release(struct sip_leg *leg)
{
	leg->held--;
	free_if_over(leg);
}

/* ---- requests ---- */

int
sip_leg_put_contact(
    const struct sip_leg_line *line, const struct sa *from, struct mbuf *mb)
{
	struct sa shown = *from;

	if (line->public_address != NULL &&
	    sa_set_str(&shown, line->public_address, sa_port(from)) != 0)
		shown = *from;
	return mbuf_printf(mb, "Contact: <sip:%s@%J%s>\r\n", line->contact, &shown,
	    sip_transp_param(line->transport));
}

static int
put_contact(enum sip_transp transport, const struct sa *from, const struct sa *to,
    struct mbuf *mb, void *ctx)
{
	struct sip_leg *leg = ctx;

	(void)transport;
	(void)to;
	return sip_leg_put_contact(leg->line, from, mb);
}

/* A 2xx that comes again has the same ACK again (RFC 3261 13.2.2.4). */
static int
keep_ack(enum sip_transp transport, const struct sa *from, const struct sa *to,
    struct mbuf *mb, void *ctx)
{
	struct sip_leg *leg = ctx;

	mem_deref(leg->ack);
	leg->ack = mem_ref(mb);
	leg->ack_to = *to;
	return put_contact(transport, from, to, mb, ctx);
}

struct request {
	const char *method;
	uint32_t cseq;
	const struct sip_remote *remote;
	const char *headers;
	const struct mbuf *body;  /* NULL: none */
	struct sip_request **out; /* NULL: nothing answers it */
	sip_send_h *send;
	sip_resp_h *respond;
};

static void
put_request(const struct sip_leg *leg, const struct request *r, struct buf *out)
{
	size_t body_len = r->body == NULL ? 0 : mbuf_get_left(r->body);

	buf_add_text(out, r->remote->routes);
	buf_printf(out, "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n",
	    leg->identity, leg->tag, r->remote->to, leg->call_id, (unsigned)r->cseq,
	    r->method);
	buf_add_text(out, "User-Agent: Watchword\r\n");
	buf_add_text(out, r->headers);
	if (body_len > 0)
		buf_add_text(out, "Content-Type: application/sdp\r\n");
	buf_printf(out, "Content-Length: %zu\r\n\r\n", body_len);
	if (body_len > 0)
		buf_add(out, mbuf_buf(r->body), body_len);
}

static int
send_request(struct sip_leg *leg, const struct request *r)
{
	struct uri route;
	struct pl text;
	char hop[SIP_REMOTE_URI_LEN];
	struct buf out;
	int e;

	re_snprintf(hop, sizeof(hop), "sip:%J%s", &r->remote->hop,
	    sip_transp_param(leg->line->transport));
	pl_set_str(&text, hop);
	e = uri_decode(&route, &text);
	if (e != 0)
		return e;
	buf_init(&out, HEADERS_LEN_MAX);
	put_request(leg, r, &out);
	e = out.failed ? EOVERFLOW
		       : sip_requestf(r->out, leg->line->sip, r->out != NULL, r->method,
			     r->remote->target, &route, leg->auth, r->send, r->respond,
			     leg, "%b", out.ptr, out.len);
	buf_fini(&out);
	return e;
}

/* ---- BYE ---- */

static void on_bye_response(int error, const struct sip_msg *msg, void *ctx);

static void
send_bye(struct sip_leg *leg)
{
	struct request r = {.method = "BYE",
	    .cseq = ++leg->cseq,
	    .remote = &leg->remote,
	    .headers = "",
	    .out = &leg->bye,
	    .send = put_contact,
	    .respond = on_bye_response};

	leg->ended = true;
	(void)send_request(leg, &r);
}

static bool
answer_challenge(struct sip_leg *leg, const struct sip_msg *msg)
{
	return msg != NULL && (msg->scode == 401 || msg->scode == 407) &&
	       ++leg->challenges <= CHALLENGES_MAX &&
	       sip_auth_authenticate(leg->auth, msg) == 0;
}

static void
on_bye_response(int error, const struct sip_msg *msg, void *ctx)
{
	struct sip_leg *leg;

	if (error == 0 && msg->scode < 200)
		return;
	leg = hold(ctx);
	if (answer_challenge(leg, msg))
		send_bye(leg);
	release(leg);
}

void
sip_leg_drop(struct sip_leg *leg)
{
	if (leg == NULL)
		return;
	CHECK_OBJ(leg, SIP_LEG_MAGIC);
	INVARIANT(!leg->dropped);
	leg->dropped = true;
	tmr_cancel(&leg->refresh);
	end_reply(leg);
	if (leg->established && !leg->ended)
		send_bye(leg);
	else if (!leg->established && leg->invite != NULL)
		sip_request_cancel(leg->invite);
	free_if_over(leg);
}

/* ---- session timers (RFC 4028) ---- */

static void send_invite_again(struct sip_leg *leg);

static void
on_refresh(void *ctx)
{
	struct sip_leg *leg = leg_of(ctx);

	if (leg->invite != NULL || leg->reply.msg != NULL) {
		tmr_start(&leg->refresh, AGAIN_MS, on_refresh, leg);
		return;
	}
	mem_deref(leg->offer);
	leg->offer = leg->user.refresh(leg->user.ctx);
	leg->challenges = 0;
	if (leg->offer != NULL)
		send_invite_again(leg);
}

/* Half of the interval has passed when it is refreshed (RFC 4028 10). */
static void
set_refresh(struct sip_leg *leg, uint32_t session_s, bool ours)
{
	leg->session_s = session_s;
	tmr_cancel(&leg->refresh);
	if (session_s > 0 && ours && !leg->dropped)
		tmr_start(&leg->refresh, (uint64_t)session_s * 1000 / 2, on_refresh, leg);
}

/* ---- INVITE ---- */

static void
send_ack(struct sip_leg *leg, const struct sip_remote *to, uint32_t cseq)
{
	struct request r = {
	    .method = "ACK", .cseq = cseq, .remote = to, .headers = "", .send = keep_ack};

	(void)send_request(leg, &r);
}

static void
on_first_answer(struct sip_leg *leg, const struct sip_msg *msg)
{
	bool ours;
	bool theirs;
	uint32_t session_s = sip_remote_session(msg, &ours, &theirs);

	if (!sip_remote_read(leg->line->transport, &leg->peer, msg, &leg->remote)) {
		leg->ended = true;
		if (!leg->dropped)
			leg->user.refused(leg->user.ctx, SIP_LEG_UNREADABLE, NULL);
		return;
	}
	leg->established = true;
	send_ack(leg, &leg->remote, msg->cseq.num);
	if (leg->dropped) {
		send_bye(leg);
		return;
	}
	set_refresh(leg, session_s, ours);
	leg->user.answered(leg->user.ctx, msg);
}

static int send_invite(struct sip_leg *leg);

static void
on_refusal(struct sip_leg *leg, int error, const struct sip_msg *msg)
{
	if (!leg->dropped && answer_challenge(leg, msg)) {
		error = send_invite(leg);
		if (error == 0)
			return;
		msg = NULL;
	}
	leg->ended = true;
	if (!leg->dropped)
		leg->user.refused(leg->user.ctx, error, msg);
}

static void
on_invite_response(int error, const struct sip_msg *msg, void *ctx)
{
	struct sip_leg *leg = hold(ctx);

	if (error != 0 || msg->scode >= 300)
		on_refusal(leg, error, msg);
	else if (msg->scode >= 200)
		on_first_answer(leg, msg);
	else if (!leg->dropped)
		leg->user.progress(leg->user.ctx, msg);
	release(leg);
}

static int
send_invite(struct sip_leg *leg)
{
	struct request r = {.method = "INVITE",
	    .cseq = ++leg->cseq,
	    .remote = &leg->remote,
	    .headers = leg->headers,
	    .body = leg->offer,
	    .out = &leg->invite,
	    .send = put_contact,
	    .respond = on_invite_response};

	return send_request(leg, &r);
}

struct sip_leg *
sip_leg_new(struct sip_leg_line *line, const struct sip_leg_ask *ask,
    const struct sip_leg_user *user, int *error_out)
{
	struct sip_leg *leg = mem_new(sizeof(*leg));

	leg->magic = SIP_LEG_MAGIC;
	leg->line = line;
	leg->user = *user;
	leg->peer = leg->remote.hop = ask->peer;
	leg->offer = ask->offer;
	leg->headers = mem_text(ask->headers);
	leg->cseq = rand_u16();
	snprintf(leg->identity, sizeof(leg->identity), "%s", ask->identity);
	snprintf(leg->remote.target, sizeof(leg->remote.target), "%s", ask->uri);
	snprintf(leg->remote.to, sizeof(leg->remote.to), "<%s>", ask->uri);
	re_snprintf(
	    leg->call_id, sizeof(leg->call_id), "%016llx%016llx", rand_u64(), rand_u64());
	re_snprintf(leg->tag, sizeof(leg->tag), "%016llx", rand_u64());
	RESOURCE(sip_auth_alloc(
		     &leg->auth, line->credentials, line->credentials_ctx, false) == 0);
	TAILQ_INSERT_HEAD(&line->legs, leg, entry);
	*error_out = send_invite(leg);
	if (*error_out == 0)
		return leg;
	leg->dropped = true;
	leg_free(leg);
	return NULL;
}

/* ---- a refresh, and its answer ---- */

static void
lose(struct sip_leg *leg)
{
	leg->ended = true;
	if (!leg->dropped)
		leg->user.ended(leg->user.ctx, false);
}

/* A dialog that the other side does not know is over (RFC 3261 12.2.1.2); another
 * refusal leaves the session as it was. */
static void
on_refused_again(struct sip_leg *leg, int error, const struct sip_msg *msg)
{
	if (msg != NULL && msg->scode == 491 && !leg->dropped)
		tmr_start(&leg->refresh, AGAIN_MS, on_refresh, leg);
	else if (error != 0 || msg->scode == 408 || msg->scode == 481)
		lose(leg);
}

static void
on_again_response(int error, const struct sip_msg *msg, void *ctx)
{
	struct sip_leg *leg;
	bool ours;
	bool theirs;

	if (error == 0 && msg->scode < 200)
		return;
	leg = hold(ctx);
	if (error == 0 && msg->scode < 300) {
		uint32_t session_s = sip_remote_session(msg, &ours, &theirs);

		send_ack(leg, &leg->remote, msg->cseq.num);
		set_refresh(leg, session_s, ours);
		if (!leg->dropped)
			leg->user.answer(leg->user.ctx, msg);
	} else if (!leg->dropped && answer_challenge(leg, msg)) {
		send_invite_again(leg);
	} else {
		on_refused_again(leg, error, msg);
	}
	release(leg);
}

static void
send_invite_again(struct sip_leg *leg)
{
	char headers[160];
	struct request r = {.method = "INVITE",
	    .cseq = ++leg->cseq,
	    .remote = &leg->remote,
	    .headers = headers,
	    .body = leg->offer,
	    .out = &leg->invite,
	    .send = put_contact,
	    .respond = on_again_response};

	snprintf(headers, sizeof(headers),
	    "Supported: timer\r\nSession-Expires: %u;refresher=uac\r\n",
	    (unsigned)leg->session_s);
	(void)send_request(leg, &r);
}

/* ---- their requests ---- */

static void
on_reply_again(void *ctx)
{
	struct sip_leg *leg = leg_of(ctx);
	struct reply *r = &leg->reply;
	unsigned ms = (unsigned)T1_MS << ++r->sent;

	(void)sip_send(leg->line->sip, r->msg->sock, r->msg->tp, &r->to, r->octets);
	tmr_start(&r->again, ms < T2_MS ? ms : T2_MS, on_reply_again, leg);
}

/* No ACK ever came (RFC 3261 13.3.1.4). */
static void
on_reply_end(void *ctx)
{
	struct sip_leg *leg = hold(ctx);

	end_reply(leg);
	send_bye(leg);
	if (!leg->dropped)
		leg->user.ended(leg->user.ctx, false);
	release(leg);
}

static void
await_ack(struct sip_leg *leg, const struct sip_msg *msg, struct mbuf *octets)
{
	struct reply *r = &leg->reply;

	r->msg = mem_ref((void *)(uintptr_t)msg);
	r->octets = octets;
	r->sent = 0;
	sip_reply_addr(&r->to, msg, true);
	if (msg->tp == SIP_TRANSP_UDP)
		tmr_start(&r->again, T1_MS, on_reply_again, leg);
	tmr_start(&r->end, ACK_WAIT_MS, on_reply_end, leg);
}

/* The headers of RFC 4028 in a 2xx of ours; who refreshes is theirs to choose. */
static void
put_session(struct sip_leg *leg, const struct sip_msg *msg, struct buf *out)
{
	bool by_them;
	bool by_us;
	uint32_t session_s = sip_remote_session(msg, &by_them, &by_us);

	set_refresh(leg, session_s, by_us);
	if (session_s > 0)
		buf_printf(out, "Session-Expires: %u;refresher=%s\r\nRequire: timer\r\n",
		    (unsigned)session_s, by_us ? "uas" : "uac");
}

/* `octets_out` NULL: nothing has to be said again. */
static int
reply_ok(struct sip_leg *leg, const struct sip_msg *msg, const struct mbuf *body,
    struct mbuf **octets_out)
{
	struct sip_strans *transaction = NULL;
	struct mbuf *contact = mbuf_alloc(256);
	size_t body_len = body == NULL ? 0 : mbuf_get_left(body);
	struct buf out;
	int e;

	RESOURCE(contact != NULL);
	buf_init(&out, HEADERS_LEN_MAX);
	(void)sip_leg_put_contact(leg->line, &msg->dst, contact);
	buf_add(&out, contact->buf, contact->end);
	put_session(leg, msg, &out);
	if (body_len > 0)
		buf_add_text(&out, "Content-Type: application/sdp\r\n");
	buf_printf(&out, "Content-Length: %zu\r\n\r\n", body_len);
	if (body_len > 0)
		buf_add(&out, mbuf_buf(body), body_len);
	e = sip_treplyf(&transaction, octets_out, leg->line->sip, msg, true, 200, "OK",
	    "%b", out.ptr, out.len);
	buf_fini(&out);
	mem_deref(contact);
	return e;
}

static void
on_reinvite(struct sip_leg *leg, const struct sip_msg *msg)
{
	struct sip *sip = leg->line->sip;
	struct mbuf *octets = NULL;
	struct mbuf *body;

	if (leg->invite != NULL || leg->reply.msg != NULL) {
		(void)sip_treply(NULL, sip, msg, 491, "Request Pending");
		return;
	}
	body = leg->user.offer(leg->user.ctx, msg);
	if (body == NULL) {
		(void)sip_treply(NULL, sip, msg, 488, "Not Acceptable Here");
		return;
	}
	leg->reply.offered = mbuf_get_left(msg->mb) == 0;
	if (reply_ok(leg, msg, body, &octets) == 0)
		await_ack(leg, msg, octets);
	mem_deref(body);
}

static void
on_update(struct sip_leg *leg, const struct sip_msg *msg)
{
	struct mbuf *body = NULL;

	if (mbuf_get_left(msg->mb) > 0) {
		body = leg->user.offer(leg->user.ctx, msg);
		if (body == NULL) {
			(void)sip_treply(
			    NULL, leg->line->sip, msg, 488, "Not Acceptable Here");
			return;
		}
	}
	(void)reply_ok(leg, msg, body, NULL);
	mem_deref(body);
}

static void
on_ack(struct sip_leg *leg, const struct sip_msg *msg)
{
	bool offered = leg->reply.offered;

	if (leg->reply.msg == NULL || leg->reply.msg->cseq.num != msg->cseq.num)
		return;
	end_reply(leg);
	if (offered && !leg->dropped)
		leg->user.answer(leg->user.ctx, msg);
}

static void
on_bye(struct sip_leg *leg, const struct sip_msg *msg)
{
	(void)sip_treply(NULL, leg->line->sip, msg, 200, "OK");
	if (leg->ended)
		return;
	leg->ended = true;
	if (!leg->dropped)
		leg->user.ended(leg->user.ctx, true);
}

static void
on_option(struct sip_leg *leg, const struct sip_msg *msg)
{
	(void)sip_treply(NULL, leg->line->sip, msg, 200, "OK");
}

static void
on_refer(struct sip_leg *leg, const struct sip_msg *msg)
{
	(void)sip_treply(NULL, leg->line->sip, msg, 603, "Decline");
}

static const struct {
	const char *method;
	void (*run)(struct sip_leg *leg, const struct sip_msg *msg);
} methods[] = {
    {"INVITE", on_reinvite},
    {"UPDATE", on_update},
    {"BYE", on_bye},
    {"OPTIONS", on_option},
    {"INFO", on_option},
    {"NOTIFY", on_option},
    {"MESSAGE", on_option},
    {"REFER", on_refer},
};

static struct sip_leg *
find_leg(struct sip_leg_line *line, const struct sip_msg *msg, const struct pl *our_tag)
{
	struct sip_leg *leg;

	TAILQ_FOREACH(leg, &line->legs, entry)
	if (pl_strcmp(&msg->callid, leg->call_id) == 0 &&
	    pl_strcmp(our_tag, leg->tag) == 0)
		return leg;
	return NULL;
}

/* An older request than the last is not done (RFC 3261 12.2.2). */
static bool
is_newer(struct sip_leg *leg, const struct sip_msg *msg)
{
	if (leg->remote_cseq_set && msg->cseq.num <= leg->remote_cseq)
		return false;
	leg->remote_cseq = msg->cseq.num;
	leg->remote_cseq_set = true;
	return true;
}

static void
run_method(struct sip_leg *leg, const struct sip_msg *msg)
{
	for (size_t i = 0; i < countof(methods); i++)
		if (pl_strcmp(&msg->met, methods[i].method) == 0) {
			methods[i].run(leg, msg);
			return;
		}
	(void)sip_treply(NULL, leg->line->sip, msg, 405, "Method Not Allowed");
}

bool
sip_leg_take_request(struct sip_leg_line *line, const struct sip_msg *msg)
{
	struct sip_leg *leg = find_leg(line, msg, &msg->to.tag);

	if (leg == NULL || !leg->established ||
	    !sip_remote_is(&leg->remote, &msg->from.tag))
		return false;
	(void)hold(leg);
	if (pl_strcmp(&msg->met, "ACK") == 0)
		on_ack(leg, msg);
	else if (!is_newer(leg, msg))
		(void)sip_treply(NULL, line->sip, msg, 500, "Server Internal Error");
	else if (leg->dropped && pl_strcmp(&msg->met, "BYE") != 0)
		(void)sip_treply(NULL, line->sip, msg, 481, "Call Does Not Exist");
	else
		run_method(leg, msg);
	release(leg);
	return true;
}

/* A second phone has answered as well, as a proxy that forks lets happen: it is thanked
 * and hung up. */
static void
hang_up_other(struct sip_leg *leg, const struct sip_msg *msg)
{
	struct sip_remote other = {.to = ""};
	struct mbuf *ack = mem_ref(leg->ack);
	struct sa ack_to = leg->ack_to;
	struct request bye = {.method = "BYE",
	    .cseq = ++leg->cseq,
	    .remote = &other,
	    .headers = "",
	    .send = put_contact};

	if (sip_remote_read(leg->line->transport, &leg->peer, msg, &other)) {
		send_ack(leg, &other, msg->cseq.num);
		(void)send_request(leg, &bye);
	}
	mem_deref(leg->ack);
	leg->ack = ack;
	leg->ack_to = ack_to;
}

bool
sip_leg_take_response(struct sip_leg_line *line, const struct sip_msg *msg)
{
	struct sip_leg *leg = find_leg(line, msg, &msg->from.tag);

	if (leg == NULL || msg->scode < 200 || msg->scode > 299 ||
	    pl_strcmp(&msg->cseq.met, "INVITE") != 0 || leg->ack == NULL)
		return false;
	if (sip_remote_is(&leg->remote, &msg->to.tag))
		(void)sip_send(line->sip, NULL, line->transport, &leg->ack_to, leg->ack);
	else
		hang_up_other(leg, msg);
	return true;
}
