/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_remote.h"

enum { SESSION_MIN_S = 2, SESSION_MAX_S = 86400 };

struct route_list {
	char *at;
	size_t left;
	struct pl first;
	bool failed;
};

/* A NUL inside would cut what is kept as a string (RFC 3261 25.1 has none). */
static bool
is_text(const struct pl *value)
{
	return value->l == 0 || memchr(value->p, '\0', value->l) == NULL;
}

static bool
add_route(const struct sip_hdr *header, const struct sip_msg *msg, void *ctx)
{
	struct route_list *list = ctx;
	int n = re_snprintf(list->at, list->left, "Route: %r\r\n", &header->val);

	(void)msg;
	if (list->first.p == NULL)
		list->first = header->val;
	list->failed = n < 0 || !is_text(&header->val);
	if (list->failed)
		return true;
	list->at += n;
	list->left -= (size_t)n;
	return false;
}

/* Requests of the dialog go where its first route or its target says, by UDP alone and
 * where that is an address; elsewhere the connection, or who answered, is the way. */
static void
find_hop(enum sip_transp transport, const struct sa *peer, struct sip_remote *to,
    const struct pl *first_route)
{
	struct sip_addr address;
	struct pl text = *first_route;
	struct uri uri;

	to->hop = *peer;
	if (transport != SIP_TRANSP_UDP)
		return;
	if (text.p != NULL && sip_addr_decode(&address, &text) == 0) {
		uri = address.uri;
	} else {
		pl_set_str(&text, to->target);
		if (uri_decode(&uri, &text) != 0)
			return;
	}
	if (sa_set(&to->hop, &uri.host, sip_transp_port(SIP_TRANSP_UDP, uri.port)) != 0 ||
	    sa_af(&to->hop) != sa_af(peer))
		to->hop = *peer;
}

bool
sip_remote_read(enum sip_transp transport, const struct sa *peer,
    const struct sip_msg *msg, struct sip_remote *out)
{
	struct route_list list = {.at = out->routes, .left = sizeof(out->routes)};
	struct pl contact = sip_re_header(msg, SIP_HDR_CONTACT);
	struct sip_addr address;

	out->routes[0] = '\0';
	if (!is_text(&contact) || !is_text(&msg->to.val) || !is_text(&msg->to.tag))
		return false;
	if (!pl_isset(&contact) || sip_addr_decode(&address, &contact) != 0 ||
	    re_snprintf(out->target, sizeof(out->target), "%r", &address.auri) < 0 ||
	    re_snprintf(out->to, sizeof(out->to), "%r", &msg->to.val) < 0 ||
	    re_snprintf(out->tag, sizeof(out->tag), "%r", &msg->to.tag) < 0)
		return false;
	sip_msg_hdr_apply(msg, false, SIP_HDR_RECORD_ROUTE, add_route, &list);
	if (list.failed)
		return false;
	find_hop(transport, peer, out, &list.first);
	return true;
}

bool
sip_remote_is(const struct sip_remote *r, const struct pl *tag)
{
	return pl_strcmp(tag, r->tag) == 0 || (!pl_isset(tag) && r->tag[0] == '\0');
}

uint32_t
sip_remote_session(const struct sip_msg *msg, bool *refresher_uac, bool *refresher_uas)
{
	struct pl value = sip_re_header(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl who = pl_null;
	size_t digits = 0;
	uint32_t s;

	*refresher_uac = *refresher_uas = false;
	if (!pl_isset(&value))
		return 0;
	if (msg_param_decode(&value, "refresher", &who) == 0) {
		*refresher_uac = pl_strcasecmp(&who, "uac") == 0;
		*refresher_uas = pl_strcasecmp(&who, "uas") == 0;
	}
	while (digits < value.l && value.p[digits] >= '0' && value.p[digits] <= '9')
		digits++;
	value.l = digits;
	s = pl_u32(&value);
	if (s == 0)
		return 0;
	return s < SESSION_MIN_S ? SESSION_MIN_S : s > SESSION_MAX_S ? SESSION_MAX_S : s;
}
