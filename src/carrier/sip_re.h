/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to libre (version 1.1 in Debian 12, 2.0 in 13), which implements the
 * transactions of SIP (RFC 3261 17), SDP and RTP: its headers, and what differs between
 * its versions or is not as we need it. Everything of it belongs to the thread that
 * called sip_re_enter.
 */
#ifndef WW_SIP_RE_H
#define WW_SIP_RE_H

#include <re.h>

#include "base/base.h"

/* Makes this thread one of libre's. Once a thread; sip_re_leave ends it. */
void sip_re_enter(void);
void sip_re_leave(void);

struct sip_re_tls {
	const char *ca;          /* PEM; NULL: what the system trusts */
	const char *certificate; /* what we show; NULL: nothing */
	const char *key;
	const char *name; /* what the server's certificate must be of: name or address */
};

/* TLS 1.2 or later towards one server, whose certificate is checked whatever libre does
 * by itself: 1.1 checks nothing there, 2.0 the address. NULL with a sentence in why. */
struct tls *sip_re_tls_new(const struct sip_re_tls *o, char why[256]) MUST_CHECK;

/* Our address from which that one is reached; false: there is no way. */
bool sip_re_source(const struct sa *to, struct sa *out) MUST_CHECK;
/* A header's value, or an empty one. */
struct pl sip_re_header(const struct sip_msg *msg, enum sip_hdrid id);
static inline struct span
sip_re_span(struct pl text)
{
	return (struct span){text.p, text.p == NULL ? 0 : text.l};
}

#endif
