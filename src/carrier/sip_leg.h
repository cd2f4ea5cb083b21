/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dialog that we begin with an INVITE (RFC 3261 12, 13): its requests and responses
 * until its BYE, refreshed as RFC 4028 asks. The sound in it and the meaning of
 * its end are not known here. Transactions are libre's.
 *
 * A leg outlives its user: dropped, it cancels or hangs up and goes when the other side
 * has answered that, or when RFC 3261's 32 s are over.
 */
#ifndef WW_SIP_LEG_H
#define WW_SIP_LEG_H

#include <sys/queue.h>

#include "carrier/sip_re.h"

struct sip_leg;

/* The things that all legs of a carrier share. */
struct sip_leg_line {
	struct sip *sip;
	enum sip_transp transport;
	const char *contact;        /* user part of our address */
	const char *public_address; /* told in place of our own; NULL: none */
	sip_auth_h *credentials;
	void *credentials_ctx;
	TAILQ_HEAD(, sip_leg) legs;
};

/* No errno. */
enum { SIP_LEG_UNREADABLE = -1 };

/* Not called after sip_leg_drop. The messages are borrowed; from each callback the leg
 * may be dropped. */
struct sip_leg_user {
	void (*progress)(void *ctx, const struct sip_msg *msg); /* 100 to 199 */
	/* 2xx: the dialog is there, and the body is the answer to our offer. */
	void (*answered)(void *ctx, const struct sip_msg *msg);
	/* Not answered: the final response, or NULL with an errno. SIP_LEG_UNREADABLE:
	 * answered, by names that cannot be read. */
	void (*refused)(void *ctx, int error, const struct sip_msg *msg);
	/* The other side's offer, or with an empty body its wish for ours: what to send
	 * back, which becomes the leg's; NULL refuses (488). */
	struct mbuf *(*offer)(void *ctx, const struct sip_msg *msg);
	/* An answer to an offer of ours in the dialog. */
	void (*answer)(void *ctx, const struct sip_msg *msg);
	/* For a refresh: our offer as it stands, which becomes the leg's. */
	struct mbuf *(*refresh)(void *ctx);
	/* The other side hung up, or (by_them false) knows the dialog no more. */
	void (*ended)(void *ctx, bool by_them);
	void *ctx;
};

struct sip_leg_ask {
	const char *uri;      /* of whom we call */
	const char *identity; /* ours: a name-addr, without a tag */
	const char *headers;  /* more of them, each with its end */
	struct sa peer;       /* where requests go */
	struct mbuf *offer;   /* becomes the leg's */
};

/* Sends the INVITE. NULL: not an octet could be sent (the errno in error_out). */
struct sip_leg *sip_leg_new(struct sip_leg_line *line, const struct sip_leg_ask *ask,
    const struct sip_leg_user *user, int *error_out) MUST_CHECK;
/* Ends it: CANCEL, BYE, or nothing where it is over. */
void sip_leg_drop(struct sip_leg *leg);
const char *sip_leg_call_id(const struct sip_leg *leg);

/* A request of the other side: false when it belongs to no leg. */
bool sip_leg_take_request(struct sip_leg_line *line, const struct sip_msg *msg);
/* A response that fits no transaction: a 2xx that came again, or from another phone. */
bool sip_leg_take_response(struct sip_leg_line *line, const struct sip_msg *msg);
/* Our Contact header, for a message that leaves from `from`. */
int sip_leg_put_contact(
    const struct sip_leg_line *line, const struct sa *from, struct mbuf *mb);

#endif
