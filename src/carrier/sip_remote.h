/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a dialog, as the headers of a 2xx make it (RFC 3261 12.1.2), and the
 * session that it asks for (RFC 4028).
 */
#ifndef WW_SIP_REMOTE_H
#define WW_SIP_REMOTE_H

#include "carrier/sip_re.h"

enum {
	SIP_REMOTE_TO_LEN = 1024,
	SIP_REMOTE_TAG_LEN = 256,
	SIP_REMOTE_URI_LEN = 512,
	SIP_REMOTE_ROUTES_LEN = 4096
};

struct sip_remote {
	char to[SIP_REMOTE_TO_LEN]; /* value of our To header, with its tag */
	char tag[SIP_REMOTE_TAG_LEN];
	char target[SIP_REMOTE_URI_LEN];
	char routes[SIP_REMOTE_ROUTES_LEN]; /* whole headers */
	struct sa hop;                      /* requests go there */
};

/* False: it has no Contact, or one of another length than anybody's. `peer` is where the
 * 2xx came from. */
bool sip_remote_read(enum sip_transp transport, const struct sa *peer,
    const struct sip_msg *msg, struct sip_remote *out) MUST_CHECK;
/* Is that the tag of the phone that answered? */
bool sip_remote_is(const struct sip_remote *r, const struct pl *tag);
/* The interval of Session-Expires in seconds, 0 without one, and its refresher. */
uint32_t sip_remote_session(
    const struct sip_msg *msg, bool *refresher_uac, bool *refresher_uas);

#endif
