/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_media.h"

#include <errno.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <spandsp.h>

#include "base/secret.h"

enum {
	SIP_MEDIA_MAGIC = 0x736f756e,
	TICK_MS = 5,
	LATE_MS = 200,    /* behind by more than this, packets are left out */
	BREATH = 8 * 500, /* samples of silence before the first word */
	EVENT_PT = 101,
	PORT_TRIES = 64,
	PACKET_LEN_MAX = RTP_HEADER_SIZE + SIP_MEDIA_FRAME + 16,
	KEY_LEN = 30, /* of AES_CM_128_HMAC_SHA1_80: key and salt (RFC 4568 6.2) */
	KEY_TEXT_LEN = 48,
	EXPEDITED = 0xb8 /* the traffic class of voice (RFC 3246) */
};

static const char suite_80[] = "AES_CM_128_HMAC_SHA1_80";
static const char suite_32[] = "AES_CM_128_HMAC_SHA1_32";

struct sip_media {
	unsigned magic;
	TAILQ_ENTRY(sip_media) entry;
	struct sip_media_line *line;
	struct sip_media_user user;
	struct sdp_session *sdp;
	struct sdp_media *audio;
	struct udp_sock *socket;
	struct mbuf *packet;
	struct srtp *srtp_out; /* NULL: in the clear */
	struct srtp *srtp_in;
	char srtp_in_key[KEY_TEXT_LEN];
	uint8_t key[KEY_LEN];
	dtmf_rx_state_t *tones;
	struct sa to;
	enum sip_media_codec codec;
	int event_pt;
	uint32_t event_ts; /* of the last key: one event has one */
	bool event_seen;
	bool talking;
	bool may_send;
	bool marker;
	uint16_t seq;
	uint32_t ts;
	uint32_t ssrc;
	int64_t next_ms;
	const int16_t *samples;
	size_t count;
	size_t at;
	size_t breath; /* samples of silence that are left before them */
	size_t furthest;
};

