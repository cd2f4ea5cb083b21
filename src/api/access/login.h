/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords. Checking one costs 16 ms of a core on purpose, so it is done on one thread
 * that runs for a share of the time alone (login_budget), behind a queue of 16: however
 * many try to log in, what verifies PINs keeps its cores. Four of the 16 places are kept
 * for who tries to sign in from where it has been before. Before that, buckets per
 * network, per user and network, and per user refuse who tries too often; after it, a
 * password that was right is remembered until it was not used for a minute, for callers
 * that send it with every request, and the network that it came from for 30 days.
 *
 * A login that would wait for longer than LOGIN_WAIT_MS for that share is answered
 * ERR_OVERLOADED at once. Where other work keeps the cores busy a hash takes longer, so a
 * login that waits is answered that after LOGIN_WAIT_MS too, and at a stop at once.
 *
 * An unknown user costs as much as a wrong password, so that time tells nothing.
 */
#ifndef WW_LOGIN_H
#define WW_LOGIN_H

#include "api/access/auth.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/queue.h"
#include "base/secret.h"

struct login;

/* How long an attempt waits for its answer, at most. */
enum { LOGIN_WAIT_MS = 10 * 1000 };

struct login_options {
	struct auth *auth;
	const struct clock *clock;
	const struct entropy *entropy;
	int64_t per_address; /* attempts a minute of an IPv4 address or IPv6 /64 */
	int64_t per_user;    /* attempts a minute for a user name from one of those */
	int64_t hash_share;  /* percent of a core; see login_budget.h */
};

/* One attempt; the asker owns it until it is over. */
struct login_attempt {
	struct span name;
	struct span password;
	struct address peer;
	struct queue *loop; /* where `done` runs */
	struct task *done;
	/* results */
	enum err err; /* OK; ERR_UNAUTHORIZED; ERR_OVERLOADED: it waited too long */
	struct auth_user user;
	int64_t wait_ms;
	/* inside */
	struct task task;
	struct login *login;
	bool known;
	bool at_home;                  /* the user has signed in from this network */
	int64_t until_ms;              /* steady time */
	uint8_t mark[SECRET_MAC_LEN];  /* of user and password */
	uint8_t place[SECRET_MAC_LEN]; /* of user and network */
};

struct login *login_new(const struct login_options *o) MUST_CHECK;
void login_free(struct login *l);
/*
 * OK: over already, see `err`; the task will not run. ERR_BUSY: it is being checked,
 * the task will be pushed. ERR_THROTTLED: wait_ms; ERR_OVERLOADED: too many wait.
 */
enum err login_start(struct login *l, struct login_attempt *t) MUST_CHECK;

#endif
