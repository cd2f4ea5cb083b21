/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bind to an SMSC: connecting, binding, keeping the link alive and
 * coming back after it was lost. It knows PDUs, and nothing of messages.
 *
 * DOWN -> CONNECTING -> BINDING -> BOUND, and from each back to DOWN, from where it
 * tries again after 1 s, then twice as long up to 30 s, with jitter.
 */
#ifndef WW_SMPP_SESSION_H
#define WW_SMPP_SESSION_H

#include "carrier/smpp_pdu.h"

struct smpp_session;
struct tls_client;

struct smpp_session_user {
	enum smpp_command bind; /* bind_transceiver, _transmitter or _receiver */
	struct tls_client *tls; /* NULL: in the clear */
	void (*up)(void *ctx);
	/* Everything without a response is lost. The session may not be freed from here.
	 */
	void (*down)(void *ctx, const char *why);
	/* Everything but binds, unbinds and enquire_link; nor from here. */
	void (*pdu)(void *ctx, const struct smpp_pdu *pdu);
	void *ctx;
};

/* Begins to connect. */
struct smpp_session *smpp_session_new(const struct carrier_config *config,
    const struct carrier_env *env, const struct smpp_session_user *user) MUST_CHECK;
/* Unbinds as well as it can without waiting; `down` is not called. */
void smpp_session_free(struct smpp_session *s);
bool smpp_session_is_bound(const struct smpp_session *s);
/* Another number for each time that it was bound; 0 while it is not. A PDU of one binding
 * is not answered in the next. */
unsigned smpp_session_binding(const struct smpp_session *s);
/* A new number for a request. */
uint32_t smpp_session_sequence(struct smpp_session *s);
/* ERR_DOWN: not bound; ERR_TOO_LARGE: a field does not fit. Nothing was sent then. */
enum err smpp_session_send(struct smpp_session *s, const struct smpp_pdu *pdu) MUST_CHECK;
/* Something is slow: asks whether the other side is there. */
void smpp_session_probe(struct smpp_session *s);

#endif
