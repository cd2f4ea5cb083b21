/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_peers.h"

#include <stdio.h>

enum {
	PROBE_FIRST_MS = 1000,
	PROBE_DOUBLINGS = 5,
	ALONE_MS = 60000, /* and a call tries it without an answer to OPTIONS */
	HEADERS_LEN_MAX = 512,
	URI_LEN_MAX = 300
};

static int64_t
now_of(const struct sip_peers *p)
{
	return p->clock->steady_ms(p->clock);
}

/* ---- good and bad ---- */

static void
set_good(struct sip_peer *peer)
{
	if (!peer->bad)
		return;
	peer->bad = false;
	peer->failures = 0;
	peer->peers->changed(peer->peers->ctx);
}

static struct sip_peer *
find_peer(struct sip_peers *p, const struct sa *at)
{
	for (size_t i = 0; i < p->count; i++)
		if (sa_cmp(&p->list[i]->address.at, at, SA_ALL))
			return p->list[i];
	return NULL;
}

void
sip_peers_failed(struct sip_peers *p, const struct sa *at)
{
	struct sip_peer *peer = find_peer(p, at);

	if (peer == NULL)
		return;
	peer->until_ms = now_of(p) + ALONE_MS;
	if (peer->bad)
		return;
	peer->bad = true;
	peer->probe_ms = now_of(p) + PROBE_FIRST_MS;
	p->changed(p->ctx);
}

bool
sip_peers_any_good(const struct sip_peers *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (!p->list[i]->bad)
			return true;
	return false;
}

/* ---- OPTIONS ---- */

static void
on_probe(int error, const struct sip_msg *msg, void *ctx)
{
	struct sip_peer *peer = ctx;

	if (error == 0 && msg->scode >= 200)
		set_good(peer);
}

static int
put_contact(enum sip_transp transport, const struct sa *from, const struct sa *to,
    struct mbuf *mb, void *ctx)
{
	const struct sip_peer *peer = ctx;

	(void)transport;
	(void)to;
	return sip_leg_put_contact(peer->peers->line, from, mb);
}

static void
probe(struct sip_peer *peer)
{
	struct sip_leg_line *line = peer->peers->line;
	char hop[URI_LEN_MAX];
	char uri[URI_LEN_MAX];
	char headers[HEADERS_LEN_MAX];
	struct uri route;
	struct pl text;

	snprintf(uri, sizeof(uri), "sip:%s", peer->peers->domain);
	re_snprintf(hop, sizeof(hop), "sip:%J%s", &peer->address.at,
	    sip_transp_param(line->transport));
	re_snprintf(headers, sizeof(headers),
	    "From: <sip:%s@%s>;tag=%08x\r\nTo: <%s>\r\nCall-ID: %016llx\r\n"
	    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
	    line->contact, peer->peers->domain, rand_u32(), uri, rand_u64());
	pl_set_str(&text, hop);
	if (uri_decode(&route, &text) == 0)
		(void)sip_requestf(&peer->probe, line->sip, true, "OPTIONS", uri, &route,
		    NULL, put_contact, on_probe, peer, "%s", headers);
}

static void
probe_if_due(struct sip_peer *peer, int64_t now_ms)
{
	unsigned doublings =
	    peer->failures < PROBE_DOUBLINGS ? peer->failures : PROBE_DOUBLINGS;

	if (now_ms < peer->probe_ms)
		return;
	peer->failures++;
	peer->probe_ms = now_ms + ((int64_t)PROBE_FIRST_MS << doublings);
	peer->probe = mem_deref(peer->probe); /* an older one is given up */
	probe(peer);
}

int64_t
sip_peers_turn(struct sip_peers *p)
{
	int64_t now_ms = now_of(p);
	int64_t next_ms = -1;

	for (size_t i = 0; i < p->count; i++) {
		struct sip_peer *peer = p->list[i];

		if (peer->bad && now_ms >= peer->until_ms)
			set_good(peer);
		if (!peer->bad)
			continue;
		probe_if_due(peer, now_ms);
		if (next_ms < 0 || peer->probe_ms - now_ms < next_ms)
			next_ms = peer->probe_ms - now_ms;
	}
	return next_ms;
}

/* ---- choosing ---- */

static bool
is_candidate(const struct sip_peers *p, size_t i, uint32_t tried)
{
	return !p->list[i]->bad && (tried & 1u << i) == 0;
}

/* The weights of all of the least priority; a weight of 0 has a small chance too. */
static uint32_t
weigh(const struct sip_peers *p, uint32_t tried, unsigned *priority)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct sip_peers_address *a = &p->list[i]->address;

		if (!is_candidate(p, i, tried))
			continue;
		if (sum == 0 || a->priority < *priority)
			sum = 0, *priority = a->priority;
		if (a->priority == *priority)
			sum += a->weight + 1;
	}
	return sum;
}

bool
sip_peers_choose(struct sip_peers *p, uint32_t *tried, struct sa *out)
{
	unsigned priority = 0;
	uint32_t sum = weigh(p, *tried, &priority);
	uint32_t at;

	if (sum == 0)
		return false;
	at = rand_u32() % sum;
	for (size_t i = 0; i < p->count; i++) {
		const struct sip_peers_address *a = &p->list[i]->address;

		if (!is_candidate(p, i, *tried) || a->priority != priority)
			continue;
		if (at < a->weight + 1) {
			*tried |= 1u << i;
			*out = a->at;
			return true;
		}
		at -= a->weight + 1;
	}
	return false;
}

/* ---- life ---- */

static void
peer_free(struct sip_peer *peer)
{
	mem_deref(peer->probe);
	mem_free(peer);
}

void
sip_peers_init(struct sip_peers *p, struct sip_leg_line *line, const struct clock *clock,
    const char *domain)
{
	p->line = line;
	p->clock = clock;
	p->domain = domain;
}

void
sip_peers_fini(struct sip_peers *p)
{
	while (p->count > 0)
		peer_free(p->list[--p->count]);
}

static struct sip_peer *
peer_new(struct sip_peers *p, const struct sip_peers_address *address)
{
	struct sip_peer *peer = mem_new(sizeof(*peer));

	peer->peers = p;
	peer->address = *address;
	return peer;
}

void
sip_peers_set(struct sip_peers *p, const struct sip_peers_address *list, size_t count)
{
	struct sip_peers old = *p;

	p->count = 0;
	for (size_t i = 0; i < count && i < SIP_PEERS_MAX; i++) {
		struct sip_peer *same = find_peer(&old, &list[i].at);

		if (same == NULL) {
			p->list[p->count++] = peer_new(p, &list[i]);
			continue;
		}
		p->list[p->count++] = same;
		same->address = list[i];
		for (size_t j = 0; j < old.count; j++)
			if (old.list[j] == same)
				old.list[j] = old.list[--old.count];
	}
	sip_peers_fini(&old);
	p->changed(p->ctx);
}
