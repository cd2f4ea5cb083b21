/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in a folder of its own, on a clock that a test moves, with one account,
 * application and template; and the verbs as short calls.
 */
#ifndef WW_TEST_WORLD_H
#define WW_TEST_WORLD_H

#include "store/access.h"
#include "store/verify.h"
#include "twofa/application.h"
#include "twofa/message.h"
#include "unit/unit.h"

#define T0 INT64_C(1800000000000)

struct world {
	struct clock clock; /* first: the functions find the world by it */
	int64_t wall_ms;
	_Atomic int64_t steady_ms;
	int64_t boot; /* another number after a reboot, and then steady_ms is small */
	int64_t recent_max;              /* of the store, from the next start on */
	size_t guesses_max;              /* the same */
	size_t pin_cache_max;            /* the same */
	bool keep_schema;                /* the same */
	const struct engine_ops *engine; /* the same; NULL: the default */
	uint32_t dice;                   /* set it, and the same throws follow */
	char dir[64];
	/* from the next start on; ctx is the world */
	void (*access_changed)(void *ctx, const struct access *access);
	struct store *store;
	struct arena arena;
	struct ident account;
	struct ident application;
	struct ident template;
};

struct world *world_new(void);
void world_free(struct world *w);
/* The same as a test's setup and teardown; the state is the world. */
int world_setup(void **state);
int world_teardown(void **state);
/* Closes the store and opens it again. */
void world_restart(struct world *w);
enum err world_open(struct world *w, char why[256]);
/* Below `sides`; the same for the same beginning. */
uint32_t world_dice(struct world *w, uint32_t sides);
/* Both clocks. */
void world_pass(struct world *w, int64_t ms);
void world_path(const struct world *w, const char *name, char out[256]);
/* A question to the database, and a change of it by hand, by a connection of its own. */
int64_t world_ask(const struct world *w, const char *query);
void world_tell(const struct world *w, const char *sql);
/* Lets an application_change take effect on the application. */
void world_configure(struct world *w, const struct application_change *change);

/* Any verb, alone in its batch. */
enum err world_run(struct world *w, struct job *j, enum verb verb);

struct world_sent {
	enum err err;
	struct ident pin_id;
	int64_t wait_ms;
	int64_t key_id;
	char pin[PIN_LENGTH_MAX + 1];
};

struct world_sent world_send(struct world *w, const char *to);
/* A send that names a number for calls; NULL: none. */
struct world_sent world_send_naming(struct world *w, const char *to, const char *named);
struct world_sent world_send_tracked(struct world *w, const char *to);

struct world_verified {
	enum err err;
	enum verdict verdict;
	int64_t left;
	int64_t wait_ms;
};

struct world_verified world_verify(
    struct world *w, const struct ident *pin_id, const char *typed);
enum err world_resend(struct world *w, const struct ident *pin_id, int64_t *wait_ms_out);
/* How many messages are open; takes them over first, as a start does. */
size_t world_open_messages(struct world *w);
enum err world_outcome(
    struct world *w, const struct ident *pin_id, unsigned seq, enum message_state state);
/* How many rows went. */
int64_t world_retain(struct world *w, int64_t keep_ms);
/* How many PINs grew old. */
size_t world_age(struct world *w);

#endif
