/* SPDX-License-Identifier: Apache-2.0 */
/* A message of a trunk: what we read of its headers once libre has taken it apart. */
#include "fuzz.h"

#include "carrier/sip_remote.h"
#include "carrier/sip_result.h"

static void
read_message(const struct sip_msg *msg)
{
	struct sip_remote remote;
	struct sa peer;
	bool uac;
	bool uas;
	uint32_t session_s = sip_remote_session(msg, &uac, &uas);

	INVARIANT(session_s == 0 || (session_s >= 2 && session_s <= 86400));
	INVARIANT(!uac || !uas);
	INVARIANT(sa_set_str(&peer, "192.0.2.1", 5060) == 0);
	if (sip_remote_read(SIP_TRANSP_UDP, &peer, msg, &remote))
		INVARIANT(sa_isset(&remote.hop, SA_ALL) &&
			  sip_remote_is(&remote, &msg->to.tag));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = {(const char *)data, len};
	int cause = sip_result_cause(text);
	struct sip_result_answer a = {
	    .code = 300 + (len > 0 ? data[0] : 0), .cause = cause, .rang = len % 2 == 0};
	struct carrier_outcome o = sip_result_of(&a);
	struct mbuf *mb = mbuf_alloc(len + 1);
	struct sip_msg *msg = NULL;

	INVARIANT(cause >= -1 && cause <= 127);
	INVARIANT(!a.rang || (o.result == CARRIER_REFUSED && !o.elsewhere));
	RESOURCE(mb != NULL && mbuf_write_mem(mb, data, len) == 0);
	mb->pos = 0;
	if (sip_msg_decode(&msg, mb) == 0)
		read_message(msg);
	mem_deref(msg);
	mem_deref(mb);
	return 0;
}
