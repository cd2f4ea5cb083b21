/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_register.h"

#include <stdio.h>

enum {
	AGAIN_MS = 5000,
	CHALLENGES_MAX = 3,
	HEADERS_LEN_MAX = 1024,
	URI_LEN_MAX = 300,
	EXPIRES_MIN_S = 10
};

static int64_t
now_of(const struct sip_register *r)
{
	return r->clock->steady_ms(r->clock);
}

static void
fail(struct sip_register *r, const char *why)
{
	bool was = r->registered;

	r->registered = false;
	r->next_ms = now_of(r) + AGAIN_MS;
	r->auth = mem_deref(r->auth);
	r->challenges = 0;
	r->changed(r->ctx, was ? why : NULL);
}

/* The server's word on how long it holds: of our contact, or of all (RFC 3261 10.3). */
static int64_t
lasting_ms(const struct sip_register *r, const struct sip_msg *msg)
{
	struct pl contact = sip_re_header(msg, SIP_HDR_CONTACT);
	struct pl value = pl_null;
	uint32_t s;

	if (pl_isset(&contact) && msg_param_decode(&contact, "expires", &value) == 0)
		s = pl_u32(&value);
	else
		s = pl_u32(&msg->expires);
	if (s == 0 || (int64_t)s * 1000 > r->expires_ms)
		return r->expires_ms;
	return (int64_t)(s < EXPIRES_MIN_S ? EXPIRES_MIN_S : s) * 1000;
}

static void send_register(struct sip_register *r);

static void
on_response(int error, const struct sip_msg *msg, void *ctx)
{
	struct sip_register *r = ctx;
	char why[80];

	if (error == 0 && msg->scode < 200)
		return;
	if (error == 0 && msg->scode < 300) {
		r->challenges = 0;
		r->tried = 0;
		r->next_ms = now_of(r) + lasting_ms(r, msg) * 4 / 5;
		if (!r->registered) {
			r->registered = true;
			r->changed(r->ctx, NULL);
		}
		return;
	}
	if (error == 0 && (msg->scode == 401 || msg->scode == 407) &&
	    ++r->challenges <= CHALLENGES_MAX &&
	    sip_auth_authenticate(r->auth, msg) == 0) {
		send_register(r);
		return;
	}
	snprintf(why, sizeof(why), "not registered: %u", error == 0 ? msg->scode : 0u);
	fail(r, why);
}

static int
put_contact(enum sip_transp transport, const struct sa *from, const struct sa *to,
    struct mbuf *mb, void *ctx)
{
	const struct sip_register *r = ctx;

	(void)transport;
	(void)to;
	return sip_leg_put_contact(r->line, from, mb);
}

static void
send_register(struct sip_register *r)
{
	char hop[URI_LEN_MAX];
	char uri[URI_LEN_MAX];
	char headers[HEADERS_LEN_MAX];
	struct uri route;
	struct pl text;

	snprintf(uri, sizeof(uri), "sip:%s", r->domain);
	re_snprintf(
	    hop, sizeof(hop), "sip:%J%s", &r->peer, sip_transp_param(r->line->transport));
	snprintf(headers, sizeof(headers),
	    "From: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\n"
	    "CSeq: %u REGISTER\r\nExpires: %u\r\nContent-Length: 0\r\n\r\n",
	    r->user, r->domain, r->tag, r->user, r->domain, r->call_id,
	    (unsigned)++r->cseq, (unsigned)(r->expires_ms / 1000));
	r->next_ms = now_of(r) + r->wait_ms;
	pl_set_str(&text, hop);
	if (uri_decode(&route, &text) != 0 ||
	    sip_requestf(&r->request, r->line->sip, true, "REGISTER", uri, &route,
		r->auth, put_contact, on_response, r, "%s", headers) != 0)
		fail(r, "not registered: cannot be sent");
}

static void
begin(struct sip_register *r)
{
	struct sa local;

	r->challenges = 0;
	if (r->auth == NULL)
		RESOURCE(sip_auth_alloc(&r->auth, r->line->credentials,
			     r->line->credentials_ctx, false) == 0);
	if (!sip_peers_choose(r->peers, &r->tried, &r->peer)) {
		r->tried = 0;
		fail(r, "not registered: no server");
		return;
	}
	if (r->ready(r->ctx, &r->peer, &local))
		send_register(r);
	else
		fail(r, "not registered: no way there");
}

int64_t
sip_register_turn(struct sip_register *r)
{
	if (now_of(r) >= r->next_ms) {
		bool silent = r->request != NULL;

		r->request = mem_deref(r->request);
		if (silent) {
			sip_peers_failed(r->peers, &r->peer);
			fail(r, "not registered: no response");
			r->next_ms = now_of(r); /* the next address, at once */
		}
		begin(r);
	}
	return r->next_ms - now_of(r);
}

void
sip_register_init(struct sip_register *r)
{
	r->cseq = rand_u16();
	re_snprintf(r->call_id, sizeof(r->call_id), "%016llx", rand_u64());
	re_snprintf(r->tag, sizeof(r->tag), "%016llx", rand_u64());
}

void
sip_register_fini(struct sip_register *r)
{
	mem_deref(r->request);
	mem_deref(r->auth);
}
