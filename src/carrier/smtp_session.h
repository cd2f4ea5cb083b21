/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a relay (RFC 5321): connecting, TLS, signing in, one mail after the
 * other, and leaving. It knows octets and replies, and nothing of messages.
 *
 * Every wait is on the event loop. libcurl, which has SMTP as well, waits for the reply
 * to a mail inside of its call (its multi interface, up to 8.14): a relay that is silent
 * would hold up all carriers.
 */
#ifndef WW_SMTP_SESSION_H
#define WW_SMTP_SESSION_H

#include "carrier/smtp_reply.h"

struct smtp_session;
struct tls_client;

enum smtp_tls { SMTP_TLS_STARTTLS, SMTP_TLS_IMPLICIT, SMTP_TLS_OFF };

/* In the order of a connection; what a session waits for. */
enum smtp_stage {
	SMTP_DOWN,       /* nothing */
	SMTP_CONNECTING, /* an address that takes the connection */
	SMTP_TLS,        /* a handshake */
	SMTP_GREETING,
	SMTP_HELLO,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_IDLE, /* a mail */
	SMTP_RSET,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_END, /* the reply to a mail that is out, to its last dot */
	SMTP_STAGE_COUNT
};

/* All sessions to it share it. */
struct smtp_relay {
	const char *host;
	int64_t port;
	unsigned first; /* with which of its addresses to begin: where it went well */
	/* These are carrier_smtp.c's. */
	unsigned failures;      /* in a row */
	int64_t rests_until_ms; /* steady time */
	bool down;              /* it was told so to the log */
};

/* Borrowed until its end was told. */
struct smtp_mail {
	const char *from; /* of the envelope: "bounces+1@example.com" */
	const char *to;
	bool needs_utf8; /* RFC 6531 */
	struct span octets;
};

struct smtp_end {
	enum smtp_stage stage;   /* where it ended: what was waited for */
	struct smtp_reply reply; /* code 0: none came */
	bool no_utf8; /* the mail needs SMTPUTF8, the relay has none: not an octet left */
	bool kept;    /* the connection had carried another mail before */
	const char *reason; /* where no reply came; never NULL */
};

struct smtp_session_user {
	const struct carrier_config *config;
	const struct carrier_env *env;
	struct tls_client *tls; /* NULL: in the clear */
	const char *helo;       /* our name */
	/* The mail has ended. The session is idle, down, or about to be one of them; the
	 * next mail may be given to it from here. */
	void (*end)(void *ctx, struct smtp_session *s, const struct smtp_end *end);
	/* The relay is well: it let us in. */
	void (*up)(void *ctx, struct smtp_relay *relay);
	/* It takes a mail again. */
	void (*idle)(void *ctx);
	void *ctx;
};

/* It is down. `user` is borrowed, also its texts. */
struct smtp_session *smtp_session_new(const struct smtp_session_user *user) MUST_CHECK;
/* Takes its leave without waiting; `end` is not called. */
void smtp_session_free(struct smtp_session *s);
enum smtp_stage smtp_session_stage(const struct smtp_session *s);
/* Which one it is connected to; NULL: to none. */
const struct smtp_relay *smtp_session_relay(const struct smtp_session *s);
/* By a session that is idle, over the connection it has, or by one that is down, to that
 * relay. */
void smtp_session_send(
    struct smtp_session *s, struct smtp_relay *relay, const struct smtp_mail *mail);
/* Leaves, when it is idle: the next mail gets a connection of its own. */
void smtp_session_leave(struct smtp_session *s);

#endif
