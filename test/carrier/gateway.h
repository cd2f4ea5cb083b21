/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A carrier over HTTP beside its gateway (test/net/answerer.h), on one event loop, and
 * what the carrier said.
 */
#ifndef WW_TEST_GATEWAY_H
#define WW_TEST_GATEWAY_H

#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>

#include "carrier/any_options.h"
#include "carrier/carrier.h"
#include "net/answerer.h"
#include "unit/unit.h"

enum { RECEIPTS_MAX = 8 };

struct seen {
	unsigned calls;
	enum carrier_result result;
	bool throttled;
	bool partly;
	size_t part_count;
	bool elsewhere;
	bool final;
	bool here_alone;
	uint32_t code;
	enum report_status status;
	char reason[128];
	char id[160];
};

struct world {
	struct event_base *base;
	struct answerer answerer;
	struct carrier_config config;
	union any_options options;
	struct carrier *carrier;
	char url[256];
	unsigned changes;
	bool dlt; /* messages have the ids of a register */
	struct seen seen[8];
	unsigned receipts;
	char ids[RECEIPTS_MAX][160];
	enum report_status statuses[RECEIPTS_MAX];
	enum report_error errors[RECEIPTS_MAX];
	int64_t done_at_ms;
};

#define UNTIL(w, condition)                                                              \
	do {                                                                             \
		struct event *give_up = evtimer_new((w)->base, world_give_up, NULL);     \
		struct timeval tv = {10, 0};                                             \
                                                                                         \
		event_add(give_up, &tv);                                                 \
		while (!(condition))                                                     \
			event_base_loop((w)->base, EVLOOP_ONCE);                         \
		event_free(give_up);                                                     \
	} while (0)

/* A type with what it needs, at the answerer. */
void configure(struct world *w, const char *type);
/* The same for one channel alone, and without a sender. */
extern const char *const voice_channels[];
extern const char *const email_channels[];
void configure_channel(struct world *w, const char *type, const char *const *channels);
/* Calls by Vonage, with a key of make_key: RSA in PEM, of mem_*. */
void configure_vonage(struct world *w, const char *pem);
char *make_key(int bits);
/* Checks and opens what was configured. */
void open_carrier(struct world *w);
void submit(struct world *w, unsigned i, const char *text);
void on_done(void *ctx, const struct carrier_outcome *o);
/* One message to a gateway that answers so; what became of it. */
const struct seen *outcome(struct world *w, enum answerer_way way, const char *answer);
/* An answer with that status and body. */
const struct seen *answered(struct world *w, int status, const char *body);
/* Those octets were in the last request. */
void has(const struct world *w, const char *octets);
/* A request with receipts: what they say. */
enum err receive(struct world *w, struct carrier_request request);
int setup(void **state);
int teardown(void **state);
void world_give_up(evutil_socket_t fd, short what, void *ctx);

#endif