static const struct {
	const char *id;
	const char *name;
	uint8_t silence;
} codecs[SIP_MEDIA_CODECS] = {
    [SIP_MEDIA_PCMU] = {"0", "PCMU", 0xff},
    [SIP_MEDIA_PCMA] = {"8", "PCMA", 0xd5},
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the timer of all calls ---- */

static void
set_timer(struct sip_media_line *line, bool on)
{
	static const struct itimerspec off;
	static const struct itimerspec tick = {
	    {0, TICK_MS * 1000000L}, {0, TICK_MS * 1000000L}};

	RESOURCE(timerfd_settime(line->timer_fd, 0, on ? &tick : &off, NULL) == 0);
}

static void
begin_talking(struct sip_media *m)
{
	struct sip_media_line *line = m->line;

	if (m->talking)
		return;
	m->talking = true;
	m->next_ms = now_ms();
	m->marker = true;
	if (TAILQ_EMPTY(&line->talking))
		set_timer(line, true);
	TAILQ_INSERT_TAIL(&line->talking, m, entry);
}

static void
end_talking(struct sip_media *m)
{
	if (!m->talking)
		return;
	m->talking = false;
	TAILQ_REMOVE(&m->line->talking, m, entry);
	if (TAILQ_EMPTY(&m->line->talking))
		set_timer(m->line, false);
}

/* ---- packets out ---- */

static uint8_t
encode(enum sip_media_codec codec, int16_t sample)
{
	return codec == SIP_MEDIA_PCMU ? linear_to_ulaw(sample) : linear_to_alaw(sample);
}

/* The next frame of what is said; the end of it is silence. */
static void
put_frame(struct sip_media *m, uint8_t out[SIP_MEDIA_FRAME])
{
	size_t n = m->count - m->at;

	memset(out, codecs[m->codec].silence, SIP_MEDIA_FRAME);
	if (m->breath > 0) {
		m->breath -= SIP_MEDIA_FRAME;
		return;
	}
	n = n < SIP_MEDIA_FRAME ? n : SIP_MEDIA_FRAME;
	for (size_t i = 0; i < n; i++)
		out[i] = encode(m->codec, m->samples[m->at + i]);
	m->at += n;
	if (m->furthest < m->at)
		m->furthest = m->at;
}

static void
send_packet(struct sip_media *m)
{
	struct rtp_header header = {.ver = RTP_VERSION,
	    .m = m->marker,
	    .pt = (uint8_t)(m->codec == SIP_MEDIA_PCMU ? 0 : 8),
	    .seq = m->seq++,
	    .ts = m->ts,
	    .ssrc = m->ssrc};
	uint8_t frame[SIP_MEDIA_FRAME];

	m->ts += SIP_MEDIA_FRAME;
	m->marker = false;
	put_frame(m, frame);
	mbuf_rewind(m->packet);
	if (rtp_hdr_encode(m->packet, &header) != 0 ||
	    mbuf_write_mem(m->packet, frame, sizeof(frame)) != 0)
		return;
	mbuf_set_pos(m->packet, 0);
	if (m->srtp_out != NULL && srtp_encrypt(m->srtp_out, m->packet) != 0)
		return;
	mbuf_set_pos(m->packet, 0);
	(void)udp_send(m->socket, &m->to, m->packet);
	secret_wipe(frame, sizeof(frame));
}

/* Packets that a machine did not send while it stood still are not sent in a burst. */
static void
skip_late(struct sip_media *m, int64_t now)
{
	int64_t late = (now - m->next_ms) / SIP_MEDIA_FRAME_MS;

	if (now - m->next_ms <= LATE_MS)
		return;
	m->ts += (uint32_t)late * SIP_MEDIA_FRAME;
	m->next_ms += late * SIP_MEDIA_FRAME_MS;
	m->marker = true;
}

static void
turn(struct sip_media *m, int64_t now)
{
	bool saying = m->at < m->count;

	skip_late(m, now);
	for (; m->next_ms <= now; m->next_ms += SIP_MEDIA_FRAME_MS)
		if (m->may_send)
			send_packet(m);
		else
			m->ts += SIP_MEDIA_FRAME;
	if (saying && m->at == m->count)
		m->user.said(m->user.ctx);
}

static void
on_tick(int flags, void *ctx)
{
	struct sip_media_line *line = ctx;
	int64_t now = now_ms();
	struct sip_media *m = TAILQ_FIRST(&line->talking);
	uint64_t ticks;

	(void)flags;
	(void)!read(line->timer_fd, &ticks, sizeof(ticks));
	while (m != NULL) {
		struct sip_media *next = TAILQ_NEXT(m, entry);

		turn(m, now);
		m = next;
	}
}

void
sip_media_line_init(struct sip_media_line *line)
{
	TAILQ_INIT(&line->talking);
	line->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	RESOURCE(line->timer_fd >= 0);
	RESOURCE(fd_listen(line->timer_fd, FD_READ, on_tick, line) == 0);
}

void
sip_media_line_fini(struct sip_media_line *line)
{
	INVARIANT(TAILQ_EMPTY(&line->talking));
	fd_close(line->timer_fd);
	close(line->timer_fd);
}

/* ---- packets in ---- */

/* RFC 4733 2.3.3: all packets of an event have its time. */
static void
take_event(struct sip_media *m, const struct rtp_header *header, struct mbuf *mb)
{
	static const char keys[] = "0123456789*#ABCD";
	uint8_t event;

	if (mbuf_get_left(mb) < 4 || (m->event_seen && m->event_ts == header->ts))
		return;
	event = mbuf_read_u8(mb);
	if (event >= sizeof(keys) - 1)
		return;
	m->event_seen = true;
	m->event_ts = header->ts;
	m->user.key(m->user.ctx, keys[event]);
}

static void
take_sound(struct sip_media *m, int pt, struct mbuf *mb)
{
	int16_t samples[SIP_MEDIA_FRAME];
	size_t left = mbuf_get_left(mb);
	char keys[4];

	while (left > 0 && (pt == 0 || pt == 8)) {
		size_t n = left < SIP_MEDIA_FRAME ? left : SIP_MEDIA_FRAME;
		const uint8_t *octets = mbuf_buf(mb);

		for (size_t i = 0; i < n; i++)
			samples[i] = pt == 0 ? ulaw_to_linear(octets[i])
					     : alaw_to_linear(octets[i]);
		(void)dtmf_rx(m->tones, samples, (int)n);
		mb->pos += n;
		left -= n;
	}
	if (dtmf_rx_get(m->tones, keys, 1) == 1)
		m->user.key(m->user.ctx, keys[0]);
}

static void
on_packet(const struct sa *from, struct mbuf *mb, void *ctx)
{
	struct sip_media *m = ctx;
	struct rtp_header header = {0};

	CHECK_OBJ(m, SIP_MEDIA_MAGIC);
	(void)from;
	if (!m->talking || (m->srtp_in != NULL && srtp_decrypt(m->srtp_in, mb) != 0) ||
	    rtp_hdr_decode(&header, mb) != 0 || header.ver != RTP_VERSION)
		return;
	if (header.pt == m->event_pt || header.pt == EVENT_PT)
		take_event(m, &header, mb);
	else
		take_sound(m, header.pt, mb);
}

/* ---- SDP ---- */

static void
add_formats(struct sip_media *m)
{
	int e = 0;

	for (unsigned i = 0; i < SIP_MEDIA_CODECS; i++) {
		unsigned at = (m->line->codec + i) % SIP_MEDIA_CODECS;

		e |= sdp_format_add(NULL, m->audio, false, codecs[at].id, codecs[at].name,
		    SIP_MEDIA_HZ, 1, NULL, NULL, NULL, false, NULL);
	}
	e |= sdp_format_add(NULL, m->audio, false, "101", telev_rtpfmt, SIP_MEDIA_HZ, 1,
	    NULL, NULL, NULL, false, "0-15");
	e |= sdp_media_set_lattr(m->audio, true, "ptime", "%u", SIP_MEDIA_FRAME_MS);
	RESOURCE(e == 0);
}

/* Our key, in an offer and in an answer alike. */
static void
tell_key(struct sip_media *m, const char *tag, const char *suite)
{
	char text[KEY_TEXT_LEN];
	size_t len = sizeof(text);

	RESOURCE(base64_encode(m->key, sizeof(m->key), text, &len) == 0);
	RESOURCE(sdp_media_set_lattr(m->audio, true, "crypto", "%s %s inline:%b", tag,
		     suite, text, len) == 0);
	secret_wipe(text, sizeof(text));
}

static void
init_sdp(struct sip_media *m, const struct sa *local)
{
	struct sa shown = *local;
	bool alone = m->line->srtp == SIP_MEDIA_SRTP_ALONE;

	if (m->line->public_address != NULL &&
	    sa_set_str(&shown, m->line->public_address, sa_port(local)) != 0)
		shown = *local;
	RESOURCE(sdp_session_alloc(&m->sdp, &shown) == 0);
	RESOURCE(sdp_media_add(&m->audio, m->sdp, sdp_media_audio, sa_port(local),
		     alone ? sdp_proto_rtpsavp : sdp_proto_rtpavp) == 0);
	if (m->line->srtp != SIP_MEDIA_CLEAR)
		RESOURCE(sdp_media_set_alt_protos(m->audio, 4, sdp_proto_rtpavp,
			     sdp_proto_rtpsavp, "RTP/AVPF", "RTP/SAVPF") == 0);
	add_formats(m);
	if (m->line->srtp != SIP_MEDIA_CLEAR)
		tell_key(m, "1", suite_80);
}

/* ---- SRTP ---- */

struct crypto {
	struct pl tag;
	struct pl suite;
	struct pl key;
	bool found;
};

/* "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:4": the first that we know. */
static bool
take_crypto(const char *name, const char *value, void *ctx)
{
	struct crypto *c = ctx;

	(void)name;
	if (re_regex(value, strlen(value), "[0-9]+[ ]+[^ ]+[ ]+inline:[A-Za-z0-9+/=]+",
		&c->tag, NULL, &c->suite, NULL, &c->key) != 0)
		return false;
	c->found =
	    pl_strcmp(&c->suite, suite_80) == 0 || pl_strcmp(&c->suite, suite_32) == 0;
	return c->found;
}

static void
end_srtp(struct sip_media *m)
{
	m->srtp_in = mem_deref(m->srtp_in);
	m->srtp_out = mem_deref(m->srtp_out);
	secret_wipe(m->srtp_in_key, sizeof(m->srtp_in_key));
}

/* A key that stays keeps its state: packets are numbered on. */
static bool
start_srtp(struct sip_media *m, const struct crypto *c)
{
	enum srtp_suite suite = pl_strcmp(&c->suite, suite_80) == 0
				    ? SRTP_AES_CM_128_HMAC_SHA1_80
				    : SRTP_AES_CM_128_HMAC_SHA1_32;
	uint8_t key[KEY_LEN + 2];
	size_t len = sizeof(key);
	bool good;

	if (m->srtp_in != NULL && pl_strcmp(&c->key, m->srtp_in_key) == 0)
		return true;
	if (c->key.l >= sizeof(m->srtp_in_key) ||
	    base64_decode(c->key.p, c->key.l, key, &len) != 0 || len != KEY_LEN)
		return false;
	end_srtp(m);
	good = srtp_alloc(&m->srtp_in, suite, key, KEY_LEN, 0) == 0 &&
	       srtp_alloc(&m->srtp_out, suite, m->key, KEY_LEN, 0) == 0;
	re_snprintf(m->srtp_in_key, sizeof(m->srtp_in_key), "%r", &c->key);
	secret_wipe(key, sizeof(key));
	return good;
}

/* SRTP as the two sides have agreed on it. */
static bool
settle_srtp(struct sip_media *m, bool we_answer)
{
	struct crypto c = {.found = false};
	bool secure = strstr(sdp_media_proto(m->audio), "SAVP") != NULL;
	char tag[16];
	char suite[40];

	if (m->line->srtp != SIP_MEDIA_CLEAR)
		(void)sdp_media_rattr_apply(m->audio, "crypto", take_crypto, &c);
	if (!c.found) {
		end_srtp(m);
		sdp_media_del_lattr(m->audio, "crypto");
		return !secure && m->line->srtp != SIP_MEDIA_SRTP_ALONE;
	}
	if (we_answer) {
		re_snprintf(tag, sizeof(tag), "%r", &c.tag);
		re_snprintf(suite, sizeof(suite), "%r", &c.suite);
		tell_key(m, tag, suite);
	}
	return start_srtp(m, &c);
}

/* ---- what was agreed ---- */

static void
take_event_format(struct sip_media *m)
{
	const struct sdp_format *f =
	    sdp_media_format(m->audio, false, NULL, -1, telev_rtpfmt, -1, -1);

	m->event_pt = f == NULL ? EVENT_PT : f->pt;
}

/* Held (RFC 3264 8.4), by a direction or by the address 0.0.0.0: what was being said is
 * said anew when it is over. */
static void
take_direction(struct sip_media *m)
{
	const struct sa *to = sdp_media_raddr(m->audio);
	bool may = (sdp_media_dir(m->audio) & SDP_SENDONLY) != 0 && !sa_is_any(to) &&
		   sa_isset(to, SA_ALL);

	m->to = *to;
	if (may && !m->may_send && m->at < m->count) {
		m->at = 0;
		m->breath = BREATH;
	}
	m->marker = m->marker || may != m->may_send;
	m->may_send = may;
}

/* False: there is no sound that both know. */
static bool
settle(struct sip_media *m, bool we_answer)
{
	const struct sdp_format *f = sdp_media_rformat(m->audio, NULL);

	if (sdp_media_rport(m->audio) == 0 || f == NULL || !settle_srtp(m, we_answer))
		return false;
	if (f->name != NULL && strcasecmp(f->name, telev_rtpfmt) == 0)
		return false;
	m->codec = f->pt == 8 ? SIP_MEDIA_PCMA : SIP_MEDIA_PCMU;
	take_event_format(m);
	take_direction(m);
	return true;
}

struct mbuf *
sip_media_offer(struct sip_media *m)
{
	struct mbuf *out = NULL;

	RESOURCE(sdp_encode(&out, m->sdp, true) == 0);
	return out;
}

bool
sip_media_take_answer(struct sip_media *m, struct mbuf *answer)
{
	return mbuf_get_left(answer) > 0 && sdp_decode(m->sdp, answer, false) == 0 &&
	       settle(m, false);
}

struct mbuf *
sip_media_take_offer(struct sip_media *m, struct mbuf *offer)
{
	struct mbuf *out = NULL;

	if (sdp_decode(m->sdp, offer, true) != 0 || !settle(m, true) ||
	    sdp_encode(&out, m->sdp, false) != 0)
		return NULL;
	return out;
}

/* ---- life ---- */

void
sip_media_say(struct sip_media *m, const int16_t *samples, size_t count)
{
	CHECK_OBJ(m, SIP_MEDIA_MAGIC);
	m->samples = samples;
	m->count = count;
	m->at = 0;
	m->breath = BREATH;
	begin_talking(m);
}

size_t
sip_media_furthest(const struct sip_media *m)
{
	return m->furthest;
}

/* An even port (RFC 3550 11). */
static bool
open_socket(struct sip_media *m, struct sa *local)
{
	unsigned span = (unsigned)(m->line->port_max - m->line->port_min + 1) / 2;
	uint8_t tos = EXPEDITED;
	int value = tos;

	for (int i = 0; i < PORT_TRIES; i++) {
		unsigned port = (m->line->port_min + 1u) / 2 * 2 + rand_u32() % span * 2;

		sa_set_port(local, (uint16_t)port);
		if (udp_listen(&m->socket, local, on_packet, m) != 0)
			continue;
		(void)udp_setsockopt(
		    m->socket, IPPROTO_IP, IP_TOS, &value, sizeof(value));
		return true;
	}
	return false;
}

struct sip_media *
sip_media_new(struct sip_media_line *line, const struct sa *local,
    const struct sip_media_user *user)
{
	struct sip_media *m = mem_new(sizeof(*m));
	struct sa at = *local;

	m->magic = SIP_MEDIA_MAGIC;
	m->line = line;
	m->user = *user;
	m->event_pt = EVENT_PT;
	m->codec = line->codec;
	m->seq = rand_u16() & 0x7fff;
	m->ts = rand_u32();
	m->ssrc = rand_u32();
	rand_bytes(m->key, sizeof(m->key));
	m->packet = mbuf_alloc(PACKET_LEN_MAX);
	m->tones = dtmf_rx_init(NULL, NULL, NULL);
	RESOURCE(m->packet != NULL && m->tones != NULL);
	if (!open_socket(m, &at)) {
		sip_media_free(m);
		return NULL;
	}
	init_sdp(m, &at);
	return m;
}

void
sip_media_free(struct sip_media *m)
{
	if (m == NULL)
		return;
	CHECK_OBJ(m, SIP_MEDIA_MAGIC);
	end_talking(m);
	end_srtp(m);
	mem_deref(m->sdp);
	mem_deref(m->socket);
	secret_wipe(m->packet->buf, m->packet->size);
	mem_deref(m->packet);
	dtmf_rx_free(m->tones);
	mem_free(m);
}
